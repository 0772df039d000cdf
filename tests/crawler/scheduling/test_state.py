"""The timetable in MongoDB as publishers' files come, change and go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crawler.scheduling.nodes import Nodes, SettingError
from crawler.scheduling.state import Run, now
from crawler.scheduling.timetable import Entry


def entry(name, cron="0 * * * *", priority=0):
    return Entry(name, cron, priority, timedelta())


def test_a_timetable_is_taken_over_and_what_stays_keeps_its_time(open_desk):
    desk = open_desk("courier", "herald", "tribune")
    desk.due("courier", "herald")
    desk.state.pause(["herald"])
    before = {row.name: row for row in desk.state.rows()}
    desk.state.sync([entry("courier", priority=5), entry("herald", "30 6 * * *"), entry("planet")])
    after = {row.name: row for row in desk.state.rows()}
    assert set(after) == {"courier", "herald", "planet"}
    assert after["courier"].next_at == before["courier"].next_at
    assert after["courier"].priority == 5
    assert after["herald"].next_at > now()
    assert after["herald"].paused


def test_a_publisher_whose_file_is_broken_for_a_while_keeps_its_row(open_desk):
    desk = open_desk("courier")
    desk.state.pause(["courier"])
    desk.state.sync([], keep=["courier"])
    desk.state.sync([entry("courier")])
    assert desk["courier"].paused


def test_a_publisher_that_goes_while_its_job_runs_is_kept_to_its_end(open_desk):
    desk = open_desk("courier")
    desk.due("courier")
    run = Run.new("courier", "http://node.example", now())
    desk.state.claim(desk["courier"], run, now() + timedelta(hours=1))
    desk.state.sync([])
    assert desk["courier"].run == run


def test_a_claim_holds_only_for_what_was_read(open_desk):
    desk = open_desk("courier")
    desk.due("courier", hours=1)
    read = desk["courier"]
    run = Run.new("courier", "http://node.example", read.next_at)
    desk.due("courier", minutes=5)
    assert not desk.state.claim(read, run, now())
    desk.state.pause(["courier"])
    assert not desk.state.claim(desk["courier"], run, now())


@pytest.mark.parametrize("urls", [[], ["127.0.0.1:6800"], ["http://user:secret@127.0.0.1:6800"]])
def test_nodes_are_addresses_without_passwords(urls):
    with pytest.raises(SettingError, match="SCRAPYD_NODES") as told:
        Nodes(urls, "broadsheet")
    assert "secret" not in str(told.value)
