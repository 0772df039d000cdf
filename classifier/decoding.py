"""The page-level decision: from the probabilities of a page's blocks to their labels and a confidence for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classifier.features import PageFeatures
    from classifier.model import BlockClassifier


@dataclass(frozen=True, slots=True)
class Decision:
    """The labels of a page of n blocks.

    Attributes:
        codes: for each block, the index of its label in `LABELS`.
        probabilities: of the labels of each block, of shape (n, 5).
        confidence: the F1 to expect of the article's characters, 0..1.
    """

    codes: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    confidence: float


def decode(classifier: BlockClassifier, features: PageFeatures) -> Decision:
    """Decide the labels of a page.

    Args:
        classifier: a fitted classifier.
        features: the features of the page.

    Returns:
        The decision; that of a page without blocks has confidence 0.
    """
    probabilities = classifier.predict_proba(features)
    if not len(features):
        return Decision(np.zeros(0, np.int64), probabilities, 0.0)
    return Decision(probabilities.argmax(1), probabilities, classifier.confidence(features, probabilities))
