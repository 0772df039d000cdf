"""What a page says of its own story outside the visible text: headline, description, JSON-LD article body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from json import JSONDecoder
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

_TITLES: Final = frozenset(("og:title", "twitter:title"))
_DESCRIPTIONS: Final = frozenset(("og:description", "description"))
_STRING: Final = re.compile(r'\s*:\s*"')
_DECODER: Final = JSONDecoder(strict=False)
_MAX_VALUES: Final = 50


@dataclass(frozen=True, slots=True)
class Hints:
    """The page's own words about its story.

    Attributes:
        titles: the headline in every wording that the page gives it.
        descriptions: summaries of the page.
        body: the JSON-LD ``articleBody``, the longest one; empty where there is none.
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
    body = host = ""
    for element in root.iter("title", "meta", "link", "script"):
        get = element.get
        match element.tag:
            case "title":
                parent = element.getparent()
                if parent is not None and parent.tag == "head":
                    titles[_fold(element.text or "")] = None
            case "meta":
                name = get("property") or get("name")
                if name in _TITLES:
                    titles[_fold(get("content", ""))] = None
                elif name in _DESCRIPTIONS:
                    descriptions[_fold(get("content", ""))] = None
                elif name == "og:url":
                    host = host or _host(get("content", ""))
            case "link":
                if get("rel") == "canonical":
                    host = host or _host(get("href", ""))
            case _:
                if get("type") == "application/ld+json":
                    text = element.text or ""
                    for headline in _values(text, '"headline"'):
                        titles[_fold(headline)] = None
                    body = max((body, *_values(text, '"articleBody"')), key=len)
    descriptions.pop("", None)
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
