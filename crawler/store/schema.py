"""The collections as they should be: a JSON Schema validator and the indexes of each."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, get_args

from pymongo import DESCENDING, TEXT, IndexModel
from pymongo.errors import OperationFailure

from classifier import LABELS
from crawler.items import Access, BlockRecord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.collection import Collection
    from pymongo.database import Database

    from crawler.store.connection import Document

NAMESPACE_EXISTS = 48

Rule = dict[str, Any]

STRING: Rule = {"bsonType": "string"}
NAME: Rule = {"bsonType": "string", "minLength": 1}
ADDRESS: Rule = {"bsonType": "string", "minLength": 1, "maxLength": 8192}
BOOL: Rule = {"bsonType": "bool"}
DATE: Rule = {"bsonType": "date"}
COUNT: Rule = {"bsonType": ["int", "long"], "minimum": 0}
SHARE: Rule = {"bsonType": "number", "minimum": 0, "maximum": 1}
DIGEST: Rule = {"bsonType": "string", "pattern": "^[0-9a-f]{64}$"}
BLOCK_FIELDS = [field.name for field in fields(BlockRecord)]


def _optional(rule: Rule) -> Rule:
    return {**rule, "bsonType": [rule["bsonType"], "null"]}


def _list(rule: Rule) -> Rule:
    return {"bsonType": "array", "items": rule}


def _record(**fields: Rule) -> Rule:
    """A sub-document with exactly these fields."""
    return {
        "bsonType": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


_ARTICLE: dict[str, Rule] = {
    "_id": {},
    "url": ADDRESS,
    "canonical_url": ADDRESS,
    "publisher": NAME,
    "title": _optional(STRING),
    "authors": _list(STRING),
    "published_at": _optional(DATE),
    "modified_at": _optional(DATE),
    "language": _optional(STRING),
    "section": _optional(STRING),
    "tags": _list(STRING),
    "image": _optional(STRING),
    "text": STRING,
    # An article has so many blocks that rules for what is in them would cost as much as storing it: whoever writes
    # holds to them, by `crawler.store.documents.check_blocks`.
    "blocks": _list({"bsonType": "object", "required": BLOCK_FIELDS, "maxProperties": len(BLOCK_FIELDS)}),
    "counts": {
        "bsonType": "object",
        "properties": dict.fromkeys(LABELS, COUNT),
        "additionalProperties": False,
    },
    "confidence": SHARE,
    "access": {"enum": list(get_args(Access))},
    "rights": _record(
        robots_noai=BOOL,
        robots_noindex=BOOL,
        robots_noarchive=BOOL,
        ai_crawlers_disallowed=BOOL,
        tdm_reservation=BOOL,
        tdm_policy=_optional(STRING),
        licence=_optional(STRING),
    ),
    "duplicate_of": _optional(ADDRESS),
    "content_hash": NAME,
    "simhash": STRING,
    "simhash_bands": _list(COUNT),
    "classifier": {"bsonType": "object"},
    "crawl": _record(
        job=STRING,
        spider=STRING,
        fetched_at=DATE,
        status=COUNT,
        etag=_optional(STRING),
        last_modified=_optional(STRING),
    ),
    "page": DIGEST,
    "searchable": BOOL,
    "revision": {**COUNT, "minimum": 1},
    "dated_at": DATE,
    "first_seen_at": DATE,
    "updated_at": DATE,
}

SCHEMAS: dict[str, Rule] = {
    "articles": _record(**_ARTICLE),
    "revisions": _record(**_ARTICLE, replaced_at=DATE),
    "pages": _record(
        _id=DIGEST,
        url=ADDRESS,
        publisher=NAME,
        fetched_at=DATE,
        encoding=_optional(STRING),
        size=COUNT,
        body={"bsonType": "binData"},
    ),
    "visits": _record(
        _id=ADDRESS,
        job=STRING,
        fetched_at=DATE,
        etag=_optional(STRING),
        last_modified=_optional(STRING),
        article=_optional(ADDRESS),
        classifier=_optional(STRING),
    ),
    "crawls": {"bsonType": "object", "properties": {"recorded_at": DATE}, "required": ["recorded_at"]},
    "alerts": _record(
        _id={},
        publisher=NAME,
        figure=NAME,
        message=STRING,
        since=DATE,
        raised_at=DATE,
        job=STRING,
        pages=_list(_record(url=ADDRESS, page=DIGEST)),
        told=_list(NAME),
        open=BOOL,
        ended_at=_optional(DATE),
        accepted=BOOL,
    ),
}

# Near-duplicates, and articles whose words are in the index of words: the filters of partial indexes, which a query
# must repeat to the letter.
IS_DUPLICATE: Rule = {"$type": "string"}
SEARCHABLE: Rule = {"searchable": True}

BY_TIME = "time"  # names of indexes that queries refer to
BY_WORDS = "words"

# Every order ends with _id, so that no two articles stand in the same place and a page can begin behind any of them.
_TIME = [("dated_at", DESCENDING), ("_id", DESCENDING)]

INDEXES: dict[str, list[IndexModel]] = {
    "articles": [
        IndexModel("canonical_url", unique=True),
        IndexModel("url"),
        IndexModel(_TIME, name=BY_TIME),
        # One for each filter, in the order of reading: the page of any single filter is a range of an index, and of
        # several filters MongoDB takes the narrowest and checks the others.
        IndexModel(["publisher", *_TIME], name="publisher"),
        # Of a large publisher and a small language the narrowest holds too much still, and which of two it is differs
        # from name to name, while MongoDB keeps to the plan that was right for the last one.
        IndexModel(["publisher", "language", *_TIME], name="publisher_language"),
        IndexModel(["publisher", "section", *_TIME], name="publisher_section"),
        IndexModel(["publisher", "confidence", "_id"], name="publisher_confidence"),
        IndexModel(["language", *_TIME], name="language"),
        IndexModel(["section", *_TIME], name="section"),
        IndexModel(["authors", *_TIME], name="author"),
        IndexModel(["access", *_TIME], name="access"),
        IndexModel(["classifier.version", *_TIME], name="model"),
        IndexModel(["confidence", "_id"], name="confidence"),
        # What few articles have costs an index of those few. Nearly all have blocks of the other labels, and are found
        # in the order of time as fast.
        IndexModel(_TIME, name="with_disclaimer", partialFilterExpression={"counts.disclaimer": {"$gt": 0}}),
        IndexModel(_TIME, name="duplicates", partialFilterExpression={"duplicate_of": IS_DUPLICATE}),
        # A word takes as long to index as all of the above: `Store.index_words` does it after the crawl. MongoDB
        # stems in one language for an index or by a field `language`, and ours may hold what it has no stems for.
        # The date is there for `crawler.store.windows`.
        IndexModel(
            [("title", TEXT), ("text", TEXT), ("dated_at", DESCENDING)],
            name=BY_WORDS,
            default_language="none",
            language_override="stemmed_in",
            partialFilterExpression=SEARCHABLE,
        ),
        IndexModel("searchable", name="unsearchable", partialFilterExpression={"searchable": False}),
        IndexModel("simhash_bands"),
        IndexModel("duplicate_of", partialFilterExpression={"duplicate_of": IS_DUPLICATE}),
    ],
    "revisions": [IndexModel(["canonical_url", "revision"], unique=True)],
    "pages": [IndexModel(["publisher", "fetched_at"]), IndexModel("fetched_at")],
    "crawls": [IndexModel([("recorded_at", DESCENDING)]), IndexModel(["publisher", ("started_at", DESCENDING)])],
    "alerts": [
        # Whatever runs end at once, a figure of a publisher has one open alert.
        IndexModel(["publisher", "figure"], unique=True, partialFilterExpression={"open": True}),
        IndexModel(["open", ("since", DESCENDING)]),
        IndexModel(["publisher", ("since", DESCENDING)]),
    ],
}


def prepare(database: Database[Document]) -> None:
    """Make the collections, validators and indexes that are missing; leave alone what is as it should be."""
    existing = {entry["name"]: entry.get("options", {}) for entry in database.list_collections()}
    for name, schema in SCHEMAS.items():
        validator = {"$jsonSchema": schema}
        if name not in existing:
            try:
                database.create_collection(name, check_exists=False, validator=validator)
            except OperationFailure as error:
                if error.code != NAMESPACE_EXISTS:  # another process may have been faster
                    raise
        elif existing[name].get("validator") != validator:
            database.command("collMod", name, validator=validator)
        if indexes := INDEXES.get(name):
            _drop_replaced(database[name], indexes)
            database[name].create_indexes(indexes)


def _drop_replaced(collection: Collection[Document], wanted: list[IndexModel]) -> None:
    """Drop the indexes that have the name of one that is wanted, and other fields."""
    existing = {name: _fields(index["key"]) for name, index in collection.index_information().items()}
    for index in wanted:
        name = index.document["name"]
        if name in existing and existing[name] != _fields(index.document["key"].items()):
            collection.drop_index(name)


def _fields(key: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """The fields of an index but those of words, which MongoDB tells by other names than it was told."""
    return [(field, kind) for field, kind in key if kind != TEXT and not field.startswith("_fts")]
