from __future__ import annotations

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy.http import HtmlResponse

from crawler.discovery import Address, ListingError, read_links, read_listing

BASE = "https://a.example/sitemap.xml"
SITEMAP = b"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc>https://a.example/old</loc><lastmod>2025-01-02</lastmod></url>
<url><loc> /new </loc>
  <news:news><news:publication_date>2025-03-09T08:00:00Z</news:publication_date></news:news>
  <image:image><image:loc>https://a.example/photo.jpg</image:loc></image:image></url>
<url><loc>javascript:alert(1)</loc></url><url><loc/></url>
</urlset>"""
INDEX = b"""<sitemapindex><sitemap><loc>https://a.example/1.xml.gz</loc></sitemap>
<sitemap><loc>https://a.example/2.xml</loc><lastmod>2025-03-01T00:00:00Z</lastmod></sitemap></sitemapindex>"""
RSS = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>A</title><link>https://a.example/</link>
<item><title>One</title><link>/one</link><pubDate>Sun, 09 Mar 2025 08:00:00 GMT</pubDate></item>
<item><title>Two</title><link>https://a.example/two?a=1&amp;b=2</link></item></channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><title>One</title>
<link href="https://a.example/one"/><updated>2025-03-09T08:00:00Z</updated></entry></feed>"""
JSON_FEED = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "A", "items": [
{"id": 1, "url": "/one", "date_published": "2025-03-09T08:00:00Z"}, {"id": 2}, {"url": ["x"]}, "x"]}"""
BOMB = b"""<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa">
%s]><urlset><url><loc>https://a.example/&z9;</loc></url>
<url><loc>https://a.example/fine</loc></url></urlset>""" % (
    b"\n".join(b'<!ENTITY z%d "%s">' % (n, (b"&z%d;" % (n - 1) if n else b"&a;") * 10) for n in range(10))
)


def read(body: bytes, max_size: int = 100_000, max_addresses: int = 100):
    return read_listing(body, BASE, max_size=max_size, max_addresses=max_addresses)


def test_a_sitemap_gives_its_pages_newest_first():
    march = datetime(2025, 3, 9, 8, tzinfo=UTC)
    january = datetime(2025, 1, 2, tzinfo=UTC)
    assert read(SITEMAP).pages == [
        Address("https://a.example/new", published=march),
        Address("https://a.example/old", modified=january),
    ]


def test_an_index_gives_its_sitemaps_newest_first():
    listing = read(INDEX)
    assert listing.pages == []
    assert [found.url for found in listing.listings] == [
        "https://a.example/2.xml",
        "https://a.example/1.xml.gz",
    ]


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        (RSS, ["https://a.example/one", "https://a.example/two?a=1&b=2"]),
        (ATOM, ["https://a.example/one"]),
        (JSON_FEED, ["https://a.example/one"]),
        (b"\n\n" + RSS, ["https://a.example/one", "https://a.example/two?a=1&b=2"]),
        (
            b"https://a.example/one\n\nhttps://a.example/two\n",
            ["https://a.example/one", "https://a.example/two"],
        ),
    ],
)
def test_feeds_and_text_sitemaps(body, urls):
    assert [found.url for found in read(body).pages] == urls
    assert [found.url for found in read(gzip.compress(body)).pages] == urls


def test_a_sitemap_cut_short_gives_what_came():
    assert [found.url for found in read(SITEMAP[:300]).pages] == ["https://a.example/old"]
    assert [found.url for found in read(gzip.compress(SITEMAP)[:-12]).pages]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<!doctype html><html><body>Not found</body></html>", "not_a_listing"),
        (b"<svg/>", "not_a_listing"),
        (b"\x00\x01\x02", "not_a_listing"),
        (b"nothing to see", "not_a_listing"),
        (b'{"items": [{"url": "https://a.example/"}]}', "not_a_listing"),
        (b'{"a":' * 15_000, "not_a_listing"),
        (b"\x1f\x8bnot gzip at all", "broken_gzip"),
        (gzip.compress(b" " * 10_000_000), "too_large"),
        (b"x" * 200_000, "too_large"),
    ],
)
def test_what_is_no_listing_is_refused_with_a_reason(body, reason):
    with pytest.raises(ListingError, match=f"^{reason}$"):
        read(body)


def test_a_bomb_of_entities_is_not_resolved():
    assert all(len(found.url) < 100 for found in read(BOMB).pages)


def test_nesting_without_end_ends():
    with pytest.raises(ListingError):
        read(b"<a>" * 30_000)
    assert read(b"<urlset>" + b"<url>" * 10_000).pages == []


def test_addresses_beyond_the_bound_are_not_read():
    rows = b"".join(b"<url><loc>https://a.example/%d</loc></url>" % number for number in range(50))
    assert len(read(b"<urlset>" + rows + b"</urlset>", max_addresses=7).pages) == 7


@given(st.sampled_from([SITEMAP, INDEX, RSS, ATOM, JSON_FEED, gzip.compress(SITEMAP), BOMB]), st.data())
def test_no_damage_to_a_listing_breaks_its_reading(body, data):
    start = data.draw(st.integers(0, len(body)))
    end = data.draw(st.integers(start, len(body)))
    damaged = body[:start] + data.draw(st.binary(max_size=8)) + body[end:]
    try:
        listing = read(damaged)
    except ListingError:
        return
    assert all(found.url.startswith(("http://", "https://")) for found in [*listing.pages, *listing.listings])


def test_links_of_a_page_that_look_like_articles_and_its_feeds():
    page = b"""<head><link rel="alternate" type="application/rss+xml" href="/feed.xml">
    <link rel="alternate" hreflang="de" href="/de"></head>
    <a href="/2025/03/09/library">x</a><a href="/politics">x</a>
    <a href="https://other.example/2025/03/09/x">x</a><a href="mailto:a@a.example">x</a><a href="http://[">x</a>
    <a href="/2025/03/09/library">again</a>"""
    listing = read_links(HtmlResponse("https://www.a.example/", body=page, encoding="utf-8"), 10)
    assert [found.url for found in listing.pages] == ["https://www.a.example/2025/03/09/library"]
    assert [found.url for found in listing.listings] == ["https://www.a.example/feed.xml"]
