"""The alerts of a publisher, and the runs that tell what is usual for it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Literal, Self, get_args

from pymongo import DESCENDING, InsertOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from crawler.store.connection import Document, plain_errors
from crawler.store.documents import Record, clean
from crawler.store.writes import DUPLICATE_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pymongo.database import Database

    from crawler.items import Article

MAX_SPANS = 100
"""Alerts of a publisher whose time is left out of what is usual for it; older ones lie beyond its last runs."""

AlertState = Literal["over", "raised"]
ALERT_STATES: tuple[AlertState, ...] = get_args(AlertState)


@dataclass(frozen=True, slots=True)
class MarkedPage:
    """A page that is worth labelling by hand.

    Attributes:
        url: the address it was fetched from.
        page: SHA-256 of the raw page, its key in ``pages``.
    """

    url: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A figure of a publisher's runs that left its usual range.

    Attributes:
        publisher: as in `crawler.items.Article`.
        figure: which one.
        message: what changed, in words.
        since: when the first run that it shows in began, UTC.
        raised_at: when it was raised, UTC.
        job: id of the run that raised it.
        pages: the pages to label.
        ended_at: when it was over, UTC; None while it is not.
        accepted: whether a person ended it and called usual what had changed.
    """

    publisher: str
    figure: str
    message: str
    since: datetime
    raised_at: datetime
    job: str
    pages: tuple[MarkedPage, ...] = ()
    ended_at: datetime | None = None
    accepted: bool = False

    @classmethod
    def from_document(cls, document: Document) -> Self:
        """Read a document of the collection ``alerts``."""
        values = {field.name: document[field.name] for field in fields(cls)}
        values["pages"] = tuple(MarkedPage(**page) for page in values["pages"])
        return cls(**values)


class Alerts:
    """The collections ``alerts`` and ``crawls``, as the watch over publishers needs them.

    A publisher has at most one open alert a figure, however many runs of it end at once. All methods block, and
    raise `StoreError` when the server is out of reach or refuses.

    Args:
        database: the store's.
        address: the server's ``host:port``, for messages.
    """

    def __init__(self, database: Database[Document], address: str) -> None:
        self._alerts = database["alerts"]
        self._crawls = database["crawls"]
        self._pages = database["pages"]
        self._address = address

    def recent_runs(self, publisher: str, arguments: Mapping[str, str], job: str, limit: int) -> list[Document]:
        """Read the last runs of a publisher, whatever came of them, and further back those that read pages.

        Args:
            publisher: its name.
            arguments: only runs that were asked for the same.
            job: a run to leave out.
            limit: at most so many of either.

        Returns:
            Their records in ``crawls``, the newest first.
        """
        return self._runs({"arguments": {"$eq": dict(arguments)}, "job": {"$ne": job}}, publisher, limit)

    def usual_runs(self, publisher: str, arguments: Mapping[str, str], job: str, limit: int) -> list[Document]:
        """Read the last runs of a publisher at which no alert was open, as `recent_runs` does.

        Where a person accepted a change, what was before it is not usual any more, and what came with it is.
        """
        chosen: Document = {"arguments": {"$eq": dict(arguments)}, "job": {"$ne": job}}
        spans: list[Document] = []
        with plain_errors(self._address):
            for alert in self._find({"publisher": {"$eq": clean(publisher)}}, MAX_SPANS):
                if alert.accepted:
                    chosen["started_at"] = {"$gte": alert.since}
                    break
                end = {"$lt": alert.ended_at} if alert.ended_at else {}
                spans.append({"started_at": {"$gte": alert.since, **end}})
        if spans:
            chosen["$nor"] = spans
        return self._runs(chosen, publisher, limit)

    def _runs(self, chosen: Document, publisher: str, limit: int) -> list[Document]:
        newest_first = [("started_at", DESCENDING)]
        chosen = {"publisher": {"$eq": clean(publisher)}, **chosen}
        found: dict[object, Document] = {}
        with plain_errors(self._address):
            # Of a publisher with three articles a day most crawls in a row read nothing.
            for asked in (chosen, {**chosen, "fetched": {"$gt": 0}}):
                runs = self._crawls.find(asked, sort=newest_first, limit=limit)
                found.update((run["_id"], run) for run in runs)
        return sorted(found.values(), key=itemgetter("started_at"), reverse=True)

    def last_runs(self) -> list[Document]:
        """Read the last run of each publisher."""
        with plain_errors(self._address):
            return list(
                self._crawls.aggregate(
                    [
                        {"$sort": {"publisher": 1, "started_at": DESCENDING}},
                        {"$group": {"_id": "$publisher", "last": {"$first": "$$ROOT"}}},
                        {"$replaceRoot": {"newRoot": "$last"}},
                    ]
                )
            )

    def open(self, publisher: str | None = None) -> list[Alert]:
        """Read the alerts that are not over, the newest first.

        Args:
            publisher: only this publisher's.
        """
        chosen: Document = {"open": True}
        if publisher is not None:
            chosen["publisher"] = {"$eq": clean(publisher)}
        with plain_errors(self._address):
            return self._find(chosen)

    def _find(self, chosen: Document, limit: int = 0) -> list[Alert]:
        found = self._alerts.find(chosen, sort=[("since", DESCENDING)], limit=limit)
        return [Alert.from_document(document) for document in found]

    def raise_new(self, alert: Alert) -> bool:
        """Open an alert.

        Returns:
            Whether it is new: False if there is an open one of the same publisher and figure, which stays as it is.
        """
        with plain_errors(self._address, "the alert"):
            try:
                self._alerts.insert_one(
                    {**asdict(alert), "publisher": clean(alert.publisher), "open": True, "told": []}
                )
            except DuplicateKeyError:
                return False
        return True

    def to_tell(self, publisher: str, channel: str, state: AlertState) -> list[Alert]:
        """Take the alerts of a publisher that a channel has not told yet; nobody else gets them.

        Args:
            publisher: whose.
            channel: by which somebody is told.
            state: open alerts, or those over which the channel told when they were open, and no person ended.
        """
        mark = _mark(channel, state)
        untold: Document = {"publisher": {"$eq": clean(publisher)}, "told": {"$nin": [mark]}}
        if state == "raised":
            untold["open"] = True
        else:
            untold |= {"open": False, "accepted": False}
            untold["told"]["$all"] = [_mark(channel, "raised")]
        taken = []
        with plain_errors(self._address, "the alert"):
            while found := self._alerts.find_one_and_update(untold, {"$push": {"told": mark}}):
                taken.append(Alert.from_document(found))
        return taken

    def not_told(self, alerts: Iterable[Alert], channel: str, state: AlertState) -> None:
        """Give alerts back that could not be told, for the next run to try."""
        with plain_errors(self._address, "the alert"):
            for alert in alerts:
                same = {name: {"$eq": getattr(alert, name)} for name in ("publisher", "figure", "raised_at")}
                self._alerts.update_one(same, {"$pull": {"told": _mark(channel, state)}})

    def end(self, publisher: str, figures: Iterable[str], when: datetime, accepted: bool = False) -> list[Alert]:
        """End open alerts.

        Args:
            publisher: whose.
            figures: which of its figures.
            when: the start of the first run at which it was over, UTC.
            accepted: whether a person ended them.

        Returns:
            Those that were ended here.
        """
        ended = []
        with plain_errors(self._address, "the alert"):
            for figure in figures:
                found = self._alerts.find_one_and_update(
                    {"publisher": {"$eq": clean(publisher)}, "figure": {"$eq": figure}, "open": True},
                    {"$set": {"open": False, "ended_at": when, "accepted": accepted}},
                )
                if found:
                    ended.append(Alert.from_document(found))
        return ended

    def keep_pages(self, articles: Iterable[Article]) -> tuple[MarkedPage, ...]:
        """Keep the raw pages of articles, of those too that are in no collection because they were dropped.

        Returns:
            Them as an alert names them.
        """
        kept = {hashlib.sha256(article.html).hexdigest(): article for article in articles}
        with plain_errors(self._address, "a page to label"):
            pages = [InsertOne(page) for article in kept.values() if (page := Record.of(article).page)]
            try:
                if pages:
                    self._pages.bulk_write(pages, ordered=False)
            except BulkWriteError as error:
                if any(failed["code"] != DUPLICATE_KEY for failed in error.details["writeErrors"]):
                    raise
        return tuple(MarkedPage(clean(article.url), digest) for digest, article in kept.items())


def _mark(channel: str, state: AlertState) -> str:
    return channel if state == "raised" else f"{channel}/over"


def now() -> datetime:
    """The time in UTC, as exact as MongoDB keeps it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
