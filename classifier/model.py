"""BlockClassifier: the scikit-learn estimator that labels the blocks of a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar

import numpy as np
import xxhash
from lxml import etree
from sklearn.base import BaseEstimator
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted

from classifier.blocks import cut
from classifier.calibration import temper, temperature_of
from classifier.confidence import PageConfidence
from classifier.evidence import TokenEvidence
from classifier.features import PageFeatures, featurize
from classifier.hints import read_hints
from classifier.labels import BOILERPLATE, LABELS
from classifier.network import Network
from classifier.parsing import parse_html
from classifier.threads import one_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Ints = NDArray[np.int64]
    PageLike: TypeAlias = bytes | str | etree._Element | PageFeatures

Model = TypeVar("Model")

FORMAT: Final = 3
"""Grows when a fitted classifier comes to mean something else, so that older files are refused."""

_UNKNOWN, _BOILERPLATE = -1, -2
_CODES: Final[dict[str | None, int]] = {
    **{label: code for code, label in enumerate(LABELS)},
    None: _UNKNOWN,
    BOILERPLATE: _BOILERPLATE,
}
_RARE: Final = [LABELS.index("ad"), LABELS.index("disclaimer")]


class BlockClassifier(BaseEstimator):  # type: ignore[misc]
    """Labels every block of a page: article, ad, disclaimer, teaser or other.

    Three networks stand on one another. One reads the tokens of each block and of the markup around it. The next sees
    its evidence beside the numeric features. The last also sees the first one's answers for what
    stands around the block, so that a page is decided as a whole (auto-context: Tu and Bai, IEEE PAMI 32(10), 2010).
    Each is trained on answers that the one below gave for sites that it had not seen (stacked generalization: Wolpert,
    Neural Networks 5(2), 1992), and by such answers the last one's probabilities are calibrated.

    Parameters:
        token_units: units of the hidden layer of the network over tokens.
        hidden: units of the hidden layer of the others.
        alpha: L2 penalty of the others.
        epochs: passes of the others over the training data.
        members: networks that are averaged for each of the others.
        folds: parts into which the sites are split for the answers on unseen sites.
        boilerplate_weight: weight of the blocks of which the training data say no more than "not article".
        hand_weight: weight of the blocks of pages of which the training data say all five labels.
        poorer: share of the pages of which a copy without class names, or without any markup but divisions, is
            learned as well.
        random_state: seed; the same data and seed give the same model.

    Attributes:
        classes_: the labels, in the order of the columns of `predict_proba`.
        version_: digest of the fitted weights.
    """

    def __init__(
        self,
        token_units: int = 32,
        hidden: int = 64,
        alpha: float = 0.1,
        epochs: int = 8,
        members: int = 3,
        folds: int = 4,
        boilerplate_weight: float = 0.3,
        hand_weight: float = 2.5,
        poorer: float = 0.4,
        random_state: int = 0,
    ) -> None:
        self.token_units = token_units
        self.hidden = hidden
        self.alpha = alpha
        self.epochs = epochs
        self.members = members
        self.folds = folds
        self.boilerplate_weight = boilerplate_weight
        self.hand_weight = hand_weight
        self.poorer = poorer
        self.random_state = random_state

    def fit(
        self,
        pages: Sequence[PageLike],
        labels: Sequence[Sequence[str | None]],
        groups: Sequence[str] | None = None,
        weights: Sequence[float] | None = None,
    ) -> Self:
        """Train on labelled pages.

        Args:
            pages: HTML, parsed pages, or features of pages.
            labels: for each page, a label for each of its blocks in document order; None leaves a block out, and
                `BOILERPLATE` says that it is one of the labels other than article.
            groups: the site of each page; each page is a site of its own by default.
            weights: how much the blocks of each page count; 1 each by default.

        Returns:
            The classifier itself.

        Raises:
            ValueError: pages and what is given of them don't match, a label does not exist, or no block has one.
        """
        features = [as_features(page) for page in pages]
        counts = [1.0] * len(features) if weights is None else weights
        sizes = {"labels": len(labels), "weights": len(counts)}
        sizes |= {} if groups is None else {"groups": len(groups)}
        for name, size in sizes.items():
            if size != len(features):
                raise ValueError(f"{len(features)} pages, but {name} of {size}")
        if unknown := {str(label) for page in labels for label in page if label not in _CODES}:
            known = ", ".join((*LABELS, BOILERPLATE))
            raise ValueError(f"unknown labels {', '.join(map(repr, sorted(unknown)))}; use {known} or None")
        for number, (page, given) in enumerate(zip(features, labels, strict=True)):
            if len(page) != len(given):
                raise ValueError(f"page {number} has {len(page)} blocks, but {len(given)} labels")
        if not all(map(len, features)):
            raise ValueError(f"page {[*map(len, features)].index(0)} has no blocks: leave it out")
        y = [np.array([_CODES[label] for label in given]) for given in labels]
        weight = [np.full(len(given), count, np.float32) for given, count in zip(labels, counts, strict=True)]
        weight = [_trusted(codes, given, self.hand_weight) for codes, given in zip(y, weight, strict=True)]
        if not any((codes >= 0).any() for codes in y):
            raise ValueError("no block of these pages has a label: there is nothing to learn from")
        sites = np.array(range(len(features)) if groups is None else groups).astype(str)
        if any((codes == _BOILERPLATE).any() for codes in y):
            y, weight = self._impute(features, y, weight, sites)
        features, y, weight, sites = self._augment(features, y, weight, sites)
        weight = [_balanced(*page) for page in zip(features, y, weight, strict=True)]
        evidence = self._fit_evidence(features, y, weight, sites)
        inputs = [_inputs(page, given) for page, given in zip(features, evidence, strict=True)]
        self.first_, first = self._fit_network(inputs, y, weight, sites)
        inputs = [
            _with_context(page, given, answer) for page, given, answer in zip(features, inputs, first, strict=True)
        ]
        self.second_, second = self._fit_network(inputs, y, weight, sites)
        temperature = temperature_of(np.concatenate(second), np.concatenate(y), np.concatenate(weight))
        self.second_.cool(temperature)
        second = [temper(answer, temperature) for answer in second]
        self.confidence_ = PageConfidence().fit(features, second, y)
        self.classes_ = np.array(LABELS)
        self.format_ = FORMAT
        self.version_ = self._digest()
        return self

    def predict_proba(self, page: PageLike) -> Floats:
        """Probabilities of the labels of each block of a page, of shape (blocks, 5), columns as ``classes_``."""
        check_is_fitted(self)
        features = as_features(page)
        if not len(features):
            return np.zeros((0, len(LABELS)), np.float32)
        with one_thread():
            inputs = _inputs(features, self.evidence_.decision_function(features))
            return self.second_.predict_proba(_with_context(features, inputs, self.first_.predict_proba(inputs)))

    def confidence(self, page: PageFeatures, answer: Floats) -> float:
        """The F1 to expect of the article of a page.

        Args:
            page: the features of the page, of one block at least.
            answer: what `predict_proba` said of it.

        Returns:
            0..1.
        """
        expected: float = self.confidence_.predict(page, answer)
        return expected

    def predict(self, page: PageLike) -> NDArray[np.str_]:
        """The most probable label of each block of a page, of shape (blocks,)."""
        probabilities = self.predict_proba(page)
        labels: NDArray[np.str_] = self.classes_[probabilities.argmax(1)]
        return labels

    def _impute(
        self, features: list[PageFeatures], y: list[Ints], weight: list[Floats], sites: NDArray[np.str_]
    ) -> tuple[list[Ints], list[Floats]]:
        """Give the blocks that are "not article, unsaid which" the label that a first model finds most probable."""
        partial = np.array([(codes == _BOILERPLATE).any() for codes in y])
        whole = [i for i in range(len(y)) if not partial[i] and (y[i] >= 0).any()]
        if not whole:
            raise ValueError("every page says only what is article: some must have all labels")
        evidence = self._evidence(whole, features, y, weight, sites)
        y, weight = list(y), list(weight)
        for i in np.flatnonzero(partial):
            probability = np.exp(evidence.decision_function(features[i]))
            probability[:, 0] = 0
            sure = probability.max(1) / np.maximum(probability.sum(1), 1e-9)
            unsaid = y[i] == _BOILERPLATE
            y[i] = np.where(unsaid, probability.argmax(1), y[i])
            weight[i] = np.where(unsaid, weight[i] * self.boilerplate_weight * np.maximum(0.2, sure), weight[i])
        return y, weight

    def _augment(
        self, features: list[PageFeatures], y: list[Ints], weight: list[Floats], sites: NDArray[np.str_]
    ) -> tuple[list[PageFeatures], list[Ints], list[Floats], NDArray[np.str_]]:
        """Add copies of some pages in poorer markup, so that the labels don't hang on names and tags alone."""
        drawn = np.random.default_rng(self.random_state).random(len(features))
        nameless = np.flatnonzero(drawn < self.poorer * 0.6)
        bare = np.flatnonzero((drawn >= self.poorer * 0.6) & (drawn < self.poorer))
        copies = [features[i].without_names() for i in nameless] + [features[i].without_markup() for i in bare]
        copied = np.concatenate((np.arange(len(features)), nameless, bare))
        return features + copies, [y[i] for i in copied], [weight[i] for i in copied], sites[copied]

    def _fit_evidence(
        self, features: list[PageFeatures], y: list[Ints], weight: list[Floats], sites: NDArray[np.str_]
    ) -> list[Floats]:
        answers = self._on_unseen_sites(
            sites,
            lambda part: self._evidence(part, features, y, weight, sites),
            lambda model, i: model.decision_function(features[i]),
        )
        self.evidence_ = self._evidence(range(len(features)), features, y, weight, sites)
        return answers

    def _evidence(
        self,
        part: Sequence[int],
        features: list[PageFeatures],
        y: list[Ints],
        weight: list[Floats],
        sites: NDArray[np.str_],
    ) -> TokenEvidence:
        return TokenEvidence(self.token_units, random_state=self.random_state).fit(
            [features[i] for i in part],
            np.concatenate([y[i] for i in part]),
            [sites[i] for i in part],
            np.concatenate([weight[i] for i in part]),
        )

    def _fit_network(
        self, inputs: list[Floats], y: list[Ints], weight: list[Floats], sites: NDArray[np.str_]
    ) -> tuple[Network, list[Floats]]:
        answers = self._on_unseen_sites(
            sites,
            lambda part: self._network(part, inputs, y, weight),
            lambda model, i: model.predict_proba(inputs[i]),
        )
        return self._network(range(len(inputs)), inputs, y, weight), answers

    def _network(self, part: Sequence[int], inputs: list[Floats], y: list[Ints], weight: list[Floats]) -> Network:
        codes, weights = np.concatenate([y[i] for i in part]), np.concatenate([weight[i] for i in part])
        used = (codes >= 0) & (weights > 0)
        network = Network(self.hidden, self.alpha, self.epochs, self.members, self.random_state)
        return network.fit(np.concatenate([inputs[i] for i in part])[used], codes[used], weights[used])

    def _on_unseen_sites(
        self,
        sites: NDArray[np.str_],
        fit: Callable[[Sequence[int]], Model],
        answer: Callable[[Model, int], Floats],
    ) -> list[Floats]:
        """For each page, the answer of a model that was trained without the page's site."""
        folds = min(self.folds, len(set(sites.tolist())))
        if folds < 2:
            raise ValueError("the pages come from one site; pages of two sites or more are needed")
        answers: dict[int, Floats] = {}
        splits = GroupKFold(folds, shuffle=True, random_state=self.random_state)
        for seen, unseen in splits.split(sites, groups=sites):
            model = fit(seen.tolist())
            answers |= {i: answer(model, i) for i in unseen.tolist()}
        return [answers[i] for i in range(len(sites))]

    def _digest(self) -> str:
        digest = xxhash.xxh3_64()
        for array in _arrays((self.evidence_, self.first_, self.second_, self.confidence_)):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()


def as_features(page: PageLike) -> PageFeatures:
    """Compute the features of a page, unless it is features already.

    Raises:
        TypeError: it is neither HTML, nor a parsed page, nor features.
    """
    if isinstance(page, PageFeatures):
        return page
    root = page if isinstance(page, etree._Element) else parse_html(page)
    if root is None:
        return PageFeatures.empty()
    return featurize(cut(root), read_hints(root))


def _trusted(codes: Ints, weight: Floats, hand_weight: float) -> Floats:
    """Trust labels made by hand more than those that a gold text was aligned to, the rarest of them most.

    A gold text seldom leaves out the pitch or the disclaimer in the middle of a story.
    """
    if (codes == _BOILERPLATE).any():
        return weight
    rare = np.where(np.isin(codes, _RARE), 1.3, 1.0)
    return (weight * hand_weight * rare).astype(np.float32)


def _balanced(features: PageFeatures, codes: Ints, weight: Floats) -> Floats:
    """Let a long page count for less than its many blocks, and a long block for more than one."""
    length = 0.5 + np.minimum(2, features.surroundings.size / 100)
    balanced: Floats = weight * np.sqrt(100 / max(1, int((codes >= 0).sum())) * length)
    return balanced.astype(np.float32)


def _inputs(features: PageFeatures, evidence: Floats) -> Floats:
    return np.concatenate((features.dense, evidence), axis=1)


def _with_context(features: PageFeatures, inputs: Floats, belief: Floats) -> Floats:
    """Add to the inputs what is believed of each block and of what stands around it."""
    around = features.surroundings
    return np.concatenate(
        (
            inputs,
            belief,
            around.context(belief),
            around.boxes(belief),
            around.peaks(belief[:, 1:4]),
            around.story(belief[:, 0]),
        ),
        axis=1,
    )


def _arrays(models: Sequence[BaseEstimator]) -> list[NDArray[Any]]:
    """Every fitted array of some models, in the order of their names."""
    found: list[NDArray[Any]] = []
    for model in models:
        for name, value in sorted(vars(model).items()):
            if isinstance(value, BaseEstimator):
                found += _arrays([value])
            elif name.endswith("_"):
                found += value if isinstance(value, list) else [np.asarray(value)]
    return found
