"""How sure the decision over a page is: a model of how well the article of a page with such answers came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from classifier.features import PageFeatures

    Floats = NDArray[np.float32]


class PageConfidence(BaseEstimator):  # type: ignore[misc]
    """Logistic regression from what a page's answers look like to the F1 of its article's characters.

    Parameters:
        C: inverse strength of the L2 penalty.

    Attributes:
        mean_, scale_: of the signs, of shape (signs,).
        coef_: of shape (signs,).
        intercept_: a number.
    """

    def __init__(self, C: float = 0.3) -> None:
        self.C = C

    def fit(
        self, pages: Sequence[PageFeatures], answers: Sequence[Floats], labels: Sequence[NDArray[np.int64]]
    ) -> Self:
        """Learn from answers for pages that the answering model had not seen.

        Args:
            pages: the features of the pages.
            answers: the probabilities of the labels of each page's blocks.
            labels: the index of each block's label; below 0 where it is not known.
        """
        X, quality = [], []
        for page, answer, codes in zip(pages, answers, labels, strict=True):
            size = page.surroundings.size * (codes >= 0)
            chosen, right = answer.argmax(1) == 0, codes == 0
            if size[right].sum():
                X.append(_signs(page, answer))
                quality.append(2 * size[chosen & right].sum() / (size[chosen].sum() + size[right].sum()))
        scaler = StandardScaler().fit(X)
        self.mean_ = scaler.mean_.astype(np.float32)
        self.scale_ = (1 / scaler.scale_).astype(np.float32)
        scaled, weight = self._standardise(np.array(X, np.float32)), np.array(quality)
        # A page whose article came out by 0.8 counts as 0.8 of a good one and 0.2 of a bad one.
        regression = LogisticRegression(C=self.C, max_iter=500).fit(
            np.concatenate((scaled, scaled)),
            np.repeat([1, 0], len(scaled)),
            np.concatenate((weight, 1 - weight)) + 1e-9,
        )
        self.coef_ = regression.coef_[0].astype(np.float32)
        self.intercept_ = np.float32(regression.intercept_[0])
        return self

    def predict(self, page: PageFeatures, answer: Floats) -> float:
        """The F1 to expect of the article of a page with these answers, 0..1."""
        score = self._standardise(_signs(page, answer)) @ self.coef_ + self.intercept_
        return float(1 / (1 + np.exp(-score)))

    def _standardise(self, X: Floats) -> Floats:
        scaled: Floats = np.clip((X - self.mean_) * self.scale_, -4, 4)
        return scaled


def _signs(page: PageFeatures, answer: Floats) -> Floats:
    """What tells a good answer for a page of n blocks from a bad one, as one row of numbers."""
    around = page.surroundings
    size, article = around.size, answer[:, 0]
    chosen = answer.argmax(1) == 0
    mass, picked, total = float((article * size).sum()), float(size[chosen].sum()), float(size.sum())
    expected = 2 * float((article * size)[chosen].sum()) / max(1e-6, mass + picked)
    unsure = article * (1 - article) * 4
    blocks = max(1, int(chosen.sum()))
    runs = int(chosen[0]) + int((chosen[1:] & ~chosen[:-1]).sum())
    prose = size > 100
    rival = float(size[prose & ~chosen].sum())
    shares = around.shares(article)
    inside = shares[:, -1][chosen].mean() if picked else 0.0
    return np.array(
        (
            expected,
            np.log(1.001 - expected),
            float((unsure * size).sum()) / max(1.0, picked),
            float(unsure[chosen].mean()) if picked else 1.0,
            float((unsure * size)[~chosen].sum()) / max(1.0, picked),
            float(unsure.mean()),
            np.log1p(picked),
            np.log1p(blocks),
            np.log1p(len(size)),
            picked / total,
            np.log1p(picked / blocks),
            runs / blocks,
            np.log1p(runs),
            rival / (rival + picked + 1),
            np.log1p(rival),
            float(inside),
            float(shares[:, 2][chosen].mean()) if picked else 0.0,
            float((answer[:, 3] * size).sum()) / total,
            float((answer[:, 4] * size).sum()) / total,
            float(page.agreement[:, 2:4][chosen].mean()) if picked else 0.0,
            float(page.agreement[0, 4]),
            float(page.agreement[0, 5]),
            float(page.agreement[0, 9]),
        ),
        np.float32,
    )
