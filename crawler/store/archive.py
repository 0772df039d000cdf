"""The archive of raw pages, read again: articles with their pages, and what another model says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from crawler.store.connection import plain_errors
from crawler.store.documents import RawPage, Record, check_blocks, raw_page, storable
from crawler.store.selection import Order, Position
from crawler.store.writes import BulkWriter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

    from crawler.store.connection import Document
    from crawler.store.selection import Selection


@dataclass(frozen=True, slots=True)
class ArchivedArticle:
    """An article's document, and its page.

    Attributes:
        document: as it lies in ``articles``.
        page: None if it was not kept, or has passed its time.
    """

    document: Document
    page: RawPage | None

    @property
    def position(self) -> Position:
        """Behind this article."""
        return Position.of(self.document, Order.NEWEST)


class Archive:
    """Reads articles with their pages, and writes what is read anew in them.

    Args:
        database: with the write concern that all writes wait for.
        address: the server's ``host:port``, for messages.
    """

    def __init__(self, database: Database[Document], address: str) -> None:
        self._database = database
        self._articles = database["articles"]
        self._runs = database["rereadings"]
        self._address = address

    def read(self, selection: Selection, after: Position | None, limit: int) -> list[ArchivedArticle]:
        """Read some articles, the newest first.

        Args:
            selection: which.
            after: behind which of them.
            limit: at most so many.
        """
        condition = selection.condition(Order.NEWEST, after)
        with plain_errors(self._address):
            articles = list(self._articles.find(condition, sort=Order.NEWEST.sort, limit=limit))
            digests = [article["page"] for article in articles]
            pages = {page["_id"]: page for page in self._database["pages"].find({"_id": {"$in": digests}})}
        return [
            ArchivedArticle(article, raw_page(pages[article["page"]]) if article["page"] in pages else None)
            for article in articles
        ]

    def rewrite(self, articles: Iterable[tuple[ArchivedArticle, dict[str, Any]]]) -> None:
        """Write what was read anew; an article that was crawled in the meantime stays as that crawl left it.

        Where the ``content_hash`` is another, the article becomes a new revision and what it said before is kept,
        as when a crawl finds it changed.

        Args:
            articles: and the fields of each that are new.
        """
        records: list[Record] = []
        updates: list[UpdateOne] = []
        now = datetime.now(UTC)
        for article, fields in articles:
            document = article.document
            news = storable(fields) | {"updated_at": now}
            if news["content_hash"] != document["content_hash"]:
                kept = {name: value for name, value in document.items() if name != "_id"}
                records.append(Record(kept | news | {"searchable": False}, None))
            else:
                check_blocks(document["url"], news.get("blocks", ()))
                same = {name: document[name] for name in ("_id", "revision", "content_hash")}
                updates.append(UpdateOne(same, {"$set": news}))
        with plain_errors(self._address, "articles that were read again"):
            if updates:
                self._articles.bulk_write(updates, ordered=False)
            if records:
                BulkWriter(self._database).write(records)

    def begun(self, name: str) -> Document | None:
        """Read what `note` noted of a run that has not ended."""
        with plain_errors(self._address):
            return self._runs.find_one({"_id": {"$eq": name}})

    def note(self, name: str, state: dict[str, Any]) -> None:
        """Note how far a run has come."""
        with plain_errors(self._address, "the state of the run"):
            self._runs.replace_one({"_id": {"$eq": name}}, storable(state), upsert=True)

    def end(self, name: str) -> None:
        """Forget a run, which has ended."""
        with plain_errors(self._address, "the end of the run"):
            self._runs.delete_one({"_id": {"$eq": name}})
