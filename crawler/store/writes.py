"""Writes in bulk that any number of writers may do at once, and again, without doubling or losing anything."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure, WriteConcernError

from crawler.store.connection import BSON_OBJECT_TOO_LARGE, DOCUMENT_VALIDATION_FAILURE, fields_at_fault
from crawler.store.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pymongo.collection import Collection
    from pymongo.database import Database

    from crawler.store.connection import Document
    from crawler.store.documents import Record

    Operation = InsertOne[Any] | ReplaceOne[Document] | UpdateOne
    Errors = dict[int, dict[str, Any]]

DUPLICATE_KEY = 11000
MAX_IN_VAIN = 100
KNOWN = {
    "canonical_url": True,
    "content_hash": True,
    "revision": True,
    "first_seen_at": True,
    "crawl.job": True,
    "crawl.fetched_at": True,
}


class Outcome(StrEnum):
    """What a write did: a new article, a new revision of one, or only the news of another visit."""

    STORED = "stored"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


Result = Outcome | RefusedError


class BulkWriter:
    """Writes records to ``pages``, ``articles`` and ``revisions``.

    No transaction is needed, which a single server does not have. What a revision says never changes, so any
    writer may copy it to ``revisions``, any number of times, before it is replaced; then exactly one writer
    replaces the article of that number, and the others look again. A try fails only where another's
    succeeded. A raw page is there before the article that names it.

    Args:
        database: with the write concern that all its writes wait for.
    """

    def __init__(self, database: Database[Document]) -> None:
        self._articles = database["articles"]
        self._revisions = database["revisions"]
        self._pages = database["pages"]

    def write(self, records: Sequence[Record]) -> list[Result]:
        """Write records, of which any may be there already.

        Args:
            records: in the order of their fetches, as far as they are of the same article.

        Returns:
            What became of each, in their order: of one that the store has from a later fetch, UNCHANGED.

        Raises:
            PyMongoError: the server failed. Some of the records may be written; write all of them again.
        """
        results: dict[int, Result] = {}
        in_vain = 0
        while len(results) < len(records):
            turn: dict[str, int] = {}  # one record an article
            for number, record in enumerate(records):
                if number not in results:
                    turn.setdefault(record.article["canonical_url"], number)
            written = self._write_turn({number: records[number] for number in turn.values()})
            results.update(written)
            # Each time another writer was first, which ends some day; a unique index that is not ours would not.
            in_vain = 0 if written else in_vain + 1
            if in_vain > MAX_IN_VAIN:
                raise OperationFailure(
                    f"articles with the addresses {', '.join(turn)} cannot be written: is there an "
                    "index on the collection articles that the store did not make?"
                )
        return [results[number] for number in range(len(records))]

    def _write_turn(self, records: dict[int, Record]) -> dict[int, Result]:
        """Write records of different articles; where another writer came in between, a record has no result."""
        known = {article["canonical_url"]: article for article in self._find(records.values(), KNOWN)}
        results: dict[int, Result] = {}
        new, same, changed = {}, {}, {}
        for number, record in records.items():
            article = known.get(record.article["canonical_url"])
            if article is None:
                new[number] = record
            elif article["crawl"]["fetched_at"] > record.article["crawl"]["fetched_at"]:
                results[number] = Outcome.UNCHANGED
            elif article["content_hash"] != record.article["content_hash"]:
                changed[number] = record
            elif _is_of_the_fetch(article, record.article):
                # Written before, by a try whose acknowledgement was lost.
                is_first = article["first_seen_at"] == record.article["first_seen_at"]
                results[number] = Outcome.STORED if is_first else Outcome.UNCHANGED
            else:
                same[number] = record
        results |= self._keep_pages(new | changed)
        results |= self._insert(_without(new, results))
        results |= self._note_visits(same)
        results |= self._replace(_without(changed, results))
        return results

    def _find(self, records: Iterable[Record], projection: Document | None = None) -> list[Document]:
        addresses = [record.article["canonical_url"] for record in records]
        return list(self._articles.find({"canonical_url": {"$in": addresses}}, projection)) if addresses else []

    def _keep_pages(self, records: Mapping[int, Record]) -> dict[int, Result]:
        """Insert raw pages; of bodies that are there already, note that they were seen again.

        Returns:
            The records whose page is refused.
        """
        owners = {record.page["_id"]: number for number, record in records.items() if record.page}
        pages = [records[number].page or {} for number in owners.values()]
        _, errors = _bulk_write(self._pages, [InsertOne(page) for page in pages])
        results = _refusals({number: records[number] for number in owners.values()}, errors)
        doubles = [pages[position] for position, error in errors.items() if error["code"] == DUPLICATE_KEY]
        # Their age counts from now, or one might be deleted under the article that names it.
        news = [UpdateOne({"_id": page["_id"]}, {"$max": {"fetched_at": page["fetched_at"]}}) for page in doubles]
        _bulk_write(self._pages, list(news))
        return results

    def _insert(self, records: Mapping[int, Record]) -> dict[int, Result]:
        numbers = list(records)
        operations: list[Operation] = [InsertOne(records[number].encoded) for number in numbers]
        _, errors = _bulk_write(self._articles, operations)
        results = _refusals(records, errors)
        results |= {number: Outcome.STORED for position, number in enumerate(numbers) if position not in errors}
        return results

    def _note_visits(self, records: Mapping[int, Record]) -> dict[int, Result]:
        """Update where and when unchanged articles were fetched."""
        operations: list[Operation] = []
        for record in records.values():
            article = record.article
            same = {key: {"$eq": article[key]} for key in ("canonical_url", "content_hash")}
            news = {key: article[key] for key in ("url", "crawl", "updated_at")}
            not_later = {"crawl.fetched_at": {"$lte": article["crawl"]["fetched_at"]}}
            operations.append(UpdateOne({**same, **not_later}, {"$set": news}))
        matched, errors = _bulk_write(self._articles, operations)
        results = _refusals(records, errors)
        # MongoDB does not tell which of them it did not find: if any, all look again.
        if matched + len(errors) == len(records):
            results = {number: results.get(number, Outcome.UNCHANGED) for number in records}
        return results

    def _replace(self, records: Mapping[int, Record]) -> dict[int, Result]:
        """Replace articles by new revisions, and keep what they said before."""
        before = {article["canonical_url"]: article for article in self._find(records.values())}
        tried: dict[int, Record] = {}
        revisions: list[Operation] = []
        operations: list[Operation] = []
        for number, record in records.items():
            article = before.get(record.article["canonical_url"])
            if article is None or article["content_hash"] == record.article["content_hash"]:
                continue  # another writer came in between
            tried[number] = record
            identity = article.pop("_id")
            first_seen = article["first_seen_at"]
            dated = record.article["published_at"] or first_seen
            kept = {"revision": article["revision"] + 1, "first_seen_at": first_seen, "dated_at": dated}
            revisions.append(InsertOne({**article, "replaced_at": record.article["updated_at"]}))
            operations.append(ReplaceOne({"_id": identity, "revision": article["revision"]}, record.article | kept))
        _, errors = _bulk_write(self._revisions, revisions)
        _expect_only(errors, DUPLICATE_KEY)
        matched, errors = _bulk_write(self._articles, operations)
        results = _refusals(tried, errors)
        for number, record in tried.items():
            all_replaced = matched + len(errors) == len(tried)
            if number not in results and (all_replaced or self._is_there(record, before)):
                results[number] = Outcome.CHANGED
        return results

    def _is_there(self, record: Record, before: Mapping[str, Document]) -> bool:
        """Whether a record became the revision that follows the one before, by now replaced or not."""
        address = record.article["canonical_url"]
        number = {"canonical_url": {"$eq": address}, "revision": before[address]["revision"] + 1}
        written = self._articles.find_one(number, KNOWN) or self._revisions.find_one(number, KNOWN)
        return (
            written is not None
            and written["content_hash"] == record.article["content_hash"]
            and _is_of_the_fetch(written, record.article)
        )


def _without(records: Mapping[int, Record], results: Mapping[int, Result]) -> dict[int, Record]:
    return {number: record for number, record in records.items() if number not in results}


def _is_of_the_fetch(written: Document, article: Document) -> bool:
    return all(written["crawl"][name] == article["crawl"][name] for name in ("job", "fetched_at"))


def _bulk_write(collection: Collection[Document], operations: list[Operation]) -> tuple[int, Errors]:
    """Send operations at once.

    Returns:
        How many documents updates and replacements found, and the errors by the operations' positions.
    """
    if not operations:
        return 0, {}
    try:
        return collection.bulk_write(operations, ordered=False).matched_count, {}
    except BulkWriteError as error:
        details = error.details
        if details["writeConcernErrors"]:
            raise WriteConcernError(str(details["writeConcernErrors"][0].get("errmsg"))) from error
        return details["nMatched"], {failed["index"]: failed for failed in details["writeErrors"]}


def _expect_only(errors: Errors, *codes: int) -> None:
    """Raise the first error of another kind."""
    for error in errors.values():
        if error["code"] not in codes:
            raise OperationFailure(error["errmsg"], error["code"], error)


def _refusals(records: Mapping[int, Record], errors: Errors) -> dict[int, Result]:
    """Take the documents that are themselves at fault out of the errors; raise what else went wrong."""
    numbers = list(records)
    refusals: dict[int, Result] = {}
    for position, error in errors.items():
        url = records[numbers[position]].article["canonical_url"] or records[numbers[position]].article["url"]
        if error["code"] == DOCUMENT_VALIDATION_FAILURE:
            fields = ", ".join(sorted(fields_at_fault(error))) or "unknown fields"
            refusals[numbers[position]] = RefusedError(f"{url} cannot be stored: the schema refuses its {fields}")
        elif error["code"] == BSON_OBJECT_TOO_LARGE:
            refusals[numbers[position]] = RefusedError(f"{url} cannot be stored: {error['errmsg']}")
    left = {position: error for position, error in errors.items() if numbers[position] not in refusals}
    _expect_only(left, DUPLICATE_KEY)
    return refusals
