"""Keeps the distance between requests that a site's robots.txt asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Request
    from scrapy.robotstxt import RobotParser


class CrawlDelay:
    """Obeys Crawl-delay: one request at a time, and never less than the delay between two.

    AutoThrottle may still be slower, never faster.

    Counts ``crawl_delay/hosts``.

    Settings: ``CRAWL_DELAY_MAX``, the longest delay that is kept (seconds); ``ROBOTSTXT_OBEY`` switches it off.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self._crawler = crawler
        self._max = crawler.settings.getfloat("CRAWL_DELAY_MAX")
        self._agent = crawler.settings["ROBOTSTXT_USER_AGENT"]
        self._delays: dict[str, float] = {}
        crawler.signals.connect(self._robots_parsed, signals.robots_parsed)
        crawler.signals.connect(self._keep, signals.request_reached_downloader)
        # After AutoThrottle, which was connected before and may have shortened the delay.
        crawler.signals.connect(self._keep, signals.response_downloaded)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    def _robots_parsed(self, robotparser: RobotParser, request: Request) -> None:
        delay = robotparser.crawl_delay(self._agent)
        slot = self._crawler.engine.downloader.get_slot_key(request)
        if delay and slot not in self._delays:
            self._crawler.stats.inc_value("crawl_delay/hosts")
            self._delays[slot] = min(delay, self._max)

    def _keep(self, request: Request) -> None:
        key: str = request.meta.get("download_slot", "")
        slot = self._crawler.engine.downloader.slots.get(key)
        if slot is not None and key in self._delays:
            slot.delay = max(slot.delay, self._delays[key])
            slot.jitter = 0.0
            slot.concurrency = 1
