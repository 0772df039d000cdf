"""An alert is raised once, told once by each channel, and over when it is over; in a real store."""

from __future__ import annotations

import logging
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import timedelta

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from crawler.extensions.watch import Watch
from crawler.monitors.channels import Channel, ChannelError, Log
from crawler.monitors.drift import Bounds
from crawler.monitors.runs import Run
from crawler.monitors.suite import Inspection, inspect


class Spy(Channel):
    """Hears what is told, or nothing while it is deaf."""

    name = "spy"

    def __init__(self) -> None:
        self.heard = []
        self.deaf = False

    @classmethod
    def from_settings(cls, settings):
        return cls()

    def tell(self, notice):
        if self.deaf:
            raise ChannelError("deaf")
        self.heard.append((notice.state, [alert.figure for alert in notice.alerts], notice.pages))


@pytest.fixture
def spy():
    return Spy()


@pytest.fixture
def crawled(store, spy, make_article):
    """Let a run end: it is compared with those before, and then it is one of them."""

    def end(run: Run, publisher="courier", channels=None, arguments=None):
        job = f"job-{run.started_at:%m%d}"
        asked = (publisher, arguments or {}, job, 100)
        inspection = Inspection(
            publisher=publisher,
            job=job,
            run=run,
            recent=[Run.from_record(record) for record in store.alerts.recent_runs(*asked)],
            usual=[Run.from_record(record) for record in store.alerts.usual_runs(*asked)],
            bounds=Bounds(),
            now=run.started_at + timedelta(minutes=5),
            articles=[make_article(url="https://news.example/short", html=b"<p>short")],
            dropped=[make_article(url="https://news.example/none", html=b"<p>none", text="", canonical_url="")],
        )
        inspect(inspection, store.alerts, [spy] if channels is None else channels)
        store.record_crawl({**asdict(run), "publisher": publisher, "job": job, "arguments": arguments or {}})
        return inspection

    return end


@pytest.fixture
def week(crawled, make_run):
    for day in range(-2, 6):
        crawled(make_run(day))


def test_a_drift_is_told_once_until_it_is_over_and_again_when_it_comes_back(crawled, make_run, store, spy, week):
    assert spy.heard == []
    for day in range(6, 20):
        crawled(make_run(day, median_words=90))
    assert spy.heard == [("raised", ["words"], ["https://news.example/short"])]
    (alert,) = store.alerts.open()
    assert alert.message.startswith("article text per page fell from 640 to 90 words since Saturday")
    assert alert.since == make_run(6).started_at

    # A fortnight of it has not become what is usual.
    assert crawled(make_run(20)).events["over/words"] == 1
    assert spy.heard[1:] == [("over", ["words"], [])]
    assert store.alerts.open() == []
    crawled(make_run(21))
    crawled(make_run(22, median_words=90))
    assert [heard[:2] for heard in spy.heard[2:]] == [("raised", ["words"])]


def test_what_is_over_is_told_by_the_channels_that_told_of_it_and_in_the_end(crawled, make_run, spy, week):
    late = Spy()
    late.name, late.deaf = "late", True
    both = [spy, late]
    crawled(make_run(6, median_words=90), channels=both)
    spy.deaf = True
    assert crawled(make_run(7), channels=both).events["not_told/spy"] == 1
    assert spy.heard == [("raised", ["words"], ["https://news.example/short"])]
    spy.deaf = late.deaf = False
    for day in (8, 9):
        crawled(make_run(day), channels=both)
    assert spy.heard[1:] == [("over", ["words"], [])]
    assert late.heard == []


def test_a_channel_that_breaks_loses_no_alert(crawled, make_run, spy, week, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(spy, "tell", lambda notice: 1 / 0)
        assert crawled(make_run(6, median_words=90)).events["failed"] == 1
    crawled(make_run(7, median_words=90))
    assert spy.heard == [("raised", ["words"], ["https://news.example/short"])]


def test_a_publisher_of_three_articles_a_day_is_watched(crawled, make_run, store, database, spy):
    little = {"stored": 0, "not_articles": 0, "failed": 0, "articles": 0, "found": 9, "unchanged": 9}

    def records(days, **figures):
        for day in days:
            for hour in range(24):
                new = {"stored": 3, "articles": 3} if hour == 6 else {}
                run = replace(make_run(day, **{**little, **figures, **new}))
                run = replace(run, started_at=run.started_at + timedelta(hours=hour))
                job = {"publisher": "courier", "job": f"{day}-{hour}", "arguments": {}, "fetched": run.articles}
                yield {**asdict(run), **job, "recorded_at": run.started_at}

    database.crawls.insert_many(records(range(80)))
    assert "words" in crawled(make_run(80, **{**little, "articles": 3, "stored": 3})).judgements
    database.crawls.insert_many(records(range(81, 91), median_words=90))
    crawled(make_run(91, **{**little, "articles": 3, "stored": 3, "median_words": 90}))
    assert [heard[:2] for heard in spy.heard] == [("raised", ["words"])]


def test_a_second_figure_is_a_new_alert_and_the_first_is_not_told_again(crawled, make_run, store, spy, week):
    crawled(make_run(6, median_words=90))
    crawled(make_run(7, median_words=90, articles=10, stored=10, not_articles=35))
    assert spy.heard == [
        ("raised", ["words"], ["https://news.example/short"]),
        ("raised", ["share"], ["https://news.example/none"]),
    ]
    crawled(make_run(8, median_words=90))
    assert spy.heard[2:] == [("over", ["share"], [])]
    assert [alert.figure for alert in store.alerts.open("courier")] == ["words"]


def test_the_pages_to_label_are_in_the_store_even_those_that_were_dropped(crawled, make_run, store, database, week):
    assert database.pages.count_documents({}) == 0
    crawled(make_run(6, median_words=90, articles=30, stored=30, not_articles=40))
    pages = {page.url: store.page(page.page) for alert in store.alerts.open() for page in alert.pages}
    assert {url: page.html for url, page in pages.items()} == {
        "https://news.example/short": b"<p>short",
        "https://news.example/none": b"<p>none",
    }
    crawled(make_run(7, failed=60))
    (alert,) = (alert for alert in store.alerts.open() if alert.figure == "errors")
    assert alert.pages == ()


def test_a_change_that_a_person_accepts_is_what_is_usual(crawled, make_run, store, spy, week):
    for day in range(6, 9):
        crawled(make_run(day, median_words=90))
    assert len(store.alerts.end("courier", ["words"], make_run(9).started_at, accepted=True)) == 1
    for day in range(9, 13):
        crawled(make_run(day, median_words=90))
    assert len(spy.heard) == 1
    crawled(make_run(13))
    assert [heard[:2] for heard in spy.heard[1:]] == [("raised", ["words"])]


def test_what_one_channel_could_not_tell_the_next_run_does(crawled, make_run, spy, week, caplog):
    with caplog.at_level(logging.INFO, logger="crawler"):
        spy.deaf = True
        assert crawled(make_run(6, median_words=90), channels=[Log(), spy]).events["not_told/spy"] == 1
        assert "Nobody was told by spy of courier: words changed: deaf" in caplog.messages
        spy.deaf = False
        assert crawled(make_run(7, median_words=90), channels=[Log(), spy]).events["told/spy"] == 1
    assert spy.heard == [("raised", ["words"], ["https://news.example/short"])]
    (logged,) = (record for record in caplog.records if record.name == "crawler.monitors.channels")
    assert logged.levelno == logging.WARNING
    assert logged.getMessage() == (
        "courier: article text per page fell from 640 to 90 words since Saturday: the layout has probably changed; "
        "pages to label: https://news.example/short"
    )


def test_runs_that_end_at_once_raise_one_alert(crawled, make_run, store, spy, week):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda day: crawled(make_run(day, median_words=90)), range(6, 10)))
    assert len(store.alerts.open()) == 1
    assert [heard[:2] for heard in spy.heard] == [("raised", ["words"])]


def test_runs_of_others_and_of_other_arguments_do_not_count(crawled, make_run, spy, week):
    crawled(make_run(6, median_words=90), publisher="other")
    crawled(make_run(7, median_words=90), arguments={"limit": "5"})
    assert spy.heard == []
    crawled(make_run(8, median_words=90))
    assert len(spy.heard) == 1


def test_a_monitor_that_breaks_is_named_in_the_log_and_the_rest_goes_on(
    crawled, make_run, spy, week, monkeypatch, caplog
):
    def broken(*_):
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("crawler.monitors.figures.Words.value", broken)
    events = crawled(make_run(6, found=0)).events
    assert events["failed"] == 1
    assert "The watch over courier failed: ZeroDivisionError: by nothing" in caplog.messages
    assert [heard[:2] for heard in spy.heard] == [("raised", ["found"])]


@pytest.mark.parametrize("missing", ["spidermon", "requests"])
def test_without_its_packages_the_watch_is_off(monkeypatch, missing):
    def build(**settings):
        return Watch.from_crawler(Crawler(Spider, settings))

    with pytest.raises(NotConfigured):
        build(WATCH_ENABLED=False)
    settings = {"WATCH_ENABLED": True, "WATCH_MIN_PAGES": 30, "WATCH_MIN_RUNS": 5}
    build(**settings)
    with pytest.raises(NotConfigured, match="WATCH_MAIL_TO needs a server: set WATCH_MAIL_HOST"):
        build(**settings, WATCH_MAIL_TO="desk@courier.example")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(NotConfigured):
        build(**settings)
