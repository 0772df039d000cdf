"""`scrapy alerts`: what is open, and how a person ends it."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.store import Alert


def test_alerts_are_listed_and_a_change_is_accepted(store, scrapy):
    quiet = scrapy("alerts")
    assert quiet.status == 0
    assert "No alert is open." in quiet.log

    moment = datetime(2026, 11, 24, 6, tzinfo=UTC)
    for publisher in ("courier", "markets"):
        store.alerts.raise_new(
            Alert(
                publisher=publisher,
                figure="words",
                message="article text per page fell from 640 to 90 words\x1b[2J",
                since=moment,
                raised_at=moment,
                job="1",
            )
        )
    listed = scrapy("alerts", "--publisher", "courier")
    assert listed.status == 1
    assert "fell from 640 to 90 words" in listed.log
    assert "2026-11-24 06:00" in listed.log
    assert "markets" not in listed.log
    assert "\x1b" not in listed.log

    accepted = scrapy("alerts", "--accept", "courier")
    assert accepted.status == 0
    assert "courier: words is usual as it is since 2026-11-24 06:00" in accepted.log
    assert [alert.publisher for alert in store.alerts.open()] == ["markets"]
    again = scrapy("alerts", "--accept", "courier")
    assert again.status == 1
    assert "no alert of courier is open" in again.log
