"""Validate: what is stored is an article of this publisher, of the time that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from scrapy.exceptions import DropItem

from crawler.addresses import site_of
from crawler.items import content_hash_of
from crawler.pipelines import PassedOver

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.items import Article
    from crawler.spiders.publisher import PublisherSpider


class ValidatePipeline:
    """Drops what lacks a text, a title or an address, and articles outside ``since`` and ``until``.

    Counts ``validate/dropped/REASON``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline."""
        return cls(crawler)

    def process_item(self, item: Article) -> Article:
        """Check an article and give it its content hash.

        Raises:
            PassedOver: the page lacks what an article has.
            DropItem: it is not of the time asked for.
        """
        if reason := self._reason_against(item):
            self._crawler.stats.inc_value(f"validate/dropped/{reason}")
            kind = DropItem if reason in ("too_old", "too_young") else PassedOver
            raise kind(f"Not valid ({reason}): {item.url}")
        item.content_hash = content_hash_of(item.title, item.text)
        return item

    def _reason_against(self, item: Article) -> str:
        if not item.text.strip():
            return "no_text"
        if not item.title:
            return "no_title"
        if not item.canonical_url or site_of(item.canonical_url) != site_of(item.url):
            return "no_address"
        arguments = cast("PublisherSpider", self._crawler.spider).arguments
        if (
            item.published_at
            and arguments.since
            and max(item.published_at, item.modified_at or item.published_at) < arguments.since
        ):
            return "too_old"
        if item.published_at and arguments.until and item.published_at > arguments.until:
            return "too_young"
        return ""
