"""The way to a MongoDB server: the client, and its errors in words for the user."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bson.errors import InvalidDocument
from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, DocumentTooLarge, OperationFailure, PyMongoError
from pymongo.uri_parser import parse_uri

from crawler.store.errors import RefusedError, StoreError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Document = dict[str, Any]

REACH_TIMEOUT = 3000  # milliseconds; MONGO_URI may say otherwise with serverSelectionTimeoutMS
UNAUTHORIZED = 13
AUTHENTICATION_FAILED = 18
DOCUMENT_VALIDATION_FAILURE = 121
BSON_OBJECT_TOO_LARGE = 10334


def connect(uri: str) -> tuple[MongoClient[Document], str]:
    """Make a client; it connects when it is first used.

    Args:
        uri: a MongoDB connection string.

    Returns:
        The client, and the server's ``host:port`` for messages: never with the password.

    Raises:
        StoreError: the connection string is not one.
    """
    defaults: Document = {
        "appname": "broadsheet",
        "tz_aware": True,
        "unicode_decode_error_handler": "replace",
    }
    if "serverselectiontimeoutms" not in uri.lower():
        defaults["serverSelectionTimeoutMS"] = REACH_TIMEOUT
    try:
        parsed = parse_uri(uri)
        client = MongoClient[Document](uri, **defaults)
    except (PyMongoError, ValueError):
        # The reason may quote a piece of the password.
        raise StoreError(
            "MONGO_URI is not a MongoDB address: write mongodb://USER:PASSWORD@HOST:PORT/, "
            "with signs such as @ : / in user and password percent-encoded"
        ) from None
    return client, parsed["fqdn"] or ",".join(f"{host}:{port}" for host, port in parsed["nodelist"])


@contextmanager
def plain_errors(address: str, subject: str = "the document") -> Iterator[None]:
    """Turn pymongo's errors into `StoreError`.

    Args:
        address: the server's ``host:port``.
        subject: what is being written, for the message when it is refused.

    Raises:
        RefusedError: the document itself is at fault.
        UnavailableError: the server is out of reach, overloaded, full or about to end.
        StoreError: all else.
    """
    try:
        yield
    except ConnectionFailure as error:
        raise UnavailableError(
            f"MongoDB at {address} is out of reach ({_reason(error).removeprefix(f'{address}: ')}): "
            "start it, or set MONGO_URI to a server that runs"
        ) from error
    except (DocumentTooLarge, InvalidDocument, OverflowError) as error:
        raise RefusedError(f"{subject} cannot be stored: {_reason(error)}") from error
    except OperationFailure as error:
        if error.code == DOCUMENT_VALIDATION_FAILURE:
            fields = ", ".join(sorted(fields_at_fault(error.details or {}))) or "unknown fields"
            raise RefusedError(f"{subject} cannot be stored: the schema refuses its {fields}") from error
        if error.code == BSON_OBJECT_TOO_LARGE:
            raise RefusedError(f"{subject} cannot be stored: {_reason(error)}") from error
        if error.code == AUTHENTICATION_FAILED:
            raise StoreError(
                f"MongoDB at {address} does not accept the user and password: correct MONGO_URI"
            ) from error
        if error.code == UNAUTHORIZED:
            raise StoreError(
                f"MongoDB at {address} does not let the user of MONGO_URI do this ({_reason(error)}): "
                "grant it readWrite and dbAdmin"
            ) from error
        raise UnavailableError(f"MongoDB at {address} refused: {_reason(error)}") from error
    except PyMongoError as error:
        raise StoreError(f"MongoDB at {address}, named by MONGO_URI, failed: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """The first, telling part of a driver's message, in one line."""
    text = " ".join(str(error).split())
    for boilerplate in (" (configured timeouts:", ", Timeout:", ", full error:"):
        text = text.partition(boilerplate)[0]
    return text[:300]


def fields_at_fault(explanation: Mapping[str, Any]) -> set[str]:
    """Collect the names of a document's own fields from MongoDB's explanation of why it refused it."""
    names: set[str] = set()
    for rule in explanation.get("errInfo", {}).get("details", {}).get("schemaRulesNotSatisfied", ()):
        names.update(rule.get("missingProperties", ()), rule.get("additionalProperties", ()))
        names.update(field["propertyName"] for field in rule.get("propertiesNotSatisfied", ()))
    return names
