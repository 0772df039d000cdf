"""The inspection of a run with Spidermon: a monitor a figure, then actions that keep alerts and tell people."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import SkipTest

from spidermon import Action, Monitor, MonitorRunner, MonitorSuite

from crawler.monitors.channels import ChannelError, Notice
from crawler.monitors.drift import judge
from crawler.monitors.figures import FIGURES
from crawler.store import ALERT_STATES, Alert

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crawler.items import Article
    from crawler.monitors.channels import Channel
    from crawler.monitors.drift import Bounds, Judgement
    from crawler.monitors.figures import Figure
    from crawler.monitors.runs import Run
    from crawler.store import Alerts, AlertState

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Inspection:
    """A run that has ended, beside the publisher's past.

    Attributes:
        publisher: its name.
        job: id of the run.
        run: the run.
        recent: the runs before it, the newest first.
        usual: those of them at which no alert was open.
        bounds: how much it takes to call a figure unusual.
        now: the time of the inspection, UTC.
        articles: those of the run of which the classifier was least sure.
        dropped: pages of the run that were taken for none.
        judgements: what the monitors found, by the name of the figure.
        events: what was done, counted for the stats.
    """

    publisher: str
    job: str
    run: Run
    recent: Sequence[Run]
    usual: Sequence[Run]
    bounds: Bounds
    now: datetime
    articles: Sequence[Article] = ()
    dropped: Sequence[Article] = ()
    judgements: dict[str, Judgement] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)


class FigureMonitor(Monitor):  # type: ignore[misc]  # Spidermon has no types
    """Fails when a figure of the run is not what is usual for the publisher."""

    def __init__(self, figure: Figure) -> None:
        super().__init__("test_is_usual", name=figure.name)
        self._figure = figure

    def test_is_usual(self) -> None:
        """Compare the figure with the past."""
        seen: Inspection = self.data.inspection
        found = judge(self._figure, seen.run, seen.recent, seen.usual, seen.bounds, seen.now)
        if found is None:
            raise SkipTest("there is too little to judge by")
        seen.judgements[self._figure.name] = found
        if found.drifts:
            self.fail(found.words)


class KeepAlerts(Action):  # type: ignore[misc]
    """Raises an alert for a figure that has become unusual, and ends those that are over."""

    def __init__(self, alerts: Alerts) -> None:
        super().__init__()
        self._alerts = alerts

    def run_action(self) -> None:
        """Bring the store up to date."""
        seen: Inspection = self.data.inspection
        judgements = seen.judgements
        is_open = {alert.figure for alert in self._alerts.open(seen.publisher)}
        drifting = [found for name, found in judgements.items() if found.drifts and name not in is_open]
        to_label = {"articles": seen.articles, "dropped": seen.dropped, "none": ()}
        for found in drifting:
            alert = Alert(
                publisher=seen.publisher,
                figure=found.figure.name,
                message=found.words,
                since=found.since,
                raised_at=seen.now,
                job=seen.job,
                pages=self._alerts.keep_pages(to_label[found.figure.pages]),
            )
            seen.events[f"raised/{alert.figure}"] += self._alerts.raise_new(alert)
        back = [name for name in is_open if name in judgements and judgements[name].is_back]
        ended = self._alerts.end(seen.publisher, back, seen.run.started_at)
        seen.events.update(f"over/{alert.figure}" for alert in ended)


class TellAlerts(Action):  # type: ignore[misc]
    """Tells by one channel of what is open, and of what is over; what could not be told is left to the next run."""

    def __init__(self, alerts: Alerts, channel: Channel) -> None:
        super().__init__()
        self._alerts = alerts
        self._channel = channel

    def run_action(self) -> None:
        """Tell, if there is anything to."""
        for state in ALERT_STATES:
            self._tell(state)

    def _tell(self, state: AlertState) -> None:
        seen: Inspection = self.data.inspection
        untold = self._alerts.to_tell(seen.publisher, self._channel.name, state)
        if not untold:
            return
        notice = Notice(seen.publisher, state, tuple(untold))
        event = "not_told"
        try:
            self._channel.tell(notice)
            event = "told"
        except ChannelError as error:
            logger.error("Nobody was told by %s of %s: %s", self._channel.name, notice.subject, error)
        finally:
            seen.events[f"{event}/{self._channel.name}"] += 1
            if event == "not_told":
                self._alerts.not_told(untold, self._channel.name, state)


def inspect(inspection: Inspection, alerts: Alerts, channels: Sequence[Channel]) -> None:
    """Run the monitors over a run, keep its alerts, and tell people.

    Args:
        inspection: the run; its judgements and events are filled in.
        alerts: where alerts are kept.
        channels: by which people are told.
    """
    suite = MonitorSuite(
        monitors=[FigureMonitor(figure) for figure in FIGURES],
        monitors_finished_actions=[
            KeepAlerts(alerts),
            *(TellAlerts(alerts, channel) for channel in channels),
        ],
    )
    # Not Spidermon's runner for spiders, which would log a failing monitor again after every run.
    result = MonitorRunner().run(suite, inspection=inspection)
    for outcome in (*result.monitors_failed_results, *result.monitors_finished_action_results):
        if outcome.status == "ERROR":
            inspection.events["failed"] += 1
            logger.error("The watch over %s failed: %s", inspection.publisher, outcome.error.strip().splitlines()[-1])
