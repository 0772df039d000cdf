"""The store at size: how fast it writes, how fast it answers, and how many bytes an article takes.

    python -m benchmarks.store                      # 200,000 articles; takes a while, and 5 GB of disk
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
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient, WriteConcern
from rich import box
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.kills import mongod_of
from classifier import LABELS
from classifier.blocks import cut
from classifier.labelled import read_labelled_files
from crawler.items import Article, BlockRecord, Fetch
from crawler.store import Group, Order, Position, Record, Selection, Store, Visit
from crawler.store.duplicates import bands_of
from crawler.store.schema import BY_WORDS, INDEXES, SEARCHABLE
from crawler.store.server import EmbeddedServer
from crawler.views import COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psutil
    from pymongo.database import Database

PAGES = Path(__file__).parents[1] / "training_data" / "pages"
BATCH = 200  # articles a bulk write
COMPARED = 10  # of so many batches one is also written by a bare insert_many
REWRITTEN = 4_000  # articles that are written again, unchanged and changed
INDEXED = 600  # articles whose words are indexed as they are after a crawl
ROUNDS = 100  # times that each question is asked
PAGE = 50
YEARS = 5
START = datetime(2021, 1, 1, tzinfo=UTC)
SLOW = "count of all by publisher"
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
            simhash=f"{(simhash := rng.getrandbits(64)):016x}",
            simhash_bands=bands_of(simhash),
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
    console = Console(width=120, highlight=False)
    press = Press(options.seed)
    with (
        tempfile.TemporaryDirectory(dir=options.folder) as folder,
        EmbeddedServer(Path(folder)) as server,
        Store.open(server.uri) as store,
        MongoClient[dict[str, Any]](server.uri, tz_aware=True) as client,
    ):
        database = client.get_database("broadsheet", write_concern=WriteConcern(w="majority", j=True))
        mongod = mongod_of(server)
        console.print(_writing(store, database, press, options.documents, Stopwatch(mongod)))
        console.print(_word_indexing(store, database))
        console.print(_reading(store, press, random.Random(options.seed), Stopwatch(mongod)))
        console.print(_sizes(database))


class Stopwatch:
    """Adds up how long each kind of work takes, and for how many articles.

    Attributes:
        seconds: by the clock, by kind.
        processor: seconds of processor time, ours and the server's, which other work on the machine hardly changes.
        articles: their number.

    Args:
        server: the process of the database.
    """

    def __init__(self, server: psutil.Process) -> None:
        self._server = server
        self.seconds: dict[str, float] = defaultdict(float)
        self.processor: dict[str, float] = defaultdict(float)
        self.articles: Counter[str] = Counter()

    def time(self, kind: str, articles: int, work: Callable[[], object]) -> None:
        """Do some work."""
        begun, used = time.perf_counter(), self.used()
        work()
        self.seconds[kind] += time.perf_counter() - begun
        self.processor[kind] += self.used() - used
        self.articles[kind] += articles

    def used(self) -> float:
        """Seconds of processor time that we and the server took until now."""
        times = self._server.cpu_times()
        return time.process_time() + float(times.user) + float(times.system)


def _write(store: Store, records: list[Record]) -> None:
    """Write articles; as in a crawl and as by `insert_many`, each is encoded once on the way."""
    store.write_records([Record(record.article, record.page) for record in records])


def _writing(store: Store, database: Database[dict[str, Any]], press: Press, count: int, watch: Stopwatch) -> Table:
    """Write all articles, and some batches also by insert_many, in turns, so that both meet the same machine."""
    articles = press.articles()
    records: list[Record] = []
    for number, at in enumerate(track(range(0, count, BATCH), "Writing", console=Console(stderr=True))):
        batch = [Record.of(article, keep_page=False) for article in islice(articles, min(BATCH, count - at))]
        records = [*records, *batch][-REWRITTEN:]
        write = partial(_write, store, batch)
        if number % COMPARED:
            watch.time("all", len(batch), write)
            continue
        part = "last" if at >= 0.9 * count else "first"
        insert = partial(database["bare"].insert_many, [dict(record.article) for record in batch])
        turns: list[tuple[str, Callable[[], object]]] = [(f"bare {part}", insert), (f"new {part}", write)]
        for kind, work in turns if number // COMPARED % 2 else reversed(turns):
            watch.time(kind, len(batch), work)
    later = {"crawl": {**records[0].article["crawl"], "job": "job-2", "fetched_at": datetime(2030, 1, 1, tzinfo=UTC)}}
    for at in range(0, len(records), BATCH):
        batch = records[at : at + BATCH]
        same = [Record(record.article | later, None) for record in batch]
        new = [replace(record, article=record.article | {"content_hash": "new"}) for record in same]
        watch.time("unchanged", len(batch), partial(_write, store, same))
        watch.time("changed", len(batch), partial(_write, store, new))
    database.drop_collection("bare")
    for kind in ("new first", "new last"):
        watch.seconds["all"] += watch.seconds[kind]
        watch.processor["all"] += watch.processor[kind]
        watch.articles["all"] += watch.articles[kind]
    return _rates(watch)


def _rates(watch: Stopwatch) -> Table:
    """Tell the rates, and those of insert_many for the same articles."""
    table = Table(title="Writing", title_justify="left", box=box.SIMPLE_HEAD)
    for name in ("", "articles", "articles/s", "of insert_many", "processor µs each", "of insert_many's"):
        table.add_column(name, justify="right" if name else "left")
    names = {
        "all": "the store, all articles, new",
        "new first": "  compared, in the first nine tenths",
        "new last": "  compared, in the last tenth",
        "unchanged": "the store, unchanged, at the end",
        "changed": "the store, changed, at the end",
        "bare first": "bare insert_many, first nine tenths",
        "bare last": "bare insert_many, last tenth",
    }
    for kind, title in names.items():
        if watch.articles[kind]:
            rate = watch.articles[kind] / watch.seconds[kind]
            each = watch.processor[kind] / watch.articles[kind] * 1e6
            same = kind.replace("new", "bare")
            shares = (f"{figures[same] / figures[kind]:.2f}" for figures in (watch.seconds, watch.processor))
            rates, loads = shares if same != kind else ("", "")
            table.add_row(title, f"{watch.articles[kind]:,}", f"{rate:,.0f}", rates, f"{each:,.0f}", loads)
    return table


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


def _reading(store: Store, press: Press, rng: random.Random, watch: Stopwatch) -> Table:
    """Ask each question many times, each time for something else."""
    counts = Counter(press.words["en"])
    words = [word for word, _ in counts.most_common() if word.isalpha()]
    urls = [article.canonical_url for article in store.summaries(limit=5000)]
    deep = Position.parse(f"{(START + timedelta(days=900)).isoformat()}/{'0' * 24}", Order.NEWEST)

    def publisher() -> str:
        return f"publisher-{min(int(rng.paretovariate(0.7)), 180)}"

    def day() -> datetime:
        return START + timedelta(days=rng.randrange(YEARS * 365 - 30))

    def page(order: Order = Order.NEWEST, after: Position | None = None, **filters: Any) -> int:
        return sum(1 for _ in store.summaries(Selection(**filters), order=order, after=after, limit=PAGE))

    def whole(**filters: Any) -> int:
        return sum(1 for _ in store.find(Selection(**filters), limit=PAGE))

    def count(**filters: Any) -> int:
        return store.count(Selection(**filters), at_most=COUNTED)

    def week() -> dict[str, Any]:
        return {"since": (since := day()), "until": since + timedelta(days=7)}

    def sure() -> float:
        return rng.uniform(0.6, 0.9)

    def language() -> str:
        return rng.choice(list(press.words))

    def section() -> str:
        return rng.choice(SECTIONS)

    def common() -> str:
        return rng.choice(words[:20])

    def word() -> str:
        return rng.choice(words[100:1000])

    def rare() -> str:
        return rng.choice(words[1000:])

    for url in urls:
        store.visits.note(Visit(url=url, job="job", fetched_at=START, article=url))
    questions: dict[str, Callable[[], object]] = {
        "the newest": lambda: page(),
        "the page after some half of the others": lambda: page(after=deep),
        "of a publisher": lambda: page(publisher=publisher()),
        "of a week": lambda: page(**week()),
        "of a publisher and a week": lambda: page(publisher=publisher(), **week()),
        "in a language": lambda: page(language=language()),
        "in a language, of a week": lambda: page(language=language(), **week()),
        "of a section": lambda: page(section=section()),
        "of a publisher and a section": lambda: page(publisher=publisher(), section=section()),
        "of a publisher, in a language": lambda: page(publisher=publisher(), language=language()),
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
        "with a rare word": lambda: page(text=rare()),
        "with a word": lambda: page(text=word()),
        "with one of the 20 commonest words": lambda: page(text=common()),
        "with two words": lambda: page(text=f"{word()} {word()}"),
        "with a word, of a week": lambda: page(text=word(), **week()),
        "with a word, of a publisher": lambda: page(text=word(), publisher=publisher()),
        "whole articles: of a publisher": lambda: whole(publisher=publisher()),
        "whole articles: in a language, of a week": lambda: whole(language=language(), **week()),
        "whole articles: with a word": lambda: whole(text=word()),
        "one article by its address": lambda: store.get(rng.choice(urls)),
        "the last visit of an address": lambda: store.visits.get(rng.choice(urls)),
        "count, as under a table: of a publisher": lambda: count(publisher=publisher()),
        "count, as under a table: of a publisher and a section": lambda: count(
            publisher=publisher(), section=section()
        ),
        "count, as under a table: with a word": lambda: count(text=word()),
        SLOW: lambda: store.count_by(Group.PUBLISHER),
    }
    table = Table(title=f"Pages of {PAGE} of {store.count():,} articles", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("question")
    for name in ("found (mean)", "p50 ms", "p95 ms", "processor ms (mean)"):
        table.add_column(name, justify="right")
    for title, ask in track(questions.items(), "Asking", console=Console(stderr=True)):
        rounds = 10 if title == SLOW else ROUNDS
        used = watch.used()
        taken, found = _ask(ask, rounds)
        processor = (watch.used() - used) / rounds * 1000
        cuts = statistics.quantiles(taken, n=20, method="inclusive")
        mean = f"{statistics.mean(found):,.0f}" if found else ""
        table.add_row(title, mean, f"{statistics.median(taken):.1f}", f"{cuts[18]:.1f}", f"{processor:.1f}")
    return table


def _ask(question: Callable[[], object], rounds: int) -> tuple[list[float], list[int]]:
    """Ask again and again; return the milliseconds that each answer took, and the numbers among the answers."""
    taken: list[float] = []
    found: list[int] = []
    for _ in range(rounds):
        begun = time.perf_counter()
        answer = question()
        taken.append((time.perf_counter() - begun) * 1000)
        if isinstance(answer, int):
            found.append(answer)
    return taken, found


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
