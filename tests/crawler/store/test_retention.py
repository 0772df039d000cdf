"""Raw pages are kept as long as the settings say, and articles for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.settings import Settings

from crawler.items import Article, Fetch
from crawler.store import Store, StoreError
from crawler.store.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    Make = Callable[..., Article]
    Documents = Database[dict[str, Any]]


def write(store: Store, make_article: Make, publisher: str, days_ago: float, html: str = "") -> None:
    name = f"{publisher}-{days_ago:g}"
    fetched_at = datetime.now(UTC) - timedelta(days=days_ago)
    store.write(
        make_article(
            url=f"https://news.example/{name}",
            publisher=publisher,
            html=(html or name).encode(),
            crawl=Fetch("job", publisher, fetched_at, 200),
        )
    )


@pytest.mark.parametrize(
    ("retention", "left"),
    [
        (Retention(), ["news-1", "news-9", "wire-1", "wire-40"]),
        (Retention(5), ["news-1", "wire-1"]),
        (Retention(5, {"wire": None}), ["news-1", "wire-1", "wire-40"]),
        (Retention(None, {"wire": 30}), ["news-1", "news-9", "wire-1"]),
        (Retention(0, {"wire": 30, "$gt": 1}), ["wire-1"]),
    ],
)
def test_pages_are_deleted_by_age_and_publisher(
    store: Store, database: Documents, make_article: Make, retention: Retention, left: list[str]
) -> None:
    for publisher, days in (("news", 1), ("news", 9), ("wire", 1), ("wire", 40)):
        write(store, make_article, publisher, days)
    assert store.prune(retention) == 4 - len(left)
    assert sorted(page["url"].rpartition("/")[2] for page in database["pages"].find()) == left
    assert database["articles"].count_documents({}) == 4


def test_a_body_that_is_seen_again_is_young_again(store: Store, database: Documents, make_article: Make) -> None:
    write(store, make_article, "news", 9, "the same")
    write(store, make_article, "news", 1, "the same")
    write(store, make_article, "news", 8, "the same")
    assert database["pages"].count_documents({}) == 1
    assert store.prune(Retention(5)) == 0
    assert store.prune(Retention(0.5)) == 1


def test_pruning_uses_an_index(store: Store, database: Documents) -> None:
    for condition in Retention(5, {"wire": 3}).expired(datetime.now(UTC)):
        assert "COLLSCAN" not in str(database["pages"].find(condition).explain()["queryPlanner"]["winningPlan"])


def test_the_settings_are_read_or_refused() -> None:
    settings = Settings({"PAGES_KEEP_DAYS": "30", "PAGES_KEEP_DAYS_BY_PUBLISHER": '{"wire": 0, "news": ""}'})
    retention = Retention.from_settings(settings)
    assert retention == Retention(30.0, {"wire": 0.0, "news": None})
    assert [retention.keeps(name) for name in ("wire", "news", "other")] == [False, True, True]
    assert Retention.from_settings(Settings()) == Retention()
    for name, value in (
        ("PAGES_KEEP_DAYS", "-1"),
        ("PAGES_KEEP_DAYS", "nan"),
        ("PAGES_KEEP_DAYS", "a month"),
        ("PAGES_KEEP_DAYS_BY_PUBLISHER", "{"),
        ("PAGES_KEEP_DAYS_BY_PUBLISHER", {"wire": "x"}),
    ):
        with pytest.raises(StoreError, match=f"{name}: write a number of days"):
            Retention.from_settings(Settings({name: value}))
