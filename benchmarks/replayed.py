"""Crawls replayed sites as a user crawls a site without an entry, and scores the stored texts against the gold texts.

    python -m benchmarks.replayed CORPUS --replay REPLAY.PY [--hosts 200] [--parallel 2]

REPLAY.PY is the tool that plays CORPUS as web sites; its classes are served by this process, on the loopback. Each host
is crawled by a ``scrapy crawl site`` of its own, all into one embedded MongoDB. The shipped model has seen the pages of
the public corpora, so these scores tell of the crawl; docs/accuracy.md tells of the model.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

from benchmarks.faults import Crawls, Replay
from benchmarks.scores import score_text, summarise
from classifier.corpora import READERS
from crawler.store.server import EmbeddedServer

if TYPE_CHECKING:
    from benchmarks.scores import TextScore

DATABASE = "replayed"
# As on a scrapyd node: the crawls beside one another use the cores, so that each needs but one worker.
AS_A_JOB = ("-s", "CLASSIFY_WORKERS=1")


def score(client: MongoClient[Any], there: dict[str, str], gold: dict[str, str]) -> list[TextScore]:
    """Score the text that the store holds of each page; pages that it holds nothing of are left out.

    Args:
        client: a client of the store.
        there: the name of the page at each address.
        gold: the gold text of each page.
    """
    database = client[DATABASE]
    articles = {visit["_id"]: visit["article"] for visit in database["visits"].find({"_id": {"$in": [*there]}})}
    texts = {
        article["canonical_url"]: article["text"]
        for article in database["articles"].find({}, {"canonical_url": True, "text": True})
    }
    return [score_text(gold[name], texts[articles[url]]) for url, name in there.items() if articles.get(url) in texts]


def main() -> None:
    """Crawl and print what came of it."""
    assert __doc__
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--replay", type=Path, required=True, metavar="REPLAY.PY")
    parser.add_argument("--hosts", type=int, default=200, help="how many, those with most pages first")
    parser.add_argument("--parallel", type=int, default=2, help="crawls at a time")
    options = parser.parse_args()
    gold = {page.name: page.text for page in READERS["bundle"].read(options.corpus)}
    replay = Replay(options.replay, options.corpus)
    hosts = replay.largest(options.hosts)
    pages = options.corpus / "pages"
    there = {
        url: str(file.relative_to(pages)).removesuffix(".html.gz")
        for host in hosts
        for url, file in replay.pages[host].items()
    }
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, EmbeddedServer(Path(folder)) as server:
        crawls = Crawls(replay, server.uri, Path(folder))
        counts = crawls.all(hosts, DATABASE, options.parallel, *AS_A_JOB)
        with MongoClient[Any](server.uri) as client:
            scores = score(client, there, gold)
    print(f"{len(hosts)} hosts, {len(there)} article pages, {time.monotonic() - begin:.0f} s")
    for reason, count in sorted(counts.items()):
        print(f"  {count:6} {reason}")
    found = summarise(scores)
    print(
        f"{found.pages} pages stored; shingle F1 {found.shingle_f1:.3f} (precision {found.shingle_precision:.3f},"
        f" recall {found.shingle_recall:.3f}), word F1 {found.word_f1:.3f}"
    )


if __name__ == "__main__":
    main()
