"""Tokens by their hashes are those of a loop over characters, however the text is cut up to hash it."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.hashing import Splitter, Tokens

PLAIN = Splitter("'", digits=True)
NAMES = Splitter("<", digits=False, camel=True)
LINES = st.lists(st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=60), min_size=1, max_size=12)


def tokens_by_line(found: Tokens) -> list[list[int]]:
    lines: list[list[int]] = [[] for _ in range(len(found))]
    for number, line in zip(found.hashes.tolist(), found.lines.tolist(), strict=True):
        lines[line].append(number)
    return lines


def plain_words(line: str) -> list[str]:
    return re.findall(r"(?:[A-Za-z0-9']|[^\x00-\x7f])+", line)


@given(LINES)
def test_words_have_the_same_hash_when_they_are_the_same_and_another_when_not(lines: list[str]) -> None:
    words = [plain_words(line) for line in lines]
    found = tokens_by_line(Tokens.of(lines, PLAIN))
    assert [len(line) for line in found] == [len(line) for line in words]
    named = {
        (word, number)
        for line, numbers in zip(words, found, strict=True)
        for word, number in zip(line, numbers, strict=True)
    }
    assert len(named) == len({word for word, _ in named}) == len({number for _, number in named})


@settings(max_examples=20, deadline=None)
@given(LINES, st.integers(1, 4000))
def test_a_text_longer_than_is_hashed_at_once_gives_the_same(lines: list[str], times: int) -> None:
    once, many = Tokens.of(lines, PLAIN), Tokens.of(lines * times, PLAIN)
    assert len(many) == times * len(once)
    np.testing.assert_array_equal(many.hashes, np.tile(once.hashes, times))
    np.testing.assert_array_equal(many.lines[-len(once.lines) :], once.lines + (times - 1) * len(once))


def test_an_upper_case_letter_in_the_middle_begins_a_word_where_names_are_split() -> None:
    found = tokens_by_line(Tokens.of(["articleBody h2-title <div", "Article body title <DIV h"], NAMES))
    article, body, _, title, tag = found[0]
    assert found[1][:4] == [article, body, title, tag]


@pytest.mark.parametrize(("known", "expected"), [(["b"], [False, True, False]), ([""], [False, False, False])])
def test_tokens_are_found_among_others(known: list[str], expected: list[bool]) -> None:
    assert Tokens.of(["a b", "c"], PLAIN).among(Tokens.of(known, PLAIN)).tolist() == expected


def test_positions_count_from_the_beginning_of_each_line() -> None:
    assert Tokens.of(["a b c", "", "d e"], PLAIN).positions().tolist() == [0, 1, 2, 0, 1]
