"""Sends what is due to the nodes, and follows each job to its end."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from crawler.publishers import PublisherError
from crawler.scheduling.nodes import DownError, NodeError, RefusedError, UnsureError
from crawler.scheduling.state import Ended, Run, State, now
from crawler.scheduling.timetable import Timetable, TimetableError, seconds_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.settings import BaseSettings

    from crawler.scheduling.nodes import Node, Nodes
    from crawler.scheduling.state import Lost, Row, RunState
    from crawler.store import Store

logger = logging.getLogger(__name__)

# Longer than sending a job can take, by the time-outs of its request.
SENDING = timedelta(seconds=60)
# A node that was restarted, or moves a job from one list to another, may not know it for a moment.
MISSING = timedelta(seconds=30)
# A job on its node is noted as often as this.
TOUCH = timedelta(seconds=15)


class BusyError(Exception):
    """The publisher cannot be sent now. The message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Brings the timetable's state and the nodes together.

    Any number of them may work on the same state at once. A job is first claimed in the state, with the node that
    it is for, and then sent. It has one id for ever, goes to another node only if the first certainly has not got
    it, and a node runs each id once; so no crash, and no answer that gets lost, makes a job run twice or never. Where
    a node stays away with a job, another takes its place, and the first is cancelled should the node come back with
    it.

    Attributes:
        state: where the timetable stands.
        nodes: where jobs run.
        timetable: when publishers are due.
        lost_after: how long a node may be out of reach before its jobs are given up and sent to others.
    """

    state: State
    nodes: Nodes
    timetable: Timetable
    lost_after: timedelta

    @classmethod
    def from_settings(cls, settings: BaseSettings, store: Store, nodes: Nodes) -> Self:
        """Read the timetable and SCHEDULE_LOST_AFTER.

        Raises:
            TimetableError: a setting is at fault.
            PublisherError: PUBLISHERS_DIR is no folder.
        """
        lost_after = seconds_of(settings, "SCHEDULE_LOST_AFTER")
        return cls(State(store), nodes, Timetable.from_settings(settings), lost_after)

    def tick(self) -> None:
        """Do all that is to be done now.

        Raises:
            StoreError: MongoDB is out of reach.
        """
        self.state.beat()
        self.nodes.refresh()
        for row in self.state.under_way():
            self._follow(row)
        for row in self.state.with_lost():
            for lost in row.lost:
                self._look_for(lost, row)
        for row in self.state.due(now()):
            self._dispatch(row)

    def send_now(self, name: str) -> Run:
        """Send a publisher's job, whether or not it is due or paused.

        Args:
            name: of a publisher that has a row.

        Raises:
            BusyError: an earlier job still runs, or no node could be reached.
            RefusedError: the node will not run it.
            StoreError: MongoDB is out of reach.
        """
        self.nodes.refresh()
        for row in self.state.rows([name]):
            if row.run:
                self._follow(row)
        row = self.state.rows([name])[0]
        if row.run:
            raise BusyError(f"{name}: its job {row.run.job} still runs on {row.run.node}")
        if self.nodes.runs(name):
            raise BusyError(f"{name}: a job of it that was started by hand still runs")
        while node := self.nodes.best(crowded=True):
            run = Run.new(name, node.url, now())
            if not self.state.claim_now(name, run):
                raise BusyError(f"{name}: a scheduler has just sent it")
            try:
                self._send(row, run, node)
            except DownError:
                self.state.give_back(name, run, None)
            except UnsureError as error:
                raise BusyError(f"{name}: node {node.url} {error}; `scrapy schedule status` will tell") from None
            else:
                return run
        raise BusyError(f"no node is up: {'; '.join(f'{node.url} {node.problem}' for node in self.nodes)}")

    def _dispatch(self, row: Row) -> None:
        try:
            entry = self.timetable.entry(row.name)
            next_at = entry.next_time(now()) if entry else None
        except (KeyError, PublisherError, TimetableError):
            return  # its file has gone or is broken, which the next reading of the timetable tells
        if next_at is None:
            return
        ended = row.last.job if row.last and row.last.outcome != "lost" else ""
        if row.run or self.nodes.runs(row.name, ended):
            if self.state.skip(row, next_at):
                logger.info("%s: skipped, as an earlier job still runs", row.name)
            return
        while node := self.nodes.best():
            run = Run.new(row.name, node.url, row.next_at, row.again)
            if not self.state.claim(row, run, next_at):
                return
            try:
                self._send(row, run, node)
            except DownError:
                self.state.give_back(row.name, run, row.next_at)
            except NodeError:
                return
            else:
                return

    def _send(self, row: Row, run: Run, node: Node) -> None:
        try:
            self.nodes.send(node, row.name, run.job, row.priority)
        except RefusedError as error:
            logger.error("%s: node %s refuses it: %s", row.name, node.url, error)
            self.state.end(row.name, Ended(run.job, node.url, now(), "refused", str(error)))
            raise
        self.state.seen(row.name, run, "sent")
        logger.info("%s: job %s sent to %s", row.name, run.job, node.url)

    def _follow(self, row: Row) -> None:
        """Look after a job that has not ended."""
        run = row.run
        assert run
        node = self.nodes.get(run.node)
        is_up = node is not None and node.is_up
        job = node.jobs.get(run.job) if node and is_up else None
        if job is not None and job.state != "finished":
            state: RunState = "running" if job.state == "running" else "sent"
            if state != run.state or now() - run.touched_at > TOUCH:
                self.state.seen(row.name, run, state)
            return
        figures = self.state.figures(run)
        if figures is not None:
            reason = str(figures.get("reason"))
            self._end(row, run, reason, job.seconds if job else None, figures)
        elif job is not None:
            self._end(row, run, "failed", job.seconds, {}, f"left no figures: see its log on {run.node}")
        elif node is None or not is_up:
            if now() - run.touched_at > self.lost_after:
                self._lose(row, run, "its node is out of reach" if node else "its node was taken out of SCRAPYD_NODES")
        # It may have been sent after its node was asked, however long ago that is by now.
        elif run.state == "sending":
            if node.asked_at - run.touched_at > SENDING and self.state.reclaim(row):
                self._send_again(row, run, node)
        elif node.asked_at - run.touched_at > MISSING:
            self._lose(row, run, "its node does not know it any more")

    def _send_again(self, row: Row, run: Run, node: Node) -> None:
        try:
            self._send(row, run, node)
        except NodeError as error:
            logger.info("%s: job %s is still to be sent: %s", row.name, run.job, error)

    def _end(
        self, row: Row, run: Run, outcome: str, seconds: float | None, figures: dict[str, object], detail: str = ""
    ) -> None:
        started, recorded = (figures.get(name) for name in ("started_at", "recorded_at"))
        # A node tells local time, which may have been put back or forward meanwhile.
        if isinstance(started, datetime) and isinstance(recorded, datetime):
            seconds = (recorded - started).total_seconds()
        stored, changed = (int(str(figures.get(name) or 0)) for name in ("stored", "changed"))
        ended = Ended(run.job, run.node, now(), outcome, detail, seconds, stored, changed)
        if self.state.end(row.name, ended):
            logger.info("%s: job %s ended: %s", row.name, run.job, outcome)

    def _lose(self, row: Row, run: Run, detail: str) -> None:
        """Give a job up; the first time, another takes its place at once."""
        due_again_at = None if run.again or row.paused else now()
        if self.state.lose(row.name, Ended(run.job, run.node, now(), "lost", detail), due_again_at):
            logger.warning("%s: job %s is lost: %s", row.name, run.job, detail)

    def _look_for(self, lost: Lost, row: Row) -> None:
        """Cancel a job that was given up when its node is back with it and another has taken its place."""
        node = self.nodes.get(lost.node)
        if node is None or not node.is_up:
            return
        job = node.jobs.get(lost.job)
        is_about = job is not None and job.state != "finished"
        if is_about and row.run is None:
            return  # it may go on; the publisher is passed over until it has ended
        if not self.state.forget(row.name, lost) or not is_about:
            return
        try:
            self.nodes.cancel(node, lost.job)
        except NodeError as error:
            self.state.remember(row.name, lost)
            logger.warning("%s: job %s is still to be cancelled: %s", row.name, lost.job, error)
        else:
            logger.info("%s: job %s cancelled on %s, as another has taken its place", row.name, lost.job, node.url)
