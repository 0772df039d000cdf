"""The collections as they should be: a JSON Schema validator and the indexes of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pymongo import DESCENDING, IndexModel
from pymongo.errors import OperationFailure

from crawler.items import Access

if TYPE_CHECKING:
    from pymongo.database import Database

    from crawler.store.connection import Document

# The classifier's labels. Not imported from there: every Scrapy command would wait for scikit-learn to load.
LABELS = ("article", "ad", "disclaimer", "teaser", "other")
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
    "blocks": _list(_record(label={"enum": list(LABELS)}, text=STRING, xpath=STRING, p=SHARE)),
    "counts": {
        "bsonType": "object",
        "properties": dict.fromkeys(LABELS, COUNT),
        "additionalProperties": False,
    },
    "confidence": SHARE,
    "access": {"enum": list(get_args(Access))},
    "rights": _record(robots_noai=BOOL, tdm_reservation=BOOL, licence=_optional(STRING)),
    "duplicate_of": _optional(ADDRESS),
    "content_hash": NAME,
    "simhash": STRING,
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
    "revision": {**COUNT, "minimum": 1},
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
    "crawls": {"bsonType": "object", "properties": {"recorded_at": DATE}, "required": ["recorded_at"]},
}

_NEWEST = [("published_at", DESCENDING), ("first_seen_at", DESCENDING)]

INDEXES: dict[str, list[IndexModel]] = {
    "articles": [
        IndexModel("canonical_url", unique=True),
        IndexModel("url"),
        IndexModel(_NEWEST),
        IndexModel(["publisher", *_NEWEST]),
    ],
    "revisions": [IndexModel(["canonical_url", "revision"], unique=True)],
    "crawls": [IndexModel([("recorded_at", DESCENDING)])],
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
            database[name].create_indexes(indexes)
