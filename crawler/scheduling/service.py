"""The scheduler's process: looks at the timetable and the nodes again and again, until it is told to stop."""

from __future__ import annotations

import logging
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.interval import IntervalTrigger

from crawler.publishers import PublisherError
from crawler.scheduling.dispatcher import Dispatcher
from crawler.scheduling.state import State
from crawler.scheduling.timetable import TimetableError
from crawler.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.settings import BaseSettings

    from crawler.scheduling.nodes import Nodes
    from crawler.store import Store

logger = logging.getLogger(__name__)

# Seconds between two looks at the nodes and at what is due, and between two readings of the publishers' files.
TICK, READING = 2, 60


@dataclass(slots=True)
class Service:
    """Runs the timetable.

    APScheduler gives the beat and reads cron forms. What is due stands in MongoDB and not in a job store of
    APScheduler's, since those are not to be shared by two schedulers and keep pickled code.

    Attributes:
        settings: Scrapy's.
        store: keeps the state.
        nodes: where jobs run.
    """

    settings: BaseSettings
    store: Store
    nodes: Nodes
    _dispatcher: Dispatcher | None = None
    _troubles: dict[str, str] = field(default_factory=dict)

    def run(self) -> None:
        """Work until SIGTERM or Ctrl-C; a job that is being sent is still sent.

        Raises:
            TimetableError: the settings are at fault.
            PublisherError: PUBLISHERS_DIR is no folder.
            StoreError: MongoDB is out of reach at the start.
        """
        self.read()
        # One thread: the timetable is not exchanged while jobs are sent.
        beat = BlockingScheduler(executors={"default": ThreadPoolExecutor(1)}, timezone=UTC)
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # says each time that a look took longer than a beat
        for call, seconds in ((self.tick, TICK), (self.read, READING)):
            beat.add_job(
                self._kept_going,
                IntervalTrigger(seconds=seconds),
                (call,),
                coalesce=True,
                misfire_grace_time=None,
                next_run_time=datetime.now(UTC),
            )
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: beat.shutdown() if beat.running else None)
        logger.info("The timetable runs; nodes: %s", " ".join(node.url for node in self.nodes))
        beat.start()
        with suppress(StoreError):
            State(self.store).rest()
        logger.info("The timetable rests; jobs that were sent go on")

    def read(self) -> None:
        """Read the publishers' files and take over what has changed."""
        dispatcher = Dispatcher.from_settings(self.settings, self.store, self.nodes)
        dispatcher.state.sync(dispatcher.timetable, dispatcher.timetable.names)
        self._dispatcher = dispatcher

    def tick(self) -> None:
        """Look at the nodes and send what is due."""
        assert self._dispatcher
        self._dispatcher.tick()

    def _kept_going(self, call: Callable[[], None]) -> None:
        """Call a method; a trouble that may pass is told once, and when it is over."""
        name = call.__name__
        try:
            call()
        except (StoreError, TimetableError, PublisherError) as error:
            if self._troubles.get(name) != str(error):
                self._troubles[name] = str(error)
                logger.error("%s", error)
        else:
            if self._troubles.pop(name, None):
                logger.info("The trouble is over")
