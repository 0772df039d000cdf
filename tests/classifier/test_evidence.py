"""A vocabulary knows what several sites have, and looks it up as a matrix product would."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.evidence import Vocabulary
from classifier.hashing import Splitter, Tokens

WORDS = Splitter("")
LINES = st.lists(st.lists(st.sampled_from("ant bee cat dog eel fox gnu hen".split()), max_size=6), max_size=8)


def tokens(*lines: str) -> Tokens:
    return Tokens.of(lines, WORDS)


def test_a_token_counts_when_enough_sites_have_it() -> None:
    pages = [tokens("ant bee", "ant"), tokens("ant cat"), tokens("bee cat cat"), tokens("bee")]
    vocabulary = Vocabulary(min_sites=2).fit(pages, ["one", "one", "two", "three"])
    lines, columns = vocabulary.find(tokens("ant", "bee bee", "cat", "dog"))
    assert lines.tolist() == [1, 2]
    assert len(set(columns.tolist())) == len(vocabulary.tokens_) == 2


@settings(deadline=None)
@given(LINES)
def test_sums_are_those_of_the_matrix_product(lines: list[list[str]]) -> None:
    vocabulary = Vocabulary(min_sites=1).fit([tokens("ant bee cat dog eel")], ["one"])
    page = tokens(*(" ".join(line) for line in lines))
    weights = np.arange(2.0 * len(vocabulary.tokens_), dtype=np.float32).reshape(-1, 2)
    matrix = vocabulary.matrix(page)
    assert (matrix.data == 1).all()
    np.testing.assert_allclose(vocabulary.sums(page, weights), matrix @ weights)
    known = [len(set(line) & set("ant bee cat dog eel".split())) for line in lines]
    assert np.asarray(matrix.sum(1)).ravel().tolist() == known


def test_what_was_learned_before_is_forgotten() -> None:
    vocabulary = Vocabulary(min_sites=1).fit([tokens("ant bee")], ["one"])
    assert len(vocabulary.find(tokens("ant"))[0]) == 1
    vocabulary.fit([tokens(" ".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600)))], ["one"])
    assert len(vocabulary.find(tokens("ant", "waa", "wab"))[0]) == 2
