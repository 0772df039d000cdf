from __future__ import annotations

import gzip
import tomllib
from typing import TYPE_CHECKING

import pytest

from crawler.publishers.draft import key_of

if TYPE_CHECKING:
    from pathlib import Path

FRONT = """<html lang="en-GB"><head><title>Northfield Courier - news you can trust</title>
<link rel="alternate" type="application/rss+xml" href="/feed.xml">
<link rel="alternate" type="application/rss+xml" href="/gone.xml"></head>
<body><a href="/local/council-votes-to-keep-library-open">Library</a></body></html>"""
FEED = """<rss version="2.0"><channel><item><link>{url}/local/first-story-of-the-day</link>
<pubDate>Sun, 09 Mar 2025 08:30:00 +0100</pubDate></item></channel></rss>"""
NEWS = """<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:n="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>{url}/a</loc><n:news><n:publication_date>2025-03-10T09:00:00Z</n:publication_date></n:news></url></urlset>"""


@pytest.fixture
def courier(site):
    site.put("/", FRONT.encode())
    site.put("/feed.xml", FEED.format(url=site.url).encode(), content_type="application/rss+xml")
    robots = f"User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nAllow: /\nSitemap: {site.url}/news.xml.gz\n"
    site.put("/robots.txt", robots.encode(), content_type="text/plain")
    site.put("/news.xml.gz", gzip.compress(NEWS.format(url=site.url).encode()), content_type="application/gzip")
    return site


def test_a_site_is_looked_at_and_its_file_written(scrapy, courier, tmp_path: Path):
    done = scrapy("publishers", "add", courier.url, PUBLISHERS_DIR=str(tmp_path))
    assert done.status == 0, done.log
    (file,) = tmp_path.glob("*.toml")
    assert str(file) in done.log
    assert "HTTP 404" in done.log, "what gives nothing is told"
    entry = tomllib.loads(file.read_text())
    assert entry == {
        "name": "Northfield Courier",
        "domain": courier.url.removeprefix("http://"),
        "country": "gb",
        "languages": ["en"],
        "allow_private": True,
        "rights": {"may_train": False},
        "sources": [
            {"kind": "news_sitemap", "url": f"{courier.url}/news.xml.gz"},
            {"kind": "feed", "url": f"{courier.url}/feed.xml"},
        ],
    }
    again = scrapy("publishers", "add", courier.url, PUBLISHERS_DIR=str(tmp_path))
    assert again.status == 1
    assert f"there is a publisher of the name {file.stem}" in again.log


def test_of_a_site_without_listings_the_front_page_is_the_source(scrapy, site, tmp_path: Path):
    site.put("/", b"<html><a href='/local/council-votes-to-keep-library-open'>Library</a></html>")
    done = scrapy("publishers", "add", site.url, "--country", "at", "--language", "de", PUBLISHERS_DIR=str(tmp_path))
    assert done.status == 0, done.log
    (file,) = tmp_path.glob("*.toml")
    entry = tomllib.loads(file.read_text())
    assert entry["sources"] == [{"kind": "section", "url": f"{site.url}/"}]
    assert (entry["country"], entry["languages"]) == ("at", ["de"])
    assert "rights" not in entry


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({}, "HTTP 404"),
        ({"/": b"<html>Soon here.</html>"}, "names no articles"),
        ({"/": b"<html></html>", "/robots.txt": b"User-agent: *\nDisallow: /"}, "robots.txt forbids it"),
    ],
)
def test_why_a_site_cannot_be_added(scrapy, site, tmp_path: Path, answers, words):
    for path, body in answers.items():
        site.put(path, body, content_type="text/plain" if path == "/robots.txt" else "text/html")
    done = scrapy("publishers", "add", site.url, PUBLISHERS_DIR=str(tmp_path))
    assert done.status == 1
    assert words in done.log
    assert "Traceback" not in done.log
    assert not list(tmp_path.glob("*.toml"))


def test_a_check_fetches_each_source_once_and_says_what_it_gives(scrapy, courier, tmp_path: Path):
    sources = [("news_sitemap", "/news.xml.gz"), ("feed", "/feed.xml"), ("feed", "/"), ("section", "/")]
    text = 'name = "Courier"\ndomain = "127.0.0.1"\n'
    text += "".join(f'[[sources]]\nkind = "{kind}"\nurl = "{courier.url}{path}"\n' for kind, path in sources)
    (tmp_path / "courier.toml").write_text(text)
    done = scrapy("publishers", "check", "courier", PUBLISHERS_DIR=str(tmp_path))
    assert done.status == 1
    rows = {tuple(line.split()[:3]) for line in done.log.splitlines()}
    assert ("feed", f"{courier.url}/feed.xml", "1") in rows
    assert "2025-03-10 09:00+0000" in done.log
    assert "not a listing" in done.log
    assert "1 of 4 sources of courier give nothing." in done.log
    assert courier.asked.count("/feed.xml") == courier.asked.count("/news.xml.gz") == 1


def test_a_sites_listings_lead_to_no_address_of_ours(scrapy, courier, tmp_path: Path):
    courier.put("/robots.txt", b"Sitemap: http://10.0.0.1/sitemap.xml", content_type="text/plain")
    ours = f"http://localhost:{courier.server_port}/inside.xml"
    courier.put("/feed.xml", b"", status=302, headers={"Location": ours})
    courier.put("/inside.xml", FEED.format(url=courier.url).encode())
    added = scrapy("publishers", "add", courier.url, PUBLISHERS_DIR=str(tmp_path))
    assert added.log.count("is not of the public network") == 2
    (file,) = tmp_path.glob("*.toml")
    assert [source["kind"] for source in tomllib.loads(file.read_text())["sources"]] == ["section"]

    text = f'name = "Courier"\ndomain = "www.courier.example"\n[[sources]]\nkind = "feed"\nurl = "{ours}"\n'
    (tmp_path / "courier.toml").write_text(text)
    assert scrapy("publishers", "check", "courier", PUBLISHERS_DIR=str(tmp_path)).status == 1
    assert "/inside.xml" not in courier.asked
    (tmp_path / "courier.toml").write_text(f"allow_private = true\n{text}")
    assert scrapy("publishers", "check", "courier", PUBLISHERS_DIR=str(tmp_path)).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["check", "zeitt"], 1, "did you mean zeit"),
        (["add", "ftp://www.example.com"], 2, "such as https://www.example.com"),
        (["add", "http://[www.example.com"], 2, "such as https://www.example.com"),
        (["remove", "zeit"], 2, "say add with an address"),
    ],
)
def test_a_wrong_command_is_told_in_one_line(scrapy, arguments, status, words):
    done = scrapy("publishers", *arguments)
    assert done.status == status
    assert words in done.log
    assert "Traceback" not in done.log


def test_the_list_is_filtered(scrapy):
    done = scrapy("publishers", "--country", "at", "--language", "de", "--may-train")
    assert done.status == 0
    assert "derstandard" in done.log
    assert "lemonde" not in done.log
    assert "of 176 publishers" in done.log


@pytest.mark.parametrize(
    ("host", "key"),
    [("www.example.co.uk", "example"), ("news.courier.example:8000", "courier"), ("127.0.0.1:80", "127-0-0-1")],
)
def test_the_name_of_a_publishers_file(host, key):
    assert key_of(host) == key
