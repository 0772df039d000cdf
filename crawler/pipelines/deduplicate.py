"""Deduplicate: links articles that say nearly the same to the one that was published first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem

from crawler.pipelines.store import StorePipeline
from crawler.similarity import is_nearly_same
from crawler.store import StoreError

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.items import Article


class DeduplicatePipeline:
    """Looks for stored articles of nearly the same text, at this publisher or another, and links them.

    It comes after the store: of two articles that are crawled at the same time, the one that is looked up last finds
    the other. Nothing is dropped; ``duplicate_of`` names the original.

    Counts ``duplicates/linked``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline."""
        return cls(crawler)

    async def process_item(self, item: Article) -> Article:
        """Link an article.

        Raises:
            DropItem: the store is out of reach.
        """
        pipeline = self._crawler.get_item_pipeline(StorePipeline)
        if pipeline is None:
            return item
        try:
            item.duplicate_of = await pipeline.call(pipeline.store.duplicates.link, item.canonical_url, is_nearly_same)
        except StoreError:
            raise DropItem(f"Duplicates not looked for: {item.url}") from None
        if item.duplicate_of:
            self._crawler.stats.inc_value("duplicates/linked")
        return item
