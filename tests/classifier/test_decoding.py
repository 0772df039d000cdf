"""A story keeps its sentences when it is uncertain what they are; around it, the most probable label counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from classifier.decoding import decode
from classifier.labels import LABELS
from classifier.model import as_features

if TYPE_CHECKING:
    from classifier.model import BlockClassifier

STORY = "<div><p>Before.</p><p>What is it?</p><p>Behind.</p></div>"


class Sure:
    """A classifier that is certain of everything but of one block."""

    def __init__(self, label: str, probability: float, rest: float) -> None:
        self.row = np.zeros(len(LABELS), np.float32)
        self.row[LABELS.index(label)], self.row[0] = probability, rest
        self.texts: list[str] = []

    def predict_proba(self, page: object) -> np.ndarray:
        article, teaser = np.eye(len(LABELS), dtype=np.float32)[[0, LABELS.index("teaser")]]
        rows = {"What is it?": self.row, "Read on": teaser}
        return np.array([rows.get(text, article) for text in self.texts])

    def confidence(self, *_: object) -> float:
        return 1.0


def decided(page: str, label: str, probability: float, rest: float) -> str:
    """The label of the uncertain block."""
    classifier = Sure(label, probability, rest)
    classifier.texts = [text for text in ("Before.", "What is it?", "Read on", "Behind.") if text in page]
    codes = decode(cast("BlockClassifier", classifier), as_features(f"<body>{page}</body>")).codes
    return LABELS[codes[classifier.texts.index("What is it?")]]


@pytest.mark.parametrize("label", ["ad", "disclaimer", "teaser", "other"])
def test_in_the_midst_of_a_story_another_label_must_be_twice_as_probable(label: str) -> None:
    assert decided(STORY, label, 0.55, 0.4) == "article"
    assert decided(STORY, label, 0.7, 0.3) == label


@pytest.mark.parametrize("label", ["ad", "disclaimer", "teaser", "other"])
def test_behind_a_sentence_of_the_story_another_label_must_be_a_quarter_more_probable(label: str) -> None:
    page = "<div><p>Before.</p><p>What is it?</p></div>"
    assert decided(page, label, 0.5, 0.45) == "article"
    assert decided(page, label, 0.55, 0.4) == label


@pytest.mark.parametrize(
    "page",
    [
        "<div><p>What is it?</p><p>Behind.</p></div>",
        "<div><p>Before.</p></div><div><p>What is it?</p><p>Read on</p></div><div><p>Behind.</p></div>",
    ],
)
def test_elsewhere_the_most_probable_label_counts(page: str) -> None:
    assert decided(page, "ad", 0.5, 0.45) == "ad"
