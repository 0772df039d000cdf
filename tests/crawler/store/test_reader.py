"""What is asked of the store, and that an index answers it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from bson.codec_options import CodecOptions, DatetimeConversion
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.monitoring import CommandListener

from crawler.items import Article, Fetch, Rights
from crawler.store import Group, Order, Position, PublisherCounts, Record, Selection, SelectionError, Store, windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database
    from pymongo.monitoring import CommandStartedEvent

    Make = Callable[..., Article]
    Documents = Database[dict[str, Any]]

DAY = datetime(2026, 7, 1, tzinfo=UTC)
# MongoDB writes the end of all time as a date that Python does not have.
ANY_DATE = CodecOptions[dict[str, Any]](datetime_conversion=DatetimeConversion.DATETIME_AUTO)
HOSTILE = ["$gt", '{"$gt": ""}', "$where", "{}", "news\0", "\udcff", ".*"]


def address(name: str) -> str:
    return f"https://news.example/{name}"


@pytest.fixture
def database(emptied: Documents) -> Documents:
    return emptied


@pytest.fixture
def filled(store: Store, make_article: Make) -> Store:
    """Three articles of `news` on three days, one of them without a date, and one of `wire`."""
    seen = {"old": 5, "new": 4, "undated": 6, "wire": 1}
    published = {"old": DAY, "new": DAY + timedelta(days=2), "undated": None, "wire": DAY + timedelta(days=1)}
    for name, date in published.items():
        crawl = Fetch("job-1", "news", DAY + timedelta(days=seen[name]), 200, f'"{name}"', "Wed, 01 Jul 2026")
        publisher = "wire" if name == "wire" else "news"
        store.write(make_article(url=address(name), published_at=date, crawl=crawl, publisher=publisher))
    return store


def names(store: Store, selection: Selection | None = None, **reading: Any) -> list[str]:
    selection = selection or Selection()
    found = [article.canonical_url.rpartition("/")[2] for article in store.find(selection, **reading)]
    assert reading or store.count(selection) == len(found)
    return found


def test_articles_come_newest_first_by_publication_or_else_first_sight(filled: Store) -> None:
    assert names(filled) == ["undated", "new", "wire", "old"]
    assert names(filled, Selection(publisher="news")) == ["undated", "new", "old"]
    assert names(filled, limit=2) == ["undated", "new"]
    assert names(filled, Selection(publisher="nobody")) == []
    assert names(filled, Selection(not_publishers=("news", "nobody"))) == ["wire"]


def test_time_counts_from_publication_or_else_from_the_first_sight(filled: Store) -> None:
    assert names(filled, Selection(since=DAY + timedelta(days=1))) == ["undated", "new", "wire"]
    assert names(filled, Selection(since=DAY + timedelta(days=7))) == []
    assert names(filled, Selection(until=DAY + timedelta(days=1))) == ["old"]
    assert names(filled, Selection(publisher="news", since=DAY, until=DAY + timedelta(days=6))) == ["new", "old"]


def test_a_date_that_a_revision_adds_or_loses_moves_the_article(store: Store, make_article: Make) -> None:
    seen = Fetch("job-1", "news", DAY, 200)
    moments = []
    for number, published in enumerate((None, DAY - timedelta(days=3), None)):
        later = replace(seen, fetched_at=DAY + timedelta(days=number))
        store.write(make_article(content_hash=str(number), published_at=published, crawl=later))
        moments += [article.dated_at for article in store.find()]
    assert moments == [DAY, DAY - timedelta(days=3), DAY]


@pytest.mark.parametrize(
    ("selection", "different"),
    [
        (Selection(language="de"), {"language": "de"}),
        (Selection(section="Ports"), {"section": "Ports"}),
        (Selection(author="B. Writer"), {"authors": ["A. Writer", "B. Writer"]}),
        (Selection(access="paywalled"), {"access": "paywalled"}),
        (Selection(labels=("disclaimer", "article")), {"counts": {"disclaimer": 1, "article": 2}}),
        (Selection(duplicates=True), {"duplicate_of": address("b")}),
        (Selection(reserved=True), {"rights": Rights(tdm_reservation=True)}),
        (Selection(reserved=True), {"rights": Rights(robots_noai=True)}),
        (Selection(reserved=True), {"rights": Rights(ai_crawlers_disallowed=True)}),
        (Selection(model="2"), {"classifier": {"version": "2"}}),
        (Selection(not_model="1"), {"classifier": {"version": "2"}}),
        (Selection(confidence_below=0.5), {"confidence": 0.4}),
        (Selection(text="lighthouse"), {"text": "The lighthouse burned."}),
        (Selection(text="LIGHTHOUSÉ"), {"title": "A lighthouse"}),
    ],
)
def test_each_filter_finds_what_has_it(
    store: Store, make_article: Make, selection: Selection, different: dict[str, Any]
) -> None:
    for name in "ab":
        store.write(make_article(url=address(name), counts={"article": 1, "disclaimer": 0}))
    store.write(make_article(url=address("c"), **different))
    assert sum(store.index_words()) == 3
    assert names(store, selection) == ["c"]


def test_what_is_no_duplicate_and_what_is_not_reserved(store: Store, make_article: Make) -> None:
    store.write(make_article(url=address("a")))
    store.write(make_article(url=address("b"), duplicate_of=address("a")))
    store.write(make_article(url=address("c"), rights=Rights(robots_noai=True)))
    assert names(store, Selection(duplicates=False)) == ["c", "a"]
    assert names(store, Selection(reserved=False)) == ["b", "a"]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("harbour", "cba"),
        ("big harbour", "ca"),
        ('"big harbour"', "a"),
        ("harbour -big", "b"),
        ('-"big harbour" harbour', "cb"),
        ('harbour"', "cba"),
        ("$where", ""),
        ("deutsch", "d"),
    ],
)
def test_words_are_all_to_be_there_and_phrases_and_exceptions(
    store: Store, make_article: Make, words: str, found: str
) -> None:
    texts = {"a": "The big harbour.", "b": "A harbour where boats lie", "c": "Harbour of a big town", "d": "Deutsch"}
    for name, text in texts.items():
        store.write(make_article(url=address(name), title="T", text=text, language="de", published_at=DAY))
    assert names(store, Selection(text=words)) == []
    list(store.index_words(batch=3))
    assert names(store, Selection(text=words)) == list(found)


def test_a_changed_article_is_found_by_its_new_words(store: Store, make_article: Make) -> None:
    store.write(make_article(text="alpha"))
    list(store.index_words())
    store.write(make_article(text="beta", content_hash="bb"))
    assert (store.count(Selection(text="alpha")), sum(store.index_words())) == (0, 1)
    assert (store.count(Selection(text="alpha")), store.count(Selection(text="beta"))) == (0, 1)


@pytest.mark.parametrize("mistake", [{"text": "-no"}, {"text": ' "" . '}, {"labels": ("pitch",)}])
def test_a_selection_that_means_nothing_is_refused(mistake: dict[str, Any]) -> None:
    with pytest.raises(SelectionError):
        Selection(**mistake)


@pytest.mark.parametrize("order", Order)
def test_pages_make_up_the_whole_in_order_though_articles_come_and_go(
    store: Store, make_article: Make, order: Order
) -> None:
    for number in range(12):
        moment, sure = DAY + timedelta(days=number // 4), 0.9 - number // 4 / 10
        store.write(make_article(url=address(f"{number:02}"), published_at=moment, confidence=sure))
    # Equal values are told apart by age, so that either order is the reverse of writing or groups of it.
    whole = names(store, order=order)
    assert len(whole) == 12
    read: list[str] = []
    position: Position | None = None
    while True:
        page = store.find(order=order, after=position, limit=5)
        found = [article.canonical_url.rpartition("/")[2] for article in page]
        if not found:
            break
        read += found
        position = Position.parse(str(page.position), order)
        # In both orders ahead of what has been read.
        store.write(make_article(url=address("z"), published_at=DAY + timedelta(days=9), confidence=0.1))
    assert read == whole


@pytest.mark.parametrize("text", ["", "x/y", "2026-07-01/zz", "nan", *HOSTILE])
@pytest.mark.parametrize("order", Order)
def test_a_position_of_nonsense_is_refused(text: str, order: Order) -> None:
    with pytest.raises(SelectionError):
        Position.parse(text, order)


def test_counts_by_group(filled: Store, make_article: Make) -> None:
    filled.write(make_article(url=address("x"), language=None, authors=["A. Writer", "B. Writer"]))

    def counts(group: Group, **chosen: Any) -> dict[Any, int]:
        return {row.value: row.articles for row in filled.count_by(group, Selection(**chosen))}

    assert counts(Group.PUBLISHER) == {"news": 4, "wire": 1}
    assert list(counts(Group.LANGUAGE)) == ["en", None]
    assert counts(Group.AUTHOR) == {"A. Writer": 5, "B. Writer": 1}
    assert counts(Group.SECTION) == {None: 5}
    assert counts(Group.DAY, publisher="news") == {
        DAY + timedelta(days=6): 1,
        DAY + timedelta(days=2): 1,
        DAY: 2,
    }
    assert filled.count(at_most=2) == 2


@pytest.mark.parametrize("group", [group for group in Group if group is not Group.AUTHOR])
def test_no_article_is_read_to_count_all_by_group(filled: Store, database: Documents, group: Group) -> None:
    database.command("profile", 2)
    assert sum(row.articles for row in filled.count_by(group)) == 4
    database.command("profile", 0)
    try:
        (counted,) = database["system.profile"].find({"ns": f"{database.name}.articles"})
        assert (counted["keysExamined"], counted["docsExamined"]) == (4, 0)
    finally:
        database.drop_collection("system.profile")


def test_blocks_are_counted_by_publisher_and_label(filled: Store) -> None:
    each = ("article", "ad", "disclaimer", "teaser", "other")
    news, wire = PublisherCounts(3, dict.fromkeys(each, 3)), PublisherCounts(1, dict.fromkeys(each, 1))
    assert filled.count_labels() == {"news": news, "wire": wire}
    assert filled.count_labels(["wire", "nobody"]) == {"wire": wire}
    assert filled.publishers() == ["news", "wire"]


def test_get_prefers_the_canonical_address(store: Store, make_article: Make) -> None:
    store.write(make_article(url=address("b"), canonical_url=address("a"), title="A"))
    store.write(make_article(url=address("c"), canonical_url=address("b"), title="B"))
    titles = [article.title if (article := store.get(address(name))) else None for name in "abcd"]
    assert titles == ["A", "B", "B", None]


class Recorder(CommandListener):
    """Keeps every command that a client sends which has a plan."""

    def __init__(self) -> None:
        self.commands: list[dict[str, Any]] = []

    def started(self, event: CommandStartedEvent) -> None:
        if event.command_name in ("find", "aggregate", "count", "distinct", "update", "delete", "findAndModify"):
            kept = {key: value for key, value in event.command.items() if not key.startswith("$") and key != "lsid"}
            kept.pop("txnNumber", None)
            kept.pop("writeConcern", None)
            self.commands.append(kept)

    def succeeded(self, event: object) -> None:
        pass

    def failed(self, event: object) -> None:
        pass


def _plans(explained: Any) -> Iterator[dict[str, Any]]:
    """Every stage of the plans that won, wherever an explanation holds them."""
    if isinstance(explained, dict):
        if "stage" in explained:
            yield explained
        for key, value in explained.items():
            if key != "rejectedPlans":
                yield from _plans(value)
    elif isinstance(explained, list):
        for value in explained:
            yield from _plans(value)


FILTERS: list[dict[str, Any]] = [
    {"publisher": "news"},
    {"not_publishers": ("wire", "none")},
    {"since": DAY, "until": DAY + timedelta(days=3)},
    {"language": "en"},
    {"section": "Ports"},
    {"author": "A. Writer"},
    {"access": "free"},
    *({"labels": (label,)} for label in ("article", "ad", "disclaimer", "teaser", "other")),
    {"duplicates": True},
    {"duplicates": False},
    {"reserved": True},
    {"reserved": False},
    {"model": "1"},
    {"not_model": "1"},
    {"confidence_below": 0.5},
    {"text": "ships -boats"},
]


@pytest.fixture
def asked(filled: Store, mongo_uri: str, database: Documents) -> Iterator[tuple[Store, Callable[[], int]]]:
    """A store, and a function that checks that indexes answer what it was asked; it counts the questions."""
    list(filled.index_words())
    recorder = Recorder()

    def check() -> int:
        unique = {repr(command): command for command in recorder.commands}
        recorder.commands.clear()
        for command in unique.values():
            explained = database.command("explain", command, verbosity="queryPlanner", codec_options=ANY_DATE)
            stages = [plan["stage"] for plan in _plans(explained)]
            assert stages
            assert "COLLSCAN" not in stages, command
        return len(unique)

    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True, event_listeners=[recorder]) as client:
        yield Store(client, database.name, "here"), check


def _ask(store: Store, selection: Selection) -> None:
    """All that the commands ask of a selection."""
    store.count(selection)
    store.count(selection, at_most=10)
    store.count_by(Group.LANGUAGE, selection)
    for order in Order:
        page = store.summaries(selection, order=order, limit=1)
        list(page)
        list(store.find(selection, order=order, limit=50, after=page.position))


def test_every_question_is_answered_by_an_index(asked: tuple[Store, Callable[[], int]], make_article: Make) -> None:
    store, check = asked
    pairs = [first | second for first, second in combinations(FILTERS, 2)]
    for chosen in [{}, *FILTERS, *pairs]:
        _ask(store, Selection(**chosen))
    for group in Group:
        store.count_by(group)
    store.count(at_most=10)
    store.get(address("new"))
    store.get(address("x"))
    store.page("0" * 64)
    store.publishers()
    store.count_unsearchable()
    list(store.tables(limit=2))
    store.count_labels()
    store.count_labels(["news"])
    store.visits.get(address("new"))
    store.touch(address("new"), Fetch("job-2", "news", DAY, 304))
    store.write(make_article(url=address("new"), content_hash="changed"))
    assert list(store.index_words()) == [1]
    assert check() > 500


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(st.sampled_from(FILTERS), min_size=3))
def test_any_filters_together_are_answered_by_an_index(
    asked: tuple[Store, Callable[[], int]], chosen: list[dict[str, Any]]
) -> None:
    store, check = asked
    labels = {label for filters in chosen for label in filters.get("labels", ())}
    together = {name: value for filters in chosen for name, value in filters.items()} | {"labels": tuple(labels)}
    _ask(store, Selection(**together))
    assert check() >= 5


@pytest.fixture
def crowded(store: Store, make_article: Make, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Forty articles, of two in three of which the harbour is in the news, read in stretches of three and more."""
    monkeypatch.setattr(windows, "FEW", 3)
    monkeypatch.setattr(windows, "MANY", 10)
    articles = [
        make_article(
            url=address(f"{number:02}"),
            publisher="wire" if number % 10 == 0 else "news",
            title="Shipping",
            text="No ships." if number % 3 == 0 else "The harbour is full.",
            # Two of each hour, but for the first ones, which are of one moment.
            published_at=DAY + timedelta(hours=max(number, 12) // 2),
        )
        for number in range(40)
    ]
    store.write_records([Record.of(article) for article in articles])
    list(store.index_words())
    return store


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize(
    "filters", [{}, {"publisher": "wire"}, {"since": DAY + timedelta(hours=7), "until": DAY + timedelta(hours=15)}]
)
def test_a_search_in_stretches_of_time_finds_the_same_in_the_same_order(
    crowded: Store, order: Order, filters: dict[str, Any]
) -> None:
    every = [article for article in crowded.find(Selection(**filters), order=order) if "harbour" in article.text]
    expected = [article.canonical_url for article in every]
    search = Selection(text="harbour", **filters)
    assert crowded.count(search) == len(expected) > 1
    assert [article.canonical_url for article in crowded.find(search, order=order)] == expected
    tables = [table for table, _ in crowded.tables(search, order=order)]
    assert [url for table in tables for url in table["canonical_url"].to_pylist()] == expected
    read: list[str] = []
    page = crowded.summaries(search, order=order, limit=4)
    while found := [article.canonical_url for article in page]:
        read += found
        page = crowded.summaries(search, order=order, limit=4, after=page.position)
    assert read == expected


def test_a_common_word_is_not_looked_up_in_all_articles(crowded: Store, database: Documents) -> None:
    database.command("profile", 2)
    assert len(list(crowded.summaries(Selection(text="harbour"), limit=2))) == 2
    database.command("profile", 0)
    try:
        searches = list(database["system.profile"].find({"ns": f"{database.name}.articles"}))
        assert len(searches) >= 3
        assert max(search["docsExamined"] for search in searches) < 10
    finally:
        database.drop_collection("system.profile")


def test_summaries_are_the_articles_without_what_they_say(filled: Store) -> None:
    for summary, article in zip(filled.summaries(), filled.find(), strict=True):
        assert summary.as_dict().items() <= article.as_dict().items()
        assert not {"text", "blocks"} & summary.as_dict().keys()


def test_one_filter_is_read_in_order_without_sorting(filled: Store, database: Documents) -> None:
    for chosen in FILTERS:
        selection = Selection(**chosen)
        if {"text", "not_model", "not_publishers", "confidence_below"} & set(chosen):
            continue
        for after in (None, Position.parse("2026-07-02/65f0c0ffee65f0c0ffee65f0", Order.NEWEST)):
            condition = selection.condition(Order.NEWEST, after)
            found = database["articles"].with_options(ANY_DATE).find(condition, sort=Order.NEWEST.sort, limit=50)
            assert "SORT" not in [stage["stage"] for stage in _plans(found.explain()["queryPlanner"])], condition


@pytest.mark.parametrize(
    ("filters", "order"),
    [({"language": "de"}, Order.NEWEST), ({"section": "Ports"}, Order.NEWEST), ({}, Order.LEAST_CONFIDENT)],
)
def test_of_a_large_publisher_no_more_is_read_than_asked_for(
    store: Store, database: Documents, make_article: Make, filters: dict[str, Any], order: Order
) -> None:
    """Half of the articles are of the publisher, half have the other filter's value, and three both."""
    kinds: list[dict[str, Any]] = [{}, {"publisher": "wire", **filters}]
    articles = [
        make_article(
            url=address(f"{number:02}"),
            published_at=DAY + timedelta(hours=number),
            confidence=1 - number / 100,
            **(filters if number in (0, 20, 40) else kinds[number % 2]),
        )
        for number in range(60)
    ]
    store.write_records([Record.of(article) for article in articles])
    condition = Selection(publisher="news", **filters).condition(order)
    found = database["articles"].with_options(ANY_DATE).find(condition, sort=order.sort, limit=3)
    stats = found.explain()["executionStats"]
    assert (stats["totalDocsExamined"], stats["nReturned"]) == (3, 3)


def _operators(condition: Any) -> Iterator[str]:
    if isinstance(condition, dict):
        for key, value in condition.items():
            yield key
            yield from _operators(value)
    elif isinstance(condition, list):
        for value in condition:
            yield from _operators(value)


@given(st.text() | st.sampled_from(HOSTILE))
def test_no_value_becomes_an_operator_or_a_key(value: str) -> None:
    fields = ("publisher", "language", "section", "author", "access", "model", "not_model")
    innocent = Selection(**dict.fromkeys(fields, "x")).condition()
    assert list(_operators(Selection(**dict.fromkeys(fields, value)).condition())) == list(_operators(innocent))


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_finds_nothing(filled: Store, value: str) -> None:
    list(filled.index_words())
    for field in ("publisher", "language", "section", "author", "access", "model"):
        assert names(filled, Selection(**{field: value})) == []
    assert filled.get(value) is None
    assert filled.visits.get(value) is None
    assert filled.touch(value, Fetch("job-2", "news", DAY, 304)) is False
    assert filled.count_labels([value]) == {}
    assert filled.page(value) is None
