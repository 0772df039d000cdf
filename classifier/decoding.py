"""The page-level decision: from the probabilities of the blocks to their labels and a confidence for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from classifier.features import PageFeatures


@dataclass(frozen=True, slots=True)
class Decision:
    """The labels of a page.

    Attributes:
        codes: for each block, the index of its label in `LABELS`.
        confidence: 0..1.
    """

    codes: NDArray[np.int64]
    confidence: float


def decode(probabilities: NDArray[np.float32], features: PageFeatures) -> Decision:
    """Decide the labels of a page of n blocks.

    Args:
        probabilities: of shape (n, 5).
        features: the features of the page.
    """
    codes = probabilities.argmax(1)
    article = probabilities[:, 0]
    size = features.surroundings.size
    chosen = codes == 0
    # The F1 to expect of the chosen characters if the probabilities hold.
    confidence = 2 * (article * size)[chosen].sum() / max(1e-6, (article * size).sum() + size[chosen].sum())
    return Decision(codes, float(confidence))
