"""Nodes that do as they are told, where a real scrapyd would not: they lose answers, vanish and come back."""

from __future__ import annotations

import copy
import json
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest

from crawler.publishers import Registry
from crawler.scheduling.dispatcher import Dispatcher
from crawler.scheduling.nodes import Nodes
from crawler.scheduling.state import State, now
from crawler.scheduling.timetable import Timetable
from crawler.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


TOOK = {"start_time": "2026-07-01 10:00:00", "end_time": "2026-07-01 10:01:30.5"}


@dataclass
class FakeNode:
    """Answers as scrapyd does."""

    port: int = 0
    sent: list[dict[str, str]] = field(default_factory=list)
    """What was posted, whatever became of it."""
    lists: dict[str, list[dict[str, str]]] = field(
        default_factory=lambda: {"pending": [], "running": [], "finished": []}
    )
    refusal: str = ""
    before_answer: Callable[[], object] = lambda: None
    cut: bool = False
    """Whether the connection ends after a post was taken and before it is answered."""
    deaf: bool = False
    """Whether it takes no post, and ends the connection."""
    cancelled: list[str] = field(default_factory=list)
    status: int = 200
    lock: Any = field(default_factory=RLock, repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spiders(self) -> list[str]:
        return [job["spider"] for job in self.sent]

    def take(self, job: dict[str, str]) -> None:
        """Take a post, and its job unless that is known or refused."""
        self.sent.append(job)
        known = {entry["id"] for entries in self.lists.values() for entry in entries}
        if not self.refusal and job["jobid"] not in known:
            self.add(job["spider"], job["jobid"], "pending")

    def move(self, job: str, to: str) -> None:
        """Let a job go on to another list; ``""`` makes the node forget it."""
        with self.lock:
            for jobs in list(self.lists.values()):
                for entry in [entry for entry in jobs if entry["id"] == job]:
                    jobs.remove(entry)
                    if to:
                        self.lists[to].append({**entry, **TOOK})

    def add(self, spider: str, job: str, to: str = "running") -> None:
        self.lists[to].append({"id": job, "project": "broadsheet", "spider": spider, **TOOK})


@contextmanager
def serving(node: FakeNode) -> Iterator[FakeNode]:
    """Let a node be up."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with node.lock:
                lists = copy.deepcopy(node.lists)
            self.answer({"status": "ok", **lists})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            job = {name: values[0] for name, values in parse_qs(body).items()}
            if self.path == "/cancel.json":
                node.cancelled.append(job["job"])
                self.answer({"status": "ok", "prevstate": "running"})
                return
            with node.lock:
                if not node.deaf:
                    node.take(job)
            node.before_answer()
            if node.cut or node.deaf:
                return
            error = {"status": "error", "message": node.refusal}
            self.answer(error if node.refusal else {"status": "ok", "jobid": job["jobid"]})

        def answer(self, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(node.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", node.port), Handler) as server:
        node.port = server.server_port
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield node
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def nodes() -> Iterator[tuple[FakeNode, FakeNode]]:
    """Two nodes that are up."""
    with serving(FakeNode()) as first, serving(FakeNode()) as second:
        yield first, second


@pytest.fixture
def publish(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a publisher's file; the folder is in what it returns."""

    def write(*names: str, **more: str | int) -> Path:
        folder = tmp_path / "publishers"
        folder.mkdir(exist_ok=True)
        lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in more.items())
        for name in names:
            (folder / f"{name}.toml").write_text(f'name = "{name}"\ndomain = "{name}.example"\n{lines}')
        return folder

    return write


@dataclass
class Desk:
    """A timetable with its state and nodes."""

    state: State
    rows: Any
    crawls: Any
    folder: Path
    names: frozenset[str]

    def dispatcher(self, *nodes: FakeNode, lost_after: float = 600) -> Dispatcher:
        """Another scheduler."""
        timetable = Timetable(Registry(self.folder), "0 * * * *", timedelta(0), self.names)
        return Dispatcher(
            self.state, Nodes([node.url for node in nodes], "broadsheet"), timetable, timedelta(seconds=lost_after)
        )

    def due(self, *names: str, **ago: float) -> None:
        """Make publishers due since some time."""
        moment = now() - timedelta(**(ago or {"seconds": 1}))
        self.rows.update_many({"_id": {"$in": list(names)}}, {"$set": {"next_at": moment}})

    def __getitem__(self, name: str) -> Any:
        (row,) = self.state.rows([name])
        return row


@pytest.fixture(scope="module")
def schedule_store(mongo_uri: str) -> Iterator[Store]:
    """One store for all tests of a module, which would otherwise spend most of their time on making it."""
    name = f"test_{uuid.uuid4().hex}"
    with Store.open(mongo_uri, name) as store:
        yield store
        store.database.client.drop_database(name)


@pytest.fixture
def open_desk(schedule_store: Store, publish: Callable[..., Path]) -> Callable[..., Desk]:
    """A function that makes the timetable of some publishers, none of which is due."""

    def opened(*names: str, **more: str | int) -> Desk:
        folder = publish(*names, **more)
        database = schedule_store.database
        for name in ("schedule", "crawls"):
            database[name].delete_many({})
        desk = Desk(State(schedule_store), database["schedule"], database["crawls"], folder, frozenset(names))
        desk.state.sync(desk.dispatcher(FakeNode(1)).timetable)
        return desk

    return opened
