"""The store remembers the last visit of an address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crawler.store import Visit

if TYPE_CHECKING:
    from crawler.store import Store

URL = "https://news.example/harbour"


def test_the_last_visit_counts(store: Store) -> None:
    assert store.visits.get(URL) is None
    first = Visit(url=URL, job="job-1", fetched_at=datetime(2026, 7, 1, tzinfo=UTC), etag='"a"', article=URL)
    second = Visit(url=URL, job="job-2", fetched_at=datetime(2026, 7, 2, tzinfo=UTC), classifier="7")
    for visit in (first, second):
        store.visits.note(visit)
        assert store.visits.get(URL) == visit


def test_an_address_that_utf8_cannot_hold_is_found_again(store: Store) -> None:
    store.visits.note(Visit(url=f"{URL}\udcff\0", job="job-1", fetched_at=datetime(2026, 7, 1, tzinfo=UTC)))
    assert store.visits.get(f"{URL}\udcff\0") is not None
