"""Blocks agree with what the page says of its story when a reader would say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from classifier.blocks import cut
from classifier.features import featurize
from classifier.hints import read_hints
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The columns, in the order in which `agreement_of` tells them.
(
    IS_TITLE,
    SHARED,
    IN_BODY,
    IN_DESCRIPTION,
    HAS_BODY,
    SHOWN,
    TIMES,
    BLOCKS_BEHIND,
    CHARS_BEHIND,
    HAS_HEADLINE,
    HEADINGS,
) = range(11)
TITLE = "<title>Fog closes the harbour | The Gazette</title>"
LINE = "The harbour stays closed until the fog has lifted, the pilots say."


def agreement(head: str, body: str) -> NDArray[np.float32]:
    root = parse_html(f"<html><head>{head}</head><body>{body}")
    assert root is not None
    page, hints = cut(root), read_hints(root)
    found = featurize(page, hints).agreement
    assert found.shape == (len(page), 11)
    return found


def story(body: str) -> str:
    return f'<script type=\'application/ld+json\'>{{"articleBody": "{body}"}}</script>'


@pytest.mark.parametrize(
    ("head", "text", "column", "agrees"),
    [
        (TITLE, "Fog closes the harbour", IS_TITLE, True),
        (TITLE, "FOG CLOSES THE HARBOUR", IS_TITLE, True),
        (TITLE, "Fog closes the harbour | The Gazette", IS_TITLE, True),
        ("<meta property=og:title content='Harbour closed'>" + TITLE, "Fog closes the harbour", IS_TITLE, True),
        (TITLE, "Fog closes the harbour again", IS_TITLE, False),
        (TITLE, "The Gazette", IS_TITLE, False),
        (TITLE, "Fog", IS_TITLE, False),
        ("", "Fog closes the harbour", IS_TITLE, False),
        (TITLE, "Fog has closed our harbour again", SHARED, True),
        (TITLE, "Snow blocks a mountain road", SHARED, False),
        # The headline itself, a text too short and one too long are not compared by their words.
        (TITLE, "Fog closes the harbour", SHARED, False),
        (TITLE, "The fog", SHARED, False),
        (TITLE, "The fog has closed our harbour again. " * 5, SHARED, False),
        (story(f"So it is. {LINE} And so on."), LINE, IN_BODY, True),
        (story(f"So it is. {LINE} And so on."), f"{LINE} But no longer.", IN_BODY, True),
        (story("The harbour stays   closed\\nUNTIL"), "The harbour stays closed until", IN_BODY, True),
        (story(LINE), "The harbour stays open.", IN_BODY, False),
        (story(LINE), "The", IN_BODY, False),
        (TITLE, LINE, IN_BODY, False),
        (f"<meta name=description content='{LINE} And so on.'>", LINE, IN_DESCRIPTION, True),
        (f"<meta property=og:description content='{LINE}'>", LINE.upper(), IN_DESCRIPTION, True),
        (
            f"<meta name=description content='{LINE}'>",
            "The harbour stays open until the fog comes.",
            IN_DESCRIPTION,
            False,
        ),
        (f"<meta name=description content='{LINE}'>", "The harbour", IN_DESCRIPTION, False),
    ],
)
def test_a_block_agrees_with_the_head(head: str, text: str, column: int, agrees: bool) -> None:
    found = agreement(head, f"<p>Something else that a page shows</p><p>{text}</p>")[:, column]
    assert (found > 0).tolist() == [False, agrees]
    assert found.max() <= 1


def test_the_more_words_are_the_headlines_the_more_are_shared() -> None:
    found = agreement(TITLE, "<p>A harbour in the snow<p>The harbour and the fog<p>The fog closes the harbour")
    assert (np.diff(found[:, SHARED]) > 0).all()


@pytest.mark.parametrize(
    ("body", "has", "shown"),
    [
        ("", 0, 0),
        ("Something else that no block of the page says", 1, 0),
        (LINE, 1, 1),
        (f"{LINE} {LINE[::-1]} ", 1, 0.5),
    ],
)
def test_how_much_of_the_body_is_shown_holds_for_the_whole_page(body: str, has: float, shown: float) -> None:
    found = agreement(story(body), f"<p>Top</p><p>{LINE}</p>")
    np.testing.assert_allclose(found[:, [HAS_BODY, SHOWN]], [[has, shown]] * 2, atol=0.02)


def test_texts_are_counted_that_stand_on_the_page_more_than_once() -> None:
    found = agreement("", "<p>Share<p>Text<p>Share<p>share<p>Share")
    np.testing.assert_allclose(np.exp(found[:, TIMES]), [3, 1, 3, 1, 3], rtol=1e-5)


@pytest.mark.parametrize(
    ("head", "body", "headline"),
    [
        (TITLE, "<h1>The Gazette</h1><p>Top</p><h1>Fog closes the harbour</h1><p>Text</p>", 2),
        (TITLE, "<p>Fog closes the harbour</p><h2>Weather</h2><h1>Fog closes the harbour</h1><p>Text</p>", 2),
        (TITLE, "<p>Fog closes the harbour</p><h1>No more ships</h1><h1>Or a few</h1><p>Text</p>", 1),
        (TITLE, "<p>Top</p><h3>Fog closes the harbour</h3><p>Fog closes the harbour</p><p>Text</p>", 1),
        ("", "<p>Top</p><p>Of the page</p><h2>Weather</h2><h1>Fog</h1>", 3),
    ],
)
def test_distances_are_counted_from_the_headline(head: str, body: str, headline: int) -> None:
    root = parse_html(body)
    assert root is not None
    lengths = [len(text) for text in cut(root).texts]
    chars = np.array([sum(lengths[:block]) for block in range(4)]) - sum(lengths[:headline])
    blocks = np.arange(4) - headline
    found = agreement(head, body)
    assert found[:, HAS_HEADLINE].tolist() == [1] * 4
    for column, distance in ((BLOCKS_BEHIND, blocks), (CHARS_BEHIND, chars)):
        np.testing.assert_array_equal(np.sign(found[:, column]), np.sign(distance))
        np.testing.assert_allclose(np.expm1(np.abs(found[:, column])), np.abs(distance), rtol=1e-4)


def test_without_a_headline_there_is_none() -> None:
    assert agreement(TITLE, "<h2>Weather</h2><p>Text")[:, HAS_HEADLINE].tolist() == [0, 0]


def test_headlines_of_the_first_rank_are_counted() -> None:
    found = agreement(TITLE, "<p>Top<h1>One</h1><p>Text<h2>Two</h2><p>Text<h1>Three</h1><p>Text")[:, HEADINGS]
    np.testing.assert_allclose(np.expm1(found[[0, 2, 4, 6]]), [0, 1, 1, 2], rtol=1e-5)
