from __future__ import annotations

import random

import pytest

from crawler.similarity import is_nearly_same, simhash_of

WORDS = "harbour council ferry bridge library vote price water winter night road school plan money team goal".split()


def story(seed: int, sentences: int = 40) -> list[str]:
    dice = random.Random(seed)
    vocabulary = [f"{word}{dice.randrange(30)}" for word in WORDS * 8]
    return [" ".join(dice.choices(vocabulary, k=12)) + "." for _ in range(sentences)]


def copy(sentences: list[str], seed: int) -> str:
    """What another publisher makes of it: some sentences fewer, one of its own."""
    dice = random.Random(seed)
    return " ".join([*story(seed + 1000, 1), *(sentence for sentence in sentences if dice.random() > 0.05)])


def distance(text: str, other: str) -> int:
    one, two = simhash_of(text), simhash_of(other)
    assert one is not None
    assert two is not None
    return (one ^ two).bit_count()


def test_copies_are_near_and_nearly_the_same() -> None:
    found = 0
    for seed in range(20):
        sentences = story(seed)
        text, other = " ".join(sentences), copy(sentences, seed)
        found += distance(text, other) <= 7 and is_nearly_same(text, other)
    assert found >= 17


def test_other_stories_are_not_the_same() -> None:
    texts = [" ".join(story(seed)) for seed in range(20)]
    assert not any(is_nearly_same(text, other) for text in texts for other in texts if text is not other)


@pytest.mark.parametrize("text", ["", "Too short to tell.", "word " * 39])
def test_a_text_of_few_words_has_no_hash(text: str) -> None:
    assert simhash_of(text) is None


def test_a_script_without_spaces_has_words_too() -> None:
    text = "市議会は図書館を存続させることを決めた。市民は二時間にわたって話し、集会室を満たした。" * 3
    assert distance(text, text.replace("二時間", "三時間")) <= 7
    assert is_nearly_same(text, text.replace("二時間", "三時間"))


def test_a_word_without_end_and_words_without_number_cost_little() -> None:
    assert simhash_of("x" * 1_000_000) is None
    assert simhash_of("same " * 1_000_000) is not None
    assert not is_nearly_same("", "x")
