"""Pages are found and read in one way, a damaged file is an error that names it, and files are whole or as before."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from classifier import files
from classifier.__main__ import main
from classifier.corpora import CorpusError
from classifier.corpora.gold import read_html
from classifier.dataset import read_dataset
from classifier.files import find_pages, read_page, whole_file
from classifier.labelled import read_labelled_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PAGE = b"<p data-block-label=article>" + b"The harbour opened again on Tuesday, the port said. " * 9


def test_pages_are_found_once_however_they_are_named(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(b="<p>b", a="<p>a")
    (folder / "c.HTM").write_text("<p>c")
    (folder / "d.html.gz").write_bytes(gzip.compress(b"<p>d"))
    (folder / "e.txt").write_text("no page")
    (folder / "f.html").mkdir()
    found = find_pages([folder / "b.html", folder, folder / ".." / folder.name])
    assert [path.name for path in found] == ["b.html", "a.html", "c.HTM", "d.html.gz"]


def test_folders_without_pages_are_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there are no pages in it"):
        find_pages([tmp_path])
    with pytest.raises(FileNotFoundError, match="nowhere: no such file or folder"):
        find_pages([tmp_path / "nowhere"])


@pytest.mark.parametrize("name", ["page.html", "page.html.gz", "PAGE.HTM.GZ"])
def test_no_more_is_read_than_is_parsed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    content = b"<p>" + b" " * 1_000_000
    (tmp_path / name).write_bytes(gzip.compress(content) if name.lower().endswith("gz") else content)
    assert read_page(tmp_path / name) == content[:100]


def flipped() -> bytes:
    """A gzip of which a byte of the compressed data is another."""
    content = bytearray(gzip.compress(PAGE))
    content[20] ^= 0xFF
    return bytes(content)


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(PAGE)[:-12], flipped()], ids=["none", "cut", "flipped"])
def test_a_damaged_file_is_an_error_that_names_it(
    content: bytes, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "page.html.gz"
    file.write_bytes(content)
    with pytest.raises(OSError, match="gzip is damaged") as caught:
        read_page(file)
    assert caught.value.filename == str(file)
    with pytest.raises(CorpusError, match=r"page\.html\.gz: can't read it \(its gzip is damaged"):
        read_html(file)
    with pytest.raises(OSError, match="gzip is damaged"):
        list(read_labelled_files(tmp_path))
    (problem,) = read_dataset([file]).problems[:1]
    assert f"{file}: can't read it (its gzip is damaged" in problem.message
    assert main(["label", str(file), "--model", str(model)]) == 1
    assert f"{file}: can't read it (its gzip is damaged" in capsys.readouterr().err


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


def test_a_gzip_by_another_name_is_read_too(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(gzip.compress(PAGE))
    assert read_page(tmp_path / "page.html") == PAGE
