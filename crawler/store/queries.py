"""Questions to the store that are not about a selection alone: addresses, and counts by group."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING

from classifier import LABELS
from crawler.store.documents import clean
from crawler.store.schema import BY_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from crawler.store.connection import Document

LATEST_WRITTEN = [("updated_at", DESCENDING)]


class Group(StrEnum):
    """What articles can be counted by."""

    PUBLISHER = "publisher"
    LANGUAGE = "language"
    SECTION = "section"
    AUTHOR = "author"
    ACCESS = "access"
    MODEL = "model"
    DAY = "day"

    @property
    def index_name(self) -> str:
        """The index that holds the values, for when all articles are counted."""
        return BY_TIME if self is Group.DAY else str(self)

    def stages(self) -> list[Document]:
        """The stages of an aggregation that count, the largest group first, days from the latest."""
        fields: dict[Group, Any] = {
            Group.AUTHOR: "$authors",
            Group.MODEL: "$classifier.version",
            Group.DAY: {"$dateTrunc": {"date": "$dated_at", "unit": "day"}},
        }
        unwind: list[Document] = [{"$unwind": "$authors"}] if self is Group.AUTHOR else []
        first = {"_id": DESCENDING} if self is Group.DAY else {"articles": DESCENDING, "_id": 1}
        count = {"_id": fields.get(self, f"${self}"), "articles": {"$sum": 1}}
        return [*unwind, {"$group": count}, {"$sort": first}]


@dataclass(frozen=True, slots=True)
class GroupCount:
    """How many articles there are of one publisher, language, day and so on.

    Attributes:
        value: which; midnight UTC for a day; None for articles of which it is not known.
        articles: number of articles.
    """

    value: str | datetime | None
    articles: int


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


def label_counts(publishers: Iterable[str] | None) -> list[dict[str, Any]]:
    """The aggregation that counts articles and blocks of each label by publisher."""
    # Every publisher has a name: the empty bound leads all of them through the index.
    chosen = {"$gte": ""} if publishers is None else {"$in": [clean(name) for name in publishers]}
    sums = {label: {"$sum": f"$counts.{label}"} for label in LABELS}
    return [
        {"$match": {"publisher": chosen}},
        {"$group": {"_id": "$publisher", "articles": {"$sum": 1}, **sums}},
        {"$sort": {"_id": 1}},
    ]
