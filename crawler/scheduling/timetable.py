"""When each publisher is due: its cron form, moved by an offset of its own."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import xxhash
from apscheduler.triggers.cron import CronTrigger

from crawler.publishers import PublisherError, Registry
from crawler.publishers.cron import read_cron

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)


class TimetableError(Exception):
    """The timetable cannot be read as it is set. The message is one line for the user."""


def seconds_of(settings: BaseSettings, name: str) -> timedelta:
    """Read a setting that is a number of seconds.

    Raises:
        TimetableError: it is not.
    """
    try:
        return timedelta(seconds=settings.getint(name))
    except (ValueError, OverflowError):
        raise TimetableError(f"{name}: {settings.get(name)!r} is not a number of seconds") from None


@dataclass(frozen=True, slots=True)
class Entry:
    """One publisher's line in the timetable.

    Attributes:
        name: of the publisher and its spider.
        cron: five fields in cron's form, UTC.
        priority: of several that are due, the greatest goes first.
        offset: how much later than its cron form says it is due, always the same, so that publishers with the
            same form do not start at once.
    """

    name: str
    cron: str
    priority: int
    offset: timedelta

    def next_time(self, after: datetime) -> datetime:
        """Return the first time after ``after`` at which it is due (UTC).

        Raises:
            TimetableError: there is none, as on 30 February.
        """
        trigger = CronTrigger.from_crontab(self.cron, timezone=UTC)
        # The trigger answers with the time itself when asked at a time that is due.
        found = trigger.get_next_fire_time(None, after - self.offset + timedelta(milliseconds=1))
        if found is None:
            raise TimetableError(f"{self.name}: {self.cron!r} names no day that comes")
        return datetime.fromtimestamp(found.timestamp(), UTC) + self.offset


class Timetable:
    """The entries of all publishers that are crawled by timetable.

    Args:
        registry: the publishers.
        default: cron form of those that have none; empty leaves them out.
        spread: the offsets lie between 0 and this.
        chosen: names of publishers; none for all.

    Attributes:
        names: of the publishers that were chosen, whether or not they have an entry.

    Raises:
        TimetableError: the default is not in cron's form, or no publisher has one of the names.
    """

    def __init__(
        self, registry: Registry, default: str, spread: timedelta, chosen: frozenset[str] = frozenset()
    ) -> None:
        self._registry = registry
        self._spread = max(1, int(spread.total_seconds()))
        self.names = chosen or frozenset(registry.names())
        if strange := chosen.difference(registry.names()):
            raise TimetableError(f"SCHEDULE_PUBLISHERS: no publisher is named {', '.join(sorted(strange))}")
        try:
            self._default = read_cron(default) if default else ""
        except ValueError as error:
            raise TimetableError(f"SCHEDULE_DEFAULT: {error}") from None

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Read the files of PUBLISHERS_DIR anew; see SCHEDULE_DEFAULT, SCHEDULE_SPREAD, SCHEDULE_PUBLISHERS."""
        return cls(
            Registry(settings.get("PUBLISHERS_DIR")),
            settings.get("SCHEDULE_DEFAULT") or "",
            seconds_of(settings, "SCHEDULE_SPREAD"),
            frozenset((settings.get("SCHEDULE_PUBLISHERS") or "").replace(",", " ").split()),
        )

    def entry(self, name: str) -> Entry | None:
        """Return a publisher's entry; None when it is not crawled by timetable.

        Raises:
            KeyError: there is no such publisher.
            PublisherError: its file has a mistake.
        """
        publisher = self._registry.load(name)
        if name not in self.names:
            return None
        cron = publisher.schedule or self._default
        if not cron:
            return None
        seconds = xxhash.xxh64_intdigest(name.encode()) % self._spread
        return Entry(name, cron, publisher.priority, timedelta(seconds=seconds))

    def nearest(self, name: str) -> list[str]:
        """Return up to three known names that look like ``name``."""
        return self._registry.nearest(name)

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries; a publisher whose file has a mistake, or is never due, is left out with a warning."""
        for name in sorted(self.names):
            try:
                entry = self.entry(name)
                if entry:
                    entry.next_time(datetime.now(UTC))
            except (PublisherError, TimetableError) as error:
                logger.warning("%s", error)
                continue
            if entry:
                yield entry
