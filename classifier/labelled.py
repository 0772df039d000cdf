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
from classifier.terminal import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

ATTRIBUTE: Final = "data-block-label"
_SHOWN: Final = 60
"""Characters of a class that a message quotes."""


class LabelError(ValueError):
    """Labelled HTML that can't be used; the message names the file."""


class UnknownLabelError(LabelError):
    """A page with labels that do not exist.

    Attributes:
        faults: for each such label, its file, its line and its element.
    """

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


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
        UnknownLabelError: elements have unknown labels.
        LabelError: there is no text in the page.
    """
    root = parse_html(page)
    if root is not None and (faults := _find_unknown_labels(root, name)):
        raise UnknownLabelError(faults)
    blocks = cut(root) if root is not None else Cut()
    if root is None or not len(blocks):
        raise LabelError(
            f"{name}: there is no text in this page, or it is nested too deep; remove it or fetch it again"
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
    for element in _labelled_elements(root):
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
    for meta in root.iter("meta"):
        # The text is written in UTF-8, whatever the page was fetched in.
        if meta.get("charset") is not None or (meta.get("http-equiv") or "").lower() == "content-type":
            for name in ("http-equiv", "content"):
                meta.attrib.pop(name, None)
            meta.set("charset", "utf-8")
    text: str = html.tostring(root, encoding="unicode", doctype="<!DOCTYPE html>")
    return text


def describe(element: etree._Element) -> str:
    """Write the start tag of an element with its class, for a message."""
    name = element.get("class")
    return printable(f'<{element.tag} class="{name[:_SHOWN]}">' if name else f"<{element.tag}>")


def _labelled_elements(root: etree._Element) -> list[etree._Element]:
    """The elements with a label of a page, its root among them."""
    return [element for element in root.iter("*") if element.get(ATTRIBUTE) is not None]


def _find_unknown_labels(root: etree._Element, name: str) -> list[str]:
    return [
        f"{name}, line {element.sourceline}: {describe(element)} has the unknown label"
        f" {printable(repr(element.get(ATTRIBUTE)))}; use one of {', '.join(LABELS)}"
        for element in _labelled_elements(root)
        if element.get(ATTRIBUTE) not in (*LABELS, BOILERPLATE)
    ]


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
