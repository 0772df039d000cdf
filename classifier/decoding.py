"""The page-level decision: from the probabilities of a page's blocks to their labels and a confidence for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classifier.features import PageFeatures
    from classifier.model import BlockClassifier
    from classifier.surroundings import Surroundings

_COST_OF_A_GAP: Final = 2.0
"""A sentence that is missing from the midst of the story harms its reader as much as so many that are too many."""
_COST_OF_AN_END: Final = 1.25
"""Likewise for what follows a sentence of the story and may be its end."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The labels of a page of n blocks.

    Attributes:
        codes: for each block, the index of its label in `LABELS`. It is the most probable one, but in the midst of the
            story a block is article unless another label is twice as probable, and behind it 1.25 times.
        probabilities: of the labels of each block, of shape (n, 5).
        confidence: the F1 to expect of the article's characters, 0..1.
    """

    codes: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    confidence: float


def decode(classifier: BlockClassifier, features: PageFeatures) -> Decision:
    """Decide the labels of a page.

    Errors have costs, so that the most probable label is not always the best one (Elkan, The Foundations of
    Cost-Sensitive Learning, IJCAI 2001).

    Args:
        classifier: a fitted classifier.
        features: the features of the page.

    Returns:
        The decision; that of a page without blocks has confidence 0.
    """
    probabilities = classifier.predict_proba(features)
    if not len(features):
        return Decision(np.zeros(0, np.int64), probabilities, 0.0)
    codes = probabilities.argmax(1)
    costs = probabilities.copy()
    within, behind = _in_story(features.surroundings, codes == 0)
    costs[within, 0] *= _COST_OF_A_GAP
    costs[behind, 0] *= _COST_OF_AN_END
    return Decision(costs.argmax(1), probabilities, classifier.confidence(features, probabilities))


def _in_story(around: Surroundings, article: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which blocks are in the midst of the story and which follow it, within the container around their own.

    Returns:
        For each block whether article stands before and behind it; and whether none stands behind it, but it follows
        on article.
    """
    before = np.concatenate(([0], np.cumsum(article)))
    starts, ends = around.starts[:, 1], around.ends[:, 1]
    within = (before[:-1] > before[starts]) & (before[ends] > before[1:])
    follows = np.concatenate(([False], article[:-1])) & (starts < np.arange(len(article)))
    return within, follows & ~within
