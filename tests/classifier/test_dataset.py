from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from classifier.dataset import read_dataset, weigh
from classifier.files import find_pages

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
