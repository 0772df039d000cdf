"""The figures that are watched: how each is read from runs, how far off is far, and what it is in words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import accumulate
from math import log1p
from statistics import median
from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crawler.monitors.runs import Run

    Pool = Sequence[Run]
    Mix = Mapping[str, float]

_FEW_ADDRESSES = 10


class Figure(ABC):
    """A figure of one run, or of several that are pooled.

    Attributes:
        name: as alerts name it.
        least: the least distance from the usual that counts, however steady the past.
        direction: -1 if only a fall counts, 1 if only a rise does, 0 for both.
        cause: what is probably behind it.
        by_run: whether every run tells it, however few its pages.
        is_share: whether it is a share of pages, which varies by chance.
        pages: which pages are worth labelling when it has changed: the articles, the dropped ones, or none.
    """

    name: ClassVar[str]
    least: ClassVar[float]
    direction: ClassVar[int]
    cause: ClassVar[str] = "the layout has probably changed"
    by_run: ClassVar[bool] = False
    is_share: ClassVar[bool] = False
    pages: ClassVar[Literal["articles", "dropped", "none"]] = "none"

    @abstractmethod
    def weight(self, run: Run) -> int:
        """How many pages of a run the figure is of; a run with none is passed over."""

    @abstractmethod
    def value(self, pool: Pool, standard: Mix) -> float:
        """The figure of a pool; ``standard`` is what `standard` made of the past."""

    @abstractmethod
    def change(self, pool: Pool, standard: Mix, usual: float, now: float) -> str:
        """What the figure was and what it is, in words."""

    def standard(self, past: Sequence[Pool]) -> Mix:
        """What pools are held against, where the figure is no number by itself."""
        return {}

    def distance(self, value: float, usual: float) -> float:
        """How far a value is from the usual, in the measure of ``least``."""
        return value - usual

    def is_judged(self, usual: float) -> bool:
        """Whether the usual value is one to compare with."""
        return True


class Found(Figure):
    """Article addresses that a run found."""

    name = "found"
    least = log1p(1)  # to the half
    direction = -1
    cause = "its sources list less, or have moved"
    by_run = True

    def weight(self, run: Run) -> int:
        """One for a run that saw all sources."""
        return int(run.reason == "finished")

    def value(self, pool: Pool, standard: Mix) -> float:
        """The addresses of the run."""
        return float(pool[0].found)

    def distance(self, value: float, usual: float) -> float:
        """In factors, as logarithm."""
        return log1p(value) - log1p(usual)

    def is_judged(self, usual: float) -> bool:
        """Not of the few addresses that come and go."""
        return usual >= _FEW_ADDRESSES

    def change(self, pool: Pool, standard: Mix, usual: float, now: float) -> str:
        """In addresses."""
        return f"article addresses found {_verb(usual, now)} from {usual:,.0f} to {now:,.0f} a crawl"


class Share(Figure):
    """Articles among the pages that were read."""

    name = "share"
    least = 0.25
    direction = -1
    is_share = True
    pages = "dropped"
    cause = "the layout has probably changed, or links lead to other pages"

    def weight(self, run: Run) -> int:
        """Pages that were read."""
        return run.read

    def value(self, pool: Pool, standard: Mix) -> float:
        """Over all pages of the pool."""
        return sum(run.articles for run in pool) / sum(run.read for run in pool)

    def change(self, pool: Pool, standard: Mix, usual: float, now: float) -> str:
        """In percent."""
        return f"articles {_verb(usual, now)} from {usual:.0%} to {now:.0%} of the pages read"


class Errors(Figure):
    """Pages that failed among those that were asked for."""

    name = "errors"
    least = 0.25
    direction = 1
    is_share = True
    cause = "the site may be down, or refuse the crawl"

    def weight(self, run: Run) -> int:
        """Pages that were asked for."""
        return run.asked

    def value(self, pool: Pool, standard: Mix) -> float:
        """Over all pages of the pool."""
        return sum(run.failed for run in pool) / sum(run.asked for run in pool)

    def change(self, pool: Pool, standard: Mix, usual: float, now: float) -> str:
        """In percent."""
        return f"pages that could not be fetched, read or stored {_verb(usual, now)} from {usual:.0%} to {now:.0%}"


class OfArticles(Figure):
    """A figure of the pages that are articles."""

    pages = "articles"

    def weight(self, run: Run) -> int:
        """Articles that were read."""
        return run.articles


class Confidence(OfArticles):
    """How sure the classifier is of the articles' pages."""

    name = "confidence"
    least = 0.15
    direction = -1

    def value(self, pool: Pool, standard: Mix) -> float:
        """The mean over all articles of the pool."""
        return sum(run.mean_confidence * run.articles for run in pool) / sum(run.articles for run in pool)

    def change(self, pool: Pool, standard: Mix, usual: float, now: float) -> str:
        """As a number from 0 to 1."""
        return f"the classifier's confidence {_verb(usual, now)} from {usual:.2f} to {now:.2f}"


class Words(OfArticles):
    """How long the articles' texts are."""

    name = "words"
    least = log1p(1)  # to the half, or to the double
    direction = 0

    def value(self, pool: Pool, standard: Mix) -> float:
        """The median of the runs' medians, each counted as often as its run has articles."""
        runs = sorted(pool, key=lambda run: run.median_words)
        reached = accumulate(run.articles for run in runs)
        half = sum(run.articles for run in runs) / 2
        return next(run.median_words for run, articles in zip(runs, reached, strict=True) if articles >= half)

    def distance(self, value: float, usual: float) -> float:
        """In factors, as logarithm."""
        return log1p(value) - log1p(usual)

    def change(self, pool: Pool, standard: Mix, usual: float, now: float) -> str:
        """In words, rounded."""
        return f"article text per page {_verb(usual, now)} from {usual:,.0f} to {now:,.0f} words"


class Labels(OfArticles):
    """How the articles' blocks are spread over the labels.

    The value of a pool is the share of its blocks that would have to take another label to make the mix of the past:
    the total variation distance.
    """

    name = "labels"
    least = 0.25
    direction = 1

    def standard(self, past: Sequence[Pool]) -> Mix:
        """The median share of each label."""
        mixes = [_mix(pool) for pool in past]
        medians = {label: median(mix.get(label, 0.0) for mix in mixes) for label in mixes[0]}
        total = sum(medians.values()) or 1.0
        return {label: share / total for label, share in medians.items()}

    def value(self, pool: Pool, standard: Mix) -> float:
        """Half the sum of the differences between the shares."""
        mix = _mix(pool)
        return sum(abs(mix.get(label, 0.0) - share) for label, share in standard.items()) / 2

    def change(self, pool: Pool, standard: Mix, usual: float, now: float) -> str:
        """Of the two labels that changed most."""
        mix = _mix(pool)
        labels = sorted(standard, key=lambda label: -abs(mix.get(label, 0.0) - standard[label]))[:2]
        changes = [
            f"{label} {_verb(standard[label], mix.get(label, 0.0))} from {standard[label]:.0%} "
            f"to {mix.get(label, 0.0):.0%} of the blocks"
            for label in standard
            if label in labels
        ]
        return " and ".join(changes)


FIGURES: tuple[Figure, ...] = (Words(), Share(), Labels(), Confidence(), Found(), Errors())
"""All of them, the most telling first."""


def _verb(usual: float, now: float) -> str:
    return "fell" if now < usual else "rose"


def _mix(pool: Pool) -> dict[str, float]:
    labels = {label: sum(run.blocks.get(label, 0) for run in pool) for label in pool[0].blocks}
    total = sum(labels.values()) or 1
    return {label: count / total for label, count in labels.items()}
