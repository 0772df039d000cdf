"""Articles as tables of Apache Arrow, read by pymongoarrow without a Python object for every value."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from crawler.store.errors import StoreError
from crawler.store.schema import LABELS
from crawler.store.selection import Position

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        Tables of at most `ROWS` rows, all of one schema, and the position behind each. The last may be empty, and
        is the only one where there are no articles.

    Raises:
        StoreError: the optional parts for it are not installed.
    """
    schema, find = _load()
    left = limit or None
    while left is None or left > 0:
        rows = ROWS if left is None else min(ROWS, left)
        condition = selection.condition(order, after)
        table = find(articles, condition, schema=schema, sort=order.sort, limit=rows, allow_disk_use=True)
        if table.num_rows:
            after = Position.of({name: table[name][-1].as_py() for name in ("_id", order.key)}, order)
        yield table.drop_columns(["_id"]), after
        if table.num_rows < rows:
            return
        left = None if left is None else left - table.num_rows


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
    text, moment, strings = pa.string(), pa.timestamp("ms", tz="UTC"), pa.list_(pa.string())
    block = pa.struct({"label": text, "text": text, "xpath": text, "p": pa.float64()})
    crawl = {"job": text, "spider": text, "fetched_at": moment, "status": pa.int64()}
    rights = {"robots_noai": pa.bool_(), "tdm_reservation": pa.bool_(), "licence": text}
    schema = {
        "_id": ObjectId,
        **dict.fromkeys(("url", "canonical_url", "publisher", "title"), text),
        "authors": strings,
        **dict.fromkeys(("dated_at", "published_at", "modified_at"), moment),
        **dict.fromkeys(("language", "section"), text),
        "tags": strings,
        **dict.fromkeys(("image", "text"), text),
        "blocks": pa.list_(block),
        "counts": pa.struct(dict.fromkeys(LABELS, pa.int64())),
        "confidence": pa.float64(),
        "access": text,
        "rights": pa.struct(rights),
        **dict.fromkeys(("duplicate_of", "content_hash", "simhash"), text),
        "classifier": pa.struct({"version": text}),
        "crawl": pa.struct({**crawl, "etag": text, "last_modified": text}),
        "page": text,
        "revision": pa.int64(),
        **dict.fromkeys(("first_seen_at", "updated_at"), moment),
    }
    return Schema(schema), find_arrow_all
