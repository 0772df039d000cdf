"""The Prometheus endpoint of a crawl."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import NotConfigured

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class Metrics:
    """Serves the figures of the crawl to Prometheus while it runs.

    Off unless ``METRICS_PORT`` gives a port, or a range of which each crawl on the machine takes the first
    that is free. Needs prometheus-client, of the extra ``service``. A crawl whose endpoint cannot be opened
    goes on without it, and says so.

    Settings: ``METRICS_PORT``, ``METRICS_HOST``, ``METRICS_USER``, ``METRICS_PASSWORD``.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.get("METRICS_PORT"):
            raise NotConfigured
        try:
            from prometheus_client import CollectorRegistry

            from crawler.metrics import CrawlCollector, MetricsEndpoint, MetricsError
        except ImportError:
            raise NotConfigured("METRICS_PORT needs prometheus-client: pip install 'broadsheet[service]'") from None
        registry = CollectorRegistry()
        registry.register(CrawlCollector(crawler))
        try:
            self._endpoint = MetricsEndpoint.from_settings(crawler.settings, registry)
        except MetricsError as error:
            raise NotConfigured(str(error)) from None
        crawler.signals.connect(self._opened, signals.spider_opened)
        crawler.signals.connect(self._endpoint.close, signals.engine_stopped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    def _opened(self) -> None:
        logger.info("Metrics: %s", self._endpoint.url)
