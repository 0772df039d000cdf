"""The timetable for those who have a scheduler already: as a crontab, or as systemd timers."""

from __future__ import annotations

import re
import shlex
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from crawler.scheduling.timetable import Entry

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# One of the expressions between commas: *, a, a-b, and each with /step.
_EXPRESSION = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


class ExportError(ValueError):
    """A cron form cannot be written in the form asked for. The message is one line for the user."""


def crontab(entries: Iterable[Entry], command: list[str], folder: Path, environment: Path) -> Iterator[str]:
    """Write a crontab, line by line.

    Args:
        entries: of the timetable.
        command: what sends the job of the publisher whose name is put behind it.
        folder: where it is run.
        environment: a file of NAME=VALUE lines, with what is secret.
    """
    # Cron turns a plain % into a line feed.
    run = " ".join(map(shlex.quote, command)).replace("%", r"\%")
    here, settings = (shlex.quote(str(path)).replace("%", r"\%") for path in (folder, environment))
    yield f"# Broadsheet's timetable. The times are UTC, and the settings are in {environment}:"
    yield "# MONGO_URI, SCRAPYD_NODES, SCRAPYD_USERNAME, SCRAPYD_PASSWORD. Install it with: crontab FILE"
    yield "CRON_TZ=UTC"
    for entry in entries:
        wait = f"sleep {entry.offset // timedelta(seconds=1)}; "
        yield f"{entry.cron} {wait}cd {here} && set -a && . {settings} && {run} {entry.name}"


def systemd_units(
    entries: Iterable[Entry], command: list[str], folder: Path, environment: Path, spread: timedelta
) -> Iterator[tuple[str, str]]:
    """Write a service for all publishers, and a timer for each.

    Args:
        entries: of the timetable.
        command: as for `crontab`.
        folder: likewise.
        environment: likewise.
        spread: the timers' random delay, which stays the same for a timer.

    Yields:
        The name of a unit's file and its text.

    Raises:
        ExportError: systemd has no such times.
    """
    run = " ".join(f'"{part}"' if re.search(r"\s", part) else part for part in command).replace("%", "%%")
    yield (
        "broadsheet@.service",
        "[Unit]\nDescription=Crawl of %i\nWants=network-online.target\nAfter=network-online.target\n\n"
        f"[Service]\nType=oneshot\nWorkingDirectory={str(folder).replace('%', '%%')}\n"
        f"EnvironmentFile={str(environment).replace('%', '%%')}\nExecStart={run} %i\n",
    )
    for entry in entries:
        yield (
            f"broadsheet@{entry.name}.timer",
            f"[Unit]\nDescription=Timetable of {entry.name}\n\n"
            f"[Timer]\nOnCalendar={calendar(entry.cron)}\nRandomizedDelaySec={spread // timedelta(seconds=1)}\n"
            "FixedRandomDelay=true\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
        )


def calendar(cron: str) -> str:
    """Write a cron form as systemd's OnCalendar, in UTC.

    Raises:
        ExportError: systemd has no such form.
    """
    minute, hour, day, month, weekday = cron.split()
    days = "" if weekday == "*" else ",".join(map(_weekdays, weekday.split(","))) + " "
    date = f"*-{_field(month, 1)}-{_field(day, 1)}"
    return f"{days}{date} {_field(hour, 0)}:{_field(minute, 0)}:00 UTC"


def _field(text: str, start: int) -> str:
    return ",".join(_values(expression, start) for expression in text.split(","))


def _values(text: str, start: int) -> str:
    found = _EXPRESSION.fullmatch(text)
    if not found:
        raise ExportError(f"{text!r} cannot be written for systemd; use `--as cron`, or plain numbers")
    first, last, step = found["first"], found["last"], found["step"]
    values = _number(first) if first else f"{start:02}" if step else "*"
    if last:
        values += f"..{_number(last)}"
    return f"{values}/{step}" if step else values


def _number(text: str) -> str:
    if text in _MONTHS:
        return f"{_MONTHS.index(text) + 1:02}"
    if not text.isdecimal():
        raise ExportError(f"{text!r} cannot be written for systemd; use `--as cron`, or plain numbers")
    return f"{int(text):02}"


def _weekdays(text: str) -> str:
    if not re.fullmatch(r"[a-z]{3}(-[a-z]{3})?", text):
        raise ExportError(f"{text!r} cannot be written for systemd; name the days of the week one by one")
    return "..".join(day.capitalize() for day in text.split("-"))
