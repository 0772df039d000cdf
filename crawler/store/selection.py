"""Which articles are meant, and in what order: the filters of every query, in MongoDB's language.

A value from a command line or a page always stands behind an operator of ours, so it can be none of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from bson import ObjectId
from bson.errors import InvalidId
from pymongo import ASCENDING, DESCENDING

from classifier import LABELS
from crawler.store.documents import clean, in_utc
from crawler.store.schema import IS_DUPLICATE, SEARCHABLE

if TYPE_CHECKING:
    from crawler.items import Access
    from crawler.store.connection import Document

# Filters that are themselves the beginning of an index.
LEADING = frozenset(
    ("publisher", "language", "section", "authors", "access", "classifier.version", "dated_at", "confidence", "$text")
)
RESERVATIONS = ("rights.robots_noai", "rights.ai_crawlers_disallowed", "rights.tdm_reservation")
ALL_TIME = datetime.min.replace(tzinfo=UTC)
TERM = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')


class SelectionError(ValueError):
    """A filter or position that cannot be understood. The message is one line for the user."""


class Order(StrEnum):
    """The orders in which articles can be read; each is an index."""

    NEWEST = "newest"
    LEAST_CONFIDENT = "least confident"

    @property
    def key(self) -> str:
        """The field that is sorted by; articles with equal values are told apart by ``_id``."""
        return "dated_at" if self is Order.NEWEST else "confidence"

    @property
    def sort(self) -> list[tuple[str, int]]:
        """The order as MongoDB takes it."""
        direction = DESCENDING if self is Order.NEWEST else ASCENDING
        return [(self.key, direction), ("_id", direction)]


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two articles of an order, from which reading can go on, even in another process.

    It stays right when articles are added or removed in the meantime, and finding it costs the same on every
    page. As text it reads ``2026-07-01T12:00:00+00:00/65f0c0ffee...``.

    Attributes:
        value: what the article before this place has in the order's field.
        identity: its ``_id``.
    """

    value: datetime | float
    identity: ObjectId

    @classmethod
    def of(cls, document: Document, order: Order) -> Self:
        """The place behind an article."""
        return cls(document[order.key], document["_id"])

    @classmethod
    def parse(cls, text: str, order: Order) -> Self:
        """Read a position that was printed.

        Raises:
            SelectionError: it is none of this order.
        """
        value, _, identity = text.partition("/")
        try:
            if order is Order.LEAST_CONFIDENT:
                return cls(float(value), ObjectId(identity))
            moment = datetime.fromisoformat(value)
            return cls(moment if moment.tzinfo else moment.replace(tzinfo=UTC), ObjectId(identity))
        except (ValueError, InvalidId):
            raise SelectionError(
                f"{text!r} is no position in the order {order.value!r}: copy the one that the page before ended with"
            ) from None

    def __str__(self) -> str:
        value = self.value.isoformat() if isinstance(self.value, datetime) else repr(self.value)
        return f"{value}/{self.identity}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Filters; an article must pass all that are set.

    Attributes:
        publisher: the name of its publisher.
        not_publishers: it is of none of these publishers.
        since: dated at this time or later. An article that bears no date counts by when it was first seen.
        until: dated before this time, likewise.
        language: the code of its language, such as ``en``.
        section: the name of its section, as the publisher writes it.
        author: one of its authors, likewise.
        text: words that stand in title or text, in any order; ``"several words"`` as a phrase, ``-word`` for
            what must not be there. Case and accents do not count. Covers what is in the index of words, see
            `Store.index_words`.
        labels: it has blocks of each of these labels.
        access: how it can be read.
        duplicates: True for near-duplicates of other articles alone, False for all but those.
        reserved: True for articles whose publisher reserves text and data mining or AI use, False for the others.
        model: version of the model that labelled it.
        not_model: version of a model that did not.
        confidence_below: the page-level decision is less sure than this, 0..1.

    Raises:
        SelectionError: an unknown label, or a text without a word to look for.
    """

    publisher: str | None = None
    not_publishers: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    language: str | None = None
    section: str | None = None
    author: str | None = None
    text: str | None = None
    labels: tuple[str, ...] = ()
    access: Access | None = None
    duplicates: bool | None = None
    reserved: bool | None = None
    model: str | None = None
    not_model: str | None = None
    confidence_below: float | None = None

    def __post_init__(self) -> None:
        if unknown := set(self.labels) - set(LABELS):
            raise SelectionError(f"unknown label: {', '.join(sorted(unknown))}; use {', '.join(LABELS)}")
        if self.text is not None:
            _search(self.text)

    def condition(self, order: Order | None = None, after: Position | None = None) -> Document:
        """Say it in MongoDB's language.

        Args:
            order: the order in which the articles will be read; None to count them.
            after: only those behind this position of it.

        Returns:
            A filter for ``articles``.
        """
        equal = {
            "publisher": self.publisher,
            "language": self.language,
            "section": self.section,
            "authors": self.author,
            "access": self.access,
            "classifier.version": self.model,
        }
        chosen: Document = {key: {"$eq": clean(value)} for key, value in equal.items() if value is not None}
        if self.not_publishers:
            chosen.setdefault("publisher", {})["$nin"] = [clean(name) for name in self.not_publishers]
        if self.not_model is not None:
            chosen.setdefault("classifier.version", {})["$ne"] = clean(self.not_model)
        for bound, moment in (("$gte", self.since), ("$lt", self.until)):
            if moment is not None:
                chosen.setdefault("dated_at", {})[bound] = in_utc(moment)
        if self.confidence_below is not None:
            chosen["confidence"] = {"$lt": self.confidence_below}
        for label in self.labels:
            chosen[f"counts.{label}"] = {"$gt": 0}
        if self.duplicates is not None:
            chosen["duplicate_of"] = dict(IS_DUPLICATE) if self.duplicates else {"$eq": None}
        if self.text is not None:
            chosen |= {"$text": {"$search": _search(self.text)}, **SEARCHABLE}
        # Alternatives stand behind one another in lists, since a document has one $or only.
        alternatives: list[list[Document]] = []
        if self.reserved is False:
            chosen |= {name: {"$eq": False} for name in RESERVATIONS}
        elif self.reserved:
            alternatives.append([{name: {"$eq": True}} for name in RESERVATIONS])
        if order is None and not LEADING & set(chosen):
            # An order brings an index with it. Without one, MongoDB would read the articles to count them.
            chosen["dated_at"] = {"$gte": ALL_TIME}
        if order is not None and after is not None:
            past, until_there = ("$lt", "$lte") if order is Order.NEWEST else ("$gt", "$gte")
            # The bound alone finds the place in the index; the alternatives then settle equal values.
            chosen.setdefault(order.key, {})[until_there] = after.value
            alternatives.append([{order.key: {past: after.value}}, {"_id": {past: after.identity}}])
        if alternatives:
            chosen["$and"] = [{"$or": alternative} for alternative in alternatives]
        return chosen


def _search(text: str) -> str:
    """Write a user's words for ``$text``, in which unquoted words would be alternatives.

    Raises:
        SelectionError: there is no word to look for.
    """
    terms = [(sign, (phrase or word).strip()) for sign, phrase, word in TERM.findall(clean(text))]
    terms = [(sign, term) for sign, term in terms if re.search(r"\w", term)]
    if all(sign for sign, _ in terms):
        raise SelectionError(f"{text!r} holds no word to look for")
    return " ".join(f'{sign}"{term}"' for sign, term in terms)
