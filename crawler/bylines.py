"""The byline that readers see: names in elements that are marked as one, lead to an author, or begin with "By"."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import TYPE_CHECKING

from lxml import etree

from crawler.people import is_announced, is_person, people_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lxml.etree import _Element

_MAX_ELEMENTS = 50
_MAX_PIECES = 20
_MAX_TEXT = 80
_MAX_DEPTH = 100
_MARK = re.compile(r"author|byline|writer", re.IGNORECASE)
_AUTHOR_PAGE = re.compile(r"/(?:authors?|autor(?:en|es)?|auteurs?|contributors?|profiles?|staff|people)/[^/]")
# Who comments, and who wrote what the page links to.
_ELSEWHERE = re.compile(r"comment|related|teaser|card", re.IGNORECASE)
_ELSEWHERE_TAGS = frozenset(("aside", "footer", "nav"))
_WHOLE_TAGS = frozenset(("html", "body", "main", "article"))
_TEXT_TAGS = frozenset(("p", "div", "span", "a", "li", "em", "strong", "small", "cite", "address"))


def byline_of(root: _Element) -> list[str]:
    """Return the names of the page's first byline.

    Args:
        root: the page.
    """
    linked: list[_Element] = []
    marked: list[_Element] = []
    leading: list[_Element] = []
    announced: list[_Element] = []
    is_below = False
    for element in root.iter(etree.Element):
        is_below = is_below or element.tag == "h1"
        if element.tag == "a" and "author" in (element.get("rel") or "").split():
            linked.append(element)
        elif _MARK.search(element.get("class") or ""):
            marked.append(element)
        elif not is_below:
            continue
        elif element.tag == "a" and _AUTHOR_PAGE.search(element.get("href") or ""):
            leading.append(element)
        elif element.tag in _TEXT_TAGS and is_announced((element.text or "")[:_MAX_TEXT]):
            announced.append(element)
    return (
        _first(linked[:_MAX_ELEMENTS], is_trusted=True)
        or _first(_own(marked))
        or _first(_own(leading))
        # In a link to a story such a line is that story's.
        or next(filter(None, (_said(element) for element in _own(announced) if not _is_linked(element))), [])
    )


def _first(elements: list[_Element], is_trusted: bool = False) -> list[str]:
    for element in elements:
        if names := list(_names(element, is_trusted)):
            # Further authors stand beside the first; those elsewhere wrote what the page links to.
            siblings = [
                sibling for sibling in islice(element.itersiblings(element.tag), _MAX_ELEMENTS) if sibling in elements
            ]
            return [*names, *(name for sibling in siblings for name in _names(sibling, is_trusted))]
    return []


def _own(elements: list[_Element]) -> list[_Element]:
    return [element for element in elements[:_MAX_ELEMENTS] if not _is_elsewhere(element)]


def _is_elsewhere(element: _Element) -> bool:
    return any(
        one.tag in _ELSEWHERE_TAGS or (one.tag not in _WHOLE_TAGS and _ELSEWHERE.search(one.get("class") or ""))
        for one in chain((element,), islice(element.iterancestors(), _MAX_DEPTH))
    )


def _is_linked(element: _Element) -> bool:
    return any(one.tag == "a" for one in islice(element.iterancestors(), _MAX_DEPTH))


def _names(element: _Element, is_trusted: bool) -> Iterator[str]:
    links = _texts("".join(_pieces(link)) for link in islice(element.iter("a"), _MAX_ELEMENTS))
    is_due = is_trusted
    for text in links or _texts(_pieces(element)):
        is_due = is_due or is_announced(text)
        for name in people_in(text):
            # One word is a name where one is due: after "By", or in a link to the author.
            if is_person(name) or (is_due and " " not in name and name[0].isupper() and not is_announced(name)):
                yield name
        is_due = is_trusted or is_announced(text)


def _said(element: _Element) -> list[str]:
    text = " ".join("".join(_pieces(element)).split())
    return [*filter(is_person, people_in(text))] if len(text) <= _MAX_TEXT else []


def _pieces(element: _Element) -> Iterator[str]:
    return islice(element.itertext(), _MAX_PIECES)


def _texts(pieces: Iterable[str]) -> list[str]:
    return [text for piece in pieces if (text := " ".join(piece.split()))]
