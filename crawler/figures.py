"""The figures of a crawl, read from its stats."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, cast

from classifier import LABELS

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy.crawler import Crawler

    from crawler.spiders.publisher import PublisherSpider


@dataclass(frozen=True, slots=True)
class Figures:
    """What a crawl has done so far.

    Attributes:
        publisher: as in `crawler.items.Article`.
        job: id of the crawl.
        started_at: UTC.
        arguments: what it was asked for, as given: since, until, limit, urls.
        reason: why it ended; empty while it runs.
        found: different article addresses.
        fetched: article pages whose body was fetched.
        stored: new articles.
        changed: articles of which a new revision was stored.
        unchanged: articles that are in the store as they are on the site.
        not_articles: fetched pages that turned out not to be articles.
        dropped: articles that were not valid.
        failed: pages that could not be fetched, read or stored.
        blocks: number of blocks by label, over the pages read in this crawl.
        articles: pages that were read and are articles, whether or not they are new to the store.
        median_words: words of their texts, the median; 0 without articles.
        mean_confidence: 0..1, of their pages; 0 without articles.
    """

    publisher: str
    job: str
    started_at: datetime | None
    arguments: dict[str, str]
    reason: str
    found: int
    fetched: int
    stored: int
    changed: int
    unchanged: int
    not_articles: int
    dropped: int
    failed: int
    blocks: dict[str, int]
    articles: int
    median_words: float
    mean_confidence: float

    def as_record(self) -> dict[str, Any]:
        """Return the figures as they are kept in the collection ``crawls``."""
        return asdict(self)


def figures_of(crawler: Crawler, reason: str = "") -> Figures:
    """Read the figures of a crawl.

    Args:
        crawler: whose spider is a `PublisherSpider`.
        reason: why it ended.
    """
    stats = crawler.stats.get_stats()
    spider = cast("PublisherSpider", crawler.spider)

    def number(*names: str) -> int:
        return sum(int(stats.get(name, 0)) for name in names)

    def numbers(prefix: str) -> int:
        return sum(int(value) for name, value in stats.items() if name.startswith(prefix))

    return Figures(
        publisher=spider.publisher_name,
        job=spider.job,
        started_at=stats.get("start_time"),
        arguments=spider.asked,
        reason=reason,
        found=number("articles/found"),
        fetched=number("articles/fetched"),
        stored=number("store/stored"),
        changed=number("store/changed"),
        unchanged=number("store/unchanged"),
        not_articles=numbers("articles/not_article/"),
        dropped=numbers("validate/dropped/"),
        failed=numbers("articles/failed/")
        + number("classify/failed", "store/failed", "store/refused", "store/spooled"),
        blocks={label: number(f"classify/blocks/{label}") for label in LABELS},
        articles=number("texts/articles"),
        median_words=float(stats.get("texts/median_words", 0)),
        mean_confidence=float(stats.get("texts/mean_confidence", 0)),
    )
