"""How blocks agree with what the page says of its own story, and where they stand from the headline."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from classifier.columns import as_columns
from classifier.tokens import single_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classifier.blocks import Cut
    from classifier.hashing import Tokens
    from classifier.hints import Hints

    Floats = NDArray[np.float32]

_SHORT: Final = 160
"""Characters that a headline has at most; longer blocks are not compared with it."""
_START: Final = 110
"""Characters of a block's beginning that a headline must begin with to be the same."""
_OPENING: Final = 8
"""Characters by which a headline may be known; shorter texts are not compared."""
_SAME: Final = 60
"""Characters of a block's beginning that the description or the article body must hold."""
_SENTENCE: Final = 20
"""A block that is looked for in the description is longer than this (characters)."""
_LONGEST: Final = 1000
"""Characters of a headline, and of the descriptions, that are looked at."""
_MANY: Final = 20
"""Headlines that are looked at."""
_LONGEST_BODY: Final = 200_000
"""Characters of a JSON-LD article body that are looked at."""
_MOST: Final = 2000
"""Blocks that are looked for in such a body."""
_MUCH: Final = 40_000_000
"""Characters that are looked through for all of them; fewer blocks are looked for in a very long body."""


def agreement_of(
    page: Cut, hints: Hints, lowered: list[str], words: Tokens, size: Floats, headings: NDArray[np.bool_]
) -> Floats:
    """Compare the blocks of a page with its headline, its description and its JSON-LD.

    Args:
        page: the blocks.
        hints: what the page says of its story.
        lowered: what `classifier.tokens.lower_ends` made of the blocks' texts.
        words: the words of each block.
        size: the weight of each block in characters.
        headings: for each block, whether it is a headline of the first rank.

    Returns:
        Of shape (n, 11): whether the block is the headline, shares its words, stands in the article body of the
        JSON-LD, in the description; whether there is such a body, how much of it the page shows; how often the text
        stands on the page; the distance behind the headline in blocks and characters, whether there is a headline,
        and how many headlines of the first rank there are up to the block.
    """
    n = len(size)
    titles = [title[:_LONGEST].lower() for title in hints.titles[:_MANY]]
    openings = {title[:_OPENING] for title in titles}
    shared = words.among(single_words(titles))
    overlap = np.bincount(words.lines, shared, n) / np.maximum(1, np.bincount(words.lines, minlength=n))
    description = " ".join(hints.descriptions)[:_LONGEST].lower()
    body = " ".join(hints.body[:_LONGEST_BODY].lower().split())
    times = Counter(page.texts)
    lengths = np.fromiter(map(len, lowered), np.int64, n)
    is_title, in_body, in_description = np.zeros((3, n), np.float32)
    comparable = (lengths >= _OPENING) & (lengths < _SHORT)
    for block in [block for block, text in enumerate(lowered) if text[:_OPENING] in openings]:
        start = lowered[block][:_START]
        is_title[block] = comparable[block] and any(title.startswith(start) for title in titles)
    if body:
        most = min(_MOST, _MUCH // len(body))
        in_body[:most] = [len(text) >= _OPENING and text[:_SAME] in body for text in lowered[:most]]
    if description:
        in_description[:] = [len(text) > _SENTENCE and text[:_SAME] in description for text in lowered]
    return as_columns(
        is_title,
        overlap * (comparable & (is_title == 0)),
        in_body,
        in_description,
        bool(body),
        min(2.0, float((in_body * size).sum()) / max(1, len(body))),
        np.log([times[text] for text in page.texts]),
        *place_of_headline(is_title > 0, headings, size).T,
    )


def place_of_headline(titles: NDArray[np.bool_], headings: NDArray[np.bool_], size: Floats) -> Floats:
    """Tell where blocks stand from the headline.

    Args:
        titles: for each block, whether it says what the page is called.
        headings: for each block, whether it is a headline of the first rank.
        size: the weight of each block in characters.

    Returns:
        Of shape (n, 4): the distance behind the headline in blocks and in characters, whether there is a headline, and
        how many headlines of the first rank there are up to the block.
    """
    places = (np.flatnonzero(found) for found in (headings & titles, headings, titles))
    headline = next((int(found[0]) for found in places if len(found)), -1)
    distance = np.arange(len(size)) - headline
    behind = np.concatenate(([0], np.cumsum(size)))[:-1]
    chars = behind - behind[headline]
    return as_columns(
        np.sign(distance) * np.log1p(np.abs(distance)),
        np.sign(chars) * np.log1p(np.abs(chars)),
        headline >= 0,
        np.log1p(np.cumsum(headings)),
    )
