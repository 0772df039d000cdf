from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from twisted.internet import defer

from crawler.middlewares.private import PrivateAddressMiddleware, PrivateNameMiddleware
from crawler.publishers import Publisher

PROXY = {"proxy": "http://127.0.0.1:3128"}


def ask(url: str, meta: dict[str, Any] | None = None, domain: str = "www.a.example", **publisher: Any) -> None:
    spider = SimpleNamespace(publisher=Publisher("a", "A", domain, **publisher))
    stats = SimpleNamespace(inc_value=lambda name: None)
    crawler: Any = SimpleNamespace(spider=spider, stats=stats)
    for middleware in (PrivateAddressMiddleware(crawler), PrivateNameMiddleware(crawler)):
        asyncio.run(middleware.process_request(Request(url, meta=dict(meta or PROXY))))


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0.0.0.0", "10.1.2.3", "192.168.0.1:8080", "169.254.169.254",
     "100.64.0.1", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1]", "[fc00::1]", "localhost", "LOCALHOST.", "x.localhost"],
)  # fmt: skip
def test_what_is_not_of_the_public_network_is_refused(host: str) -> None:
    with pytest.raises(IgnoreRequest):
        ask(f"http://{host}/")
    ask(f"http://{host}/", allow_private=True)


@pytest.mark.parametrize("host", ["www.a.example", "8.8.8.8", "[2606:4700::1111]", "1password.example"])
def test_the_public_network_is_not(host: str) -> None:
    ask(f"http://{host}/")


def test_a_host_that_the_user_named_is_allowed_and_no_other() -> None:
    ask("http://127.0.0.1:8080/", domain="127.0.0.1:8080")
    with pytest.raises(IgnoreRequest):
        ask("http://127.0.0.2/", domain="127.0.0.1:8080")


@pytest.mark.parametrize(("address", "refused"), [("10.1.2.3", True), ("127.0.0.1", True), ("8.8.8.8", False)])
def test_a_name_is_as_good_as_its_address(monkeypatch: pytest.MonkeyPatch, address: str, refused: bool) -> None:
    from twisted.internet import reactor

    monkeypatch.setattr(reactor, "resolve", lambda host: defer.succeed(address), raising=False)
    if refused:
        with pytest.raises(IgnoreRequest):
            ask("https://inside.a.example/", {"proxy": None})
    else:
        ask("https://inside.a.example/", {"proxy": None})
