"""What is written is there once, whole, and with what it said before."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import WriteError

from crawler.items import Article, BlockRecord, Fetch, Rights
from crawler.store import Outcome, Record, RefusedError, Store, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    Make = Callable[..., Article]
    Documents = Database[dict[str, Any]]

URL = "https://news.example/harbour"

anything = st.text(st.characters(exclude_categories=[]), max_size=200)
same_store = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def test_a_new_article_is_stored_whole(store: Store, make_article: Make) -> None:
    article = make_article(
        modified_at=datetime(2026, 7, 1, 14, tzinfo=timezone(timedelta(hours=2))),
        rights=Rights(robots_noai=True, licence="CC BY 4.0"),
        tags=["ports"],
        encoding="latin-1",
    )
    assert store.write(article) is Outcome.STORED
    stored = store.get(URL)
    assert stored is not None
    document = asdict(article)
    del document["html"], document["encoding"], document["simhash_bands"]
    for name, value in document.items():
        assert stored.as_dict()[name] == (tuple(value) if isinstance(value, list) else value), name
    assert stored.modified_at is not None
    assert stored.modified_at.utcoffset() == timedelta(0)
    assert (stored.revision, stored.first_seen_at) == (1, article.crawl.fetched_at)
    page = store.page(stored.page)
    assert page is not None
    assert (page.html, page.encoding, page.url) == (article.html, "latin-1", URL)


def test_the_same_article_again_costs_one_update_and_doubles_nothing(
    store: Store, database: Documents, make_article: Make
) -> None:
    store.write(make_article())
    before = database["articles"].find_one()
    later = Fetch("job-2", "news", datetime(2026, 7, 3, tzinfo=UTC), 200, '"newer"')
    database.command("profile", 2)
    assert store.write(make_article(crawl=later, html=b"another ad", title="Not looked at")) is Outcome.UNCHANGED
    database.command("profile", 0)
    writes = {"op": {"$in": ["insert", "update", "remove"]}, "ns": {"$ne": f"{database.name}.system.profile"}}
    (update,) = database["system.profile"].find(writes)
    assert set(update["command"]["u"]["$set"]) == {"url", "crawl", "updated_at"}
    (after,) = database["articles"].find()
    assert after["crawl"] == asdict(later)
    assert before is not None
    assert {name for name in after if after[name] != before[name]} == {"crawl", "updated_at"}
    assert database["pages"].count_documents({}) == 1


def test_a_changed_article_keeps_what_it_said(store: Store, database: Documents, make_article: Make) -> None:
    first = make_article()
    store.write(first)
    changed = make_article(content_hash="bb", text="Ships came in.", html=b"<p>Ships came in.")
    changed.crawl = replace(changed.crawl, fetched_at=datetime(2026, 7, 5, tzinfo=UTC))
    assert store.write(changed) is Outcome.CHANGED
    stored = store.get(URL)
    assert stored is not None
    assert (stored.text, stored.revision) == ("Ships came in.", 2)
    assert stored.first_seen_at == first.crawl.fetched_at
    (old,) = database["revisions"].find()
    assert (old["canonical_url"], old["revision"], old["text"]) == (URL, 1, first.text)
    for digest, html in ((stored.page, changed.html), (old["page"], first.html)):
        page = store.page(digest)
        assert page is not None
        assert page.html == html
    # back to what it said: a revision like any other
    again = replace(first, crawl=replace(first.crawl, fetched_at=datetime(2026, 7, 6, tzinfo=UTC)))
    assert store.write(again) is Outcome.CHANGED
    assert database["revisions"].count_documents({}) == 2


def test_an_older_fetch_never_replaces_a_newer(store: Store, database: Documents, make_article: Make) -> None:
    store.write(make_article())
    late = Fetch("job-0", "news", datetime(2026, 6, 30, tzinfo=UTC), 200, '"older"')
    for content_hash in ("aa", "older"):
        assert store.write(make_article(crawl=late, content_hash=content_hash)) is Outcome.UNCHANGED
    stored = store.get(URL)
    assert stored is not None
    assert (stored.content_hash, stored.crawl.job) == ("aa", "job-1")
    assert database["revisions"].count_documents({}) == 0


def test_a_change_cut_short_is_made_good_by_the_next_write(
    store: Store, database: Documents, make_article: Make
) -> None:
    store.write(make_article())
    copied = database["articles"].find_one({}, {"_id": False})
    assert copied is not None
    database["revisions"].insert_one({**copied, "replaced_at": datetime.now(UTC)})  # and then it was killed
    assert store.write(make_article(content_hash="bb")) is Outcome.CHANGED
    assert [entry["revision"] for entry in database["revisions"].find()] == [1]


def test_writers_at_once_make_one_document_and_lose_no_revision(
    mongo_uri: str, store: Store, database: Documents, make_article: Make
) -> None:
    hashes = [f"{number:02x}" for number in range(40)]
    with Store.open(mongo_uri, database.name) as other, ThreadPoolExecutor(8) as pool:
        writers = [store.write, other.write] * 20
        outcomes = list(pool.map(lambda write, h: write(make_article(content_hash=h)), writers, hashes))
    assert sorted(outcomes) == sorted([Outcome.STORED, *[Outcome.CHANGED] * 39])
    (article,) = database["articles"].find()
    revisions = list(database["revisions"].find().sort("revision"))
    assert [entry["revision"] for entry in revisions] == list(range(1, 40))
    assert article["revision"] == 40
    assert sorted(entry["content_hash"] for entry in [article, *revisions]) == hashes


def test_the_same_fetch_from_writers_at_once_is_stored_once(
    store: Store, database: Documents, make_article: Make
) -> None:
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(store.write, [make_article() for _ in range(16)]))
    # Each is told what became of it, as is one whose first acknowledgement was lost.
    assert outcomes == [Outcome.STORED] * 16
    assert database["articles"].count_documents({}) == database["pages"].count_documents({}) == 1


def test_a_batch_holds_everything_at_once(store: Store, database: Documents, make_article: Make) -> None:
    def record(number: int, day: int = 3, **fields: Any) -> Record:
        fetch = Fetch("job-2", "news", datetime(2026, 7, day, tzinfo=UTC), 200)
        html = b"page %d" % number
        return Record.of(make_article(url=f"https://news.example/{number}", crawl=fetch, html=html, **fields))

    store.write_records([record(number, day=2) for number in range(4)])
    results = store.write_records(
        [
            record(0),
            record(1, content_hash="bb"),
            record(4),
            record(5, confidence=7.0),
            record(6, publisher=""),
            record(1, day=4, content_hash="cc"),
            record(4, day=4),
            record(2, day=1, content_hash="older"),
            record(3, content_hash="dd", access="sometimes"),
        ]
    )
    refused = [str(result) for result in results if isinstance(result, RefusedError)]
    assert [result for result in results if isinstance(result, Outcome)] == [
        Outcome.UNCHANGED,
        Outcome.CHANGED,
        Outcome.STORED,
        Outcome.CHANGED,
        Outcome.UNCHANGED,
        Outcome.UNCHANGED,
    ]
    for words, message in zip((("/5", "confidence"), ("/6", "publisher"), ("/3", "access")), refused, strict=True):
        assert all(word in message for word in words)
    kept = {document["url"][-1]: document["content_hash"] for document in database["articles"].find()}
    assert kept == {"0": "aa", "1": "cc", "2": "aa", "3": "aa", "4": "aa"}
    assert [old["content_hash"] for old in database["revisions"].find({"url": {"$regex": "/1$"}}).sort("revision")] == [
        "aa",
        "bb",
    ]
    for document in database["articles"].find():
        assert database["pages"].find_one({"_id": document["page"]})


def test_batches_at_once_lose_no_revision(
    mongo_uri: str, store: Store, database: Documents, make_article: Make
) -> None:
    urls = [f"https://news.example/{number}" for number in range(6)]
    batches = [
        [Record.of(make_article(url=url, content_hash=f"{turn:02x}", html=b"%d" % turn)) for url in urls]
        for turn in range(16)
    ]
    with Store.open(mongo_uri, database.name) as other, ThreadPoolExecutor(8) as pool:
        writers = [store.write_records, other.write_records] * 8
        results = list(pool.map(lambda write, batch: write(batch), writers, batches))
    flat = [result for batch in results for result in batch]
    assert sorted(map(str, flat)) == sorted(["stored"] * 6 + ["changed"] * 90)
    for url in urls:
        revisions = list(database["revisions"].find({"url": url}).sort("revision"))
        assert [entry["revision"] for entry in revisions] == list(range(1, 16))
        article = database["articles"].find_one({"url": url})
        assert article is not None
        assert sorted(int(entry["content_hash"], 16) for entry in [article, *revisions]) == list(range(16))


def test_identical_pages_are_kept_once(store: Store, database: Documents, make_article: Make) -> None:
    store.write(make_article())
    store.write(make_article(url="https://news.example/harbour-again"))
    assert database["articles"].count_documents({}) == 2
    assert database["pages"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"canonical_url": ""}, "canonical_url"),
        ({"publisher": ""}, "publisher"),
        ({"confidence": 1.5}, "confidence"),
        ({"access": "sometimes"}, "access"),
        ({"blocks": [BlockRecord("story", "text", "/p", 0.5)]}, "blocks"),
        ({"blocks": [BlockRecord("ad", "text", "/p", 1.5)]}, "blocks"),
        ({"counts": {"story": 1}}, "counts"),
        ({"content_hash": ""}, "content_hash"),
    ],
)
def test_the_schema_refuses_a_bad_article_and_names_the_field(
    store: Store, database: Documents, make_article: Make, fields: dict[str, Any], fault: str
) -> None:
    with pytest.raises(RefusedError) as raised:
        store.write(make_article(**fields))
    assert fault in str(raised.value)
    assert URL in str(raised.value)
    assert "\n" not in str(raised.value)
    assert database["articles"].count_documents({}) == 0


def test_no_other_program_can_write_a_bad_article_either(store: Store, database: Documents, make_article: Make) -> None:
    store.write(make_article())
    changes: list[dict[str, Any]] = [{"note": "mine"}, {"revision": "two"}, {"published_at": "yesterday"}]
    changes += [{"blocks": ["ad"]}, {"blocks": [{"label": "ad", "text": "Buy."}]}, {"blocks.0.note": "mine"}]
    for change in changes:
        with pytest.raises(WriteError, match="failed validation"):
            database["articles"].update_one({}, {"$set": change})


def test_an_article_beyond_mongodb_is_refused_and_the_store_goes_on(store: Store, make_article: Make) -> None:
    with pytest.raises(RefusedError, match=r"harbour cannot be stored: .* 15 MB is the most"):
        store.write(make_article(text="x" * 16_000_000))
    assert store.write(make_article(text="x" * 8_000_000)) is Outcome.STORED


def test_a_deeply_nested_value_is_refused(store: Store, make_article: Make) -> None:
    nested: dict[str, Any] = {}
    for _ in range(500):
        nested = {"deeper": nested}
    with pytest.raises(RefusedError, match="deep"):
        store.write(make_article(classifier=nested))


@same_store
@given(title=anything, tags=st.lists(anything, max_size=3), text=anything)
def test_any_text_comes_back_as_valid_text(
    store: Store, make_article: Make, title: str, tags: list[str], text: str
) -> None:
    blocks = [BlockRecord("article", text, "/p", 1.0)]
    store.write(make_article(title=title, tags=tags, blocks=blocks, content_hash=ascii((title, tags, text))))
    stored = store.get(URL)
    assert stored is not None
    given_texts = [title, *tags, text]
    for before, after in zip(given_texts, [stored.title, *stored.tags, stored.blocks[0].text], strict=True):
        assert after is not None
        after.encode()
        assert "\0" not in after
        if "\0" not in before and not any("\ud800" <= sign <= "\udfff" for sign in before):
            assert after == before


@same_store
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | anything | st.binary() | st.datetimes(),
        lambda values: st.lists(values, max_size=3) | st.dictionaries(anything, values, max_size=3),
        max_leaves=8,
    )
)
def test_any_figures_of_a_crawl_can_be_recorded(store: Store, database: Documents, figures: Any) -> None:
    store.record_crawl({"job": "job-1", "figures": figures})
    recorded = database["crawls"].find_one({"job": "job-1"})
    assert recorded is not None
    assert "figures" in recorded


def test_keys_lose_their_dots_and_dollars(store: Store, database: Documents) -> None:
    store.record_crawl({"exceptions/twisted.internet.error": 2, "$set": {"a.b": 1, "$gt": ""}, "big": 2**70})
    recorded = database["crawls"].find_one({}, {"_id": False})
    assert recorded is not None
    assert isinstance(recorded.pop("recorded_at"), datetime)
    assert recorded == {
        "exceptions/twisted．internet．error": 2,
        "＄set": {"a．b": 1, "＄gt": ""},
        "big": str(2**70),
    }


def test_a_date_outside_the_calendar_becomes_none(store: Store, make_article: Make) -> None:
    east = timezone(timedelta(hours=14))
    store.write(make_article(published_at=datetime(1, 1, 1, tzinfo=east)))
    stored = store.get(URL)
    assert stored is not None
    assert stored.published_at is None


def test_a_304_is_noted_under_either_address(store: Store, make_article: Make) -> None:
    store.write(make_article(url="https://news.example/h?print=1", canonical_url=URL))
    for number, address in enumerate((URL, "https://news.example/h?print=1"), start=3):
        visit = Fetch("job-2", "news", datetime(2026, 7, number, tzinfo=UTC), 304)
        assert store.touch(address, visit) is True
        stored = store.get(URL)
        assert stored is not None
        assert stored.crawl == replace(visit, etag='"tag"')
    assert store.touch("https://news.example/other", visit) is False


def test_an_index_of_somebody_elses_that_refuses_an_article_is_said_so(
    store: Store, database: Documents, make_article: Make
) -> None:
    database["articles"].create_index("title", unique=True, name="theirs")
    store.write(make_article())
    with pytest.raises(UnavailableError, match="index on the collection articles that the store did not make"):
        store.write(make_article(url="https://news.example/another"))
