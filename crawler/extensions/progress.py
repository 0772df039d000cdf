"""A line that tells how the crawl goes: on the terminal, or now and then in the log."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import create_looping_call
from scrapy.utils.log import get_scrapy_root_handler

from crawler.figures import figures_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.utils.asyncio import AsyncioLoopingCall
    from twisted.internet.task import LoopingCall

    from crawler.figures import Figures


logger = logging.getLogger(__name__)


class Progress:
    """Tells of found, fetched, stored, unchanged and failed pages and pages per second while the crawl runs.

    On a terminal it is a line that stays; elsewhere a line of JSON in the log every ``PROGRESS_INTERVAL`` seconds and
    at the end. ``PROGRESS_ENABLED = False`` switches both off.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("PROGRESS_ENABLED", True):
            raise NotConfigured
        self._crawler = crawler
        self._since = time.monotonic()
        self._interval = crawler.settings.getfloat("PROGRESS_INTERVAL")
        self._ticker: AsyncioLoopingCall | LoopingCall | None = None
        self._live: Live | None = None
        if sys.stderr.isatty():
            self._live = Live(
                console=Console(stderr=True),
                get_renderable=self._line,
                refresh_per_second=4,
                transient=True,
                redirect_stdout=False,
            )
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    def _opened(self) -> None:
        self._since = time.monotonic()
        if self._live:
            self._live.start()
            self._log_to_stderr()
        else:
            self._ticker = create_looping_call(self._log)
            self._ticker.start(self._interval, now=False)

    def _closed(self) -> None:
        if self._live:
            self._live.stop()
            self._log_to_stderr()
        if self._ticker:
            self._ticker.stop()
            self._log()

    def _log(self) -> None:
        figures = figures_of(self._crawler)
        shown = ("publisher", "job", "found", "fetched", "stored", "changed", "unchanged", "failed")
        line = {name: getattr(figures, name) for name in shown}
        logger.info("%s", json.dumps({**line, "pages_per_second": round(self._rate(figures), 1)}, ensure_ascii=False))

    def _rate(self, figures: Figures) -> float:
        return (figures.fetched + figures.unchanged) / max(time.monotonic() - self._since, 0.1)

    @staticmethod
    def _log_to_stderr() -> None:
        # While the line is shown, what goes to stderr is printed above it, if it goes to the stderr of now.
        handler = get_scrapy_root_handler()
        if handler is not None and hasattr(handler, "setStream") and not hasattr(handler, "baseFilename"):
            handler.setStream(sys.stderr)

    def _line(self) -> Text:
        figures = figures_of(self._crawler)
        return Text.assemble(
            (f"{figures.publisher}  ", "bold"),
            f"found {figures.found}  fetched {figures.fetched}  ",
            (f"stored {figures.stored + figures.changed}  ", "green"),
            f"unchanged {figures.unchanged}  ",
            (f"failed {figures.failed}  ", "red" if figures.failed else ""),
            (f"{self._rate(figures):.1f} pages/s", "dim"),
        )
