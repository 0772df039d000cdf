"""Pages that have not changed are not fetched again."""

from __future__ import annotations

from dataclasses import replace
from datetime import time, timedelta
from typing import TYPE_CHECKING, cast

from scrapy.exceptions import IgnoreRequest

from crawler.pipelines.classify import ClassifyPipeline
from crawler.pipelines.store import StorePipeline
from crawler.spiders.publisher import NotModified
from crawler.store import StoreError

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response

    from crawler.spiders.publisher import PublisherSpider
    from crawler.store import Visit


class ConditionalRequestMiddleware:
    """Asks for an article page that was fetched before only if it changed since.

    Sends If-None-Match and If-Modified-Since with what the page gave at its last visit; a 304 updates the article's
    ``crawl`` facts. A page that a sitemap dates before its last visit is not asked for at all, and neither is one
    that this crawl visited before it was cut off. What was no article is read anew by another model.

    Counts ``conditional/sent``, ``conditional/not_modified``, ``conditional/skipped`` and ``conditional/resumed``; all
    but the first also count as ``store/unchanged``, or as ``articles/not_article/unchanged``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Add the validators of the last visit.

        Raises:
            NotModified: the page need not be asked for.
            IgnoreRequest: the store is out of reach.
        """
        if not request.meta.get("article") or (pipeline := self._store()) is None:
            return
        # A redirect takes along what was meant for the address before.
        for name in ("If-None-Match", "If-Modified-Since"):
            request.headers.pop(name, None)
        request.meta.pop("visit", None)
        try:
            visit = await pipeline.call(pipeline.store.visits.get, request.url)
        except StoreError:
            raise IgnoreRequest("The store is out of reach") from None
        if visit is None or self._is_read_by_another_model(visit):
            return
        if visit.job == self._spider.job:
            self._count("resumed", visit)
            raise NotModified("Visited before the crawl was cut off")
        if _unchanged_since(request.meta.get("modified"), visit.fetched_at):
            self._count("skipped", visit)
            raise NotModified(f"Not modified since {visit.fetched_at:%Y-%m-%d %H:%M} UTC")
        if visit.etag:
            request.headers["If-None-Match"] = visit.etag
        if visit.last_modified:
            request.headers["If-Modified-Since"] = visit.last_modified
        if visit.etag or visit.last_modified:
            request.meta["visit"] = visit
            self._crawler.stats.inc_value("conditional/sent")

    async def process_response(self, request: Request, response: Response) -> Response:
        """Note a 304 in the store.

        Raises:
            NotModified: the answer is a 304.
            IgnoreRequest: the store is out of reach.
        """
        visit: Visit | None = request.meta.get("visit")
        if response.status != 304 or visit is None or (pipeline := self._store()) is None:
            return response
        fetch = self._spider.fetch_of(response)
        # A 304 may leave out the validators that it confirms.
        fetch.etag = fetch.etag or visit.etag
        fetch.last_modified = fetch.last_modified or visit.last_modified
        news = replace(
            visit,
            job=fetch.job,
            fetched_at=fetch.fetched_at,
            etag=fetch.etag,
            last_modified=fetch.last_modified,
        )
        try:
            if visit.article:
                await pipeline.call(pipeline.store.touch, visit.article, fetch)
            await pipeline.call(pipeline.store.visits.note, news)
        except StoreError:
            raise IgnoreRequest("The store is out of reach") from None
        self._count("not_modified", visit)
        raise NotModified("304 Not Modified")

    @property
    def _spider(self) -> PublisherSpider:
        return cast("PublisherSpider", self._crawler.spider)

    def _store(self) -> StorePipeline | None:
        return self._crawler.get_item_pipeline(StorePipeline)

    def _is_read_by_another_model(self, visit: Visit) -> bool:
        reader = self._crawler.get_item_pipeline(ClassifyPipeline)
        return visit.article is None and reader is not None and visit.classifier not in (None, reader.version)

    def _count(self, event: str, visit: Visit) -> None:
        self._crawler.stats.inc_value(f"conditional/{event}")
        self._crawler.stats.inc_value("store/unchanged" if visit.article else "articles/not_article/unchanged")


def _unchanged_since(modified: datetime | None, fetched_at: datetime) -> bool:
    if modified is None:
        return False
    # A date without a time means some moment of that day.
    if modified.time() == time():
        modified += timedelta(days=1)
    return modified < fetched_at
