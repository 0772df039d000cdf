"""What the words, the markup, the links and the buttons of a block say by themselves: a small network over tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.neural_network import MLPClassifier

from classifier.labels import LABELS
from classifier.network import softmax

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from classifier.features import PageFeatures
    from classifier.hashing import Hashes, Tokens

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

_PLACES: Final = 5
"""A markup speaks differently as the block's own, its container's, that one's container's, further out, or inline."""
_PLACE: Final = np.array((0, 1, 2, 3, 3, 3, 3, 3, 3, 4))
_PLACE.flags.writeable = False
"""The place of each level, and of the inline element."""
_BATCH: Final = 2048
"""Blocks that are learned from at once."""
_RATE: Final = 2e-3
"""The optimiser's first step size."""
_LEAST: Final = 1e-6
"""No label is held for less probable than that."""
_ROOM: Final = 16
"""Slots for each token, at least; up to twice as many."""
_HALF: Final = 32
_LOW_HALF: Final = (1 << _HALF) - 1
"""A line and a token are sorted as one number, the line in its upper half."""


class Vocabulary(BaseEstimator):  # type: ignore[misc]
    """The tokens that are known, by their hashes alone.

    A token has one slot, that of the first bits of its hash. Of two tokens that share a slot, the one that more sites
    have is kept, so that a page's tokens are looked up in two steps without a loop.

    Parameters:
        min_sites: a token counts when it was seen on at least so many sites; what fewer have is their own habit.

    Attributes:
        tokens_: the hashes of the known tokens, sorted.
        bits_: how many first bits of a hash are its slot.
    """

    def __init__(self, min_sites: int = 4) -> None:
        self.min_sites = min_sites

    def fit(self, pages: Iterable[Tokens], sites: Sequence[str]) -> Self:
        """Learn the tokens of pages, each of which comes from a site."""
        self.__dict__.pop("_index", None)
        by_site: dict[str, list[Hashes]] = {}
        for tokens, site in zip(pages, sites, strict=True):
            by_site.setdefault(site, []).append(np.unique(tokens.hashes))
        each = [np.unique(np.concatenate(found)) for found in by_site.values()]
        seen, times = np.unique(np.concatenate(each), return_counts=True)
        common = times >= min(self.min_sites, len(by_site))
        by_times = seen[common][np.argsort(-times[common], kind="stable")]
        self.bits_ = max(8, (_ROOM * len(by_times)).bit_length())
        _, first = np.unique(self._slot(by_times), return_index=True)
        self.tokens_ = np.sort(by_times[first])
        return self

    def find(self, tokens: Tokens) -> tuple[Ints, Ints]:
        """Look tokens up.

        Returns:
            The lines that have known tokens, in order, and which tokens these are; a token that stands twice in a
            line is there once.
        """
        if not len(self.tokens_) or not len(tokens.hashes):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        candidates = self._slots().take(self._slot(tokens.hashes).view(np.int64))
        known = np.flatnonzero(self.tokens_.take(candidates) == tokens.hashes)
        # The sort puts the tokens of a line together, and what stands twice beside itself.
        pairs = tokens.lines.take(known) << _HALF | candidates.take(known)
        pairs.sort()
        first = np.ones(len(pairs), bool)
        np.not_equal(pairs[1:], pairs[:-1], out=first[1:])
        pairs = pairs[first]
        return pairs >> _HALF, pairs & _LOW_HALF

    def matrix(self, tokens: Tokens) -> sparse.csr_matrix:
        """A row for each line, a column for each known token, 1 where the row has it."""
        rows, columns = self.find(tokens)
        ends = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=len(tokens)))))
        ones = np.ones(len(rows), np.float32)
        return sparse.csr_matrix((ones, columns, ends), shape=(len(tokens), len(self.tokens_)))

    def _slot(self, hashes: Hashes) -> Hashes:
        return hashes >> np.uint64(64 - self.bits_)

    def _slots(self) -> NDArray[np.int32]:
        # Built on first use and kept out of the model's file.
        slots: NDArray[np.int32] | None = self.__dict__.get("_index")
        if slots is None:
            slots = np.zeros(1 << self.bits_, np.int32)
            slots[self._slot(self.tokens_)] = np.arange(len(self.tokens_))
            self.__dict__["_index"] = slots
        return slots

    def __getstate__(self) -> dict[str, object]:
        state: dict[str, object] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_index"}


class TokenEvidence(BaseEstimator):  # type: ignore[misc]
    """A small network over the set of a block's words, the markups around it, its link and its button.

    Its hidden layer is the sum of what its tokens are each worth. While it is trained, tokens are left out at random,
    so that no answer hangs on few of them (deep averaging network with word dropout: Iyyer et al., ACL 2015).

    Parameters:
        hidden: units of the hidden layer.
        dropout: share of the tokens that is left out of each block in each epoch.
        alpha: L2 penalty.
        epochs: passes over the training data.
        min_sites: a token counts when it was seen on at least so many sites.
        random_state: seed.

    Attributes:
        words_: the known words.
        names_: the known words of markup: tags, and words of attributes.
        links_: the known words of links and buttons.
        word_weights_: of shape (words, hidden).
        name_weights_: of shape (names, 5 places * hidden).
        link_weights_: of shape (links, hidden).
        intercept_: of shape (hidden,).
        output_weights_: of shape (hidden, 5).
        output_intercept_: of shape (5,).
    """

    def __init__(
        self,
        hidden: int = 32,
        dropout: float = 0.6,
        alpha: float = 1.0,
        epochs: int = 6,
        min_sites: int = 4,
        random_state: int = 0,
    ) -> None:
        self.hidden = hidden
        self.dropout = dropout
        self.alpha = alpha
        self.epochs = epochs
        self.min_sites = min_sites
        self.random_state = random_state

    def fit(self, pages: Sequence[PageFeatures], y: NDArray[np.int64], sites: Sequence[str], weight: Floats) -> Self:
        """Learn the tokens and their weights.

        Args:
            pages: the features of the pages.
            y: for every block of all pages in order, the index of its label; -1 leaves the block out.
            sites: the site of each page.
            weight: a weight for each block; 0 leaves it out.
        """
        self.words_ = Vocabulary(self.min_sites).fit((page.words for page in pages), sites)
        self.names_ = Vocabulary(self.min_sites).fit((page.markups for page in pages), sites)
        self.links_ = Vocabulary(self.min_sites).fit((page.links for page in pages), sites)
        used = (y >= 0) & (weight > 0)
        design = sparse.vstack([self._design(page) for page in pages], format="csr")[used]
        perceptron = MLPClassifier(
            (self.hidden,),
            alpha=self.alpha,
            batch_size=min(_BATCH, design.shape[0]),
            learning_rate_init=_RATE,
            random_state=self.random_state,
        )
        labels, weights = y[used], weight[used] / weight[used].mean()
        random = np.random.default_rng(self.random_state)
        for _ in range(self.epochs):
            kept = random.random(design.nnz, np.float32) >= self.dropout
            seen = design.copy()
            seen.data *= kept / np.float32(1 - self.dropout)
            seen.eliminate_zeros()
            perceptron.partial_fit(seen, labels, sample_weight=weights, classes=np.arange(len(LABELS)))
        # Half the digits say as much, and a file holds them in half the room.
        hidden, self.output_weights_ = (coefs.astype(np.float16).astype(np.float32) for coefs in perceptron.coefs_)
        self.intercept_, self.output_intercept_ = (values.astype(np.float32) for values in perceptron.intercepts_)
        words, names = len(self.words_.tokens_), len(self.names_.tokens_)
        self.word_weights_, by_place, self.link_weights_ = np.split(hidden, [words, words + _PLACES * names])
        self.name_weights_ = np.ascontiguousarray(
            by_place.reshape(_PLACES, names, self.hidden).transpose(1, 0, 2).reshape(names, _PLACES * self.hidden)
        )
        return self

    def decision_function(self, page: PageFeatures) -> Floats:
        """The evidence of each block for each label: logarithms of probabilities, of shape (n, 5)."""
        names = np.zeros((len(page.markups) + 1, _PLACES, self.hidden), np.float32)
        names[:-1] = (self.names_.matrix(page.markups) @ self.name_weights_).reshape(-1, _PLACES, self.hidden)
        # What the markup of the body says is the page's, and no block's.
        names[0, 3] = 0
        # Without an inline element, the last row counts, which is 0.
        placed = np.concatenate((page.levels.T, page.inline[None])) * _PLACES + _PLACE[:, None]
        activation: Floats = names.reshape(-1, self.hidden).take(placed, axis=0).sum(0)
        activation += self.intercept_
        activation += self.words_.matrix(page.words) @ self.word_weights_
        activation += self.links_.matrix(page.links) @ self.link_weights_
        np.maximum(activation, 0, out=activation)
        scores = softmax(activation @ self.output_weights_ + self.output_intercept_)
        return np.log(np.maximum(scores, _LEAST))

    def _design(self, page: PageFeatures) -> sparse.csr_matrix:
        n, kinds = len(page), len(page.markups)
        names = self.names_.matrix(page.markups)
        blocks = np.arange(n)

        def placed(levels: Ints, nothing: int = -1) -> sparse.csr_matrix:
            keep = levels != nothing
            rows = np.broadcast_to(blocks[:, None], levels.shape)[keep]
            ones = np.ones(len(rows), np.float32)
            return sparse.csr_matrix((ones, (rows, levels[keep])), shape=(n, kinds)) @ names

        return sparse.hstack(
            (
                self.words_.matrix(page.words),
                placed(page.levels[:, :1]),
                placed(page.levels[:, 1:2]),
                placed(page.levels[:, 2:3]),
                placed(page.levels[:, 3:], nothing=0),
                placed(page.inline[:, None]),
                self.links_.matrix(page.links),
            ),
            format="csr",
        )
