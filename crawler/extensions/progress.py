"""A line on the terminal that tells how the crawl goes."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.text import Text
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.log import get_scrapy_root_handler

from crawler.figures import figures_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


class Progress:
    """Shows found, fetched, stored, unchanged and failed pages and pages per second while the crawl runs.

    Only on a terminal; ``PROGRESS_ENABLED = False`` switches it off there too.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("PROGRESS_ENABLED", True) or not sys.stderr.isatty():
            raise NotConfigured
        self._crawler = crawler
        self._since = time.monotonic()
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
        self._live.start()
        self._log_to_stderr()

    def _closed(self) -> None:
        self._live.stop()
        self._log_to_stderr()

    @staticmethod
    def _log_to_stderr() -> None:
        # While the line is shown, what goes to stderr is printed above it, if it goes to the stderr of now.
        handler = get_scrapy_root_handler()
        if handler is not None and hasattr(handler, "setStream") and not hasattr(handler, "baseFilename"):
            handler.setStream(sys.stderr)

    def _line(self) -> Text:
        figures = figures_of(self._crawler)
        rate = (figures.fetched + figures.unchanged) / max(time.monotonic() - self._since, 0.1)
        return Text.assemble(
            (f"{figures.publisher}  ", "bold"),
            f"found {figures.found}  fetched {figures.fetched}  ",
            (f"stored {figures.stored + figures.changed}  ", "green"),
            f"unchanged {figures.unchanged}  ",
            (f"failed {figures.failed}  ", "red" if figures.failed else ""),
            (f"{rate:.1f} pages/s", "dim"),
        )
