"""A site of the public network leads to no address of ours."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from scrapy.exceptions import IgnoreRequest
from scrapy.utils.defer import maybe_deferred_to_future

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler
    from scrapy.http import Request
    from twisted.internet.base import ReactorBase

    from crawler.spiders.publisher import PublisherSpider

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class PrivateAddressMiddleware:
    """Refuses requests to the loopback, to private networks and to all else that is not the public network.

    It sees redirects as well as what listings and pages name; what names stand for is `PrivateNameMiddleware`'s.

    Allowed is the host that the publisher's entry, or ``-a domain=``, gives as such an address itself, and everything
    for an entry with ``allow_private = true``.

    Counts ``private/refused``.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Check where a request goes.

        Raises:
            IgnoreRequest: it leaves the public network.
        """
        publisher = cast("PublisherSpider", self._crawler.spider).publisher
        host = _host(request.url)
        if publisher.allow_private or (host == _host(f"//{publisher.domain}") and _is_written_as_private(host)):
            return
        if await self._is_private(request, host):
            self._crawler.stats.inc_value("private/refused")
            raise IgnoreRequest(f"{host} is not of the public network; allow_private = true in the entry allows it")

    async def _is_private(self, request: Request, host: str) -> bool:
        return _is_written_as_private(host)


class PrivateNameMiddleware(PrivateAddressMiddleware):
    """The same for the addresses that names stand for; Scrapy's cache of names then connects to that very address.

    Behind a proxy, names are the proxy's to resolve.
    """

    async def _is_private(self, request: Request, host: str) -> bool:
        return not request.meta.get("proxy") and await _resolves_to_private(host)


async def is_private(url: str) -> bool:
    """Tell whether an absolute address is not of the public network."""
    host = _host(url)
    return _is_written_as_private(host) or await _resolves_to_private(host)


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").rstrip(".").lower()


def _is_written_as_private(host: str) -> bool:
    address = _literal(host)
    return host == "localhost" or host.endswith(".localhost") or (address is not None and not _is_public(address))


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        # Resolvers take 127.1, 0x7f.1 and 2130706433 for addresses, too.
        return ipaddress.IPv4Address(socket.inet_aton(host)) if host[:1].isdigit() else None
    except OSError:
        return None


def _is_public(address: Address) -> bool:
    inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    return bool(inner.is_global and not inner.is_multicast)


async def _resolves_to_private(host: str) -> bool:
    from twisted.internet import reactor

    try:
        resolved = await maybe_deferred_to_future(cast("ReactorBase", reactor).resolve(host))
    except Exception:
        # A name that leads nowhere is told by the request itself.
        return False
    return not _is_public(ipaddress.ip_address(resolved))
