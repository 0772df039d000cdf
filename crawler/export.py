"""Writes a corpus to a folder: shards of articles and a manifest that says what is in them, what is not, and why."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

from classifier.files import whole_file
from classifier.terminal import told
from crawler import formats
from crawler.store import Order, Position

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.store import Selection, Store

Format = Literal["jsonl", "parquet"]

MANIFEST = "manifest.json"
SUFFIXES: dict[Format, str] = {"jsonl": ".jsonl.gz", "parquet": ".parquet"}


class ExportError(Exception):
    """The folder cannot take this export. The message is one line for the user."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One file of a corpus.

    Attributes:
        name: of the file.
        articles: number of articles in it.
        bytes: its size.
        sha256: its checksum.
        position: behind its last article.
    """

    name: str
    articles: int
    bytes: int
    sha256: str
    position: str


@dataclass(slots=True)
class Manifest:
    """What a corpus holds; written anew behind each shard, so that an export that was cut off goes on there.

    Attributes:
        format: of the shards.
        shard_size: articles in each but the last.
        filters: those of the articles, as they were given. Times that count back from now count from `began_at`.
        began_at: when the export began; what was stored since may be missing.
        complete: whether all shards are there.
        broadsheet: the version that wrote it.
        left_out: how many articles pass the filters and are left out, by reason.
        shards: the files, in order.
    """

    format: Format
    shard_size: int
    filters: dict[str, Any]
    began_at: str = ""
    complete: bool = False
    broadsheet: str = ""
    left_out: dict[str, int] = field(default_factory=dict)
    shards: list[Shard] = field(default_factory=list)

    @property
    def articles(self) -> int:
        """Number of articles in all shards."""
        return sum(shard.articles for shard in self.shards)

    def save(self, folder: Path) -> None:
        """Write the manifest in one step: there is the old one or the new one, whatever happens."""
        text = json.dumps({**asdict(self), "articles": self.articles}, indent=2, ensure_ascii=False)
        with whole_file(folder / MANIFEST) as file:
            file.write(text.encode() + b"\n")

    @classmethod
    def load(cls, folder: Path) -> Manifest | None:
        """Read the manifest of a folder.

        Returns:
            None if there is none.

        Raises:
            ExportError: it cannot be read.
        """
        path = folder / MANIFEST
        try:
            read = json.loads(path.read_bytes())
            read.pop("articles")
            return cls(**{**read, "shards": [Shard(**shard) for shard in read["shards"]]})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise ExportError(f"{path} is no manifest of an export ({error}): choose another folder") from None


@contextmanager
def open_export(folder: Path, wanted: Manifest) -> Iterator[Manifest]:
    """Begin an export, or find one that was begun; no other export writes to the folder meanwhile.

    Args:
        folder: is made if it is not there.
        wanted: format, size of the shards and filters.

    Yields:
        The manifest as far as the export has come.

    Raises:
        ExportError: the folder holds something else, is of no use, or another export writes to it.
    """
    with _plain_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    try:
        _lock(lock, folder)
        with _plain_errors(folder):
            manifest = Manifest.load(folder)
            if manifest is None:
                _check_empty(folder)
                wanted.began_at = datetime.now(UTC).isoformat()
                wanted.broadsheet = version("broadsheet")
                manifest = wanted
            else:
                _check_same(folder, manifest, wanted)
            for left in folder.glob(".*.part"):  # by a process that was killed
                left.unlink()
        yield manifest
    finally:
        os.close(lock)


def write_shards(store: Store, folder: Path, manifest: Manifest, selection: Selection) -> Iterator[int]:
    """Write the shards that are missing. It may be stopped anywhere: what is whole is kept.

    Args:
        store: where the articles are.
        folder: where the shards go.
        manifest: as `open_export` gave it; it is brought up to date.
        selection: the articles; the same in every run.

    Yields:
        The number of articles written so far, behind each shard.

    Raises:
        ExportError: the folder is of no use.
        StoreError: the store is out of reach; the export can go on later.
    """
    write = _write_lines if manifest.format == "jsonl" else _write_tables
    with _plain_errors(folder):
        for number in _damaged(folder, manifest):
            shard = manifest.shards[number]
            path = folder / shard.name
            with whole_file(path) as file:
                articles, after = write(store, selection, _before(manifest, number), shard.articles, file)
                if (articles, str(after)) != (shard.articles, shard.position):
                    raise ExportError(
                        f"{path} is gone or cut off, and the store has other articles now: export to a new folder"
                    )
            manifest.shards[number] = _shard(path, articles, after)
        manifest.save(folder)
        after = _before(manifest, len(manifest.shards))
        while not manifest.complete:
            path = folder / f"articles-{len(manifest.shards):05}{SUFFIXES[manifest.format]}"
            with whole_file(path) as file:
                articles, after = write(store, selection, after, manifest.shard_size, file)
            if articles:
                manifest.shards.append(_shard(path, articles, after))
            else:
                path.unlink()
            manifest.complete = articles < manifest.shard_size
            manifest.save(folder)
            yield manifest.articles


def _lock(folder_file: int, folder: Path) -> None:
    """Take the folder for this process, until the file is closed.

    Raises:
        ExportError: another process has it.
    """
    try:
        fcntl.flock(folder_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ExportError(f"another export is writing to {folder}: wait for its end, or name a new folder") from None
    except OSError:
        pass  # some file systems of a network cannot lock a folder, and are to take exports all the same


def _damaged(folder: Path, manifest: Manifest) -> Iterator[int]:
    """Find the shards that are gone or cut off. Checksums are left to sha256sum: a corpus may take an hour to read."""
    for number, shard in enumerate(manifest.shards):
        path = folder / shard.name
        if not path.is_file() or path.stat().st_size != shard.bytes:
            yield number


def _before(manifest: Manifest, number: int) -> Position | None:
    """The place in the store at which a shard begins."""
    return Position.parse(manifest.shards[number - 1].position, Order.NEWEST) if number else None


def _shard(path: Path, articles: int, after: Position | None) -> Shard:
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return Shard(path.name, articles, path.stat().st_size, checksum, str(after))


def _check_empty(folder: Path) -> None:
    if any(not path.name.endswith(".part") for path in folder.iterdir()):
        raise ExportError(f"{folder} holds files that are not of an export: name a new folder")


def _check_same(folder: Path, found: Manifest, wanted: Manifest) -> None:
    for name in ("format", "shard_size", "filters"):
        there, asked = getattr(found, name), getattr(wanted, name)
        if there != asked:
            raise ExportError(
                f"{folder} holds an export with other options ({name}: {there} there, {asked} now): "
                "name a new folder, or give the same options to go on"
            )


def _write_lines(
    store: Store, selection: Selection, after: Position | None, limit: int, file: BinaryIO
) -> tuple[int, Position | None]:
    found = store.find(selection, after=after, limit=limit)
    count = 0
    # No time in the header: the same articles make the same file.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        for count, article in enumerate(islice(found, limit), start=1):  # noqa: B007
            packed.write(formats.json_line(article))
    return count, found.position


def _write_tables(
    store: Store, selection: Selection, after: Position | None, limit: int, file: BinaryIO
) -> tuple[int, Position | None]:
    positions = [after]

    def tables() -> Iterator[Any]:
        for table, position in store.tables(selection, after=after, limit=limit):
            positions.append(position)
            yield table

    return formats.write_parquet(tables(), file), positions[-1]


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ExportError(told(error, folder)) from error
