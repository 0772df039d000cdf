"""A database is brought up to date once, in order, by one process at a time, and goes on where it was cut off."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from bson import encode
from pymongo.errors import OperationFailure

from crawler.store import Selection, Store, StoreError, schema
from crawler.store.lease import Lease
from crawler.store.migrations import JOURNAL, MIGRATIONS, Checkpoint, Migration, applied, migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.items import Article

    Documents = Database[dict[str, Any]]


class CutOffError(Exception):
    """Stands for a kill in the midst of a migration."""


def test_a_changed_schema_comes_with_a_migration() -> None:
    indexes = {name: [index.document for index in held] for name, held in schema.INDEXES.items()}
    fingerprint = hashlib.sha256(encode({"schemas": schema.SCHEMAS, "indexes": indexes})).hexdigest()[:12]
    assert (MIGRATIONS[-1].version, fingerprint) == (8, "fa681073f616"), (
        "the schema changed: append a Migration that applies it, then note its version and this fingerprint here"
    )
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))


def test_opening_again_and_at_once_prepares_once(mongo_uri: str, database: Documents) -> None:
    def open_and_close(_: int) -> None:
        Store.open(mongo_uri, database.name).close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(open_and_close, range(6)))
    assert set(database.list_collection_names()) == {*schema.SCHEMAS, JOURNAL}
    for name, indexes in schema.INDEXES.items():
        assert set(database[name].index_information()) == {"_id_", *(index.document["name"] for index in indexes)}
    assert applied(database) == [migration.version for migration in MIGRATIONS]
    before = list(database[JOURNAL].find())
    open_and_close(0)
    assert list(database[JOURNAL].find()) == before


def test_a_database_of_before_the_migrations_is_brought_up_to_date(mongo_uri: str, database: Documents) -> None:
    database.create_collection("articles", validator={"$jsonSchema": {"required": ["old"]}})
    Store.open(mongo_uri, database.name).close()
    (entry,) = database.list_collections(filter={"name": "articles"})
    assert entry["options"]["validator"] == {"$jsonSchema": schema.SCHEMAS["articles"]}


def test_an_index_that_became_another_is_made_anew(
    mongo_uri: str, database: Documents, make_article: Callable[..., Article]
) -> None:
    with Store.open(mongo_uri, database.name) as store:
        store.write(make_article())
        list(store.index_words())
        wanted = database["articles"].index_information()
        for name, key in {"words": [("text", "text")], "access": [("access", 1)]}.items():
            database["articles"].drop_index(name)
            database["articles"].create_index(key, name=name)
        database[JOURNAL].delete_one({"_id": MIGRATIONS[-1].version})
        store.migrate(lambda migration: None)
        assert database["articles"].index_information() == wanted
        assert store.count(Selection(text="harbour")) == 1


@pytest.mark.parametrize(("version", "name"), [(7, "with_teaser"), (8, "with_ad")])
def test_an_index_that_no_query_needs_any_more_is_dropped(
    mongo_uri: str, database: Documents, version: int, name: str
) -> None:
    Store.open(mongo_uri, database.name).close()
    wanted = database["articles"].index_information()
    database["articles"].create_index("dated_at", name=name)
    database["articles"].drop_index("publisher_language")
    database[JOURNAL].delete_one({"_id": version})
    Store.open(mongo_uri, database.name).close()
    assert database["articles"].index_information() == wanted


def test_articles_of_before_they_were_dated_are_dated_and_stay_as_they_were(
    mongo_uri: str, database: Documents, make_article: Callable[..., Article]
) -> None:
    fresh = {"A": {"url": "https://a.example/1"}, "B": {"url": "https://b.example/1", "published_at": None}}
    with Store.open(mongo_uri, database.name) as store:
        for fields in fresh.values():
            store.write(make_article(**fields))
            store.write(make_article(**fields, content_hash="changed"))
    before = {name: list(database[name].find(sort={"_id": 1})) for name in ("articles", "revisions")}
    database.command("collMod", "articles", validator={})
    database.command("collMod", "revisions", validator={})
    for name in before:
        database[name].update_many({}, {"$unset": {"dated_at": "", "searchable": ""}})
    database["articles"].create_index({"published_at": -1, "first_seen_at": -1})
    database[JOURNAL].delete_one({"_id": 2})
    Store.open(mongo_uri, database.name).close()
    assert {name: list(database[name].find(sort={"_id": 1})) for name in before} == before
    assert "published_at_-1_first_seen_at_-1" not in database["articles"].index_information()


def test_a_migration_cut_off_goes_on_from_its_checkpoint_and_holds_up_the_next(database: Documents) -> None:
    done: list[Any] = []
    cuts = [3]

    def count(database: Documents, checkpoint: Checkpoint) -> None:
        for number in range(checkpoint.position or 0, 6):
            if number in cuts:
                cuts.remove(number)
                raise CutOffError
            done.append(number)
            checkpoint.save(number + 1)

    def last(database: Documents, checkpoint: Checkpoint) -> None:
        done.append("last")

    both = (Migration(1, "count", count), Migration(2, "last", last))
    with pytest.raises(CutOffError):
        migrate(database, migrations=both)
    assert applied(database) == []
    reported: list[int] = []
    migrate(database, lambda migration: reported.append(migration.version), both)
    migrate(database, lambda migration: reported.append(migration.version), both)
    assert done == [0, 1, 2, 3, 4, 5, "last"]
    assert reported == [1, 2]


def test_many_at_once_run_each_migration_once(database: Documents) -> None:
    runs: list[int] = []

    def change(database: Documents, checkpoint: Checkpoint) -> None:
        runs.append(threading.get_ident())
        database["notes"].insert_one({})

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: migrate(database, migrations=[Migration(1, "once", change)]), range(5)))
    assert len(runs) == database["notes"].count_documents({}) == 1
    assert database[JOURNAL].find_one({"_id": "lock"}) is None


def test_the_lock_of_a_holder_that_died_runs_out(database: Documents) -> None:
    dead = Lease(database[JOURNAL], "lock", seconds=0.3)
    dead._take()
    waited: list[str] = []
    with Lease(database[JOURNAL], "lock").hold(waited.append):
        assert len(waited) == 1
        assert ":" in waited[0]
        with pytest.raises(StoreError, match="lost"):
            dead.check()


def test_a_lock_that_is_renewed_is_kept_for_longer_than_it_lasts(database: Documents) -> None:
    lease = Lease(database[JOURNAL], "lock", seconds=0.3)
    renewed = threading.Event()
    with lease.hold():
        first = (database[JOURNAL].find_one() or {})["expires_at"]
        while not renewed.wait(0.05):
            if (database[JOURNAL].find_one() or {})["expires_at"] > first:
                renewed.set()
        lease.check()


def test_a_database_of_a_newer_broadsheet_is_left_alone(mongo_uri: str, database: Documents) -> None:
    database[JOURNAL].insert_one({"_id": 999, "finished_at": "some day"})
    with pytest.raises(StoreError, match=r"schema version 999.*update Broadsheet"):
        Store.open(mongo_uri, database.name)
    assert database.list_collection_names() == [JOURNAL]


def test_a_migration_that_fails_leaves_the_lock_free(database: Documents) -> None:
    def fail(database: Documents, checkpoint: Checkpoint) -> None:
        database.command("noSuchCommand")

    with pytest.raises(OperationFailure):
        migrate(database, migrations=[Migration(1, "fails", fail)])
    assert database[JOURNAL].find_one({"_id": "lock"}) is None
