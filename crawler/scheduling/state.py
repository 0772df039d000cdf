"""The state of the timetable in MongoDB: one document a publisher, which several schedulers may work on."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from pymongo import ASCENDING, DESCENDING

from crawler.store.connection import plain_errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from crawler.scheduling.timetable import Entry
    from crawler.store import Store
    from crawler.store.connection import Document

COLLECTION = "schedule"
SCHEDULERS = "schedulers"
# A scheduler that has not looked at the timetable for longer does not work: a look takes half a minute at most.
ALIVE = timedelta(minutes=2)

# Of a publisher; more nodes than this do not stay away at once.
MAX_LOST = 10

RunState = Literal["sending", "sent", "running"]


@dataclass(frozen=True, slots=True)
class Run:
    """A job that has not ended.

    Attributes:
        job: its id, made of the publisher and the time it was due.
        node: address of the node that it is for.
        due_at: when it was due (UTC).
        state: ``sending`` until the node is known to have it.
        touched_at: when a scheduler last tried to send it, or saw it on its node.
        started_at: when it was first seen running.
        again: whether it takes the place of a job that was lost.
    """

    job: str
    node: str
    due_at: datetime
    state: RunState
    touched_at: datetime
    started_at: datetime | None = None
    again: bool = False

    @classmethod
    def new(cls, publisher: str, node: str, due_at: datetime, again: bool = False) -> Run:
        """Make the run of a publisher; for the same time it has always the same id."""
        return cls(f"{publisher}-{due_at:%Y%m%dT%H%M%SZ}", node, due_at, "sending", now(), again=again)


@dataclass(frozen=True, slots=True)
class Ended:
    """The last job that ended.

    Attributes:
        job: its id.
        node: address of the node that had it.
        ended_at: when that was noticed (UTC).
        outcome: ``finished``, or what came in between: the reason with which the crawl closed, ``failed`` when it
            left no figures, ``lost`` with its node, ``refused`` by it.
        detail: more about it, for a person.
        seconds: how long it ran.
        stored: new articles.
        changed: articles that had changed.
    """

    job: str
    node: str
    ended_at: datetime
    outcome: str
    detail: str = ""
    seconds: float | None = None
    stored: int = 0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """A job that was given up with its node, and may go on there.

    Attributes:
        job: its id.
        node: address of the node.
    """

    job: str
    node: str


@dataclass(frozen=True, slots=True)
class Row:
    """A publisher in the timetable.

    Attributes:
        name: of the publisher.
        cron: as in `Entry`.
        priority: as in `Entry`.
        next_at: when it is due (UTC).
        paused: whether it is left out until further notice.
        again: whether it is due because its last job was lost.
        skipped: how often in a row it was due while an earlier job still ran.
        run: the job under way.
        last: the one before.
        lost: earlier ones that may still be about.
    """

    name: str
    cron: str
    priority: int
    next_at: datetime
    paused: bool = False
    again: bool = False
    skipped: int = 0
    run: Run | None = None
    last: Ended | None = None
    lost: tuple[Lost, ...] = ()

    @classmethod
    def from_document(cls, document: Document) -> Row:
        """Read what `State` keeps, or a later version of it did while the schedulers are upgraded."""
        parts = {
            "name": document["_id"],
            "run": Run(**_known(Run, document["run"])) if document["run"] else None,
            "last": Ended(**_known(Ended, document["last"])) if document["last"] else None,
            "lost": tuple(Lost(**_known(Lost, lost)) for lost in document.get("lost", ())),
        }
        return cls(**{**_known(cls, document), **parts})


def now() -> datetime:
    """The time (UTC) in the milliseconds that MongoDB keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class State:
    """The timetable's documents.

    Every change is one atomic update of one document that names the state it changes, so of several schedulers
    that want to do the same, one does it. Each method raises `StoreError` when the server is out of reach.

    Args:
        store: where they are kept.
    """

    def __init__(self, store: Store) -> None:
        self._address = store.address
        # A few hundred small documents: no index is worth its keep.
        self._rows = store.database[COLLECTION]
        self._schedulers = store.database[SCHEDULERS]
        self._crawls = store.database["crawls"]

    def rows(self, names: Iterable[str] | None = None) -> list[Row]:
        """Read the rows of these publishers, or of all, by name."""
        chosen = {} if names is None else {"_id": {"$in": list(names)}}
        with self._plain_errors():
            return [Row.from_document(document) for document in self._rows.find(chosen).sort("_id")]

    def due(self, moment: datetime) -> list[Row]:
        """Read the rows that are due, the most urgent first."""
        chosen: Document = {"next_at": {"$lte": moment}, "paused": False}
        order = [("priority", DESCENDING), ("next_at", ASCENDING)]
        with self._plain_errors():
            return [Row.from_document(document) for document in self._rows.find(chosen).sort(order)]

    def under_way(self) -> list[Row]:
        """Read the rows whose job has not ended."""
        with self._plain_errors():
            return [Row.from_document(document) for document in self._rows.find({"run": {"$ne": None}})]

    def with_lost(self) -> list[Row]:
        """Read the rows of which a job was given up that may still be about."""
        with self._plain_errors():
            return [Row.from_document(document) for document in self._rows.find({"lost.0": {"$exists": True}})]

    def sync(self, entries: Iterable[Entry], keep: Iterable[str] = ()) -> None:
        """Take over the timetable: new publishers, those with another cron form, those that are gone.

        Args:
            entries: of the timetable.
            keep: publishers that are not gone, also if they have no entry, as while a file is being written.
        """
        moment = now()
        known = {row.name: row for row in self.rows()}
        for entry in entries:
            row = known.pop(entry.name, None)
            if row is None:
                self.add(entry)
            elif row.cron != entry.cron or row.priority != entry.priority:
                change: Document = {"cron": entry.cron, "priority": entry.priority}
                if row.cron != entry.cron:
                    change["next_at"] = entry.next_time(moment)
                self._update({"_id": entry.name, "cron": row.cron, "priority": row.priority}, {"$set": change})
        with self._plain_errors():
            self._rows.delete_many({"_id": {"$in": list(known.keys() - set(keep))}, "run": None})

    def add(self, entry: Entry) -> None:
        """Add a publisher that is not there."""
        row = asdict(Row(entry.name, entry.cron, entry.priority, entry.next_time(now())))
        del row["name"]
        with self._plain_errors():
            self._rows.update_one({"_id": entry.name}, {"$setOnInsert": row}, upsert=True)

    def claim(self, row: Row, run: Run, next_at: datetime) -> bool:
        """Take a due job for sending.

        Args:
            row: the publisher, as it was read.
            run: the job.
            next_at: when it is due next.

        Returns:
            False when another scheduler has it, or the publisher was paused.
        """
        return self._update(
            {"_id": row.name, "next_at": row.next_at, "run": None, "paused": False},
            {"$set": {"run": asdict(run), "next_at": next_at, "again": False, "skipped": 0}},
        )

    def claim_now(self, name: str, run: Run) -> bool:
        """Take a job that a person asked for; False when one is under way."""
        return self._update({"_id": name, "run": None}, {"$set": {"run": asdict(run)}})

    def reclaim(self, row: Row) -> bool:
        """Take a job for sending a second time that its first sender did not see through."""
        assert row.run
        return self._update(_in_the_hands_of(row.name, row.run), {"$set": {"run.touched_at": now()}})

    def give_back(self, name: str, run: Run, due_at: datetime | None) -> None:
        """Let go of a job that no node has got, unless another scheduler has taken it over meanwhile.

        Args:
            name: of the publisher.
            run: as it was claimed.
            due_at: when the publisher is due again; None leaves that to the timetable.
        """
        change: Document = {"run": None}
        if due_at:
            change |= {"next_at": due_at, "again": run.again}
        self._update(_in_the_hands_of(name, run), {"$set": change})

    def seen(self, name: str, run: Run, state: RunState) -> None:
        """Note that the node has the job."""
        moment = now()
        change: Document = {"run.state": state, "run.touched_at": moment}
        if state == "running" and run.started_at is None:
            change["run.started_at"] = moment
        self._update({"_id": name, "run.job": run.job}, {"$set": change})

    def end(self, name: str, ended: Ended) -> bool:
        """Note the end of a publisher's job; False if another scheduler has."""
        return self._update({"_id": name, "run.job": ended.job}, {"$set": {"run": None, "last": asdict(ended)}})

    def lose(self, name: str, ended: Ended, due_again_at: datetime | None) -> bool:
        """Give a job up.

        Args:
            name: of the publisher.
            ended: the job.
            due_again_at: when another takes its place; None leaves that to the timetable.
        """
        change: Document = {"run": None, "last": asdict(ended)}
        if due_again_at:
            change |= {"next_at": due_again_at, "again": True}
        lost = {"$each": [asdict(Lost(ended.job, ended.node))], "$slice": -MAX_LOST}
        return self._update({"_id": name, "run.job": ended.job}, {"$set": change, "$push": {"lost": lost}})

    def forget(self, name: str, lost: Lost) -> bool:
        """Look for a job that was given up no more; False if another scheduler has said so."""
        return self._update({"_id": name, "lost": asdict(lost)}, {"$pull": {"lost": asdict(lost)}})

    def remember(self, name: str, lost: Lost) -> None:
        """Look for it again."""
        self._update({"_id": name}, {"$push": {"lost": asdict(lost)}})

    def skip(self, row: Row, next_at: datetime) -> bool:
        """Pass over a due time because an earlier job still runs."""
        same = {"_id": row.name, "next_at": row.next_at}
        return self._update(same, {"$set": {"next_at": next_at, "again": False}, "$inc": {"skipped": 1}})

    def pause(self, names: Iterable[str]) -> int:
        """Leave publishers out until further notice; return how many were not yet."""
        with self._plain_errors():
            chosen = {"_id": {"$in": list(names)}, "paused": False}
            return self._rows.update_many(chosen, {"$set": {"paused": True}}).modified_count

    def resume(self, entry: Entry) -> bool:
        """End a pause; what was due in it is not made up for. False when there was none."""
        change = {"paused": False, "next_at": entry.next_time(now())}
        return self._update({"_id": entry.name, "paused": True}, {"$set": change})

    def beat(self) -> None:
        """Note that this process works on the timetable."""
        with self._plain_errors():
            self._schedulers.update_one({"_id": _this_process()}, {"$set": {"seen_at": now()}}, upsert=True)

    def schedulers(self) -> list[str]:
        """Read which processes work on the timetable, as host and process number; forget those of old."""
        with self._plain_errors():
            self._schedulers.delete_many({"seen_at": {"$lt": now() - timedelta(days=1)}})
            return sorted(self._schedulers.distinct("_id", {"seen_at": {"$gte": now() - ALIVE}}))

    def rest(self) -> None:
        """Note that this process works no more."""
        with self._plain_errors():
            self._schedulers.delete_one({"_id": _this_process()})

    def figures(self, run: Run) -> dict[str, Any] | None:
        """Read the figures that the crawl of a job left in ``crawls``; None when it left none."""
        since = run.due_at - timedelta(hours=1)  # for clocks that differ
        with self._plain_errors():
            return self._crawls.find_one({"recorded_at": {"$gte": since}, "job": run.job})

    def _update(self, same: Document, change: Document) -> bool:
        with self._plain_errors():
            return bool(self._rows.update_one(same, change).matched_count)

    def _plain_errors(self) -> AbstractContextManager[None]:
        return plain_errors(self._address, "the timetable")


def _known(kind: type[Run | Ended | Lost | Row], document: Document) -> Document:
    return {field.name: document[field.name] for field in fields(kind) if field.name in document}


def _in_the_hands_of(name: str, run: Run) -> Document:
    """Match a job as long as nobody but who read it so has touched it."""
    return {"_id": name, "run.job": run.job, "run.touched_at": run.touched_at, "run.state": "sending"}


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
