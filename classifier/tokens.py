"""The tokens of blocks: their words, the names in the markup around them, and the steps of their links."""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classifier.blocks import Cut

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MAX_MARKUP: Final = 300
_MAX_ADDRESS: Final = 150
_MANY: Final = 10
HEAD, TAIL = 110, 50
"""Characters of a block's beginning and end whose words are looked at."""
_PAIRED: Final = 8
"""Words of a block's beginning that are looked at in pairs; a text of fewer words also counts as a whole."""
_SIGNS: Final = (("’", "'"), ("“", " "), ("”", " "), ("„", " "), ("–", " "), ("—", " "), ("…", " "), ("\u00a0", " "))


def _spaces(kept: str, digits: bool = True) -> bytes:
    """A table for `bytes.translate` that turns what separates words into spaces."""
    letters = (byte >= 128 or chr(byte).isalpha() or (digits and chr(byte).isdigit()) for byte in range(256))
    return bytes(byte if letter or chr(byte) in kept else 32 for byte, letter in enumerate(letters))


WORD_BYTES: Final = _spaces("\n'$%@&+#")
_NAME_BYTES: Final = _spaces("\n<", digits=False)
_LINK_BYTES: Final = _spaces("\n/#-")


def lower_ends(texts: list[str]) -> list[str]:
    """The beginnings and ends of texts that words are taken from, in lower case."""
    ends = [text if len(text) <= HEAD + TAIL else f"{text[:HEAD]} {text[-TAIL:]}" for text in texts]
    return "\n".join(ends).lower().split("\n")


def words_of(starts: list[str], texts: list[str], unspaced: NDArray[np.bool_]) -> list[list[bytes]]:
    """Find the words of each block's beginning and end, the pairs of words that it begins with, and a short text whole.

    Args:
        starts: what `lower_ends` made of the texts.
        texts: the texts of the blocks.
        unspaced: for each block, whether its script puts no spaces between words; pairs of characters stand for words.
    """
    page = "\n".join(starts)
    for sign, plain in _SIGNS:
        page = page.replace(sign, plain)
    words = [line.split() for line in page.encode("utf-8", "replace").translate(WORD_BYTES).split(b"\n")]
    for block in np.flatnonzero(unspaced).tolist():
        text = texts[block]
        if len(text) > 90:
            text = text[:60] + text[-30:]
        words[block] = [text[i : i + 2].encode("utf-8", "replace") for i in range(len(text) - 1)]
    found = []
    for line in words:
        start = line[:_PAIRED]
        pairs = list(map(b" ".join, pairwise(start)))
        if len(line) < _PAIRED:
            pairs.append(b"=" + b" ".join(line))
        found.append(list(dict.fromkeys([*line, *pairs])))
    return found


def markups_of(page: Cut) -> tuple[list[list[bytes]], Ints, Ints]:
    """Find the names in the markup of a page.

    Returns:
        The names of each distinct markup; which of the markups each container has; which the first inline element of
        each block has, -1 for none.
    """
    elements, starts, ends = page.elements, page.starts, page.ends
    filled = [at for at in range(len(elements)) if ends[at] > starts[at]]
    pieces, tails = page.pieces, page.tails
    inner = [
        (block, pieces[first])
        for block, (owner, first) in enumerate(zip(page.owners, page.firsts, strict=True))
        if not tails[first] and pieces[first] is not elements[owner]
    ]
    index: dict[tuple[str, str | None, str | None], int] = {}
    numbers: list[int] = []
    lines: list[str] = []
    for element in chain((elements[at] for at in filled), (element for _, element in inner)):
        get = element.get
        key = (element.tag, get("class"), get("id"))
        number = index.get(key)
        if number is None:
            number = index[key] = len(lines)
            # All attributes: class and id first of all, but also role, itemprop, data-testid, style and their like.
            lines.append(f"<{key[0]} {' '.join(element.values())[:_MAX_MARKUP]}".replace("\n", " "))
        numbers.append(number)
    kinds = np.zeros(len(elements), np.int64)
    kinds[filled] = numbers[: len(filled)]
    inline = np.full(len(page), -1)
    inline[[block for block, _ in inner]] = numbers[len(filled) :]
    return _split(_CAMEL.sub(" ", "\n".join(lines)), _NAME_BYTES), kinds, inline


def links_of(page: Cut, host: str) -> tuple[list[list[bytes]], Floats]:
    """Find what each block's first link tells of where it leads.

    Args:
        page: the blocks.
        host: the page's own host, ``""`` where it is not known.

    Returns:
        The steps of each link's address; and of shape (n, 4) whether there is a link, whether it leads away from the
        site, and how many hyphens and slashes its address has.
    """
    addresses = ["" if link is None else link.get("href", "#")[:_MAX_ADDRESS] for link in page.links]
    numbers = np.array(
        [
            (len(address) > 0, "//" in address and host not in address, address.count("-"), address.count("/"))
            for address in addresses
        ],
        np.float32,
    )
    kinds = [f"{link.get('rel', '')} {link.get('target', '')}" if link is not None else "" for link in page.links]
    lines = "\n".join(
        [f"{address} {kind}".replace("\n", "") for address, kind in zip(addresses, kinds, strict=True)]
    ).replace("/", " /")
    return _split(lines, _LINK_BYTES), np.minimum(numbers, _MANY)


def _split(lines: str, separators: bytes) -> list[list[bytes]]:
    """The distinct words of each line."""
    plain = lines.lower().encode("utf-8", "replace").translate(separators)
    return [list(dict.fromkeys(line.split())) for line in plain.split(b"\n")]
