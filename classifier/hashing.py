"""Splits text into tokens and hashes them, a whole page at once, without a loop over the tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Hashes = NDArray[np.uint64]
Ints = NDArray[np.int64]

_CHUNK: Final = 1 << 16
"""Bytes that are hashed at once; no line may be longer."""
_PRIME: Final = 0x9E3779B97F4A7C15
_MIX: Final = np.uint64(0xFF51AFD7ED558CCD)
_HALF: Final = np.uint64(32)
_LINE_FEED: Final = 10


def _powers(base: int) -> Hashes:
    powers = np.full(_CHUNK + 1, base, np.uint64)
    powers[0] = 1
    powers = np.cumprod(powers, dtype=np.uint64)
    powers.flags.writeable = False
    return powers


_POWERS: Final = _powers(_PRIME)
_INVERSES: Final = _powers(pow(_PRIME, -1, 1 << 64))


class Splitter:
    """What a token is made of.

    Parameters:
        signs: the ASCII characters that belong to tokens, beside letters and everything that is not ASCII.
        digits: whether digits belong to tokens.
        camel: whether an upper-case letter behind a lower-case one begins a token, as in ``articleBody``; ASCII letters
            count in lower case then.
        plain: what to read instead of some characters.
    """

    def __init__(
        self, signs: str, *, digits: bool = True, camel: bool = False, plain: Mapping[str, str] | None = None
    ) -> None:
        letters = [byte >= 128 or chr(byte).isalpha() or (digits and chr(byte).isdigit()) for byte in range(256)]
        self.camel = camel
        self.plain = {} if plain is None else dict(plain)
        # A table for bytes.translate, which is faster than an index into an array.
        self.inside = bytes(letter or chr(byte) in signs for byte, letter in enumerate(letters))


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of n lines.

    Attributes:
        hashes: of the tokens, of shape (tokens,).
        lines: for each token, the line that it stands in, of shape (tokens,).
        size: n.
    """

    hashes: Hashes
    lines: Ints
    size: int

    def __len__(self) -> int:
        return self.size

    @classmethod
    def of(cls, lines: Sequence[str], splitter: Splitter) -> Self:
        """Split lines of at most 16,000 characters into tokens.

        Each token's hash is a polynomial of its bytes modulo 2**64 (Karp and Rabin, IBM J. Res. Dev. 31(2), 1987),
        taken from the cumulative sum over all bytes.

        Args:
            lines: the lines, without line feeds.
            splitter: what a token is made of.
        """
        text = "\n".join(lines)
        for sign, plain in splitter.plain.items():
            text = text.replace(sign, plain)
        found = list(_split(text.encode("utf-8", "replace"), splitter))
        return cls(np.concatenate([hashes for hashes, _ in found]), np.concatenate([at for _, at in found]), len(lines))

    def positions(self) -> Ints:
        """For each token, its place in its line; for tokens that stand in order of their lines, as `of` gives them."""
        first = np.concatenate(([0], np.cumsum(np.bincount(self.lines, minlength=self.size))))
        places: Ints = np.arange(len(self.lines)) - first[self.lines]
        return places

    def among(self, others: Tokens) -> NDArray[np.bool_]:
        """For each token, whether it is one of some others."""
        known = np.sort(others.hashes)
        if not len(known):
            return np.zeros(len(self.hashes), bool)
        found: NDArray[np.bool_] = known[np.searchsorted(known[:-1], self.hashes)] == self.hashes
        return found

    def where(self, kept: NDArray[np.bool_]) -> Tokens:
        """Only the tokens that are kept."""
        return Tokens(self.hashes[kept], self.lines[kept], self.size)

    def after(self, hashes: Hashes) -> Tokens:
        """The same lines behind one more that has these tokens."""
        lines = np.concatenate((np.zeros(len(hashes), np.int64), self.lines + 1))
        return Tokens(np.concatenate((hashes, self.hashes)), lines, self.size + 1)

    @classmethod
    def joined(cls, parts: Sequence[Tokens]) -> Tokens:
        """The tokens that each line has in any of several parts."""
        return cls(
            np.concatenate([part.hashes for part in parts]),
            np.concatenate([part.lines for part in parts]),
            parts[0].size,
        )


def mix(hashes: Hashes) -> Hashes:
    """Spread what tells hashes apart over all their bits (after the finaliser of MurmurHash3, by A. Appleby)."""
    mixed: Hashes = (hashes ^ (hashes >> _HALF)) * _MIX
    mixed ^= mixed >> _HALF
    return mixed


def _split(text: bytes, splitter: Splitter) -> Iterator[tuple[Hashes, Ints]]:
    line = begin = 0
    while True:
        end = len(text) if len(text) - begin <= _CHUNK - 2 else text.rfind(b"\n", begin, begin + _CHUNK - 2)
        if end < 0:
            raise OverflowError(f"a line of more than {_CHUNK:,} bytes; cut it before it is hashed")
        part = b"\n%b\n" % text[begin:end]
        codes = np.frombuffer(part, np.uint8)
        feeds = np.flatnonzero(codes == _LINE_FEED)[1:]
        inside = np.frombuffer(part.translate(splitter.inside), bool)
        edges = inside[1:] != inside[:-1]
        if splitter.camel:
            lowered = np.frombuffer(part.lower(), np.uint8)
            inner = (lowered != codes)[1:] & (np.frombuffer(part.upper(), np.uint8) != codes)[:-1]
            bounds = np.flatnonzero(edges | inner)
            # Where two tokens meet, one ends and one begins.
            bounds = np.repeat(bounds, 1 + inner.take(bounds))
            codes = lowered
        else:
            bounds = np.flatnonzero(edges)
        bounds += 1
        starts, ends = bounds[::2], bounds[1::2]
        behind = np.zeros(len(codes) + 1, np.uint64)
        np.cumsum(codes * _POWERS[: len(codes)], out=behind[1:])
        yield mix((behind[ends] - behind[starts]) * _INVERSES[starts]), line + np.searchsorted(feeds, starts)
        if end == len(text):
            return
        line, begin = line + len(feeds), end + 1
