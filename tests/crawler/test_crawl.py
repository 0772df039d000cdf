"""Whole crawls, as a user starts them: a site on the loopback, real commands, a real MongoDB."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime


def articles(database):
    return {document["url"].partition("/")[2].partition("/")[2].partition("/")[2]: document
            for document in database.articles.find()}  # fmt: skip


def test_a_site_that_does_everything_wrong_is_crawled_to_its_end(site, crawl, database):
    site.put(
        "/robots.txt",
        b"User-agent: *\nDisallow: /private/\nSitemap: /index.xml\nSitemap: /page.html\n",
        content_type="text/plain",
    )
    sitemaps = ["/news.xml.gz", "/index.xml", "/gone.xml", "/bomb.xml.gz"]
    site.sitemap("/index.xml", dict.fromkeys(sitemaps), root="sitemapindex")
    noise = random.Random(1).randbytes(20_000)
    paths = [
        "good",
        "empty",
        "binary",
        "short",
        "cut",
        "deep",
        "latin",
        "gone",
        "loop",
        "huge",
        "image",
        "product",
    ]
    addresses = [f"/{path}-story-of-the-day-100001" for path in paths] + [
        "/private/story-100001",
        "/tag/library",
    ]
    site.sitemap("/news.xml", dict.fromkeys(addresses))
    site.put("/news.xml.gz", gzip.compress(site.answers["/news.xml"].body), content_type="application/gzip")
    site.put("/bomb.xml.gz", gzip.compress(b"<urlset>" + b" " * 80_000_000), content_type="application/gzip")
    site.put("/page.html", b"<!doctype html><p>This is no sitemap")
    site.put("/", b'<link rel="alternate" type="application/rss+xml" href="/feed.xml"><a href="/x">x</a>')
    site.put(
        "/feed.xml",
        b'<rss version="2.0"><channel><item><link>/fed-story-of-the-day-100001</link></item>'
        b"<item><link>https://elsewhere.example/story-of-the-day-100001</link></item></channel></rss>",
        content_type="application/rss+xml",
    )

    site.article("/good-story-of-the-day-100001", headers={"X-Robots-Tag": "noai"})
    site.article("/fed-story-of-the-day-100001", "Harbour bridge closes")
    site.article("/private/story-100001")
    site.article("/tag/library")
    site.put("/empty-story-of-the-day-100001", b"")
    site.put("/binary-story-of-the-day-100001", noise)
    site.put("/image-story-of-the-day-100001", b"\x89PNG\r\n\x1a\n", content_type="image/png")
    site.put("/short-story-of-the-day-100001", b"<title>Short</title><p>Too short to be a story.")
    site.article("/cut-story-of-the-day-100001").length = 50_000
    site.put("/deep-story-of-the-day-100001", b"<title>Deep</title>" + b"<div>" * 100_000 + b"deep")
    latin = site.article("/latin-story-of-the-day-100001", "Straße gesperrt")
    latin.body = latin.body.decode().encode("latin-1")
    latin.content_type = "text/html; charset=iso-8859-1"
    site.put(
        "/loop-story-of-the-day-100001",
        b"",
        status=302,
        headers={"Location": "/loop-story-of-the-day-100001"},
    )
    site.put(
        "/huge-story-of-the-day-100001",
        gzip.compress(b"<p>" * 5_000_000),
        headers={"Content-Encoding": "gzip"},
    )
    product = site.article("/product-story-of-the-day-100001", "A fine kettle")
    product.body = product.body.replace(b'content="article"', b'content="product"')

    done = crawl("site", "-a", site.domain, CONTACT="mailto:crawl@courier.example")

    assert done.status == 0, done.log
    assert "Traceback" not in done.log
    stored = articles(database)
    assert sorted(stored) == [
        "fed-story-of-the-day-100001",
        "good-story-of-the-day-100001",
        "latin-story-of-the-day-100001",
    ]
    good = stored["good-story-of-the-day-100001"]
    assert good["title"] == "Library stays open"
    assert "the council of northfield" in good["text"].lower()
    assert good["language"] == "en"
    assert good["rights"]["robots_noai"]
    assert good["crawl"]["status"] == 200
    assert good["counts"]["article"] >= 4
    assert stored["latin-story-of-the-day-100001"]["title"] == "Straße gesperrt"
    assert '"pages_per_second"' in done.log
    assert site.user_agents == {"Broadsheet/0.1 (+mailto:crawl@courier.example)"}
    assert "/private/story-100001" not in site.asked
    assert "/tag/library" not in site.asked

    figures = database.crawls.find_one()
    assert figures["reason"] == "finished"
    assert figures["found"] == 14
    assert figures["stored"] == 3
    # Each of the rest is counted once, one of them as forbidden by robots.txt: nothing is lost on the way.
    assert figures["stored"] + figures["not_articles"] + figures["dropped"] + figures["failed"] == 14 - 1
    assert done.stat("articles/failed/http_404") == 1
    assert done.stat("articles/failed/too_large") == 1
    assert done.stat("articles/skipped/robots_txt") == 1
    assert done.stat("articles/not_article/moved_to_known") == 1
    assert done.stat("articles/not_article/empty") >= 1
    assert done.stat("articles/not_article/not_text") >= 1
    assert done.stat("articles/not_article/declared_other") == 1
    assert done.stat("articles/skipped/off_site") == 1
    assert done.stat("listings/failed/too_large") == 1
    assert done.stat("listings/failed/not_a_listing") == 1
    assert done.stat("listings/failed/http_404") == 1


def test_a_second_crawl_fetches_only_what_changed(site, crawl, database):
    site.sitemap("/sitemap.xml", {"/first-story-100001": None, "/second-story-100002": None,
                                  "/third-story-100003": "2020-01-01T10:00:00Z"})  # fmt: skip
    site.article("/first-story-100001", headers={"ETag": '"a"'})
    site.article("/second-story-100002", "Harbour bridge closes", headers={"ETag": '"b"'})
    site.article("/third-story-100003", "Ferry is late")
    assert crawl("site", "-a", site.domain).status == 0
    before = articles(database)
    assert len(before) == 3

    site.article("/second-story-100002", "Harbour bridge opens again", headers={"ETag": '"c"'})
    site.asked.clear()
    done = crawl("site", "-a", site.domain)

    assert done.status == 0, done.log
    after = articles(database)
    assert after["second-story-100002"]["title"] == "Harbour bridge opens again"
    assert after["second-story-100002"]["revision"] == 2
    assert after["first-story-100001"]["crawl"]["fetched_at"] > before["first-story-100001"]["crawl"]["fetched_at"]
    assert after["first-story-100001"]["updated_at"] > before["first-story-100001"]["updated_at"]
    assert done.stat("conditional/not_modified") == 1
    # The sitemap dates the third before its last fetch.
    assert done.stat("conditional/skipped") == 1
    assert "/third-story-100003" not in site.asked
    figures = list(database.crawls.find().sort("recorded_at"))
    assert [crawl["stored"] for crawl in figures] == [3, 0]
    assert [crawl["unchanged"] for crawl in figures] == [0, 2]
    assert [crawl["changed"] for crawl in figures] == [0, 1]


def test_since_until_and_limit_bound_what_is_fetched(site, crawl, database):
    days = {f"/story-of-the-day-{day:05}": f"2025-03-{day:02}" for day in range(1, 21)}
    site.sitemap("/sitemap.xml", days)
    for path in days:
        site.article(path, f"Story {path}")
    done = crawl("site", "-a", site.domain, "-a", "since=2025-03-10", "-a", "limit=4")
    assert done.status == 0, done.log
    assert sorted(articles(database)) == [f"story-of-the-day-{day:05}" for day in (17, 18, 19, 20)]
    assert done.stat("articles/skipped/too_old") == 9
    assert done.stat("articles/skipped/beyond_limit") == 7


def test_where_there_is_nothing_else_the_front_page_is_read(site, crawl, database):
    site.put("/", b'<a href="/library-stays-open-after-all">x</a> <a href="/our-team">x</a> <a href="/login">x</a>')
    site.article("/library-stays-open-after-all")
    site.article("/our-team")
    done = crawl("site", "-a", site.domain)
    assert done.status == 0, done.log
    assert list(articles(database)) == ["library-stays-open-after-all"]
    assert done.stat("site/front_page_links_used") == 1


def test_a_publisher_of_a_folder_of_ones_own(site, crawl, scrapy, database, tmp_path):
    (tmp_path / "courier.toml").write_text(
        f'name = "Courier"\ndomain = "127.0.0.1"\nexclude = ["/gallery/"]\n'
        f'[[sources]]\nkind = "section"\nurl = "{site.url}/news"\n'
    )
    (tmp_path / "broken.toml").write_text('name = "Broken"')
    site.put(
        "/news",
        b'<a href="/library-stays-open-after-all">x</a> <a href="/gallery/library-stays-open-now">x</a>',
    )
    page = site.article("/library-stays-open-after-all")
    page.body = page.body.replace(
        b"</head>",
        b'<link rel="canonical" href="https://elsewhere.example/stolen-story-100001">'
        b'<meta property="article:published_time" content="2025-03-09T08:00:00+01:00"></head>',
    )
    done = crawl("courier", PUBLISHERS_DIR=str(tmp_path))
    assert done.status == 0, done.log
    stored = database.articles.find_one({}, {"_id": False})
    assert stored["publisher"] == "courier"
    assert stored["canonical_url"] == f"{site.url}/library-stays-open-after-all"
    assert stored["published_at"].replace(tzinfo=UTC) == datetime(2025, 3, 9, 7, tzinfo=UTC)
    assert database.articles.count_documents({}) == 1

    listed = scrapy("publishers", "--language", "xx", PUBLISHERS_DIR=str(tmp_path))
    assert listed.status == 1
    assert "broken.toml: domain: is missing" in listed.log
    assert "courier" in scrapy("list", PUBLISHERS_DIR=str(tmp_path)).log.split()


def test_addresses_from_a_file(site, crawl, database, tmp_path):
    (tmp_path / "urls.txt").write_text(f"{site.url}/one\n{site.url}/two\nhttps://elsewhere.example/three\n")
    site.article("/one", "Library stays open")
    site.article("/two", "Harbour bridge closes")
    done = crawl("site", "-a", site.domain, "-a", f"urls={tmp_path / 'urls.txt'}")
    assert done.status == 0, done.log
    assert sorted(articles(database)) == ["one", "two"]
    assert "/robots.txt" in site.asked
    assert "/sitemap.xml" not in site.asked
