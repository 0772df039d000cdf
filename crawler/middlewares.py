"""Downloader middlewares: pages that have not changed are not fetched again."""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING, cast

from scrapy.exceptions import IgnoreRequest

from crawler.pipelines.store import StorePipeline
from crawler.spiders.publisher import NotModified
from crawler.store import StoreError

if TYPE_CHECKING:
    from datetime import datetime
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Request, Response

    from crawler.spiders.publisher import PublisherSpider


class ConditionalRequestMiddleware:
    """Asks for an article that is in the store only if it changed since.

    Sends If-None-Match and If-Modified-Since with the article's ETag and Last-Modified; a 304 updates the
    article's ``crawl`` facts. An article that a sitemap dates before its last fetch is not asked for at all.

    Counts ``conditional/sent``, ``conditional/not_modified`` and ``conditional/skipped``; the latter two also
    count as ``store/unchanged``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Add the validators of the stored article.

        Raises:
            NotModified: the site says that it did not change since it was fetched.
            IgnoreRequest: the store is out of reach.
        """
        if not request.meta.get("article") or (pipeline := self._pipeline()) is None:
            return
        try:
            known = await pipeline.call(pipeline.store.validators, [request.url])
        except StoreError:
            raise IgnoreRequest("The store is out of reach") from None
        if request.url not in known:
            return
        etag, last_modified, fetched_at = known[request.url]
        if _unchanged_since(request.meta.get("modified"), fetched_at):
            self._count("skipped")
            raise NotModified(f"Not modified since {fetched_at:%Y-%m-%d %H:%M} UTC")
        if etag:
            request.headers["If-None-Match"] = etag
        if last_modified:
            request.headers["If-Modified-Since"] = last_modified
        if etag or last_modified:
            self._crawler.stats.inc_value("conditional/sent")

    async def process_response(self, request: Request, response: Response) -> Response:
        """Note a 304 in the store.

        Raises:
            NotModified: the answer is a 304.
            IgnoreRequest: the store is out of reach.
        """
        if response.status != 304 or not request.meta.get("article") or (pipeline := self._pipeline()) is None:
            return response
        fetch = cast("PublisherSpider", self._crawler.spider).fetch_of(response)
        # A 304 may leave out the validators that it confirms.
        fetch.etag = fetch.etag or _sent(request, "If-None-Match")
        fetch.last_modified = fetch.last_modified or _sent(request, "If-Modified-Since")
        try:
            await pipeline.call(pipeline.store.touch, request.url, fetch)
        except StoreError:
            raise IgnoreRequest("The store is out of reach") from None
        self._count("not_modified")
        raise NotModified("304 Not Modified")

    def _pipeline(self) -> StorePipeline | None:
        return self._crawler.get_item_pipeline(StorePipeline)

    def _count(self, event: str) -> None:
        self._crawler.stats.inc_value(f"conditional/{event}")
        self._crawler.stats.inc_value("store/unchanged")


def _unchanged_since(modified: datetime | None, fetched_at: datetime) -> bool:
    if modified is None:
        return False
    # A date without a time means some moment of that day.
    if modified.time() == time():
        modified += timedelta(days=1)
    return modified < fetched_at


def _sent(request: Request, name: str) -> str | None:
    value = request.headers.get(name)
    return value.decode("latin-1") if value else None
