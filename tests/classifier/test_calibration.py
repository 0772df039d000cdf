"""A temperature undoes what made probabilities too sure, and moves no decision."""

from __future__ import annotations

import numpy as np
import pytest

from classifier.calibration import temper, temperature_of


@pytest.mark.parametrize("too_sure", [0.7, 1.0, 2.5])
def test_the_temperature_is_found_by_which_scores_were_multiplied(too_sure: float) -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(0, 1.5, (20_000, 5)).astype(np.float32)
    true = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    y = (true.cumsum(1) < rng.random((len(true), 1))).sum(1)
    claimed = temper(true, 1 / too_sure)
    temperature = temperature_of(claimed, y, np.ones(len(y), np.float32))
    assert temperature == pytest.approx(too_sure, rel=0.05)
    np.testing.assert_array_equal(temper(claimed, temperature).argmax(1), claimed.argmax(1))


def test_blocks_without_label_or_weight_count_for_nothing() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.5, 0.5], [0.9, 0.1]], np.float32)
    some = temperature_of(probabilities, np.array([0, 1, -1, 1]), np.array([1, 1, 1, 0], np.float32))
    assert some == pytest.approx(temperature_of(probabilities[:2], np.array([0, 1]), np.ones(2, np.float32)))
