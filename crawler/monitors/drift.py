"""Tells whether a figure of a publisher's runs has left its usual range, and says so in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import sqrt
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from crawler.monitors.figures import Figure
    from crawler.monitors.runs import Run

SPREADS = 4.0
"""How many spreads a figure may be off. A run of a hundred publishers an hour asks for such a wide berth."""
NORMAL = 1.4826
"""Makes the median absolute deviation the standard deviation, where deviations are normal."""
RETURN = 0.5
"""An open alert is over when the figure is off by less than this part of what raises one, so it does not flutter."""
WEEK = timedelta(days=7)
SAME_HOURS = timedelta(hours=2)
"""What is done at weekends and at night is compared with other weeks at nearly the same time."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much it takes to call a figure unusual.

    Attributes:
        pages: runs are pooled, the newest first, until they have so many pages; a figure of fewer is chance.
        samples: so many pools of usual runs there must be to compare with.
        most_samples: and no more than so many are, so that what is usual may move with the years.
    """

    pages: int = 30
    samples: int = 5
    most_samples: int = 20


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a figure is, and what is usual.

    Attributes:
        figure: which.
        usual: its median over the samples of the past.
        now: its value in the newest sample.
        since: when the first run of the newest sample began, UTC.
        off: how far it is off in the direction that counts, in parts of what raises an alert: 1 and more does.
        words: what it was, what it is and since when.
    """

    figure: Figure
    usual: float
    now: float
    since: datetime
    off: float
    words: str

    @property
    def drifts(self) -> bool:
        """Whether the figure is unusual."""
        return self.off >= 1

    @property
    def is_back(self) -> bool:
        """Whether it is so near to the usual that an alert is over."""
        return self.off < RETURN


def judge(
    figure: Figure, run: Run, recent: Sequence[Run], usual: Sequence[Run], bounds: Bounds, today: datetime
) -> Judgement | None:
    """Compare a figure of a run with the publisher's own past.

    Both the present and the past are pools of runs in a row, so that crawls which fetch a page or two at a time are
    judged as well as those that fetch a thousand. What is usual is the median of the past pools, and how much it
    varies their median absolute deviation: no single bad run moves either. A figure of single runs, which follows the
    rhythm of days and weeks, is held against the runs at the same time of earlier weeks.

    Args:
        figure: which.
        run: the run that has just ended.
        recent: the runs before it, whatever came of them, the newest first.
        usual: the runs before it at which no alert was open, the newest first.
        bounds: how much it takes.
        today: when this is read, UTC, for the words.

    Returns:
        None if there is too little to judge by.
    """
    if not figure.weight(run):
        return None
    newest = next(pools([run, *recent], figure, bounds.pages), None)
    if newest is None:
        return None
    since = newest[-1].started_at
    past = list(pools([old for old in usual if old.started_at < since], figure, bounds.pages))[: bounds.most_samples]
    if len(past) < bounds.samples:
        return None
    standard = figure.standard(past)
    values = [figure.value(pool, standard) for pool in past]
    now = figure.value(newest, standard)
    same: list[float] = []
    if figure.by_run:
        same = [figure.value([old], standard) for old in usual if figure.weight(old) and _same_time(old, run)]
        if not same and run.started_at - usual[-1].started_at < WEEK:
            return None
        if len(same) >= bounds.samples:
            values, same = same, []
    centre = median(values)
    if not figure.is_judged(centre):
        return None
    by_chance = _by_chance(centre, sum(figure.weight(one) for one in newest)) if figure.is_share else 0.0
    off = _off(figure, now, values, by_chance)
    if same:  # too few to tell what is usual, and enough to doubt it
        off = min(off, _off(figure, now, same))
    last_usual = past[0][0].started_at
    words = f"{figure.change(newest, standard, centre, now)} since {day(last_usual, today)}: {figure.cause}"
    return Judgement(figure, centre, now, since, off, words)


def _off(figure: Figure, now: float, values: Sequence[float], spread: float = 0.0) -> float:
    """How far a value is off, in parts of what raises an alert; the values vary by ``spread`` at the least."""
    centre = median(values)
    spread = max(spread, NORMAL * median(abs(figure.distance(value, centre)) for value in values))
    distance = figure.distance(now, centre)
    return (distance * figure.direction if figure.direction else abs(distance)) / max(figure.least, SPREADS * spread)


def _same_time(old: Run, run: Run) -> bool:
    """Whether a run was at the time of the week of another, of a later week."""
    ago = run.started_at - old.started_at + SAME_HOURS
    return ago >= WEEK and ago % WEEK <= 2 * SAME_HOURS


def _by_chance(share: float, pages: int) -> float:
    """The standard deviation of a share of so many pages (binomial; smoothed, for shares of 0 and 1 vary as well)."""
    smooth = (share * pages + 1) / (pages + 2)
    return sqrt(smooth * (1 - smooth) / pages)


def pools(runs: Sequence[Run], figure: Figure, pages: int) -> Iterator[list[Run]]:
    """Put runs together, in their order, until each pool has enough; what is left at the end is dropped."""
    pool: list[Run] = []
    for run in runs:
        if not figure.weight(run):
            continue
        pool.append(run)
        if figure.by_run or sum(figure.weight(one) for one in pool) >= pages:
            yield pool
            pool = []


def day(moment: datetime, today: datetime) -> str:
    """Name a day as one does: the time for today's, the day of the week for this week's, else the date."""
    days = (today.date() - moment.date()).days
    if days == 0:
        return f"{moment:%H:%M} UTC today"
    if days < 7:
        return f"{moment:%A}"
    return f"{moment.day} {moment:%B}" if moment.year == today.year else f"{moment.day} {moment:%B %Y}"
