"""Changes of the database by number: each runs once, in order, under a lock, and goes on where it was cut off."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from crawler.store.errors import StoreError
from crawler.store.lease import Lease
from crawler.store.schema import prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pymongo.collection import Collection
    from pymongo.database import Database

    from crawler.store.connection import Document

logger = logging.getLogger(__name__)

JOURNAL = "migrations"
LOCK = "lock"


class Checkpoint:
    """Where a migration over many documents stands, so that one that was cut off need not begin anew.

    Attributes:
        position: what was saved last, by this run or by one that was cut off; None at the very beginning.
    """

    def __init__(self, database: Database[Document], version: int, lease: Lease, position: Any) -> None:
        self._journal = database[JOURNAL]
        self._version = version
        self._lease = lease
        self.position = position

    def save(self, position: Any) -> None:
        """Note that everything up to a position is done: call it after every batch.

        Args:
            position: any value that MongoDB can hold, such as the last ``_id``.

        Raises:
            StoreError: the lock is lost, and with it the right to go on.
        """
        self._lease.check()
        self._journal.update_one({"_id": self._version}, {"$set": {"position": position}})
        self.position = position


@dataclass(frozen=True, slots=True)
class Migration:
    """One change of the database.

    Attributes:
        version: its number; the version of the database once it ran.
        title: what it does, for `scrapy store status`.
        change: does it. It may be cut off anywhere and is then called again, so doing part of it twice must
            do no harm.
    """

    version: int
    title: str
    change: Callable[[Database[Document], Checkpoint], None]


def _apply_schema(database: Database[Document], _: Checkpoint, dropped: Sequence[str] = ()) -> None:
    """Make what is missing, and drop those indexes of articles that no query needs any more."""
    prepare(database)
    _drop_indexes(database["articles"], set(dropped))


def _date_articles(database: Database[Document], checkpoint: Checkpoint) -> None:
    """Give articles the date that they are sorted by, and the new indexes in place of those that sorted by two."""
    prepare(database)
    dated = [{"$set": {"dated_at": {"$ifNull": ["$published_at", "$first_seen_at"]}, "searchable": False}}]
    position = checkpoint.position or {}
    for name in ("revisions", "articles"):
        collection, after = database[name], position.get(name)
        while batch := _next_identities(collection, after):
            collection.update_many({"_id": {"$in": batch}, "dated_at": {"$exists": False}}, dated)
            after = batch[-1]
            position |= {name: after}
            checkpoint.save(position)
    _drop_indexes(
        database["articles"], {"published_at_-1_first_seen_at_-1", "publisher_1_published_at_-1_first_seen_at_-1"}
    )


def _next_identities(collection: Collection[Document], after: Any, count: int = 1000) -> list[Any]:
    """Read the ``_id`` of the documents that follow one, in order."""
    condition = {} if after is None else {"_id": {"$gt": after}}
    return [row["_id"] for row in collection.find(condition, {"_id": True}, sort={"_id": 1}, limit=count)]


def _complete_rights(database: Database[Document], _: Checkpoint) -> None:
    prepare(database)
    news = {
        **dict.fromkeys(("robots_noindex", "robots_noarchive", "ai_crawlers_disallowed"), False),
        "tdm_policy": None,
    }
    for name in ("articles", "revisions"):
        database[name].update_many(
            {"rights.tdm_policy": {"$exists": False}},
            {"$set": {"simhash_bands": [], **{f"rights.{field}": value for field, value in news.items()}}},
        )


def _drop_indexes(collection: Collection[Document], names: set[str]) -> None:
    for name in collection.index_information().keys() & names:
        collection.drop_index(name)


# Append only. Whatever changes in `crawler.store.schema` takes a new entry with `_apply_schema`, or databases that
# exist would never learn of it; where documents change too, the entry's function applies the schema first.
MIGRATIONS: tuple[Migration, ...] = (
    Migration(1, "collections, validators and indexes", _apply_schema),
    Migration(2, "a date for every article, and an index for every filter", _date_articles),
    Migration(3, "visits, near-equal texts and more of rights", _complete_rights),
    Migration(4, "indexes to find raw pages by age", _apply_schema),
    Migration(5, "alerts, and runs by publisher", _apply_schema),
    Migration(6, "an index of words that knows the date", _apply_schema),
    Migration(
        7,
        "indexes of a publisher with another filter, and fewer rules for blocks",
        partial(_apply_schema, dropped=("with_teaser",)),
    ),
    Migration(8, "no index of what nearly every article has", partial(_apply_schema, dropped=("with_ad",))),
)


def applied(database: Database[Document]) -> list[int]:
    """Read the numbers of the migrations that have run to their end, in order."""
    done = database[JOURNAL].find({"finished_at": {"$exists": True}}, {"_id": True})
    return sorted(entry["_id"] for entry in done)


def pending(database: Database[Document], migrations: Sequence[Migration] = MIGRATIONS) -> list[Migration]:
    """Tell which migrations have yet to run, in order.

    Raises:
        StoreError: the database is of a newer Broadsheet than this one.
    """
    done = applied(database)
    if done and done[-1] > migrations[-1].version:
        raise StoreError(
            f"the database {database.name} has schema version {done[-1]}, and this Broadsheet knows "
            f"{migrations[-1].version}: update Broadsheet"
        )
    return [migration for migration in migrations if migration.version not in done]


def migrate(
    database: Database[Document],
    report: Callable[[Migration], object] = lambda migration: None,
    migrations: Sequence[Migration] = MIGRATIONS,
) -> None:
    """Run the migrations that have yet to run; wait if another process is at it.

    Args:
        database: an empty one as well as one of an older Broadsheet.
        report: called before each migration.
        migrations: all there are, in order.

    Raises:
        StoreError: the database is of a newer Broadsheet, or the lock was lost on the way.
    """
    if not pending(database, migrations):
        return
    journal = database[JOURNAL]
    lease = Lease(journal, LOCK)
    with lease.hold(lambda holder: logger.warning("Waiting for %s, which brings the database up to date", holder)):
        for migration in pending(database, migrations):
            report(migration)
            lease.check()
            number = {"_id": migration.version}
            news = {"title": migration.title, "started_at": datetime.now(UTC)}
            journal.update_one(number, {"$setOnInsert": news}, upsert=True)
            begun = journal.find_one(number) or {}
            migration.change(database, Checkpoint(database, migration.version, lease, begun.get("position")))
            lease.check()
            journal.update_one(number, {"$set": {"finished_at": datetime.now(UTC)}, "$unset": {"position": ""}})
