"""What the words, the markup and the links of a block say by themselves: a linear model over tokens."""

from __future__ import annotations

import warnings
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from classifier.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from classifier.features import PageFeatures

    Floats = NDArray[np.float32]

_PLACES: Final = 5
"""A markup speaks differently as the block's own, its container's, that one's container's, further out, or inline."""
_LONGEST: Final = 40


class TokenEvidence(BaseEstimator):  # type: ignore[misc]
    """Multinomial logistic regression over a block's words, the markups around it and its link.

    Parameters:
        C: inverse strength of the L2 penalty.
        min_sites: a token counts when it was seen on at least so many sites; what fewer have is their own habit.
        max_iter: steps of the optimiser; it is stopped short of convergence, which costs time and gains nothing on
            unseen sites.

    Attributes:
        words_: the known words, sorted.
        names_: the known words of markup (tags, words of class names and ids), sorted.
        links_: the known words of links, sorted.
        word_weights_: of shape (len(words_), 5).
        name_weights_: of shape (len(names_), 5 places * 5 labels).
        link_weights_: of shape (len(links_), 5).
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
        self.words_ = self._common((page.words for page in pages), sites)
        self.names_ = self._common((page.markups for page in pages), sites)
        self.links_ = self._common((page.links for page in pages), sites)
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
        words, names, links = np.split(weights, [len(self.words_), design.shape[1] - len(self.links_)], axis=1)
        self.word_weights_ = np.ascontiguousarray(words.T)
        self.name_weights_ = np.ascontiguousarray(
            names.reshape(len(LABELS), _PLACES, -1).transpose(2, 1, 0).reshape(-1, _PLACES * len(LABELS))
        )
        self.link_weights_ = np.ascontiguousarray(links.T)
        return self

    def decision_function(self, page: PageFeatures) -> Floats:
        """The evidence of each block for each label: unnormalised log-probabilities, of shape (n, 5)."""
        words = _matrix(page.words, self._index("words_")) @ self.word_weights_
        links = _matrix(page.links, self._index("links_")) @ self.link_weights_
        names = (_matrix(page.markups, self._index("names_")) @ self.name_weights_).reshape(-1, _PLACES, len(LABELS))
        names = np.concatenate((names, np.zeros((1, _PLACES, len(LABELS)), np.float32)))
        names[0, 3] = 0
        levels = page.levels
        evidence: Floats = (
            self.intercept_
            + words
            + links
            + names[levels[:, 0], 0]
            + names[levels[:, 1], 1]
            + names[levels[:, 2], 2]
            + names[levels[:, 3:], 3].sum(1)
            + names[page.inline, 4]
        )
        return np.clip(evidence, -12, 12)

    def _design(self, page: PageFeatures) -> sparse.csr_matrix:
        n, kinds = len(page), len(page.markups)
        names = _matrix(page.markups, self._index("names_"))
        blocks = np.arange(n)

        def placed(levels: NDArray[np.int64], nothing: int = -1) -> sparse.csr_matrix:
            keep = levels != nothing
            rows = np.broadcast_to(blocks[:, None], levels.shape)[keep]
            ones = np.ones(len(rows), np.float32)
            return sparse.csr_matrix((ones, (rows, levels[keep])), shape=(n, kinds)) @ names

        return sparse.hstack(
            (
                _matrix(page.words, self._index("words_")),
                placed(page.levels[:, :1]),
                placed(page.levels[:, 1:2]),
                placed(page.levels[:, 2:3]),
                placed(page.levels[:, 3:], nothing=0),
                placed(page.inline[:, None]),
                _matrix(page.links, self._index("links_")),
            ),
            format="csr",
        )

    def _common(self, pages: Iterable[list[list[bytes]]], sites: Sequence[str]) -> NDArray[np.str_]:
        seen: dict[bytes, set[str]] = {}
        for lines, site in zip(pages, sites, strict=True):
            for token in set(chain.from_iterable(lines)):
                if len(token) < _LONGEST:
                    seen.setdefault(token, set()).add(site)
        least = min(self.min_sites, len(set(sites)))
        common = (token.decode("utf-8", "replace") for token, where in seen.items() if len(where) >= least)
        return np.array(sorted(common), dtype=np.str_)

    def _index(self, tokens: str) -> dict[bytes, int]:
        # Built on first use and kept out of the model's file.
        cache: dict[str, dict[bytes, int]] = self.__dict__.setdefault("_indexes", {})
        if tokens not in cache:
            cache[tokens] = {token.encode(): i for i, token in enumerate(getattr(self, tokens).tolist())}
        return cache[tokens]

    def __getstate__(self) -> dict[str, object]:
        state: dict[str, object] = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_indexes"}


def _matrix(tokens: Sequence[Sequence[bytes]], index: Mapping[bytes, int]) -> sparse.csr_matrix:
    """A row for each list of tokens, a column for each known token, 1 where the row has it."""
    lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
    found = map(index.get, chain.from_iterable(tokens), repeat(-1))
    columns = np.fromiter(found, np.int32, int(lengths.sum()))
    known = columns >= 0
    ends = np.concatenate(([0], np.cumsum(known)))[np.concatenate(([0], np.cumsum(lengths)))]
    return sparse.csr_matrix(
        (np.ones(int(ends[-1]), np.float32), columns[known], ends), shape=(len(tokens), len(index))
    )
