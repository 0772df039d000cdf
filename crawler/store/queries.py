"""The questions put to the store, in MongoDB's language.

A value from a command line or a page always stands behind an operator of ours, so it can be none of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING

from crawler.store.documents import clean, in_utc
from crawler.store.schema import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.store.connection import Document

NEWEST_FIRST = [("published_at", DESCENDING), ("first_seen_at", DESCENDING)]
LATEST_WRITTEN = [("updated_at", DESCENDING)]


@dataclass(frozen=True, slots=True)
class PublisherCounts:
    """What the store holds of a publisher.

    Attributes:
        articles: number of articles.
        blocks: number of blocks of each label.
    """

    articles: int
    blocks: dict[str, int]

    @classmethod
    def from_row(cls, row: Document) -> PublisherCounts:
        """Read a row of `label_counts`."""
        return cls(row["articles"], {label: row[label] for label in LABELS})


def at_address(url: str) -> Document:
    """Articles whose canonical or fetched address this is."""
    return {"$or": [{"canonical_url": {"$eq": clean(url)}}, {"url": {"$eq": clean(url)}}]}


def matching(publisher: str | None, since: datetime | None, until: datetime | None) -> Document:
    """Articles of a publisher from a span of time; one without a date counts by when it was first seen."""
    chosen = {} if publisher is None else {"publisher": {"$eq": clean(publisher)}}
    span = {sign: in_utc(moment) for sign, moment in (("$gte", since), ("$lt", until)) if moment is not None}
    if not span:
        return chosen
    # The alternatives stand outermost: each is then one range of an index, and the two are merged in order.
    return {
        "$or": [
            {**chosen, "published_at": span},
            {**chosen, "published_at": {"$eq": None}, "first_seen_at": span},
        ]
    }


def label_counts(publishers: Iterable[str] | None) -> list[dict[str, Any]]:
    """The aggregation that counts articles and blocks of each label by publisher."""
    chosen = {} if publishers is None else {"publisher": {"$in": [clean(name) for name in publishers]}}
    sums = {label: {"$sum": f"$counts.{label}"} for label in LABELS}
    return [
        {"$match": chosen},
        {"$group": {"_id": "$publisher", "articles": {"$sum": 1}, **sums}},
        {"$sort": {"_id": 1}},
    ]
