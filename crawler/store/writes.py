"""Writes that any number of writers may do at once, and again, without doubling or losing anything."""

from __future__ import annotations

from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING

from bson import encode
from pymongo.errors import DuplicateKeyError

from crawler.store.errors import RefusedError

if TYPE_CHECKING:
    from pymongo.collection import Collection

    from crawler.store.connection import Document

MAX_DOCUMENT_BYTES = 15 * 1024 * 1024  # MongoDB's own limit is 16 MB; a revision is a little larger than its article


class Outcome(StrEnum):
    """What a write did: a new article, a new revision of one, or only the news of another visit."""

    STORED = "stored"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


def check_size(document: Document) -> None:
    """Refuse a document that MongoDB would not take.

    Raises:
        RefusedError: it is too large.
    """
    size = len(encode(document))
    if size > MAX_DOCUMENT_BYTES:
        raise RefusedError(
            f"{document['url']} cannot be stored: it makes a document of {size / 2**20:.1f} MB, "
            f"and {MAX_DOCUMENT_BYTES >> 20} MB is the most"
        )


def note_visit(articles: Collection[Document], document: Document) -> bool:
    """Update where and when an article was fetched, if the store has it and it says the same.

    Returns:
        Whether it has.
    """
    same = {key: {"$eq": document[key]} for key in ("canonical_url", "content_hash")}
    news = {key: document[key] for key in ("url", "crawl", "updated_at")}
    return articles.update_one(same, {"$set": news}).matched_count > 0


def keep_page(pages: Collection[Document], page: Document) -> None:
    """Insert a raw page, unless its body is there already."""
    with suppress(DuplicateKeyError):  # another writer of the same body was faster
        pages.update_one({"_id": page["_id"]}, {"$setOnInsert": page}, upsert=True)


def keep_article(articles: Collection[Document], revisions: Collection[Document], document: Document) -> Outcome:
    """Insert an article, or replace it by a new revision.

    No transaction is needed, which a single server does not have. What a revision says never changes, so
    any writer may copy it to ``revisions``, any number of times, before it is replaced; then exactly one
    writer replaces the article of that number, and the others try again with the next. A try fails only
    where another's succeeded.
    """
    while True:
        before = articles.find_one({"canonical_url": {"$eq": document["canonical_url"]}})
        if before is None:
            with suppress(DuplicateKeyError):
                articles.insert_one(dict(document))
                return Outcome.STORED
            continue
        if before["content_hash"] == document["content_hash"]:
            return Outcome.UNCHANGED
        identity = before.pop("_id")
        with suppress(DuplicateKeyError):
            revisions.insert_one({**before, "replaced_at": document["updated_at"]})
        after = {
            **document,
            "revision": before["revision"] + 1,
            "first_seen_at": before["first_seen_at"],
        }
        if articles.replace_one({"_id": identity, "revision": before["revision"]}, after).matched_count:
            return Outcome.CHANGED
