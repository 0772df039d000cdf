"""What docs/store.md tells to type does what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.items import Article
    from crawler.store import Store

PAGE = (Path(__file__).parents[2] / "docs" / "store.md").read_text()
URL = "https://www.courier.example/story"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def database(emptied: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    return emptied


@pytest.fixture
def told(store: Store, make_article: Callable[..., Article]) -> Store:
    """A store that has something to answer to every query of the page."""
    text = "At the harbour they say: save your spot."
    for number in ("1", "2"):
        store.write(make_article(url=URL, publisher="courier", text=text, content_hash=number, confidence=0.6))
    copy = {"language": "de", "duplicate_of": URL, "published_at": datetime(2026, 7, 2, tzinfo=UTC)}
    store.write(make_article(url="https://www.herald.example/story", publisher="herald", **copy))
    store.record_crawl({"publisher": "courier"})
    list(store.index_words())
    return store


def test_the_python_queries_run(told: Store, mongo_uri: str, database: Database[dict[str, Any]]) -> None:
    (program,) = blocks("python")
    opened = f"Store.open({mongo_uri!r}, {database.name!r})"
    program, replaced = re.subn(r'Store\.open\("mongodb://reader[^)]*\)', lambda _: opened, program)
    assert replaced == 1
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["article"].canonical_url == URL
    assert names["newest"].position
    assert names["html"].startswith(b"<h1>")
    assert names["ads"] == ["Our trading course: Save Your Spot"]


@pytest.mark.skipif(not shutil.which("mongosh"), reason="mongosh is not installed")
def test_the_mongosh_queries_find_something(told: Store, mongo_uri: str, database: Database[dict[str, Any]]) -> None:
    queries = re.split(r"^// \d+\. .*$", blocks("js")[0], flags=re.MULTILINE)[1:]
    assert len(queries) == 10
    counts = "; ".join(f"print(({query.strip()}).toArray().length)" for query in queries)
    address = mongo_uri.replace("/?", f"/{database.name}?")
    done = subprocess.run(
        ["mongosh", address, "--quiet", "--eval", counts], capture_output=True, text=True, check=True, timeout=120
    )
    assert all(int(count) > 0 for count in done.stdout.split())
    assert len(done.stdout.split()) == 10
