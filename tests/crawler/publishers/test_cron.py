"""Days of the week mean what they mean to cron, whatever APScheduler would make of them."""

from __future__ import annotations

import pytest

from crawler.publishers.cron import read_cron


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("*", "*"),
        ("0-7", "*"),
        ("1-5", "mon-fri"),
        ("MON-FRI", "mon-fri"),
        ("0-4", "mon-thu,sun"),
        ("sun-thu", "mon-thu,sun"),
        ("5-7", "fri-sun"),
        ("fri-mon", "mon,fri-sun"),
        ("0", "sun"),
        ("7", "sun"),
        ("6,0", "sat,sun"),
        ("*/2", "tue,thu,sat,sun"),
        ("1-5/2", "mon,wed,fri"),
        ("4/2", "thu,sat"),
    ],
)
def test_days_of_the_week(written, days):
    assert read_cron(f"30 6 * JAN {written}") == f"30 6 * jan {days}"
    assert read_cron(f"30 6 * jan {days}") == f"30 6 * jan {days}"


@pytest.mark.parametrize("weekday", ["8", "1#2", "monday", "mon-", "*/0", "", "5L"])
def test_what_is_no_day_of_the_week(weekday):
    with pytest.raises(ValueError, match="is not valid"):
        read_cron(f"0 6 * * {weekday}")
