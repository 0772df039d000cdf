"""Tries again what may pass, when the site says so, and lets go of a host that has stopped answering."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import DownloadTimeoutError, IgnoreRequest

if TYPE_CHECKING:
    from scrapy.http import Request, Response
    from scrapy.settings import BaseSettings

_BUSY = (429, 503)


class PatientRetryMiddleware(RetryMiddleware):
    """Scrapy's own, and beyond it: waits as long as Retry-After asks, and gives up a host rather than each page of it.

    A host that asks for more patience than ``RETRY_AFTER_MAX``, or fails ``HOST_MAX_FAILURES`` times without one
    answer in between, is asked for nothing more in this crawl. A page that took too long is tried once more only.

    Counts ``retry/waited`` (requests held back), ``retry/host_given_up`` (hosts) and ``retry/not_asked`` (requests to
    these).

    Settings: those of Scrapy's, ``RETRY_AFTER_MAX``, ``HOST_MAX_FAILURES``.
    """

    def __init__(self, settings: BaseSettings) -> None:
        super().__init__(settings)
        self._max_wait = settings.getfloat("RETRY_AFTER_MAX")
        self._max_failures = settings.getint("HOST_MAX_FAILURES")
        self._free_at: dict[str, float] = {}
        self._failures: Counter[str] = Counter()
        self._given_up: set[str] = set()

    async def process_request(self, request: Request) -> None:
        """Hold a request back until its host wants it.

        Raises:
            IgnoreRequest: its host was given up.
        """
        host = urlsplit(request.url).netloc
        while host not in self._given_up and (wait := self._free_at.get(host, 0.0) - time.monotonic()) > 0:
            self.crawler.stats.inc_value("retry/waited")
            await asyncio.sleep(wait)
        if host in self._given_up:
            self.crawler.stats.inc_value("retry/not_asked")
            raise IgnoreRequest(f"{host} was given up")

    def process_response(self, request: Request, response: Response) -> Request | Response:  # type: ignore[override]
        """Note what the host asks for, and try again what may pass."""
        host = urlsplit(request.url).netloc
        self._failures.pop(host, None)
        if response.status in _BUSY and (wait := _seconds(response)):
            if wait > self._max_wait:
                self._give_up(host)
                return response
            self._free_at[host] = time.monotonic() + wait
        return super().process_response(request, response)

    def process_exception(  # type: ignore[override]
        self, request: Request, exception: Exception
    ) -> Request | Response | None:
        """Count failures of the host, and try again what may pass."""
        if not isinstance(exception, self.exceptions_to_retry):
            return None
        host = urlsplit(request.url).netloc
        self._failures[host] += 1
        if self._failures[host] >= self._max_failures:
            self._give_up(host)
        if host in self._given_up or (isinstance(exception, DownloadTimeoutError) and request.meta.get("retry_times")):
            return None
        return super().process_exception(request, exception)

    def _give_up(self, host: str) -> None:
        if host not in self._given_up:
            self._given_up.add(host)
            self.crawler.stats.inc_value("retry/host_given_up")


def _seconds(response: Response) -> float:
    """Read Retry-After: seconds from now; 0 where there is none that makes sense."""
    text = (response.headers.get("Retry-After") or b"").decode("latin-1").strip()
    if text.isdecimal():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return max((moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
