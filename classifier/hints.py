"""What a page says of its own story outside the visible text: headline, description, JSON-LD article body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecoder
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

_META: Final = etree.XPath(
    "//meta[@property='og:title' or @name='twitter:title' or @property='og:description' or @name='description'"
    " or @property='og:url'] | //link[@rel='canonical']"
)
_LINKED_DATA: Final = etree.XPath("//script[@type='application/ld+json']")
_STRING: Final = re.compile(r'\s*:\s*"')
_DECODER: Final = JSONDecoder(strict=False)
_MAX_VALUES: Final = 50


@dataclass(frozen=True, slots=True)
class Hints:
    """The page's own words about its story.

    Attributes:
        titles: the headline in every wording that the page gives it.
        descriptions: summaries of the page.
        body: the JSON-LD ``articleBody``; empty where there is none.
        host: the host that the page says it stands on, without ``www.``; empty where it does not say.
    """

    titles: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    body: str = ""
    host: str = ""


def read_hints(root: etree._Element, url: str | None = None) -> Hints:
    """Read the hints from a parsed page.

    Args:
        root: the root element of the page.
        url: the address of the page, for where it does not say its own.

    Returns:
        The hints; empty ones where the page says nothing or nonsense.
    """
    titles: dict[str, None] = {}
    descriptions: dict[str, None] = {}
    body = ""
    title = root.find("head/title")
    if title is not None and title.text:
        titles[_fold(title.text)] = None
    host = ""
    for meta in _META(root):
        content = _fold(meta.get("content") or "")
        name = meta.get("property") or meta.get("name") or ""
        if meta.tag == "link" or name == "og:url":
            host = host or _host(meta.get("href") or content)
        elif content:
            (titles if name.endswith("title") else descriptions)[content] = None
    for script in _LINKED_DATA(root):
        text = script.text or ""
        for headline in _values(text, '"headline"'):
            titles[_fold(headline)] = None
        body = max(_values(text, '"articleBody"'), key=len, default=body)
    titles.pop("", None)
    return Hints(tuple(titles), tuple(descriptions), body, host or _host(url or ""))


def _host(url: str) -> str:
    try:
        return (urlsplit(url.strip()).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _fold(text: str) -> str:
    return " ".join(text.split())


def _values(text: str, key: str) -> Iterator[str]:
    """The strings that stand under a key in a JSON text, without reading the rest of it."""
    at = text.find(key)
    for _ in range(_MAX_VALUES):
        if at < 0:
            return
        found = _STRING.match(text, at + len(key))
        if found:
            try:
                yield _DECODER.raw_decode(text, found.end() - 1)[0]
            except ValueError:
                return
        at = text.find(key, at + len(key))
