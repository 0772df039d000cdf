"""Runs of an invented publisher."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawler.monitors.runs import Run

MONDAY = datetime(2026, 11, 2, 6, tzinfo=UTC)
USUAL = Run(
    started_at=MONDAY,
    reason="finished",
    found=120,
    stored=40,
    changed=0,
    unchanged=0,
    not_articles=5,
    dropped=0,
    failed=1,
    articles=40,
    median_words=640,
    mean_confidence=0.9,
    blocks={"article": 600, "ad": 60, "disclaimer": 40, "teaser": 200, "other": 300},
)


@pytest.fixture
def make_run():
    """A function that makes a run of a day, which differs from a usual one in what it is told."""

    def make(day: int = 0, **figures) -> Run:
        return replace(USUAL, started_at=MONDAY + timedelta(days=day), **figures)

    return make


@pytest.fixture
def past(make_run):
    """Eight usual runs on eight days in a row, the newest first; a little different, as runs are."""
    return [make_run(day, median_words=640 + 9 * (day % 3), found=120 - day) for day in reversed(range(-2, 6))]
