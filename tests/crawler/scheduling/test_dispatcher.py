"""What is sent where, and what becomes of it when nodes, answers and schedulers get lost."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from threading import Barrier, Thread

import pytest

from crawler.scheduling import dispatcher as dispatching
from crawler.scheduling.dispatcher import BusyError
from crawler.scheduling.nodes import Nodes
from crawler.scheduling.state import Run, now
from tests.crawler.scheduling.conftest import FakeNode, serving

ZERO = timedelta(0)


def test_what_is_due_is_sent_once_and_followed_to_its_end(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier", "herald", priority=7)
    desk.due("courier", seconds=1)
    dispatcher = desk.dispatcher(node)
    due_at = desk["courier"].next_at
    for _ in range(3):
        dispatcher.tick()
    (sent,) = node.sent
    job = f"courier-{due_at:%Y%m%dT%H%M%SZ}"
    assert sent == {"project": "broadsheet", "spider": "courier", "jobid": job, "priority": "7"}
    assert desk["courier"].run.state == "sent"
    assert desk["courier"].next_at > now()

    node.move(job, "running")
    dispatcher.tick()
    assert desk["courier"].run.state == "running"
    assert desk["courier"].run.started_at is not None

    node.move(job, "finished")
    desk.crawls.insert_one({"job": job, "recorded_at": now(), "reason": "finished", "stored": 12, "changed": 3})
    dispatcher.tick()
    row = desk["courier"]
    assert row.run is None
    assert (row.last.job, row.last.outcome, row.last.stored, row.last.changed) == (job, "finished", 12, 3)
    assert row.last.seconds == 90.5
    assert desk["herald"].last is None


def test_a_crawl_that_left_no_figures_has_failed(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier")
    dispatcher = desk.dispatcher(node)
    dispatcher.tick()
    node.move(desk["courier"].run.job, "finished")
    dispatcher.tick()
    assert desk["courier"].last.outcome == "failed"
    assert node.url in desk["courier"].last.detail


def test_missed_times_become_one_job(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier", hours=9)
    dispatcher = desk.dispatcher(node)
    dispatcher.tick()
    node.move(desk["courier"].run.job, "finished")
    dispatcher.tick()
    dispatcher.tick()
    assert len(node.sent) == 1
    assert desk["courier"].next_at > now()


def test_a_publisher_whose_earlier_job_runs_is_skipped(open_desk, nodes):
    node, other = nodes
    desk = open_desk("courier", "herald")
    desk.due("courier", "herald")
    other.add("herald", "by-hand")
    dispatcher = desk.dispatcher(node, other)
    dispatcher.tick()
    assert node.spiders == ["courier"]
    assert desk["herald"].skipped == 1
    desk.due("courier")
    dispatcher.tick()
    row = desk["courier"]
    assert len(node.sent) == 1
    assert row.skipped == 1
    assert row.next_at > now()


def test_jobs_go_where_least_is_done(open_desk, nodes):
    busy, idle = nodes
    for number in range(3):
        busy.add("other", f"other-{number}")
    names = [f"paper-{number}" for number in range(5)]
    desk = open_desk(*names)
    dispatcher = desk.dispatcher(busy, idle)
    for name in names:
        desk.due(name)
        dispatcher.tick()
        for node in nodes:
            for job in list(node.lists["pending"]):
                node.move(job["id"], "running")
    assert (len(busy.sent), len(idle.sent)) == (1, 4)


def test_no_more_is_sent_than_a_node_can_start_and_the_urgent_goes_first(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier", "herald", "tribune")
    desk.rows.update_one({"_id": "tribune"}, {"$set": {"priority": 5}})
    desk.due("courier", "herald", "tribune")
    dispatcher = desk.dispatcher(node)
    for _ in range(3):
        dispatcher.tick()
    assert node.spiders == ["tribune"]
    node.move(node.sent[0]["jobid"], "running")
    dispatcher.tick()
    assert node.spiders == ["tribune", "courier"]


def test_the_publishers_of_a_node_that_is_down_go_to_another(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier", "herald")
    desk.due("courier")
    dispatcher = desk.dispatcher(FakeNode(1), node)
    dispatcher.tick()
    assert node.spiders == ["courier"]


def test_a_node_that_goes_down_while_it_is_sent_to_loses_the_job_to_another(open_desk, nodes):
    _, node = nodes
    desk = open_desk("courier")
    with serving(FakeNode()) as gone:
        dispatcher = desk.dispatcher(gone, node)
        dispatcher.nodes.refresh()
    dispatcher.nodes.refresh = lambda: None  # it still looks as if it were up
    desk.due("courier")
    node.add("other", "other-1")
    dispatcher.tick()
    assert node.spiders == ["courier"]
    assert desk["courier"].run.node == node.url
    assert not dispatcher.nodes.get(gone.url).is_up


def test_a_node_that_is_down_is_asked_less_and_less_often(monkeypatch, nodes):
    clock = [1000.0]
    monkeypatch.setattr("crawler.scheduling.nodes.time.monotonic", lambda: clock[0])
    pool = Nodes(["http://127.0.0.1:1", nodes[0].url], "broadsheet")
    waits = []
    down, up = pool
    for _ in range(8):
        pool.refresh()
        assert up.is_up
        waits.append(down.retry_at - clock[0])
        before = down.failures
        clock[0] = down.retry_at - 0.1
        pool.refresh()
        assert down.failures == before
        clock[0] = down.retry_at
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]


def test_the_job_of_a_node_that_stays_away_is_given_to_another_once(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier")
    with serving(FakeNode()) as gone:
        desk.dispatcher(gone).tick()
    first = desk["courier"].run
    assert first.node == gone.url
    desk.dispatcher(gone, node).tick()
    assert desk["courier"].run == first
    assert node.sent == []

    desk.dispatcher(gone, node, lost_after=0).tick()
    row = desk["courier"]
    assert row.last.outcome == "lost"
    assert row.last.job == first.job
    assert node.spiders == ["courier"]
    assert row.run.again

    desk.dispatcher(FakeNode(1), lost_after=0).tick()
    row = desk["courier"]
    assert row.last.outcome == "lost"
    assert row.run is None
    assert row.next_at > now()


def test_a_lost_job_is_cancelled_once_when_its_node_is_back_and_another_has_its_place(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier")
    with serving(FakeNode()) as away:
        desk.dispatcher(away).tick()
    first = desk["courier"].run.job
    desk.dispatcher(away, node, lost_after=0).tick()
    assert node.spiders == ["courier"]
    with serving(away):
        for _ in range(2):
            desk.dispatcher(away, node).tick()
    assert away.cancelled == [first]
    assert node.cancelled == []
    assert desk["courier"].run.node == node.url
    assert desk["courier"].lost == ()


def test_a_lost_job_that_none_replaces_goes_on_when_its_node_is_back(open_desk):
    desk = open_desk("courier")
    desk.due("courier")
    with serving(FakeNode()) as away:
        desk.dispatcher(away).tick()
    job = desk["courier"].run.job
    desk.dispatcher(away, lost_after=0).tick()
    assert desk["courier"].last.outcome == "lost"
    with serving(away):
        dispatcher = desk.dispatcher(away)
        dispatcher.tick()
        assert desk["courier"].skipped == 1
        assert len(desk["courier"].lost) == 1
        away.move(job, "finished")
        dispatcher.tick()
    assert away.cancelled == []
    assert len(away.sent) == 1
    assert desk["courier"].lost == ()


def test_a_crawl_whose_figures_are_there_has_ended_whatever_has_become_of_its_node(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier")
    with serving(FakeNode()) as stopped:
        desk.dispatcher(stopped).tick()
    job = desk["courier"].run.job
    ended = now()
    record = {"job": job, "reason": "shutdown", "started_at": ended - timedelta(minutes=2), "recorded_at": ended}
    desk.crawls.insert_one(record)
    desk.due("courier")
    desk.dispatcher(stopped, node).tick()
    row = desk["courier"]
    assert (row.last.job, row.last.outcome, row.last.seconds) == (job, "shutdown", 120)
    assert node.spiders == ["courier"]


def test_what_a_node_said_before_another_scheduler_acted_is_no_news(open_desk, nodes, monkeypatch):
    node, _ = nodes
    monkeypatch.setattr(dispatching, "MISSING", ZERO)
    desk = open_desk("courier")
    slow = desk.dispatcher(node)
    slow.nodes.refresh()
    slow.nodes.refresh = lambda: None
    desk.due("courier")
    desk.dispatcher(node).tick()
    job = desk["courier"].run.job
    slow.tick()
    assert desk["courier"].run.job == job  # and not lost, though the node did not know it then

    node.move(job, "running")
    slow = desk.dispatcher(node)
    slow.nodes.refresh()
    slow.nodes.refresh = lambda: None
    node.move(job, "finished")
    desk.dispatcher(node).tick()
    desk.due("courier", seconds=5)
    slow.tick()
    assert node.spiders == ["courier"] * 2  # and not skipped, though it ran then


def test_a_job_that_its_node_forgot_is_sent_anew(open_desk, nodes, monkeypatch):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier")
    dispatcher = desk.dispatcher(node)
    dispatcher.tick()
    first = desk["courier"].run.job
    node.move(first, "")
    dispatcher.tick()
    assert desk["courier"].run.job == first
    monkeypatch.setattr(dispatching, "MISSING", ZERO)
    monkeypatch.setattr("crawler.scheduling.state.Run.new", _later(Run.new))
    dispatcher.tick()
    assert len({job["jobid"] for job in node.sent}) == 2


def _later(new):
    """Ids have seconds; this test is faster."""
    return lambda name, node, due_at, again=False: new(name, node, due_at + timedelta(seconds=1), again)


def test_an_answer_that_gets_lost_makes_no_second_job(open_desk, nodes, monkeypatch):
    node, other = nodes
    monkeypatch.setattr(dispatching, "SENDING", ZERO)
    desk = open_desk("courier")
    desk.due("courier")
    node.cut = True
    other.add("other", "other-1")
    dispatcher = desk.dispatcher(node, other)
    dispatcher.tick()
    assert desk["courier"].run.state == "sending"
    for _ in range(3):
        desk.dispatcher(node, other).tick()
    assert desk["courier"].run.state == "sent"
    assert len(node.sent) == 1
    assert other.sent == []


def test_a_job_that_never_arrived_is_sent_again_to_the_same_node(open_desk, nodes, monkeypatch):
    node, other = nodes
    desk = open_desk("courier")
    desk.due("courier")
    row = desk["courier"]
    # A scheduler claims it and is killed before it sends it.
    run = Run.new("courier", node.url, row.next_at)
    assert desk.state.claim(row, run, now() + timedelta(hours=1))
    dispatcher = desk.dispatcher(node, other)
    dispatcher.tick()
    assert node.sent == []  # the other scheduler may be about to send it
    monkeypatch.setattr(dispatching, "SENDING", ZERO)
    for _ in range(3):
        dispatcher.tick()
    assert [job["jobid"] for job in node.sent] == [run.job]
    assert other.sent == []


def test_a_claim_that_another_scheduler_took_over_is_not_given_back(open_desk, nodes):
    desk = open_desk("courier")
    desk.due("courier")
    row = desk["courier"]
    run = Run.new("courier", nodes[0].url, row.next_at)
    desk.state.claim(row, run, now() + timedelta(hours=1))
    desk.state.rows()
    desk.rows.update_one({"_id": "courier"}, {"$set": {"run.touched_at": now() - timedelta(hours=1)}})
    assert desk.state.reclaim(desk["courier"])
    desk.state.give_back("courier", run, row.next_at)
    assert desk["courier"].run.job == run.job


def test_many_schedulers_send_every_job_once(open_desk, nodes):
    names = [f"paper-{number:02}" for number in range(30)]
    desk = open_desk(*names)
    desk.due(*names)
    together = Barrier(4)

    def schedule() -> None:
        dispatcher = desk.dispatcher(*nodes)
        together.wait()
        while any(row.run is None for row in desk.state.rows()):
            for node in nodes:
                for job in list(node.lists["pending"]):
                    node.move(job["id"], "running")
            dispatcher.tick()

    threads = [Thread(target=schedule) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sent = Counter(spider for node in nodes for spider in node.spiders)
    assert sent == dict.fromkeys(names, 1)
    counts = [len(node.sent) for node in nodes]
    assert min(counts) >= 10


def test_a_job_that_a_node_refuses_is_told_and_waits_for_its_next_time(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier")
    node.refusal = "RunnerError: Traceback ...\n  File ...\nKeyError: 'courier'\n"
    dispatcher = desk.dispatcher(node)
    dispatcher.tick()
    dispatcher.tick()
    row = desk["courier"]
    assert len(node.sent) == 1
    assert (row.last.outcome, row.last.detail) == ("refused", "KeyError: 'courier'")
    assert row.next_at > now()


def test_a_node_without_the_project_is_left_out(open_desk, nodes):
    empty, node = nodes
    empty.refusal = "project 'broadsheet' not found"
    node.add("other", "other-1")
    desk = open_desk("courier")
    desk.due("courier")
    dispatcher = desk.dispatcher(empty, node)
    dispatcher.tick()
    assert node.spiders == ["courier"]
    assert "make deploy" in dispatcher.nodes.get(empty.url).problem


@pytest.mark.parametrize(
    ("status", "lists", "words"),
    [
        (401, {}, "does not accept SCRAPYD_USERNAME and SCRAPYD_PASSWORD"),
        (502, {"status": "none"}, "HTTP status 502"),
        (200, {"pending": [{"no": "id"}]}, "does not answer as scrapyd does"),
        (200, {"finished": "none"}, "does not answer as scrapyd does"),
    ],
)
def test_a_node_that_answers_nonsense_is_down(nodes, status, lists, words):
    node, _ = nodes
    node.status = status
    node.lists.update(lists)
    pool = Nodes([node.url], "broadsheet")
    pool.refresh()
    assert words in pool.get(node.url).problem
    assert pool.best() is None


def test_now_sends_what_is_not_due_and_not_what_runs(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    next_at = desk["courier"].next_at
    desk.state.pause(["courier"])
    dispatcher = desk.dispatcher(node)
    run = dispatcher.send_now("courier")
    assert [job["jobid"] for job in node.sent] == [run.job]
    with pytest.raises(BusyError, match=run.job):
        dispatcher.send_now("courier")
    assert len(node.sent) == 1
    assert desk["courier"].next_at == next_at


def test_now_says_why_no_node_takes_it(open_desk):
    desk = open_desk("courier")
    with pytest.raises(BusyError, match=r"no node is up: http://127\.0\.0\.1:1 is out of reach"):
        desk.dispatcher(FakeNode(1)).send_now("courier")
    assert desk["courier"].run is None


def test_what_is_paused_is_not_sent_nor_made_up_for(open_desk, nodes):
    node, _ = nodes
    desk = open_desk("courier")
    desk.due("courier")
    assert desk.state.pause(["courier"]) == 1
    dispatcher = desk.dispatcher(node)
    dispatcher.tick()
    assert node.sent == []
    assert desk.state.resume(dispatcher.timetable.entry("courier"))
    dispatcher.tick()
    assert node.sent == []
    desk.due("courier")
    dispatcher.tick()
    assert node.spiders == ["courier"]
