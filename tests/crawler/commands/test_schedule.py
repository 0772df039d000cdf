"""What a person sees of `scrapy schedule`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from scrapy.cmdline import execute
from scrapy.utils.project import get_project_settings

from tests.crawler.scheduling.conftest import FakeNode, nodes, open_desk, publish, schedule_store  # noqa: F401

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def schedule(mongo_uri, schedule_store, nodes, capsys) -> Callable[..., tuple[int, str, str]]:  # noqa: F811
    """Type `scrapy schedule`; returns the exit status, what it printed, and its errors."""

    def typed(desk, *arguments: str, **more: str) -> tuple[int, str, str]:
        settings = get_project_settings()
        chosen = {
            "MONGO_URI": mongo_uri,
            "MONGO_DATABASE": schedule_store.database.name,
            "PUBLISHERS_DIR": str(desk.folder),
            "SCHEDULE_PUBLISHERS": " ".join(desk.names),
            "SCRAPYD_NODES": " ".join(node.url for node in nodes),
        }
        settings.setdict({**chosen, **more}, priority="cmdline")
        with pytest.raises(SystemExit) as ended:
            execute(["scrapy", "schedule", *arguments], settings)
        shown = capsys.readouterr()
        return ended.value.code or 0, shown.out, shown.err

    return typed


def line_of(text: str, word: str) -> str:
    (line,) = [line for line in text.splitlines() if word in line]
    return line


def test_status_tells_what_runs_what_is_next_and_who_works_on_it(open_desk, nodes, schedule):  # noqa: F811
    desk = open_desk("courier", "herald")
    desk.state.pause(["herald"])
    status, shown, _ = schedule(desk, "status")
    assert status == 1
    assert "No scheduler works on it: start one with `scrapy schedule run`." in shown
    dispatcher = desk.dispatcher(*nodes)
    desk.due("courier")
    dispatcher.tick()
    status, shown, _ = schedule(desk, "status")
    assert status == 0
    assert f"sent on {nodes[0].url}" in line_of(shown, "courier")
    assert "never" in line_of(shown, "courier")
    assert "paused" in line_of(shown, "herald")
    job = nodes[0].sent[0]["jobid"]
    nodes[0].move(job, "finished")
    desk.crawls.insert_one({"job": job, "recorded_at": desk["courier"].run.due_at, "reason": "finished", "stored": 12})
    dispatcher.tick()
    _, shown, _ = schedule(desk, "status", "courier")
    line = line_of(shown, "courier").split()
    assert {"finished", "0:01:30", "12"} <= set(line)
    assert "herald" not in shown
    _, shown, _ = schedule(desk, "status", "--format", "jsonl")
    courier, herald = map(json.loads, shown.splitlines())
    assert courier["last"]["job"] == job
    assert herald["paused"]


def test_status_names_the_node_that_is_down(open_desk, nodes, schedule):  # noqa: F811
    desk = open_desk("courier")
    desk.state.beat()
    up = nodes[0].url
    status, shown, _ = schedule(desk, "status", SCRAPYD_NODES=f"{up}, http://127.0.0.1:1")
    assert status == 1
    assert "out of reach" in line_of(shown, "http://127.0.0.1:1 ")
    assert "up" in line_of(shown, up)
    assert schedule(desk, "status", "--format", "jsonl", SCRAPYD_NODES=up)[0] == 0
    assert schedule(desk, "status", "--format", "jsonl", SCRAPYD_NODES="http://127.0.0.1:1")[0] == 1


def test_publishers_are_paused_resumed_and_sent_at_once(open_desk, nodes, schedule):  # noqa: F811
    desk = open_desk("courier", "herald")
    assert schedule(desk, "pause", "courier")[:2] == (0, "1 publisher paused; a job that runs goes on\n")
    assert [row.paused for row in desk.state.rows()] == [True, False]
    status, shown, _ = schedule(desk, "now", "courier")
    assert status == 0
    assert shown == f"courier: job {nodes[0].sent[0]['jobid']} sent to {nodes[0].url}\n"
    status, _, errors = schedule(desk, "now", "courier")
    assert status == 1
    assert "courier: its job" in errors
    assert schedule(desk, "pause", "--all")[1] == "1 publisher paused; a job that runs goes on\n"
    assert schedule(desk, "resume", "--all")[1] == "2 publishers resumed\n"
    assert [row.paused for row in desk.state.rows()] == [False, False]


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["now", "courer"], 1, "no publisher is named courer: did you mean courier"),
        (["pause", "zeit"], 1, "zeit is not crawled by timetable: see SCHEDULE_PUBLISHERS"),
        (["status", "zeit"], 1, "not in the timetable: zeit"),
        (["now"], 2, "name a publisher"),
        (["export"], 2, "say --as cron or --as systemd"),
        (["start"], 2, "say one of run, status, now, pause, resume, export"),
    ],
)
def test_a_mistake_is_told_in_a_line(open_desk, schedule, arguments, status, words):  # noqa: F811
    code, _, errors = schedule(open_desk("courier"), *arguments)
    assert code == status
    assert words in errors
    assert "Traceback" not in errors


def test_the_timetable_is_printed_for_cron_and_written_for_systemd(open_desk, schedule, tmp_path):  # noqa: F811
    desk = open_desk("courier", "herald", schedule="*/30 6-22 * * *")
    _, shown, _ = schedule(desk, "export", "--as", "cron")
    assert line_of(shown, "now courier").startswith("*/30 6-22 * * * sleep ")
    _, shown, _ = schedule(desk, "export", "--as", "systemd", "--output", str(tmp_path / "units"))
    files = {file.name for file in (tmp_path / "units").iterdir()}
    assert files == {"broadsheet@.service", "broadsheet@courier.timer", "broadsheet@herald.timer"}
    assert "3 units in" in shown
