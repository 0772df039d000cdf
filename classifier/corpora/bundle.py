"""This project's own layout, for corpora of any origin.

``pages/SET/KEY.html.gz`` is a page as fetched; a line of ``gold/SET.jsonl`` holds its ``page`` (``SET/KEY``), ``text``
and ``url`` (or null); ``labelled/SET/KEY.html.gz``, where there is one, is the page labelled by hand.
"""

from __future__ import annotations

import gzip
import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO, Self

from classifier.corpora.gold import CorpusError, GoldPage, read_html
from classifier.files import whole_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType


def read(clone: Path) -> Iterator[GoldPage]:
    """Read the pages of every set.

    Raises:
        CorpusError: a file is missing or damaged.
    """
    lists = sorted((clone / "gold").glob("*.jsonl"))
    if not lists:
        raise CorpusError(f"{clone / 'gold'}: no *.jsonl in it; see docs/retraining.md for the layout")
    for file in lists:
        # As bytes: those of a str would also end at line separators of Unicode, which JSON leaves as they are.
        for number, line in enumerate(file.read_bytes().splitlines(), 1):
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


class BundleWriter:
    """Writes pages as a bundle.

    The gold texts of a set that is there already are replaced at the end; an error before leaves them as they are.

    Args:
        folder: of the bundle.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = ExitStack()
        self._gold: dict[str, BinaryIO] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._files.__exit__(kind, error, trace)

    def add(self, page: GoldPage) -> None:
        """Write a page, its gold text, and its labels where it has any."""
        name = page.name.partition("/")[0]
        if name not in self._gold:
            file = self._folder / "gold" / f"{name}.jsonl"
            file.parent.mkdir(parents=True, exist_ok=True)
            self._gold[name] = self._files.enter_context(whole_file(file))
        row = {"page": page.name, "url": page.url, "text": page.text}
        self._gold[name].write(f"{json.dumps(row, ensure_ascii=False)}\n".encode())
        write_html(self._folder / "pages" / f"{page.name}.html.gz", page.html)
        if page.labelled is not None:
            write_html(self._folder / "labelled" / f"{page.name}.html.gz", page.labelled)


def write_html(file: Path, html: bytes) -> None:
    """Write a page gzipped, the same page as the same bytes."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(gzip.compress(html, mtime=0))
