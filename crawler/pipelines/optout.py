"""Opt out: pages that reserve themselves are not kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crawler.middlewares.optout import respected_of
from crawler.pipelines import PassedOver
from crawler.rights import opt_out

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from crawler.items import Article


class OptOutPipeline:
    """Drops pages that opt out in a way that is to be respected, by what is known of them so far: their headers.

    Counts ``rights/respected/NAME``.

    Settings: ``RESPECT_OPT_OUT``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._stats = crawler.stats
        self._respected = respected_of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline."""
        return cls(crawler)

    def process_item(self, item: Article) -> Article:
        """Check what the page says.

        Raises:
            PassedOver: it is not to be kept.
        """
        if name := opt_out(item.rights, self._respected):
            self._stats.inc_value(f"rights/respected/{name}")
            raise PassedOver(f"The publisher opts out ({name}): {item.url}")
        return item


class ReadPageOptOutPipeline(OptOutPipeline):
    """The same for what the head of the page says, which is known when the page has been read."""
