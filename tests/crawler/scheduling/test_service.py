"""`scrapy schedule run` as a process: killed, doubled, cut off from MongoDB, and told to stop."""

from __future__ import annotations

import signal
from collections import Counter
from contextlib import ExitStack
from threading import Event
from typing import TYPE_CHECKING

import pytest
import requests

from crawler.scheduling.dispatcher import SENDING
from crawler.scheduling.state import now
from crawler.store.server import EmbeddedServer
from tests.scrapyd_nodes import CREDENTIALS, free_port, running_scheduler, wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture
def scheduler(mongo_uri: str, schedule_store, tmp_path: Path) -> Callable[..., object]:
    """A function that starts `scrapy schedule run`; its log is in ``schedule.log``."""

    def started(desk, *nodes, **environment: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        settings = {
            "MONGO_URI": mongo_uri,
            "MONGO_DATABASE": schedule_store.database.name,
            "PUBLISHERS_DIR": str(desk.folder),
            "SCHEDULE_PUBLISHERS": " ".join(desk.names),
            "SCRAPYD_NODES": " ".join(node.url for node in nodes),
        }
        return running_scheduler(tmp_path / "schedule.log", **{**settings, **environment})

    return started


@pytest.mark.parametrize("arrives", [True, False])
def test_a_scheduler_that_is_killed_while_it_sends_leaves_one_job(open_desk, nodes, scheduler, arrives):
    node, _ = nodes
    desk = open_desk("courier", "herald")
    desk.due("courier", hours=3)
    posted, answer = Event(), Event()

    def hold() -> None:
        posted.set()
        answer.wait(30)

    node.before_answer, node.deaf = hold, not arrives
    with scheduler(desk, node) as first:
        assert posted.wait(60)
        job = desk["courier"].run.job
        with scheduler(desk, node) as second:
            first.kill()
            first.wait()
            assert desk["courier"].run.state == "sending"
            node.deaf = False
            answer.set()
            # As if it were a minute later, when no answer can come any more.
            desk.rows.update_one({"_id": "courier"}, {"$set": {"run.touched_at": now() - 2 * SENDING}})
            wait_until(lambda: desk["courier"].run.state == "sent")
            node.move(job, "running")
            desk.due("herald")
            wait_until(lambda: "herald" in node.spiders)
            assert second.poll() is None
    assert node.spiders == ["courier", "herald"]
    assert node.sent[0]["jobid"] == job
    assert node.sent[0]["setting"] == "CLASSIFY_WORKERS=1"


def test_two_schedulers_send_every_job_once(open_desk, nodes, scheduler):
    names = [f"paper-{number}" for number in range(8)]
    desk = open_desk(*names)
    for node in nodes:
        node.before_answer = lambda node=node: [node.move(job["id"], "running") for job in list(node.lists["pending"])]
    with ExitStack() as both:
        for _ in range(2):
            both.enter_context(scheduler(desk, *nodes))
        desk.due(*names)
        wait_until(lambda: all(row.run and row.run.state != "sending" for row in desk.state.rows()))
    assert all(node.sent for node in nodes)
    assert Counter(spider for node in nodes for spider in node.spiders) == dict.fromkeys(names, 1)


def test_it_waits_for_mongodb_to_come_back_and_stops_when_told(open_desk, nodes, scheduler, tmp_path):
    node, _ = nodes
    desk = open_desk("courier")
    log = tmp_path / "schedule.log"
    figures = f"http://127.0.0.1:{(port := free_port())}/metrics"
    with EmbeddedServer(tmp_path / "home") as server:
        short = f"{server.uri}&serverSelectionTimeoutMS=300"
        with scheduler(desk, node, MONGO_URI=short, SCHEDULE_METRICS_PORT=str(port)) as process:
            wait_until(lambda: "The timetable runs" in log.read_text())
            assert f"Metrics: {figures}" in log.read_text()
            told = requests.get(figures, timeout=60).text
            assert 'broadsheet_schedule_running{publisher="courier"} 0.0' in told
            # What keeps the server running; without it, it ends.
            server.close()
            wait_until(lambda: "is out of reach" in log.read_text())
            assert "broadsheet_store_up 0.0" in requests.get(figures, timeout=60).text
            assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    text = log.read_text()
    assert "The timetable rests" in text
    assert "Traceback" not in text
    assert CREDENTIALS["SCRAPYD_PASSWORD"] not in text
    assert server.uri.partition("://")[2].partition("@")[0].partition(":")[2] not in text


def test_a_timetable_that_cannot_be_read_is_told_in_one_line(open_desk, nodes, scheduler, tmp_path):
    desk = open_desk("courier")
    with scheduler(desk, nodes[0], SCHEDULE_DEFAULT="now and then") as process:
        assert process.wait(60) == 1
    assert (tmp_path / "schedule.log").read_text().splitlines() == [
        "scrapy schedule: SCHEDULE_DEFAULT: 'now and then' is not valid (Wrong number of fields; got 3, expected 5)"
    ]
