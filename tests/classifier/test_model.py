from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from threadpoolctl import threadpool_info, threadpool_limits

from classifier.files import read_page
from classifier.labels import BOILERPLATE, LABELS
from classifier.model import BlockClassifier, as_features
from classifier.network import Network
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from classifier.dataset import Dataset


def fit(dataset: Dataset, **parameters: int) -> BlockClassifier:
    return BlockClassifier(**{"epochs": 1, "folds": 2, **parameters}).fit(
        [example.features for example in dataset.examples],
        [example.labels for example in dataset.examples],
        dataset.sites,
    )


def test_the_same_pages_and_seed_give_the_same_classifier(dataset: Dataset) -> None:
    first, second, other = fit(dataset), fit(dataset), fit(dataset, random_state=1)
    assert first.version_ == second.version_ != other.version_
    features = dataset.examples[0].features
    np.testing.assert_array_equal(first.predict_proba(features), second.predict_proba(features))


def test_it_learns_the_pages_that_it_was_shown(classifier: BlockClassifier, dataset: Dataset) -> None:
    gold = np.concatenate([example.labels for example in dataset.examples])
    answered = np.concatenate([classifier.predict(example.features) for example in dataset.examples])
    assert (gold == answered).mean() > (gold == "other").mean()


def test_probabilities_are_one_row_a_block(classifier: BlockClassifier, dataset: Dataset) -> None:
    for example in dataset.examples:
        probabilities = classifier.predict_proba(example.features)
        assert probabilities.shape == (len(example.labels), len(LABELS))
        assert (probabilities >= 0).all()
        np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert list(classifier.classes_) == list(LABELS)


def test_a_page_may_be_bytes_text_a_tree_or_features(classifier: BlockClassifier, dataset: Dataset) -> None:
    content = read_page(dataset.examples[0].path)
    expected = classifier.predict_proba(dataset.examples[0].features)
    for page in (content, content.decode(), parse_html(content), as_features(content)):
        np.testing.assert_array_equal(classifier.predict_proba(page), expected)
    with pytest.raises(TypeError, match="bytes or str"):
        classifier.predict_proba(3)


def test_a_prediction_uses_one_thread(
    classifier: BlockClassifier, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict, inside = Network.predict_proba, []

    def observed(network: Network, X: np.ndarray) -> np.ndarray:
        inside.append(blas_threads())
        return predict(network, X)

    monkeypatch.setattr(Network, "predict_proba", observed)
    with threadpool_limits(2, user_api="blas"):
        classifier.predict_proba(dataset.examples[0].features)
        assert blas_threads() == {2}
    assert inside == [{1}, {1}]


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_a_page_without_text_has_no_answers(classifier: BlockClassifier) -> None:
    assert classifier.predict_proba("").shape == (0, len(LABELS))
    assert classifier.predict(b"<script>x</script>").shape == (0,)


def test_it_is_an_estimator_as_scikit_learn_has_them(classifier: BlockClassifier) -> None:
    # scikit-learn's own score asks for the labels of many pages at once.
    assert not hasattr(classifier, "score")
    fresh = clone(classifier)
    assert fresh.get_params() == classifier.get_params()
    assert fresh.set_params(hidden=8).get_params()["hidden"] == 8
    with pytest.raises(NotFittedError):
        fresh.predict_proba("<p>Text")


def test_blocks_may_have_no_label_or_be_known_as_boilerplate_alone(dataset: Dataset) -> None:
    labels = [list(example.labels) for example in dataset.examples]
    labels[0] = [label if label == "article" else BOILERPLATE for label in labels[0]]
    labels[1][:5] = [None] * 5
    trained = BlockClassifier(epochs=1, folds=4).fit(
        [example.features for example in dataset.examples], labels, dataset.sites
    )
    assert set(trained.predict(dataset.examples[0].features)) <= set(LABELS)


def test_what_does_not_fit_together_is_refused() -> None:
    page = "<p>One</p><p>Two</p>"
    with pytest.raises(ValueError, match="1 pages, but labels of 2"):
        BlockClassifier().fit([page], [["ad", "ad"], ["ad"]])
    with pytest.raises(ValueError, match="1 pages, but weights of 2"):
        BlockClassifier().fit([page], [["ad", "ad"]], weights=[1, 2])
    with pytest.raises(ValueError, match="1 pages, but groups of 2"):
        BlockClassifier().fit([page], [["ad", "ad"]], ["a.example", "b.example"])
    with pytest.raises(ValueError, match=r"unknown labels 'Ad', 'bogus'; use article, ad, .*, boilerplate or None"):
        BlockClassifier().fit([page, page], [["ad", "bogus"], ["Ad", None]])
    with pytest.raises(ValueError, match="page 0 has 2 blocks, but 1 labels"):
        BlockClassifier().fit([page], [["ad"]])
    with pytest.raises(ValueError, match="nothing to learn from"):
        BlockClassifier().fit([page, page], [[None, None], [None, None]])
