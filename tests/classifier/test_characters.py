"""Characters of every script are counted by their kind, as a loop over them counts them."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.characters import Kind, count_kinds

CHARACTERS = {
    Kind.LOWER: "azéßяאبअ한\u0301",
    Kind.UPPER: "AZÉЯΔ",
    Kind.DIGIT: "09٣५",
    Kind.SPACE: " \u00a0\u3000\t\n\u2028",
    Kind.COMMA: ",;，、،",
    Kind.STOP: ".!?。！？।؟۔",
    Kind.QUOTE: "\"'“”‘’«»„",
    Kind.MONEY: "$€£¥₹%",
    Kind.COLON: ":：",
    Kind.MARK: "|/•·›→–—-",
    Kind.PAREN: "()[]{}「」（）",
    Kind.UNSPACED: "日のカไทยမខ",
    Kind.LEGAL: "©®™",
    Kind.AT: "@#",
    Kind.ELLIPSIS: "…",
    Kind.OTHER: "+=_*²\u200b\U0001f6a2\U00020000\ud800",
}
KINDS = {character: kind for kind, characters in CHARACTERS.items() for character in characters}


@pytest.mark.parametrize("kind", Kind, ids=lambda kind: kind.name)
def test_every_kind_has_its_characters(kind: Kind) -> None:
    counts, first, last = count_kinds(list(CHARACTERS[kind]))
    assert counts[:, kind].tolist() == [1] * len(CHARACTERS[kind])
    assert set(first) == set(last) == {kind}


@given(st.lists(st.text(sorted(KINDS), min_size=1, max_size=20), min_size=1, max_size=6))
def test_counts_are_those_of_a_loop(texts: list[str]) -> None:
    counts, first, last = count_kinds(texts)
    expected = [Counter(KINDS[character] for character in text) for text in texts]
    assert counts.tolist() == [[count[kind] for kind in Kind] for count in expected]
    assert first.tolist() == [KINDS[text[0]] for text in texts]
    assert last.tolist() == [KINDS[text[-1]] for text in texts]
