"""Serves the demo's sites: an HTTP proxy on the loopback that answers for their host names itself.

A crawler that is pointed at it (`http_proxy`) meets the sites under addresses that never change.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from demo.sites import load_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

PUBLISHERS = Path(__file__).parent / "publishers"
_TYPES = {".xml": "application/xml", ".txt": "text/plain"}


@dataclass(frozen=True)
class Resource:
    """What one address answers."""

    content_type: str
    body: bytes
    zipped: bytes
    etag: str

    @classmethod
    def of(cls, path: str, text: str) -> Resource:
        """Make the answer of ``path`` out of its text."""
        body = text.encode()
        content_type = _TYPES.get(Path(path).suffix, "text/html") + "; charset=utf-8"
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        return cls(content_type, body, gzip.compress(body, mtime=0), etag)


class SiteServer(ThreadingHTTPServer):
    """Plays the bundled sites as a proxy.

    Attributes:
        resources: what is served, by host name and path.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        """Listen on ``port`` of the loopback; 0 takes a free one."""
        self.resources = {
            (site.host, path): Resource.of(path, text) for site in load_sites() for path, text in site.files().items()
        }
        super().__init__(("127.0.0.1", port), _Handler)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that point a crawl at these sites and at their publisher files."""
        proxy = f"http://127.0.0.1:{self.server_port}"
        return {"http_proxy": proxy, "no_proxy": "", "PUBLISHERS_DIR": str(PUBLISHERS)}


@contextmanager
def running_sites() -> Iterator[SiteServer]:
    """Serve the sites from a thread while the block runs."""
    with SiteServer() as server:
        thread = Thread(target=server.serve_forever, name="demo-sites", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SiteServer

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        host = (address.hostname or self.headers.get("Host", "").partition(":")[0]).lower()
        resource = self.server.resources.get((host, address.path))
        if resource is None:
            self._answer(HTTPStatus.NOT_FOUND, b"There is no such page.\n", {"Content-Type": "text/plain"})
            return
        headers = {"Content-Type": resource.content_type, "ETag": resource.etag, "Vary": "Accept-Encoding"}
        if resource.etag in self.headers.get("If-None-Match", ""):
            self._answer(HTTPStatus.NOT_MODIFIED, b"", headers)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            self._answer(HTTPStatus.OK, resource.zipped, {**headers, "Content-Encoding": "gzip"})
        else:
            self._answer(HTTPStatus.OK, resource.body, headers)

    do_HEAD = do_GET

    def _answer(self, status: HTTPStatus, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    """Serve the sites until Ctrl-C, and say how to point a shell at them."""
    parser = argparse.ArgumentParser(prog="python -m demo.server", description=main.__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on the loopback (default: a free one)")
    try:
        server = SiteServer(parser.parse_args().port)
    except (OSError, OverflowError) as error:
        parser.error(f"cannot listen on that port: {error}")
    with server, suppress(KeyboardInterrupt):
        print("The demo's sites are up until Ctrl-C. In another terminal:\n")
        for name, value in server.environment.items():
            print(f"    export {name}={value}")
        print("    scrapy crawl northfield-courier", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
