"""What the database holds, how large it is and which version it has: for whoever looks after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pymongo import DESCENDING

from crawler.store.migrations import applied, pending
from crawler.store.schema import SCHEMAS

if TYPE_CHECKING:
    from datetime import datetime

    from pymongo.database import Database

    from crawler.store.connection import Document


@dataclass(frozen=True, slots=True)
class CollectionSize:
    """The size of a collection.

    Attributes:
        documents: their number, as the collection's metadata has it.
        data_bytes: the documents as they are sent.
        disk_bytes: the documents as they lie on the disk, compressed.
        index_bytes: its indexes on the disk.
    """

    documents: int
    data_bytes: int
    disk_bytes: int
    index_bytes: int


@dataclass(frozen=True, slots=True)
class Status:
    """What `scrapy store status` tells.

    Attributes:
        address: the server's ``host:port``.
        server_version: MongoDB's.
        database: name of the database.
        schema_version: number of the last migration that ran; 0 for none.
        pending: number and title of each migration that has yet to run.
        collections: the sizes by name.
        last_crawl_at: when a crawl last ended, UTC; None if none did.
    """

    address: str
    server_version: str
    database: str
    schema_version: int
    pending: tuple[tuple[int, str], ...]
    collections: dict[str, CollectionSize]
    last_crawl_at: datetime | None


def read_status(database: Database[Document], address: str) -> Status:
    """Read the status of a database; the right to read is enough.

    Args:
        database: may be empty.
        address: the server's ``host:port``.
    """
    last = database["crawls"].find_one({}, {"recorded_at": True}, sort=[("recorded_at", DESCENDING)])
    return Status(
        address=address,
        server_version=database.client.server_info()["version"],
        database=database.name,
        schema_version=max(applied(database), default=0),
        pending=tuple((migration.version, migration.title) for migration in pending(database)),
        collections={name: _size(database, name) for name in SCHEMAS},
        last_crawl_at=last["recorded_at"] if last else None,
    )


def _size(database: Database[Document], name: str) -> CollectionSize:
    stats = database.command("collStats", name)
    return CollectionSize(stats["count"], stats["size"], stats["storageSize"], stats["totalIndexSize"])
