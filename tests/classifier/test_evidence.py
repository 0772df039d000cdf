"""A vocabulary knows what several sites have, and finds it in the lines of a page."""

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
def test_a_line_has_each_known_token_once(lines: list[list[str]]) -> None:
    known = "ant bee cat dog eel".split()
    vocabulary = Vocabulary(min_sites=1).fit([tokens(" ".join(known))], ["one"])
    matrix = vocabulary.matrix(tokens(*(" ".join(line) for line in lines)))
    columns = {word: int(vocabulary.find(tokens(word))[1][0]) for word in known}
    expected = np.zeros((len(lines), len(known)))
    for row, line in enumerate(lines):
        expected[row, [columns[word] for word in line if word in columns]] = 1
    np.testing.assert_array_equal(matrix.toarray(), expected)


def test_what_was_learned_before_is_forgotten() -> None:
    vocabulary = Vocabulary(min_sites=1).fit([tokens("ant bee")], ["one"])
    assert len(vocabulary.find(tokens("ant"))[0]) == 1
    vocabulary.fit([tokens(" ".join(f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600)))], ["one"])
    assert len(vocabulary.find(tokens("ant", "waa", "wab"))[0]) == 2
