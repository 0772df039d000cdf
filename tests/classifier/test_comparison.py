from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifier.comparison import compare
from classifier.evaluation import score
from classifier.labels import BOILERPLATE, LABELS
from tests.classifier.answers import make_answer

if TYPE_CHECKING:
    from classifier.evaluation import Answer


def some_pages(rate: float, sites: int = 30) -> list[Answer]:
    """Answers of which about ``rate`` are wrong, for the same pages whatever the rate."""
    random = np.random.default_rng(1)
    pages = []
    for number in range(sites):
        gold = random.choice(LABELS, 20)
        wrong = random.random(20) < rate
        answered = np.where(wrong, random.choice(LABELS, 20), gold)
        pages.append(make_answer(list(gold), list(answered), site=f"{number}.example", name=f"{number}.html"))
    return pages


def test_a_real_difference_is_told_from_chance() -> None:
    comparison = compare(some_pages(0.1), some_pages(0.5))
    total = comparison.differences[0]
    assert total.is_real
    assert 0 < total.low < total.first - total.second < total.high
    assert (comparison.unit, comparison.units) == ("sites", 30)
    assert "good is better than bad" in comparison.in_words("good", "bad")
    assert "the difference is real" in comparison.in_words("good", "bad")
    assert "bad is worse than good" in compare(some_pages(0.5), some_pages(0.1)).in_words("bad", "good")


def test_no_difference_is_not_called_real() -> None:
    comparison = compare(some_pages(0.3), some_pages(0.3))
    assert [difference.is_real for difference in comparison.differences] == [False] * 7
    assert "can't be told apart" in comparison.in_words("one", "two")


def test_a_difference_on_a_few_blocks_of_one_site_is_not_called_real() -> None:
    first = some_pages(0.3)
    second = [*first[:-1], make_answer(first[-1].example.labels, first[-1].example.labels, name="29.html")]
    assert compare(second, first).differences[0].first > compare(second, first).differences[0].second
    assert not compare(second, first).differences[0].is_real


def gold_texts(rate: float) -> list[Answer]:
    """The same as answers for pages that tell the article from the rest alone."""
    return [
        make_answer(
            ["article" if label == "article" else BOILERPLATE for label in page.example.labels],
            [LABELS[code] for code in page.codes],
            site=page.example.site,
            name=str(page.example.path),
        )
        for page in some_pages(rate)
    ]


def test_pages_with_gold_text_alone_are_compared_by_the_text() -> None:
    good, bad = gold_texts(0.1), gold_texts(0.5)
    (only,) = compare(good, bad).differences
    assert only.name == "article F1 over characters"
    assert only.first == pytest.approx(score(good).article_f1)
    assert only.second == pytest.approx(score(bad).article_f1)
    verdict = compare(good, bad).in_words("good", "bad")
    assert "good is better than bad: article F1 over characters" in verdict


def test_labels_that_no_block_has_are_left_out() -> None:
    pages = [make_answer(["ad", "article"], ["ad", "teaser"], site=f"{number}.example") for number in range(12)]
    names = [difference.name for difference in compare(pages, pages).differences]
    assert names == ["macro F1", "article F1", "ad F1", "article F1 over characters"]


def test_few_sites_are_resampled_page_by_page() -> None:
    pages = [make_answer(["ad", "article"], ["ad", "article"], name=f"{number}") for number in range(12)]
    comparison = compare(pages, pages)
    assert (comparison.unit, comparison.units) == ("pages", 12)
    with pytest.raises(ValueError, match="two or more"):
        compare(pages[:1], pages[:1])
