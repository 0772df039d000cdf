"""Overlays carry hand-made labels to who has the page, and to no other page."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.corpora import CorpusError, OverlayError, make_overlay, read_overlays, write_overlays
from classifier.labelled import read_labelled, write_labelled
from classifier.labels import LABELS
from classifier.parsing import parse_html
from tests.classifier.corpora.clones import STORY, page

PAGE = page(*STORY.split("\n\n"))
LABELLED = (
    PAGE.replace(b"<nav>", b'<nav data-block-label="other">')
    .replace(b"<p>", b'<p data-block-label="article">')
    .replace(b"<aside>", b'<aside data-block-label="ad">')
)


def test_gives_the_page_the_labels_of_the_labelled_page() -> None:
    assert make_overlay("gazette/1", PAGE, LABELLED).apply(PAGE).labels == ["other", "article", "article", "ad", None]


def test_holds_no_text_of_the_page() -> None:
    written = json.dumps(asdict(make_overlay("gazette/1", PAGE, LABELLED)))
    assert not any(word in written for word in STORY.split() if len(word) > 4)


def test_refuses_another_page() -> None:
    overlay = make_overlay("gazette/1", PAGE, LABELLED)
    with pytest.raises(OverlayError, match="gazette/1: this is not the page that was labelled"):
        overlay.apply(PAGE + b" ")


def test_keeps_the_labels_of_the_blocks_that_are_cut_as_before() -> None:
    # As if the project had cut the two paragraphs of the story into one block when the overlay was made.
    overlay = make_overlay("gazette/1", PAGE, LABELLED)
    blocks = [overlay.blocks[i : i + 4] for i in range(0, len(overlay.blocks), 4)]
    earlier = replace(
        overlay,
        blocks="".join([blocks[0], "0000", *blocks[3:]]),
        runs=[*overlay.runs[:1], ("article", 1), *overlay.runs[2:]],
    )
    assert earlier.apply(PAGE).labels == ["other", None, None, "ad", None]


def test_keeps_the_labels_of_the_text_that_both_pages_have() -> None:
    labelled = LABELLED.replace(b"Home Sport Tides", b"Home Sport Tides Login")
    assert make_overlay("gazette/1", PAGE, labelled).apply(PAGE).labels == [None, "article", "article", "ad", None]


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    overlays = {name: make_overlay(name, PAGE, LABELLED) for name in ("gazette/1", "gazette/2\u2028\x85")}
    write_overlays(overlays.values(), tmp_path / "gazette.jsonl")
    (tmp_path / "empty.jsonl").touch()
    assert read_overlays(tmp_path) == overlays


def test_reads_back_that_a_block_is_not_article(tmp_path: Path) -> None:
    overlay = make_overlay("gazette/1", PAGE, LABELLED.replace(b'"ad"', b'"boilerplate"'))
    write_overlays([overlay], tmp_path / "gazette.jsonl")
    assert read_overlays(tmp_path)["gazette/1"].apply(PAGE).labels[3] == "boilerplate"


def test_what_the_file_has_of_other_pages_stays(tmp_path: Path) -> None:
    file = tmp_path / "gazette.jsonl"
    first, second = (make_overlay(f"gazette/{key}", PAGE, LABELLED) for key in "12")
    mended = make_overlay("gazette/1", PAGE, LABELLED.replace(b'"ad"', b'"teaser"'))
    assert write_overlays([first, second], file) == 0
    assert write_overlays([mended], file) == 1
    assert read_overlays(tmp_path) == {"gazette/1": mended, "gazette/2": second}
    file.write_text("no overlay")
    with pytest.raises(CorpusError, match=r"gazette\.jsonl, line 1"):
        write_overlays([first], file)
    assert file.read_text() == "no overlay"


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        "{}",
        '{"page":"a/1","html":"","blocks":"000011112222","runs":[["spam",3]]}',
        '{"page":"a/1","html":"","blocks":"0000","runs":[["ad",3]]}',
    ],
)
def test_names_the_line_that_is_not_an_overlay(line: str, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line)
    with pytest.raises(CorpusError, match=r"a\.jsonl, line 1"):
        read_overlays(tmp_path)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text("ab c\u3042\U0001f6a2", min_size=1), st.sampled_from((*LABELS, None))), min_size=1))
def test_any_labels_come_back(blocks: list[tuple[str, str | None]]) -> None:
    blocks = [(text, label) for text, label in blocks if text.strip()] or [("a", "article")]
    html = "".join(f"<p>{text}</p>" for text, _ in blocks).encode()
    labels = [label for _, label in blocks]
    labelled = write_labelled(parse_html(html), labels).encode()
    assert read_labelled(labelled).labels == labels
    assert make_overlay("a/1", html, labelled).apply(html).labels == labels


def test_the_shipped_overlays_can_be_read() -> None:
    overlays = read_overlays(Path(__file__).parents[3] / "training_data" / "overlays")
    assert len(overlays) >= 1300
    assert {label for overlay in overlays.values() for label, _ in overlay.runs} >= set(LABELS)
