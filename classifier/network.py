"""A small neural network over numeric features, trained by scikit-learn and evaluated as three matrix products."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from classifier.labels import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_CLIP = 4.0
"""Standard deviations beyond which a feature says no more."""


class Network(BaseEstimator):  # type: ignore[misc]
    """Multi-layer perceptron with one hidden layer on standardised, clipped features.

    Only its weights are kept after fitting: they are all that prediction needs, and they load without the optimiser.

    Parameters:
        hidden: units of the hidden layer.
        alpha: L2 penalty.
        epochs: passes over the training data.
        random_state: seed.

    Attributes:
        mean_, scale_: of the features, of shape (features,).
        layers_: the weight matrices, (features, hidden) and (hidden, 5).
        intercepts_: their intercepts.
    """

    def __init__(self, hidden: int = 64, alpha: float = 0.1, epochs: int = 8, random_state: int = 0) -> None:
        self.hidden = hidden
        self.alpha = alpha
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X: Floats, y: NDArray[np.int64], sample_weight: Floats | None = None) -> Self:
        """Train on a matrix of features of shape (n, features) and label indices of shape (n,)."""
        scaler = StandardScaler().fit(X)
        self.mean_ = scaler.mean_.astype(np.float32)
        self.scale_ = (1 / scaler.scale_).astype(np.float32)
        perceptron = MLPClassifier(
            (self.hidden,),
            alpha=self.alpha,
            batch_size=min(256, len(X)),
            learning_rate_init=3e-4,
            max_iter=self.epochs,
            tol=0,
            n_iter_no_change=self.epochs,
            random_state=self.random_state,
        )
        with warnings.catch_warnings():
            # The number of epochs is chosen for the score on unseen sites, short of convergence.
            warnings.simplefilter("ignore", ConvergenceWarning)
            perceptron.fit(self._standardise(X), y, sample_weight=sample_weight)
        hidden, output = perceptron.coefs_
        weights = np.zeros((self.hidden, len(LABELS)), np.float32)
        intercept = np.full(len(LABELS), -30, np.float32)
        if len(perceptron.classes_) == 2:
            output = np.concatenate((np.zeros_like(output), output), axis=1)
            bias = np.array([0, perceptron.intercepts_[1][0]], np.float32)
        else:
            bias = perceptron.intercepts_[1]
        weights[:, perceptron.classes_] = output
        intercept[perceptron.classes_] = bias
        self.layers_ = [np.ascontiguousarray(hidden, np.float32), weights]
        self.intercepts_ = [perceptron.intercepts_[0].astype(np.float32), intercept]
        return self

    def predict_proba(self, X: Floats) -> Floats:
        """Probabilities of the labels, of shape (n, 5)."""
        activation = self._standardise(X) @ self.layers_[0]
        activation += self.intercepts_[0]
        np.maximum(activation, 0, out=activation)
        return softmax(activation @ self.layers_[1] + self.intercepts_[1])

    def _standardise(self, X: Floats) -> Floats:
        scaled: Floats = X - self.mean_
        scaled *= self.scale_
        np.clip(scaled, -_CLIP, _CLIP, out=scaled)
        return scaled


def softmax(scores: Floats) -> Floats:
    """Turn scores of shape (n, k) into probabilities row by row."""
    powers: Floats = np.exp(scores - scores.max(1, keepdims=True))
    powers /= powers.sum(1, keepdims=True)
    return powers
