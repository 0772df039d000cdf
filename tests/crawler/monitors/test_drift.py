"""What is unusual about a run is told in words, and what is chance is not told."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from statistics import fmean, median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.monitors.drift import Bounds, day, judge
from crawler.monitors.figures import FIGURES
from tests.crawler.monitors.conftest import MONDAY, USUAL

BY_NAME = {figure.name: figure for figure in FIGURES}
LABELS = list(USUAL.blocks)


USUAL_BOUNDS = Bounds()


def verdicts(run, past, bounds=USUAL_BOUNDS):
    """The judgement of every figure by its name."""
    found = {figure.name: judge(figure, run, past, past, bounds, run.started_at) for figure in FIGURES}
    return {name: judgement for name, judgement in found.items() if judgement}


def drifting(run, past, **how):
    return {name: found.words for name, found in verdicts(run, past, **how).items() if found.drifts}


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (
            {"median_words": 90},
            {"words": "article text per page fell from 649 to 90 words since Saturday: the layout"},
        ),
        ({"median_words": 2000}, {"words": "rose from 649 to 2,000 words"}),
        ({"articles": 12, "stored": 12, "not_articles": 33}, {"share": "articles fell from 89% to 27% of the pages"}),
        ({"mean_confidence": 0.5}, {"confidence": "the classifier's confidence fell from 0.90 to 0.50"}),
        (
            {"blocks": {"article": 100, "ad": 60, "disclaimer": 40, "teaser": 700, "other": 300}},
            {"labels": "article fell from 50% to 8% of the blocks and teaser rose from 17% to 58% of the blocks"},
        ),
        ({"found": 0}, {"found": "article addresses found fell from 118 to 0 a crawl"}),
        ({"failed": 60}, {"errors": "could not be fetched, read or stored rose from 2% to 57%"}),
    ],
)
def test_each_figure_tells_what_changed(make_run, past, figures, said):
    told = drifting(make_run(6, **figures), past)
    assert set(told) == set(said)
    for name, words in said.items():
        assert words in told[name]


@pytest.mark.parametrize(
    "figures",
    [
        {},
        {"median_words": 400},
        {"articles": 34, "stored": 34, "not_articles": 11},
        {"mean_confidence": 0.8},
        {"found": 300},
        {"found": 70},
        {"failed": 0},
        {"articles": 45, "stored": 45, "not_articles": 0},
        # Cut short by a person: it found less, and that says nothing of its sources.
        {"found": 3, "reason": "shutdown"},
    ],
)
def test_what_is_within_the_usual_is_not_told(make_run, past, figures):
    assert drifting(make_run(6, **figures), past) == {}


def test_without_enough_of_a_past_nothing_is_judged(make_run, past):
    bad = make_run(6, median_words=90, found=0)
    assert verdicts(bad, past[:4]) == {}
    assert verdicts(bad, []) == {}
    assert "words" in verdicts(bad, past[:5])


def test_a_publisher_whose_figures_swing_widely_is_given_more_room(make_run):
    swinging = [make_run(day, median_words=words) for day, words in enumerate([900, 300, 1200, 250, 700, 320])][::-1]
    assert drifting(make_run(6, median_words=200), swinging) == {}
    assert "words" in drifting(make_run(6, median_words=2), swinging)


def test_one_bad_run_in_the_past_changes_nothing(make_run, past):
    past[2] = replace(past[2], median_words=3, mean_confidence=0.1, found=0, articles=30, not_articles=15)
    assert drifting(make_run(6), past) == {}
    assert "words" in drifting(make_run(6, median_words=90), past)


def test_few_new_pages_a_crawl_are_judged_together(make_run):
    def little(number, words):
        return make_run(number, articles=4, stored=4, not_articles=0, failed=0, median_words=words,
                        blocks={label: count // 10 for label, count in USUAL.blocks.items()})  # fmt: skip

    past = [little(number, 600 + number % 5) for number in range(60)][::-1]
    # One crawl with four short articles is chance; several in a row are not.
    assert drifting(little(60, 50), past) == {}
    for number in range(60, 66):
        past.insert(0, little(number, 50))
    told = drifting(little(66, 50), past)
    assert list(told) == ["words"]
    # Of the day of the last run that is all usual, and not of yesterday.
    assert "since 30 December 2026" in told["words"]


def test_where_nothing_was_fetched_there_is_nothing_to_judge_but_the_addresses(make_run, past):
    nothing = {"articles": 0, "stored": 0, "not_articles": 0, "failed": 0, "median_words": 0, "mean_confidence": 0}
    quiet = make_run(6, **nothing, unchanged=120, blocks=dict.fromkeys(LABELS, 0))
    assert set(verdicts(quiet, past)) == {"found", "errors"}
    assert drifting(quiet, past) == {}


def test_a_site_that_is_gone_is_told_by_its_addresses_alone(make_run, past):
    gone = make_run(6, articles=0, stored=0, not_articles=0, failed=0, found=0, blocks=dict.fromkeys(LABELS, 0))
    assert list(drifting(gone, past)) == ["found"]


def rhythm(hours, found, weeks=4):
    """Runs of some weeks, the newest first, that find what is found at that hour."""
    moments = [MONDAY + timedelta(hours=hour) for hour in range(0, weeks * 7 * 24, hours)]
    return [replace(USUAL, started_at=moment, found=found(moment)) for moment in moments][::-1]


@pytest.mark.parametrize(
    ("hours", "found"),
    [
        (24, lambda moment: 20 if moment.weekday() > 4 else 100),
        (1, lambda moment: (20 if moment.weekday() > 4 else 100) // (1 if 5 < moment.hour < 22 else 4) + 10),
    ],
)
def test_weekends_and_nights_are_usual_and_what_is_less_is_told(hours, found):
    runs = rhythm(hours, found)
    for place, run in enumerate(runs):
        past = runs[place + 1 : place + 501]
        # Not within an hour or two of a change, where it may take a crawl more.
        if run.started_at.hour % 6 == 0 and past:
            told = verdicts(run, past)
            assert ("found" in told) == (run.started_at - MONDAY >= timedelta(days=7))
            assert "found" not in drifting(run, past)
            if run.started_at - MONDAY >= timedelta(days=14):
                assert "found" in drifting(replace(run, found=0), past)


def test_small_lists_of_addresses_are_not_watched(make_run):
    past = [make_run(day, found=6) for day in range(6)][::-1]
    assert "found" not in verdicts(make_run(6, found=0), past)


def test_an_alert_is_over_only_well_within_the_usual(make_run, past):
    near = verdicts(make_run(6, median_words=380), past)["words"]
    assert not near.drifts
    assert not near.is_back
    assert verdicts(make_run(6, median_words=600), past)["words"].is_back


def test_months_of_chance_raise_no_alert():
    chance = random.Random(20261124)

    def run(number, pages):
        words, sure, blocks = [], [], Counter(dict.fromkeys(LABELS, 0))
        for _ in range(pages):
            if chance.random() < 0.9:
                words.append(chance.lognormvariate(6, 0.6))
                sure.append(min(1, chance.gauss(0.85, 0.12)))
                blocks.update(chance.choices(LABELS, (4, 1, 1, 2, 3), k=chance.randint(15, 60)))
        failed = sum(chance.random() < 0.03 for _ in range(pages))
        return replace(USUAL, started_at=MONDAY + timedelta(hours=number), found=round(chance.gauss(120, 18)),
                       stored=len(words), articles=len(words), not_articles=pages - len(words), failed=failed,
                       median_words=median(words or [0]), mean_confidence=fmean(sure or [0]),
                       blocks=blocks)  # fmt: skip

    for most in (10, 60):
        past, judged = [], 0
        for number in range(150):
            new = run(number, chance.randint(0, most))
            judged += len(verdicts(new, past))
            assert drifting(new, past) == {}
            past.insert(0, new)
            del past[200:]
        assert judged > 200


counts = st.integers(0, 10**9)
runs = st.builds(
    replace,
    st.just(USUAL),
    reason=st.sampled_from(["finished", "shutdown"]),
    **dict.fromkeys(("found", "stored", "changed", "unchanged", "not_articles", "dropped", "failed"), counts),
    articles=counts,
    median_words=st.floats(0, 1e9),
    mean_confidence=st.floats(0, 1),
    blocks=st.fixed_dictionaries(dict.fromkeys(LABELS, counts)),
)


@given(run=runs, past=st.lists(runs, max_size=12), pages=st.integers(1, 50))
def test_any_figures_can_be_judged(run, past, pages):
    run = replace(run, started_at=MONDAY + timedelta(days=99))
    for found in verdicts(run, past, bounds=Bounds(pages=pages, samples=2)).values():
        assert found.drifts == (found.off >= 1)
        assert found.words
        assert not (found.drifts and found.is_back)


@given(run=runs, past=st.lists(runs, min_size=5, max_size=9))
def test_what_always_was_is_never_told(run, past):
    same = [replace(run, started_at=MONDAY + timedelta(days=number)) for number, _ in enumerate(past)][::-1]
    assert drifting(replace(run, started_at=MONDAY + timedelta(days=99)), same, bounds=Bounds(pages=1)) == {}


@pytest.mark.parametrize(
    ("ago", "named"),
    [(0, "06:00 UTC today"), (1, "Sunday"), (6, "Tuesday"), (7, "26 October"), (400, "28 September 2025")],
)
def test_days_are_named_as_one_does(ago, named):
    assert day(MONDAY - timedelta(days=ago), MONDAY) == named
