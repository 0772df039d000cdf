"""A server that is away, shut, or shared with others: said in one line, and never the password."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from classifier import LABELS
from crawler.store import Store, StoreError, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    from crawler.items import Article

    Documents = Database[dict[str, Any]]


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of the loopback at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def told(uri: str, database: str = "broadsheet") -> str:
    with pytest.raises(StoreError) as raised:
        Store.open(uri, database)
    message = str(raised.value)
    assert "\n" not in message
    assert "secret" not in message
    return message


def test_a_server_out_of_reach_is_named_with_the_setting(closed_port: int) -> None:
    message = told(f"mongodb://user:secret@127.0.0.1:{closed_port}/?serverSelectionTimeoutMS=200")
    assert f"127.0.0.1:{closed_port}" in message
    assert "MONGO_URI" in message
    assert "refused" in message


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://user:sec/secret@127.0.0.1/",
        "mongodb://user:p@secret@127.0.0.1/",
        "mongodb://user:p?secret@127.0.0.1/",
        "mongodb://127.0.0.1:secret/",
        "mongodb://127.0.0.1/?secret=1",
        "secret",
        "http://user:secret@127.0.0.1/",
    ],
)
def test_an_address_that_is_none_is_said_so_without_quoting_it(uri: str) -> None:
    assert "MONGO_URI is not a MongoDB address" in told(uri)


def test_a_wrong_password_is_said_so(mongo_uri: str) -> None:
    server = mongo_uri.rpartition("@")[2]
    assert "user and password" in told(f"mongodb://broadsheet:secret@{server}")


@pytest.mark.parametrize("name", ["", "a b", "a.b", "a$", "x" * 80])
def test_a_name_for_no_database_is_said_so(mongo_uri: str, name: str) -> None:
    if name:
        told(mongo_uri, name)
    else:
        with pytest.raises(StoreError, match="MONGO_DATABASE"):
            Store.open(mongo_uri, name)


def test_a_user_who_may_only_read_reads(
    mongo_uri: str, store: Store, database: Documents, make_article: Callable[..., Article]
) -> None:
    store.write(make_article())
    database.command("createUser", "reader", pwd="secret", roles=["read"])
    server = mongo_uri.rpartition("@")[2].partition("/")[0]
    try:
        with Store.open(f"mongodb://reader:secret@{server}/{database.name}", database.name) as reading:
            assert reading.publishers() == ["news"]
            with pytest.raises(StoreError, match="grant it readWrite") as raised:
                reading.write(make_article())
            assert "secret" not in str(raised.value)
    finally:
        database.command("dropUser", "reader")


def test_a_store_closed_is_closed(mongo_uri: str, database: Documents) -> None:
    store = Store.open(mongo_uri, database.name)
    store.close()
    store.close()
    with pytest.raises(StoreError):
        store.publishers()


def test_the_schema_knows_the_labels_of_the_classifier() -> None:
    assert schema.LABELS == LABELS
