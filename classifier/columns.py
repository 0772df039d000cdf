"""Columns of features: arrays and numbers side by side in one array."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]


def as_columns(*values: ArrayLike) -> Floats:
    """Put k arrays of one shape (n, ...), or numbers that hold for all of them, side by side; of shape (n, ..., k).

    The first must be an array.
    """
    columns = np.empty((*np.shape(values[0]), len(values)), np.float32)
    for at, value in enumerate(values):
        columns[..., at] = value
    return columns
