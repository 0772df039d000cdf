"""Counts kinds of characters of all blocks at once, for every script."""

from __future__ import annotations

import unicodedata
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Kind(IntEnum):
    """What a character is to a reader of news."""

    LOWER = 0
    UPPER = 1
    DIGIT = 2
    SPACE = 3
    COMMA = 4
    STOP = 5
    QUOTE = 6
    MONEY = 7
    COLON = 8
    MARK = 9
    PAREN = 10
    UNSPACED = 11
    """A letter of a script that puts no spaces between words: Han, Kana, Thai, Lao, Khmer, Burmese."""
    LEGAL = 12
    AT = 13
    ELLIPSIS = 14
    OTHER = 15


_BY_CATEGORY: Final = {
    "Ll": Kind.LOWER,
    "Lo": Kind.LOWER,
    "Lm": Kind.LOWER,
    "Mn": Kind.LOWER,
    "Mc": Kind.LOWER,
    "Lu": Kind.UPPER,
    "Lt": Kind.UPPER,
    "Nd": Kind.DIGIT,
    "Zs": Kind.SPACE,
    "Zl": Kind.SPACE,
    "Zp": Kind.SPACE,
    "Cc": Kind.SPACE,
    "Sc": Kind.MONEY,
    "Ps": Kind.PAREN,
    "Pe": Kind.PAREN,
    "Pi": Kind.QUOTE,
    "Pf": Kind.QUOTE,
}
_BY_CHARACTER: Final = {
    Kind.COMMA: ",，、،;；",
    Kind.STOP: ".!?。！？।؟۔",
    Kind.QUOTE: "\"'«»„",
    Kind.MONEY: "%",
    Kind.COLON: ":：",
    Kind.MARK: "|/•·›→>▶►–—-",
    Kind.LEGAL: "©®™",
    Kind.AT: "@#",
    Kind.ELLIPSIS: "…",
}
_UNSPACED: Final = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
)
_LAST: Final = 0xFFFF


def _table() -> NDArray[np.uint8]:
    table = np.full(_LAST + 2, Kind.OTHER, np.uint8)
    for code in range(_LAST + 1):
        table[code] = _BY_CATEGORY.get(unicodedata.category(chr(code)), Kind.OTHER)
    for first, last in _UNSPACED:
        table[first : last + 1] = Kind.UNSPACED
    for kind, characters in _BY_CHARACTER.items():
        for character in characters:
            table[ord(character)] = kind
    table.flags.writeable = False
    return table


_TABLE: Final = _table()


def weigh(counts: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weigh texts in characters: one of a script without spaces says as much as some three letters of another.

    Args:
        counts: of the characters of each kind, of shape (n, len(Kind)).

    Returns:
        The weights, of shape (n,).
    """
    weights: NDArray[np.float32] = counts.sum(1) + 2 * counts[:, Kind.UNSPACED]
    return weights


def count_kinds(texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.uint8], NDArray[np.uint8]]:
    """Count the characters of each kind in each text.

    Args:
        texts: n texts, none of them empty.

    Returns:
        The counts, of shape (n, len(Kind)); the kind of each text's first character; that of its last.
    """
    n, kinds = len(texts), len(Kind)
    lengths = np.fromiter(map(len, texts), np.int64, n) + 1
    ends = np.cumsum(lengths) - 1
    codes = np.frombuffer("\n".join(texts).encode("utf-32-le", "surrogatepass"), np.int32)
    found = _TABLE.take(codes, mode="clip")  # what is beyond the table is as its last entry
    starts = np.concatenate(([0], ends[:-1] + 1))
    cells = np.repeat(np.arange(0, n * kinds, kinds), lengths)[:-1]
    cells += found
    counts = np.bincount(cells, minlength=n * kinds).reshape(n, kinds).astype(np.float32)
    counts[:-1, Kind.SPACE] -= 1  # the line feed that joins it to the next text
    return counts, found[starts], found[ends - 1]
