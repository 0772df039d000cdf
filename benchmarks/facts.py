"""Measures the facts that are read from pages against gold, beside trafilatura and newspaper4k where installed.

    python -m benchmarks.facts CORPUS [--sets fundus wcxb] [--misses title]

The environment that `make benchmark` makes has both: .venv-benchmarks/bin/python -m benchmarks.facts CORPUS.

CORPUS holds ``pages/PAGE.html.gz`` and ``gold/SET.jsonl``, a JSON object a line with ``page``, ``url``, ``title``,
``author`` and ``published``. Three figures a set, over the pages whose gold has the fact:

title    share of pages whose title equals the gold's, both after `normal`
day      share of pages with the gold's day of publication, each in its own time zone
authors  F1 of the authors' names, both after `normal`, averaged over the pages
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from classifier.parsing import parse_html
from crawler.metadata import read_facts

_LOOKALIKES = str.maketrans(
    dict.fromkeys("‘’‚‛′´`＇", "'")
    | dict.fromkeys("“”„‟″«»‹›＂", '"')
    | dict.fromkeys("‐‑‒–—―", "-")
    | dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff", None)
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader says of a page: its title, its authors, and its day of publication as ``YYYY-MM-DD``."""

    title: str
    authors: list[str]
    day: str


Reader = Callable[[bytes, str | None], Answer]


def normal(text: str) -> str:
    """Bring a text to a form in which only what is read differs: NFKC, case, white space, quotes, dashes."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_LOOKALIKES).casefold().split())


def broadsheet(html: bytes, url: str | None) -> Answer:
    """Read a page with this project, without the language, which needs the classified text."""
    root = parse_html(html)
    if root is None:
        return Answer("", [], "")
    facts = read_facts(root, url or _canonical(html) or "https://www.example.com/page", "")
    return Answer(facts.title or "", facts.authors, facts.published_at.date().isoformat() if facts.published_at else "")


def trafilatura(html: bytes, url: str | None) -> Answer:
    """Read a page with trafilatura."""
    from trafilatura.metadata import extract_metadata

    found = extract_metadata(html, default_url=url)
    authors = (found.author or "").split("; ") if found.author else []
    return Answer(found.title or "", authors, (found.date or "")[:10])


def newspaper4k(html: bytes, url: str | None) -> Answer:
    """Read a page with newspaper4k."""
    import newspaper

    # It would fetch the page's images.
    article = newspaper.Article(url or _canonical(html) or "https://www.example.com/page", fetch_images=False)
    article.download(input_html=html.decode("utf-8", "replace"))
    article.parse()
    return Answer(article.title or "", article.authors, str(article.publish_date or "")[:10])


def _canonical(html: bytes) -> str | None:
    # Gold without an address: every reader is given the one that the page names.
    link = re.search(rb"<link[^>]+rel=.?canonical[^>]*>", html)
    address = re.search(rb"href=[\"']?(https?://[^\"'\s>]+)", link[0]) if link else None
    return address[1].decode("ascii", "ignore") if address else None


@dataclass
class Score:
    """The sums of one reader over one set."""

    right: defaultdict[str, float]
    known: defaultdict[str, int]
    seconds: float = 0.0
    pages: int = 0

    def add(self, gold: dict[str, Any], answer: Answer) -> Iterator[tuple[str, Any, Any]]:
        """Add a page; yield what was missed as the fact's name, the gold, the answer."""
        authors = gold.get("author") or []
        authors = [authors] if isinstance(authors, str) else authors
        wanted, found = {normal(name) for name in authors}, {normal(name) for name in answer.authors}
        both = len(wanted | found) and 2 * len(wanted & found) / (len(wanted) + len(found))
        facts = (
            ("title", gold.get("title"), answer.title, normal(gold.get("title") or "") == normal(answer.title)),
            ("day", (gold.get("published") or "")[:10], answer.day, (gold.get("published") or "")[:10] == answer.day),
            ("authors", authors, answer.authors, both),
        )
        for name, want, found_, right in facts:
            if want:
                self.known[name] += 1
                self.right[name] += right
                if right < 1:
                    yield name, want, found_


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--sets", nargs="+", default=["fundus", "wcxb"], metavar="SET")
    parser.add_argument(
        "--misses",
        choices=("title", "day", "authors"),
        help="print what this project misses of a fact, and leave out the peers",
    )
    options = parser.parse_args()
    console = Console()
    readers: dict[str, Reader] = {"broadsheet": broadsheet}
    peers: dict[str, Reader] = {} if options.misses else {"trafilatura": trafilatura, "newspaper4k": newspaper4k}
    for peer, read in peers.items():
        try:
            readers[f"{peer} {version(peer)}"] = read
        except PackageNotFoundError:
            console.print(f"{peer} is not installed and left out", style="dim")
    table = Table("set", "pages", "reader", "title", "day", "authors F1", "ms a page", box=None)
    for name in options.sets:
        golds = [json.loads(line) for line in (options.corpus / f"gold/{name}.jsonl").open(encoding="utf-8")]
        scores = {reader: Score(defaultdict(float), defaultdict(int)) for reader in readers}
        for gold in track(golds, name, console=console, transient=True):
            html = gzip.decompress((options.corpus / f"pages/{gold['page']}.html.gz").read_bytes())
            for reader, read in readers.items():
                begin = time.perf_counter()
                try:
                    answer = read(html, gold.get("url"))
                except Exception as error:
                    console.print(f"{reader} failed on {gold['page']}: {error!r}", style="red", markup=False)
                    answer = Answer("", [], "")
                scores[reader].seconds += time.perf_counter() - begin
                for fact, want, found in scores[reader].add(gold, answer):
                    if read is broadsheet and fact == options.misses:
                        console.print(f"{gold['page']}\n  gold {want!r}\n  read {found!r}", markup=False)
        for reader, score in scores.items():
            figures = [f"{score.right[fact] / score.known[fact]:.3f}" for fact in ("title", "day", "authors")]
            table.add_row(name, str(len(golds)), reader, *figures, f"{1000 * score.seconds / len(golds):.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
