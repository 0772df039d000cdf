"""The spool: what a crawl has read and MongoDB has not acknowledged yet lies on the disk, and outlives any crash.

A record is written here, and synced to the disk, before it is sent to the database, and removed when the
database has acknowledged it. So what lies here after a crawl has ended, whichever way, is what is missing in
the database; `replay` writes it.

``HOME/spool/DATABASE`` holds a folder for each crawl that has something to keep, and a lock file beside it,
which is locked while the crawl runs. In the folder are segments: JSON lines of MongoDB's Extended JSON, with
``article`` and ``page`` as they go to the collections of these names.
"""

from __future__ import annotations

import os
import shutil
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from filelock import FileLock, Timeout

from crawler.store.documents import Record
from crawler.store.errors import RefusedError, StoreError
from crawler.store.home import default_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from io import FileIO
    from typing import Self

    from scrapy.settings import BaseSettings

    from crawler.store.writes import Outcome, Result

SEGMENT_RECORDS = 200
BATCH_RECORDS = 100
REFUSED = "refused.jsonl"


def spool_folder_of(settings: BaseSettings) -> Path:
    """Where the spools of the crawls lie that write to the database of Scrapy's settings.

    Args:
        settings: of which MONGO_DATABASE and SPOOL_DIR count; without the latter it is in Broadsheet's home.
    """
    base = settings.get("SPOOL_DIR")
    return (Path(base) if base else default_home() / "spool") / str(settings["MONGO_DATABASE"])


@dataclass(eq=False, slots=True)
class Segment:
    """One file of a spool.

    Attributes:
        path: where it lies.
        file: open for appending.
        written: how many records were appended.
        waiting: how many of them are not acknowledged.
    """

    path: Path
    file: FileIO
    written: int = 0
    waiting: int = 0


class Spool:
    """What one crawl has not got acknowledged; safe to use from several threads.

    Args:
        root: the folder of all spools of the database; made when the first record comes.

    Attributes:
        folder: where this crawl's records lie.
        waiting: how many records lie there, unacknowledged.
    """

    def __init__(self, root: Path) -> None:
        self.folder = root / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"
        self.waiting = 0
        self._lock = _lock_of(self.folder)
        self._turn = threading.Lock()
        self._current: Segment | None = None
        self._segments = 0

    def add(self, record: Record) -> Segment:
        """Keep a record; when this returns, it is on the disk.

        Returns:
            The segment that holds it, for `remove`.

        Raises:
            StoreError: the disk does not take it.
        """
        line = record.to_line()
        with self._turn:
            try:
                segment = self._open_segment()
                _append(segment.file, line)
            except OSError as error:
                raise StoreError(
                    f"the spool {self.folder} cannot be written ({error.strerror}): make room, or set SPOOL_DIR"
                ) from error
            segment.written += 1
            segment.waiting += 1
            self.waiting += 1
            return segment

    def remove(self, segments: Iterable[Segment]) -> None:
        """Let go of records that are acknowledged.

        Args:
            segments: for each of the records, what `add` returned.
        """
        with self._turn:
            for segment in segments:
                segment.waiting -= 1
                self.waiting -= 1
                if segment.waiting == 0 and (segment is not self._current or segment.written >= SEGMENT_RECORDS):
                    self._delete(segment)

    def close(self) -> None:
        """Leave the spool: with nothing on the disk if all is acknowledged, or else for `replay`."""
        with self._turn:
            if self._current:
                if self._current.waiting == 0:
                    self._delete(self._current)
                else:
                    self._current.file.close()
                self._current = None
            if self._lock.is_locked:
                if self.waiting == 0:
                    _delete_folder(self.folder)
                self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def _open_segment(self) -> Segment:
        if self._current and self._current.written < SEGMENT_RECORDS:
            return self._current
        if not self._lock.is_locked:
            self.folder.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self.folder.mkdir(mode=0o700)
            _sync_folder(self.folder.parent)
        if self._current:
            self._current.file.close()
        self._segments += 1
        path = self.folder / f"{self._segments:06}.jsonl"
        self._current = Segment(path, path.open("ab", buffering=0))
        _sync_folder(self.folder)
        return self._current

    def _delete(self, segment: Segment) -> None:
        if segment is self._current:
            self._current = None
        segment.file.close()
        segment.path.unlink()


@dataclass(slots=True)
class Replayed:
    """What became of the records of spools.

    Attributes:
        outcomes: number of records by what their write did.
        refused: number of records that the store refused, or that cannot be read.
        kept_in: the files that hold them now.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    refused: int = 0
    kept_in: list[Path] = field(default_factory=list)

    @property
    def written(self) -> int:
        """Number of records that are in the store now."""
        return self.outcomes.total()


def waiting_records(root: Path) -> int:
    """Count the records that crawls left behind; running crawls' are not counted."""
    total = 0
    for folder in _abandoned(root):
        for path in folder.glob("[0-9]*.jsonl"):
            with path.open("rb") as lines:
                total += sum(line.endswith(b"\n") for line in lines)
    return total


def replay(
    root: Path,
    write: Callable[[list[Record]], list[Result]],
    report: Callable[[int], object] = lambda count: None,
) -> Replayed:
    """Write what crawls left behind, oldest first, and remove it from the disk.

    Args:
        root: the folder of the spools of a database.
        write: `Store.write_records`.
        report: called after each batch with its number of records.

    Returns:
        What became of them. Records that are refused stay on the disk, in a file of their own.

    Raises:
        StoreError: the store is out of reach; what is not written yet stays where it is.
    """
    replayed = Replayed()
    for folder in _abandoned(root):
        for path in sorted(folder.glob("[0-9]*.jsonl")):
            _replay_segment(path, write, report, replayed)
            path.unlink()
        if not (folder / REFUSED).exists():
            _delete_folder(folder)
    return replayed


def _replay_segment(
    path: Path,
    write: Callable[[list[Record]], list[Result]],
    report: Callable[[int], object],
    replayed: Replayed,
) -> None:
    with path.open("rb") as lines:
        for batch in _batches(lines):
            records: list[tuple[bytes, Record]] = []
            refused: list[bytes] = []
            for line in batch:
                try:
                    records.append((line, Record.from_line(line)))
                except ValueError:
                    if line.endswith(b"\n"):  # the last line of a killed crawl may be half a record
                        refused.append(line)
            results = write([record for _, record in records])
            for (line, _), result in zip(records, results, strict=True):
                if isinstance(result, RefusedError):
                    refused.append(line)
                else:
                    replayed.outcomes[result] += 1
            if refused:
                kept = path.with_name(REFUSED)
                with kept.open("ab", buffering=0) as file:
                    _append(file, b"".join(refused))
                replayed.refused += len(refused)
                replayed.kept_in = [*dict.fromkeys([*replayed.kept_in, kept])]
            report(len(batch))


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    for line in lines:
        batch.append(line)
        if len(batch) == BATCH_RECORDS:
            yield batch
            batch = []
    if batch:
        yield batch


def _abandoned(root: Path) -> Iterator[Path]:
    """Yield the folders of crawls that have ended, each locked while it is looked at."""
    for folder in sorted(path for path in root.glob("*") if path.is_dir()):
        lock = _lock_of(folder)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            continue
        try:
            if folder.exists():
                yield folder
            else:  # another process replayed it in between
                _lock_file(folder).unlink(missing_ok=True)
        finally:
            lock.release()


def _lock_of(folder: Path) -> FileLock:
    # Of the process, not of the thread that takes it.
    return FileLock(_lock_file(folder), thread_local=False)


def _lock_file(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _delete_folder(folder: Path) -> None:
    """Remove a folder that is locked, and its lock file; a crash in between leaves an empty folder."""
    shutil.rmtree(folder)
    _lock_file(folder).unlink(missing_ok=True)


def _append(file: FileIO, content: bytes) -> None:
    """Append to a file, wholly and synced to the disk, or else not at all."""
    before = file.seek(0, os.SEEK_END)
    rest = memoryview(content)
    try:
        while rest:
            rest = rest[file.write(rest) :]
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(before)
        raise


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, which on some systems cannot be done and need not be."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
