"""Crawls replayed sites over a network that fails, or kills the crawl on the way, and counts what is lost.

    python -m benchmarks.faults rates CORPUS --replay REPLAY.PY [--hosts 40 | --limit 300] [--error-rate 0.1]
    python -m benchmarks.faults kills CORPUS --replay REPLAY.PY [--limit 300] [--kills 5]

REPLAY.PY is the tool that plays CORPUS as web sites; its classes are served by this process, on the loopback.

rates  crawls hosts three times with ``scrapy crawl site``: over a sound network, over one that answers 500, cuts
       bodies and takes its time, and once more. The second crawl must store what the first stored, each page whole;
       the third must download no article body. With --limit the corpus is played as one site, which takes less time.
kills  crawls the corpus as one site, in one go and with a job folder and kill -9 at random moments, and compares what
       the two have stored.

Exits with 1 when a page is lost, cut, or fetched again, or the two stores differ.
"""

from __future__ import annotations

import argparse
import gzip
import os
import random
import re
import runpy
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import zstandard
from pymongo import MongoClient
from rich.console import Console
from rich.progress import track

from crawler.addresses import normalise
from crawler.store.server import EmbeddedServer

Documents = dict[str, dict[str, Any]]

ONE_HOST = "news.example.com"
QUICK = ("AUTOTHROTTLE_ENABLED=0", "DOWNLOAD_DELAY=0", "SUMMARY_ENABLED=0")
REASON = re.compile(
    r"'((?:articles/(?:found|fetched|failed|skipped|not_article)|rights|validate|conditional|store|retry|listings/failed"
    r"|classify/failed|duplicates)\b[^']*)': (\d+)"
)
# What is of the run and not of the article.
OF_THE_RUN = ("_id", "crawl", "first_seen_at", "updated_at")


class Replay:
    """The corpus as web sites, behind a proxy on the loopback.

    Attributes:
        pages: the bytes of the pages, by host and by their normalised addresses.
        bodies: bodies of articles that were sent since this was last set to 0.
    """

    def __init__(self, tool: Path, corpus: Path, one_host: str | None = None) -> None:
        module = runpy.run_path(str(tool))
        player: Any = module["Replay"]
        hosts = module["load"](corpus, one_host)
        self.pages = {
            host: {normalise(f"http://{host}{key}"): file for key, (file, _) in pages.items()}
            for host, pages in hosts.items()
        }
        self.bodies = 0
        replay = self

        class Handler(player):  # type: ignore[misc]
            def answer(self, status: int, body: bytes, kind: str | None, **headers: str) -> None:
                replay.bodies += status == 200 and "ETag" in headers
                super().answer(status, body, kind, **headers)

        Handler.hosts = hosts
        self._handler = Handler
        self._server = _Server(("127.0.0.1", 0), Handler)
        Thread(target=self._server.serve_forever, daemon=True).start()
        self.proxy = f"http://127.0.0.1:{self._server.server_port}"

    def largest(self, count: int) -> list[str]:
        """The hosts that have most pages."""
        return sorted(self.pages, key=lambda host: (-len(self.pages[host]), host))[:count]

    def set_faults(self, error_rate: float, drop_rate: float, delay: float) -> None:
        """Set the shares of answers that fail and of bodies that are cut, and the seconds before each answer."""
        self._handler.options = argparse.Namespace(error_rate=error_rate, drop_rate=drop_rate, delay=delay)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a crawl that is killed hangs up on whatever it asked for."""


class Crawls:
    """Runs crawls as a user does, each in a process of its own, into one MongoDB."""

    def __init__(self, replay: Replay, uri: str, folder: Path) -> None:
        self._replay = replay
        self._uri = uri
        self._folder = folder

    def start(self, host: str, database: str, *options: str) -> subprocess.Popen[str]:
        """Start a crawl of a host; what it logs goes to its stderr."""
        arguments = [part for setting in QUICK for part in ("-s", setting)]
        spool = self._folder / f"spool-{database}"
        return subprocess.Popen(
            [sys.executable, "-m", "scrapy", "crawl", "site", "-a", f"domain=http://{host}", *arguments, *options],
            env={
                **os.environ,
                "http_proxy": self._replay.proxy,
                "MONGO_URI": self._uri,
                "MONGO_DATABASE": database,
                "SPOOL_DIR": str(spool),
            },
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / f"{host}.log").open("w"),
            text=True,
        )

    def finish(self, host: str, process: subprocess.Popen[str]) -> Counter[str]:
        """Wait for the end of a crawl, and return what it counted."""
        status = process.wait()
        log = (self._folder / f"{host}.log").read_text()
        if status:
            print(f"{host}: the crawl ended with {status}\n{log[-2000:]}", file=sys.stderr)
        return Counter({name: int(count) for name, count in REASON.findall(log)})

    def all(self, hosts: list[str], database: str, parallel: int, *options: str) -> Counter[str]:
        """Crawl hosts, and return the sum of what the crawls counted."""
        with ThreadPoolExecutor(parallel) as pool:
            counts = pool.map(lambda host: self.finish(host, self.start(host, database, *options)), hosts)
            shown = track(counts, "Crawling", len(hosts), console=Console(stderr=True))
            return sum(shown, Counter[str]())


def measure_rates(replay: Replay, crawls: Crawls, client: MongoClient[Any], options: argparse.Namespace) -> int:
    """Crawl hosts over a sound network, over one that fails, and again; return the number of faults."""
    hosts = replay.largest(options.hosts)
    there = {url: file for host in hosts for url, file in [*replay.pages[host].items()][: options.limit]}
    limit = ("-a", f"limit={options.limit}") if options.limit else ()
    print(f"{len(hosts)} hosts, {len(there)} article pages", flush=True)
    stored: dict[str, set[str]] = {}
    cut: list[str] = []
    for name, database, faults in (
        ("sound network", "sound", (0.0, 0.0, 0.0)),
        ("failing network", "failing", (options.error_rate, options.drop_rate, options.delay)),
        ("second crawl", "failing", (0.0, 0.0, 0.0)),
    ):
        replay.set_faults(*faults)
        replay.bodies, begin = 0, time.monotonic()
        counts = crawls.all(hosts, database, options.parallel, *limit)
        visits = {visit["_id"]: visit["article"] for visit in client[database]["visits"].find()}
        stored[name] = {url for url in there if visits.get(url)}
        cut = [url for url in there if (body := _body(client[database], url)) and body != _page(there[url])]
        print(
            f"\n{name}: {len(stored[name])} of {len(there)} pages stored, {len(cut)} of them cut, "
            f"{replay.bodies} bodies sent, {time.monotonic() - begin:.0f} s"
        )
        print(*(f"  {count:6} {reason}" for reason, count in sorted(counts.items())), sep="\n", flush=True)
    lost = stored["sound network"] - stored["failing network"]
    print(f"\n{len(lost)} pages lost to faults, {len(cut)} cut, {replay.bodies} bodies sent to the second crawl")
    print(*(f"  lost: {url}" for url in sorted(lost)), *(f"  cut: {url}" for url in cut), sep="\n")
    return len(lost) + len(cut) + replay.bodies


def measure_kills(replay: Replay, crawls: Crawls, client: MongoClient[Any], options: argparse.Namespace) -> int:
    """Crawl in one go and with kills, and compare; return the number of documents that differ."""
    limit = ("-a", f"limit={options.limit}")
    replay.set_faults(0.0, 0.0, 0.0)
    whole = crawls.finish(ONE_HOST, crawls.start(ONE_HOST, "whole", *limit))
    print(f"in one go: {whole['articles/fetched']} pages fetched, {whole['store/stored']} stored", flush=True)
    chance = random.Random(options.seed)
    job = ("-s", f"JOBDIR={options.folder / 'job'}")
    for number in range(1, options.kills + 1):
        replay.bodies = 0
        moment = chance.randrange(2 * options.limit // (options.kills + 1))
        process = crawls.start(ONE_HOST, "broken", *limit, *job)
        while replay.bodies < moment and process.poll() is None:
            time.sleep(0.01)
        killed = process.poll() is None
        process.kill()
        process.wait()
        kept = client["broken"]["articles"].estimated_document_count()
        how = "killed" if killed else "at its end"
        print(f"crawl {number}: {how} after {replay.bodies} pages, {kept} documents in the store", flush=True)
    replay.bodies = 0
    last = crawls.finish(ONE_HOST, crawls.start(ONE_HOST, "broken", *limit, *job))
    print(f"last crawl: {replay.bodies} pages sent, {last['conditional/resumed']} were done before")
    one, other = _documents(client["whole"]), _documents(client["broken"])
    differing = [url for url in one.keys() | other.keys() if one.get(url) != other.get(url)]
    print(f"{len(one)} documents in one go, {len(other)} with kills, {len(differing)} of them differ")
    for url in sorted(differing):
        fields = one.get(url, {}).keys() | other.get(url, {}).keys()
        print(f"  {url}:", *(name for name in fields if one.get(url, {}).get(name) != other.get(url, {}).get(name)))
    return len(differing)


def _documents(database: Any) -> Documents:
    """Read what a store holds of each article; two documents of one address would be an article of their own."""
    found: Documents = {}
    for article in database["articles"].find():
        url = article["canonical_url"]
        facts = {name: value for name, value in article.items() if name not in OF_THE_RUN}
        found[url if url not in found else f"{url} (again)"] = facts | {"body": _body(database, article["url"])}
    return found


def _body(database: Any, url: str) -> bytes | None:
    article = database["articles"].find_one({"url": url}, {"page": True})
    page = database["pages"].find_one({"_id": article["page"]}) if article else None
    return zstandard.ZstdDecompressor().decompress(page["body"], 2**25) if page else None


def _page(file: Path) -> bytes:
    return gzip.decompress(file.read_bytes())


def main() -> int:
    """Run a measurement; return the exit status."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["rates", "kills"])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--replay", type=Path, required=True, metavar="REPLAY.PY")
    parser.add_argument("--hosts", type=int, default=40, help="rates: how many, those with most pages first")
    parser.add_argument("--parallel", type=int, default=2, help="rates: crawls at a time")
    parser.add_argument("--error-rate", type=float, default=0.1, help="rates: share of answers that are a 500")
    parser.add_argument(
        "--drop-rate", type=float, default=0.1, help="rates: share of pages that are cut in their midst"
    )
    parser.add_argument("--delay", type=float, default=0.05, help="rates: seconds before each answer")
    parser.add_argument("--limit", type=int, help="how many pages of the corpus as one site; kills: 300 by default")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1, help="kills: for the moments")
    options = parser.parse_args()
    measure = measure_rates if options.what == "rates" else measure_kills
    options.limit = options.limit or (300 if options.what == "kills" else None)
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder)) as server:
        options.folder = Path(folder)
        replay = Replay(options.replay, options.corpus, ONE_HOST if options.limit else None)
        with MongoClient[Any](server.uri) as client:
            faults = measure(replay, Crawls(replay, server.uri, options.folder), client, options)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
