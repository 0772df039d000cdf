"""What the scheduler tells Prometheus: the timetable, the last crawl of each publisher, and open alerts."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from crawler.metrics import MetricsEndpoint, MetricsError
from crawler.scheduling.state import State
from crawler.scheduling.timetable import TimetableError
from crawler.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client import Metric
    from scrapy.settings import BaseSettings

    from crawler.store import Store

logger = logging.getLogger(__name__)

_OUTCOMES = {
    "stored": "stored",
    "changed": "changed",
    "unchanged": "unchanged",
    "not_article": "not_articles",
    "dropped": "dropped",
    "failed": "failed",
}


class SchedulerCollector(Collector):
    """Reads the store whenever Prometheus asks.

    Args:
        store: of the scheduler.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; of a store out of reach only that it is."""
        try:
            metrics = [*self._timetable(), *self._crawls(), *self._alerts()]
        except StoreError:
            metrics = []
        up = GaugeMetricFamily("broadsheet_store_up", "Whether MongoDB answers")
        up.add_metric([], bool(metrics))
        yield up
        yield from metrics

    def _timetable(self) -> Iterator[Metric]:
        due = GaugeMetricFamily(
            "broadsheet_schedule_next_time_seconds", "When the publisher is due, in Unix time", labels=["publisher"]
        )
        paused = GaugeMetricFamily("broadsheet_schedule_paused", "Whether it is paused", labels=["publisher"])
        running = GaugeMetricFamily("broadsheet_schedule_running", "Whether its job is under way", labels=["publisher"])
        skipped = GaugeMetricFamily(
            "broadsheet_schedule_skipped",
            "How often in a row it was due while an earlier job still ran",
            labels=["publisher"],
        )
        for row in State(self._store).rows():
            due.add_metric([row.name], row.next_at.timestamp())
            paused.add_metric([row.name], row.paused)
            running.add_metric([row.name], row.run is not None)
            skipped.add_metric([row.name], row.skipped)
        yield from (due, paused, running, skipped)

    def _crawls(self) -> Iterator[Metric]:
        ended = GaugeMetricFamily(
            "broadsheet_last_crawl_time_seconds", "When its last crawl ended, in Unix time", labels=["publisher"]
        )
        pages = GaugeMetricFamily(
            "broadsheet_last_crawl_pages",
            "Article pages of its last crawl by what became of them",
            labels=["publisher", "outcome"],
        )
        for record in self._store.alerts.last_runs():
            ended.add_metric([record["publisher"]], record["recorded_at"].timestamp())
            for outcome, name in _OUTCOMES.items():
                pages.add_metric([record["publisher"], outcome], record[name])
        yield from (ended, pages)

    def _alerts(self) -> Iterator[Metric]:
        is_open = GaugeMetricFamily("broadsheet_alert_open", "1 while an alert is open", labels=["publisher", "figure"])
        for alert in self._store.alerts.open():
            is_open.add_metric([alert.publisher, alert.figure], 1)
        yield is_open


@contextmanager
def endpoint(settings: BaseSettings, store: Store) -> Iterator[None]:
    """Serve the scheduler's metrics at SCHEDULE_METRICS_PORT while the block runs.

    Raises:
        TimetableError: the endpoint cannot be opened as it is set.
    """
    registry = CollectorRegistry()
    registry.register(SchedulerCollector(store))
    try:
        served = MetricsEndpoint.from_settings(settings, registry, "SCHEDULE_METRICS_PORT")
    except MetricsError as error:
        raise TimetableError(str(error)) from None
    logger.info("Metrics: %s", served.url)
    try:
        yield
    finally:
        served.close()
