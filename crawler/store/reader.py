"""Reading the store: single articles, selections of any size page by page, counts, raw pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

from crawler.store import queries
from crawler.store.arrow import read_tables
from crawler.store.connection import Document, plain_errors
from crawler.store.documents import RawPage, StoredArticle, Summary, clean, raw_page
from crawler.store.selection import Order, Position, Selection
from crawler.store.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow
    from pymongo.database import Database

EVERYTHING = Selection()

Kind = TypeVar("Kind", bound=Summary)


class Articles(Iterator[Kind]):
    """The articles of a selection, read from the server as they are asked for.

    Attributes:
        position: behind the article that was read last; None before the first. `Reader.find` goes on from there.
    """

    def __init__(self, documents: Iterator[Document], kind: type[Kind], order: Order, address: str) -> None:
        self._documents = documents
        self._kind = kind
        self._order = order
        self._address = address
        self.position: Position | None = None

    def __next__(self) -> Kind:
        with plain_errors(self._address):
            document = next(self._documents)
        self.position = Position.of(document, self._order)
        return self._kind.from_document(document)


class Reader:
    """The questions that a store answers; whoever may only read the database may ask them all.

    All methods raise `StoreError`, with a message of one line for the user, when the server is out of reach.

    Args:
        database: where the collections are.
        address: the server's ``host:port``, for messages.
    """

    def __init__(self, database: Database[Document], address: str) -> None:
        self._address = address
        self._articles = database["articles"]
        self._pages = database["pages"]

    def get(self, url: str) -> StoredArticle | None:
        """Read the article whose canonical address this is, or else the last that was fetched from it."""
        with plain_errors(self._address):
            document = self._articles.find_one({"canonical_url": {"$eq": clean(url)}}) or self._articles.find_one(
                {"url": {"$eq": clean(url)}}, sort=queries.LATEST_WRITTEN
            )
        return StoredArticle.from_document(document) if document else None

    def page(self, digest: str) -> RawPage | None:
        """Read the raw page that `StoredArticle.page` names."""
        with plain_errors(self._address):
            document = self._pages.find_one({"_id": {"$eq": clean(digest)}})
        return raw_page(document) if document else None

    def find(
        self,
        selection: Selection = EVERYTHING,
        *,
        order: Order = Order.NEWEST,
        after: Position | None = None,
        limit: int | None = None,
    ) -> Articles[StoredArticle]:
        """Read articles.

        Args:
            selection: which.
            order: in what order.
            after: where to go on: the position of an earlier cursor of the same selection and order.
            limit: at most so many; None or 0 for all.

        Returns:
            A cursor: an iterator that knows its position.
        """
        return self._read(StoredArticle, selection, order, after, limit)

    def summaries(
        self,
        selection: Selection = EVERYTHING,
        *,
        order: Order = Order.NEWEST,
        after: Position | None = None,
        limit: int | None = None,
    ) -> Articles[Summary]:
        """Read articles without text and blocks, which is many times as fast; see `find` for the arguments."""
        return self._read(Summary, selection, order, after, limit)

    def _read(
        self, kind: type[Kind], selection: Selection, order: Order, after: Position | None, limit: int | None
    ) -> Articles[Kind]:
        fields_read = [field.name for field in fields(kind)]

        def documents() -> Iterator[Document]:
            left = limit or 0
            for window in windows(self._articles, selection, order, after):
                condition = window.condition(order, after)
                # allow_disk_use: words are not found in order, and may be those of more articles than memory sorts.
                for document in self._articles.find(
                    condition, fields_read, sort=order.sort, limit=left, allow_disk_use=True
                ):
                    yield document
                    if limit:
                        left -= 1
                        if not left:
                            return

        return Articles(documents(), kind, order, self._address)

    def count(self, selection: Selection = EVERYTHING, *, at_most: int | None = None) -> int:
        """Count the articles of a selection.

        Args:
            selection: which.
            at_most: stop counting at this number, which makes the time that it takes independent of the store's size.
        """
        bounds: dict[str, Any] = {} if at_most is None else {"limit": at_most}
        with plain_errors(self._address):
            return self._articles.count_documents(selection.condition(), **bounds)

    def count_by(self, group: queries.Group, selection: Selection = EVERYTHING) -> list[queries.GroupCount]:
        """Count the articles of a selection by publisher, language, day and so on.

        Args:
            group: by what.
            selection: which articles.

        Returns:
            The counts, the largest first, days from the latest. An article of two authors counts for both.
        """
        # Of all articles, the group's own index holds what is counted, and none of them need be read: any condition,
        # be it one that all fulfil, would have MongoDB read them.
        everything = selection == EVERYTHING
        match = [] if everything else [{"$match": selection.condition()}]
        hint: dict[str, Any] = {"hint": group.index_name} if everything else {}
        with plain_errors(self._address):
            rows = self._articles.aggregate([*match, *group.stages()], **hint)
            return [queries.GroupCount(row["_id"], row["articles"]) for row in rows]

    def tables(
        self,
        selection: Selection = EVERYTHING,
        *,
        order: Order = Order.NEWEST,
        after: Position | None = None,
        limit: int | None = None,
    ) -> Iterator[tuple[pyarrow.Table, Position | None]]:
        """Read articles as tables of Apache Arrow; see `find` for the arguments.

        Yields:
            Tables of bounded size and one schema, and the position behind each; an empty one if there is nothing.

        Raises:
            StoreError: also when the optional part ``parquet`` is not installed.
        """
        with plain_errors(self._address):
            yield from read_tables(self._articles, selection, order, after, limit)

    def count_unsearchable(self) -> int:
        """Count the articles whose words `Store.index_words` has yet to index."""
        with plain_errors(self._address):
            return self._articles.count_documents({"searchable": {"$eq": False}})

    def publishers(self) -> list[str]:
        """The names of the publishers that have articles in the store, sorted."""
        with plain_errors(self._address):
            return sorted(self._articles.distinct("publisher"))

    def count_labels(self, publishers: Iterable[str] | None = None) -> dict[str, queries.PublisherCounts]:
        """Count articles and blocks.

        Args:
            publishers: names of publishers; None for all.

        Returns:
            The counts by name, for each publisher that has articles.
        """
        with plain_errors(self._address):
            rows = self._articles.aggregate(queries.label_counts(publishers))
            return {row["_id"]: queries.PublisherCounts.from_row(row) for row in rows}
