"""Whether one classifier is better than another on the same pages, or only luckier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from scipy.stats import bootstrap

from classifier.evaluation import f1_of, macro_f1_of
from classifier.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from classifier.evaluation import Answer

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

RESAMPLES: Final = 2000
"""Resamples of a bootstrap."""
LEVEL: Final = 0.95
"""Level of its intervals."""
_BATCH: Final = 100
"""Resamples that are in memory at once."""
MIN_SITES: Final = 10
"""With fewer sites than this, a bootstrap resamples pages: a handful of sites has too few resamples."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better one classifier is than another on the same pages.

    Attributes:
        name: the score that differs.
        first: the score of the first classifier.
        second: that of the other.
        low: lower end of the interval of ``first - second``.
        high: its upper end.
    """

    name: str
    first: float
    second: float
    low: float
    high: float

    @property
    def is_real(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two classifiers on the same pages.

    Attributes:
        unit: what the bootstrap resampled.
        units: how many of these there are.
        differences: that of the score which decides comes first: the macro F1, or the article's F1 over characters
            where no block counts for the labels. Labels that no block has are left out.
    """

    unit: Literal["sites", "pages"]
    units: int
    differences: list[Difference]

    def in_words(self, first: str, second: str) -> str:
        """Say whether the two differ in the first score, and how sure that is.

        Args:
            first: the name of the first classifier.
            second: that of the other.
        """
        total = self.differences[0]
        how = (
            f"{total.name} {total.first:.3f} against {total.second:.3f}, a difference of"
            f" {total.first - total.second:+.3f} with a {LEVEL:.0%} interval from {total.low:+.3f} to {total.high:+.3f}"
            f" (paired bootstrap over {self.units:,} {self.unit})"
        )
        if not total.is_real:
            return f"{first} and {second} can't be told apart on these pages: {how}. The interval holds zero."
        verdict = "better" if total.low > 0 else "worse"
        return f"{first} is {verdict} than {second}: {how}. The interval leaves out zero, so the difference is real."


def compare(first: Sequence[Answer], second: Sequence[Answer], seed: int = 0) -> Comparison:
    """Compare two classifiers by a paired bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993).

    Whole sites are resampled, since pages of one site share their markup and so their mistakes; single pages where
    there are fewer sites than `MIN_SITES`.

    Args:
        first: the answers of one classifier.
        second: those of the other, for the same pages in the same order.
        seed: of the resamples.

    Raises:
        ValueError: there is only one page, which can't be resampled.
    """
    if len(first) < 2:
        raise ValueError("two models can't be compared on a single page; give two or more")
    sites = {example.site for example in (page.example for page in first)}
    by_site = len(sites) >= MIN_SITES
    keys = [page.example.site if by_site else str(page.example.path) for page in first]
    names, unit = np.unique(keys, return_inverse=True)
    shape = (len(names), len(LABELS), len(LABELS))
    counts = np.zeros((2, *shape), np.int64)
    losses = np.zeros((2, len(names)))
    for model, answers in enumerate((first, second)):
        np.add.at(counts[model], unit, np.array([page.confusion for page in answers]))
        np.add.at(losses[model], unit, np.array([page.loss for page in answers]))
    pages = np.bincount(unit)
    present = counts[0].sum((0, 2)) > 0
    scores: dict[str, Callable[[Ints], Floats]] = {"macro F1": macro_f1_of} if present.any() else {}
    scores |= {f"{label} F1": _f1_of_label(code) for code, label in enumerate(LABELS) if present[code]}

    def all_scores(model: int, chosen: Ints, axis: int = -1) -> Floats:
        confusion = counts[model][chosen].sum(axis - 2)
        article = 1 - losses[model][chosen].sum(axis) / pages[chosen].sum(axis)
        return np.stack([f(confusion) for f in scores.values()] + [article])

    def differ(chosen: Ints, axis: int) -> Floats:
        return all_scores(0, chosen, axis) - all_scores(1, chosen, axis)

    draws = bootstrap(
        (np.arange(len(names)),),
        differ,
        n_resamples=RESAMPLES,
        batch=_BATCH,
        confidence_level=LEVEL,
        method="percentile",
        vectorized=True,
        axis=-1,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    every = np.arange(len(names))
    figures = zip(all_scores(0, every), all_scores(1, every), draws.low, draws.high, strict=True)
    differences = [
        Difference(name, *map(float, row))
        for name, row in zip((*scores, "article F1 over characters"), figures, strict=True)
    ]
    return Comparison("sites" if by_site else "pages", len(names), differences)


def _f1_of_label(code: int) -> Callable[[Ints], Floats]:
    def f1(confusion: Ints) -> Floats:
        value: Floats = f1_of(confusion)[..., code]
        return value

    return f1
