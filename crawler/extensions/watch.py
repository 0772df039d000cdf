"""Watches over a publisher: compares each crawl with the ones before, and tells people when something changed."""

from __future__ import annotations

import asyncio
import heapq
import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.figures import figures_of
from crawler.items import Article
from crawler.store import Store, StoreError
from crawler.store.alerts import now

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.figures import Figures
    from crawler.monitors.channels import Channel
    from crawler.monitors.drift import Bounds

logger = logging.getLogger(__name__)

# Ends after which the figures say something about the machine, and nothing about the publisher.
_NO_RUN = ("store_", "model_")
_MAX_PAGES = 5  # to label, of articles and of dropped pages
_MAX_PAGE_BYTES = 2 * 2**20
_MAX_RUNS = 500


class Watch:
    """Compares the figures of a crawl with the publisher's own past when it ends, and keeps alerts in the store.

    An alert is told once, in the log, by webhook and e-mail as the settings say, and names pages to label; it stays
    open until the figure is back or a person accepts the change with ``scrapy alerts --accept``.

    Counts ``watch/judged``, ``watch/raised/FIGURE``, ``watch/over/FIGURE``, ``watch/told/CHANNEL``,
    ``watch/not_told/CHANNEL`` and ``watch/failed``.

    Off where Spidermon, of the extra ``service``, is not installed.

    Settings: ``WATCH_ENABLED``, ``WATCH_MIN_PAGES``, ``WATCH_MIN_RUNS``, and those of `crawler.monitors.channels`.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        if not settings.getbool("WATCH_ENABLED"):
            raise NotConfigured
        try:
            import requests  # noqa: F401
            import spidermon  # noqa: F401
        except ImportError:
            raise NotConfigured from None
        from crawler.monitors.channels import ChannelError, channels_of
        from crawler.monitors.drift import Bounds

        try:
            self._channels: Sequence[Channel] = channels_of(settings)
        except ChannelError as error:
            raise NotConfigured(str(error)) from None
        self._bounds: Bounds = Bounds(
            pages=max(1, settings.getint("WATCH_MIN_PAGES")), samples=max(2, settings.getint("WATCH_MIN_RUNS"))
        )
        self._crawler = crawler
        self._articles: list[tuple[float, int, Article]] = []
        self._dropped: list[Article] = []
        crawler.signals.connect(self._item_scraped, signals.item_scraped)
        crawler.signals.connect(self._item_dropped, signals.item_dropped)
        crawler.signals.connect(self._spider_closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    def _item_scraped(self, item: object) -> None:
        # The articles of which the classifier is least sure teach it most.
        if isinstance(item, Article) and len(item.html) <= _MAX_PAGE_BYTES:
            entry = (-item.confidence, id(item), item)
            if len(self._articles) < _MAX_PAGES:
                heapq.heappush(self._articles, entry)
            else:
                heapq.heappushpop(self._articles, entry)

    def _item_dropped(self, item: object) -> None:
        if isinstance(item, Article) and len(item.html) <= _MAX_PAGE_BYTES and len(self._dropped) < _MAX_PAGES:
            self._dropped.append(item)

    async def _spider_closed(self, reason: str) -> None:
        if reason.startswith(_NO_RUN):
            return
        figures = figures_of(self._crawler, reason)
        try:
            events = await asyncio.to_thread(self._inspect, figures)
        except StoreError as error:
            events = {"failed": 1}
            logger.error("The watch over %s failed: %s", figures.publisher, error)
        for name, count in events.items():
            self._crawler.stats.inc_value(f"watch/{name}", count)

    def _inspect(self, figures: Figures) -> dict[str, int]:
        from crawler.monitors.runs import Run
        from crawler.monitors.suite import Inspection, inspect

        asked = (figures.publisher, figures.arguments, figures.job, _MAX_RUNS)
        with Store.from_settings(self._crawler.settings) as store:
            inspection = Inspection(
                publisher=figures.publisher,
                job=figures.job,
                run=Run.from_record(figures.as_record()),
                recent=[Run.from_record(record) for record in store.alerts.recent_runs(*asked)],
                usual=[Run.from_record(record) for record in store.alerts.usual_runs(*asked)],
                bounds=self._bounds,
                now=now(),
                articles=[article for *_, article in sorted(self._articles, reverse=True)],
                dropped=self._dropped,
            )
            inspect(inspection, store.alerts, self._channels)
        inspection.events["judged"] = len(inspection.judgements)
        return dict(inspection.events)
