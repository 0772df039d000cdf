"""`scrapy drafts`: pages for a person to label come out of the archive."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from classifier.labelled import read_labelled_files
from crawler.reading import read_page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from crawler.items import Article
    from crawler.store import Store

    Make = Callable[..., Article]


def page(name: str) -> bytes:
    paragraphs = "".join(f"<p>Part {number} of {name}: ships queued for days.</p>" for number in range(3))
    return f"<html><body><h1>Ärger im Hafen {name}</h1>{paragraphs}</body></html>".encode("latin-1")


def test_the_least_sure_pages_come_as_labelled_html_that_training_reads(
    store: Store, make_article: Make, command: Callable[..., Any], tmp_path: Path
) -> None:
    for name, sure in (("a", 0.9), ("b", 0.2), ("c", 0.4)):
        html = page(name)
        store.write(make_article(url=f"https://news.example/{name}", html=html, encoding="latin-1", confidence=sure))
    status, out, err = command("drafts", "--limit", "2", "--low-confidence", "0.95", str(tmp_path / "new"))
    assert (status, err) == (0, "")
    assert [line.split()[1:] for line in out.splitlines()] == [
        ["0.20", "https://news.example/b"],
        ["0.40", "https://news.example/c"],
    ]
    drafts = list(read_labelled_files(tmp_path / "new"))
    assert len(drafts) == 2
    reading = read_page(page("b"), "https://news.example/b", "latin-1")
    assert reading
    labels = [block.label for block in reading.blocks]
    assert labels in [draft.labels for draft in drafts]
    assert any("Ärger" in path.read_text(encoding="utf-8") for path in (tmp_path / "new").iterdir())
    # What a person has corrected is not written over: the next is drawn in its place.
    corrected = sorted((tmp_path / "new").iterdir())[0]
    corrected.write_text("mine")
    assert "https://news.example/a" in command("drafts", str(tmp_path / "new"))[1]
    assert corrected.read_text() == "mine"


def test_a_draft_that_could_not_be_written_is_drawn_again(
    store: Store, make_article: Make, command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(make_article(html=page("a"), encoding="latin-1"))

    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as disk:
        disk.setattr(os, "fsync", full)
        told = f"scrapy drafts: {tmp_path / 'new'}: No space left on device\n"
        assert command("drafts", str(tmp_path / "new")) == (1, "", told)
    assert list((tmp_path / "new").iterdir()) == []
    assert "https://news.example/harbour" in command("drafts", str(tmp_path / "new"))[1]


def test_mistakes_are_told(store: Store, command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file: File exists" in command("drafts", str(tmp_path / "file"))[2]
    assert command("drafts")[0] == 2
