"""What stands around a block: its containers, the blocks of the same markup, its neighbours, the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from classifier.blocks import Cut

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

LEVELS: Final = 6
"""How many containers, from the block's own outwards, are looked at."""

_MEAN_LEVELS: Final = slice(1, LEVELS)
_BOX_LEVELS: Final = slice(0, 4)
_PEAK_LEVELS: Final = slice(1, 5)
_WINDOWS: Final = (1, 3, 8)


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
    """

    starts: Ints
    ends: Ints
    groups: Ints
    size: Floats

    @classmethod
    def of(cls, page: Cut, containers: Ints, markups: Ints, size: Floats) -> Surroundings:
        """Look around the blocks of a page.

        Args:
            page: the page.
            containers: the containers of each block, its own first, of shape (n, LEVELS).
            markups: the markup of each of these containers, of shape (n, LEVELS or more).
            size: the weight of each block in characters.
        """
        _, groups = np.unique(markups[:, 0] * (markups.max() + 1) + markups[:, 1], return_inverse=True)
        return cls(np.array(page.starts)[containers], np.array(page.ends)[containers], groups, size)

    def container_sums(self, values: NDArray[np.float64] | Floats) -> NDArray[np.float64]:
        """Sum values of shape (n, k) over the containers of each block; of shape (n, LEVELS, k)."""
        behind = _cumulative(values)
        sums: NDArray[np.float64] = behind[self.ends] - behind[self.starts]
        return sums

    def windows(self, values: NDArray[np.float64] | Floats, widths: tuple[int, ...]) -> NDArray[np.float64]:
        """Average values of shape (n, k) over the block and its neighbours; of shape (n, len(widths), k)."""
        behind = _cumulative(values)
        order, width = np.arange(len(values))[:, None], np.array(widths)
        first, last = np.maximum(0, order - width), np.minimum(len(values), order + width + 1)
        means: NDArray[np.float64] = (behind[last] - behind[first]) / (last - first)[..., None]
        return means

    def neighbours(self, step: int) -> tuple[Ints, NDArray[np.bool_]]:
        """The index of the block so many steps away, and whether there is one."""
        other = np.arange(len(self.size)) + step
        exists = (other >= 0) & (other < len(other))
        return np.where(exists, other, 0), exists

    def context(self, values: Floats) -> Floats:
        """Describe a quantity around each block: over containers, same markup, before, behind, the page.

        Args:
            values: of shape (n, k).

        Returns:
            The description, of shape (n, 17 * k).
        """
        n = len(values)
        both = np.concatenate((values, values * self.size[:, None], self.size[:, None]), axis=1)
        k = values.shape[1]
        sums = self.container_sums(both)[:, _MEAN_LEVELS]
        number = np.maximum(1, self.ends - self.starts)[:, _MEAN_LEVELS, None]
        by_block = sums[..., :k] / number
        by_size = sums[:, [0, 1, 3], k : 2 * k] / np.maximum(1e-6, sums[:, [0, 1, 3], 2 * k :])
        members = np.bincount(self.groups)
        group = np.stack([np.bincount(self.groups, column) / members for column in values.T], axis=1)
        behind = _cumulative(values)
        order, width = np.arange(n)[:, None], np.array(_WINDOWS)
        first, last = np.maximum(0, order - width), np.minimum(n, order + width + 1)
        before = (behind[order] - behind[first]) / np.maximum(1, order - first)[..., None]
        after = (behind[last] - behind[order + 1]) / np.maximum(1, last - order - 1)[..., None]
        page = np.concatenate((values.mean(0), (values * self.size[:, None]).sum(0) / self.size.sum()))
        return np.concatenate(
            (
                by_block.reshape(n, -1),
                by_size.reshape(n, -1),
                group[self.groups],
                before.reshape(n, -1),
                after.reshape(n, -1),
                np.broadcast_to(page, (n, 2 * k)),
            ),
            axis=1,
        ).astype(np.float32)

    def boxes(self, values: Floats) -> Floats:
        """Look up values of shape (n, k) at the first block of each block's containers; of shape (n, 4 * k).

        A box says what it is in its first line: "Most read", "Sign up", "Disclaimer".
        """
        return values[self.starts[:, _BOX_LEVELS]].reshape(len(values), -1)

    def peaks(self, values: Floats) -> Floats:
        """Look up the highest of values of shape (n, k) in each block's containers; of shape (n, 4 * k).

        One line gives a box away that a mean over its blocks would hide.
        """
        # A sparse table: row j holds the highest of 2**j values each (Bender and Farach-Colton, LATIN 2000).
        n, width = len(values), 1
        rows = [values]
        while 2 * width <= n:
            row = np.zeros_like(values)
            row[: n - 2 * width + 1] = np.maximum(rows[-1][: n - 2 * width + 1], rows[-1][width : n - width + 1])
            rows.append(row)
            width *= 2
        table = np.stack(rows)
        starts, ends = self.starts[:, _PEAK_LEVELS], self.ends[:, _PEAK_LEVELS]
        power = np.log2(ends - starts).astype(np.int64)
        highest: Floats = np.maximum(table[power, starts], table[power, ends - (1 << power)])
        return highest.reshape(n, -1)

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
        mass = belief * self.size
        total = max(1.0, float(mass.sum()))
        behind = np.concatenate(([0], np.cumsum(mass, dtype=np.float64)))
        inside = (behind[self.ends] - behind[self.starts]) / total
        group = np.bincount(self.groups, mass)[self.groups] / total
        order = np.arange(n)
        likely = (belief > 0.5) & (self.size > 60)
        last = np.maximum.accumulate(np.where(likely, order, -50))
        following = np.minimum.accumulate(np.where(likely, order, n + 50)[::-1])[::-1]
        before = np.log1p(np.minimum(50, order - np.concatenate(([-50], last[:-1]))))
        after = np.log1p(np.minimum(50, np.concatenate((following[1:], [n + 50])) - order))
        columns = (behind[:-1] / total, 1 - behind[1:] / total, group, before, after)
        return np.concatenate((np.stack(columns, axis=1), inside), axis=1).astype(np.float32)


def _cumulative(values: NDArray[np.float64] | Floats) -> NDArray[np.float64]:
    out = np.zeros((len(values) + 1, values.shape[1]))
    np.cumsum(values, axis=0, out=out[1:])
    return out
