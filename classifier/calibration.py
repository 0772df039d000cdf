"""Temperature scaling: one number that makes probabilities say how often they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_BOUNDS: Final = (-1.0, 1.5)
"""Of the logarithm of the temperature."""
_LEAST: Final = 1e-9


def temperature_of(probabilities: Floats, y: NDArray[np.int64], weight: Floats) -> float:
    """Find the temperature that gives the true labels the most probability (Guo et al., ICML 2017).

    Args:
        probabilities: answers for sites that the answering model had not seen, of shape (n, labels).
        y: the index of each block's label; blocks below 0 are left out.
        weight: of each block.

    Returns:
        The number by which the logarithms of the probabilities are to be divided: above 1 where they are too sure.
    """
    known = (y >= 0) & (weight > 0)
    logs, codes, weights = np.log(np.maximum(probabilities[known], _LEAST)), y[known], weight[known]

    def loss(log_temperature: float) -> float:
        tempered = log_softmax(logs / np.exp(log_temperature), axis=1)
        return -float((weights * tempered[np.arange(len(codes)), codes]).sum())

    return float(np.exp(minimize_scalar(loss, bounds=_BOUNDS, method="bounded").x))


def temper(probabilities: Floats, temperature: float) -> Floats:
    """Apply a temperature to probabilities of shape (n, labels)."""
    powers: Floats = np.maximum(probabilities, _LEAST) ** np.float32(1 / temperature)
    powers /= powers.sum(1, keepdims=True)
    return powers
