"""What is asked of the store, and that an index answers it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crawler.items import Article, Fetch
from crawler.store import PublisherCounts, Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    Make = Callable[..., Article]
    Documents = Database[dict[str, Any]]

DAY = datetime(2026, 7, 1, tzinfo=UTC)


def address(name: str) -> str:
    return f"https://news.example/{name}"


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


def names(store: Store, **chosen: Any) -> list[str]:
    found = [article.canonical_url.rpartition("/")[2] for article in store.find(**chosen)]
    assert chosen.pop("limit", None) or store.count(**chosen) == len(found)
    return found


def test_articles_come_newest_first_and_undated_ones_last(filled: Store) -> None:
    assert names(filled) == ["new", "wire", "old", "undated"]
    assert names(filled, publisher="news") == ["new", "old", "undated"]
    assert names(filled, limit=2) == ["new", "wire"]
    assert names(filled, publisher="nobody") == []


def test_time_counts_from_publication_or_else_from_the_first_sight(filled: Store) -> None:
    assert names(filled, since=DAY + timedelta(days=1)) == ["new", "wire", "undated"]
    assert names(filled, since=DAY + timedelta(days=7)) == []
    assert names(filled, until=DAY + timedelta(days=1)) == ["old"]
    assert names(filled, publisher="news", since=DAY, until=DAY + timedelta(days=6)) == ["new", "old"]


def test_validators_come_for_stored_addresses_only(filled: Store, make_article: Make) -> None:
    crawl = Fetch("job-1", "news", DAY, 200)
    filled.write(make_article(url=address("amp"), canonical_url=address("page"), crawl=crawl))
    found = filled.validators([address("new"), address("page"), address("amp"), address("none")])
    assert found == {
        address("new"): ('"new"', "Wed, 01 Jul 2026", DAY + timedelta(days=4)),
        address("page"): (None, None, DAY),
        address("amp"): (None, None, DAY),
    }
    assert filled.validators([]) == {}


def test_validators_take_any_number_of_addresses(filled: Store) -> None:
    asked = [address(str(number)) for number in range(2500)]
    assert list(filled.validators([*asked, address("new")])) == [address("new")]


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


def test_every_question_is_answered_by_an_index(filled: Store, database: Documents) -> None:
    some, day = [address("new"), address("x")], DAY
    database.command("profile", 2)
    for publisher in (None, "news"):
        for since in (None, day):
            for until in (None, day + timedelta(days=3)):
                list(filled.find(publisher=publisher, since=since, until=until, limit=50))
                if publisher or since or until:
                    filled.count(publisher=publisher, since=since, until=until)
    filled.get(some[0])
    filled.get(some[1])
    filled.validators(some)
    filled.touch(some[0], Fetch("job-2", "news", day, 304))
    filled.publishers()
    filled.count_labels(["news"])
    filled.page("0" * 64)
    database.command("profile", 0)
    operations = list(database["system.profile"].find({"ns": {"$regex": r"\.(articles|pages)$"}}))
    assert len(operations) > 20
    for operation in operations:
        assert "COLLSCAN" not in operation["planSummary"], operation["command"]
        sorts_few = "findAndModify" in operation["command"] or "sort" not in operation["command"]
        # `get` sorts the few documents of one fetched address, all others come sorted from the index
        by_address = "url" in operation["command"].get("filter", {})
        assert sorts_few or by_address or not operation.get("hasSortStage"), operation["command"]


@pytest.mark.parametrize("value", ["$gt", '{"$gt": ""}', "$where", "{}", "news\0", "\udcff", ".*"])
def test_a_value_is_never_an_operator(filled: Store, value: str) -> None:
    assert names(filled, publisher=value) == []
    assert filled.get(value) is None
    assert filled.validators([value]) == {}
    assert filled.touch(value, Fetch("job-2", "news", DAY, 304)) is False
    assert filled.count_labels([value]) == {}
    assert filled.page(value) is None
