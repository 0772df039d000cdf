"""How blocks agree with what the page says of its own story, and where they stand from the headline."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from classifier.tokens import HEAD, TAIL, WORD_BYTES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from classifier.blocks import Cut
    from classifier.hints import Hints

    Floats = NDArray[np.float32]

_OPENING: Final = 8
"""Characters by which a headline may be known; shorter texts are not compared."""


def agreement_of(page: Cut, hints: Hints, lowered: list[str], words: list[list[bytes]], size: Floats) -> Floats:
    """Compare the blocks of a page with its headline, its description and its JSON-LD.

    Args:
        page: the blocks.
        hints: what the page says of its story.
        lowered: what `classifier.tokens.lower_ends` made of the blocks' texts.
        words: the words of each block.
        size: the weight of each block in characters.

    Returns:
        Of shape (n, 11): whether the block is the headline, shares its words, stands in the article body of the
        JSON-LD, in the description; whether there is such a body, how much of it the page shows; how often the text
        stands on the page; the distance behind the headline in blocks and characters, whether there is a headline,
        and how many headlines of the first rank came before.
    """
    n = len(size)
    titles = [title.lower() for title in hints.titles]
    openings = {title[:_OPENING] for title in titles}
    title_words = set(" ".join(titles).encode("utf-8", "replace").translate(WORD_BYTES).split())
    description = " ".join(hints.descriptions).lower()
    body = " ".join(hints.body.lower().split())
    times = Counter(page.texts)
    is_title, overlap, in_body, in_description = np.zeros((4, n), np.float32)
    for block, text in enumerate(lowered):
        length = len(text)
        if length < _OPENING:
            continue
        start = text[:HEAD]
        if length < HEAD + TAIL:
            if start[:_OPENING] in openings and any(title.startswith(start) for title in titles):
                is_title[block] = 1
            else:
                overlap[block] = len(title_words.intersection(words[block])) / len(words[block])
        if body and start[:60] in body:
            in_body[block] = 1
        if length > 20 and start[:60] in description:
            in_description[block] = 1
    headings = [block for block, owner in enumerate(page.owners) if page.elements[owner].tag == "h1"]
    named = [block for block in headings if is_title[block]]
    headline = (named or headings or list(np.flatnonzero(is_title)) or [-1])[0]
    distance = np.arange(n) - headline
    behind = np.concatenate(([0], np.cumsum(size)))[:-1]
    chars = behind - behind[headline]
    return np.stack(
        (
            is_title,
            overlap,
            in_body,
            in_description,
            np.full(n, bool(body)),
            np.full(n, min(2.0, float((in_body * size).sum()) / max(1, len(body)))),
            np.log([times[text] for text in page.texts]),
            np.sign(distance) * np.log1p(np.abs(distance)),
            np.sign(chars) * np.log1p(np.abs(chars)),
            np.full(n, headline >= 0),
            np.log1p(np.cumsum(np.bincount(np.array(headings, np.int64), minlength=n))),
        ),
        axis=1,
    ).astype(np.float32)
