"""The scores are those that the benchmarks they come from define."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scores import Judgement, TextScore, judge_blocks, macro_f1, score_labels, score_text, summarise
from classifier.labels import LABELS

WORDS = st.lists(st.sampled_from("ships left the harbour on tuesday after fog".split()), max_size=12).map(" ".join)


def test_shingles_are_runs_of_four_words_counted_as_often_as_they_stand() -> None:
    # Gold has the shingles abcd, bcde; the answer has abcd, bcdx, cdxa, dxab, xabc, abcd.
    score = score_text("a b c d e", "a b c d x a b c d")
    assert score.precision == pytest.approx(1 / 6)
    assert score.recall == pytest.approx(1 / 2)
    assert score.word_f1 == pytest.approx(2 * 4 / (5 + 9))


def test_a_text_shorter_than_a_shingle_is_one() -> None:
    assert score_text("a b c", "a b c") == TextScore(1.0, 1.0, 1.0)


def test_words_are_compared_without_case_and_shingles_with_it() -> None:
    assert score_text("Ships left the harbour", "ships LEFT the harbour") == TextScore(0.0, 0.0, 1.0)


def test_an_empty_answer_has_no_precision_and_an_empty_page_is_right_if_left_empty() -> None:
    assert score_text("a b c d", "") == TextScore(None, 0.0, 0.0)
    assert score_text("", "") == TextScore(None, None, 1.0)


def test_the_f1_of_a_set_is_that_of_the_mean_precision_and_the_mean_recall() -> None:
    summary = summarise([TextScore(1.0, 0.5, 0.8), TextScore(None, 0.0, 0.0), TextScore(0.5, 1.0, 0.6)])
    assert summary.shingle_precision == 0.75
    assert summary.shingle_recall == 0.5
    assert summary.shingle_f1 == pytest.approx(0.6)
    assert summary.word_f1 == pytest.approx(1.4 / 3)


@settings(deadline=None)
@given(WORDS, WORDS)
def test_precision_and_recall_change_places_with_the_texts(first: str, second: str) -> None:
    there, back = score_text(first, second), score_text(second, first)
    assert (there.precision, there.recall, there.word_f1) == (back.recall, back.precision, back.word_f1)


LABELLED = b"""<body><nav data-block-label="other">Home <b>Sport</b></nav>
<p data-block-label="article">Ships left the harbour.</p>
<div data-block-label="ad">Sign up <span>for alerts</span><p>Only today</p></div>
<script>var x = "not shown";</script><p>Unlabelled</p></body>"""


def test_blocks_are_judged_by_most_of_their_words_however_the_answer_is_cut() -> None:
    answer = [("Home Sport Ships left the", "article"), ("harbour. Sign up for alerts", "other"), ("Only today", "ad")]
    assert list(judge_blocks(LABELLED, answer)) == [
        Judgement("other", "article", 2),
        Judgement("article", "article", 4),
        Judgement("ad", "other", 4),
        Judgement("ad", "ad", 2),
    ]


def test_the_label_of_the_root_counts() -> None:
    page = b"<html data-block-label=ad><body><p>Buy now</p><p data-block-label=article>Fog</p></body></html>"
    assert [judgement.gold for judgement in judge_blocks(page, [])] == ["ad", "article"]


def test_what_the_answer_lacks_counts_as_other() -> None:
    assert [judgement.answer for judgement in judge_blocks(LABELLED, [])] == ["other"] * 4


def test_macro_f1_is_the_mean_over_the_labels_that_blocks_have() -> None:
    judgements = [Judgement("article", "article", 9), Judgement("ad", "article", 1), Judgement("other", "other", 5)]
    scores = score_labels(judgements)
    assert scores["article"].f1 == pytest.approx(2 / 3)
    assert [scores[label].f1 for label in LABELS[1:]] == [0.0, 0.0, 0.0, 1.0]
    assert macro_f1(scores) == pytest.approx((2 / 3 + 0 + 1) / 3)
    assert score_labels(judgements, by_words=True)["article"].precision == pytest.approx(0.9)
    assert macro_f1(score_labels([])) == 0.0
