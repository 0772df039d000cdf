"""The embedded server: one for all who use it, and gone in good order with the last of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from crawler.store import Store, StoreError
from crawler.store.home import default_home
from crawler.store.server import EmbeddedServer, find_mongod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COMMAND = """
import sys
from pathlib import Path
from crawler.store.server import EmbeddedServer
with EmbeddedServer(Path(sys.argv[1])) as server:
    print(server.port, flush=True)
    sys.stdin.read()
"""

Command = subprocess.Popen[str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Command]]:
    """A function that starts a command which uses the server of ``tmp_path`` until its input ends."""
    started: list[Command] = []

    def begin() -> Command:
        command = subprocess.Popen(
            [sys.executable, "-c", COMMAND, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        started.append(command)
        return command

    yield begin
    for command in started:
        command.kill()
        command.communicate()


def port_of(command: Command) -> int:
    assert command.stdout is not None
    return int(command.stdout.readline())


def mongods(home: Path) -> list[psutil.Process]:
    data = str(home / "mongo" / "db")
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "mongod" and data in (process.info["cmdline"] or ()):
            found.append(process)
    return found


def journal_of(home: Path) -> bytes:
    return b"".join(file.read_bytes() for file in (home / "mongo" / "db" / "journal").glob("WiredTigerLog.*"))


def wait_for_shutdown(home: Path, server: psutil.Process) -> None:
    """Wait for mongod to end, and see by its own lock file that it ended in good order."""
    server.wait(timeout=20)
    assert (home / "mongo" / "db" / "mongod.lock").read_bytes() == b""


def test_commands_share_a_server_that_ends_with_the_last(start: Callable[[], Command], tmp_path: Path) -> None:
    first, second = start(), start()
    assert port_of(first) == port_of(second)
    (server,) = mongods(tmp_path)
    first.communicate()
    with EmbeddedServer(tmp_path) as third:
        second.communicate()
        assert [process.pid for process in mongods(tmp_path)] == [server.pid]
        with MongoClient[dict[str, object]](third.uri) as client:
            assert client.admin.command("ping")["ok"] == 1
    wait_for_shutdown(tmp_path, server)


def test_eight_at_once_start_one_server_that_outlives_the_killed(start: Callable[[], Command], tmp_path: Path) -> None:
    commands = [start() for _ in range(8)]
    assert len({port_of(command) for command in commands}) == 1
    (server,) = mongods(tmp_path)
    with EmbeddedServer(tmp_path) as survivor:
        for command in commands:
            command.kill()
            command.wait()
        with MongoClient[dict[str, object]](survivor.uri) as client:
            assert client.admin.command("ping")["ok"] == 1
        assert mongods(tmp_path) == [server]
    wait_for_shutdown(tmp_path, server)


def test_starters_killed_midway_leave_no_second_server(start: Callable[[], Command], tmp_path: Path) -> None:
    commands = [start() for _ in range(4)]
    while not (tmp_path / "mongo" / "server.json").exists():  # until the first of them is starting it
        time.sleep(0.001)
    for command in commands[:2]:
        command.kill()
    assert len({port_of(command) for command in commands[2:]}) == 1
    assert len(mongods(tmp_path)) == 1


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_server_ends_in_order_after_a_signal_and_starts_again(
    start: Callable[[], Command], tmp_path: Path, how: signal.Signals
) -> None:
    command = start()
    port_of(command)
    (server,) = mongods(tmp_path)
    os.killpg(command.pid, how)  # as the terminal does
    command.wait()
    wait_for_shutdown(tmp_path, server)
    with EmbeddedServer(tmp_path):
        assert len(mongods(tmp_path)) == 1


def test_a_killed_mongod_loses_nothing_and_is_started_again(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as embedded, Store.open(embedded.uri) as store:
        for number in range(2):
            store.record_crawl({"spider": f"news-{number}"})
            (server,) = mongods(tmp_path)
            server.kill()
            server.wait(timeout=20)
            with MongoClient[dict[str, Any]](embedded.uri) as client:  # waits for the server
                recorded = [crawl["spider"] for crawl in client["broadsheet"]["crawls"].find().sort("spider")]
            assert recorded == [f"news-{past}" for past in range(number + 1)]
        (server,) = mongods(tmp_path)
    wait_for_shutdown(tmp_path, server)


@pytest.mark.parametrize("crash", [True, False])
def test_a_compressed_journal_of_an_older_broadsheet_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, crash: bool
) -> None:
    with monkeypatch.context() as older:
        older.setattr("crawler.store.server.PLAIN_JOURNAL", "log=(compressor=snappy)")
        with EmbeddedServer(tmp_path) as embedded, Store.open(embedded.uri) as store:
            store.record_crawl({"spider": "news", "said": "harbour " * 10_000})
            (server,) = mongods(tmp_path)
            guardian = server.parent()
            assert guardian is not None
            if crash:  # of both, as by a power cut: the guardian would start a mongod again that was killed alone
                guardian.suspend()
                server.kill()
                guardian.kill()
    server.wait(timeout=20)
    assert journal_of(tmp_path).count(b"harbour") < 10
    with Store.open(None, home=tmp_path) as store:
        assert [crawl["spider"] for crawl in store.database["crawls"].find()] == ["news"]


def test_the_journal_is_not_compressed(tmp_path: Path) -> None:
    for word in ("harbour", "ferry"):  # the second time in a folder that was used before
        with EmbeddedServer(tmp_path) as embedded, Store.open(embedded.uri) as store:
            store.record_crawl({"spider": "news", "said": f"{word} " * 10_000})
            assert journal_of(tmp_path).count(word.encode()) >= 10_000
            (server,) = mongods(tmp_path)
        wait_for_shutdown(tmp_path, server)


def test_a_mongod_that_cannot_start_again_is_given_up(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as embedded:
        (server,) = mongods(tmp_path)
        guardian = server.parent()
        assert guardian is not None
        (tmp_path / "mongo" / "db" / "WiredTiger.wt").write_bytes(b"not a table" * 1000)
        server.kill()
        guardian.wait(timeout=60)
        assert embedded.port
        assert mongods(tmp_path) == []


def test_a_killed_guardian_takes_mongod_down_in_order(start: Callable[[], Command], tmp_path: Path) -> None:
    port_of(start())
    (server,) = mongods(tmp_path)
    guardian = server.parent()
    assert guardian is not None
    guardian.kill()
    wait_for_shutdown(tmp_path, server)


def test_only_who_knows_the_password_gets_in_and_only_from_here(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as embedded:
        (server,) = mongods(tmp_path)
        listening = [c.laddr.ip for c in server.net_connections() if c.status == psutil.CONN_LISTEN]
        assert listening == ["127.0.0.1"]
        with MongoClient[dict[str, object]]("127.0.0.1", embedded.port) as stranger:
            with pytest.raises(OperationFailure, match="authentication"):
                stranger["broadsheet"].list_collection_names()
            with pytest.raises(OperationFailure):
                stranger.admin.command("createUser", "intruder", pwd="x", roles=["root"])
        password = tmp_path / "mongo" / "password"
        assert stat.S_IMODE(password.stat().st_mode) == 0o600
        assert stat.S_IMODE(password.parent.stat().st_mode) == 0o700
        secret = password.read_text()
        assert len(secret) > 30
        assert secret not in (tmp_path / "mongo" / "mongod.log").read_text()
        assert json.loads((tmp_path / "mongo" / "server.json").read_text())["port"] == embedded.port


def test_a_crash_before_the_user_was_made_locks_nobody_out(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path):
        pass
    # as if the crash had come after the user was made, but before that was noted
    (tmp_path / "mongo" / "password").rename(tmp_path / "mongo" / "password.new")
    with Store.open(None, home=tmp_path) as store:
        assert store.publishers() == []


def test_a_damaged_folder_is_said_so(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path):
        (server,) = mongods(tmp_path)
    server.wait(timeout=20)
    (tmp_path / "mongo" / "db" / "WiredTiger.wt").write_bytes(b"not a table" * 1000)
    with pytest.raises(StoreError) as raised:
        EmbeddedServer(tmp_path)
    message = str(raised.value)
    assert "\n" not in message
    assert str(tmp_path) in message
    assert "backup" in message


def test_a_full_disk_is_said_so_and_not_taken_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedServer(tmp_path):
        (server,) = mongods(tmp_path)
    server.wait(timeout=20)
    (tmp_path / "mongo" / "db" / "WiredTiger.wt").write_bytes(b"not a table" * 1000)  # or it would start
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=4096))
    with pytest.raises(StoreError, match=r"only 4\.1 kB are free on its disk; make room, and leave the folder"):
        EmbeddedServer(tmp_path)


def test_a_folder_in_use_by_a_foreign_mongod_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "mongo" / "db").mkdir(parents=True)
    with EmbeddedServer(tmp_path / "elsewhere") as other:
        port = other.port
        foreign = tmp_path / "elsewhere" / "mongo" / "db"
        (tmp_path / "mongo" / "db").rmdir()
        (tmp_path / "mongo" / "db").symlink_to(foreign)
        with pytest.raises(StoreError, match=r"another mongod is using .* MONGO_URI"):
            EmbeddedServer(tmp_path)
        assert other.port == port


def test_a_program_that_is_none_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGOD", str(tmp_path / "mongod"))
    with pytest.raises(StoreError, match=r"MONGOD names .*mongod, which is not a program"):
        EmbeddedServer(tmp_path)


def test_mongod_is_looked_for_in_MONGOD_then_on_the_path_then_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        program = tmp_path / name / "mongod"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    monkeypatch.setenv("MONGOD", str(tmp_path / "one" / "mongod"))
    monkeypatch.setenv("PATH", str(tmp_path / "two"))
    assert find_mongod() == tmp_path / "one" / "mongod"
    monkeypatch.delenv("MONGOD")
    assert find_mongod() == tmp_path / "two" / "mongod"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_mongod().parts[-3:] == ("db", "bin", "mongod")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    monkeypatch.setattr(sys, "path_importer_cache", {})
    with pytest.raises(StoreError, match=r"no mongod found: .* MONGO_URI"):
        find_mongod()


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="BROADSHEET_HOME"):
        EmbeddedServer(tmp_path / "file")


def test_home_is_BROADSHEET_HOME_or_stands_beside_scrapy_cfg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROADSHEET_HOME", str(tmp_path / "home"))
    assert default_home() == tmp_path / "home"
    monkeypatch.delenv("BROADSHEET_HOME")
    (tmp_path / "project" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project" / "inner")
    assert default_home() == tmp_path / "project" / "inner" / ".broadsheet"
    (tmp_path / "project" / "scrapy.cfg").write_text("[settings]\n")
    assert default_home() == tmp_path / "project" / ".broadsheet"
