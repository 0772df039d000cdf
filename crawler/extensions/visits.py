"""Remembers what came of each page that was fetched."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from scrapy import signals

from crawler.pipelines import PassedOver
from crawler.pipelines.classify import ClassifyPipeline
from crawler.pipelines.store import StorePipeline
from crawler.store import StoreError, Visit

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.items import Article


class Visits:
    """Notes each page in the store's ``visits`` when all is done with it, for the next crawl to ask only for news.

    A page that could not be read or stored is not noted and will be fetched again.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        crawler.signals.connect(self._kept, signals.item_scraped)
        crawler.signals.connect(self._dropped, signals.item_dropped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    async def _kept(self, item: Article) -> None:
        await self._note(item, item.canonical_url)

    async def _dropped(self, item: Article, exception: Exception) -> None:
        if isinstance(exception, PassedOver):
            await self._note(item, None)

    async def _note(self, item: Article, article: str | None) -> None:
        pipeline = self._crawler.get_item_pipeline(StorePipeline)
        reader = self._crawler.get_item_pipeline(ClassifyPipeline)
        if pipeline is None:
            return
        visit = Visit(
            url=item.url,
            job=item.crawl.job,
            fetched_at=item.crawl.fetched_at,
            etag=item.crawl.etag,
            last_modified=item.crawl.last_modified,
            article=article,
            classifier=reader.version if reader else None,
        )
        # Without it the page is fetched once more.
        with suppress(StoreError):
            await pipeline.call(pipeline.store.visits.note, visit)
