"""A small neural network over numeric features, trained by scikit-learn and evaluated as two matrix products."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Final, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from classifier.labels import LABELS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

_CLIP: Final = 4.0
"""Standard deviations beyond which a feature says no more."""


class Network(BaseEstimator):  # type: ignore[misc]
    """The mean of multi-layer perceptrons with one hidden layer on standardised, clipped features.

    They are kept as one perceptron whose hidden layer holds those of all, since a mean of scores is linear. Only the
    weights are kept after fitting: they are all that prediction needs, and they load without the optimiser.

    Parameters:
        hidden: units of the hidden layer.
        alpha: L2 penalty.
        epochs: passes over the training data.
        members: networks that are trained from different beginnings; the mean of their scores counts.
        random_state: seed.

    Attributes:
        low_, high_: the bounds to which each feature is clipped, of shape (features,).
        layers_: the weight matrices, (features, members * hidden) and (members * hidden, 5), for features that are not
            standardised.
        intercepts_: their intercepts.
    """

    def __init__(
        self, hidden: int = 64, alpha: float = 0.1, epochs: int = 8, members: int = 1, random_state: int = 0
    ) -> None:
        self.hidden = hidden
        self.members = members
        self.alpha = alpha
        self.epochs = epochs
        self.random_state = random_state

    def fit(self, X: Floats, y: NDArray[np.int64], sample_weight: Floats | None = None) -> Self:
        """Train on a matrix of features of shape (n, features) and label indices of shape (n,)."""
        scaler = StandardScaler().fit(X)
        self.low_ = (scaler.mean_ - _CLIP * scaler.scale_).astype(np.float32)
        self.high_ = (scaler.mean_ + _CLIP * scaler.scale_).astype(np.float32)
        X = scaler.transform(np.clip(X, self.low_, self.high_))
        seeds = np.random.SeedSequence(self.random_state).generate_state(self.members).tolist()
        members = [self._member(X, y, sample_weight, seed) for seed in seeds]
        hidden = np.concatenate([member[0] for member in members], axis=1) / scaler.scale_[:, None]
        first = np.concatenate([member[1] for member in members]) - scaler.mean_ @ hidden
        output = np.concatenate([member[2] for member in members]) / self.members
        last = np.mean([member[3] for member in members], axis=0)
        self.layers_ = [np.ascontiguousarray(weights, np.float32) for weights in (hidden, output)]
        self.intercepts_ = [first.astype(np.float32), last.astype(np.float32)]
        return self

    def cool(self, temperature: float) -> None:
        """Divide the scores of the labels by a temperature."""
        self.layers_[1] = self.layers_[1] / np.float32(temperature)
        self.intercepts_[1] = self.intercepts_[1] / np.float32(temperature)

    def _member(
        self, X: Floats, y: NDArray[np.int64], sample_weight: Floats | None, seed: int
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """Train one perceptron; its weights and intercepts of the hidden and of the output layer."""
        perceptron = MLPClassifier(
            (self.hidden,),
            alpha=self.alpha,
            batch_size=min(256, len(X)),
            learning_rate_init=3e-4,
            max_iter=self.epochs,
            tol=0,
            n_iter_no_change=self.epochs,
            random_state=seed,
        )
        with warnings.catch_warnings():
            # The number of epochs is chosen for the score on unseen sites, short of convergence.
            warnings.simplefilter("ignore", ConvergenceWarning)
            perceptron.fit(X, y, sample_weight=sample_weight)
        hidden, output = perceptron.coefs_
        first, last = perceptron.intercepts_
        if len(perceptron.classes_) == 2:  # scikit-learn keeps the second class alone
            output = np.concatenate((np.zeros_like(output), output), axis=1)
            last = np.array([0, last[0]], np.float32)
        weights = np.zeros((self.hidden, len(LABELS)), np.float32)
        intercept = np.full(len(LABELS), -30, np.float32)
        weights[:, perceptron.classes_] = output
        intercept[perceptron.classes_] = last
        return hidden, first, weights, intercept

    def predict_proba(self, X: Floats) -> Floats:
        """Probabilities of the labels, of shape (n, 5)."""
        # With bounds for each column, numpy.clip takes twice as long as these two.
        bounded = np.maximum(X, self.low_)
        np.minimum(bounded, self.high_, out=bounded)
        activation = bounded @ self.layers_[0]
        activation += self.intercepts_[0]
        np.maximum(activation, 0, out=activation)
        return softmax(activation @ self.layers_[1] + self.intercepts_[1])


def softmax(scores: Floats) -> Floats:
    """Turn scores of shape (n, k) into probabilities row by row."""
    # Along long rows of a few columns, NumPy is slow; along a few long rows it is not.
    powers = scores.T.copy()
    powers -= powers.max(0)
    np.exp(powers, out=powers)
    powers /= powers.sum(0)
    return np.ascontiguousarray(powers.T)
