from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.__main__ import main
from classifier.blocks import cut
from classifier.extraction import extract
from classifier.labelled import read_labelled
from classifier.labels import LABELS
from classifier.storage import load_classifier

HTML = """<!DOCTYPE html><html><body><nav><a href="/">Home</a></nav>
<article><h1>Harbour reopens</h1>Loose text <p>The harbour opened again on Tuesday, the port said.</p>
<p>Save 40% today: <a href="/buy">order now</a></p></article></body></html>"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "page.html"
    file.write_text(HTML)
    return file


def test_prints_one_json_line_a_block(page: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(page), "--model", str(model)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    expected = extract(HTML, classifier=load_classifier(model)).blocks
    assert [(line["label"], line["text"], line["xpath"], line["tag"]) for line in lines] == [
        (block.label, block.text, block.xpath, block.tag) for block in expected
    ]
    assert all(sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-3) for line in lines)
    assert all(tuple(line["probabilities"]) == LABELS for line in lines)


def test_an_output_that_is_full_is_said_so(page: Path, model: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "classifier", "label", str(page), "--model", str(model)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "python -m classifier label: the output: No space left on device\n"


def test_html_is_labelled_html_of_the_same_blocks(page: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(page), "--html", "--model", str(model)]) == 0
    written = read_labelled(capsys.readouterr().out)
    expected = extract(HTML, classifier=load_classifier(model)).blocks
    assert cut(written.root).texts == [block.text for block in expected]
    assert written.labels == [block.label for block in expected]


def test_html_labels_only_what_the_page_shows(tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paragraphs = [f"Paragraph {number} of a story that no element of the page shows to its reader." for number in "123"]
    story = {"@type": "NewsArticle", "articleBody": "\n\n".join(paragraphs * 9)}
    page = tmp_path / "page.html"
    page.write_text(f"<p>Loading</p><script type='application/ld+json'>{json.dumps(story)}</script>")
    assert len(extract(page.read_bytes(), classifier=load_classifier(model)).blocks) > 1
    assert main(["label", str(page), "--html", "--model", str(model)]) == 0
    assert len(read_labelled(capsys.readouterr().out).labels) == 1


def test_reads_gzipped_pages_and_the_standard_input(
    page: Path, model: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    zipped = page.with_suffix(".html.gz")
    zipped.write_bytes(gzip.compress(page.read_bytes()))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(page.read_bytes())))
    printed = []
    for name in (str(page), str(zipped), "-"):
        assert main(["label", name, "--model", str(model)]) == 0
        printed.append(capsys.readouterr().out)
    assert printed[0] == printed[1] == printed[2] != ""


def test_controls_of_a_page_never_reach_the_terminal(
    tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Red \x9b31m \u202egnp.exe"
    (tmp_path / "page.html").write_text(f"<p>{text}</p>", encoding="utf-8")
    assert main(["label", str(tmp_path / "page.html"), "--model", str(model)]) == 0
    printed = capsys.readouterr().out
    assert "\x9b" not in printed
    assert "\u202e" not in printed
    assert json.loads(printed)["text"] == text


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(None, "No such file"), (b"", "no text in this page"), (b"<script>x</script>", "no text in this page")],
)
def test_says_what_is_wrong_with_a_page(
    content: bytes | None, complaint: str, tmp_path: Path, model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    if content is not None:
        page.write_bytes(content)
    assert main(["label", str(page), "--model", str(model)]) == 1
    captured = capsys.readouterr()
    assert complaint in captured.err
    assert str(page) in captured.err
    assert captured.out == ""


def test_says_how_to_get_a_model(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["label", str(page), "--model", "missing.skops"]) == 1
    assert "python -m classifier train" in capsys.readouterr().err


@pytest.mark.parametrize(("paragraphs", "read"), [(2000, 1), (2, 0)], ids=["in the midst", "with all in the buffer"])
def test_ends_quietly_when_its_reader_has_enough(paragraphs: int, read: int, tmp_path: Path, model: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("".join(f"<p>Paragraph {number} of many.</p>" for number in range(paragraphs)))
    command = [sys.executable, "-m", "classifier", "label", str(page), "--model", str(model)]
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=buffered) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for number in range(read):
            assert json.loads(process.stdout.readline())["text"] == f"Paragraph {number} of many."
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1
