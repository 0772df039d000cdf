"""Looks at a publisher's site: what each of its sources gives, and what sources a site has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request, Spider
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response, TextResponse
from scrapy.robotstxt import ProtegoRobotParser
from scrapy.spidermiddlewares.httperror import HttpError

from crawler.discovery import Listing, ListingError, read_links, read_listing
from crawler.publishers.entry import Publisher, Source
from crawler.rights import disallows_ai_crawlers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from datetime import datetime

    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from crawler.publishers.entry import SourceKind

_MAX_FEEDS = 10
_MAX_SITEMAPS = 10
_MAX_ADDRESSES = 50_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What a source gave when it was fetched once.

    Attributes:
        source: the source.
        pages: number of pages that it names.
        listings: number of further sitemaps that it names.
        newest: when the newest of them was published or changed.
        dated: whether it says when its pages were published, as news sitemaps do.
        problem: why it gave nothing; empty when it did.
    """

    source: Source
    pages: int = 0
    listings: int = 0
    newest: datetime | None = None
    dated: bool = False
    problem: str = ""


@dataclass(slots=True)
class Survey:
    """What was found out about a site.

    Attributes:
        findings: one for each source, in the order in which they answered.
        front_page: the answer of the front page.
        may_train: False when robots.txt turns crawlers away that train models.
        problem: why the front page could not be looked at.
    """

    findings: list[Finding] = field(default_factory=list)
    front_page: TextResponse | None = None
    may_train: bool | None = None
    problem: str = ""


class SourceSpider(Spider):
    """Fetches each source once and notes what it gives.

    Args:
        publisher: whose sources to fetch; its addresses are as bound to the public network as in a crawl.
        survey: takes the findings.
    """

    name = "survey"
    # Next to nothing but Scrapy's own parts: nothing is stored, and no store is needed.
    custom_settings = {  # noqa: RUF012
        "ITEM_PIPELINES": {},
        "EXTENSIONS": {},
        "DOWNLOADER_MIDDLEWARES": {
            "crawler.middlewares.private.PrivateAddressMiddleware": 40,
            "crawler.middlewares.private.PrivateNameMiddleware": 755,
        },
        "SPIDER_MIDDLEWARES": {},
        "AUTOTHROTTLE_ENABLED": False,
        "RETRY_TIMES": 1,
    }

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Name the contact in the user agent, as crawls do."""
        super().update_settings(settings)
        if contact := settings.get("CONTACT"):
            settings.set("USER_AGENT", f"{settings['USER_AGENT']} (+{contact})", priority="spider")

    def __init__(self, publisher: Publisher, survey: Survey, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.publisher = publisher
        self.survey = survey

    async def start(self) -> AsyncIterator[Request]:
        """Ask for every source."""
        for source in self.publisher.sources:
            yield self.source_request(source)

    def source_request(self, source: Source) -> Request:
        """Return the request for a source."""
        return Request(
            source.url,
            self.parse_source,
            errback=self.source_failed,
            cb_kwargs={"source": source},
            meta={"download_maxsize": self.settings.getint("LISTING_MAXSIZE")},
            dont_filter=True,
        )

    def parse_source(self, response: Response, source: Source) -> None:
        """Note what a source gives."""
        try:
            listing = self._read(response, source)
        except ListingError as error:
            self.survey.findings.append(Finding(source, problem=str(error).replace("_", " ")))
            return
        moments = [moment for page in listing.pages if (moment := page.published or page.modified)]
        self.survey.findings.append(
            Finding(
                source,
                pages=len(listing.pages),
                listings=len(listing.listings),
                newest=max(moments, default=None),
                dated=any(page.published for page in listing.pages),
                problem="" if listing.pages or listing.listings else "names no pages",
            )
        )

    def _read(self, response: Response, source: Source) -> Listing:
        if source.kind != "section":
            max_size = self.settings.getint("LISTING_MAXSIZE")
            return read_listing(response.body, response.url, max_size=max_size, max_addresses=_MAX_ADDRESSES)
        if not isinstance(response, TextResponse):
            raise ListingError("not_a_page")
        return Listing(pages=read_links(response, _MAX_ADDRESSES).pages)

    def source_failed(self, failure: Failure) -> None:
        """Note why a source gave nothing."""
        source = failure.request.cb_kwargs["source"]  # type: ignore[attr-defined]
        self.survey.findings.append(Finding(source, problem=_problem(failure)))


class SiteSpider(SourceSpider):
    """Finds the sources of a site: the sitemaps that robots.txt names, the feeds of the front page, its links.

    Args:
        url: the site's front page.
        survey: takes what is found.
    """

    def __init__(self, url: str, survey: Survey, **kwargs: Any) -> None:
        host = urlsplit(url).netloc
        super().__init__(Publisher(key=host, name=host, domain=host), survey, **kwargs)
        self._url = url

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the front page, which may lie on another host than was said."""
        yield Request(self._url, self.parse_front_page, errback=self.site_failed, dont_filter=True)

    def parse_front_page(self, response: Response) -> Iterator[Request]:
        """Ask for the feeds that the front page announces and for robots.txt; note its links."""
        if not isinstance(response, TextResponse):
            self.survey.problem = "its front page is no web page"
            return
        self.survey.front_page = response
        for feed in read_links(response, _MAX_ADDRESSES).listings[:_MAX_FEEDS]:
            yield self.source_request(Source("feed", feed.url))
        self.parse_source(response, Source("section", response.url))
        yield Request(
            urljoin(response.url, "/robots.txt"),
            self.parse_robots,
            errback=self.robots_failed,
            meta={"dont_obey_robotstxt": True, "handle_httpstatus_all": True},
            dont_filter=True,
        )

    def parse_robots(self, response: Response) -> Iterator[Request]:
        """Ask for the sitemaps that robots.txt names."""
        body = response.body if response.status == 200 else b""
        if disallows_ai_crawlers(ProtegoRobotParser(body, self), urljoin(response.url, "/")):
            self.survey.may_train = False
        named = [urljoin(response.url, url) for url in Protego.parse(body.decode("utf-8", "replace")).sitemaps]
        for url in list(dict.fromkeys(named))[:_MAX_SITEMAPS] or [urljoin(response.url, "/sitemap.xml")]:
            if urlsplit(url).scheme in ("http", "https"):
                yield self.source_request(Source("sitemap", url))

    def robots_failed(self, failure: Failure) -> None:
        """Go on without robots.txt, for a site need not have one."""
        self.logger.info("No robots.txt: %s", failure.getErrorMessage())

    def site_failed(self, failure: Failure) -> None:
        """Note why the front page could not be looked at."""
        self.survey.problem = _problem(failure)


def kind_of(finding: Finding) -> SourceKind:
    """Tell a news sitemap, which dates its pages, from a plain one."""
    is_news = finding.source.kind == "sitemap" and finding.dated
    return "news_sitemap" if is_news else finding.source.kind


def _problem(failure: Failure) -> str:
    error = failure.value
    if isinstance(error, HttpError):
        return f"HTTP {error.response.status}"
    if isinstance(error, IgnoreRequest):
        return "robots.txt forbids it" if "robots.txt" in str(error) else str(error)
    return f"{type(error).__name__}: {failure.getErrorMessage()}"
