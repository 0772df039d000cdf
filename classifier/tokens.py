"""The tokens of blocks: their words, the names in the markup around them, the steps of their links, their buttons."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
from lxml import etree

from classifier.blocks import BUTTON, INLINE
from classifier.hashing import Splitter, Tokens, mix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from classifier.blocks import Cut
    from classifier.hashing import Hashes

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

_MAX_MARKUP: Final = 300
_MAX_ADDRESS: Final = 150
_MAX_BUTTON: Final = 40
_WORDED: Final = INLINE | {"button", "div", "p"}
"""Elements whose text is read as the words of a button; others in it are pictures, styles and scripts."""
_MANY: Final = 10
_HEAD, _TAIL = 200, 100
"""Characters of a block's beginning and end whose words are looked at."""
_PAIRED: Final = 8
"""Words of a block's beginning that are looked at in pairs; a text of fewer words also counts as a whole."""
_ON_BUTTON: Final = np.uint64(0x27D4EB2F165667C5)
_PAIR: Final = np.uint64(0xC2B2AE3D27D4EB4F)
_WHOLE: Final = np.cumprod(np.full(_PAIRED, 0x165667B19E3779F9, np.uint64), dtype=np.uint64)
_WHOLE.flags.writeable = False

_WORDS: Final = Splitter("'$%@&+#", plain=dict.fromkeys("“”„–—…\u00a0", " ") | {"’": "'"})
_NAMES: Final = Splitter("<", digits=False, camel=True)
_STEPS: Final = Splitter("/#-", plain={"/": " /"})


def lower_ends(texts: list[str]) -> list[str]:
    """The beginnings and ends of texts that words are taken from, in lower case."""
    # One by one, since most are ASCII, which is far faster to lower than a page with a single dash or quote.
    return [text.lower() if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}".lower() for text in texts]


def single_words(lines: list[str]) -> Tokens:
    """Find the words of lines that are in lower case already."""
    return Tokens.of(lines, _WORDS)


def words_of(starts: list[str], unspaced: NDArray[np.bool_]) -> Tokens:
    """Find the words of each block's beginning and end, the pairs of words that it begins with, and a short text whole.

    Args:
        starts: what `lower_ends` made of the texts.
        unspaced: for each block, whether its script puts no spaces between words; pairs of characters stand for words.
    """
    if unspaced.any():
        starts = list(starts)
        for block in np.flatnonzero(unspaced).tolist():
            text = starts[block]
            starts[block] = " ".join(text[i : i + 2] for i in range(max(1, len(text) - 1)))
    words = single_words(starts)
    hashes, lines, places = words.hashes, words.lines, words.positions()
    follows = (lines[1:] == lines[:-1]) & (places[1:] < _PAIRED)
    pairs = Tokens(mix(hashes[:-1] * _PAIR + hashes[1:])[follows], lines[1:][follows], len(words))
    few = (np.bincount(lines, minlength=len(words)) < _PAIRED).take(lines)
    return Tokens.joined([words, pairs, _whole(words.where(few), places[few])])


def _whole(words: Tokens, places: Ints) -> Tokens:
    """Each line as one token."""
    if not len(words.lines):
        return words
    first = np.flatnonzero(places == 0)
    return Tokens(mix(np.add.reduceat(words.hashes * _WHOLE[places], first)), words.lines[first], len(words))


def markups_of(page: Cut) -> tuple[Tokens, list[str], Ints, Ints]:
    """Find the names in the markup of a page.

    Returns:
        The names of each distinct markup, that of the tag first; the tag of each; which of the markups each container
        has; which the first inline element of each block has, -1 for none.
    """
    index: dict[tuple[str, str | None, str | None], int] = {}
    lines: list[str] = []

    def number_of(element: etree._Element) -> int:
        key = (element.tag, element.get("class"), element.get("id"))
        number = index.get(key)
        if number is None:
            number = index[key] = len(lines)
            # All attributes: class and id first of all, but also role, itemprop, data-testid, style and their like.
            lines.append(f"<{key[0][:_MAX_MARKUP]} {' '.join(element.values())[:_MAX_MARKUP]}".replace("\n", " "))
        return number

    elements, pieces, tails = page.elements, page.pieces, page.tails
    kinds = [
        number_of(element) if end > start else 0
        for element, start, end in zip(elements, page.starts, page.ends, strict=True)
    ]
    inline = [
        -1 if tails[first] or pieces[first] is elements[owner] else number_of(pieces[first])
        for owner, first in zip(page.owners, page.firsts, strict=True)
    ]
    return Tokens.of(lines, _NAMES), [tag for tag, _, _ in index], np.array(kinds, np.int64), np.array(inline, np.int64)


def tag_token(tag: str) -> Hashes:
    """What `markups_of` makes of a tag, of shape (1,)."""
    return Tokens.of([f"<{tag}"], _NAMES).hashes


def links_of(page: Cut, host: str) -> tuple[Tokens, Floats]:
    """Find what each block's first link tells of where it leads.

    Args:
        page: the blocks.
        host: the page's own host, ``""`` where it is not known.

    Returns:
        The steps of each link's address; and of shape (n, 4) whether there is a link, whether it leads away from the
        site, and how many hyphens and slashes its address has.
    """
    numbers = np.zeros((len(page), 4), np.float32)
    linked = np.array([block for block, link in enumerate(page.links) if link is not None], np.int64)
    links = [link for link in page.links if link is not None]
    addresses = [link.get("href")[:_MAX_ADDRESS] for link in links]
    numbers[linked, 0] = [address != "" for address in addresses]
    numbers[linked, 1] = ["//" in address and host not in address for address in addresses]
    numbers[linked, 2] = [address.count("-") for address in addresses]
    numbers[linked, 3] = [address.count("/") for address in addresses]
    kinds = [f" {link.get('rel', '')} {link.get('target', '')}"[: _MAX_ADDRESS + 1] for link in links]
    lines = [f"{address}{kind}".replace("\n", "").lower() for address, kind in zip(addresses, kinds, strict=True)]
    steps = Tokens.of(lines, _STEPS)
    return Tokens(steps.hashes, linked[steps.lines], len(page)), np.minimum(numbers, _MANY)


def buttons_of(page: Cut, starts: Ints, ends: Ints) -> Tokens:
    """Find the words on the first button in the innermost container of each block that has one.

    Args:
        page: the blocks.
        starts: for each block and the containers around it, its own first, the first mark in the container, of shape
            (n, levels).
        ends: likewise, the index behind its last mark.
    """
    if not page.buttons:
        return Tokens(np.zeros(0, np.uint64), np.zeros(0, np.int64), len(page))
    behind = np.concatenate(([0], np.cumsum(np.array(page.marks) == BUTTON)))
    first = behind.take(starts)
    has = behind.take(ends) > first
    nearest = first[np.arange(len(page)), has.argmax(1)]
    nearest[~has.any(1)] = -1
    texts = {at: _on_button(page.buttons[at]).lower() if at >= 0 else "" for at in set(nearest.tolist())}
    words = single_words([texts[at] for at in nearest.tolist()])
    return Tokens(words.hashes ^ _ON_BUTTON, words.lines, words.size)


def _on_button(button: etree._Element) -> str:
    if button.tag == "input":
        label: str = button.get("value") or button.get("alt", "")
        return label.strip()[:_MAX_BUTTON].replace("\n", " ")
    pieces = (text.strip()[:_MAX_BUTTON] for text in _texts(button))
    shown: str = " ".join(islice(filter(None, pieces), _MANY)) or button.get("aria-label", "").strip()
    return shown[:_MAX_BUTTON].replace("\n", " ")


def _texts(button: etree._Element) -> Iterator[str]:
    for event, element in etree.iterwalk(button, events=("start", "end")):
        if element.tag in _WORDED:
            text = element.text if event == "start" else element.tail
            if text and (event == "start" or element is not button):
                yield text
