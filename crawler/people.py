"""The people who wrote an article: their names out of bylines, properties and meta elements."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from lxml import etree

from crawler.titles import letters

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from lxml.etree import _Element

# "By", "Text:" and their like before a name, in the languages of news sites.
_BEFORE = re.compile(
    r"^\W*(?:(?:written |reported |words )?by|von|par|di|por|av|af|door|texte?|testo|texto|autor(?:in|en|es)?|auteurs?"
    r"|authors?)(?:\s*:|\s)\s*",
    re.IGNORECASE,
)
# What stands behind a name: initials, an address or an agency in brackets, and the word for a reporter in Korean and
# Japanese.
_BEHIND = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$|(?<=\w)\s+(?:기자|특파원|記者)$")
_LISTED = re.compile(r"\s*[,;|/、]\s*")
_JOINED = re.compile(r"\s+(?:and|und|et|y|e|og|och|en|i|&)\s+", re.IGNORECASE)
_MAX_NAME = 100
_MAX_BYLINE = 200
_MAX_PEOPLE = 100

_MAX_ELEMENTS = 50

_LINKS = etree.XPath("(//a[contains(concat(' ', normalize-space(@rel), ' '), ' author ')])[position() <= $most]")
_MARKED = etree.XPath(
    "(//*[self::a or self::span or self::p or self::div or self::address or self::li or self::strong]"
    "[contains(translate(@class, 'AB', 'ab'), 'author') or contains(translate(@class, 'AB', 'ab'), 'byline')])"
    "[position() <= $most]"
    "[not(ancestor-or-self::*[self::aside or self::footer or self::nav or contains(@class, 'comment')])]"
)


def people_in(text: str) -> Iterator[str]:
    """Yield the names of a byline or a property.

    Args:
        text: such as ``By Jane Doe and Joe Roe (dpa)``; an address or a number names nobody.
    """
    text = " ".join(word for word in text.split() if "@" not in word)
    if len(text) > _MAX_BYLINE or text.startswith(("http://", "https://", "www.")):
        return
    for part in _LISTED.split(_BEFORE.sub("", text)):
        names = _JOINED.split(part)
        # "Le Monde et AFP" is one name of one desk; people have two names at least.
        for name in names if all(" " in name.strip() for name in names) else [part]:
            while name != (shorter := _BEHIND.sub("", name)):
                name = shorter
            name = _BEFORE.sub("", name).strip(" .:-–—•·")
            if len(name) <= _MAX_NAME and sum(map(str.isalpha, name)) > 1:
                yield name


def distinct(names: Iterable[str], houses: Collection[str] = ()) -> list[str]:
    """Return the names without repetitions, in their order.

    Args:
        names: names of people and organisations.
        houses: the publisher's own names, in `letters`, which are left out.
    """
    found: dict[str, str] = {}
    for name in names:
        key = letters(name)
        if key and key not in houses:
            found.setdefault(key, name)
    return list(found.values())[:_MAX_PEOPLE]


def byline_of(root: _Element) -> Iterator[str]:
    """Yield the names of the page's first byline: links to authors, or else elements of a class that says so."""
    for found in (_LINKS(root, most=_MAX_ELEMENTS), _MARKED(root, most=_MAX_ELEMENTS)):
        for element in found:
            names = [name for text in _texts(element) for name in people_in(text)]
            if names:
                yield from names
                # Further authors stand beside the first; those elsewhere wrote what the page links to.
                for sibling in islice(element.itersiblings(element.tag), _MAX_ELEMENTS):
                    if sibling in found:
                        yield from (name for text in _texts(sibling) for name in people_in(text))
                return


def _texts(element: _Element) -> list[str]:
    links = [_folded(link) for link in islice(element.iter("a"), _MAX_ELEMENTS)]
    return [text for text in links or [_folded(element)] if text]


def _folded(element: _Element) -> str:
    return " ".join("".join(element.itertext()).split())
