"""A publisher's site on the loopback that does what it is told, and crawls as a user starts them."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread, Timer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pymongo.database import Database

PROJECT = Path(__file__).parents[2]
PARAGRAPHS = "".join(
    f"<p>The council of Northfield met for the {number}th time and voted to keep the old library open, "
    "after readers had filled the hall and spoken for two hours about what the house means to them.</p>"
    for number in range(4, 10)
)


@dataclass
class Answer:
    """What the site answers at a path."""

    body: bytes = b""
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None
    """A Content-Length that is not the body's."""
    before: Callable[[], object] = lambda: None
    """What happens before the site answers."""
    pieces: Iterable[bytes] = ()
    """What follows the body piece by piece, as long as somebody listens; no Content-Length is sent then."""


class Site(ThreadingHTTPServer):
    """A site whose pages are set by the test; knows what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.user_agents: set[str] = set()

    @property
    def domain(self) -> str:
        """What `scrapy crawl site -a domain=` takes."""
        return f"domain={self.url}"

    def put(self, path: str, body: bytes, **answer: Any) -> None:
        """Put anything at a path; see `Answer`."""
        self.answers[path] = Answer(body, **answer)

    def article(self, path: str, title: str = "Library stays open", headers: Mapping[str, str] | None = None) -> Answer:
        """Put an article at a path."""
        head = f'<title>{title} | Courier</title><meta property="og:type" content="article">'
        body = f"<article><h1>{title}</h1>{PARAGRAPHS}</article>"
        page = f"<html lang=en><head>{head}</head><body>{body}</body></html>"
        answer = Answer(page.encode(), headers=headers or {})
        self.answers[path] = answer
        return answer

    def sitemap(self, path: str, entries: Mapping[str, str | None], root: str = "urlset") -> None:
        """Put a sitemap of paths and lastmods at a path."""
        child = "url" if root == "urlset" else "sitemap"
        rows = "".join(
            f"<{child}><loc>{self.url}{loc}</loc><lastmod>{lastmod or ''}</lastmod></{child}>"
            for loc, lastmod in entries.items()
        )
        body = f'<{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</{root}>'
        self.answers[path] = Answer(body.encode(), "application/xml")


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.user_agents.add(self.headers["User-Agent"])
        answer = self.server.answers.get(self.path, Answer(b"nothing here", "text/plain", 404))
        answer.before()
        status = answer.status
        if status == 200 and answer.headers.get("ETag") and self.headers["If-None-Match"] == answer.headers["ETag"]:
            status = 304
        self.send_response(status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Type", answer.content_type)
            if answer.length or not answer.pieces:
                self.send_header("Content-Length", str(answer.length or len(answer.body)))
        self.end_headers()
        if status != 304:
            self.wfile.write(answer.body)
            with suppress(OSError):
                for piece in answer.pieces:
                    self.wfile.write(piece)
        self.close_connection = answer.length is not None or bool(answer.pieces)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@dataclass
class Crawl:
    """A crawl that has ended."""

    status: int
    log: str

    def stat(self, name: str) -> int:
        """Read a number from the stats in the log."""
        for line in self.log.splitlines():
            key, _, value = line.strip(" {}").partition(": ")
            if key == repr(name):
                return int(value.strip(",}"))
        return 0


@pytest.fixture
def scrapy(mongo_uri: str, database: Database[dict[str, Any]], tmp_path: Path) -> Callable[..., Crawl]:
    """Run a scrapy command in a process of its own, against this test's database."""

    def run(*arguments: str, on_line: Callable[[str], object] = lambda line: None, **environment: str) -> Crawl:
        """Run it; ``on_line`` is called with each line of the log as it comes."""
        with subprocess.Popen(
            [sys.executable, "-m", "scrapy", *arguments],
            cwd=PROJECT,
            env={
                **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
                "MONGO_URI": mongo_uri,
                "MONGO_DATABASE": database.name,
                "SPOOL_DIR": str(tmp_path / "spool"),
                "COLUMNS": "200",
                **environment,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            watchdog = Timer(300, process.kill)
            watchdog.start()
            lines = []
            for line in process.stdout or ():
                lines.append(line)
                on_line(line)
            watchdog.cancel()
        return Crawl(process.returncode, "".join(lines))

    return run


@pytest.fixture
def crawl(scrapy: Callable[..., Crawl]) -> Callable[..., Crawl]:
    """Run ``scrapy crawl`` without the pauses that real sites are due."""

    def run(*arguments: str, **environment: Any) -> Crawl:
        quick = ("-s", "AUTOTHROTTLE_ENABLED=0", "-s", "DOWNLOAD_DELAY=0", "-s", "RETRY_TIMES=1")
        return scrapy("crawl", *arguments, *quick, **environment)

    return run
