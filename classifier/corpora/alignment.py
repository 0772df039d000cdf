"""Finds the blocks of a page that a gold text consists of, so that a page with gold text becomes a labelled page."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from classifier.labels import BOILERPLATE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_UNSPACED: Final = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_TOKEN: Final = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+")
_MAX_PLACES: Final = 12
"""Places of the gold text that are tried for one block."""
_FULL: Final = 0.7
_NONE: Final = 0.3
"""A block of which at least so much is found is story; at most so much, and it is not."""


def align(texts: Sequence[str], gold: str) -> list[str | None]:
    """Label the blocks of a page by its gold text.

    Every block is placed where most of its words stand in the gold text. A text often stands twice on a page
    (a summary and the teaser of another page, a headline), so of all the places the heaviest chain is taken that goes
    forward both on the page and in the gold text.

    Args:
        texts: the blocks of the page in document order.
        gold: the article's text.

    Returns:
        For each block ``article``, `BOILERPLATE`, or None where the gold text leaves it open.
    """
    words = tokens(gold)
    index: defaultdict[str, list[int]] = defaultdict(list)
    for position, word in enumerate(words):
        index[word].append(position)
    placed: list[tuple[int, int, int, int, float]] = []
    shares = np.zeros(len(texts))
    for block, text in enumerate(texts):
        own = tokens(text)
        if own:
            for start, hits in _places(own, index):
                share = hits / len(own)
                shares[block] = max(shares[block], share)
                if share >= 0.5:
                    # Short blocks are found anywhere; what is long and whole decides the chain.
                    placed.append((block, start, start + len(own), hits, hits * share - 0.9))
    chosen = _heaviest_chain(placed)
    labels: list[str | None] = []
    for block, text in enumerate(texts):
        if block in chosen:
            labels.append("article" if chosen[block] >= _FULL else None)
        elif shares[block] > _NONE and len(tokens(text)) > 3 and shares[block] < _FULL:
            labels.append(None)
        else:
            labels.append(BOILERPLATE)
    return labels


def tokens(text: str) -> list[str]:
    """Split a text into lower-cased words, and into characters where a script puts no spaces between words."""
    return _TOKEN.findall(text.lower())


def _places(own: list[str], index: dict[str, list[int]]) -> list[tuple[int, int]]:
    """The starts in the gold text at which most words of a block agree, and how many do."""
    votes: defaultdict[int, int] = defaultdict(int)
    for offset, word in enumerate(own):
        found = index.get(word, ())
        if len(found) <= 60:
            for position in found:
                votes[position - offset] += 1
    if not votes:
        for offset, word in enumerate(own[:30]):
            for position in index.get(word, ())[:200]:
                votes[position - offset] += 1
    best = sorted(votes.items(), key=lambda item: -item[1])[:_MAX_PLACES]
    # Words that the block or the gold text lacks shift what follows, so neighbouring starts count together.
    return [(start, min(len(own), sum(votes.get(start + shift, 0) for shift in range(-4, 5)))) for start, _ in best]


def _heaviest_chain(placed: list[tuple[int, int, int, int, float]]) -> dict[int, float]:
    """The blocks of the heaviest chain of places that goes forward, and the share of each that was found."""
    placed = sorted(placed, key=lambda place: (place[0], place[1]))
    if not placed:
        return {}
    blocks, starts, ends, hits, weights = (np.array(column) for column in zip(*placed, strict=True))
    best = np.zeros(len(placed))
    before = np.full(len(placed), -1)
    for i in range(len(placed)):
        # A little overlap is allowed: counts of found words are not exact at the ends.
        allowed = (blocks[:i] < blocks[i]) & (ends[:i] <= starts[i] + np.minimum(3, (ends[i] - starts[i]) // 2))
        reach: NDArray[np.float64] = np.where(allowed, best[:i], 0.0)
        previous = int(reach.argmax()) if i else -1
        gain = reach[previous] if i else 0.0
        best[i] = weights[i] + gain
        before[i] = previous if gain > 0 else -1
    chain: dict[int, float] = {}
    at = int(best.argmax())
    while at >= 0:
        if weights[at] > 0 or hits[at] > 0:
            chain[int(blocks[at])] = float(hits[at] / max(1, ends[at] - starts[at]))
        at = int(before[at])
    return chain
