"""The spider of a publisher: from its sources to its article pages."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import Request, Spider, signals
from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import Response, TextResponse
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.job import job_dir
from w3lib.encoding import http_content_type_encoding

from crawler import rendering
from crawler.addresses import is_other_page, normalise, site_of
from crawler.discovery import Address, Listing, ListingError, read_links, read_listing
from crawler.items import Article, Fetch, Rights
from crawler.middlewares.optout import OptedOut
from crawler.rights import joined, rights_of_headers
from crawler.spiders.arguments import ArgumentError, CrawlArguments
from crawler.story import join_pages, next_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from crawler.publishers import Publisher

# Articles before further listings, so that the frontier is worked off while it grows; fresh sources before
# archives.
_PRIORITY = {"next_page": 25, "article": 20, "news_sitemap": 15, "feed": 14, "section": 12, "sitemap": 10}

_ROBOTS = "robots_txt"


class NotModified(IgnoreRequest):
    """The page is in the store as it is on the site, so there was nothing to fetch."""


class PublisherSpider(Spider):
    """Crawls one publisher of the registry: ``scrapy crawl NAME``.

    Takes the arguments ``since``, ``until``, ``limit`` and ``urls``; see `CrawlArguments.read`.

    Counts under ``listings/``: ``fetched``, ``failed/REASON``, ``beyond_limit``; under ``articles/``:
    ``found`` (different addresses), ``skipped/REASON`` (not asked for), ``fetched``, ``failed/REASON``,
    ``not_article/REASON``.
    """

    publisher: Publisher

    @classmethod
    def check_arguments(cls, arguments: dict[str, str]) -> None:
        """Check the arguments of a crawl before it begins.

        Raises:
            ArgumentError: one of them cannot be used, or what the publisher needs is not installed.
        """
        publisher = getattr(cls, "publisher", None)
        if publisher is not None and publisher.render and (lack := rendering.missing()):
            raise ArgumentError(f"{publisher.key}: {lack}.")
        CrawlArguments.read(**{name: arguments.get(name) for name in ("since", "until", "limit", "urls")})

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Name the contact in the user agent and take over what the publisher's entry sets."""
        super().update_settings(settings)
        if contact := settings.get("CONTACT"):
            settings.set("USER_AGENT", f"{settings['USER_AGENT']} (+{contact})", priority="spider")
        publisher = getattr(cls, "publisher", None)
        if publisher is not None and publisher.delay is not None:
            settings.set("DOWNLOAD_DELAY", publisher.delay, priority="spider")
            # Who knows the site need not feel the way from a second downwards.
            settings.set("AUTOTHROTTLE_START_DELAY", publisher.delay, priority="spider")
        if publisher is not None and publisher.render:
            timeout = settings.getfloat("DOWNLOAD_TIMEOUT")
            settings.setdict(rendering.settings(timeout, publisher.allow_private), priority="spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider; see `scrapy.Spider.from_crawler`."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider._listing_max_size = crawler.settings.getint("LISTING_MAXSIZE")
        spider._listing_max_addresses = crawler.settings.getint("LISTING_MAX_ADDRESSES")
        spider._listings_left = crawler.settings.getint("LISTING_MAX_COUNT")
        if folder := job_dir(crawler.settings):
            # One crawl, however often it is stopped or cut off on the way.
            note = Path(folder, "job")
            if note.exists():
                spider.job = note.read_text(encoding="utf-8")
            else:
                note.write_text(spider.job, encoding="utf-8")
        crawler.signals.connect(spider.request_dropped, signals.request_dropped)
        spider._story_max_pages = crawler.settings.getint("STORY_MAX_PAGES")
        spider._story_max_size = crawler.settings.getint("DOWNLOAD_MAXSIZE")
        limit = crawler.settings.getint("ARTICLE_MAX_COUNT")
        spider._articles_left = min(spider.arguments.limit or limit, limit)
        return spider

    def __init__(
        self,
        name: str | None = None,
        *,
        since: str | None = None,
        until: str | None = None,
        limit: str | int | None = None,
        urls: str | Path | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name, **kwargs)
        self.arguments = CrawlArguments.read(since, until, limit, urls)
        given = {"since": since, "until": until, "limit": limit, "urls": urls}
        self.asked = {name: str(value) for name, value in given.items() if value is not None}
        self.allowed_domains = [site_of(self.publisher.domain)]
        self.publisher_name = self.publisher.key
        # scrapyd passes its job's id as the argument `_job`.
        self.job: str = kwargs.get("_job") or uuid.uuid4().hex
        self._seen: set[str] = set()
        self._listing_max_size = 0
        self._listing_max_addresses = 0
        self._listings_left = 0
        self._articles_left = 0
        self._rendered = rendering.META if self.publisher.render else {}
        self._story_max_pages = 0
        self._story_max_size = 0

    async def start(self) -> AsyncIterator[Any]:
        """Ask for the addresses that were given, or else for every source of the publisher."""
        if self.arguments.urls is not None:
            for url in self.arguments.urls:
                if request := self.article_request(Address(url)):
                    yield request
            return
        for request in self.source_requests():
            yield request

    def source_requests(self) -> Iterator[Request]:
        """Yield one request for every source of the publisher's entry."""
        for source in self.publisher.sources:
            if source.kind == "section":
                yield self.page_request(source.url, allow_offsite=True)
            else:
                yield from self.listing_requests([Address(source.url)], source.kind, allow_offsite=True)

    def page_request(self, url: str, **meta: Any) -> Request:
        """Return the request for a page that links to articles."""
        return Request(
            url,
            self.parse_page,
            errback=self.listing_failed,
            meta={**meta, **self._rendered},
            priority=_PRIORITY["section"],
            dont_filter=True,
        )

    def listing_requests(self, addresses: list[Address], kind: str = "sitemap", **meta: Any) -> Iterator[Request]:
        """Yield requests for sitemaps and feeds, as far as the bound and the dates asked for let them."""
        for address in addresses:
            if self.arguments.since and address.modified and address.modified < self.arguments.since:
                continue
            if self._listings_left <= 0:
                self._count("listings/beyond_limit")
                continue
            self._listings_left -= 1
            meta = {**meta, "download_maxsize": self._listing_max_size}
            yield Request(
                address.url,
                self.parse_listing,
                errback=self.listing_failed,
                meta=meta,
                priority=_PRIORITY[kind],
            )

    def article_requests(self, addresses: Iterable[Address]) -> Iterator[Request]:
        """Yield requests for the addresses that may be articles within what was asked for."""
        for address in addresses:
            if reason := self._reason_to_skip(address):
                self._count(f"articles/skipped/{reason}")
            elif request := self.article_request(address):
                yield request

    def article_request(self, address: Address) -> Request | None:
        """Return the request for an article page; None if there was one, or at the limit."""
        try:
            url = normalise(address.url)
        except ValueError:
            self._count("articles/skipped/malformed")
            return None
        if url in self._seen:
            return None
        if self._articles_left <= 0:
            self._count("articles/skipped/beyond_limit")
            return None
        self._seen.add(url)
        self._articles_left -= 1
        self._count("articles/found")
        return Request(
            url,
            self.parse_article,
            errback=self.article_failed,
            meta={"article": True, "modified": address.modified, **self._rendered},
            priority=_PRIORITY["article"],
        )

    def _reason_to_skip(self, address: Address) -> str:
        try:
            if site_of(address.url) not in self.allowed_domains:
                return "off_site"
            if is_other_page(address.url):
                return "not_article"
        except ValueError:
            return "malformed"
        if any(pattern.search(address.url) for pattern in self.publisher.exclude):
            return "excluded"
        # What was published before but changed since is news, too.
        latest = max(filter(None, (address.published, address.modified)), default=None)
        if self.arguments.since and latest and latest < self.arguments.since:
            return "too_old"
        if self.arguments.until and address.published and address.published > self.arguments.until:
            return "too_young"
        return ""

    async def parse_listing(self, response: Response) -> AsyncIterator[Any]:
        """Follow a sitemap, a sitemap index or a feed."""
        # A listing of many megabytes takes seconds to read; the network goes on meanwhile.
        try:
            listing = await asyncio.to_thread(
                read_listing,
                response.body,
                response.url,
                max_size=self._listing_max_size,
                max_addresses=self._listing_max_addresses,
            )
        except ListingError as error:
            self._count(f"listings/failed/{error}")
            self.logger.info("%s is not a sitemap or feed: %s", response.url, error)
            return
        for request in self.follow(listing):
            yield request

    def parse_page(self, response: Response) -> Iterator[Request]:
        """Follow the links of a section page that look like articles."""
        if isinstance(response, TextResponse):
            listing = read_links(response, self._listing_max_addresses)
            yield from self.follow(Listing(pages=listing.pages))

    def follow(self, listing: Listing) -> Iterator[Request]:
        """Yield the requests that a listing gives rise to."""
        self._count("listings/fetched")
        yield from self.article_requests(listing.pages)
        yield from self.listing_requests(listing.listings)

    def parse_article(self, response: Response) -> Iterator[Article | Request]:
        """Make the item out of what was fetched; the pipelines do the rest."""
        self._count("articles/fetched")
        if not isinstance(response, TextResponse):
            self._count("articles/not_article/not_text")
        elif not response.body.strip():
            self._count("articles/not_article/empty")
        elif is_other_page(response.url) and response.meta.get("redirect_times"):
            self._count("articles/not_article/moved_away")
        else:
            article = Article(
                url=response.url,
                publisher=self.publisher_name,
                html=response.body,
                encoding=_charset(response),
                crawl=self.fetch_of(response),
                rights=joined(response.meta.get("rights", Rights()), rights_of_headers(response.headers)),
            )
            yield self._whole(article, [response.body], response)

    def _whole(self, article: Article, pages: list[bytes], response: TextResponse) -> Article | Request:
        """Return the article, or the request for the page on which its story goes on."""
        if len(pages) < self._story_max_pages and (url := next_page(response)):
            return Request(
                url,
                self.parse_next_page,
                errback=self.next_page_failed,
                cb_kwargs={"article": article, "pages": pages},
                priority=_PRIORITY["next_page"],
                meta=dict(self._rendered),
                dont_filter=True,
            )
        article.html = join_pages(pages)
        return article

    def parse_next_page(self, response: Response, article: Article, pages: list[bytes]) -> Article | Request:
        """Add a page to a story."""
        if not isinstance(response, TextResponse) or sum(map(len, pages)) > self._story_max_size:
            article.html = join_pages(pages)
            return article
        self._count("articles/next_pages")
        return self._whole(article, [*pages, response.body], response)

    def next_page_failed(self, failure: Failure) -> Article:
        """Keep the pages that came, and have the story fetched again by the next crawl."""
        self._count("articles/next_pages_failed")
        arguments = failure.request.cb_kwargs  # type: ignore[attr-defined]
        article: Article = arguments["article"]
        article.html = join_pages(arguments["pages"])
        article.crawl.etag = article.crawl.last_modified = None
        return article

    def fetch_of(self, response: Response) -> Fetch:
        """Return the facts of a fetch that the document keeps."""
        return Fetch(
            job=self.job,
            spider=self.name,
            fetched_at=datetime.now(UTC),
            status=response.status,
            etag=_header(response, "ETag"),
            last_modified=_header(response, "Last-Modified"),
        )

    def listing_failed(self, failure: Failure) -> None:
        """Count a source that could not be fetched."""
        self._count(f"listings/failed/{_reason(failure)}")
        self.logger.info("Source failed: %s", failure.getErrorMessage())

    def article_failed(self, failure: Failure) -> None:
        """Count an article page that could not be fetched, or must not be."""
        if not isinstance(failure.value, NotModified | OptedOut):
            reason = _reason(failure)
            self._count(f"articles/{'skipped' if reason == _ROBOTS else 'failed'}/{reason}")

    def request_dropped(self, request: Request) -> None:
        """Count an article address that redirects to one which was asked for already, as a loop does."""
        if request.meta.get("article"):
            self._count("articles/not_article/moved_to_known")

    def _count(self, name: str) -> None:
        self.crawler.stats.inc_value(name)


def _header(response: Response, name: str) -> str | None:
    value = response.headers.get(name)
    return value.decode("latin-1") if value else None


def _charset(response: Response) -> str | None:
    return http_content_type_encoding(_header(response, "Content-Type"))


def _reason(failure: Failure) -> str:
    """Name a failure for the stats."""
    error = failure.value
    if isinstance(error, HttpError):
        return f"http_{error.response.status}"
    if isinstance(error, DownloadCancelledError) or "DOWNLOAD_MAXSIZE" in str(error):
        return "too_large"
    if isinstance(error, IgnoreRequest):
        return _ROBOTS if "robots.txt" in str(error) else "refused"
    return type(error).__name__
