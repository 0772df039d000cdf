"""Labelled HTML: plain HTML whose elements say, in ``data-block-label``, what the text under them is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lxml import etree, html

from classifier.blocks import Cut, cut
from classifier.files import find_pages, read_page
from classifier.labels import BOILERPLATE, LABELS
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ATTRIBUTE: Final = "data-block-label"


class LabelError(ValueError):
    """Labelled HTML that can't be used, with the file, the line and the element that are at fault."""


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page and what each of its blocks is.

    Attributes:
        name: where the page comes from, for messages and reports.
        root: the parsed page.
        labels: a label for each block in document order; None where the page does not say.
    """

    name: str
    root: etree._Element
    labels: list[str | None]


def read_labelled(page: bytes | str, name: str = "page") -> LabelledPage:
    """Read one page of labelled HTML.

    A text takes the label of its nearest ancestor-or-self that has one. A block whose pieces differ takes the label
    of most of its characters.

    Args:
        page: the HTML.
        name: what to call it in error messages.

    Returns:
        The page with its labels; `BOILERPLATE` stands for "not article, unsaid which".

    Raises:
        LabelError: there is no text in the page, or an element has an unknown label.
    """
    root = parse_html(page)
    blocks = cut(root) if root is not None else Cut()
    if root is None or not len(blocks):
        raise LabelError(f"{name}: there is no text in this page; remove it or fetch it again")
    for element in root.iterfind(f".//*[@{ATTRIBUTE}]"):
        label = element.get(ATTRIBUTE)
        if label not in (*LABELS, BOILERPLATE):
            raise LabelError(
                f"{name}, line {element.sourceline}: <{element.tag}> has the unknown label {label!r};"
                f" use one of {', '.join(LABELS)}"
            )
    return LabelledPage(name, root, [_majority(pieces) for pieces in blocks.sources])


def read_labelled_files(folder: Path) -> Iterator[LabelledPage]:
    """Read every labelled page under a folder, in the order of the paths.

    Args:
        folder: as `find_pages` takes it.

    Returns:
        The pages, each read when it is asked for.

    Raises:
        FileNotFoundError: as `find_pages`.
        OSError: as `read_page`.
        LabelError: as `read_labelled`.
    """
    return (read_labelled(read_page(file), str(file)) for file in find_pages([folder]))


def write_labelled(root: etree._Element, labels: Sequence[str | None]) -> str:
    """Write a parsed page as labelled HTML; loose text in mixed elements is wrapped in a span.

    Args:
        root: the page; it is changed.
        labels: a label for each of its blocks in document order, or None to leave a block unlabelled.

    Returns:
        HTML that `read_labelled` reads back to the same blocks and labels.

    Raises:
        ValueError: the number of labels is not that of the blocks.
    """
    blocks = cut(root)
    for element in root.iterfind(f".//*[@{ATTRIBUTE}]"):
        del element.attrib[ATTRIBUTE]
    for index, label in zip(range(len(blocks)), labels, strict=True):
        if label is None:
            continue
        owner = blocks.owners[index]
        if blocks.ends[owner] - blocks.starts[owner] == 1 and owner:
            blocks.elements[owner].set(ATTRIBUTE, label)
            continue
        for element, is_tail in blocks.sources[index]:
            _mark(element, is_tail, label)
    text: str = html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")
    return text


def _mark(element: etree._Element, is_tail: bool, label: str) -> None:
    span = etree.Element("span", {ATTRIBUTE: label})
    if is_tail:
        span.text, element.tail = element.tail, None
        element.addnext(span)
    else:
        span.text, element.text = element.text, None
        element.insert(0, span)


def _majority(pieces: list[tuple[etree._Element, bool]]) -> str | None:
    votes: Counter[str] = Counter()
    for element, is_tail in pieces:
        label = _nearest(element.getparent() if is_tail else element)
        if label is not None:
            votes[label] += len((element.tail if is_tail else element.text).strip())
    return votes.most_common(1)[0][0] if votes else None


def _nearest(element: etree._Element | None) -> str | None:
    while element is not None:
        label: str | None = element.get(ATTRIBUTE)
        if label is not None:
            return label
        element = element.getparent()
    return None
