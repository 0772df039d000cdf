"""Where elements stand in a page, written as XPath."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable


class Paths:
    """The paths of some elements of a page, found all at once when the first is asked for."""

    def __init__(self, elements: list[etree._Element]) -> None:
        """Remember the elements."""
        self._elements = elements
        self._paths: dict[etree._Element, str] = {}

    def __getitem__(self, element: etree._Element) -> str:
        if not self._paths:
            self._paths = paths_of(self._elements)
        return self._paths[element]


def paths_of(elements: Iterable[etree._Element]) -> dict[etree._Element, str]:
    """Find the paths of many elements of a page, each the one that libxml2 gives.

    libxml2 counts the siblings of each element anew. Here the children of an element are counted once.

    Args:
        elements: the elements.

    Returns:
        The path of each of them, and of the elements around them.
    """
    needed: dict[etree._Element | None, set[etree._Element]] = {}
    for element in elements:
        inner, parent = element, element.getparent()
        while inner not in (inside := needed.setdefault(parent, set())):
            inside.add(inner)
            if parent is None:
                break
            inner, parent = parent, parent.getparent()
    paths: dict[etree._Element, str] = {}
    waiting = []
    for root in needed.pop(None, ()):
        paths[root] = root.getroottree().getpath(root)
        if root in needed:
            waiting.append(root)
    while waiting:
        parent = waiting.pop()
        inside = needed[parent]
        counts: Counter[str] = Counter()
        found: list[tuple[etree._Element, int]] = []
        for child in parent.iterchildren(etree.Element):
            counts[child.tag] += 1
            if child in inside:
                found.append((child, counts[child.tag]))
        for child, number in found:
            tag = child.tag
            if "{" in tag:
                paths[child] = child.getroottree().getpath(child)
            else:
                paths[child] = f"{paths[parent]}/{tag}[{number}]" if counts[tag] > 1 else f"{paths[parent]}/{tag}"
            if child in needed:
                waiting.append(child)
    return paths
