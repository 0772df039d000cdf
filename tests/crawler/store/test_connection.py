"""A server that is away, shut, or shared with others: said in one line, and never the password."""

from __future__ import annotations

import socket
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from pymongo import ReadPreference

from classifier import LABELS
from crawler.store import Store, StoreError, schema
from crawler.store.server import find_mongod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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
                reading.write(make_article(url="https://news.example/another"))
            assert "secret" not in str(raised.value)
    finally:
        database.command("dropUser", "reader")


def test_only_questions_go_to_a_secondary(mongo_uri: str, database: Documents) -> None:
    with Store.connect(f"{mongo_uri}&readPreference=secondaryPreferred", database.name) as store:
        assert store.database.read_preference == ReadPreference.PRIMARY
        assert store._articles.read_preference == ReadPreference.SECONDARY_PREFERRED


def test_a_store_closed_is_closed(mongo_uri: str, database: Documents) -> None:
    store = Store.open(mongo_uri, database.name)
    store.close()
    store.close()
    with pytest.raises(StoreError):
        store.publishers()


def test_the_schema_knows_the_labels_of_the_classifier() -> None:
    assert schema.LABELS == LABELS


def certificate(folder: Path) -> Path:
    """Make a certificate of the loopback that is its own authority, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    file.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
    )
    return file


def test_tls_options_reach_the_driver(tmp_path: Path, make_article: Callable[..., Article]) -> None:
    pem = certificate(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(find_mongod()), "--dbpath", str(tmp_path), "--port", str(port), "--bind_ip", "127.0.0.1"]
    tls = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(pem), "--nounixsocket"]
    with subprocess.Popen([*command, *tls], stdout=subprocess.DEVNULL) as mongod:
        try:
            uri = f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=30000&tls=true"
            with Store.open(f"{uri}&tlsCAFile={pem}") as store:
                store.write(make_article())
                assert store.publishers() == ["news"]
            strangers = f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=500"
            told(strangers)
            assert "certificate" in told(f"{strangers}&tls=true")
        finally:
            mongod.kill()
