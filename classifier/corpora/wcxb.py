"""WCXB: 791 articles, https://github.com/Murrough-Foley/web-content-extraction-benchmark (CC BY 4.0).

Of the development split, ``dev/ground-truth/KEY.json`` holds a page's ``url``, kind of page and ``main_content``; the
page is ``dev/html/KEY.html.gz``. The held-out split ``test`` is not read: its makers keep it for measuring.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.corpora.gold import CorpusError, GoldPage, read_html, read_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def read(clone: Path) -> Iterator[GoldPage]:
    """Read the articles of a clone; product pages, listings, forums and the like are left out.

    Raises:
        CorpusError: a file is missing or damaged.
    """
    files = sorted((clone / "dev" / "ground-truth").glob("*.json"))
    if not files:
        raise CorpusError(f"{clone / 'dev' / 'ground-truth'}: no *.json in it; is this a clone of that set?")
    for file in files:
        entry = read_json(file)
        try:
            kind, text, url = (
                entry["_internal"]["page_type"]["primary"],
                entry["ground_truth"]["main_content"],
                entry["url"],
            )
        except (KeyError, TypeError) as error:
            raise CorpusError(f"{file}: not an entry of the set's second schema") from error
        if kind == "article":
            yield GoldPage(f"wcxb/{file.stem}", read_html(clone / "dev" / "html" / f"{file.stem}.html.gz"), text, url)
