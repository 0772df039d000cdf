"""How fast a crawl is with and without reading its pages, and whether its memory stays flat.

    python -m benchmarks.crawl PAGES [--pages 400] [--rounds 2] [--memory 5000]

PAGES is a folder of pages (``*.html`` or ``*.html.gz``, also in folders below). They are served on the loopback as one
site, over again under other addresses until there are enough, and crawled with ``scrapy crawl site`` into a MongoDB of
the benchmark's own: in turns as it is, and with the pipeline that reads pages (labels, facts, language) replaced by one
that makes up a title and a text. Everything else is the same: discovery, conditional requests, the store. The ratio of
the two speeds is the figure; speeds themselves depend on the machine. Processor time a page is printed beside them,
which other work on the machine changes less. With --memory, one more crawl of so many pages
tells the memory of the crawler's own process and of its workers on the way.
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawler.items import Article

QUICK = {"AUTOTHROTTLE_ENABLED": 0, "DOWNLOAD_DELAY": 0, "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "SUMMARY_ENABLED": 0}
BARE = {
    "ITEM_PIPELINES": '{"benchmarks.crawl.Unread": 100, "crawler.pipelines.validate.ValidatePipeline": 200, '
    '"crawler.pipelines.store.StorePipeline": 400}'
}


class Unread:
    """Stands in for the reading of a page."""

    def process_item(self, item: Article) -> Article:
        """Make up a title and a text."""
        item.canonical_url, item.title, item.text = item.url, "Title", item.url
        return item


class Site(ThreadingHTTPServer):
    """Serves pages as one site."""

    daemon_threads = True

    def __init__(self, files: list[Path], count: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        bodies = [gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes() for file in files]
        self.pages = {f"/page-of-the-benchmark-{n:06}": bodies[n % len(bodies)] for n in range(count)}
        self.served = 0
        self.on_page: Callable[[int], object] = lambda served: None


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer the sitemap or a page."""
        body, kind = self.server.pages.get(self.path), "text/html"
        if self.path == "/sitemap.xml":
            rows = "".join(f"<url><loc>{self.server.url}{path}</loc></url>" for path in self.server.pages)
            body, kind = f"<urlset>{rows}</urlset>".encode(), "application/xml"
        elif body is not None:
            self.server.served += 1
            self.server.on_page(self.server.served)
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def serving(files: list[Path], count: int) -> Iterator[Site]:
    """Serve so many pages made of files, while the context lasts."""
    with Site(files, count) as site:
        Thread(target=site.serve_forever, daemon=True).start()
        yield site
        site.shutdown()


@dataclass(frozen=True, slots=True)
class Run:
    """What a crawl did, and what it took.

    Attributes:
        speed: pages a second between the spider's opening and its end.
        stored: pages that were stored.
        crawler: milliseconds of processor time that a page took of the crawler's own process, starts included.
        workers: the same of the processes that it started.
    """

    speed: float
    stored: int
    crawler: float
    workers: float


def crawl(site: Site, home: str, database: str, settings: dict[str, object]) -> Run:
    """Crawl the site."""
    options = [part for name, value in {**QUICK, **settings}.items() for part in ("-s", f"{name}={value}")]
    site.served = 0
    log = Path(home, "log")
    with log.open("w") as out:
        process = psutil.Popen(
            [sys.executable, "-m", "scrapy", "crawl", "site", "-a", f"domain={site.url}", *options],
            env={**os.environ, "BROADSHEET_HOME": home, "MONGO_DATABASE": database, "no_proxy": "*"},
            stdout=subprocess.DEVNULL,
            stderr=out,
        )
    own = 0.0
    # The process is watched to its end, since what it used cannot be told from what its children used after it.
    while not (ended := os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG)):
        times = process.cpu_times()
        own = max(own, times.user + times.system)
        time.sleep(0.05)
    *_, used = os.wait4(process.pid, 0)
    text = log.read_text(encoding="utf-8")
    if ended.si_status:
        sys.exit(text[-3000:])
    (seconds,) = re.findall(r"'elapsed_time_seconds': ([\d.]+)", text)
    stored = sum(map(int, re.findall(r"'store/(?:stored|unchanged)': (\d+)", text)))
    pages = max(site.served, 1)
    total = used.ru_utime + used.ru_stime
    return Run(site.served / float(seconds), stored, 1000 * own / pages, 1000 * (total - own) / pages)


def measure_speed(site: Site, home: str, rounds: int) -> None:
    """Crawl in turns, and print the ratio of the speeds."""
    bare: list[float] = []
    full: list[float] = []
    print("                  speed        stored  crawler       workers")
    for number in range(rounds):
        for name, settings, speeds in (("unread", BARE, bare), ("read", {}, full)):
            run = crawl(site, home, f"{name}{number}", dict(settings))
            speeds.append(run.speed)
            print(
                f"{name:8}{run.speed:8.1f} pages/s {run.stored:8}"
                f" {run.crawler:8.1f} ms/page {run.workers:8.1f} ms/page",
                flush=True,
            )
    print(f"ratio   {statistics.median(full) / statistics.median(bare):8.2f} (of the medians of {rounds})")


def measure_memory(site: Site, home: str) -> None:
    """Crawl once, and print the memory ten times on the way."""
    step = max(len(site.pages) // 10, 1)

    def note(served: int) -> None:
        if served % step == 0:
            children = psutil.Process().children(recursive=True)
            crawler = next(child for child in children if "crawl" in child.cmdline())
            workers = [child.memory_info().rss for child in crawler.children() if "spawn_main" in str(child.cmdline())]
            sizes = [crawler.memory_info().rss, *workers]
            print(f"{served:6} pages", *(f"{size / 2**20:7.0f} MiB" for size in sizes), flush=True)

    print("after        crawler  workers")
    site.on_page = note
    crawl(site, home, "memory", {})


def main() -> None:
    """Read the arguments and measure."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", metavar="PAGES", type=Path)
    parser.add_argument("--pages", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory", type=int, default=0, metavar="PAGES")
    options = parser.parse_args()
    files = sorted(file for pattern in ("*.html", "*.html.gz") for file in options.folder.rglob(pattern))
    if not files:
        parser.error(f"{options.folder} holds no pages")
    with tempfile.TemporaryDirectory() as home:
        if options.pages:
            with serving(files, options.pages) as site:
                measure_speed(site, home, options.rounds)
        if options.memory:
            with serving(files, options.memory) as site:
                measure_memory(site, home)


if __name__ == "__main__":
    main()
