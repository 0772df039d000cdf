"""Articles as JSON Lines, CSV and Parquet."""

from __future__ import annotations

import csv
from io import TextIOWrapper
from typing import TYPE_CHECKING, BinaryIO

from classifier import LABELS, terminal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    import pyarrow

    from crawler.store import StoredArticle

COLUMNS = (
    "canonical_url", "url", "publisher", "title", "authors", "published_at", "modified_at", "dated_at", "language",
    "section", "tags", "image", "access", "robots_noai", "tdm_reservation", "licence", "duplicate_of", "confidence",
    "model", "revision", "fetched_at", "first_seen_at", "updated_at", *LABELS, "text",
)  # fmt: skip
# What a spreadsheet would take for a formula, and run.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def json_line(article: StoredArticle) -> bytes:
    """The whole article as a line of JSON in UTF-8, with controls escaped so that it may go to a terminal."""
    return terminal.json_line(article.as_dict(), _date).encode() + b"\n"


def write_lines(articles: Iterable[StoredArticle], file: BinaryIO) -> None:
    """Write a JSON object a line."""
    for article in articles:
        file.write(json_line(article))


def write_csv(articles: Iterable[StoredArticle], file: BinaryIO) -> None:
    """Write a row an article, without its blocks, of which the number of each label is given.

    Cells that a spreadsheet would run as a formula begin with an apostrophe.
    """
    text = TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
    try:
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        for article in articles:
            writer.writerow([_cell(value) for value in _row(article).values()])
    finally:
        text.detach()


def write_parquet(tables: Iterable[pyarrow.Table], file: BinaryIO) -> int:
    """Write tables of one schema, each as a row group.

    Returns:
        The number of rows.
    """
    from pyarrow import parquet

    writer: parquet.ParquetWriter | None = None
    rows = 0
    try:
        for table in tables:
            writer = writer or parquet.ParquetWriter(file, table.schema, compression="zstd")
            writer.write_table(table)
            rows += table.num_rows
    finally:
        if writer:
            writer.close()
    return rows


def _row(article: StoredArticle) -> dict[str, object]:
    special: dict[str, object] = {
        "authors": "; ".join(article.authors),
        "tags": "; ".join(article.tags),
        "robots_noai": article.rights.robots_noai,
        "tdm_reservation": article.rights.tdm_reservation,
        "licence": article.rights.licence,
        "model": article.classifier.get("version"),
        "fetched_at": article.crawl.fetched_at,
        **{label: article.counts.get(label, 0) for label in LABELS},
    }
    return {name: special[name] if name in special else getattr(article, name) for name in COLUMNS}


def _cell(value: object) -> object:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, (int, float)) else _date(value)


def _date(value: object) -> str:
    moment: datetime = value  # type: ignore[assignment]
    return moment.isoformat().replace("+00:00", "Z")
