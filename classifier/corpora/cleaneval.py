"""CleanEval (Baroni et al., LREC 2008): web pages of all kinds, https://sigwac.org.uk/cleaneval/.

Pages are ``N.html``, wrapped in ``<text id="ADDRESS" encoding="...">``; their texts are ``N.txt`` (final set) or
``N-cleaned.txt`` (development set) in a folder beside it: a line ``URL: ...``, then lines that may begin with ``<p>``,
``<h>`` or ``<l>``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from classifier.corpora.gold import CorpusError, GoldPage, read_html
from classifier.parsing import codec_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_WRAPPER: Final = re.compile(
    rb"\s*<text\b(?P<attributes>[^>]*)>(?P<page>.*?)(?:</text>\s*)?", re.DOTALL | re.IGNORECASE
)
_ADDRESS: Final = re.compile(rb"""\b(?:id|title)\s*=\s*["']?\s*(https?://[^\s"'>]+)""", re.IGNORECASE)
_ENCODING: Final = re.compile(rb"""\bencoding\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_URL_LINE: Final = re.compile(r"\s*URL:[^\n]*\n")
_STRANGE: Final = re.compile(r"[^\w.]+")
_MARK: Final = re.compile(r"^[ \t]*<(?:p|h|l)>[ \t]*", re.MULTILINE | re.IGNORECASE)


def read(clone: Path) -> Iterator[GoldPage]:
    """Read the pages that have a gold text, of any part of the set.

    Raises:
        CorpusError: there are none, or one is damaged.
    """
    texts = {(file.parent.parent, file.stem.partition("-")[0]): file for file in clone.rglob("*.txt")}
    pages = [file for file in sorted(clone.rglob("*.html")) if (file.parent.parent, file.stem) in texts]
    if not pages:
        raise CorpusError(f"{clone}: no N.html with an N.txt in a folder beside it; unpack both archives there")
    for file in pages:
        html, url = _unwrap(read_html(file))
        gold = texts[file.parent.parent, file.stem].read_bytes().decode("utf-8", "replace").lstrip("\ufeff")
        text = _MARK.sub("", _URL_LINE.sub("", gold, count=1)).strip()
        key = _STRANGE.sub("-", str(file.relative_to(clone).with_suffix("")))
        yield GoldPage(f"cleaneval/{key}", html, text, url)


def _unwrap(html: bytes) -> tuple[bytes, str | None]:
    found = _WRAPPER.fullmatch(html)
    if found is None:
        return html, None
    address, page = _ADDRESS.search(found["attributes"]), found["page"]
    if encoding := _ENCODING.search(found["attributes"]):
        name = codec_of(encoding[1].decode("ascii", "replace"))
        page = page.decode(name, "replace").encode() if name else page
    return page, address[1].decode("ascii", "replace") if address else None
