"""Points in time as people, feeds and pages write them, read as UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from dateutil import parser as dateutil_parser
from dateutil import tz

_SPAN = re.compile(r"(\d{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
# A page's date is a word or two; anything longer is not one, and would only cost time.
_MAX_LENGTH = 60
# With dots and hyphens the day comes first wherever the year comes last; with slashes that depends on the country.
_DAY_FIRST = re.compile(r"\s*\d{1,2}([.-])\d{1,2}\1\d{4}\b")
_ZONES = {
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "BST": 1, "CET": 1, "CEST": 2, "MEZ": 1, "MESZ": 2, "EET": 2, "EEST": 3,
    "IST": 5.5, "JST": 9, "KST": 9, "AEST": 10,
}  # fmt: skip


def parse_span(text: str) -> timedelta:
    """Read a length of time such as ``30m``, ``6h``, ``2d`` or ``1w``.

    Raises:
        ValueError: ``text`` is not one.
    """
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a length of time")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def parse_moment(text: str, now: datetime | None = None) -> datetime:
    """Read what a person gives as ``since`` or ``until``: a length of time before now, or a date.

    Args:
        text: such as ``2d``, ``2025-01-31`` or ``2025-01-31T12:00+01:00``; UTC where no zone is given.
        now: what a length of time counts back from; the clock by default.

    Raises:
        ValueError: ``text`` is neither; the message says what would be.
    """
    try:
        return (now or datetime.now(UTC)) - parse_span(text)
    except (ValueError, OverflowError):
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is neither a length of time such as 2d nor a date such as 2025-01-31") from None
    return _utc(moment)


def parse_date(text: object) -> datetime | None:
    """Read a date as feeds, sitemaps and pages write it (ISO 8601, RFC 2822 and their many cousins).

    Args:
        text: what stands there; None and other types than str are no date.

    Returns:
        The moment in the zone in which it is written, so that its day is the publisher's, or None. A date without a
        zone is taken as UTC.
    """
    if not isinstance(text, str) or not (text := text.strip()) or len(text) > _MAX_LENGTH:
        return None
    try:
        return _zoned(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    # dateutil fills what a text lacks from today, so a text without a year of its own would become a date.
    if not re.search(r"\d{4}", text):
        return None
    try:
        return _zoned(dateutil_parser.parse(text, dayfirst=bool(_DAY_FIRST.match(text)), tzinfos=_offset))
    except (ValueError, OverflowError, TypeError):
        return None


def _offset(name: str | None, seconds: int | None) -> tz.tzoffset | None:
    if seconds is None and name in _ZONES:
        seconds = int(_ZONES[name] * 3600)
    return None if seconds is None else tz.tzoffset(name, seconds)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _zoned(moment: datetime) -> datetime:
    offset = moment.utcoffset()
    return moment.replace(tzinfo=timezone(offset) if offset else UTC)
