"""Reads what tells of articles: sitemaps, news sitemaps, sitemap indexes, feeds, pages of links."""

from __future__ import annotations

import io
import json
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import feedparser
from lxml import etree

from crawler.addresses import is_article_like, is_other_page, site_of
from crawler.dates import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from scrapy.http import TextResponse

_GZIP_MAGIC = b"\x1f\x8b"
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json")


class ListingError(Exception):
    """A document is not the list of addresses that it should be; the message is a word for the stats."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address that a listing names.

    Attributes:
        url: absolute.
        modified: when the page last changed, as the listing says (UTC).
        published: when the article was published, as the listing says (UTC).
    """

    url: str
    modified: datetime | None = None
    published: datetime | None = None


@dataclass(slots=True)
class Listing:
    """What a document lists.

    Attributes:
        pages: addresses of pages, the newest first where the listing gives dates.
        listings: addresses of further listings, the newest first likewise.
    """

    pages: list[Address] = field(default_factory=list)
    listings: list[Address] = field(default_factory=list)


def read_listing(body: bytes, url: str, *, max_size: int, max_addresses: int) -> Listing:
    """Read a sitemap, sitemap index, text sitemap or feed (RSS, Atom, JSON Feed), gzipped or not, whichever it is.

    Args:
        body: the document as fetched.
        url: its address, to which relative ones are joined.
        max_size: the most that may come out of a gzipped document, in bytes.
        max_addresses: what stands after so many addresses is not read.

    Raises:
        ListingError: the document is none of these, or too large.
    """
    body = _gunzip(body, max_size)
    if body.lstrip()[:1] == b"{":
        return Listing(_newest(_take(_json_feed(body, url), max_addresses)))
    root = _root_tag(body)
    if root in ("urlset", "sitemapindex"):
        addresses = list(_take(_sitemap(body, url), max_addresses))
        return Listing(listings=_newest(addresses)) if root == "sitemapindex" else Listing(_newest(addresses))
    if root in ("rss", "feed", "rdf"):
        return Listing(_newest(_take(_feed(body, url), max_addresses)))
    addresses = [] if root else list(_take(_lines(body), max_addresses))
    if not addresses:
        raise ListingError("not_a_listing" if body.strip() else "empty")
    return Listing(addresses)


def read_links(response: TextResponse, max_addresses: int) -> Listing:
    """Read a page for people: its links that look like articles of the same site, and the feeds it announces.

    Args:
        response: the page.
        max_addresses: links after so many are not read.
    """
    site = site_of(response.url)
    pages: dict[str, None] = {}
    for href in response.css("a::attr(href)").getall():
        url = _join(response.url, href)
        if url and site_of(url) == site and is_article_like(url) and not is_other_page(url):
            pages.setdefault(url)
            if len(pages) >= max_addresses:
                break
    feeds = response.xpath("//link[contains(concat(' ', @rel, ' '), ' alternate ')][@href]")
    urls = (_join(response.url, feed.attrib["href"]) for feed in feeds if feed.attrib.get("type") in _FEED_TYPES)
    return Listing(
        pages=[Address(url) for url in pages],
        listings=[Address(url) for url in dict.fromkeys(urls) if url],
    )


def _gunzip(body: bytes, max_size: int) -> bytes:
    if body.startswith(_GZIP_MAGIC):
        decompressor = zlib.decompressobj(wbits=31)
        try:
            body = decompressor.decompress(body, max_size + 1)
        except zlib.error:
            raise ListingError("broken_gzip") from None
    if len(body) > max_size:
        raise ListingError("too_large")
    return body


def _parse(body: bytes) -> Iterator[tuple[str, etree._Element]]:
    # Entities stay unresolved and huge_tree off, so that a bomb of entities or of depth ends the reading.
    events = etree.iterparse(
        io.BytesIO(body),
        events=("start", "end"),
        recover=True,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        yield from events
    except etree.XMLSyntaxError:
        return


def _root_tag(body: bytes) -> str:
    for _, element in _parse(body.lstrip()[:65536]):
        return _local(element).lower()
    return ""


def _local(element: etree._Element) -> str:
    # Not etree.QName, which refuses the names that damaged markup leads to.
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _sitemap(body: bytes, base: str) -> Iterator[Address]:
    for event, element in _parse(body.lstrip()):
        if event != "end" or _local(element) not in ("url", "sitemap"):
            continue
        texts: dict[str, str] = {}
        for child in element.iter(etree.Element):
            texts.setdefault(_local(child), (child.text or "").strip())
        url = _join(base, texts.get("loc", ""))
        element.clear()
        # What has been read is let go, so that a large sitemap does not stand in memory as a tree.
        while element.getprevious() is not None:
            del element.getparent()[0]
        if url:
            yield Address(url, parse_date(texts.get("lastmod")), parse_date(texts.get("publication_date")))


def _feed(body: bytes, base: str) -> Iterator[Address]:
    # A stream and not the bytes: feedparser takes a bare text for an address or a file name to open.
    feed = feedparser.parse(
        io.BytesIO(body),
        response_headers={"content-location": base, "content-type": "application/xml"},
        sanitize_html=False,
        resolve_relative_uris=False,
    )
    for entry in feed.entries:
        url = _join(base, entry.get("feedburner_origlink") or entry.get("link") or "")
        if url:
            # Past feedparser's own get, which answers the date of publication where there is no other.
            yield Address(url, parse_date(dict.get(entry, "updated")), parse_date(entry.get("published")))


def _json_feed(body: bytes, base: str) -> Iterator[Address]:
    """Read a JSON Feed, version 1 or 1.1 (jsonfeed.org)."""
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError):
        raise ListingError("not_a_listing") from None
    if "jsonfeed.org/version/" not in str(feed.get("version")) or not isinstance(feed.get("items"), list):
        raise ListingError("not_a_listing")
    for item in feed["items"]:
        link = item.get("url") if isinstance(item, dict) else None
        if isinstance(link, str) and (url := _join(base, link)):
            yield Address(url, *(parse_date(_text(item.get(name))) for name in ("date_modified", "date_published")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _lines(body: bytes) -> Iterator[Address]:
    for line in body.decode("utf-8-sig", "replace").splitlines():
        if line.strip().startswith(("http://", "https://")):
            yield Address(line.strip())


def _join(base: str, url: str) -> str | None:
    try:
        joined = urljoin(base, url.strip()) if url.strip() else ""
    except ValueError:
        return None
    return joined if joined.startswith(("http://", "https://")) else None


def _take(addresses: Iterable[Address], count: int) -> Iterator[Address]:
    for number, address in enumerate(addresses):
        if number >= count:
            return
        yield address


def _newest(addresses: Iterable[Address]) -> list[Address]:
    def moment(address: Address) -> float:
        known = address.published or address.modified
        return known.timestamp() if known else float("-inf")

    return sorted(addresses, key=moment, reverse=True)
