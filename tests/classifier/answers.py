"""Answers made up for tests of scores."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from classifier.dataset import Example
from classifier.evaluation import Answer
from classifier.features import PageFeatures
from classifier.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence


def make_answer(
    gold: Sequence[str | None],
    answered: Sequence[str],
    confidence: float = 0.5,
    site: str = "a.example",
    name: str = "page",
    p: float = 0.9,
) -> Answer:
    """An answer that gives each label the probability ``p``; every block has ten characters."""
    codes = np.array([LABELS.index(label) for label in answered], np.int64)
    probabilities = np.full((len(codes), len(LABELS)), (1 - p) / 4, np.float32)
    probabilities[np.arange(len(codes)), codes] = p
    example = Example(Path(name), site, "en", list(gold), [10] * len(gold), PageFeatures.empty())
    return Answer(example, codes, probabilities, confidence)
