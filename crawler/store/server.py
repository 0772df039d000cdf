"""The embedded MongoDB: a mongod of Broadsheet's own, shared by the commands that run at the same time.

Its folder, ``HOME/mongo``, holds mongod's data (``db``), its log, the password and the lock files. The
kernel's file locks carry the whole life-cycle, because the kernel drops a process's locks however the
process ends, kill -9 included. There are no registrations to prune and no process numbers to mistrust.

- Every user of the server holds a shared lock on ``users.lock``.
- The first user starts a guardian (`crawler.store.guardian`), in a session of its own so that Ctrl-C in
  the terminal reaches neither it nor mongod. The guardian runs mongod and holds an exclusive lock on
  ``server.json``, where it writes mongod's port: that file is to be believed exactly while it is locked.
- The guardian waits for an exclusive lock on ``users.lock``. It gets it when the last user is gone; it
  then shuts mongod down and leaves. A user who comes in that moment waits for the end of it and starts a
  new server.
- ``start.lock`` lets one user at a time look for the server and start it. Should its holder be killed in
  between, the lock on ``server.json`` still keeps a second guardian, and so a second mongod, away from
  the folder.

mongod listens on 127.0.0.1 only and asks for a password, which is made at the first start and kept in
``password``, readable by the owner alone.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Self

from filelock import FileLock, Timeout
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from rich.filesize import decimal

from crawler.store import guardian
from crawler.store.errors import StoreError
from crawler.store.home import default_home

if TYPE_CHECKING:
    from collections.abc import Iterator

USER = "broadsheet"
START_TIMEOUT = 60.0  # seconds: a start takes less than one, the recovery after a power cut may take many
PORT_IN_USE = 48  # mongod's exit status
ROOM = 64_000_000  # bytes: a file of the journal, and as much again for the rest that a start writes
# Left alone, mongod sets aside 300 MB for its journal. And it rewrites the pages of indexes, of which every batch of
# articles touches hundreds, as soon as those not written yet take a twentieth of so small a cache; the journal has
# them by then, and the checkpoint of every minute writes them anyway.
ENGINE = (
    "log=(file_max=32MB,prealloc=false),"
    "eviction_dirty_target=40,eviction_dirty_trigger=60,eviction_updates_target=20,eviction_updates_trigger=40"
)

# To compress the journal takes mongod a tenth of its time for an article, and the next checkpoint throws it away.
PLAIN_JOURNAL = "log=(compressor=none)"


def find_mongod() -> Path:
    """Find the mongod to run: MONGOD, then PATH, then the one that the installed wheel carries.

    Raises:
        StoreError: there is none.
    """
    if named := os.environ.get("MONGOD"):
        if found := shutil.which(named):
            return Path(found)
        raise StoreError(f"MONGOD names {named}, which is not a program: correct it, or unset it")
    if found := shutil.which("mongod"):
        return Path(found)
    wheel = importlib.util.find_spec("fiftyone")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        path = Path(folder, "db", "bin", "mongod")
        if os.access(path, os.X_OK):
            return path
    raise StoreError(
        "no mongod found: install MongoDB, name its mongod in MONGOD, or set MONGO_URI to a running server"
    )


class EmbeddedServer:
    """One use of the embedded MongoDB, which runs from the start of the first use to the `close` of the last.

    Args:
        home: Broadsheet's home folder; None for `default_home`.

    Attributes:
        folder: where the server keeps its files.
        port: where it listens on the loopback.
        uri: the address to connect to, with the password: not to be logged.

    Raises:
        StoreError: the server cannot be started; the message says why and what to do.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.folder = ((home or default_home()) / "mongo").absolute()
        try:
            (self.folder / "db").mkdir(parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            self._use = (self.folder / guardian.USERS_FILE).open("a")
        except OSError as error:
            raise StoreError(
                f"cannot keep the database in {self.folder} ({error.strerror}): "
                "set BROADSHEET_HOME to a folder you may write to, or MONGO_URI to a running server"
            ) from error
        try:
            fcntl.flock(self._use, fcntl.LOCK_SH)
            with self._one_starter():
                self.port = self._running() or self._start()
                password = self._password()
        except BaseException:
            self.close()
            raise
        self.uri = f"mongodb://{USER}:{password}@{guardian.HOST}:{self.port}/?authSource=admin"

    def close(self) -> None:
        """End this use; the server shuts down when it was the last. May be called twice."""
        self._use.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    @property
    def _log(self) -> Path:
        return self.folder / guardian.LOG_FILE

    @contextmanager
    def _one_starter(self) -> Iterator[None]:
        try:
            with FileLock(self.folder / "start.lock", timeout=START_TIMEOUT):
                yield
        except Timeout:
            raise StoreError(
                f"another command has been starting the database in {self.folder} for {START_TIMEOUT:.0f} s: "
                f"end it, or see {self._log}"
            ) from None

    def _running(self) -> int | None:
        """The port of the server that is running now, if one is."""
        with suppress(FileNotFoundError), (self.folder / guardian.STATE_FILE).open() as state:
            try:
                fcntl.flock(state, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                with suppress(ValueError):  # mongod is about to start, or about to end
                    return int(json.load(state)["port"])
        return None

    def _start(self) -> int:
        mongod = find_mongod()
        logged = self._log.stat().st_size if self._log.exists() else 0
        deadline = time.monotonic() + START_TIMEOUT
        while (remaining := deadline - time.monotonic()) > 0:
            with socket.socket() as probe:
                probe.bind((guardian.HOST, 0))
                port = int(probe.getsockname()[1])
            try:
                status = self._run_guardian(mongod, port, remaining)
            except subprocess.TimeoutExpired:
                break
            if status == 0:
                return port
            if status == guardian.BUSY:  # of a user who was killed while starting it
                time.sleep(0.05)
                if running := self._running():
                    return running
            elif status != PORT_IN_USE:
                raise StoreError(self._reason(status, logged))
        raise StoreError(
            f"the database in {self.folder} was not ready within {START_TIMEOUT:.0f} s: {self._log} says why"
        )

    def _run_guardian(self, mongod: Path, port: int, timeout: float) -> int:
        options = {
            "--dbpath": self.folder / "db",
            "--bind_ip": guardian.HOST,
            "--port": port,
            "--wiredTigerCacheSizeGB": "0.5",
            "--wiredTigerEngineConfigString": self._engine(),
            "--setParameter": "diagnosticDataCollectionEnabled=false",
        }
        command = [str(mongod), "--auth", "--quiet", "--nounixsocket"]
        command += [str(part) for option in options.items() for part in option]
        with as_file(files("crawler.store") / "guardian.py") as script:
            # -I and -S: the guardian needs the standard library alone, and nothing may shadow it
            return subprocess.run(
                [sys.executable, "-I", "-S", str(script), str(self.folder), str(port), *command],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                timeout=timeout,
                check=False,
            ).returncode

    def _engine(self) -> str:
        """The options of mongod's storage engine."""
        data = self.folder / "db"
        pid = data / "mongod.lock"  # mongod empties it when it ends in good order
        ended = pid.exists() and not pid.read_bytes()
        # After a crash the journal is read, which may be an older Broadsheet's and compressed.
        return f"{ENGINE},{PLAIN_JOURNAL}" if ended or not (data / "journal").exists() else ENGINE

    def _reason(self, status: int, logged: int) -> str:
        """Why mongod did not start: its exit status, and what it logged after the first ``logged`` bytes."""
        with suppress(FileNotFoundError), self._log.open("rb") as log:
            log.seek(logged if self._log.stat().st_size >= logged else 0)
            if b"DBPathInUse" in log.read():
                return f"another mongod is using {self.folder / 'db'}: stop it, or set MONGO_URI to its address"
        # The log lies on the disk, and is silent about a full one. The folder is sound then, and not to be moved away.
        if (free := shutil.disk_usage(self.folder).free) < ROOM:
            return (
                f"the database in {self.folder} did not start: only {decimal(free)} are free on its disk; make room, "
                "and leave the folder as it is"
            )
        return (
            f"the database in {self.folder} did not start (mongod's exit status is {status}, {self._log} "
            "says why): bring the folder back from a backup, or move it away to begin with an empty store"
        )

    def _password(self) -> str:
        """Read the password; at the first start, make it and the user that has it."""
        kept = self.folder / "password"
        if kept.exists():
            return kept.read_text()
        # On the disk before the user exists: a crash in between must lock nobody out.
        made = kept.with_suffix(".new")
        if not made.exists():
            _write_secret(made, secrets.token_urlsafe(32))
        password = made.read_text()
        try:
            # mongod lets a client of the loopback make the first user, and nothing else
            with MongoClient[dict[str, object]](guardian.HOST, self.port) as client:
                client.admin.command("createUser", USER, pwd=password, roles=["root"])
        except OperationFailure:
            pass  # made before a crash; should the password be another's, connecting says so
        except PyMongoError as error:
            raise StoreError(f"the database in {self.folder} went away at once: {self._log} says why") from error
        made.rename(kept)
        return password


def _write_secret(path: Path, secret: str) -> None:
    """Write a file that the owner alone may read, whole or not at all."""
    part = path.with_suffix(".part")
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
