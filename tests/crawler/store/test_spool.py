"""What MongoDB has not acknowledged lies on the disk, whole and readable, and is written later."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.items import Article, BlockRecord, Fetch
from crawler.store import Outcome, Record, RefusedError, Store, UnavailableError
from crawler.store.spool import REFUSED, SEGMENT_RECORDS, Spool, replay, waiting_records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database

    Make = Callable[..., Article]
    Documents = Database[dict[str, Any]]

anything = st.text(st.characters(exclude_categories=[]), max_size=60)
moments = st.datetimes() | st.datetimes(timezones=st.timezones())
values = st.dictionaries(anything, anything | st.floats() | moments, max_size=4)


def records(make_article: Make, count: int) -> list[Record]:
    return [
        Record.of(make_article(url=f"https://news.example/{number}", html=b"page %d" % number))
        for number in range(count)
    ]


@settings(max_examples=60, deadline=None)
@given(
    anything, st.binary(max_size=60), st.none() | moments, st.dictionaries(anything, anything | st.floats() | moments)
)
def test_a_record_comes_back_from_its_line_as_it_was(
    make_article: Make, text: str, html: bytes, moment: datetime | None, held: dict[str, Any]
) -> None:
    article = make_article(
        title=text,
        text=text,
        html=html,
        published_at=moment,
        blocks=[BlockRecord("ad", text, "/p", 0.1)],
        classifier=held,
    )
    record = Record.of(article)
    line = record.to_line()
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    again = Record.from_line(line)
    assert repr(again) == repr(record)  # repr: NaN is not equal to itself
    json.loads(line)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"article": 1',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"article": {"$date": 1}, "page": null}',
    ],
)
def test_a_line_that_is_no_record_is_said_so(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a record|Expecting|decode"):
        Record.from_line(line)


@pytest.mark.parametrize("change", [(b'"ad"', b'"pitch"'), (b'"p": 0.1', b'"p": 7.5'), (b'"p": 0.1', b'"q": 0.1')])
def test_a_line_whose_blocks_are_none_is_refused(make_article: Make, change: tuple[bytes, bytes]) -> None:
    line = Record.of(make_article(blocks=[BlockRecord("ad", "text", "/p", 0.1)], counts={})).to_line()
    assert change[0] in line
    with pytest.raises(ValueError, match="not a record"):
        Record.from_line(line.replace(*change))


def test_what_is_acknowledged_leaves_nothing_behind(tmp_path: Path, make_article: Make) -> None:
    root = tmp_path / "spool"
    with Spool(root) as spool:
        assert not root.exists()
        segments = [spool.add(record) for record in records(make_article, SEGMENT_RECORDS + 5)]
        assert len(list(spool.folder.glob("*.jsonl"))) == 2
        assert spool.waiting == SEGMENT_RECORDS + 5
        spool.remove(segments[:SEGMENT_RECORDS])
        assert len(list(spool.folder.glob("*.jsonl"))) == 1
        spool.remove(segments[SEGMENT_RECORDS:])
        spool.remove([spool.add(records(make_article, 1)[0])])
    assert list(root.iterdir()) == []


def test_what_is_not_acknowledged_is_replayed_once_its_crawl_has_ended(
    tmp_path: Path, store: Store, database: Documents, make_article: Make
) -> None:
    with Spool(tmp_path) as spool:
        segments = [spool.add(record) for record in records(make_article, SEGMENT_RECORDS + 5)]
        spool.remove(segments[:3])
        # Not while the crawl runs.
        assert waiting_records(tmp_path) == 0
        assert replay(tmp_path, store.write_records).written == 0
    assert waiting_records(tmp_path) == SEGMENT_RECORDS + 5
    reports: list[int] = []
    replayed = replay(tmp_path, store.write_records, reports.append)
    assert replayed.outcomes == {Outcome.STORED: SEGMENT_RECORDS + 5}
    assert sum(reports) == SEGMENT_RECORDS + 5
    assert database["articles"].count_documents({}) == database["pages"].count_documents({}) == SEGMENT_RECORDS + 5
    assert list(tmp_path.iterdir()) == []


def test_a_replay_cut_short_loses_nothing(tmp_path: Path, store: Store, make_article: Make) -> None:
    with Spool(tmp_path) as spool:
        for record in records(make_article, SEGMENT_RECORDS + 5):
            spool.add(record)
    calls: list[int] = []

    def write(batch: list[Record]) -> Any:
        calls.append(len(batch))
        if len(calls) == 2:
            raise UnavailableError("away")
        return store.write_records(batch)

    with pytest.raises(UnavailableError):
        replay(tmp_path, write)
    assert waiting_records(tmp_path) == SEGMENT_RECORDS + 5
    assert replay(tmp_path, store.write_records).written == SEGMENT_RECORDS + 5
    assert store.count() == SEGMENT_RECORDS + 5


def test_what_is_refused_or_damaged_is_kept_and_the_rest_is_written(
    tmp_path: Path, store: Store, make_article: Make
) -> None:
    with Spool(tmp_path) as spool:
        good, bad, torn = records(make_article, 3)
        bad.article["access"] = "sometimes"
        for record in (good, bad, torn):
            spool.add(record)
        (path,) = spool.folder.glob("*.jsonl")
    content = path.read_bytes()
    damaged = b'{"article": damaged}\n'
    path.write_bytes(damaged + content[:-20])  # the last record is torn, as by a crash
    replayed = replay(tmp_path, store.write_records)
    assert (replayed.written, replayed.refused) == (1, 2)
    assert replayed.kept_in == [spool.folder / REFUSED]
    assert replayed.kept_in[0].read_bytes() == damaged + content.splitlines(keepends=True)[1]
    assert replay(tmp_path, store.write_records).refused == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from crawler.store import Record
from crawler.store.spool import Spool
spool = Spool(Path(sys.argv[1]))
for line in sys.stdin.buffer:
    spool.add(Record.from_line(line))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_spool_of_a_killed_process_is_replayed(tmp_path: Path, store: Store, make_article: Make) -> None:
    lines = b"".join(record.to_line() for record in records(make_article, 7))
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], input=lines, check=False)
    assert waiting_records(tmp_path) == 7
    assert replay(tmp_path, store.write_records).written == 7
    assert store.count() == 7


def test_a_full_disk_leaves_no_half_record(tmp_path: Path, make_article: Make) -> None:
    """A limit on the size of files stands in for the full disk."""
    code = """
import resource, signal, sys
from pathlib import Path
from crawler.store import Record, StoreError
from crawler.store.spool import Spool
lines = sys.stdin.buffer.readlines()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (len(lines[0]) + 100, resource.RLIM_INFINITY))
spool = Spool(Path(sys.argv[1]))
spool.add(Record.from_line(lines[0]))
try:
    spool.add(Record.from_line(lines[1]))
except StoreError as error:
    print(error)
spool.close()
"""
    lines = b"".join(record.to_line() for record in records(make_article, 2))
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], input=lines, capture_output=True, check=True)
    assert b"make room, or set SPOOL_DIR" in done.stdout
    (path,) = tmp_path.glob("*/*.jsonl")
    assert path.read_bytes() == lines.splitlines(keepends=True)[0]


def test_an_article_beyond_mongodb_is_refused_before_it_is_spooled(make_article: Make) -> None:
    with pytest.raises(RefusedError, match="15 MB is the most"):
        Record.of(make_article(text="x" * 16_000_000))
    assert Record.of(make_article(crawl=Fetch("job", "news", datetime(2026, 1, 1), 200)), keep_page=False).page is None
