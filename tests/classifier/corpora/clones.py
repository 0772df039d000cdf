"""Small clones of the public sets, each in the layout in which its project publishes it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STORY = (
    "The harbour of Westmole reopened on Tuesday after four days of fog, and forty ships left within an hour.\n\n"
    "Pilots had slept on their boats, the harbour master said, because nobody could find the way home either."
)
TAIL = "Three ferries stay in port until their radar is mended, which takes until the end of the week."
URL = "https://news.westmole.example/harbour"


def page(*paragraphs: str, head: str = "") -> bytes:
    story = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8">{head}</head><body><nav>Home Sport Tides</nav>'
        f"<main>{story}<aside>Sign up for our fog alerts today</aside></main><footer>All rights reserved</footer>"
        "</body></html>"
    ).encode()


def write(file: Path, content: bytes | str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode() if isinstance(content, str) else content
    file.write_bytes(gzip.compress(content) if file.suffix == ".gz" else content)


def scrapinghub(clone: Path) -> None:
    write(clone / "ground-truth.json", json.dumps({"0a1b": {"articleBody": STORY, "url": URL}}))
    write(clone / "html/0a1b.html.gz", page(*STORY.split("\n\n")))


def newspaper4k(clone: Path) -> None:
    entry = {"id": 1, "title": "Fog", "articleBody": STORY, "site": "http://westmole.example", "url": URL}
    write(clone / "articles.json", json.dumps({"0a1b": entry}))
    write(clone / "html/0a1b.html", page(*STORY.split("\n\n")))


def wcxb(clone: Path) -> None:
    for key, kind in (("0a1b", "article"), ("0c2d", "product")):
        entry = {
            "url": URL,
            "_internal": {"page_type": {"primary": kind}},
            "ground_truth": {"title": "Fog", "main_content": STORY},
        }
        write(clone / f"dev/ground-truth/{key}.json", json.dumps(entry))
        write(clone / f"dev/html/{key}.html.gz", page(*STORY.split("\n\n")))
    write(clone / "test/ground-truth/4011.json", "{}")


def fundus(clone: Path) -> None:
    folder = clone / "tests/resources/parser/test_data/xx"
    first, second = STORY.split("\n\n")
    newer = {"summary": [first], "sections": [{"headline": [], "paragraphs": [second]}]}
    older = {"summary": [], "sections": [{"headline": ["Ferries"], "paragraphs": [TAIL]}]}
    write(folder / "Gazette.json", json.dumps({"V1": {"body": older, "title": "Ferries"}, "V2": {"body": newer}}))
    write(folder / "meta.info", json.dumps({"Gazette_2024_05_03.html.gz": {"url": URL, "crawl_date": "2024-05-03"}}))
    write(folder / "Gazette_2024_05_03.html.gz", page(first, second))
    write(folder / "Gazette.html.gz", page("A page of before pages had dates."))


def cleaneval(clone: Path) -> None:
    wrapped = f'<text id="{URL}" encoding="iso-8859-1">'.encode() + page(*STORY.split("\n\n")) + b"</text>\n"
    write(clone / "finalrun-input/7.html", wrapped)
    first, second = STORY.split("\n\n")
    write(clone / "GoldStandard/7.txt", f"URL: {URL}\n\n<h>{first}\n\n<p>{second}\n")
    write(clone / "finalrun-input/8.html", wrapped)


def bundle(clone: Path) -> None:
    write(clone / "gold/gazette.jsonl", json.dumps({"page": "gazette/0a1b", "url": URL, "text": STORY}) + "\n")
    write(clone / "pages/gazette/0a1b.html.gz", page(*STORY.split("\n\n")))


CLONES: dict[str, Callable[[Path], None]] = {
    "scrapinghub": scrapinghub,
    "newspaper4k": newspaper4k,
    "wcxb": wcxb,
    "fundus": fundus,
    "cleaneval": cleaneval,
    "bundle": bundle,
}
KEYS = {
    "scrapinghub": "scrapinghub/0a1b",
    "newspaper4k": "newspaper4k/0a1b",
    "wcxb": "wcxb/0a1b",
    "fundus": "fundus/Gazette_2024_05_03",
    "cleaneval": "cleaneval/finalrun-input-7",
    "bundle": "gazette/0a1b",
}
