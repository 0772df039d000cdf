"""What is wrong with labelled pages: labels that contradict each other, what is missing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from classifier.labelled import ATTRIBUTE, describe
from classifier.labels import LABELS
from classifier.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lxml import etree

    from classifier.blocks import Cut

_SHOWN: Final = 60
"""Characters of a block that a message quotes."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with labelled pages.

    Attributes:
        message: what is wrong and where, in a line.
        fatal: whether nothing should be trained on or measured with the pages before it is mended.
    """

    message: str
    fatal: bool = False


def find_nested_contradictions(page: Cut, name: str) -> list[Problem]:
    """Find the blocks whose pieces have different labels, and the labels that no text has any more.

    Args:
        page: the page, cut.
        name: its file.
    """
    problems = []
    ruled: dict[etree._Element, Counter[str]] = {}
    ruling: set[etree._Element] = set()
    for text, pieces in zip(page.texts, page.sources, strict=True):
        given: dict[str, etree._Element] = {}
        for element, is_tail in pieces:
            labelled = list(_labelled_ancestors(element.getparent() if is_tail else element))
            if not labelled:
                continue
            label = labelled[0].get(ATTRIBUTE, "")
            ruling.add(labelled[0])
            given.setdefault(label, labelled[0])
            for outer in labelled[1:]:
                ruled.setdefault(outer, Counter())[label] += 1
        if len(given) > 1:
            where = " and ".join(f"{label} (line {element.sourceline})" for label, element in given.items())
            problems.append(
                Problem(f"{name}: one block has two labels, {where}; most of its characters decide: {_quote(text)}")
            )
    for element, inner in ruled.items():
        own = element.get(ATTRIBUTE, "")
        if element not in ruling and own not in inner:
            problems.append(
                Problem(
                    f"{name}, line {element.sourceline}: {describe(element)} is labelled {own}, but all text in it is"
                    f" labelled {' and '.join(inner)} further inside; its label has no effect"
                )
            )
    return problems


class Repeated:
    """Finds texts that stand in the same markup on pages of one site and have different labels."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], dict[str, tuple[str, int]]] = {}

    def add(self, page: Cut, labels: Sequence[str | None], name: str, site: str) -> None:
        """Take in a page.

        Args:
            page: the page, cut.
            labels: the labels of its blocks.
            name: its file.
            site: the site that it comes from.
        """
        paths: dict[int, str] = {}
        for text, owner, label in zip(page.texts, page.owners, labels, strict=True):
            if label in LABELS:
                path = paths.get(owner) or paths.setdefault(owner, _path(page, owner))
                places = self._seen.setdefault((site, path, text), {})
                places.setdefault(str(label), (name, page.elements[owner].sourceline or 0))

    def problems(self) -> list[Problem]:
        """Say which texts contradict each other, and where."""
        return [
            Problem(
                f"{site}: the same text in the same markup is "
                + " and ".join(f"{label} ({name}, line {line})" for label, (name, line) in places.items())
                + f": {_quote(text)}"
            )
            for (site, _, text), places in self._seen.items()
            if len(places) > 1
        ]


def find_missing_labels(counts: Mapping[str, int]) -> list[Problem]:
    """Find the labels that no block has.

    Args:
        counts: how many blocks have each label.
    """
    missing = [label for label in LABELS if not counts.get(label)]
    if len(missing) == len(LABELS):
        return [
            Problem(
                "no block of these pages has a label: put data-block-label on elements (docs/labelling.md says how),"
                " or begin with: python -m classifier label PAGE.html --html",
                fatal=True,
            )
        ]
    if LABELS[0] in missing:
        return [Problem(f"no block is labelled {LABELS[0]}: nothing can be told from the rest of a page", fatal=True)]
    return [
        Problem(f"no block is labelled {label}: a model can't learn it from these pages, nor be measured on it")
        for label in missing
    ]


def _labelled_ancestors(element: etree._Element | None) -> Iterator[etree._Element]:
    """The elements with a label around a text, from the inside out."""
    while element is not None:
        if ATTRIBUTE in element.attrib:
            yield element
        element = element.getparent()


def _path(page: Cut, owner: int) -> str:
    """The tags and classes of a container and all containers around it."""
    names = []
    while owner:
        element = page.elements[owner]
        names.append(f"{element.tag}.{element.get('class', '')}")
        owner = page.parents[owner]
    return ">".join(names)


def _quote(text: str) -> str:
    return repr(printable(text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"))
