from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from classifier.dataset import read_dataset, weigh
from classifier.files import find_pages
from classifier.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

GERMAN = "Der Hafen wurde am Dienstag wieder geöffnet, sagte die Behörde in der Stadt. " * 4


@pytest.mark.parametrize(
    ("html", "language"),
    [
        ("<html lang=pt-BR><p data-block-label=article>Texto", "pt"),
        ("<html lang=EN_gb><p data-block-label=article>Text", "en"),
        (f"<html lang=''><p data-block-label=article>{GERMAN}", "de"),
        ("<p data-block-label=article>Kurz", "unknown"),
    ],
)
def test_language_is_what_the_page_says_or_its_text_shows(
    html: str, language: str, write_pages: Callable[..., Path]
) -> None:
    (example,) = read_dataset(find_pages([write_pages(page=html)])).examples
    assert example.language == language


def test_an_example_has_what_training_needs(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(
        page='<link rel=canonical href="https://www.news.example/a"><p data-block-label=article>Story</p><p>Menu</p>'
    )
    dataset = read_dataset(find_pages([folder]))
    (example,) = dataset.examples
    assert (example.site, example.labels, example.chars) == ("news.example", ["article", None], [5, 4])
    assert len(example.features) == 2
    assert dataset.counts == {"article": 1}


@pytest.mark.parametrize("order", [1, -1])
def test_of_folders_in_one_another_the_innermost_counts(
    order: int, write_pages: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_pages(outer="<p data-block-label=ad>a")
    inner = folder / "mine"
    inner.mkdir()
    for name in ("b", "c"):
        (inner / f"{name}.html").write_text(f"<p data-block-label=ad>{name}")
    monkeypatch.chdir(folder.parent)
    for given in ((Path("pages"), Path("pages/mine")), (folder, Path("pages/../pages/mine")), (Path("pages"), inner)):
        weights = dict([(given[0], 1.0), (given[1], 3.0), (inner / "c.html", 5.0)][::order])
        dataset = weigh(read_dataset(find_pages(weights)), weights)
        assert {example.path.name: example.weight for example in dataset.examples} == {
            "outer.html": 1.0,
            "b.html": 3.0,
            "c.html": 5.0,
        }


def test_says_how_many_pages_do_not_tell_their_site(write_pages: Callable[..., Path]) -> None:
    page = "<p data-block-label=article>Text {0}</p><p data-block-label=ad>Buy</p>"
    folder = write_pages(a=page.format(1), b='<link rel="canonical" href="https://news.example/b">' + page.format(2))
    told = [problem.message for problem in read_dataset(find_pages([folder])).problems]
    assert any("1 of 2 pages don't say their address" in message for message in told)


def test_says_that_nothing_could_be_read(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.html.gz").write_bytes(b"no gzip")
    *unread, last = read_dataset(find_pages([tmp_path])).problems
    assert len(unread) == 2
    assert last == Problem("none of these pages could be read", fatal=True)


def test_says_that_a_page_is_longer_than_what_is_read(
    write_pages: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("classifier.dataset.MAX_BYTES", 40)
    folder = write_pages(a="<p data-block-label=article>" + "Text " * 99)
    told = [problem.message for problem in read_dataset(find_pages([folder])).problems]
    assert any("a.html: what lies past its first" in message for message in told)
