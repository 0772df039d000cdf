"""How blocks agree with what the page says of its own story, and where they stand from the headline."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

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
_LONGEST: Final = 1000
"""Characters of a headline, and of the descriptions, that are looked at."""
_MANY: Final = 20
"""Headlines that are looked at."""
_LONGEST_BODY: Final = 200_000
"""Characters of a JSON-LD article body that are looked at."""
_MOST: Final = 2000
"""Blocks that are looked for in such a body."""


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
        and how many headlines of the first rank came before.
    """
    n = len(size)
    titles = [title[:_LONGEST].lower() for title in hints.titles[:_MANY]]
    openings = {title[:_OPENING] for title in titles}
    shared = words.among(single_words(titles))
    overlap = np.bincount(words.lines, shared, n) / np.maximum(1, np.bincount(words.lines, minlength=n))
    description = " ".join(hints.descriptions)[:_LONGEST].lower()
    body = " ".join(hints.body[:_LONGEST_BODY].lower().split())
    times = Counter(page.texts)
    is_title, short, in_body, in_description = np.zeros((4, n), np.float32)
    for block, text in enumerate(lowered):
        length = len(text)
        if length < _OPENING:
            continue
        start = text[:_START]
        if length < _SHORT:
            if start[:_OPENING] in openings and any(title.startswith(start) for title in titles):
                is_title[block] = 1
            else:
                short[block] = 1
        if body and block < _MOST and start[:60] in body:
            in_body[block] = 1
        if length > 20 and start[:60] in description:
            in_description[block] = 1
    named = np.flatnonzero(headings & (is_title > 0))
    headline = next(
        (int(found[0]) for found in (named, np.flatnonzero(headings), np.flatnonzero(is_title)) if len(found)), -1
    )
    distance = np.arange(n) - headline
    behind = np.concatenate(([0], np.cumsum(size)))[:-1]
    chars = behind - behind[headline]
    return np.stack(
        (
            is_title,
            overlap * short,
            in_body,
            in_description,
            np.full(n, bool(body)),
            np.full(n, min(2.0, float((in_body * size).sum()) / max(1, len(body)))),
            np.log([times[text] for text in page.texts]),
            np.sign(distance) * np.log1p(np.abs(distance)),
            np.sign(chars) * np.log1p(np.abs(chars)),
            np.full(n, headline >= 0),
            np.log1p(np.cumsum(headings)),
        ),
        axis=1,
    ).astype(np.float32)
