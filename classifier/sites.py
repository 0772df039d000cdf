"""The site that a saved page comes from, as the page itself tells it."""

from __future__ import annotations

from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import tldextract
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESSES: Final = etree.XPath("//link[@rel='canonical']/@href | //meta[@property='og:url']/@content")


def site_of(root: etree._Element, name: str) -> str:
    """Tell the site of a page, so that pages of one site are never split between training and measuring.

    Args:
        root: the parsed page.
        name: the page's file, used where the page does not say its address.

    Returns:
        The registered domain of the canonical link or of ``og:url``; else as `site_of_file`.
    """
    for address in _addresses(root):
        if domain := registered_domain(address):
            return domain
    return site_of_file(name)


def site_of_file(name: str) -> str:
    """Tell the site of a page that does not say its address: its file's name, or its folder's for an ``index.html``.

    Args:
        name: the page's file.
    """
    path = PurePath(name)
    stem = path.name.removesuffix(".gz").rpartition(".")[0]
    return (path.parent.name if stem.lower() == "index" else "") or stem or name


def registered_domain(address: str) -> str:
    """Return the registered domain of an address, such as ``example.co.uk``; empty where it has no host.

    Below a top-level domain that is not in the public suffix list (reserved names, local networks), the last two
    labels count; an IP address or a single label is its own site.
    """
    try:
        host = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:
        return ""
    found = _suffixes()(host)
    if found.suffix and found.domain:
        return f"{found.domain}.{found.suffix}".lower()
    return host if found.ipv4 or found.ipv6 else ".".join(host.split(".")[-2:])


def _addresses(root: etree._Element) -> Iterator[str]:
    # The canonical link comes first, wherever the two stand.
    found = sorted(_ADDRESSES(root), key=lambda value: value.attrname != "href")
    return (str(value) for value in found)


@cache
def _suffixes() -> tldextract.TLDExtract:
    # The snapshot inside the package: no look-up on the network, nothing written to the home folder.
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=True)
