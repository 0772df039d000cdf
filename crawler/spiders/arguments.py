"""What a person may ask of a crawl with ``-a NAME=VALUE``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.dates import parse_moment

if TYPE_CHECKING:
    from datetime import datetime


class ArgumentError(ValueError):
    """A spider argument cannot be used; the message is one line for the user."""


@dataclass(frozen=True, slots=True)
class CrawlArguments:
    """The arguments of a crawl, read and checked.

    Attributes:
        since: older articles are left out (UTC).
        until: younger articles are left out (UTC).
        limit: at most so many article pages are fetched.
        urls: the article addresses to fetch in place of what the sources list.
    """

    since: datetime | None = None
    until: datetime | None = None
    limit: int | None = None
    urls: tuple[str, ...] | None = None

    @classmethod
    def read(
        cls,
        since: str | None = None,
        until: str | None = None,
        limit: str | int | None = None,
        urls: str | Path | None = None,
    ) -> CrawlArguments:
        """Read the arguments as they stand on the command line.

        Args:
            since: a length of time before now such as ``2d``, or a date.
            until: likewise; of a date without a time, the whole day counts.
            limit: a number above 0.
            urls: a text file with one address a line; empty lines and lines that begin with ``#`` are left
            out.

        Raises:
            ArgumentError: one of them cannot be used.
        """
        arguments = cls(
            since=_moment("since", since),
            until=_end("until", until),
            limit=_count("limit", limit),
            urls=_addresses("urls", urls),
        )
        if arguments.since and arguments.until and arguments.since >= arguments.until:
            raise ArgumentError(f"since={since} is not before until={until}: nothing could be found.")
        return arguments


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_moment(text)
    except ValueError as error:
        raise ArgumentError(f"{name}: {error}.") from None


def _end(name: str, text: str | None) -> datetime | None:
    moment = _moment(name, text)
    is_day = text is not None and len(text.strip()) == len("2025-01-31") and moment and moment.time() == time()
    return moment + timedelta(days=1) if moment and is_day else moment


def _count(name: str, text: str | int | None) -> int | None:
    if text is None:
        return None
    try:
        count = int(text)
    except ValueError:
        count = 0
    if count < 1:
        raise ArgumentError(f"{name}: {text!r} is not a number above 0.")
    return count


def _addresses(name: str, file: str | Path | None) -> tuple[str, ...] | None:
    if file is None:
        return None
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ArgumentError(f"{name}: {file} cannot be read ({reason}).") from None
    addresses = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    for address in addresses:
        if not address.startswith(("http://", "https://")):
            raise ArgumentError(f"{name}: {file}: {address!r} is not an address; begin it with https://.")
    if not addresses:
        raise ArgumentError(f"{name}: {file} holds no address.")
    return addresses
