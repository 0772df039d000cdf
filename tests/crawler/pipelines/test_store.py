"""A crawl whose database is away holds back and goes on, or ends and leaves nothing behind but on the disk."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from pymongo import MongoClient

from crawler.store.server import EmbeddedServer
from tests.scrapyd_nodes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATHS = [f"/story-of-the-day-{number}" for number in range(100001, 100021)]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server of this test's own, to be maltreated."""
    with EmbeddedServer(tmp_path / "home") as embedded:
        yield embedded


@pytest.fixture
def stories(site: Any) -> Any:
    """The site, with a story at each of ``PATHS``."""
    site.sitemap("/sitemap.xml", dict.fromkeys(PATHS))
    for path in PATHS:
        site.article(path, f"Story {path}")
    return site


def mongod_of(server: EmbeddedServer) -> psutil.Process:
    data = str(server.folder / "db")
    (found,) = (
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if process.info["name"] == "mongod" and data in (process.info["cmdline"] or ())
    )
    return found


def stored_paths(server: EmbeddedServer, database: str) -> list[str]:
    with MongoClient[dict[str, Any]](server.uri) as client:
        found = client[database]["articles"].find()
        return sorted("/" + document["url"].rpartition("/")[2] for document in found)


def test_while_the_database_is_away_the_crawl_holds_back_and_then_goes_on(
    stories: Any, crawl: Callable[..., Any], server: EmbeddedServer, tmp_path: Path
) -> None:
    mongod = mongod_of(server)
    stories.answers[PATHS[10]].before = lambda: mongod.send_signal(signal.SIGSTOP)
    asked: list[int] = []

    def wake(line: str) -> None:
        if "The crawl holds back" in line:
            asked.append(len(stories.asked))
            mongod.send_signal(signal.SIGCONT)

    options = ("-s", "STORE_TIMEOUT=1", "-s", "CONCURRENT_REQUESTS=2", "-s", "STORE_BATCH_SIZE=3")
    try:
        done = crawl("site", "-a", stories.domain, *options, on_line=wake, MONGO_URI=server.uri, MONGO_DATABASE="away")
    finally:
        mongod.send_signal(signal.SIGCONT)
    assert done.status == 0, done.log
    assert len(asked) >= 1
    # Pages of which the store was not asked yet were not fetched meanwhile.
    assert asked[0] < len(stories.asked)
    assert "MongoDB is back after" in done.log
    assert stored_paths(server, "away") == PATHS
    assert done.stat("store/stored") + done.stat("store/unchanged") == len(PATHS)
    assert done.stat("store/held_back") >= 1
    assert not any((tmp_path / "spool" / "away").iterdir())


def test_when_the_database_is_gone_for_good_nothing_is_lost(
    stories: Any, crawl: Callable[..., Any], scrapy: Callable[..., Any], tmp_path: Path
) -> None:
    options = ("-s", "CONCURRENT_REQUESTS=1", "-s", "STORE_PATIENCE=1", "-s", "STORE_TIMEOUT=1")
    with EmbeddedServer(tmp_path / "home") as server:
        for path in PATHS[3:]:
            stories.answers[path].before = server.close
        away = f"{server.uri}&serverSelectionTimeoutMS=300"
        done = crawl("site", "-a", stories.domain, *options, MONGO_URI=away, MONGO_DATABASE="gone")
    assert done.status == 1
    assert "'finish_reason': 'store_unreachable'" in done.log
    assert "Traceback" not in done.log
    (folder,) = (path for path in (tmp_path / "spool" / "gone").iterdir() if path.is_dir())
    spooled = done.stat("store/spooled")
    assert spooled >= 1
    assert f"{spooled} articles are not in the database. They lie in {folder}: `scrapy store replay`" in done.log
    # The rest of the site was not fetched for nothing.
    fetched = [path for path in stories.asked if path in PATHS]
    assert len(fetched) < len(PATHS)

    with EmbeddedServer(tmp_path / "home") as server:
        environment = {"MONGO_URI": server.uri, "MONGO_DATABASE": "gone"}
        status = scrapy("store", "status", **environment)
        assert status.status == 1
        assert f"{spooled} articles wait in {folder.parent}: `scrapy store replay` writes them" in status.log
        replayed = scrapy("store", "replay", **environment)
        assert replayed.status == 0, replayed.log
        assert f"{spooled} articles written" in replayed.log
        assert stored_paths(server, "gone") == sorted(set(fetched))
        assert scrapy("store", "status", **environment).status == 0


def test_the_next_crawl_stores_what_a_killed_one_had_read(
    stories: Any, crawl: Callable[..., Any], server: EmbeddedServer, tmp_path: Path
) -> None:
    """The database is stopped when the crawl is killed, so that articles are on their way to it."""
    mongod = mongod_of(server)
    environment = {"MONGO_URI": server.uri, "MONGO_DATABASE": "killed"}
    spool = tmp_path / "spool" / "killed"

    def kill(line: str) -> None:
        if "The crawl holds back" in line:
            # Other calls than those for articles are held back as well, and maybe first.
            wait_until(lambda: any(file.stat().st_size for file in spool.glob("*/*")))
            for process in psutil.process_iter(["cmdline"]):
                if stories.domain in (process.info["cmdline"] or ()):
                    process.kill()

    stories.answers[PATHS[5]].before = lambda: mongod.send_signal(signal.SIGSTOP)
    options = ("-s", "STORE_TIMEOUT=1", "-s", "STORE_BATCH_SECONDS=30", "-s", "STORE_BATCH_SIZE=2")
    try:
        killed = crawl("site", "-a", stories.domain, *options, on_line=kill, **environment)
    finally:
        mongod.send_signal(signal.SIGCONT)
    assert killed.status == -signal.SIGKILL
    for path in PATHS:
        stories.put(path, b"gone", status=410)
    done = crawl("site", "-a", stories.domain, **environment)
    assert done.status == 0, done.log
    assert done.stat("store/replayed") >= 1
    assert "that an earlier crawl had left in" in done.log
    assert len(stored_paths(server, "killed")) >= done.stat("store/replayed")
