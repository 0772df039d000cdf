"""The spider for any site, also one without an entry in the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from protego import Protego
from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider
from scrapy.http import Response, TextResponse

from crawler.discovery import Address, read_links
from crawler.publishers import Publisher
from crawler.spiders.arguments import ArgumentError
from crawler.spiders.publisher import PublisherSpider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure

_MAX_FEEDS = 10
# Before anything that the sitemaps give, so that the feeds are known early.
_FIRST = 30


class SiteSpider(PublisherSpider):
    """Crawls any site: ``scrapy crawl site -a domain=www.example.com``.

    The addresses come from the sitemaps that robots.txt names (or ``/sitemap.xml``) and from the feeds that
    the front page announces; where these give nothing, from the links of the front page. A domain without a
    scheme is tried by https first and by http when https does not answer.

    Takes the argument ``domain`` beside those of `PublisherSpider`.
    """

    name = "site"

    @classmethod
    def check_arguments(cls, arguments: dict[str, str]) -> None:
        """Check the arguments of a crawl before it begins; see `PublisherSpider.check_arguments`."""
        _origin(arguments.get("domain"))
        super().check_arguments(arguments)

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider; see `scrapy.Spider.from_crawler`."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.fall_back, signals.spider_idle)
        return spider

    def __init__(self, name: str | None = None, *, domain: str | None = None, **kwargs: Any) -> None:
        self._schemes, host = _origin(domain)
        self.publisher = Publisher(key=host, name=host, domain=host)
        super().__init__(name, **kwargs)
        self._front_page_links: list[Address] = []

    def source_requests(self) -> Iterator[Request]:
        """Yield the request for robots.txt, which is where a site of which nothing is known is entered."""
        yield self._robots_request(self._schemes[0], errback=self.try_next_scheme)

    def _robots_request(self, scheme: str, **kwargs: Any) -> Request:
        return Request(
            f"{scheme}://{self.publisher.domain}/robots.txt",
            self.parse_robots,
            # Any answer shows that the site is there; only silence makes for another scheme.
            meta={"dont_obey_robotstxt": True, "handle_httpstatus_all": True, "dont_retry": True},
            dont_filter=True,
            **kwargs,
        )

    def try_next_scheme(self, failure: Failure) -> Iterator[Request]:
        """Ask for robots.txt by http where https did not answer."""
        if len(self._schemes) > 1:
            self._count("site/https_failed")
            yield self._robots_request(self._schemes[1], errback=self.listing_failed)
        else:
            self.listing_failed(failure)

    def parse_robots(self, response: Response) -> Iterator[Request]:
        """Follow the sitemaps that robots.txt names, and the front page."""
        text = response.body.decode("utf-8", "replace") if response.status == 200 else ""
        sitemaps = [urljoin(response.url, url) for url in Protego.parse(text).sitemaps]
        yield Request(
            urljoin(response.url, "/"),
            self.parse_front_page,
            errback=self.listing_failed,
            priority=_FIRST,
            dont_filter=True,
        )
        yield from self.listing_requests([Address(url) for url in sitemaps or [urljoin(response.url, "/sitemap.xml")]])

    def parse_front_page(self, response: Response) -> Iterator[Request]:
        """Follow the feeds that the front page announces, and keep its links in case nothing else helps."""
        if isinstance(response, TextResponse):
            listing = read_links(response, self._listing_max_addresses)
            self._front_page_links = listing.pages
            yield from self.listing_requests(listing.listings[:_MAX_FEEDS], "feed")

    def fall_back(self) -> None:
        """Follow the links of the front page where sitemaps and feeds gave no article."""
        links, self._front_page_links = self._front_page_links, []
        if not links or self.crawler.stats.get_value("articles/found"):
            return
        self._count("site/front_page_links_used")
        requests = list(self.article_requests(links))
        for request in requests:
            self.crawler.engine.crawl(request)
        if requests:
            raise DontCloseSpider


def _origin(domain: str | None) -> tuple[tuple[str, ...], str]:
    """Read the argument ``domain``: the schemes to try, and the host with its port."""
    if not domain:
        raise ArgumentError("domain: is missing; say -a domain=www.example.com.")
    try:
        parts = urlsplit(domain if "://" in domain else f"//{domain}")
        valid = bool(parts.hostname) and (parts.port is None or parts.port > 0) and not parts.username
    except ValueError:
        valid = False
    if not valid or parts.scheme not in ("", "http", "https"):
        raise ArgumentError(f"domain: {domain!r} is not a site; give one such as www.example.com.")
    return (parts.scheme,) if parts.scheme else ("https", "http"), parts.netloc.lower()
