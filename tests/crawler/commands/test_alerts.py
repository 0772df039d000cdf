"""`scrapy alerts`: what is open, and how a person ends it."""

from __future__ import annotations

from datetime import UTC, datetime

from crawler.store import Alert


def test_alerts_are_listed_and_a_change_is_accepted(store, command):
    assert command("alerts")[:2] == (0, "No alert is open.\n")

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
    status, listed, _ = command("alerts", "--publisher", "courier")
    assert status == 1
    assert "fell from 640 to 90 words" in listed
    assert "2026-11-24 06:00" in listed
    assert "markets" not in listed
    assert "\x1b[2J" not in listed

    accepted = command("alerts", "--accept", "courier")
    assert accepted[:2] == (0, "courier: words is usual as it is since 2026-11-24 06:00\n")
    assert [alert.publisher for alert in store.alerts.open()] == ["markets"]
    assert command("alerts", "--accept", "courier") == (1, "", "scrapy alerts: no alert of courier is open\n")
