"""Near-equal articles: found through an index over pieces of their hashes, and linked to the earliest of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.store.connection import plain_errors
from crawler.store.documents import clean
from crawler.store.schema import IS_DUPLICATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

    from crawler.store.connection import Document

BANDS = 4
BAND_BITS = 16
MAX_DISTANCE = 2 * BANDS - 1
"""Bits in which two hashes may differ: of so few, some band has at most one."""

MAX_CANDIDATES = 5000
MAX_COMPARED = 10
MAX_FOLLOWERS = 1000
_IDENTITY = {"canonical_url": True, "published_at": True, "duplicate_of": True}
_TEXT = {**_IDENTITY, "simhash": True, "text": True}

IsSame = Callable[[str, str], bool]


def bands_of(simhash: int) -> list[int]:
    """Cut a 64-bit hash into numbered pieces, which are what the index holds."""
    mask = 2**BAND_BITS - 1
    return [band << BAND_BITS | simhash >> band * BAND_BITS & mask for band in range(BANDS)]


class Duplicates:
    """Finds and links articles of nearly the same text.

    Two hashes of 64 bits that differ in at most `MAX_DISTANCE` bits have a quarter in which they differ in at most
    one (Manku, Jain, Sarma: Detecting Near-Duplicates for Web Crawling, 2007, with one bit of each quarter let go).
    The index is asked for each quarter and its neighbours of one bit, and what it finds is compared in full.

    Args:
        database: where the articles are.
        address: the server's ``host:port``, for messages.
    """

    def __init__(self, database: Database[Document], address: str) -> None:
        self._articles = database["articles"]
        self._address = address

    def link(self, canonical_url: str, is_same: IsSame) -> str | None:
        """Link a stored article and those that say nearly the same to the one of them that was published first.

        Where its text has changed since it was last looked at, it may be like others now, and those that were linked
        to it may be like it no longer; they are then linked anew, or to nothing.

        May be called any number of times, by several writers at once: each sees what was stored before its call,
        so that of two articles at least the one that is looked at last finds the other.

        Args:
            canonical_url: the article's.
            is_same: tells whether two texts, whose hashes are near, are nearly the same.

        Returns:
            The address that the article is a duplicate of; None if it is an original.
        """
        with plain_errors(self._address, f"the duplicates of {canonical_url}"):
            own = self._articles.find_one({"canonical_url": {"$eq": clean(canonical_url)}}, _TEXT)
            if own is None:
                return None
            self._release(own, is_same)
            return self._place(own, is_same)

    def _release(self, own: Document, is_same: IsSame) -> None:
        """Link those anew that were linked to an article and are not like it."""
        linked = {"duplicate_of": {"$eq": own["canonical_url"], **IS_DUPLICATE}}
        followers = self._articles.find(linked, _TEXT, limit=MAX_FOLLOWERS)
        strays = [follower for follower in followers if not is_same(own["text"], follower["text"])]
        if not strays:
            return
        # All of them before the first is linked anew, or each would follow another to where both were.
        addresses = {"canonical_url": {"$in": [stray["canonical_url"] for stray in strays]}}
        self._articles.update_many({**addresses, **linked}, _linked_to(None))
        for stray in strays:
            self._place(stray | {"duplicate_of": None}, is_same)

    def _place(self, own: Document, is_same: IsSame) -> str | None:
        """Link an article by its text alone, whatever it was linked to before."""
        near = [document for document in self._near(own) if is_same(own["text"], document["text"])]
        roots = {own["canonical_url"], *(found["duplicate_of"] or found["canonical_url"] for found in near)}
        if own["duplicate_of"] and own["duplicate_of"] not in roots:
            stale = {"canonical_url": {"$eq": own["canonical_url"]}, "duplicate_of": {"$eq": own["duplicate_of"]}}
            self._articles.update_one(stale, _linked_to(None))
        if not near:
            return None
        originals = self._articles.find({"canonical_url": {"$in": list(roots)}}, _IDENTITY)
        first, *others = (original["canonical_url"] for original in sorted(originals, key=_precedence))
        self._set_original(first, others)
        return first if first != own["canonical_url"] else None

    def _near(self, own: Document) -> Iterable[Document]:
        """Read the articles whose hashes are the nearest, without their blocks."""
        if not own["simhash"]:  # of so few words that it may be like others by chance
            return ()
        simhash = int(own["simhash"], 16)
        probes = [band ^ flip for band in bands_of(simhash) for flip in (0, *(1 << bit for bit in range(BAND_BITS)))]
        candidates = self._articles.find({"simhash_bands": {"$in": probes}}, {"simhash": True}, limit=MAX_CANDIDATES)
        distances = {
            found["_id"]: (int(found["simhash"], 16) ^ simhash).bit_count()
            for found in candidates
            if found["_id"] != own["_id"]
        }
        nearest = sorted((key for key in distances if distances[key] <= MAX_DISTANCE), key=distances.__getitem__)
        return self._articles.find({"_id": {"$in": nearest[:MAX_COMPARED]}}, _TEXT)

    def _set_original(self, first: str, others: list[str]) -> None:
        linked = {"$or": [{"canonical_url": {"$in": others}}, {"duplicate_of": {"$in": others, **IS_DUPLICATE}}]}
        not_yet = {"duplicate_of": {"$ne": first}, "canonical_url": {"$ne": first}}
        self._articles.update_many({**linked, **not_yet}, _linked_to(first))
        self._articles.update_one({"canonical_url": first, "duplicate_of": {"$in": others}}, _linked_to(None))


def _linked_to(original: str | None) -> Document:
    return {"$set": {"duplicate_of": original, "updated_at": datetime.now(UTC)}}


def _precedence(article: Document) -> tuple[datetime, str]:
    """The order in which articles are originals; of facts that do not hang on when they were crawled."""
    return article["published_at"] or datetime.max.replace(tzinfo=UTC), article["canonical_url"]
