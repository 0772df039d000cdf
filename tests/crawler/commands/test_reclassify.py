"""`scrapy reclassify`: the archive read again, article by article, by the model of today."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from crawler import rereading
from crawler.commands import reclassify as command_module
from crawler.items import Article, Fetch, content_hash_of
from crawler.reading import read_page
from crawler.store import Selection, Store, StoreError
from crawler.store.archive import Archive

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    Make = Callable[..., Article]
    Run = Callable[..., tuple[int, str, str]]

STORY = "The harbour reopened on Monday after divers had cleared the wreck, the port authority said. " * 4


def page(name: str) -> bytes:
    paragraphs = "".join(f"<p>Part {number} of {name}. {STORY}</p>" for number in range(4))
    return f"<html><body><article><h1>Harbour {name}</h1>{paragraphs}</article></body></html>".encode()


OTHER_PAGE = (
    "<html><body><article><h1>Rain stops play</h1>"
    + "".join(
        f"<p>The match of day {day} was called off at the ground in Northfield, where the captain of the visitors said "
        f"that {day} more hours of rain had left the pitch under water and the crowd without tickets to claim.</p>"
        for day in ("one", "two", "three", "four")
    )
    + "</article></body></html>"
).encode()


@pytest.fixture
def database(emptied: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied


class Here:
    """Reads pages in this process, where a worker would first have to load the model."""

    def __init__(self, *args: object) -> None:
        pass

    async def run(self, function: Callable[..., Any], *args: object) -> Any:
        return function(*args)

    async def close(self) -> None:
        pass


@pytest.fixture
def reclassify(command: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(command_module, "Workers", Here)
    return partial(command, "reclassify")


@pytest.fixture
def make(make_article: Make) -> Make:
    """Makes an article whose page an older model read otherwise."""

    def make(name: str, **fields: Any) -> Article:
        html = page(name)
        reading = read_page(html, "https://news.example/")
        assert reading
        blocks = [*reading.blocks]
        (*_, last) = (block for block in blocks if block.label == "article")
        last.label = "ad"
        text = "\n\n".join(block.text for block in blocks if block.label == "article")
        standard = {
            "url": f"https://news.example/{name}",
            "html": html,
            "blocks": blocks,
            "text": text,
            "content_hash": content_hash_of("Harbour reopens", text),
            "classifier": {"version": "old"},
        }
        return make_article(**standard | fields)

    return make


def test_labels_and_texts_become_the_current_models(
    store: Store, make: Make, reclassify: Run, database: Database[dict[str, Any]]
) -> None:
    store.write(make("a"))
    list(store.index_words())
    reading = read_page(page("a"), "https://news.example/a")
    assert reading
    status, out, err = reclassify()
    assert (status, err) == (0, "")
    assert f"1 articles read again with model {reading.version}\n  1 with other labels, 1 with another text" in out
    assert ["ad", "article", "1"] in [line.split() for line in out.splitlines()]
    article = store.get("https://news.example/a")
    assert article
    assert (article.text, list(article.blocks)) == (reading.text, reading.blocks)
    assert (article.confidence, article.classifier) == (reading.confidence, {"version": reading.version})
    assert article.counts["article"] == sum(block.label == "article" for block in reading.blocks)
    assert (article.title, article.revision) == ("Harbour reopens", 2)
    before = database["revisions"].find_one()
    assert before
    assert before["text"] not in ("", reading.text)
    # The new text is to be indexed anew, and a crawl that finds the page as it was finds the article unchanged.
    assert store.count(Selection(text="harbour")) == 0
    assert article.content_hash == content_hash_of(article.title, reading.text)


def test_what_is_nearly_the_same_now_is_linked_and_what_is_no_longer_is_not(
    store: Store, make: Make, reclassify: Run
) -> None:
    first = "https://news.example/a"
    store.write(make("a", simhash=""))
    store.write(make("b", simhash="", published_at=datetime(2026, 7, 3, tzinfo=UTC)))
    store.write(make("c", html=OTHER_PAGE, published_at=datetime(2026, 7, 3, tzinfo=UTC), duplicate_of=first))
    assert reclassify()[0] == 0
    links = {article.url.rpartition("/")[2]: article.duplicate_of for article in store.summaries()}
    assert links == {"a": None, "b": first, "c": None}


def test_where_only_labels_change_there_is_no_revision(store: Store, make: Make, reclassify: Run) -> None:
    reading = read_page(page("a"), "https://news.example/a")
    assert reading
    store.write(make("a", text=reading.text, content_hash=content_hash_of("Harbour reopens", reading.text)))
    assert "1 with other labels, 0 with another text" in reclassify()[1]
    article = store.get("https://news.example/a")
    assert article
    assert (list(article.blocks), article.revision, article.classifier["version"]) == (
        reading.blocks,
        1,
        reading.version,
    )


def test_what_cannot_be_read_again_is_left_alone(store: Store, make: Make, reclassify: Run, database: Any) -> None:
    store.write(make("a", html=b"<p></p>"))
    store.write(make("b"))
    database["pages"].delete_one({"_id": database["articles"].find_one({"url": "https://news.example/b"})["page"]})
    before = list(database["articles"].find())
    status, out, _ = reclassify()
    assert status == 0
    assert "1 articles left alone, raw page not kept" in out
    assert "1 articles left alone, no text found" in out
    assert list(database["articles"].find()) == before


def test_publisher_and_older_than_model(store: Store, make: Make, reclassify: Run) -> None:
    for name in "ab":
        store.write(make(name, publisher=name))
    assert "1 articles read again" in reclassify("--publisher", "a")[1]
    assert "1 articles read again" in reclassify("--older-than-model")[1]
    assert "0 articles read again" in reclassify("--older-than-model")[1]
    assert "2 articles read again" in reclassify()[1]
    assert "no publisher is named c" in reclassify("--publisher", "c")[2]


def test_a_run_that_was_cut_off_goes_on_and_tells_of_the_whole(
    store: Store, make: Make, reclassify: Run, monkeypatch: pytest.MonkeyPatch, database: Any
) -> None:
    monkeypatch.setattr(rereading, "BATCH", 2)
    for name in "abcde":
        store.write(make(name))
    honest, batches = Archive.read, []

    def cut_off(self: Archive, *args: Any) -> Any:
        batches.append(1)
        if len(batches) == 2:
            raise StoreError("out of reach")
        return honest(self, *args)

    monkeypatch.setattr(Archive, "read", cut_off)
    assert reclassify() == (1, "", "scrapy reclassify: out of reach\n")
    status, out, err = reclassify()
    assert (status, err) == (0, "Going on behind 2 articles\n")
    assert "5 articles read again" in out
    assert "5 with other labels, 5 with another text" in out
    assert len(batches) == 2 + 3  # a batch and the cut; two more articles, the last, and none
    assert database["rereadings"].count_documents({}) == 0


def test_an_article_crawled_in_the_meantime_stays_as_the_crawl_left_it(store: Store, make: Make) -> None:
    store.write(make("a"))
    (archived,) = store.archive.read(Selection(), None, 10)
    store.write(
        make("a", text="new", content_hash="new", crawl=Fetch("job-2", "news", datetime(2030, 1, 1, tzinfo=UTC), 200))
    )
    for kind in ({"content_hash": "other"}, {"content_hash": archived.document["content_hash"]}):
        store.archive.rewrite([(archived, {"text": "stale", **kind})])
    article = store.get("https://news.example/a")
    assert article
    assert article.text == "new"


def test_worker_processes_read_the_pages(store: Store, make: Make, command: Run) -> None:
    store.write(make("a"))
    assert "1 articles read again" in command("reclassify", "-s", "CLASSIFY_WORKERS=1")[1]


def test_a_model_that_cannot_be_used_is_said_so(store: Store, make: Make, reclassify: Run, tmp_path: Any) -> None:
    store.write(make("a"))
    status, out, err = reclassify("-s", f"CLASSIFIER_MODEL={tmp_path}/none.skops")
    assert (status, out) == (1, "")
    assert "none.skops" in err
