"""`python -m classifier corpora` turns a clone into labelled HTML that can be trained on."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from classifier.__main__ import main
from classifier.corpora import READERS, label_page
from classifier.dataset import read_dataset
from classifier.files import find_pages
from classifier.labelled import read_labelled_files
from classifier.sites import site_of
from tests.classifier.corpora.clones import CLONES, KEYS, STORY, page, write

if TYPE_CHECKING:
    from pathlib import Path


def test_writes_labelled_pages_of_every_set(clone: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = clone
    assert main(["corpora", name, str(folder), "--output", str(tmp_path / "out"), "--overlays", str(tmp_path)]) == 0
    assert (tmp_path / "out" / f"{KEYS[name]}.html.gz").exists()
    (labelled,) = read_labelled_files(tmp_path / "out")
    assert labelled.labels == ["boilerplate", "article", "article", "boilerplate", "boilerplate"]
    assert site_of(labelled.root, "") == "westmole.example"


def test_a_bundle_of_a_set_holds_what_the_set_holds(clone: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = clone
    if name == "bundle":
        pytest.skip("it is one already")
    arguments = [name, str(folder), "--output", str(tmp_path / "out"), "--overlays", str(tmp_path)]
    assert main(["corpora", *arguments, "--bundle", str(tmp_path / "bundle")]) == 0
    assert list(READERS["bundle"].read(tmp_path / "bundle")) == list(READERS[name].read(folder))


def test_hand_made_labels_win_over_the_gold_text(tmp_path: Path) -> None:
    CLONES["bundle"](tmp_path)
    labelled = page(*STORY.split("\n\n")).replace(b"<aside>", b'<aside data-block-label="ad">')
    write(tmp_path / "labelled/gazette/0a1b.html.gz", labelled)
    assert main(["corpora", "bundle", str(tmp_path), "--output", str(tmp_path / "out")]) == 0
    (found,) = read_labelled_files(tmp_path / "out")
    assert found.labels == [None, None, None, "ad", None]


def test_the_labels_of_a_bundle_win_over_its_overlays(tmp_path: Path) -> None:
    test_hand_made_labels_win_over_the_gold_text(tmp_path)
    arguments = ["bundle", str(tmp_path), "--output", str(tmp_path / "out"), "--overlays", str(tmp_path / "overlays")]
    assert main(["corpora", "overlay", str(tmp_path), "--output", str(tmp_path / "overlays")]) == 0
    mended = page(*STORY.split("\n\n")).replace(b"<aside>", b'<aside data-block-label="teaser">')
    write(tmp_path / "labelled/gazette/0a1b.html.gz", mended)
    assert main(["corpora", *arguments]) == 0
    (found,) = read_labelled_files(tmp_path / "out")
    assert found.labels == [None, None, None, "teaser", None]


def test_an_overlay_of_a_bundle_labels_a_clone(tmp_path: Path) -> None:
    CLONES["newspaper4k"](tmp_path / "clone")
    labelled = page(*STORY.split("\n\n")).replace(b"<footer>", b'<footer data-block-label="disclaimer">')
    write(tmp_path / "bundle/gold/newspaper4k.jsonl", '{"page": "newspaper4k/0a1b", "text": "", "url": null}\n')
    write(tmp_path / "bundle/pages/newspaper4k/0a1b.html.gz", page(*STORY.split("\n\n")))
    write(tmp_path / "bundle/labelled/newspaper4k/0a1b.html.gz", labelled)
    overlays, out = str(tmp_path / "overlays"), tmp_path / "out"
    assert main(["corpora", "overlay", str(tmp_path / "bundle"), "--output", overlays]) == 0
    assert main(["corpora", "newspaper4k", str(tmp_path / "clone"), "--output", str(out), "--overlays", overlays]) == 0
    (found,) = read_labelled_files(out)
    assert found.labels == [None, None, None, None, "disclaimer"]
    made = tmp_path / "made"
    command = ["corpora", "newspaper4k", str(tmp_path / "clone"), "--output", str(out), "--overlays", overlays]
    assert main([*command, "--bundle", str(made)]) == 0
    (page_of_bundle,) = READERS["bundle"].read(made)
    assert label_page(page_of_bundle).labels == [None, None, None, None, "disclaimer"]


def test_what_comes_out_can_be_trained_on(tmp_path: Path) -> None:
    CLONES["wcxb"](tmp_path / "clone")
    assert main(["corpora", "wcxb", str(tmp_path / "clone"), "--output", str(tmp_path / "out")]) == 0
    dataset = read_dataset(find_pages([tmp_path / "out"]))
    assert dataset.sites == ["westmole.example"]
    assert dataset.counts == {"article": 2, "boilerplate": 3}
    assert not any(problem.fatal for problem in dataset.problems)


def test_an_id_that_leads_out_of_the_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "gold/gazette.jsonl", '{"page": "gazette/../../0a1b", "text": ""}\n')
    write(tmp_path / "pages/gazette/0c2d.html.gz", page("Fog."))
    write(tmp_path / "0a1b.html.gz", page("Fog."))
    assert main(["corpora", "bundle", str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    assert "is no id of a page" in capsys.readouterr().err


def test_refuses_an_overlay_of_another_version_of_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    test_an_overlay_of_a_bundle_labels_a_clone(tmp_path)
    write(tmp_path / "clone/html/0a1b.html", page(*STORY.split("\n\n"), head="<title>Newer</title>"))
    arguments = ["corpora", "newspaper4k", str(tmp_path / "clone"), "--output", str(tmp_path / "out")]
    assert main([*arguments, "--overlays", str(tmp_path / "overlays")]) == 0
    assert "newspaper4k/0a1b: this is not the page that was labelled" in capsys.readouterr().err
    (found,) = read_labelled_files(tmp_path / "out")
    assert found.labels == ["boilerplate", "article", "article", "boilerplate", "boilerplate"]


def test_leaves_out_a_page_without_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    CLONES["bundle"](tmp_path)
    (tmp_path / "pages/gazette/0a1b.html.gz").write_bytes(gzip.compress(b""))
    assert main(["corpora", "bundle", str(tmp_path), "--output", str(tmp_path / "out")]) == 1
    err = capsys.readouterr().err
    assert "gazette/0a1b: there is no text in this page; it gets no labels" in err
    assert "no page could be labelled" in err


def test_names_of_folders_are_no_markup(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    CLONES["bundle"](tmp_path)
    labelled = page(*STORY.split("\n\n")).replace(b"<aside>", b'<aside data-block-label="ad">')
    write(tmp_path / "labelled/gazette/0a1b.html.gz", labelled)
    for name in ("bundle", "overlay"):
        out = tmp_path / f"{name}[/b]:smile:"
        assert main(["corpora", name, str(tmp_path), "--output", str(out)]) == 0
        assert str(out) in capsys.readouterr().out


def test_an_error_leaves_the_gold_texts_of_a_bundle_as_they_were(tmp_path: Path) -> None:
    entry = {"articleBody": STORY, "url": None}
    write(tmp_path / "clone/articles.json", json.dumps({"0a": entry, "0b": entry}))
    for key in ("0a", "0b"):
        write(tmp_path / f"clone/html/{key}.html", page(*STORY.split("\n\n")))
    command = ["corpora", "newspaper4k", str(tmp_path / "clone"), "--output", str(tmp_path / "out")]
    command += ["--bundle", str(tmp_path / "bundle"), "--overlays", str(tmp_path)]
    assert main(command) == 0
    before = (tmp_path / "bundle/gold/newspaper4k.jsonl").read_bytes()
    (tmp_path / "clone/html/0b.html").unlink()
    assert main(command) == 1
    assert (tmp_path / "bundle/gold/newspaper4k.jsonl").read_bytes() == before
    assert [file.name for file in (tmp_path / "bundle/gold").iterdir()] == ["newspaper4k.jsonl"]


def test_labels_do_not_go_where_nobody_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["corpora", "overlay", str(tmp_path)])
    assert "--output" in capsys.readouterr().err


def test_says_that_the_shipped_labels_are_not_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    CLONES["wcxb"](tmp_path / "clone")
    monkeypatch.chdir(tmp_path)
    assert main(["corpora", "wcxb", "clone", "--output", "out"]) == 0
    assert "warning: there is no folder training_data/overlays here" in capsys.readouterr().err
