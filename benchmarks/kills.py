"""Kill the crawler, kill mongod, or stop mongod, while articles are stored, and count what is lost, doubled or torn.

Usage: python -m benchmarks.kills crawler | mongod | pause [--times 20] [--articles 40] [--seed 1]

Pages are made up and served on the loopback; what they say changes with every crawl, so that every write is one.
An article counts as reported when the crawl's log says that it was scraped, which it does when the pipelines let
go of it. Prints a line a blow, and exits with 1 when anything was lost, doubled or torn.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import zstandard
from pymongo import MongoClient

from crawler.store.server import EmbeddedServer

DATABASE = "kills"
PAUSE_SECONDS = 60
PAGE_SECONDS = 0.1
SCRAPED = re.compile(r"Scraped from <200 (\S+)>")
STAT = re.compile(r"'(store/\w+)': (\d+)")


class Site(ThreadingHTTPServer):
    """A site of made-up articles; all of them say something new in every edition."""

    daemon_threads = True

    def __init__(self, articles: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.paths = [f"/story-of-the-day-{number + 100_000}" for number in range(articles)]
        self.edition = 0
        self.served = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def page(self, path: str, edition: int) -> bytes:
        """Return an article's page as it is in an edition."""
        sentence = f"Edition {edition} of the story at {path[1:]} says what the council of Northfield decided. "
        story = "".join(f"<p>Paragraph {number}. {sentence * 3}</p>" for number in range(8))
        head = f"<title>Story {path} in edition {edition}</title><meta property='og:type' content='article'>"
        return f"<html lang=en><head>{head}</head><body><article><h1>Story {path}</h1>{story}</article>".encode()


class _Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        """Answer the sitemap, or an article after a moment."""
        if self.path == "/sitemap.xml":
            rows = "".join(f"<url><loc>{self.server.url}{path}</loc></url>" for path in self.server.paths)
            body, kind = f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'.encode(), "xml"
        elif self.path in self.server.paths:
            time.sleep(PAGE_SECONDS)
            self.server.served += 1
            body, kind = self.server.page(self.path, self.server.edition), "html"
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", f"text/{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Crawl:
    """A crawl of the site in a process of its own.

    Attributes:
        site: the site.
        reported: the addresses that it reported as stored.
        stats: its counts under ``store/``, once it has ended.
    """

    def __init__(self, site: Site, uri: str, spool: Path) -> None:
        self.site = site
        site.edition += 1
        site.served = 0
        self.edition = site.edition
        self.reported: set[str] = set()
        self.stats: dict[str, int] = {}
        quick = ["AUTOTHROTTLE_ENABLED=0", "DOWNLOAD_DELAY=0", "STORE_BATCH_SIZE=5", "STORE_TIMEOUT=5"]
        arguments = [part for setting in quick for part in ("-s", setting)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl", "site", "-a", f"domain={site.url}", "-L", "DEBUG", *arguments],
            env={**os.environ, "MONGO_URI": uri, "MONGO_DATABASE": DATABASE, "SPOOL_DIR": str(spool)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stderr or ():
            if found := SCRAPED.search(line):
                self.reported.add(found[1])
            for name, count in STAT.findall(line):
                self.stats[name] = int(count)

    def wait(self) -> None:
        """Wait for its end, and for the end of its log."""
        self.process.wait()
        self._reader.join()


def faults(site: Site, database: Any, reported: dict[str, int]) -> list[str]:
    """Compare the database with the pages.

    Args:
        site: what served the pages.
        database: where they should be.
        reported: for each address the newest edition that was reported as stored.
    """
    found: list[str] = []
    articles: dict[str, Any] = {}
    for article in database["articles"].find():
        url = article["canonical_url"]
        if url in articles:
            found.append(f"doubled: {url}")
        articles[url] = article
        path = url.removeprefix(site.url)
        said = "\n\n".join(block["text"] for block in article["blocks"] if block["label"] == "article")
        editions = set(re.findall(r"Edition (\d+)", "".join(block["text"] for block in article["blocks"])))
        edition = int(max(editions, default="0"))
        page = database["pages"].find_one({"_id": article["page"]})
        html = zstandard.ZstdDecompressor().decompress(page["body"], 10_000_000) if page else b""
        whole = (
            len(editions) == 1
            and article["text"] == said
            and html == site.page(path, edition)
            and hashlib.sha256(html).hexdigest() == article["page"]
        )
        if not whole:
            found.append(f"torn: {url}")
        revisions = [old["revision"] for old in database["revisions"].find({"canonical_url": url}).sort("revision")]
        # A revision may be copied, and the article not yet replaced by the next.
        if revisions not in (list(range(1, article["revision"])), list(range(1, article["revision"] + 1))):
            found.append(f"revisions lost: {url}: {revisions} before {article['revision']}")
        if edition < reported.get(url, 0):
            found.append(f"lost: {url} was reported in edition {reported[url]}, and is there in {edition}")
    found += [f"lost: {url}" for url in reported if url not in articles]
    return found


def mongod_of(server: EmbeddedServer) -> psutil.Process:
    """Find the mongod that runs now; wait for one that is being started."""
    data = str(server.folder / "db")
    while True:
        for process in psutil.process_iter(["name", "cmdline"]):
            if process.info["name"] == "mongod" and data in (process.info["cmdline"] or ()):
                return process
        time.sleep(0.05)


def wait_for_reports(crawl: Crawl, count: int) -> bool:
    """Wait until so many articles were reported; False if the crawl ended before."""
    while len(crawl.reported) < count or not crawl.site.served:
        if crawl.process.poll() is not None:
            return False
        time.sleep(0.01)
    return crawl.process.poll() is None


class Trial:
    """Blows against a crawl or its database, and the count of what they did."""

    def __init__(self, site: Site, server: EmbeddedServer, spool: Path, chance: random.Random) -> None:
        self._site = site
        self._server = server
        self._spool = spool
        self._chance = chance
        self._reported: dict[str, int] = {}
        self._client = MongoClient[dict[str, Any]](server.uri)
        self._replayed = 0
        self.found: list[str] = []

    def kill_crawlers(self, times: int) -> None:
        """Kill a crawl at a random moment, so many times; then let one run to its end."""
        for number in range(1, times + 1):
            crawl = Crawl(self._site, self._server.uri, self._spool)
            wait_for_reports(crawl, self._chance.randrange(len(self._site.paths)))
            time.sleep(self._chance.random())
            crawl.process.kill()
            self._check(f"kill {number} of the crawler", crawl)
        self._crawl_to_the_end()

    def kill_servers(self, times: int) -> None:
        """Kill mongod at random moments of crawls, so many times."""
        number = 0
        while number < times:
            crawl = Crawl(self._site, self._server.uri, self._spool)
            while number < times and wait_for_reports(crawl, len(crawl.reported) + self._chance.randrange(8)):
                time.sleep(self._chance.random() * 2)
                mongod_of(self._server).kill()
                number += 1
                print(f"kill {number} of mongod after {len(crawl.reported)} reports", flush=True)
            self._check(f"crawl with kills up to {number}", crawl, complete=True)
        self._crawl_to_the_end()

    def pause_server(self) -> None:
        """Stop mongod for a minute in the midst of a crawl."""
        crawl = Crawl(self._site, self._server.uri, self._spool)
        wait_for_reports(crawl, len(self._site.paths) // 4)
        mongod = mongod_of(self._server)
        mongod.send_signal(signal.SIGSTOP)
        before = self._site.served
        try:
            for _ in range(PAUSE_SECONDS // 10):
                time.sleep(10)
                print(f"mongod stands still: {self._site.served - before} pages fetched since", flush=True)
        finally:
            mongod.send_signal(signal.SIGCONT)
        self._check(f"stop of {PAUSE_SECONDS} s", crawl, complete=True)

    def _crawl_to_the_end(self) -> None:
        self._check("unbroken crawl", Crawl(self._site, self._server.uri, self._spool), complete=True)

    def _check(self, what: str, crawl: Crawl, complete: bool = False) -> None:
        crawl.wait()
        self._reported |= dict.fromkeys(crawl.reported, crawl.edition)
        self._replayed += crawl.stats.get("store/replayed", 0)
        found = faults(self._site, self._client[DATABASE], self._reported)
        if complete and len(crawl.reported) < len(self._site.paths):
            found.append(f"{len(self._site.paths) - len(crawl.reported)} articles were not stored")
        self.found += found
        print(
            f"{what}: status {crawl.process.returncode}, {self._site.served} pages served, "
            f"{len(crawl.reported)} reported stored, {crawl.stats or ''} {len(found)} faults",
            *found,
            sep="\n  ",
            flush=True,
        )

    def summary(self) -> str:
        """Return the count in a line."""
        documents = self._client[DATABASE]["articles"].count_documents({})
        return (
            f"{len(self._reported)} articles reported, {documents} documents, "
            f"{self._replayed} replayed from the spool, {len(self.found)} lost, doubled or torn"
        )


def main() -> int:
    """Run a trial; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", choices=["crawler", "mongod", "pause"])
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--articles", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    site = Site(options.articles)
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder)) as server:
        trial = Trial(site, server, Path(folder) / "spool", random.Random(options.seed))
        if options.target == "crawler":
            trial.kill_crawlers(options.times)
        elif options.target == "mongod":
            trial.kill_servers(options.times)
        else:
            trial.pause_server()
        print(trial.summary())
    return 1 if trial.found else 0


if __name__ == "__main__":
    sys.exit(main())
