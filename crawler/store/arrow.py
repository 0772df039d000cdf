"""Articles as tables of Apache Arrow, read by pymongoarrow without a Python object for every value."""

from __future__ import annotations

import sys
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from crawler.store.documents import StoredArticle
from crawler.store.errors import StoreError
from crawler.store.schema import BLOCK_FIELDS, SCHEMAS
from crawler.store.selection import Position
from crawler.store.windows import windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow
    from pymongo.collection import Collection

    from crawler.store.connection import Document
    from crawler.store.selection import Order, Selection

ROWS = 2000  # of a table; bounds the memory it takes


def read_tables(
    articles: Collection[Document],
    selection: Selection,
    order: Order,
    after: Position | None = None,
    limit: int | None = None,
) -> Iterator[tuple[pyarrow.Table, Position | None]]:
    """Read articles.

    Args:
        articles: the collection.
        selection: which.
        order: in what order.
        after: where to go on.
        limit: at most so many; None or 0 for all.

    Yields:
        Tables of at most `ROWS` rows, all of one schema, and the position behind each; one that is empty where there
        are no articles.

    Raises:
        StoreError: the optional parts for it are not installed.
    """
    schema, find = _load()
    left = limit or sys.maxsize
    nothing = True
    for window in windows(articles, selection, order, after):
        is_full = True
        while is_full and left:
            rows = min(ROWS, left)
            condition = window.condition(order, after)
            table = find(articles, condition, schema=schema, sort=order.sort, limit=rows, allow_disk_use=True)
            is_full = table.num_rows == rows
            if table.num_rows:
                nothing = False
                left -= table.num_rows
                after = Position.of({name: table[name][-1].as_py() for name in ("_id", order.key)}, order)
                yield table.drop_columns(["_id"]), after
    if nothing:
        yield table.drop_columns(["_id"]), after


def _load() -> tuple[Any, Any]:
    """The schema of the tables, and the function that finds them."""
    try:
        with warnings.catch_warnings():
            # Its wheel says so of the very release of pyarrow that it asks for.
            warnings.filterwarnings("ignore", message=".*size changed, may indicate binary incompatibility")
            import pyarrow as pa
            from bson import ObjectId
            from pymongoarrow.api import Schema, find_arrow_all
    except ImportError as error:
        raise StoreError(f"Parquet needs an optional part ({error.name}): pip install 'broadsheet[parquet]'") from None
    block = {**dict.fromkeys(BLOCK_FIELDS, pa.string()), "p": pa.float64()}
    rules = SCHEMAS["articles"]["properties"]
    columns = {
        column.name: pa.list_(pa.struct(block)) if column.name == "blocks" else _type(pa, rules[column.name])
        for column in fields(StoredArticle)
    }
    return Schema({"_id": ObjectId, **columns}), find_arrow_all


def _type(pa: Any, rule: Mapping[str, Any]) -> Any:
    """The type of Arrow for what a rule of the validator lets through."""
    kinds = rule.get("bsonType", "string")  # an enumeration has none
    match [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]:
        case ["object"]:
            # The one object whose fields the validator leaves open says which model read the article.
            members = rule.get("properties", {"version": {"bsonType": "string"}})
            return pa.struct({name: _type(pa, member) for name, member in members.items()})
        case ["array"]:
            return pa.list_(_type(pa, rule["items"]))
        case ["date"]:
            return pa.timestamp("ms", tz="UTC")
        case [kind]:
            return {"string": pa.string(), "bool": pa.bool_(), "number": pa.float64()}[kind]
        case _:
            return pa.int64()
