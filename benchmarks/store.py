"""The store at size: how fast it writes, how fast it answers, and how many bytes an article takes.

    python -m benchmarks.store                      # 200,000 articles; takes a while, and 3 GB of disk
    python -m benchmarks.store --documents 20000

The articles are made of the project's own labelled pages: their blocks, labels and languages, with the words of the
stories shuffled a few at a time, so that no story is like another and words are as common as in the pages.
Everything happens in a server of its own in a temporary folder.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient, WriteConcern
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from classifier import LABELS
from classifier.blocks import cut
from classifier.labelled import read_labelled_files
from crawler.items import Article, BlockRecord, Fetch
from crawler.store import Group, Order, Position, Record, Selection, Store
from crawler.store.schema import BY_WORDS, INDEXES, SCHEMAS, SEARCHABLE
from crawler.store.server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

PAGES = Path(__file__).parents[1] / "training_data" / "pages"
BATCH = 200  # articles a bulk write
COMPARED = 4_000  # articles that are also written by a bare insert_many
INDEXED = 600  # articles whose words are indexed as they are after a crawl
ROUNDS = 200  # times that each question is asked
PAGE = 50
YEARS = 5
START = datetime(2021, 1, 1, tzinfo=UTC)
SECTIONS = ("business", "culture", "politics", "science", "sport", "world")


class Press:
    """Makes articles without end, the same ones for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._pages: list[tuple[str, list[BlockRecord]]] = []
        self.words: dict[str, list[str]] = {}
        for page in read_labelled_files(PAGES):
            language = Path(page.name).parent.name
            found = cut(page.root)
            tree = page.root.getroottree()
            paths = [tree.getpath(found.elements[owner]) for owner in found.owners]
            rows = zip(page.labels, found.texts, paths, strict=True)
            blocks = [BlockRecord(label if label in LABELS else "other", *row, 0.9) for label, *row in rows]
            self._pages.append((language, blocks))
            stories = (block.text for block in blocks if block.label == "article")
            self.words.setdefault(language, []).extend(word for story in stories for word in story.split())

    def articles(self) -> Iterator[Article]:
        """Make articles."""
        number = 0
        while True:
            language, blocks = self._random.choice(self._pages)
            if self.words[language]:
                yield self._article(number, language, blocks)
                number += 1

    def _article(self, number: int, language: str, page: list[BlockRecord]) -> Article:
        rng = self._random
        blocks = [
            BlockRecord(block.label, self._shuffled(language, block.text), block.xpath, round(rng.uniform(0.4, 1), 4))
            if block.label == "article"
            else block
            for block in page
        ]
        # A few publishers bring out most articles, as in life.
        publisher = min(int(rng.paretovariate(0.7)), 180)
        published = START + timedelta(seconds=rng.randrange(YEARS * 365 * 86400))
        url = f"https://www.publisher-{publisher}.example/{published:%Y/%m/%d}/{number}-story.html"
        text = "\n\n".join(block.text for block in blocks if block.label == "article")
        return Article(
            url=url,
            canonical_url=url,
            publisher=f"publisher-{publisher}",
            html=b"",
            crawl=Fetch("job", f"publisher-{publisher}", published + timedelta(hours=1), 200, f'"{number}"'),
            title=self._shuffled(language, "x " * 9),
            authors=[f"Author {publisher}-{rng.randrange(30)}"],
            published_at=published if rng.random() < 0.95 else None,
            language=language,
            section=rng.choice(SECTIONS),
            tags=rng.sample(SECTIONS, 2),
            text=text,
            blocks=blocks,
            counts={label: sum(block.label == label for block in blocks) for label in LABELS},
            confidence=rng.betavariate(20, 2),
            access=rng.choices(("free", "unknown", "metered", "paywalled"), (60, 30, 5, 5))[0],
            duplicate_of="https://agency.example/story" if rng.random() < 0.05 else None,
            content_hash=hashlib.md5(url.encode(), usedforsecurity=False).hexdigest(),
            simhash=f"{rng.getrandbits(64):016x}",
            classifier={"version": rng.choice(("1", "2"))},
        )

    def _shuffled(self, language: str, like: str) -> str:
        """As many words as another text has, taken two to six at a time from the stories of a language."""
        words, wanted = self.words[language], len(like.split())
        taken: list[str] = []
        while len(taken) < wanted:
            at = self._random.randrange(len(words))
            taken += words[at : at + self._random.randint(2, 6)]
        return " ".join(taken[:wanted])


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=200_000, help="how many articles (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to make the temporary folder")
    options = parser.parse_args()
    console = Console(width=110, highlight=False)
    press = Press(options.seed)
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        EmbeddedServer(Path(folder)) as server,
        Store.open(server.uri) as store,
        MongoClient[dict[str, Any]](server.uri, tz_aware=True) as client,
    ):
        database = client.get_database("broadsheet", write_concern=WriteConcern(w="majority", j=True))
        articles = press.articles()
        compared = [
            Record.of(article, keep_page=False) for article in islice(articles, min(COMPARED, options.documents))
        ]
        console.print(_writing(store, database, compared))
        _load(store, articles, options.documents - len(compared))
        console.print(_word_indexing(store, database))
        console.print(_reading(store, press, random.Random(options.seed)))
        console.print(_sizes(database))


def _writing(store: Store, database: Database[dict[str, Any]], records: list[Record]) -> Table:
    """Write the same documents by the store and by insert_many, in turns, so that both meet the same machine."""
    bare, alike = database["bare"], database["alike"]
    database.create_collection("alike", validator={"$jsonSchema": SCHEMAS["articles"]})
    alike.create_indexes(INDEXES["articles"])
    plain = [dict(record.article) for record in records], [dict(record.article) for record in records]
    seconds: dict[str, float] = dict.fromkeys(("bare", "alike", "new", "unchanged", "changed"), 0.0)

    def timed(name: str, work: Callable[[], object]) -> None:
        begun = time.perf_counter()
        work()
        seconds[name] += time.perf_counter() - begun

    for at in range(0, len(records), BATCH):
        part = slice(at, at + BATCH)
        timed("bare", lambda part=part: bare.insert_many(plain[0][part]))
        timed("alike", lambda part=part: alike.insert_many(plain[1][part]))
        timed("new", lambda part=part: store.write_records(records[part]))
    later = {"crawl": {**records[0].article["crawl"], "job": "job-2", "fetched_at": datetime(2030, 1, 1, tzinfo=UTC)}}
    same = [Record(record.article | later, None) for record in records]
    new = [Record(record.article | later | {"content_hash": f"{at}"}, None) for at, record in enumerate(records)]
    for at in range(0, len(records), BATCH):
        part = slice(at, at + BATCH)
        timed("unchanged", lambda part=part: store.write_records(same[part]))
        timed("changed", lambda part=part: store.write_records(new[part]))
    for name in ("bare", "alike"):
        database.drop_collection(name)
    table = Table(title=f"Writing {len(records):,} articles", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("", "articles/s", "of a bare insert_many", "of one with its indexes"):
        table.add_column(name, justify="right" if name else "left")
    names = {
        "bare": "insert_many, no index, no validator",
        "alike": "insert_many, the same indexes and validator",
        "new": "the store, new articles",
        "unchanged": "the store, unchanged articles",
        "changed": "the store, changed articles",
    }
    for name, title in names.items():
        ratios = (f"{seconds[other] / seconds[name]:.2f}" for other in ("bare", "alike"))
        table.add_row(title, f"{len(records) / seconds[name]:,.0f}", *ratios)
    return table


def _load(store: Store, articles: Iterator[Article], count: int) -> None:
    for at in track(range(0, count, BATCH), "Loading the rest", console=Console(stderr=True)):
        size = min(BATCH, count - at)
        store.write_records([Record.of(article, keep_page=False) for article in islice(articles, size)])


def _word_indexing(store: Store, database: Database[dict[str, Any]]) -> str:
    """Index the words of some articles as after a crawl, and of the rest all at once."""
    begun, done = time.perf_counter(), 0
    for indexed in store.index_words():
        done += indexed
        if done >= INDEXED:
            break
    rate = done / (time.perf_counter() - begun)
    articles = database["articles"]
    articles.drop_index(BY_WORDS)
    articles.update_many({"searchable": False}, {"$set": SEARCHABLE})
    begun = time.perf_counter()
    articles.create_indexes([index for index in INDEXES["articles"] if index.document["name"] == BY_WORDS])
    built = articles.estimated_document_count() / (time.perf_counter() - begun)
    return f"Indexing words: {rate:,.0f} articles/s after a crawl, {built:,.0f}/s when the index is built anew\n"


def _reading(store: Store, press: Press, rng: random.Random) -> Table:
    """Ask each question many times, each time for something else."""
    words = sorted(set(press.words["en"]), key=press.words["en"].count)
    rare, common = words[: len(words) // 2], words[-20:]
    pages = list(store.find(limit=5000))
    deep = Position.parse(f"{(START + timedelta(days=900)).isoformat()}/{'0' * 24}", Order.NEWEST)

    def publisher() -> str:
        return f"publisher-{min(int(rng.paretovariate(0.7)), 180)}"

    def day() -> datetime:
        return START + timedelta(days=rng.randrange(YEARS * 365 - 30))

    def page(order: Order = Order.NEWEST, after: Position | None = None, **filters: Any) -> int:
        return len(list(store.find(Selection(**filters), order=order, after=after, limit=PAGE)))

    def week() -> dict[str, Any]:
        return {"since": (since := day()), "until": since + timedelta(days=7)}

    def sure() -> float:
        return rng.uniform(0.6, 0.9)

    questions: dict[str, Callable[[], object]] = {
        "the newest": lambda: page(),
        "the page after 100,000 others": lambda: page(after=deep),
        "of a publisher": lambda: page(publisher=publisher()),
        "of a week": lambda: page(**week()),
        "of a publisher and a week": lambda: page(publisher=publisher(), **week()),
        "in a language": lambda: page(language=rng.choice(list(press.words))),
        "in a language, of a week": lambda: page(language=rng.choice(list(press.words)), **week()),
        "of a section": lambda: page(section=rng.choice(SECTIONS)),
        "of a publisher and a section": lambda: page(publisher=publisher(), section=rng.choice(SECTIONS)),
        "by an author": lambda: page(author=f"Author {rng.randrange(1, 180)}-{rng.randrange(30)}"),
        "with a disclaimer": lambda: page(labels=("disclaimer",), until=day()),
        "with an ad, of a publisher": lambda: page(labels=("ad",), publisher=publisher()),
        "paywalled": lambda: page(access="paywalled", until=day()),
        "duplicates": lambda: page(duplicates=True, until=day()),
        "without duplicates and reserved ones": lambda: page(duplicates=False, reserved=False, until=day()),
        "of an older model": lambda: page(not_model="2", until=day()),
        "least confident": lambda: page(Order.LEAST_CONFIDENT, confidence_below=sure()),
        "least confident, of a publisher": lambda: page(
            Order.LEAST_CONFIDENT, confidence_below=sure(), publisher=publisher()
        ),
        "with a rare word": lambda: page(text=rng.choice(rare)),
        "with a rare word, of a publisher": lambda: page(text=rng.choice(rare), publisher=publisher()),
        "with two rare words": lambda: page(text=" ".join(rng.sample(rare, 2))),
        "with one of the 20 commonest words": lambda: page(text=rng.choice(common)),
        "one article by its address": lambda: store.get(rng.choice(pages).canonical_url),
        "validators of 100 addresses": lambda: store.validators([rng.choice(pages).url for _ in range(100)]),
        "count of a publisher": lambda: store.count(Selection(publisher=publisher())),
        "count by publisher": lambda: store.count_by(Group.PUBLISHER),
    }
    table = Table(title=f"Pages of {PAGE} of {store.count():,} articles", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("question")
    for name in ("articles found (mean)", "p50 ms", "p95 ms"):
        table.add_column(name, justify="right")
    for title, ask in track(questions.items(), "Asking", console=Console(stderr=True)):
        rounds = 10 if title == "count by publisher" or "commonest" in title else ROUNDS
        taken, found = [], []
        for _ in range(rounds):
            begun = time.perf_counter()
            answer = ask()
            taken.append((time.perf_counter() - begun) * 1000)
            found.append(answer if isinstance(answer, int) else 1)
        cuts = statistics.quantiles(taken, n=20, method="inclusive")
        mean = f"{statistics.mean(found):,.0f}" if isinstance(answer, int) else ""
        table.add_row(title, mean, f"{statistics.median(taken):.1f}", f"{cuts[18]:.1f}")
    return table


def _sizes(database: Database[dict[str, Any]]) -> Table:
    stats = database.command("collStats", "articles")
    count = stats["count"]
    table = Table(title="Bytes an article", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("bytes", justify="right")
    table.add_row("as BSON", f"{stats['size'] / count:,.0f}")
    table.add_row("on disk, compressed", f"{stats['storageSize'] / count:,.0f}")
    for name, size in sorted(stats["indexSizes"].items(), key=lambda entry: -entry[1]):
        table.add_row(f"index {name}", f"{size / count:,.0f}")
    table.add_row("all indexes", f"{stats['totalIndexSize'] / count:,.0f}")
    return table


if __name__ == "__main__":
    main()
