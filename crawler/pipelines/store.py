"""Store: writes articles to MongoDB."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.exceptions import CloseSpider, DropItem

from crawler.figures import figures_of
from crawler.store import RefusedError, Store, StoreError

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from crawler.items import Article

logger = logging.getLogger(__name__)


class StorePipeline:
    """Writes each article to the store, and the crawl's figures at its end.

    Counts ``store/stored``, ``store/changed``, ``store/unchanged``, and ``store/refused`` for articles that
    the store cannot hold. A crawl does not begin when the store is out of reach, and ends when it goes away,
    rather than fetch pages that nobody can keep.

    Settings: ``MONGO_URI``, ``MONGO_DATABASE``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._store: Store | None = None
        self._closing: asyncio.Future[None] | None = None
        # Not the pipeline's close_spider: the figures are complete only when every component has closed.
        crawler.signals.connect(self._spider_closed, signals.spider_closed)
        # At DEBUG the driver logs every document that it sends.
        logging.getLogger("pymongo").setLevel(logging.INFO)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline."""
        return cls(crawler)

    @property
    def store(self) -> Store:
        """The open store."""
        assert self._store, "the store is open while the spider is"
        return self._store

    async def open_spider(self) -> None:
        """Open the store.

        Raises:
            CloseSpider: it is out of reach.
        """
        try:
            self._store = await asyncio.to_thread(Store.from_settings, self._crawler.settings)
        except StoreError as error:
            logger.error("%s", error)
            raise CloseSpider("store_unreachable") from None

    async def process_item(self, item: Article) -> Article:
        """Write an article.

        Raises:
            DropItem: the store refuses it, or is out of reach.
        """
        try:
            outcome = await asyncio.to_thread(self.store.write, item)
        except RefusedError as error:
            self._crawler.stats.inc_value("store/refused")
            logger.warning("%s", error)
            raise DropItem(f"Refused by the store: {item.url}") from None
        except StoreError as error:
            self.give_up(error)
            raise DropItem(f"Not stored: {item.url}") from None
        self._crawler.stats.inc_value(f"store/{outcome}")
        return item

    def give_up(self, error: StoreError) -> None:
        """Note that the store is out of reach and end the crawl; pages under way are still counted."""
        self._crawler.stats.inc_value("store/failed")
        if self._closing is None:
            logger.error("%s", error)
            # Not awaited: the spider closes only when what is under way is done.
            self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="store_unreachable"))

    async def _spider_closed(self, spider: Spider, reason: str) -> None:
        if not self._store:
            return
        figures = figures_of(self._crawler, reason)
        try:
            await asyncio.to_thread(self._store.record_crawl, figures.as_record())
        except StoreError as error:
            logger.error("%s", error)
        finally:
            await asyncio.to_thread(self._store.close)
