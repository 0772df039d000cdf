"""When publishers are due."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from crawler.publishers import Registry
from crawler.scheduling.timetable import Entry, Timetable, TimetableError

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2029, 1, 1), timezones=st.just(UTC))
CRONS = st.sampled_from(["0 * * * *", "*/15 * * * *", "30 6 * * mon-fri", "0 0 1 * *", "59 23 29 2 *", "7 3,9 * jan *"])


def timetable(folder=None, default="0 * * * *", spread=900, chosen=()):
    return Timetable(Registry(folder), default, timedelta(seconds=spread), frozenset(chosen))


@given(CRONS, MOMENTS, st.integers(0, 7200))
def test_it_is_the_first_time_of_the_cron_form_after_the_moment(cron, moment, seconds):
    offset = timedelta(seconds=seconds)
    entry = Entry("courier", cron, 0, offset)
    due = entry.next_time(moment)
    trigger = CronTrigger.from_crontab(cron, timezone=UTC)
    assert due > moment
    assert trigger.get_next_fire_time(None, due - offset) == due - offset
    assert entry.next_time(due) > due
    between = trigger.get_next_fire_time(None, moment - offset + timedelta(seconds=1))
    assert due <= between + offset


@pytest.fixture
def in_berlin(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_berlin")
@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_no_hour_is_left_out_or_doubled_where_clocks_change(day):
    assert time.localtime(day.timestamp()).tm_hour != time.localtime((day + timedelta(days=1)).timestamp()).tm_hour
    due = [day]
    while len(due) < 7:
        due.append(Entry("courier", "0 * * * *", 0, timedelta(minutes=5)).next_time(due[-1]))
    assert due[1:] == [day + timedelta(hours=hour, minutes=5) for hour in range(6)]


def test_a_hundred_publishers_do_not_start_together():
    entries = list(timetable())[:100]
    starts = sorted(entry.next_time(datetime(2026, 7, 1, tzinfo=UTC)) for entry in entries)
    assert len(entries) == 100
    assert len(set(starts)) > 85
    assert max(starts.count(start) for start in starts) <= 4
    assert starts[-1] - starts[0] > timedelta(minutes=10)
    assert [entry.next_time(datetime(2026, 7, 1, tzinfo=UTC)) for entry in timetable()][:100] == [
        entry.next_time(datetime(2026, 7, 1, tzinfo=UTC)) for entry in entries
    ]


def test_a_publishers_own_form_comes_before_the_default(publish):
    folder = publish("courier", schedule="0 6 * * 1-5", priority=3)
    publish("herald")
    entry = timetable(folder, default="*/5 * * * 0", chosen=["courier"]).entry("courier")
    assert (entry.cron, entry.priority) == ("0 6 * * mon-fri", 3)
    assert timetable(folder, default="*/5 * * * 0").entry("herald").cron == "*/5 * * * sun"
    chosen = timetable(folder, default="", chosen=["courier", "herald"])
    assert [entry.name for entry in chosen] == ["courier"]
    assert timetable(folder, chosen=["herald"]).entry("courier") is None


def test_a_broken_file_keeps_no_other_publisher_back(publish, caplog):
    folder = publish("courier")
    publish("herald", schedule="often")
    publish("tribune", schedule="0 0 30 2 *")
    entries = timetable(folder, chosen=["courier", "herald", "tribune"])
    assert [entry.name for entry in entries] == ["courier"]
    assert "herald.toml: schedule:" in caplog.text
    assert "tribune: '0 0 30 2 *' names no day that comes" in caplog.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"default": "hourly"}, "SCHEDULE_DEFAULT: 'hourly' is not valid"),
        ({"default": "0 0 1 * mon"}, "SCHEDULE_DEFAULT: it names days of the month and of the week"),
        ({"chosen": ["no-such-paper"]}, "SCHEDULE_PUBLISHERS: no publisher is named no-such-paper"),
    ],
)
def test_a_mistake_in_the_settings_is_told(options, words):
    with pytest.raises(TimetableError, match=words):
        timetable(**options)


def test_a_day_that_never_comes_is_told():
    with pytest.raises(TimetableError, match="names no day that comes"):
        Entry("courier", "0 0 30 2 *", 0, timedelta()).next_time(datetime(2026, 1, 1, tzinfo=UTC))
