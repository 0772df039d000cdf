"""What stands around a block: its containers, the blocks of the same markup, its neighbours, the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from classifier.columns import as_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from classifier.blocks import Cut

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LEVELS: Final = 6
"""How many containers, from the block's own outwards, are looked at."""

_MEAN_LEVELS: Final = slice(1, LEVELS)
_BY_SIZE: Final = [0, 1, 3]
"""Of the containers at `_MEAN_LEVELS`, those whose means are also taken by characters instead of blocks."""
_BOX_LEVELS: Final = slice(0, 4)
_PEAK_LEVELS: Final = slice(1, 5)
_WINDOWS: Final = np.array((1, 3, 8))
_WINDOWS.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Sums and means of any quantity over what stands around each of n blocks, without a loop over the blocks.

    The blocks under a container follow one another in document order, so that a difference of two cumulative sums
    gives the sum over a container.

    Attributes:
        starts: for each block and level, the first block of the container, of shape (n, LEVELS).
        ends: likewise, the index behind its last block.
        groups: a number for each block; blocks of the same markup under the same markup share it.
        size: the weight of each block in characters.
        spans: for each block, the runs of blocks that `context` averages over: the containers, then the blocks before
            it, then those behind it; their first blocks and the indexes behind their last, each of shape (n, 11).
        span_lengths: how many blocks each of the spans has, at least 1, and how many characters those of `_BY_SIZE`
            have.
    """

    starts: Ints
    ends: Ints
    groups: Ints
    size: Floats
    spans: tuple[Ints, Ints]
    span_lengths: tuple[Floats, Floats]

    @classmethod
    def of(cls, page: Cut, containers: Ints, markups: Ints, size: Floats) -> Surroundings:
        """Look around the blocks of a page.

        Args:
            page: the page.
            containers: the containers of each block, its own first, of shape (n, LEVELS).
            markups: the markup of each of these containers, of shape (n, LEVELS or more).
            size: the weight of each block in characters.
        """
        groups = _numbered(markups[:, 0] * (markups.max() + 1) + markups[:, 1])
        starts, ends = np.array(page.starts, np.int64).take(containers), np.array(page.ends, np.int64).take(containers)
        order = np.arange(len(size))[:, None]
        before, behind = np.maximum(0, order - _WINDOWS), np.minimum(len(size), order + 1 + _WINDOWS)
        first = np.concatenate((starts[:, _MEAN_LEVELS], before, *[order + 1] * len(_WINDOWS)), axis=1)
        last = np.concatenate((ends[:, _MEAN_LEVELS], *[order] * len(_WINDOWS), behind), axis=1)
        chars = _between(_cumulative(size[:, None]), first[:, _BY_SIZE], last[:, _BY_SIZE])
        lengths = np.maximum(1, last - first)[..., None], np.maximum(1e-6, chars)
        return cls(
            starts, ends, groups, size, (first, last), (lengths[0].astype(np.float32), lengths[1].astype(np.float32))
        )

    def container_sums(self, values: NDArray[np.float64] | Floats) -> NDArray[np.float64]:
        """Sum values of shape (n, k) over the containers of each block; of shape (n, LEVELS, k)."""
        return _between(_cumulative(values), self.starts, self.ends)

    def windows(self, values: NDArray[np.float64] | Floats, widths: tuple[int, ...]) -> NDArray[np.float64]:
        """Average values of shape (n, k) over the block and its neighbours; of shape (n, len(widths), k)."""
        behind = _cumulative(values)
        order, width = np.arange(len(values))[:, None], np.array(widths)
        first, last = np.maximum(0, order - width), np.minimum(len(values), order + width + 1)
        means: NDArray[np.float64] = _between(behind, first, last) / (last - first)[..., None]
        return means

    def neighbours(self, steps: Sequence[int]) -> tuple[Ints, NDArray[np.bool_]]:
        """The index of the block so many steps away, and whether there is one; both of shape (len(steps), n)."""
        other = np.arange(len(self.size)) + np.array(steps)[:, None]
        exists = (other >= 0) & (other < len(self.size))
        return np.where(exists, other, 0), exists

    def context(self, values: Floats) -> Floats:
        """Describe a quantity around each block: over containers, before, behind, the same markup, the page.

        Args:
            values: of shape (n, k).

        Returns:
            The description, of shape (n, 17 * k).
        """
        n, k = values.shape
        (first, last), (blocks, chars) = self.spans, self.span_lengths
        behind, behind_by_size = _cumulative(values), _cumulative(values * self.size[:, None])
        spans, sized = first.shape[1], first.shape[1] + len(_BY_SIZE)
        found = np.empty((n, sized + 3, k), np.float32)
        found[:, :spans] = _between(behind, first, last) / blocks
        found[:, spans:sized] = _between(behind_by_size, first[:, _BY_SIZE], last[:, _BY_SIZE]) / chars
        cells = self.groups[:, None] * k + np.arange(k)
        group = np.bincount(cells.ravel(), values.ravel()).reshape(-1, k)
        found[:, sized] = (group / np.bincount(self.groups)[:, None]).take(self.groups, axis=0)
        found[:, sized + 1] = behind[-1] / n
        found[:, sized + 2] = behind_by_size[-1] / self.size.sum()
        return found.reshape(n, -1)

    def boxes(self, values: Floats) -> Floats:
        """Look up values of shape (n, k) at the first block of each block's containers; of shape (n, 4 * k).

        A box says what it is in its first line: "Most read", "Sign up", "Disclaimer".
        """
        return values.take(self.starts[:, _BOX_LEVELS], axis=0).reshape(len(values), -1)

    def peaks(self, values: Floats) -> Floats:
        """Look up the highest of values of shape (n, k) in each block's containers; of shape (n, 4 * k).

        One line gives a box away that a mean over its blocks would hide.
        """
        # A sparse table: row j holds the highest of 2**j values each (Bender and Farach-Colton, LATIN 2000).
        n, k = values.shape
        table = np.zeros((n.bit_length(), n, k), np.float32)
        table[0] = values
        for power in range(1, len(table)):
            half, number = 1 << power - 1, n - (1 << power) + 1
            row = table[power - 1]
            np.maximum(row[:number], row[half : half + number], out=table[power, :number])
        starts, ends = self.starts[:, _PEAK_LEVELS], self.ends[:, _PEAK_LEVELS]
        powers = np.log2(ends - starts).astype(np.int64)
        rows, offsets = table.reshape(-1, k), powers * n
        first, last = rows.take(offsets + starts, axis=0), rows.take(offsets + ends - (1 << powers), axis=0)
        highest: Floats = np.maximum(first, last, out=first)
        return highest.reshape(n, -1)

    def shares(self, belief: Floats) -> Floats:
        """How much of the page's story, as far as it is known, each container of each block holds.

        Args:
            belief: for each block, the probability that it is article; of shape (n,).

        Returns:
            The share of the story's characters, of shape (n, LEVELS).
        """
        return self._inside(*self._mass(belief)).astype(np.float32)

    def story(self, belief: Floats) -> Floats:
        """Tell where each block stands in the page's story, as far as it is known.

        Args:
            belief: for each block, the probability that it is article; of shape (n,).

        Returns:
            The share of the story's characters before the block, behind it, and in the blocks of its markup; the
            distances to the nearest blocks before and behind that are likely story; the share in each of its
            containers. Of shape (n, 5 + LEVELS).
        """
        n = len(belief)
        behind, total = self._mass(belief)
        group = np.bincount(self.groups, belief * self.size)[self.groups] / total
        order = np.arange(n)
        likely = (belief > 0.5) & (self.size > 60)
        last = np.maximum.accumulate(np.where(likely, order, -50))
        following = np.minimum.accumulate(np.where(likely, order, n + 50)[::-1])[::-1]
        before = np.log1p(np.minimum(50, order - np.concatenate(([-50], last[:-1]))))
        after = np.log1p(np.minimum(50, np.concatenate((following[1:], [n + 50])) - order))
        inside = self._inside(behind, total)
        return as_columns(behind[:-1] / total, 1 - behind[1:] / total, group, before, after, *inside.T)

    def _mass(self, belief: Floats) -> tuple[NDArray[np.float64], float]:
        """The story's characters before each block and at the end, of shape (n + 1,); all of them, 1 at least."""
        mass = belief * self.size
        return np.concatenate(([0], np.cumsum(mass, dtype=np.float64))), max(1.0, float(mass.sum()))

    def _inside(self, behind: NDArray[np.float64], total: float) -> NDArray[np.float64]:
        return _between(behind, self.starts, self.ends) / total


def _numbered(keys: Ints) -> Ints:
    """Number the distinct keys in their order, as `numpy.unique` does, but faster; the number of each key."""
    order = keys.argsort()
    ordered = keys[order]
    numbers = np.zeros_like(keys)
    numbers[order[1:]] = np.cumsum(ordered[1:] != ordered[:-1])
    return numbers


def _cumulative(values: NDArray[np.float64] | Floats) -> NDArray[np.float64]:
    out = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=out[1:])
    return out


def _between(behind: NDArray[np.float64], first: Ints, last: Ints) -> NDArray[np.float64]:
    """The sums of what stands from one index to another, from the cumulative sums."""
    sums: NDArray[np.float64] = behind.take(last, axis=0)
    sums -= behind.take(first, axis=0)
    return sums
