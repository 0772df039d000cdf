"""What a site does to the crawl, on purpose or not, costs it a page and no more; a kill costs it nothing."""

from __future__ import annotations

import gzip
import json
import shutil
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    from tests.crawler.conftest import Crawl, Site

    Documents = Database[dict[str, Any]]


def stored(database: Documents) -> list[str]:
    return sorted(document["url"].rpartition("/")[2] for document in database.articles.find())


def test_traps_and_reservations(site: Site, crawl: Callable[..., Crawl], database: Documents) -> None:
    traps = {
        "loopback": f"http://localhost:{site.server_port}/",
        "loopback6": "http://[::1]/",
        "private": "http://10.0.0.1/",
        "metadata": "http://169.254.169.254/latest/meta-data",
        "decimal": "http://2130706433/",
    }
    pages = ["good", "busy", "slow", "drip", "noarchive", "head", "file", *traps]
    paths = {name: f"/{name}-story-of-the-day-100001" for name in pages}
    site.sitemap("/sitemap.xml", dict.fromkeys(paths.values()))
    site.put(
        "/robots.txt",
        b"User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nCrawl-delay: 0.02\n",
        content_type="text/plain",
    )
    rules = [
        {"location": "/file*", "tdm-reservation": 1, "tdm-policy": "https://a.example/terms"},
        {"location": "/", "tdm-reservation": 0},
    ]
    site.put("/.well-known/tdmrep.json", json.dumps(rules).encode(), content_type="application/json")
    for name, target in traps.items():
        site.put(paths[name], b"", status=302, headers={"Location": target})
    for number, name in enumerate(("good", "busy", "noarchive", "head", "file")):
        site.article(paths[name], f"Story number {number}")
    site.answers[paths["noarchive"]].headers = {"X-Robots-Tag": "noarchive"}
    head = site.answers[paths["head"]]
    head.body = head.body.replace(b"</head>", b'<meta name="tdm-reservation" content="1"></head>')
    busy = site.answers[paths["busy"]]
    busy.status, busy.headers = 503, {"Retry-After": "1"}
    busy.before = lambda: site.article(paths["busy"], "Story number 1")
    release = threading.Event()
    site.put(paths["slow"], b"", before=lambda: release.wait(60))
    site.put(paths["drip"], b"<p>", pieces=(b"a" for _ in range(600) if not release.wait(0.2)))

    done = crawl("site", "-a", site.domain, "-s", "DOWNLOAD_TIMEOUT=8")
    release.set()

    assert done.status == 0, done.log
    assert stored(database) == ["busy-story-of-the-day-100001", "good-story-of-the-day-100001"]
    # Most lead off the site, which is reason enough to leave them.
    assert done.stat("private/refused") + done.stat("offsite/filtered") == len(traps)
    assert done.stat("articles/failed/DownloadTimeoutError") == 2
    assert site.asked.count(paths["busy"]) == 2
    assert done.stat("retry/waited") >= 1
    assert done.stat("rights/respected/noarchive") == 1
    assert done.stat("rights/respected/tdm") == 2
    assert paths["file"] not in site.asked
    assert done.stat("crawl_delay/hosts") == 1
    rights = (database.articles.find_one() or {})["rights"]
    assert rights["ai_crawlers_disallowed"]
    assert not rights["tdm_reservation"]

    # What was no article, and what is reserved, is asked for again only if it changed.
    visits = {visit["_id"].rpartition("/")[2]: visit["article"] for visit in database.visits.find()}
    assert visits["head-story-of-the-day-100001"] is None
    assert visits["good-story-of-the-day-100001"]


def test_what_has_no_end_is_left_in_its_midst(site: Site, crawl: Callable[..., Crawl], database: Documents) -> None:
    sent: Counter[str] = Counter()

    def endless(name: str) -> Iterator[bytes]:
        """Send 300 MB."""
        for _ in range(4800):
            sent[name] += 1
            yield b"<p>A story" * 6250

    good, huge, long, told = (f"/{name}-story-of-the-day-100001" for name in ("good", "huge", "long", "told"))
    site.put("/robots.txt", b"Sitemap: /day-0.xml\nSitemap: /bomb.xml\nSitemap: /news.xml", content_type="text/plain")
    site.put("/", b'<link rel="alternate" type="application/rss+xml" href="/feed.xml">')
    rss = b'<rss version="2.0"><channel><item><link>/fed-story-of-the-day-100001</link></item>'
    site.put("/feed.xml", gzip.compress(rss + b" " * 80_000_000), headers={"Content-Encoding": "gzip"})
    # An entity that grows tenfold at each of ten steps.
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(10))
    bomb = f'<!DOCTYPE urlset [<!ENTITY e0 "grow">{entities}]><urlset><url><loc>{site.url}/&e10;</loc></url></urlset>'
    site.put("/bomb.xml", bomb.encode(), content_type="application/xml")
    # A calendar in which every day leads to the next.
    for day in range(60):
        site.sitemap(f"/day-{day}.xml", {f"/day-{day + 1}.xml": None}, root="sitemapindex")
    site.sitemap("/news.xml", dict.fromkeys((good, huge, long, told)))
    site.article(good)
    site.put(huge, b"<title>Huge</title>", pieces=endless("huge"))
    site.put(told, b"<title>Told</title>", pieces=endless("told"), length=300_000_000)
    for number in range(1, 60):
        page = site.article(long if number == 1 else f"{long}?page={number}", "A story without end")
        page.body += f'<a rel="next" href="{long}?page={number + 1}">Next</a>'.encode()

    done = crawl("site", "-a", site.domain, "-s", "LISTING_MAX_COUNT=12", "-s", "STORY_MAX_PAGES=4")

    assert done.status == 0, done.log
    assert stored(database) == [good[1:], long[1:]]
    assert done.stat("articles/failed/too_large") == 2
    assert sent["told"] < 100
    assert sent["huge"] < 1000
    assert done.stat("listings/beyond_limit") == 1
    assert sum(path.startswith("/day-") for path in site.asked) < 12
    assert done.stat("listings/failed/too_large") == 1
    assert done.stat("articles/next_pages") == 3


def test_a_crawl_that_was_killed_goes_on(
    site: Site, crawl: Callable[..., Crawl], database: Documents, tmp_path: Path
) -> None:
    paths = [f"/story-of-the-day-{number}" for number in range(100001, 100016)]
    site.sitemap("/sitemap.xml", dict.fromkeys(paths))
    for path in paths:
        site.article(path, f"Story {path}")

    def kill() -> None:
        site.article(paths[7], f"Story {paths[7]}")
        for process in psutil.Process().children():
            if "crawl" in process.cmdline():
                process.kill()

    site.answers[paths[7]].before = kill
    options = ("-s", f"JOBDIR={tmp_path / 'job'}", "-s", "CONCURRENT_REQUESTS=1", "-s", "STORE_BATCH_SECONDS=0")
    killed = crawl("site", "-a", site.domain, *options)
    assert killed.status == -9
    before = {visit["_id"] for visit in database.visits.find()}
    site.asked.clear()

    done = crawl("site", "-a", site.domain, *options)
    assert done.status == 0, done.log
    assert stored(database) == sorted(path[1:] for path in paths)
    assert done.stat("conditional/resumed") == len(before)
    assert not before & {f"{site.url}{path}" for path in site.asked}
    assert len({crawl["job"] for crawl in database.crawls.find()}) == 1


def test_a_story_over_several_pages_is_one_article(
    site: Site, crawl: Callable[..., Crawl], database: Documents
) -> None:
    story = "/library-stays-open-after-all"
    site.sitemap("/sitemap.xml", {story: None})
    for number, (path, following) in enumerate(
        [(story, f"{story}?page=2"), (f"{story}?page=2", f"{story}?page=3"), (f"{story}?page=3", None)], 1
    ):
        page = site.article(path)
        link = f'<a rel="next" href="{following}">Next</a>' if following else ""
        page.body = page.body.replace(b"The council", f"On page {number} the council".encode())
        page.body = page.body.replace(b"</article>", f'</article>{link}<a href="/?page=2">Front page</a>'.encode())
    # The last page fails at first, and for good: what came is kept, and fetched again by the next crawl.
    site.answers[f"{story}?page=3"].status = 404
    assert crawl("site", "-a", site.domain).status == 0
    (article,) = database.articles.find()
    assert [f"On page {number}" in article["text"] for number in (1, 2, 3)] == [True, True, False]
    site.answers[f"{story}?page=3"].status = 200
    done = crawl("site", "-a", site.domain)
    assert done.status == 0, done.log
    (article,) = database.articles.find()
    assert [f"On page {number}" in article["text"] for number in (1, 2, 3)] == [True, True, True]
    assert [block["text"] for block in article["blocks"]].count("Library stays open") == 1
    assert any(block["xpath"].startswith("/html[3]/") for block in article["blocks"])
    assert article["revision"] == 2


BROWSER = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine")
def test_a_page_that_needs_a_browser_is_rendered(
    site: Site, crawl: Callable[..., Crawl], database: Documents, tmp_path: Path
) -> None:
    site.put("/news", b'<a href="/library-stays-open-after-all">x</a>')
    page = site.article("/library-stays-open-after-all")
    head, _, rest = page.body.partition(b"<article>")
    page.body = head + b"<script>document.write(" + json.dumps(rest.decode()).encode() + b")</script>"
    (tmp_path / "courier.toml").write_text(
        'name = "Courier"\ndomain = "127.0.0.1"\nrender = true\nallow_private = true\n'
        f'[[sources]]\nkind = "section"\nurl = "{site.url}/news"\n'
    )
    done = crawl("courier", PUBLISHERS_DIR=str(tmp_path), BROWSER_PATH=str(BROWSER))
    assert done.status == 0, done.log
    assert stored(database) == ["library-stays-open-after-all"]
