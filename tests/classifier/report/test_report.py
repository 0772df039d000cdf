from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib.image
import numpy as np
import pytest
from lxml import html

from classifier.dataset import read_dataset
from classifier.evaluation import Answer, answer
from classifier.files import find_pages
from classifier.labels import LABELS
from classifier.report import write_report
from classifier.report.plots import COLOURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from classifier.dataset import Dataset
    from classifier.model import BlockClassifier

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --hide-scrollbars --window-size=1280,1600"
).split()


def answers_of(dataset: Dataset, classifier: BlockClassifier) -> list[Answer]:
    return [answer(classifier, example) for example in dataset.examples]


@pytest.fixture(scope="module")
def report(dataset: Dataset, classifier: BlockClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    return write_report(folder, answers_of(dataset, classifier), "model.skops", [Path("pages")], worst=3)


def read(report: Path) -> html.HtmlElement:
    return html.document_fromstring(report.read_bytes())


def test_the_report_needs_nothing_else(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    root = read(report)
    assert not root.xpath("//script | //link | //img | //iframe | //object | //*[@onclick or @onload or @onerror]")
    assert not re.findall(r"url\((?!#)|@import", text)
    assert [value for value in root.xpath("//@href") if not value.startswith("#")] == []
    assert "default-src 'none'" in text


def test_its_plots_have_the_colours_of_its_blocks(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    for label, colour in COLOURS.items():
        assert f"--{label}: {colour};" in text


def test_it_has_the_tables_and_plots(report: Path, dataset: Dataset) -> None:
    root = read(report)
    headings = [heading.text_content() for heading in root.iter("h2")]
    assert headings == ["Labels", "Probabilities and confidence", "By language", "By publisher", "The 3 worst pages"]
    assert len(root.xpath("//svg")) == 3
    *_, languages, publishers = ([row[0].text_content() for row in table.iter("tr")] for table in root.iter("table"))
    assert languages == ["language", "es", "it"]
    assert sorted(publishers[1:]) == sorted(set(dataset.sites))


def test_the_worst_pages_show_every_block_and_mark_the_errors(
    report: Path, dataset: Dataset, classifier: BlockClassifier
) -> None:
    answers = {str(page.example.path): page for page in answers_of(dataset, classifier)}
    shown = read(report).xpath("//details[@class='page']")
    assert len(shown) == 3
    worst = answers[shown[0].find("summary").text]
    assert worst.loss == max(page.loss for page in answers.values())
    blocks = shown[0].xpath(".//div[starts-with(@class, 'block ')]")
    assert [block.get("class").split()[1] for block in blocks] == [LABELS[code] for code in worst.codes]
    wrong = [place for place, block in enumerate(blocks) if "wrong" in block.get("class").split()]
    assert wrong == np.flatnonzero(worst.codes != worst.gold).tolist() != []
    first = blocks[wrong[0]].text_content()
    assert f"should be {worst.example.labels[wrong[0]]}" in first


def test_pages_with_gold_text_alone_have_a_report_too(
    write_pages: Callable[..., Path], classifier: BlockClassifier, tmp_path: Path
) -> None:
    folder = write_pages(gold="<p data-block-label=article>Story</p><p data-block-label=boilerplate>Menu</p>")
    answers = answers_of(read_dataset(find_pages([folder])), classifier)
    (tmp_path / "report").mkdir()
    text = write_report(tmp_path / "report", answers, "m", [folder]).read_text(encoding="utf-8")
    assert "macro F1 of the labels" not in text
    assert "article F1 over characters" in text


HOSTILE = """<html lang="en"><head><link rel="canonical" href="https://x.example/"></head><body>
<p data-block-label=article>&lt;script&gt;document.title = 'owned'&lt;/script&gt; "quoted" &amp;amp; {{ 7 * 7 }}</p>
<p data-block-label=ad>&lt;/div&gt;&lt;/details&gt;&lt;style&gt;body {display: none}&lt;/style&gt;</p></body></html>"""


@pytest.fixture
def hostile_report(write_pages: Callable[..., Path], classifier: BlockClassifier, tmp_path: Path) -> Path:
    folder = write_pages(**{"<img src=x onerror=alert(1)>": HOSTILE})
    return write_report(tmp_path, answers_of(read_dataset(find_pages([folder])), classifier), "<b>", [folder])


def test_texts_of_pages_stay_text(hostile_report: Path) -> None:
    root = read(hostile_report)
    assert not root.xpath("//script | //img | //b[ancestor::h1]")
    assert len(root.xpath("//style[not(ancestor::svg)]")) == 1
    texts = [block.text_content().strip() for block in root.xpath("//div[@class='text']")]
    assert texts == [
        "<script>document.title = 'owned'</script> \"quoted\" &amp; {{ 7 * 7 }}",
        "</div></details><style>body {display: none}</style>",
    ]


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium")
def test_a_browser_shows_it_in_the_colours_of_the_labels(report: Path, tmp_path: Path) -> None:
    picture = tmp_path / "report.png"
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [str(CHROMIUM), *FLAGS, profile, f"--screenshot={picture}", report.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    seen = (matplotlib.image.imread(picture)[..., :3] * 255).round().astype(int)
    assert seen.shape == (1600, 1280, 3)
    for label, colour in COLOURS.items():
        wanted = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        assert (seen == wanted).all(-1).any(), f"{label} is nowhere in {picture}"


def test_a_report_of_few_pages_says_what_it_can_not_show(
    write_pages: Callable[..., Path], classifier: BlockClassifier, tmp_path: Path
) -> None:
    folder = write_pages(gold="<p data-block-label=article>Story</p><p data-block-label=boilerplate>Menu</p>")
    answers = answers_of(read_dataset(find_pages([folder])), classifier)
    text = write_report(tmp_path, answers, "m", [folder], worst=0).read_text(encoding="utf-8")
    assert "no block counts for the labels" in text
    assert "fewer than 20 blocks count for the labels" in text
    assert "calibration error" not in text
    assert "least confident tenth)" not in text
    assert "worst page</h2>" not in text
    assert "worst pages</h2>" not in text
    assert "<h2>The worst page</h2>" in write_report(tmp_path, answers, "m", [folder]).read_text(encoding="utf-8")


def test_a_name_that_is_not_utf_8_is_shown_escaped(
    dataset: Dataset, classifier: BlockClassifier, tmp_path: Path
) -> None:
    answers = answers_of(dataset, classifier)[:1]
    report = write_report(tmp_path, answers, "m", [Path(os.fsdecode(b"p\xe1ginas"))])
    assert "from p\\udce1ginas" in report.read_text(encoding="utf-8")
