"""Every public set is read in the layout in which its project publishes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from classifier.corpora import READERS, CorpusError
from tests.classifier.corpora.clones import CLONES, KEYS, STORY, URL, page, write

if TYPE_CHECKING:
    from pathlib import Path


def test_reads_the_articles_and_nothing_else(clone: tuple[str, Path]) -> None:
    name, folder = clone
    (found,) = READERS[name].read(folder)
    assert found.name == KEYS[name]
    assert found.url == URL
    assert found.html == page(*STORY.split("\n\n"))
    assert found.text.split() == STORY.split()


def test_every_reader_has_a_clone_here() -> None:
    assert CLONES.keys() == READERS.keys()


@pytest.mark.parametrize("name", READERS)
def test_says_what_is_missing_where_the_folder_is_not_that_set(name: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"clone of that set|unpack both|layout"):
        list(READERS[name].read(tmp_path))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("scrapinghub", "ground-truth.json"),
        ("newspaper4k", "articles.json"),
        ("wcxb", "dev/ground-truth/0a1b.json"),
        ("fundus", "tests/resources/parser/test_data/xx/Gazette.json"),
        ("bundle", "gold/gazette.jsonl"),
    ],
)
@pytest.mark.parametrize("content", ["not JSON", '{"0a1b": 1}'])
def test_names_the_file_that_is_not_as_expected(name: str, file: str, content: str, tmp_path: Path) -> None:
    CLONES[name](tmp_path)
    write(tmp_path / file, content)
    with pytest.raises(CorpusError, match=file.rpartition("/")[2].partition(".")[0]):
        list(READERS[name].read(tmp_path))


def test_names_the_page_that_is_missing(tmp_path: Path) -> None:
    CLONES["wcxb"](tmp_path)
    (tmp_path / "dev/html/0a1b.html.gz").unlink()
    with pytest.raises(CorpusError, match=r"0a1b\.html\.gz: no such file"):
        list(READERS["wcxb"].read(tmp_path))


def test_names_the_page_that_is_damaged(tmp_path: Path) -> None:
    CLONES["scrapinghub"](tmp_path)
    (tmp_path / "html/0a1b.html.gz").write_bytes(b"no gzip")
    with pytest.raises(CorpusError, match=r"0a1b\.html\.gz: can't read it"):
        list(READERS["scrapinghub"].read(tmp_path))


def test_reads_the_encoding_that_only_the_wrapper_names(tmp_path: Path) -> None:
    wrapped = '<text id="x" encoding="windows-1251"><html><body><p>Туман</p></body></html></text>'
    write(tmp_path / "in put/1.html", wrapped.encode("windows-1251"))
    write(tmp_path / "gold/1-cleaned.txt", "Туман")
    (found,) = READERS["cleaneval"].read(tmp_path)
    assert "Туман" in found.html.decode()
    assert found.url is None
    assert found.name == "cleaneval/in-put-1"


def test_an_encoding_that_the_wrapper_makes_up_is_passed_over(tmp_path: Path) -> None:
    CLONES["cleaneval"](tmp_path)
    wrapped = '<text id="x" encoding="punycode"><html><body><p>Café</p></body></html></text>'
    write(tmp_path / "finalrun-input/7.html", wrapped.encode("cp1252"))
    (found,) = READERS["cleaneval"].read(tmp_path)
    assert found.html == "<html><body><p>Café</p></body></html>".encode("cp1252")


def test_keeps_the_only_text_of_a_page_that_does_not_show_it(tmp_path: Path) -> None:
    CLONES["fundus"](tmp_path)
    folder = tmp_path / "tests/resources/parser/test_data/xx"
    write(folder / "Gazette_2024_05_03.html.gz", page())
    assert list(READERS["fundus"].read(tmp_path)) == []
    body = {"summary": [], "sections": [{"headline": [], "paragraphs": [STORY]}]}
    write(folder / "Gazette.json", json.dumps({"V1": {"body": body}}))
    (found,) = READERS["fundus"].read(tmp_path)
    assert found.text == STORY


def test_keeps_a_line_of_gold_whole_that_holds_a_line_separator(tmp_path: Path) -> None:
    write(tmp_path / "gold/gazette.jsonl", '{"page": "gazette/1", "text": "Fog\u2028lifts"}\n')
    write(tmp_path / "pages/gazette/1.html.gz", page("Fog lifts"))
    (found,) = READERS["bundle"].read(tmp_path)
    assert found.text == "Fog\u2028lifts"


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"articleBody": None, "url": URL}, "0a1b: its article text is null, which is no text"),
        ({"articleBody": 7, "url": URL}, "0a1b: its article text is 7, which is no text"),
        ({"articleBody": STORY, "url": 7}, "0a1b: its address is 7, which is no text"),
    ],
)
def test_names_the_page_whose_entry_is_of_another_type(
    entry: dict[str, object], complaint: str, tmp_path: Path
) -> None:
    CLONES["newspaper4k"](tmp_path)
    write(tmp_path / "articles.json", json.dumps({"0a1b": entry}))
    with pytest.raises(CorpusError, match=complaint):
        list(READERS["newspaper4k"].read(tmp_path))


def test_names_the_line_that_is_not_utf_8(tmp_path: Path) -> None:
    write(tmp_path / "gold/gazette.jsonl", '{"page": "gazette/1", "text": "Fjærland"}\n'.encode("latin-1"))
    write(tmp_path / "pages/gazette/1.html.gz", page("Fog lifts"))
    with pytest.raises(CorpusError, match=r"gazette\.jsonl, line 1"):
        list(READERS["bundle"].read(tmp_path))
