"""What the words, the markup, the links and the buttons of a block say by themselves: a linear model over tokens."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from classifier.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from classifier.features import PageFeatures
    from classifier.hashing import Hashes, Tokens

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]

_PLACES: Final = 5
"""A markup speaks differently as the block's own, its container's, that one's container's, further out, or inline."""
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
        return sparse.csr_matrix(
            (np.ones(len(rows), np.float32), (rows, columns)), shape=(len(tokens), len(self.tokens_))
        )

    def sums(self, tokens: Tokens, weights: Floats) -> Floats:
        """Sum the weights of the known tokens of each line; of shape (lines, columns of the weights)."""
        rows, columns = self.find(tokens)
        sums = np.zeros((len(tokens), weights.shape[1]), np.float32)
        if len(rows):
            first = np.flatnonzero(np.diff(rows, prepend=-1))
            # Transposed, so that what is added up stands together.
            found = np.ascontiguousarray(weights.take(columns, axis=0).T)
            sums[rows[first]] = np.add.reduceat(found, first, axis=1).T
        return sums

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
    """Multinomial logistic regression over a block's words, the markups around it, its link and its button.

    Parameters:
        C: inverse strength of the L2 penalty.
        min_sites: a token counts when it was seen on at least so many sites.
        max_iter: steps of the optimiser; it is stopped short of convergence, which costs time and gains nothing on
            unseen sites.

    Attributes:
        words_: the known words.
        names_: the known words of markup: tags, and words of attributes.
        links_: the known words of links and buttons.
        word_weights_: of shape (words, 5).
        name_weights_: of shape (names, 5 places * 5 labels).
        link_weights_: of shape (links, 5).
        intercept_: of shape (5,).
    """

    def __init__(self, C: float = 0.15, min_sites: int = 4, max_iter: int = 40) -> None:
        self.C = C
        self.min_sites = min_sites
        self.max_iter = max_iter

    def fit(
        self, pages: Sequence[PageFeatures], y: NDArray[np.int64], sites: Sequence[str], weight: Floats | None = None
    ) -> Self:
        """Learn the tokens and their weights.

        Args:
            pages: the features of the pages.
            y: for every block of all pages in order, the index of its label; -1 leaves the block out.
            sites: the site of each page.
            weight: a weight for each block.
        """
        self.words_ = Vocabulary(self.min_sites).fit((page.words for page in pages), sites)
        self.names_ = Vocabulary(self.min_sites).fit((page.markups for page in pages), sites)
        self.links_ = Vocabulary(self.min_sites).fit((page.links for page in pages), sites)
        used = y >= 0
        design = sparse.vstack([self._design(page) for page in pages], format="csr")[used]
        regression = LogisticRegression(C=self.C, max_iter=self.max_iter)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            regression.fit(design, y[used], None if weight is None else weight[used])
        weights = np.zeros((len(LABELS), design.shape[1]), np.float32)
        self.intercept_ = np.full(len(LABELS), -10, np.float32)
        coefficients, intercepts = regression.coef_, regression.intercept_
        if len(regression.classes_) == 2:  # scikit-learn keeps the second class alone
            coefficients = np.concatenate((-coefficients, coefficients)) / 2
            intercepts = np.concatenate((-intercepts, intercepts)) / 2
        weights[regression.classes_] = coefficients
        self.intercept_[regression.classes_] = intercepts
        words, names, links = np.split(
            weights, [len(self.words_.tokens_), design.shape[1] - len(self.links_.tokens_)], axis=1
        )
        self.word_weights_ = np.ascontiguousarray(words.T)
        self.name_weights_ = np.ascontiguousarray(
            names.reshape(len(LABELS), _PLACES, -1).transpose(2, 1, 0).reshape(-1, _PLACES * len(LABELS))
        )
        self.link_weights_ = np.ascontiguousarray(links.T)
        return self

    def decision_function(self, page: PageFeatures) -> Floats:
        """The evidence of each block for each label: unnormalised log-probabilities, of shape (n, 5)."""
        names = self.names_.sums(page.markups, self.name_weights_).reshape(-1, _PLACES, len(LABELS))
        names = np.concatenate((names, np.zeros((1, _PLACES, len(LABELS)), np.float32)))
        names[0, 3] = 0
        levels = page.levels
        evidence: Floats = (
            self.intercept_
            + self.words_.sums(page.words, self.word_weights_)
            + self.links_.sums(page.links, self.link_weights_)
            + names[levels[:, 0], 0]
            + names[levels[:, 1], 1]
            + names[levels[:, 2], 2]
            + names[levels[:, 3:], 3].sum(1)
            + names[page.inline, 4]
        )
        return np.clip(evidence, -12, 12)

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
