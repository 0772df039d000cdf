"""`scrapy store`, as a user calls it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crawler.store.migrations import JOURNAL, MIGRATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.items import Article
    from crawler.store import Store


def test_status_tells_what_is_left_to_do_and_migrate_does_it(
    scrapy: Callable[..., Any], database: Database[dict[str, Any]]
) -> None:
    before = scrapy("store", "status")
    assert before.status == 1
    assert "schema version 0" in before.log
    assert "`scrapy store migrate` runs it" in before.log
    assert database.list_collection_names() == []
    done = scrapy("store", "migrate")
    assert done.status == 0
    assert f"{MIGRATIONS[0].version}: {MIGRATIONS[0].title}" in done.log
    after = scrapy("store", "status")
    assert after.status == 0
    assert f"schema version {MIGRATIONS[-1].version}" in after.log
    assert database[JOURNAL].count_documents({}) == len(MIGRATIONS)


def test_status_counts_and_needs_only_the_right_to_read(
    scrapy: Callable[..., Any],
    mongo_uri: str,
    store: Store,
    database: Database[dict[str, Any]],
    make_article: Callable[..., Article],
) -> None:
    for number in range(3):
        store.write(make_article(url=f"https://news.example/{number}", html=b"the same"))
    database.command("createUser", "reader", pwd="secret", roles=["read"])
    try:
        server = mongo_uri.rpartition("@")[2].partition("/")[0]
        done = scrapy("store", "status", MONGO_URI=f"mongodb://reader:secret@{server}/{database.name}")
    finally:
        database.command("dropUser", "reader")
    assert done.status == 0, done.log
    rows = {
        line.split()[0]: line.split()[1] for line in done.log.splitlines() if line.startswith((" articles", " pages"))
    }
    assert rows == {"articles": "3", "pages": "1"}
    assert "secret" not in done.log


def test_a_mistake_is_told_in_one_line(scrapy: Callable[..., Any]) -> None:
    done = scrapy("store", "stauts")
    assert done.status == 2
    assert "say one of: status, migrate, replay, prune" in done.log
    away = scrapy("store", "status", MONGO_URI="mongodb://u:hunter2@127.0.0.1:1/?serverSelectionTimeoutMS=100")
    assert away.status == 1
    assert away.log.startswith("scrapy store: MongoDB at 127.0.0.1:1 is out of reach")
    assert len(away.log.splitlines()) == 1
