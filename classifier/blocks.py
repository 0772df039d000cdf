"""HTML to blocks: the runs of visible text under one block-level element, and the containers that they stand in."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import Final

from lxml import etree

SKIPPED: Final = frozenset(
    "script style noscript template svg head iframe object embed canvas select option textarea button math audio"
    " video map input".split()
)
"""Elements whose text no reader sees as text of the page."""

INLINE: Final = frozenset(
    "a abbr acronym b bdi bdo big blink br cite code data del dfn em font i img ins kbd label mark nobr output q rp rt"
    " ruby s samp small span strike strong sub sup time tt u var wbr picture source".split()
)
"""Elements that do not end a run of text."""

BLOCK_LEVEL: Final = frozenset(
    "address article aside blockquote body center dd details dialog dir div dl dt fieldset figcaption figure footer"
    " form frameset h1 h2 h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre search section summary"
    " table caption colgroup col tbody thead tfoot tr td th ul".split()
)
"""Elements that end a run of text. Others that are neither skipped nor inline end it where no text is beside them."""

MARKS: Final = ("image", "field", "button", "frame")
"""Kinds of elements that say something without text: pictures, form fields, buttons, embedded documents and players."""
BUTTON: Final = MARKS.index("button")

MAX_BLOCKS: Final = 20_000
"""Blocks that are cut of a page. No page that is read by people has as many."""
MAX_ELEMENTS: Final = 500_000
"""Elements that are walked through on the way to them."""

_BLOCK_LEVEL, _INLINE, _LINK, _BREAK, _SKIPPED = range(5)
_KIND: Final = (
    dict.fromkeys(SKIPPED, _SKIPPED)
    | dict.fromkeys(INLINE, _INLINE)
    | dict.fromkeys(BLOCK_LEVEL, _BLOCK_LEVEL)
    | {"a": _LINK, "br": _BREAK}
)
_MARK: Final = {
    tag: MARKS.index(kind)
    for kind, tags in {
        "image": "img amp-img",
        "field": "input textarea select",
        "button": "button",
        "frame": "iframe embed object video audio",
    }.items()
    for tag in tags.split()
}
_BUTTON_TYPES: Final = frozenset(("submit", "button", "image"))


@dataclass(slots=True)
class Cut:
    """A page cut into blocks, as parallel lists.

    The containers are the page's block-level elements in document order. Container 0 is the body.

    Attributes:
        texts: the text of each block, white space folded, in document order.
        owners: for each block, the index of the container that it stands in.
        link_chars: for each block, the characters of its raw text that stand in links, with the space before a link.
        links: for each block, the first link that it stands in or holds; None for a block without one.
        pieces: the elements of all pieces of text that the blocks are made of, block after block.
        tails: for each piece, whether it is the text behind its element or that at the element's beginning.
        firsts: for each block, the index of its first piece.
        elements: the container elements.
        parents: for each container, the index of the container around it; 0 for the body itself.
        depths: for each container, the number of containers around it.
        starts: for each container, the index of the first block in or under it.
        ends: for each container, the index behind the last block in or under it.
        marks: the kind of each element that says something without text, an index of `MARKS`.
        mark_places: for each of them, how many blocks began before it.
        mark_starts: for each container, the index of the first mark in or under it.
        mark_ends: for each container, the index behind the last mark in or under it.
        buttons: the elements of those marks that are buttons.
    """

    texts: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    link_chars: list[int] = field(default_factory=list)
    links: list[etree._Element | None] = field(default_factory=list)
    pieces: list[etree._Element] = field(default_factory=list)
    tails: list[bool] = field(default_factory=list)
    firsts: list[int] = field(default_factory=list)
    elements: list[etree._Element] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    mark_places: list[int] = field(default_factory=list)
    mark_starts: list[int] = field(default_factory=list)
    mark_ends: list[int] = field(default_factory=list)
    buttons: list[etree._Element] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def sources(self) -> list[list[tuple[etree._Element, bool]]]:
        """For each block, its pieces of text: an element, and whether it is the text behind it."""
        pieces = list(zip(self.pieces, self.tails, strict=True))
        return [pieces[first:end] for first, end in pairwise([*self.firsts, len(pieces)])]


def cut(root: etree._Element) -> Cut:
    """Cut a parsed page into blocks.

    A block is one run of visible text under one block-level element. Inline elements do not end it; another
    block-level element with text and two line breaks in a row do.

    Args:
        root: the root element of the page, not changed.

    Returns:
        The blocks and their containers, every visible text once; of a page of more than `MAX_BLOCKS` blocks or
        `MAX_ELEMENTS` elements, what stands before that.
    """
    body = root.find("body")
    if body is None:
        body = root
    page = Cut(elements=[body], parents=[0], depths=[0], starts=[0], ends=[0], mark_starts=[0], mark_ends=[0])
    elements, parents, depths, starts, ends = page.elements, page.parents, page.depths, page.starts, page.ends
    owners, link_chars, links = page.owners, page.link_chars, page.links
    pieces, tails, firsts = page.pieces, page.tails, page.firsts
    marks, mark_places, mark_starts, mark_ends = page.marks, page.mark_places, page.mark_starts, page.mark_ends
    # The raw text of each piece, with a space before those that something stands in front of.
    raw: list[str] = []
    owner, last_owner, breaks, gap, skipping, full = 0, -1, 0, False, False, False
    open_links: list[etree._Element] = []
    # The open elements outwards of the last one, and the kind of each.
    path, kinds = [body], [_BLOCK_LEVEL]

    def add(text: str, element: etree._Element, is_tail: bool) -> None:
        nonlocal last_owner, breaks, gap, full
        full = full or (len(owners) == MAX_BLOCKS and (owner != last_owner or breaks > 1))
        if full:
            return
        if owner != last_owner or breaks > 1:
            last_owner = owner
            owners.append(owner)
            link_chars.append(0)
            links.append(None)
            firsts.append(len(pieces))
        elif gap:
            text = f" {text}"
        raw.append(text)
        pieces.append(element)
        tails.append(is_tail)
        breaks, gap = 0, False
        if open_links:
            link_chars[-1] += len(text)
            if links[-1] is None:
                links[-1] = open_links[-1]

    walk = body.iter(etree.Element)
    innermost = next(walk)
    if (text := body.text) and not text.isspace():
        add(text, body, False)
    for number, element in enumerate(chain(walk, (None,))):
        if full or number == MAX_ELEMENTS:
            break
        parent = body if element is None else element.getparent()
        while innermost is not parent:
            path.pop()
            kind = kinds.pop()
            if kind == _BLOCK_LEVEL:
                ends[owner] = len(owners)
                mark_ends[owner] = len(marks)
                owner = parents[owner]
                gap = True
            elif kind == _LINK:
                open_links.pop()
            elif kind == _SKIPPED:
                skipping = False
            if not skipping and (text := innermost.tail):
                # White space is no text, but it keeps the words before and behind it apart.
                if text.isspace():
                    gap = True
                else:
                    add(text, innermost, True)
            innermost = path[-1]
        if element is None:
            break
        kind = _INLINE
        if not skipping:
            tag = element.tag
            kind = _KIND[tag] if tag in _KIND else _kind_of_unknown(element)
            if kind == _LINK and element.get("href") is None:
                kind = _INLINE
            if tag in _MARK:
                mark = _mark_of(element)
                if mark >= 0:
                    marks.append(mark)
                    mark_places.append(len(owners))
                    if mark == BUTTON:
                        page.buttons.append(element)
            if kind == _BLOCK_LEVEL:
                parents.append(owner)
                depths.append(depths[owner] + 1)
                owner = len(elements)
                elements.append(element)
                starts.append(len(owners))
                ends.append(0)
                mark_starts.append(len(marks))
                mark_ends.append(0)
                gap = True
            elif kind == _LINK:
                open_links.append(element)
            elif kind == _BREAK:
                breaks += 1
                gap = True
            elif kind == _SKIPPED:
                skipping = True
            if not skipping and (text := element.text):
                if text.isspace():
                    gap = True
                else:
                    add(text, element, False)
        path.append(element)
        kinds.append(kind)
        innermost = element
    while owner:
        ends[owner], mark_ends[owner] = len(owners), len(marks)
        owner = parents[owner]
    ends[0], mark_ends[0] = len(owners), len(marks)
    page.texts = [_folded("".join(raw[first:end])) for first, end in pairwise([*firsts, len(raw)])]
    return page


def _folded(text: str) -> str:
    text = text.strip()
    # Most texts need no more, which is found out faster than they are split: no white space but the space is printable.
    return text if text.isprintable() and "  " not in text else " ".join(text.split())


def _kind_of_unknown(element: etree._Element) -> int:
    """A custom or obsolete element is inline where it stands in the midst of a line, as browsers show it."""
    previous, parent = element.getprevious(), element.getparent()
    before = previous.tail if previous is not None else None if parent is None else parent.text
    in_line = any(text and not text.isspace() for text in (before, element.tail))
    return _INLINE if in_line and not any(child.tag in BLOCK_LEVEL for child in element) else _BLOCK_LEVEL


def _mark_of(element: etree._Element) -> int:
    """The kind of mark that an element is; -1 for a field that nobody sees."""
    if element.tag == "input":
        kind = element.get("type", "text").lower()
        if kind == "hidden":
            return -1
        if kind in _BUTTON_TYPES:
            return BUTTON
    return _MARK[element.tag]
