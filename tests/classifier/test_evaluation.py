from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from classifier.evaluation import (
    calibration_error,
    cross_validate,
    f1_of,
    loss_in_least_confident,
    macro_f1_of,
    score,
    score_by,
    summary,
)
from classifier.labels import BOILERPLATE, LABELS
from classifier.model import BlockClassifier
from tests.classifier.answers import make_answer

if TYPE_CHECKING:
    from classifier.dataset import Dataset
    from classifier.features import PageFeatures


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=60))
def test_scores_are_those_of_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    gold, answered = zip(*pairs, strict=True)
    half = len(pairs) // 2
    scores = score([make_answer(gold[:half], answered[:half]), make_answer(gold[half:], answered[half:])])
    expected = f1_score(gold, answered, labels=LABELS, average=None, zero_division=0)
    np.testing.assert_allclose(scores.f1, expected)
    present = [label in gold for label in LABELS]
    assert scores.macro_f1 == pytest.approx(expected[present].mean())
    assert scores.accuracy == pytest.approx(np.mean([a == b for a, b in pairs]))


def test_scores_work_on_many_confusion_matrices_at_once() -> None:
    many = np.arange(50).reshape(2, 5, 5)
    assert f1_of(many).shape == (2, 5)
    np.testing.assert_allclose(macro_f1_of(many), [macro_f1_of(many[0]), macro_f1_of(many[1])])


def test_what_is_not_fully_labelled_is_not_scored_by_label() -> None:
    page = make_answer(["article", None, "ad", "ad"], ["article", "ad", "article", "ad"])
    partial = make_answer(["article", BOILERPLATE, "ad"], ["article", "article", "ad"])
    scores = score([page, partial])
    assert scores.support.tolist() == [1, 2, 0, 0, 0]
    assert scores.accuracy == pytest.approx(2 / 3)
    assert scores.article_f1 == pytest.approx(2 / 3)
    assert "macro F1 of the labels, over blocks" in summary([page])
    assert "macro F1 of the labels, over blocks" not in summary([partial])


def test_loss_counts_boilerplate_taken_for_article_but_not_unlabelled_blocks() -> None:
    assert make_answer(["article", None], ["article", "article"]).loss == 0
    assert make_answer(["article", BOILERPLATE], ["article", "article"]).loss == pytest.approx(1 / 3)
    assert make_answer(["article", BOILERPLATE], ["article", "teaser"]).loss == 0
    assert make_answer(["article"], ["other"]).loss == 1
    assert make_answer(["other"], ["ad"]).loss == 0


def test_share_of_loss_in_the_least_confident_pages() -> None:
    good = [make_answer(["article"], ["article"], confidence=0.9) for _ in range(9)]
    bad = make_answer(["article"], ["other"], confidence=0.2)
    assert loss_in_least_confident([*good, bad]) == 1
    sure_of_itself = make_answer(["article"], ["other"], confidence=0.99)
    assert loss_in_least_confident([*good, sure_of_itself]) == 0
    assert loss_in_least_confident([*good, sure_of_itself], share=1) == 1
    assert np.isnan(loss_in_least_confident(good))
    assert "no loss" in summary(good).values()


def test_a_tenth_of_the_pages_is_rounded_up() -> None:
    bad, good = (make_answer(["article"], [label], confidence=0.1) for label in ("other", "article"))
    assert loss_in_least_confident([bad, *[good] * 11, bad]) == 0.5
    assert loss_in_least_confident([good, bad, *[good] * 9, bad]) == 0.5


def test_calibration_error_is_the_distance_of_probability_and_frequency() -> None:
    right = make_answer(["ad"] * 9 + ["other"], ["ad"] * 10, p=0.9)
    assert calibration_error([right]) == pytest.approx(0, abs=1e-6)
    boasting = make_answer(["ad"] * 5 + ["other"] * 5, ["ad"] * 10, p=0.9)
    assert calibration_error([boasting]) == pytest.approx(0.4, abs=1e-6)


def test_groups_come_with_the_largest_first() -> None:
    pages = [
        make_answer(["article"], ["other"], site="small.example"),
        make_answer(["article"], ["article"], site="large.example"),
        make_answer(["ad"], ["ad"], site="large.example"),
    ]
    groups = score_by(pages, lambda page: page.example.site)
    assert {site: (count, scores.macro_f1) for site, (count, scores) in groups.items()} == {
        "large.example": (2, 1.0),
        "small.example": (1, 0.0),
    }
    assert list(groups) == ["large.example", "small.example"]


def test_cross_validation_asks_only_models_that_have_not_seen_the_site(
    dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []

    def fit(self: BlockClassifier, pages: object, labels: object, groups: list[str], _: object) -> BlockClassifier:
        seen.append(set(groups))
        return self

    def predict_proba(self: BlockClassifier, features: PageFeatures) -> np.ndarray:
        return np.full((len(features), len(LABELS)), 0.2, np.float32)

    monkeypatch.setattr(BlockClassifier, "fit", fit)
    monkeypatch.setattr(BlockClassifier, "predict_proba", predict_proba)
    monkeypatch.setattr(BlockClassifier, "confidence", lambda self, features, answer: 0.5)
    examples = [replace(example, site=f"{number % 4}.example") for number, example in enumerate(dataset.examples)]
    folds = list(cross_validate(BlockClassifier(), examples, folds=3))
    assert len(folds) == len(seen) == 3
    for answers, sites in zip(folds, seen, strict=True):
        assert not {page.example.site for page in answers} & sites
    answered = sorted(page.example.path for fold in folds for page in fold)
    assert answered == sorted(page.path for page in dataset.examples)
