"""What the scheduler tells Prometheus of publishers, runs and alerts, and of a store that is away."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from scrapy.settings import Settings

from crawler.scheduling.metrics import SchedulerCollector, endpoint
from crawler.scheduling.state import COLLECTION
from crawler.scheduling.timetable import TimetableError
from crawler.store import Alert, Store

DOCS = Path(__file__).parents[3] / "docs" / "metrics.md"
MOMENT = datetime(2026, 11, 24, 6, tzinfo=UTC)


def read(store: Store) -> str:
    registry = CollectorRegistry()
    registry.register(SchedulerCollector(store))
    return generate_latest(registry).decode()


def test_the_timetable_the_last_crawls_and_open_alerts_are_told(store, database):
    row = {
        "_id": "courier",
        "cron": "0 * * * *",
        "priority": 0,
        "next_at": MOMENT,
        "paused": True,
        "run": None,
        "last": None,
    }
    database[COLLECTION].insert_one(row)
    counts = dict.fromkeys(("stored", "changed", "unchanged", "not_articles", "dropped", "failed"), 0)
    for day, stored in ((1, 7), (2, 9)):
        started = MOMENT.replace(day=day)
        store.record_crawl({"publisher": "courier", "started_at": started, **counts, "stored": stored})
    store.alerts.raise_new(
        Alert(publisher="courier", figure="words", message="fell", since=MOMENT, raised_at=MOMENT, job="1")
    )
    told = read(store)
    assert "broadsheet_store_up 1.0" in told
    assert 'broadsheet_schedule_paused{publisher="courier"} 1.0' in told
    assert 'broadsheet_schedule_running{publisher="courier"} 0.0' in told
    due = re.search(r'^broadsheet_schedule_next_time_seconds{publisher="courier"} (.+)$', told, re.MULTILINE)
    assert float(due[1]) == MOMENT.timestamp()
    assert 'broadsheet_last_crawl_pages{outcome="stored",publisher="courier"} 9.0' in told
    assert 'broadsheet_alert_open{figure="words",publisher="courier"} 1.0' in told
    for name in set(re.findall(r"^(broadsheet_\w+)", told, re.MULTILINE)):
        assert f"`{name}`" in DOCS.read_text("utf-8")


def test_of_a_store_out_of_reach_only_that_is_told():
    with Store.connect("mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50") as away:
        told = read(away)
    assert "broadsheet_store_up 0.0" in told
    assert "broadsheet_schedule" not in told


def test_a_port_that_cannot_be_had_is_named(store):
    settings = Settings({"SCHEDULE_METRICS_PORT": "http"})
    with pytest.raises(TimetableError, match="SCHEDULE_METRICS_PORT: give a port"), endpoint(settings, store):
        pass
