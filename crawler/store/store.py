"""The store: where articles, what they said before, their raw pages and the crawls' figures are kept."""

from __future__ import annotations

import logging
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from pymongo import ReadPreference, WriteConcern
from pymongo.errors import InvalidName, OperationFailure

from crawler.store import queries
from crawler.store.alerts import Alerts
from crawler.store.archive import Archive
from crawler.store.connection import UNAUTHORIZED, Document, connect, plain_errors
from crawler.store.documents import Record, clean, fetch_document, storable
from crawler.store.duplicates import Duplicates
from crawler.store.errors import RefusedError, StoreError
from crawler.store.migrations import migrate
from crawler.store.reader import Reader
from crawler.store.schema import SEARCHABLE
from crawler.store.status import Status, read_status
from crawler.store.visits import Visits
from crawler.store.writes import BulkWriter, Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from pymongo import MongoClient
    from pymongo.database import Database
    from scrapy.settings import BaseSettings

    from crawler.items import Article, Fetch
    from crawler.store.migrations import Migration
    from crawler.store.retention import Retention

DATABASE = "broadsheet"

logger = logging.getLogger(__name__)


class Store(Reader):
    """Articles in MongoDB: one document a canonical address, however many processes write it.

    Made by `Store.open` or `Store.from_settings`, and to be closed, which a with statement does. All
    methods block, and may be called from several threads. Each raises `StoreError`, with a message of one
    line for the user, when the server is out of reach or refuses.

    Attributes:
        visits: when addresses were last fetched, and what came of it.
        duplicates: links articles of nearly the same text.
        alerts: what was unusual about publishers, and the runs that tell.
        archive: articles with their raw pages, to be read again.

    Args:
        client: connects to the server; closed with the store.
        database: name of the database.
        address: the server's ``host:port``, for messages.
        server: what keeps the server running; left with the store.
    """

    def __init__(
        self,
        client: MongoClient[Document],
        database: str,
        address: str,
        server: AbstractContextManager[object] | None = None,
    ) -> None:
        self._client = client
        self._server = server or nullcontext()
        self._refusal: StoreError | None = None
        try:
            self._database = client.get_database(
                database,
                # What is written hangs on what is there, which a secondary may not have yet.
                read_preference=ReadPreference.PRIMARY,
                write_concern=WriteConcern(w="majority", j=True),
            )
        except InvalidName as error:
            raise StoreError(f"MONGO_DATABASE: {database!r} is no name for a database") from error
        super().__init__(self._database.with_options(read_preference=client.read_preference), address)
        self.archive = Archive(self._database, address)
        self._crawls = self._database["crawls"]
        self.visits = Visits(self._database, address)
        self.duplicates = Duplicates(self._database, address)
        self.alerts = Alerts(self._database, address)

    @classmethod
    def connect(cls, uri: str | None, database: str = DATABASE, home: Path | None = None) -> Self:
        """Connect to a database as it is; `open` is what most callers want.

        Args:
            uri: MongoDB's connection string; None or empty for the embedded server.
            database: name of the database.
            home: where the embedded server keeps its files; None for BROADSHEET_HOME or ``.broadsheet``.

        Raises:
            StoreError: the embedded server cannot be started, or an argument is malformed.
        """
        server = None
        if not uri:
            # Not at the top: it needs a POSIX system, which a store elsewhere does not.
            from crawler.store.server import EmbeddedServer

            server = EmbeddedServer(home)
            uri = server.uri
        try:
            client, address = connect(uri)
            return cls(client, database, address, server)
        except BaseException:
            if server:
                server.close()
            raise

    @classmethod
    def open(cls, uri: str | None, database: str = DATABASE, home: Path | None = None) -> Self:
        """Connect, and bring the database up to date if the user of the connection string may do so.

        Args:
            uri: as for `connect`.
            database: likewise.
            home: likewise.

        Raises:
            StoreError: the server cannot be started or reached, does not let us in, or holds a database of a
                newer Broadsheet.
        """
        store = cls.connect(uri, database, home)
        try:
            with plain_errors(store._address):
                store._migrate()
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Open the store that Scrapy's settings name: MONGO_URI, MONGO_DATABASE.

        Raises:
            StoreError: as `Store.open`.
        """
        return cls.open(settings.get("MONGO_URI"), settings.get("MONGO_DATABASE") or DATABASE)

    @property
    def address(self) -> str:
        """The server's ``host:port``, for messages."""
        return self._address

    @property
    def database(self) -> Database[Document]:
        """The database, for what keeps collections of its own in it, such as the timetable."""
        return self._database

    def close(self) -> None:
        """Close the connections; an embedded server ends when nobody else uses it. May be called twice."""
        self._client.close()
        self._server.__exit__(None, None, None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def write(self, article: Article) -> Outcome:
        """Store an article and its raw page; see `write_records`.

        Raises:
            RefusedError: the article is too large, or against the schema.
        """
        (result,) = self.write_records([Record.of(article)])
        if isinstance(result, RefusedError):
            raise result
        return result

    def write_records(self, records: Sequence[Record]) -> list[Result]:
        """Store articles and their raw pages, in a few round trips.

        The same record may be written any number of times, by several writers at once: there is one document
        a canonical address, and what an article said before it changed is kept in ``revisions``.

        Args:
            records: at most some hundreds; of the same article in the order of their fetches.

        Returns:
            For each record: STORED for a new article, CHANGED for one whose ``content_hash`` is new, UNCHANGED
            for all others, of which only ``url``, ``crawl`` and ``updated_at`` are updated; a `RefusedError`
            where the document is too large, or against the schema. What the outcomes say is on the disks of a
            majority of the servers.

        Raises:
            StoreError: something else went wrong, and some of the records may be written. If it is an
                `UnavailableError`, write all of them again.
        """
        with self._writing(f"a batch of {len(records)} articles"):
            return BulkWriter(self._database).write(records)

    def touch(self, url: str, fetch: Fetch) -> bool:
        """Note that a page was asked for again and had not changed (304).

        Args:
            url: the address that was fetched.
            fetch: the visit; an ETag or Last-Modified that it lacks stays as it was.

        Returns:
            Whether the store has an article of that address.
        """
        with self._writing(f"the visit of {clean(url)}"):
            visit = {f"crawl.{name}": value for name, value in fetch_document(fetch).items() if value is not None}
            touched = self._articles.find_one_and_update(
                queries.at_address(url),
                {"$set": {**visit, "updated_at": datetime.now(UTC)}},
                projection={"_id": True},
                sort=queries.LATEST_WRITTEN,
            )
            return bool(touched)

    def record_crawl(self, figures: Mapping[str, Any]) -> None:
        """Keep a crawl's figures in ``crawls``, with the time as ``recorded_at``."""
        with self._writing("the record of the crawl"):
            self._crawls.insert_one({**storable(figures), "recorded_at": datetime.now(UTC)})

    def index_words(self, batch: int = 200) -> Iterator[int]:
        """Bring the index of words up to date, for `Selection.text`.

        An article's words take longer to index than the article to store, so that crawls leave it for later:
        to the first search after them, or to whoever calls this. It may be stopped anywhere.

        Args:
            batch: articles at a time.

        Yields:
            The number of articles indexed, after each batch.
        """
        waiting = {"searchable": {"$eq": False}}
        with self._writing("the index of words"):
            while found := [row["_id"] for row in self._articles.find(waiting, {"_id": True}, limit=batch)]:
                self._articles.update_many({"_id": {"$in": found}}, {"$set": SEARCHABLE})
                yield len(found)

    def prune(self, retention: Retention) -> int:
        """Delete the raw pages that are older than they may be; the articles stay.

        Returns:
            How many were deleted.
        """
        with self._writing("the deletion of raw pages"):
            conditions = retention.expired(datetime.now(UTC))
            return sum(self._pages.delete_many(condition).deleted_count for condition in conditions)

    def migrate(self, report: Callable[[Migration], object]) -> None:
        """Bring the database up to date; see `crawler.store.migrations.migrate`.

        Args:
            report: called before each migration that has yet to run.
        """
        with plain_errors(self._address):
            migrate(self._database, report)

    def status(self) -> Status:
        """Read what there is and how large it is; changes nothing."""
        with plain_errors(self._address):
            return read_status(self._database, self._address)

    def _migrate(self) -> None:
        try:
            migrate(self._database, self._announce)
        except OperationFailure as error:
            if error.code != UNAUTHORIZED:
                raise
            # A user who may only read is welcome to.
            self._refusal = StoreError(
                f"MongoDB at {self._address} does not let the user of MONGO_URI bring the database "
                f"{self._database.name} up to date: grant it readWrite and dbAdmin"
            )

    def _announce(self, migration: Migration) -> None:
        """Say why opening takes so long, where it may."""
        if articles := self._articles.estimated_document_count():
            message = "Bringing the database %s up to date, which may take minutes for its %d articles: %s"
            logger.warning(message, self._database.name, articles, migration.title)

    @contextmanager
    def _writing(self, subject: str) -> Iterator[None]:
        if self._refusal:
            raise self._refusal
        with plain_errors(self._address, subject):
            yield
