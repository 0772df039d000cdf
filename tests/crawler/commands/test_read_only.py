"""Who may only read the database can use every command that asks it something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    from crawler.items import Article
    from crawler.store import Store

    Environment = dict[str, str]


@pytest.fixture
def environment(environment: Environment, database: Database[dict[str, Any]], store: Store) -> Iterator[Environment]:
    """The environment of a user who may only read."""
    database.command("createUser", "reader", pwd="secret", roles=["read"])
    server = environment["MONGO_URI"].rpartition("@")[2].partition("/")[0]
    yield environment | {"MONGO_URI": f"mongodb://reader:secret@{server}/{database.name}"}
    database.command("dropUser", "reader")


def test_every_question_is_allowed(
    store: Store, make_article: Callable[..., Article], command: Callable[..., Any], tmp_path: Path
) -> None:
    store.write(make_article(html=b"<p>Ships queued for days."))
    assert "1 article\n" in command("articles")[1]
    assert command("articles", "--count")[1] == "1\n"
    assert command("articles", "--show", "https://news.example/harbour")[0] == 0
    status, out, err = command("articles", "--text", "ships", "--count")
    assert (status, out) == (0, "0\n")
    assert err.startswith("--text cannot find 1 articles yet: MongoDB at")
    list(store.index_words())
    assert command("articles", "--text", "ships", "--count") == (0, "1\n", "")
    assert command("export", str(tmp_path / "corpus"))[0] == 0
    assert command("drafts", str(tmp_path / "drafts"))[0] == 0
    assert len(list((tmp_path / "drafts").iterdir())) == 1
    status, _, err = command("reclassify")
    assert status == 1
    assert "secret" not in err
