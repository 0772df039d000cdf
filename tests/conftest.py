"""A real MongoDB for all tests, started by the project's own code."""

from __future__ import annotations

import os
import signal
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from pymongo import MongoClient

from crawler.items import Article, BlockRecord, Fetch
from crawler.store import Store
from crawler.store.server import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database


def pytest_configure() -> None:
    """Let no terminal limit the width of what commands print, and let Ctrl-C reach them.

    A shell starts what runs in the background with Ctrl-C ignored, and the commands that the tests start inherit that.
    """
    os.environ.pop("COLUMNS", None)
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address, with its password, of a server for this test run."""
    with EmbeddedServer(tmp_path_factory.mktemp("home")) as server:
        yield server.uri


@pytest.fixture(scope="session")
def prepared(mongo_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """A database whose collections and indexes are there: to make them takes longer than most tests."""
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        ready = client[f"test_{uuid.uuid4().hex}"]
        Store.open(mongo_uri, ready.name).close()
        yield ready
        client.drop_database(ready)


@pytest.fixture
def emptied(prepared: Database[dict[str, Any]]) -> Iterator[Database[dict[str, Any]]]:
    """That database, left without documents: in place of `database` for tests that do not look at its making."""
    yield prepared
    for name in set(prepared.list_collection_names()) - {"migrations"}:
        prepared[name].delete_many({})


@pytest.fixture
def database(mongo_uri: str) -> Iterator[Database[dict[str, Any]]]:
    """A database of this test's own, to look at what a store wrote."""
    with MongoClient[dict[str, Any]](mongo_uri, tz_aware=True) as client:
        fresh = client[f"test_{uuid.uuid4().hex}"]
        yield fresh
        client.drop_database(fresh)


@pytest.fixture
def store(mongo_uri: str, database: Database[dict[str, Any]]) -> Iterator[Store]:
    """A store in that database."""
    with Store.open(mongo_uri, database.name) as opened:
        yield opened


@pytest.fixture(scope="session")
def make_article() -> Callable[..., Article]:
    """A function that makes an article which only differs from others in what it is told."""

    def make(**fields: Any) -> Article:
        address = "https://news.example/harbour"
        blocks = [
            BlockRecord("other", "Harbour reopens", "/html/body/h1", 0.99),
            BlockRecord("article", "Ships queued for days.", "/html/body/p[1]", 0.98),
            BlockRecord("ad", "Our trading course: Save Your Spot", "/html/body/p[2]", 0.91),
            BlockRecord("disclaimer", "Disclaimer: not financial advice.", "/html/body/p[3]", 0.93),
            BlockRecord("teaser", "Ten more ports to see", "/html/body/div", 0.9),
        ]
        article = {
            "url": address,
            "canonical_url": fields.get("url", address),
            "publisher": "news",
            "html": b"<h1>Harbour reopens</h1><p>Ships queued for days.",
            "crawl": Fetch("job-1", "news", datetime(2026, 7, 2, tzinfo=UTC), 200, '"tag"'),
            "title": "Harbour reopens",
            "authors": ["A. Writer"],
            "published_at": datetime(2026, 7, 1, 12, tzinfo=UTC),
            "language": "en",
            "text": "Ships queued for days.",
            "blocks": blocks,
            "counts": {"other": 1, "article": 1, "ad": 1, "disclaimer": 1, "teaser": 1},
            "confidence": 0.9,
            "content_hash": "aa",
            "simhash": "00ff",
            "classifier": {"version": "1"},
        }
        return Article(**{**article, **fields})

    return make
