"""A lock kept in the database, which ends with its holder: for work that one process at a time may do."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from crawler.store.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.collection import Collection

    from crawler.store.connection import Document

SECONDS = 30.0  # a holder that was killed or cut off keeps others waiting so long
POLL_SECONDS = 0.1


class Lease:
    """A lock that is held for as long as it is renewed, by the server's clock; see `hold`.

    Args:
        collection: where the lock is a document.
        name: the ``_id`` of that document.
        seconds: how long the lock outlives its last renewal.
    """

    def __init__(self, collection: Collection[Document], name: str, seconds: float = SECONDS) -> None:
        self._collection = collection
        self._name = name
        self._seconds = seconds
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex}"
        self._valid_until = 0.0

    @contextmanager
    def hold(self, on_wait: Callable[[str], object] = lambda holder: None) -> Iterator[None]:
        """Hold the lock, which a thread renews; wait while another process holds it.

        Args:
            on_wait: called once, with the holder's host and process number, if we have to wait.
        """
        waited = False
        while not self._take():
            if not waited:
                other = self._collection.find_one({"_id": self._name}) or {}
                on_wait(":".join(str(other.get("holder", "another process")).split(":")[:2]))
                waited = True
            time.sleep(POLL_SECONDS)
        done = threading.Event()
        renewer = threading.Thread(target=self._renew, args=(done,), daemon=True)
        renewer.start()
        try:
            yield
        finally:
            done.set()
            renewer.join()
            self._collection.delete_one({"_id": self._name, "holder": self._holder})

    def check(self) -> None:
        """Make sure that the lock is still ours.

        Raises:
            StoreError: the server was out of reach for so long that another process may hold it by now.
        """
        if time.monotonic() > self._valid_until:
            raise StoreError(f"the lock {self._name!r} was lost while the server was out of reach: start again")

    def _take(self) -> bool:
        """Take the lock, if it is free, run out, or ours."""
        asked = time.monotonic()
        holder = {"$literal": self._holder}
        ours = {"$or": [{"$lt": ["$expires_at", "$$NOW"]}, {"$eq": ["$holder", holder]}]}  # what is missing is less
        expiry = {"$add": ["$$NOW", int(self._seconds * 1000)]}
        held = {
            "holder": {"$cond": [ours, holder, "$holder"]},
            "expires_at": {"$cond": [ours, expiry, "$expires_at"]},
        }
        try:
            lock = self._collection.find_one_and_update(
                {"_id": self._name}, [{"$set": held}], upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # another process was as fast
            return False
        if lock is None or lock["holder"] != self._holder:
            return False
        self._valid_until = asked + self._seconds
        return True

    def _renew(self, done: threading.Event) -> None:
        while not done.wait(self._seconds / 3):
            try:
                if not self._take():
                    self._valid_until = 0.0
                    return
            except PyMongoError:
                continue  # `check` tells when it was too long
