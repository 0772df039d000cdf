from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.dates import parse_date, parse_moment, parse_span

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-09T08:30:00Z", datetime(2025, 3, 9, 8, 30, tzinfo=UTC)),
        ("2025-03-09T08:30:00+0530", datetime(2025, 3, 9, 3, 0, tzinfo=UTC)),
        ("2025-03-09", datetime(2025, 3, 9, tzinfo=UTC)),
        ("Sun, 09 Mar 2025 08:30:00 EST", datetime(2025, 3, 9, 13, 30, tzinfo=UTC)),
        ("Sun, 09 Mar 2025 08:30:00 +0100", datetime(2025, 3, 9, 7, 30, tzinfo=UTC)),
        ("March 9, 2025 8:30 AM", datetime(2025, 3, 9, 8, 30, tzinfo=UTC)),
        ("09.03.2025, 08:30", datetime(2025, 3, 9, 8, 30, tzinfo=UTC)),
        ("3/9/2025", datetime(2025, 3, 9, tzinfo=UTC)),
        ("yesterday", None),
        ("12:30", None),
        ("", None),
        ("9" * 5000, None),
        (20250309, None),
        (None, None),
    ],
)
def test_dates_of_pages_and_feeds(text, moment):
    assert parse_date(text) == moment


@given(st.text(max_size=70))
def test_no_text_breaks_the_reading_of_dates(text):
    moment = parse_date(text)
    assert moment is None or moment.utcoffset() is not None


def test_a_moment_keeps_the_zone_in_which_it_is_written():
    assert parse_date("2025-03-09T00:50:00+02:00").day == parse_date("Sun, 09 Mar 2025 00:50 +0200").day == 9


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2d", NOW - timedelta(days=2)),
        ("90m", NOW - timedelta(minutes=90)),
        ("1w", NOW - timedelta(weeks=1)),
        ("2025-01-31", datetime(2025, 1, 31, tzinfo=UTC)),
        ("2025-01-31T12:00+01:00", datetime(2025, 1, 31, 11, tzinfo=UTC)),
    ],
)
def test_moments_that_a_person_gives(text, moment):
    assert parse_moment(text, NOW) == moment


@pytest.mark.parametrize("text", ["soon", "", "2y", "-1d", "999999w", "2025-13-01"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="such as 2d"):
        parse_moment(text, NOW)


@pytest.mark.parametrize("text", ["", "h", "1", "1.5h", "1 h"])
def test_what_is_no_span_is_refused(text):
    with pytest.raises(ValueError, match="length of time"):
        parse_span(text)
