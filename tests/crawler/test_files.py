"""Files are whole, or as they were before."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from crawler.files import told, whole_file

if TYPE_CHECKING:
    from pathlib import Path


def write_half(path: Path) -> None:
    with whole_file(path) as file:
        file.write(b"half of ")
        raise KeyboardInterrupt


def test_a_file_that_could_not_be_finished_is_as_it_was_before(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"yesterday")
    (tmp_path / "link").symlink_to("kept")
    for name in ("kept", "link", "new"):
        with pytest.raises(KeyboardInterrupt):
            write_half(tmp_path / name)
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "link"}
    assert (tmp_path / "kept").read_bytes() == b"yesterday"
    with whole_file(tmp_path / "link") as file:
        file.write(b"today")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "kept").read_bytes() == b"today"


def test_a_file_that_cannot_be_begun_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as raised, whole_file(tmp_path / "none" / "a.csv"):
        pass
    assert raised.value.filename == str(tmp_path / "none" / "a.csv")


def test_of_two_writers_at_once_the_last_to_end_has_its_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with whole_file(tmp_path / "file") as first:
        first.write(b"first")
        monkeypatch.setattr(os, "getpid", lambda: 1)
        with whole_file(tmp_path / "file") as second:
            second.write(b"the second")
        assert (tmp_path / "file").read_bytes() == b"the second"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with whole_file(pipe) as file:
        file.write(b"today")
    assert os.read(reader, 10) == b"today"
    os.close(reader)
    assert pipe.is_fifo()


def test_what_could_not_be_written_is_named() -> None:
    assert told(OSError(28, "No space left on device")) == "the output: No space left on device"
    assert told(OSError(13, "Permission denied", "a.csv"), "DIR") == "a.csv: Permission denied"
    assert told(OSError("of a library")) == "the output: of a library"
