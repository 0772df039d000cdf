"""This project's own layout, for corpora of any origin.

``pages/SET/KEY.html.gz`` is a page as fetched; a line of ``gold/SET.jsonl`` holds its ``page`` (``SET/KEY``), ``text``
and ``url`` (or null); ``labelled/SET/KEY.html.gz``, where there is one, is the page labelled by hand.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from classifier.corpora.gold import CorpusError, GoldPage, read_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read(clone: Path) -> Iterator[GoldPage]:
    """Read the pages of every set.

    Raises:
        CorpusError: a file is missing or damaged.
    """
    lists = sorted((clone / "gold").glob("*.jsonl"))
    if not lists:
        raise CorpusError(f"{clone / 'gold'}: no *.jsonl in it; see docs/retraining.md for the layout")
    for file in lists:
        # Not splitlines: JSON leaves line separators of Unicode as they are.
        for number, line in enumerate(file.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
            try:
                row = json.loads(line)
                name, text = row["page"], row["text"]
            except (ValueError, KeyError, TypeError) as error:
                raise CorpusError(f'{file}, line {number}: not an object with "page" and "text"') from error
            labelled = clone / "labelled" / f"{name}.html.gz"
            yield GoldPage(
                name,
                read_html(clone / "pages" / f"{name}.html.gz"),
                text,
                row.get("url"),
                read_html(labelled) if labelled.exists() else None,
            )
