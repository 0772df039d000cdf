"""Blocks that a reader would call alike share tokens, and others don't."""

from __future__ import annotations

import numpy as np

from classifier.blocks import Cut, cut
from classifier.features import featurize
from classifier.hints import Hints
from classifier.parsing import parse_html
from classifier.tokens import lower_ends, words_of


def tokens_of(*texts: str, unspaced: bool = False) -> list[set[int]]:
    found = words_of(lower_ends(list(texts)), np.full(len(texts), unspaced))
    lines: list[set[int]] = [set() for _ in texts]
    for token, line in zip(found.hashes.tolist(), found.lines.tolist(), strict=True):
        lines[line].add(token)
    return lines


def page_of(body: str) -> Cut:
    root = parse_html(f"<body>{body}")
    assert root is not None
    return cut(root)


def test_case_and_signs_between_words_make_no_difference() -> None:
    plain, dressed, other = tokens_of("sign up for our letter", "Sign up - for „our“ letter!", "sign up for the letter")
    assert plain == dressed
    assert plain & other
    assert plain != other


def test_the_order_of_words_is_seen_in_pairs_and_a_short_text_as_a_whole() -> None:
    read_more, more_read, longer = tokens_of("read more", "more read", "read more about it")
    assert len(read_more) == len(more_read) == 4
    assert len(read_more & more_read) == 2
    assert len(read_more & longer) == 3


def test_what_stands_in_the_middle_of_a_long_text_is_not_looked_at() -> None:
    first, second = tokens_of(*(f"{'start ' * 40}{middle * 10}{' end' * 40}" for middle in ("one ", "two ")))
    assert first == second


def test_scripts_without_spaces_are_seen_in_pairs_of_characters() -> None:
    first, second = tokens_of("朝日新聞を購読する", "読売新聞を購読する", unspaced=True)
    assert len(first & second) >= 6


def test_words_of_a_button_count_for_the_blocks_of_the_innermost_box_that_has_one() -> None:
    page = page_of(
        "<div><form><h3>Our letter</h3><p>Every day</p><button>Subscribe</button></form></div>"
        "<div><p>Our story</p></div><div><p>Our shop</p><input type=submit value='Buy now'></div>"
    )
    links = featurize(page, Hints()).links
    seen = [set(links.hashes[links.lines == block].tolist()) for block in range(len(page))]
    assert page.texts == ["Our letter", "Every day", "Our story", "Our shop"]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1
    assert len(seen[3]) == 2
    assert not seen[3] & seen[0]
