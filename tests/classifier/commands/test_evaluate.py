from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from classifier.__main__ import main
from classifier.commands import evaluate
from classifier.model import BlockClassifier
from classifier.storage import save_classifier

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from classifier.dataset import Dataset


@pytest.fixture(scope="module")
def worse_model(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a classifier that learned from labels of which article and teaser were swapped."""
    swapped = {"article": "teaser", "teaser": "article"}
    file = tmp_path_factory.mktemp("worse") / "worse.skops"
    worse = BlockClassifier(epochs=1, folds=2).fit(
        [example.features for example in dataset.examples],
        [[swapped.get(label or "", label) for label in example.labels] for example in dataset.examples],
        dataset.sites,
    )
    save_classifier(worse, file)
    return file


@pytest.fixture
def pages(dataset: Dataset) -> list[str]:
    return [str(example.path) for example in dataset.examples]


def test_prints_scores_and_writes_the_report(
    model: Path, pages: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(model), *pages, "--report", str(tmp_path / "out"), "--worst", "2"]) == 0
    printed = capsys.readouterr().out
    for expected in ("macro F1", "blocks right", "calibration error", "least confident tenth", "report.html"):
        assert expected in printed, expected
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "The 2 worst pages" in report
    assert "Against another model" not in report


def test_says_which_of_two_models_is_better(
    model: Path,
    worse_model: Path,
    pages: list[str],
    dataset: Dataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [str(model), *pages, "--against", str(worse_model), "--report", str(tmp_path)]
    assert main(["evaluate", *arguments]) == 0
    verdict = f"{model} is better than {worse_model}"
    printed = " ".join(capsys.readouterr().out.split())
    assert verdict in printed
    assert f"bootstrap over {len(set(dataset.sites))} sites" in printed
    assert verdict in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_model_is_no_better_than_itself(model: Path, pages: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(model), *pages, "--against", str(model)]) == 0
    assert "can't be told apart" in " ".join(capsys.readouterr().out.split())


def test_bad_labels_are_told_and_nothing_is_measured(
    model: Path, write_pages: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_pages(one="<p data-block-label=article>Text</p><p data-block-label=adv>Buy</p>")
    assert main(["evaluate", str(model), str(folder)]) == 1
    captured = capsys.readouterr()
    assert "unknown label 'adv'" in captured.err
    assert captured.out == ""


def test_says_what_the_report_needs(
    model: Path, pages: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith("classifier.report")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["evaluate", str(model), pages[0], "--report", str(tmp_path)]) == 1
    assert "pip install 'broadsheet[report]'" in capsys.readouterr().err


def test_says_what_is_wrong_with_a_model(
    model: Path, pages: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "model.skops").write_bytes(b"no model")
    assert main(["evaluate", str(tmp_path / "model.skops"), *pages]) == 1
    assert "damaged, or not a model file" in capsys.readouterr().err
    assert main(["evaluate", str(model), pages[0], "--against", str(model)]) == 1
    assert "two or more" in capsys.readouterr().err


def test_says_when_the_report_has_no_place(
    model: Path, pages: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert main(["evaluate", str(model), pages[0], "--report", str(tmp_path / "file")]) == 1
    assert "can't write there" in capsys.readouterr().err


def test_what_can_not_be_made_is_told_before_the_work(
    model: Path,
    pages: list[str],
    write_pages: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work(*_: object) -> None:
        raise AssertionError("pages were answered first")

    monkeypatch.setattr(evaluate, "_answer", work)
    (tmp_path / "file").touch()
    assert main(["evaluate", str(model), pages[0], "--report", str(tmp_path / "file")]) == 1
    assert main(["evaluate", str(model), pages[0], "--against", str(model)]) == 1
    told = capsys.readouterr().err
    assert "can't write there" in told
    assert "two or more" in told


def test_says_which_pages_count_for_the_text_alone(
    model: Path, write_pages: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    whole = "<p data-block-label=article>Story</p><p data-block-label=other>Menu</p>"
    folder = write_pages(whole=whole, gold=whole.replace("other", "boilerplate"))
    assert main(["evaluate", str(model), str(folder)]) == 0
    assert "pages that count for the article's text alone: 1 of 2" in capsys.readouterr().out
