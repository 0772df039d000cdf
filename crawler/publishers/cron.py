"""Cron forms as people write them, read as cron reads them."""

from __future__ import annotations

import re
from datetime import UTC

from apscheduler.triggers.cron import CronTrigger

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY_NUMBER = re.compile(r"(?<![\w/])[0-7](?!\w)")


def read_cron(text: str) -> str:
    """Read the five fields of cron: minute, hour, day of the month, month, day of the week.

    Returns:
        The form as APScheduler reads it, with days of the week by name: cron counts them from Sunday and takes 7
        for it as well, APScheduler counts from Monday.

    Raises:
        ValueError: it is not one.
    """
    *fields, weekday = text.split() or [""]
    if len(fields) > 2 and not fields[2].startswith("*") and not weekday.startswith("*"):
        # Cron means either of the two, APScheduler both at once.
        raise ValueError("it names days of the month and of the week; name one kind of days only")
    form = " ".join([*fields, _DAY_NUMBER.sub(lambda number: _DAYS[int(number[0]) % 7], weekday)])
    try:
        CronTrigger.from_crontab(form, timezone=UTC)
    except ValueError as error:
        raise ValueError(f"{form!r} is not valid ({error})") from None
    return form
