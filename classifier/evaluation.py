"""How good a classifier's answers are on labelled pages: scores, calibration, confidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GroupKFold

from classifier.dataset import fit_examples
from classifier.decoding import decode
from classifier.labels import BOILERPLATE, LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from classifier.dataset import Example
    from classifier.model import BlockClassifier

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_CODES: Final = {label: code for code, label in enumerate(LABELS)}
_UNUSED: Final = -1


@dataclass(frozen=True, slots=True)
class Answer:
    """What a classifier answered for a page of n blocks.

    Attributes:
        example: the page.
        codes: for each block, the index of the answered label in `LABELS`.
        probabilities: of shape (n, 5).
        confidence: that of the page-level decision, 0..1.
    """

    example: Example
    codes: Ints
    probabilities: NDArray[np.float32]
    confidence: float

    @property
    def gold(self) -> Ints:
        """For each block, the index of its true label; -1 where it does not count.

        Blocks without a label don't count, and neither do pages that tell of some blocks only that they are not
        article: there a wrong answer could not be seen, so right ones would make the scores too good.
        """
        labels = self.example.labels
        if BOILERPLATE in labels:
            return np.full(len(labels), _UNUSED, np.int64)
        return np.array([_CODES.get(label or "", _UNUSED) for label in labels], np.int64)

    @property
    def confusion(self) -> Ints:
        """Blocks by true label (rows) and answered label (columns), of shape (5, 5)."""
        gold = self.gold
        used = gold >= 0
        # scikit-learn's confusion_matrix refuses a page of which no block counts.
        cells = gold[used] * len(LABELS) + self.codes[used]
        return np.bincount(cells, minlength=len(LABELS) ** 2).reshape(len(LABELS), len(LABELS))

    @property
    def loss(self) -> float:
        """How far the answered article is from the true one: 1 - F1 over the characters of the blocks.

        Blocks of which the page only says that they are not article count here.
        """
        known = np.array([label is not None for label in self.example.labels], bool)
        article = np.array([label == LABELS[0] for label in self.example.labels], bool)[known]
        answered, chars = (self.codes == 0)[known], np.array(self.example.chars)[known]
        both, total = chars[article & answered].sum(), chars[article].sum() + chars[answered].sum()
        return float(1 - 2 * both / total) if total else 0.0


class WithLoss(Protocol):
    """An answer for a page, with the confidence of the classifier and how wrong it is."""

    @property
    def confidence(self) -> float:
        """That of the page-level decision, 0..1."""

    @property
    def loss(self) -> float:
        """How far the answered article is from the true one, 0..1."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores over the blocks of some pages.

    Attributes:
        confusion: blocks by true label (rows) and answered label (columns), of shape (5, 5).
        article_f1: the mean over pages of the article's F1 over characters, those included that tell article from
            the rest alone.
    """

    confusion: Ints
    article_f1: float

    @property
    def support(self) -> Ints:
        """How many blocks truly have each label."""
        count: Ints = self.confusion.sum(1)
        return count

    @property
    def precision(self) -> Floats:
        """Of the blocks answered with each label, the share that truly has it; 0 where there are none."""
        return _divide(np.diag(self.confusion), self.confusion.sum(0))

    @property
    def recall(self) -> Floats:
        """Of the blocks that truly have each label, the share answered with it; 0 where there are none."""
        return _divide(np.diag(self.confusion), self.confusion.sum(1))

    @property
    def f1(self) -> Floats:
        """The harmonic mean of the two, for each label."""
        return f1_of(self.confusion)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the labels that some block truly has."""
        return float(macro_f1_of(self.confusion))

    @property
    def accuracy(self) -> float:
        """The share of blocks that are right."""
        return float(_divide(np.trace(self.confusion), self.confusion.sum()))


def answer(classifier: BlockClassifier, example: Example) -> Answer:
    """Ask a classifier for the labels of a page."""
    decision = decode(classifier, example.features)
    return Answer(example, decision.codes, decision.probabilities, decision.confidence)


def cross_validate(
    classifier: BlockClassifier, examples: Sequence[Example], folds: int, seed: int = 0
) -> Iterator[list[Answer]]:
    """Answer every page by a classifier that has not seen its site.

    Args:
        classifier: its parameters are used; it is not changed.
        examples: pages of two sites or more.
        folds: parts into which the sites are split; no more than there are sites.
        seed: of the split.

    Yields:
        The answers for each fold.
    """
    sites = [example.site for example in examples]
    splits = GroupKFold(min(folds, len(set(sites))), shuffle=True, random_state=seed)
    for seen, unseen in splits.split(sites, groups=sites):
        model = fit_examples(clone(classifier), [examples[i] for i in seen])
        yield [answer(model, examples[i]) for i in unseen]


def score(answers: Sequence[Answer]) -> Scores:
    """Score the answers for some pages, at least one."""
    confusion = np.sum([page.confusion for page in answers], axis=0)
    return Scores(confusion, 1 - float(np.mean([page.loss for page in answers])))


def score_by(answers: Iterable[Answer], key: Callable[[Answer], str]) -> dict[str, tuple[int, Scores]]:
    """Score the answers for groups of pages.

    Args:
        answers: what to score.
        key: the group of a page: its language, say.

    Returns:
        For each group, how many pages it has and their scores; the largest group first.
    """
    groups: dict[str, list[Answer]] = {}
    for page in answers:
        groups.setdefault(key(page), []).append(page)
    by_size = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return {name: (len(pages), score(pages)) for name, pages in by_size}


def loss_in_least_confident(answers: Sequence[WithLoss], share: float = 0.1) -> float:
    """Tell how much of all loss lies in the pages with the lowest confidence.

    Args:
        answers: for some pages, at least one.
        share: how large a part of the pages to look at, 0..1; rounded up to whole pages.

    Returns:
        The share of the sum of their losses, 0..1; NaN where there is no loss.
    """
    by_confidence = sorted(answers, key=lambda page: page.confidence)
    losses = np.array([page.loss for page in by_confidence])
    worst = int(np.ceil(share * len(losses)))
    return float(losses[:worst].sum() / losses.sum()) if losses.sum() else float("nan")


def calibration_error(answers: Sequence[Answer], bins: int = 10) -> float:
    """Tell how far probabilities are from frequencies (expected calibration error: Guo et al., ICML 2017).

    Args:
        answers: for some pages.
        bins: of equal width, into which the probability of the most probable label of each block falls.

    Returns:
        The distance between the mean probability in a bin and the share that was right, its mean weighted by size.
    """
    truth, probabilities = pooled(answers)
    given = probabilities.max(1)
    right = truth[np.arange(len(truth)), probabilities.argmax(1)]
    place = np.minimum((given * bins).astype(int), bins - 1)
    gap = np.bincount(place, right, bins) - np.bincount(place, given, bins)
    return float(np.abs(gap).sum() / max(1, len(given)))


def summary(answers: Sequence[Answer]) -> dict[str, str]:
    """Put the scores that are one figure into words.

    Args:
        answers: for some pages, at least one.

    Returns:
        What each figure is, and the figure.
    """
    scores, lost = score(answers), loss_in_least_confident(answers)
    text_alone = sum(BOILERPLATE in page.example.labels for page in answers)
    by_label = {}
    if scores.support.any():
        by_label = {
            "macro F1 of the labels, over blocks": f"{scores.macro_f1:.3f}",
            "blocks right": f"{scores.accuracy:.1%}",
            "calibration error": f"{calibration_error(answers):.3f}",
        }
    if text_alone:
        by_label["pages that count for the article's text alone"] = f"{text_alone:,} of {len(answers):,}"
    return by_label | {
        "article F1 over characters, mean over pages": f"{scores.article_f1:.3f}",
        "share of all loss (1 - article F1) in the least confident tenth of the pages": "no loss"
        if np.isnan(lost)
        else f"{lost:.0%}",
    }


def pooled(answers: Sequence[Answer]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Put the blocks of some pages together.

    Returns:
        Which label each block truly has, and how probable each was, both of shape (blocks, 5); without the blocks
        that don't count.
    """
    gold = np.concatenate([page.gold for page in answers])
    probabilities = np.concatenate([page.probabilities for page in answers])
    used = gold >= 0
    return gold[used, None] == np.arange(len(LABELS)), probabilities[used]


def f1_of(confusion: Ints) -> Floats:
    """The F1 of each label, of shape (..., 5), from blocks by true and answered label, of shape (..., 5, 5)."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _divide(2 * hits, confusion.sum(-1) + confusion.sum(-2))


def macro_f1_of(confusion: Ints) -> Floats:
    """The mean F1 of the labels that some block truly has, from blocks by true and answered label."""
    present = confusion.sum(-1) > 0
    return _divide((f1_of(confusion) * present).sum(-1), present.sum(-1))


def _divide(part: Ints | Floats, whole: Ints | Floats) -> Floats:
    """Divide, with 0 where the divisor is 0."""
    share: Floats = np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)
    return share
