"""Store: writes articles to MongoDB."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from scrapy import signals
from scrapy.exceptions import CloseSpider, DropItem

from crawler.figures import figures_of
from crawler.store import RefusedError, Store, StoreError
from crawler.store.retention import Retention
from crawler.store.spool import Spool, replay, spool_folder_of
from crawler.store.writer import Manners, SpooledError, Writer

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from crawler.items import Article

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)


class StorePipeline:
    """Writes each article to the store, and the crawl's figures at its end.

    An item leaves this pipeline when the database has acknowledged it, on the disks of a majority of its
    servers. Until then it lies in a spool on this machine's disk. While the database is away the crawl holds
    back; when it does not return, the crawl ends, and the spool keeps what is missing: the next crawl, or
    ``scrapy store replay``, writes it. So does the crawl after one that was killed.

    Counts ``store/stored``, ``store/changed``, ``store/unchanged``; ``store/refused`` for articles that the
    store cannot hold; ``store/spooled`` for those that wait on the disk; ``store/failed`` for what is neither
    here nor there; ``store/replayed`` for those of earlier crawls; ``store/batches`` and ``store/held_back``.

    Settings: ``MONGO_URI``, ``MONGO_DATABASE``, ``STORE_BATCH_SIZE``, ``STORE_BATCH_SECONDS``,
    ``STORE_PATIENCE``, ``STORE_TIMEOUT``, ``SPOOL_DIR``, ``PAGES_KEEP_DAYS``, ``PAGES_KEEP_DAYS_BY_PUBLISHER``.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        self._crawler = crawler
        self._manners = Manners(
            batch_size=settings.getint("STORE_BATCH_SIZE"),
            batch_seconds=settings.getfloat("STORE_BATCH_SECONDS"),
            patience=settings.getfloat("STORE_PATIENCE"),
            timeout=settings.getfloat("STORE_TIMEOUT"),
        )
        self._retention = Retention()
        self._spools = spool_folder_of(settings)
        self._spool = Spool(self._spools)
        self._store: Store | None = None
        self._writer: Writer | None = None
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
        """Open the store, and write what earlier crawls left behind.

        Raises:
            CloseSpider: the store is out of reach, or a setting is not understood.
        """
        try:
            self._retention = Retention.from_settings(self._crawler.settings)
            self._store = await asyncio.to_thread(Store.from_settings, self._crawler.settings)
            await asyncio.to_thread(self._replay)
        except StoreError as error:
            logger.error("%s", error)
            raise CloseSpider("store_unreachable") from None
        self._writer = Writer(
            self._store,
            self._spool,
            self._manners,
            is_stopping=lambda: not self._crawler.crawling,
            count=lambda event: self._crawler.stats.inc_value(f"store/{event}"),
        )
        self._writer.start()

    async def process_item(self, item: Article) -> Article:
        """Write an article.

        Raises:
            DropItem: the store refuses it, or is out of reach.
        """
        assert self._writer
        try:
            outcome = await self._writer.write(item, keep_page=self._retention.keeps(item.publisher))
        except RefusedError as error:
            self._crawler.stats.inc_value("store/refused")
            logger.warning("%s", error)
            raise DropItem(f"Refused by the store: {item.url}") from None
        except SpooledError as error:
            self._crawler.stats.inc_value("store/spooled")
            self.give_up(error)
            raise DropItem(f"Kept in the spool: {item.url}") from None
        except StoreError as error:
            self._crawler.stats.inc_value("store/failed")
            self.give_up(error)
            raise DropItem(f"Not stored: {item.url}") from None
        self._crawler.stats.inc_value(f"store/{outcome}")
        return item

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of `store`; while the database is away, the caller is held back.

        Raises:
            RefusedError: what was to be written cannot be.
            StoreError: the database did not come back, and the crawl ends.
        """
        assert self._writer
        try:
            return await self._writer.call(function, *args, **kwargs)
        except RefusedError:
            raise
        except StoreError as error:
            self.give_up(error)
            raise

    def give_up(self, error: StoreError) -> None:
        """End the crawl, because the store is out of reach; pages under way are still spooled and counted."""
        if self._closing is None:
            logger.error("%s", error)
            # Not awaited: the spider closes only when what is under way is done.
            self._closing = asyncio.ensure_future(self._crawler.engine.close_spider_async(reason="store_unreachable"))

    def _replay(self) -> None:
        replayed = replay(self._spools, self.store.write_records)
        if replayed.written:
            self._crawler.stats.inc_value("store/replayed", replayed.written)
            logger.info("Stored %d articles that an earlier crawl had left in %s", replayed.written, self._spools)
        if replayed.refused:
            kept = ", ".join(map(str, replayed.kept_in))
            logger.warning("%d articles of an earlier crawl cannot be stored; they lie in %s", replayed.refused, kept)

    async def close_spider(self) -> None:
        """Write what waits."""
        if self._writer:
            await self._writer.close()

    async def _spider_closed(self, spider: Spider, reason: str) -> None:
        if not self._store:
            return
        figures = figures_of(self._crawler, reason)
        try:
            await asyncio.to_thread(self._store.record_crawl, figures.as_record())
            if pruned := await asyncio.to_thread(self._store.prune, self._retention):
                logger.info("Deleted %d raw pages that were older than PAGES_KEEP_DAYS allows", pruned)
        except StoreError as error:
            logger.error("%s", error)
        finally:
            await asyncio.to_thread(self._store.close)
            if waiting := self._spool.waiting:
                logger.error(
                    "%d articles are not in the database. They lie in %s: `scrapy store replay` writes them when the "
                    "database is back, and so does the next crawl",
                    waiting,
                    self._spool.folder,
                )
            await asyncio.to_thread(self._spool.close)
