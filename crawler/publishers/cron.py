"""Cron forms as people write them, read as cron reads them."""

from __future__ import annotations

import re
from datetime import UTC
from itertools import groupby

from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = rf"[0-7]|{'|'.join(_DAYS)}"
# One of the expressions between commas: *, a, a-b, and each with /step.
_WEEKDAYS = re.compile(rf"(?:\*|(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?)(?:/(?P<step>[1-7]))?")


def read_cron(text: str) -> str:
    """Read the five fields of cron: minute, hour, day of the month, month, day of the week.

    Returns:
        The form as APScheduler reads it, with days of the week by name and from Monday on: cron counts them from
        Sunday and takes 7 for it as well, APScheduler counts from Monday and knows no range over its end.

    Raises:
        ValueError: it is not one.
    """
    *fields, weekday = text.lower().split() or [""]
    if len(fields) > 2 and not fields[2].startswith("*") and not weekday.startswith("*"):
        # Cron means either of the two, APScheduler both at once.
        raise ValueError("it names days of the month and of the week; name one kind of days only")
    try:
        form = " ".join([*fields, _weekdays(weekday) if len(fields) == 4 else weekday])
        CronTrigger.from_crontab(form, timezone=UTC)
    except ValueError as error:
        raise ValueError(f"{text!r} is not valid ({error})") from None
    return form


def _weekdays(text: str) -> str:
    """Write the days that cron means as names, in ranges where three and more follow one another."""
    days: set[int] = set()
    for expression in text.split(","):
        found = _WEEKDAYS.fullmatch(expression)
        if not found:
            raise ValueError(f"{expression!r} is no day of the week: write sun to sat, or 0 to 7")
        first, last = (_number(found[name]) for name in ("first", "last"))
        if last is None:
            last = first if first is not None and not found["step"] else 6
        first = first or 0
        days.update(day % 7 for day in range(first, last + 1 + 7 * (last < first), int(found["step"] or 1)))
    if len(days) == 7:
        return "*"
    from_monday = sorted((day - 1) % 7 for day in days)
    names = []
    for _, run in groupby(enumerate(from_monday), key=lambda place: place[1] - place[0]):
        row = [_DAYS[(day + 1) % 7] for _, day in run]
        names.append(f"{row[0]}-{row[-1]}" if len(row) > 2 else ",".join(row))
    return ",".join(names)


def _number(day: str | None) -> int | None:
    if day is None:
        return None
    return _DAYS.index(day) if day in _DAYS else int(day)
