"""Zyte's set: 181 news pages of 2019, https://github.com/scrapinghub/article-extraction-benchmark (MIT).

``ground-truth.json`` maps the key of each page to its ``articleBody`` and ``url``; the page is ``html/KEY.html.gz``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.corpora.gold import read_article_bodies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from classifier.corpora.gold import GoldPage


def read(clone: Path) -> Iterator[GoldPage]:
    """Read the pages of a clone.

    Raises:
        CorpusError: a file is missing or damaged.
    """
    yield from read_article_bodies(clone / "ground-truth.json", clone / "html", ".html.gz", "scrapinghub")
