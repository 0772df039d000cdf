"""Fundus' test pages: news of many countries, https://github.com/flairNLP/fundus (MIT).

``tests/resources/parser/test_data/COUNTRY/`` holds ``PUBLISHER_YYYY_MM_DD.html.gz``, one page for each version of the
publisher's parser, ``PUBLISHER.json`` with what each version found, and ``meta.info`` with the pages' addresses.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from classifier.blocks import cut
from classifier.corpora.gold import CorpusError, GoldPage, read_html, read_json
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME: Final = re.compile(r"(?P<publisher>.+?)_\d{4}_\d\d_\d\d\.html\.gz")


def read(clone: Path) -> Iterator[GoldPage]:
    """Read the pages of a clone whose publisher's article body is recorded.

    Raises:
        CorpusError: a file is missing or damaged.
    """
    folder = clone / "tests" / "resources" / "parser" / "test_data"
    files = sorted(folder.glob("*/*.html.gz"))
    if not files:
        raise CorpusError(f"{folder}: no */*.html.gz in it; is this a clone of that set?")
    for file in files:
        found = _NAME.fullmatch(file.name)
        if found is None:
            continue
        html = read_html(file)
        recorded = read_json(file.with_name(f"{found['publisher']}.json"))
        try:
            texts = [_text(version["body"]) for version in recorded.values() if version.get("body")]
            url = read_json(file.with_name("meta.info"))[file.name]["url"]
        except (AttributeError, KeyError, TypeError) as error:
            raise CorpusError(f"{file}: {found['publisher']}.json or meta.info beside it is not as expected") from error
        if text := _best(texts, html):
            yield GoldPage(f"fundus/{file.name.removesuffix('.html.gz')}", html, text, url)


def _text(body: dict[str, Any]) -> str:
    parts = list(body.get("summary", ()))
    for section in body["sections"]:
        parts += [*section.get("headline", ()), *section.get("paragraphs", ())]
    return "\n\n".join(parts)


def _best(texts: list[str], html: bytes) -> str:
    """The text whose paragraphs stand on the page; which version a page belongs to is known to Fundus' code alone."""
    root = parse_html(html)
    page = _squeeze("".join(cut(root).texts)) if root is not None else ""

    def found(text: str) -> float:
        paragraphs = [_squeeze(paragraph) for paragraph in text.split("\n\n")]
        return sum(len(paragraph) for paragraph in paragraphs if paragraph in page) / max(1, len(_squeeze(text)))

    best = max(texts, key=found, default="")
    # A page that shows none of its only text still has that text: it stands in the page's JSON, say.
    return best if len(texts) == 1 or found(best) > 0 else ""


def _squeeze(text: str) -> str:
    return "".join(text.split())
