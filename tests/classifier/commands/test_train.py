from __future__ import annotations

import errno
import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import pytest
import skops.io

from classifier.__main__ import main
from classifier.commands import train
from classifier.extraction import extract
from classifier.model import BlockClassifier
from classifier.storage import load_classifier

if TYPE_CHECKING:
    from collections.abc import Callable

TRAINING = Path(__file__).parents[3] / "training_data" / "pages"


def test_trains_reports_and_writes_a_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "BlockClassifier", partial(BlockClassifier, epochs=1, folds=2))
    pages, output = tmp_path / "pages", tmp_path / "new" / "model.skops"
    for language in ("it", "es", "pt", "pl"):
        shutil.copytree(TRAINING / language, pages, dirs_exist_ok=True)
    for file in pages.iterdir():
        html = file.read_text(encoding="utf-8").replace('data-block-label="disclaimer"', 'data-block-label="other"')
        file.write_text(html, encoding="utf-8")
    assert main(["train", str(pages), "--output", str(output), "--folds", "2"]) == 0
    captured = capsys.readouterr()
    assert "warning: no block is labelled disclaimer" in captured.err
    assert "cross-validating: 2 of 2 folds" in captured.err
    for expected in (str(len(list(pages.iterdir()))), "2 folds by site", "macro F1", str(output), "model.md"):
        assert expected in captured.out, expected
    page = (TRAINING / "it" / "cronaca-tabelle-br.html").read_bytes()
    assert extract(page, classifier=load_classifier(output)).text
    spanish = len(list((TRAINING / "es").iterdir()))
    card = output.with_suffix(".md").read_text(encoding="utf-8")
    assert load_classifier(output).version_ in card
    for expected in (f"es {spanish}", "2 folds by registered domain", "disclaimer (0)", "import Path\n"):
        assert expected in card, expected
    assert [line for line in card.splitlines() if line.startswith("#")] == [
        "# model: a classifier of page blocks",
        "## The model",
        "## Training data",
        "## Scores",
        "### By label",
        "### Confusion",
        "## Limits",
    ]


def test_the_pages_of_a_folder_can_count_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "BlockClassifier", partial(BlockClassifier, epochs=1, folds=2))
    folders, output = [str(TRAINING / "it"), str(TRAINING / "es")], tmp_path / "model.skops"
    versions = []
    for weights in ([], ["--weights", "1", "1"], ["--weights", "3", "1"]):
        assert main(["train", *folders, "--output", str(output), "--folds", "0", *weights]) == 0
        versions.append(load_classifier(output).version_)
    assert versions[0] == versions[1] != versions[2]
    card = output.with_suffix(".md").read_text(encoding="utf-8")
    assert "it (weight 3), es (weight 1)" in card
    assert "docs/accuracy.md" in card


def test_a_disk_that_is_full_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(train, "BlockClassifier", partial(BlockClassifier, epochs=1, folds=2))

    def full(_: BlockClassifier, file: BinaryIO, compression: int) -> None:
        file.write(b"half of ")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(skops.io, "dump", full)
    output = tmp_path / "model.skops"
    assert main(["train", str(TRAINING / "it"), str(TRAINING / "es"), "--output", str(output), "--folds", "0"]) == 1
    told = f"--output {output}: can't write the model and its card (No space left on device)\n"
    assert capsys.readouterr().err.endswith(told)
    assert list(tmp_path.iterdir()) == []


def test_weights_that_fit_no_folder_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(TRAINING), "--weights", "2", "1", "--output", str(tmp_path / "model.skops")]) == 1
    assert "2 for 1 folders" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["train", str(TRAINING), "--weights", "0", "--output", str(tmp_path / "model.skops")])
    assert "'0' is no weight" in capsys.readouterr().err


def test_a_folder_that_is_named_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = [str(TRAINING / "it"), str(TRAINING / "es" / ".." / "it")]
    assert main(["train", *folders, "--weights", "1", "3", "--output", str(tmp_path / "model.skops")]) == 1
    assert "the same folder is named twice" in capsys.readouterr().err


def test_a_file_that_is_no_card_is_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("What I want to remember")
    assert main(["train", str(TRAINING / "it"), "--output", str(tmp_path / "notes.skops")]) == 1
    assert f"{notes} is no model card" in capsys.readouterr().err
    assert notes.read_text() == "What I want to remember"


def test_a_folder_is_made_for_a_model_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "nowhere"), "--output", str(tmp_path / "new" / "deep" / "m.skops")]) == 1
    assert "no such file or folder" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_an_interruption_says_what_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "BlockClassifier", partial(BlockClassifier, epochs=1, folds=2))
    command = ["train", str(TRAINING / "it"), str(TRAINING / "es"), "--output", str(tmp_path / "model.skops")]
    monkeypatch.setattr(train, "cross_validate", interrupted)
    assert main(command) == 130
    assert "the model was written, and its card without scores" in capsys.readouterr().err
    monkeypatch.setattr(train, "_fit", interrupted)
    assert main(command) == 130
    assert "no model was written" in capsys.readouterr().err


def test_all_that_is_wrong_is_told_and_nothing_is_trained(
    write_pages: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_pages(
        one="<p data-block-label=article>Text</p>\n<p data-block-label=advert>Buy</p>",
        two="<p data-block-label=Ad>Buy</p>",
        three="",
    )
    assert main(["train", str(folder), "--output", str(tmp_path / "model.skops")]) == 1
    told = capsys.readouterr().err
    for expected in ("one.html, line 2", "'advert'", "two.html, line 1", "'Ad'", "three.html", "mend the 2 errors"):
        assert expected in told, expected
    assert not (tmp_path / "model.skops").exists()


@pytest.mark.parametrize(
    ("pages", "complaint"),
    [
        ({"one": "<p>Text</p>"}, "no block of these pages has a label"),
        ({"one": "<p data-block-label=ad>Buy</p>"}, "no block is labelled article"),
        ({}, "there are no pages in it"),
    ],
)
def test_useless_data_are_refused(
    pages: dict[str, str],
    complaint: str,
    write_pages: Callable[..., Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["train", str(write_pages(**pages)), "--output", str(tmp_path / "model.skops")]) == 1
    assert complaint in capsys.readouterr().err


def test_pages_of_a_single_site_are_refused(
    write_pages: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html = '<link rel="canonical" href="https://news.example/{0}"><p data-block-label=article>Text {0}</p>'
    folder = write_pages(one=html.format(1), two=html.format(2))
    assert main(["train", str(folder), "--output", str(tmp_path / "model.skops")]) == 1
    assert "the pages come from one site; pages of two sites or more are needed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["train", "pages"], "--output"),
        (["train", "pages", "--output", "m.skops", "--folds", "1"], "2 or more"),
        (["train", "pages", "--output", "m.skops", "--folds", "many"], "2 or more"),
        (["train", "pages", "--output", "m.skops", "--seed", "-1"], "is no seed"),
        (["train", "pages", "--output", "m.skops", "--seed", "99999999999"], "is no seed"),
        ([], "COMMAND"),
        (["fly"], "invalid choice"),
    ],
)
def test_mistakes_in_the_command_line(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_bad_names_are_told_before_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", str(tmp_path / "nowhere"), "--output", str(tmp_path / "m.skops")]) == 1
    assert "nowhere: no such file or folder" in capsys.readouterr().err
    assert main(["train", str(TRAINING), "--output", str(tmp_path / "model.pkl")]) == 1
    assert "ends in .skops" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main(["train", str(TRAINING), "--output", str(tmp_path / "file" / "model.skops")]) == 1
    assert "can't write there" in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["train"], ["evaluate"], ["label"]])
def test_help_teaches(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert "usage: python -m classifier" in capsys.readouterr().out
