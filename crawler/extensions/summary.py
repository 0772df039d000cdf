"""A table at the end of the crawl that tells what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from scrapy import signals
from scrapy.exceptions import NotConfigured

from crawler.figures import figures_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Spider
    from scrapy.crawler import Crawler

    from crawler.figures import Figures


class Summary:
    """Prints pages, articles and blocks of each label when the crawl ends, and why if a publisher gave nothing.

    ``SUMMARY_ENABLED = False`` switches it off.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("SUMMARY_ENABLED", True):
            raise NotConfigured
        self._crawler = crawler
        crawler.signals.connect(self._closed, signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension."""
        return cls(crawler)

    def _closed(self, spider: Spider, reason: str) -> None:
        figures = figures_of(self._crawler, reason)
        console = Console(stderr=True)
        if figures.found:
            console.print(table_of(figures))
        if reason == "finished" and not (figures.stored or figures.changed or figures.unchanged):
            console.print(f"{figures.publisher} gave nothing: {self._why(figures)}.", style="yellow", markup=False)

    def _why(self, figures: Figures) -> str:
        """Name the reasons that the stats give, the most frequent first."""
        if not figures.found:
            prefixes: tuple[str, ...] = ("listings/failed/", "articles/skipped/")
            nothing = "its sources name no article"
        else:
            prefixes = ("articles/failed/", "articles/not_article/", "rights/respected/", "validate/dropped/")
            nothing = "no page was an article"
        stats = self._crawler.stats.get_stats()
        reasons = sorted((name for name in stats if name.startswith(prefixes)), key=lambda name: -stats[name])
        return ", ".join([nothing, *(f"{name} {stats[name]}" for name in reasons[:4])])


def table_of(figures: Figures) -> Table:
    """Make the table of a crawl: its pages by what became of them, and their blocks by label."""
    table = Table(title=f"Crawl of {figures.publisher}", title_justify="left", box=None, padding=(0, 1, 0, 0))
    row = {
        "pages": figures.fetched,
        "new": figures.stored,
        "changed": figures.changed,
        "unchanged": figures.unchanged,
        "others": figures.not_articles + figures.dropped,
        "failed": figures.failed,
        **figures.blocks,
    }
    for name in row:
        table.add_column(name, justify="right")
    table.add_row(*map(str, row.values()))
    return table
