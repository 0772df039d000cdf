from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.blocks import cut
from classifier.labelled import LabelError, UnknownLabelError, read_labelled, read_labelled_files, write_labelled
from classifier.labels import BOILERPLATE, LABELS
from classifier.parsing import parse_html
from tests.classifier.trees import trees

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lxml import etree


@settings(max_examples=80, deadline=None)
@given(trees(("div", "section", "span", "em", "br")), st.data())
def test_what_is_written_is_read_back(root: etree._Element, data: st.DataObject) -> None:
    texts = cut(root).texts
    if not texts:
        return
    choice = st.sampled_from([*LABELS, BOILERPLATE, None])
    labels = data.draw(st.lists(choice, min_size=len(texts), max_size=len(texts)))
    again = read_labelled(write_labelled(root, labels))
    assert cut(again.root).texts == texts
    assert again.labels == labels


def test_a_text_takes_the_nearest_label() -> None:
    page = read_labelled(
        "<p>none</p><div data-block-label=other>menu<p data-block-label=article>story</p><ul><li>more</ul></div>"
    )
    assert page.labels == [None, "other", "article", "other"]


def test_the_longest_part_of_a_block_decides() -> None:
    page = read_labelled("<p data-block-label=article>A long sentence <b data-block-label=ad>buy</b></p>")
    assert page.labels == ["article"]


def test_labels_that_are_there_are_replaced() -> None:
    page = read_labelled("<div data-block-label=ad><p>One</p><p data-block-label=other>Two</p></div>")
    assert read_labelled(write_labelled(page.root, ["article", None])).labels == ["article", None]


def test_each_block_needs_a_label_when_written() -> None:
    page = read_labelled("<p data-block-label=ad>One</p><p>Two</p>")
    with pytest.raises(ValueError, match="shorter"):
        write_labelled(page.root, ["ad"])


def test_unknown_labels_are_told_with_line_and_element() -> None:
    with pytest.raises(
        LabelError, match=r"story\.html, line 2: <p> has the unknown label 'advert'; use one of article"
    ):
        read_labelled("<div>x</div>\n<p data-block-label=advert>Buy</p>", "story.html")


def test_the_root_has_a_label_like_any_other_element() -> None:
    page = read_labelled("<html data-block-label=other><p>Menu</p><p data-block-label=article>Story</p></html>")
    assert page.labels == ["other", "article"]
    assert read_labelled(write_labelled(page.root, [None, "article"])).labels == [None, "article"]
    with pytest.raises(UnknownLabelError, match=r"line 1: <html> has the unknown label 'bogus'"):
        read_labelled("<html data-block-label=bogus><p>Menu</p></html>")


@pytest.mark.parametrize("html", ["", b"", "<script>x</script>", b"\0\0"])
def test_pages_without_text_are_refused(html: bytes | str) -> None:
    with pytest.raises(LabelError, match=r"story\.html: there is no text"):
        read_labelled(html, "story.html")


def test_folders_are_read_in_the_order_of_their_files(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(b="<p data-block-label=ad>b", a="<p data-block-label=ad>a")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "c.html.gz").write_bytes(gzip.compress(b"<p data-block-label=ad>c"))
    (folder / "deeper" / "D.HTM").write_text("<p data-block-label=ad>d")
    (folder / "notes.txt").write_text("no page")
    names = [page.name.removeprefix(f"{folder}/") for page in read_labelled_files(folder)]
    assert names == ["a.html", "b.html", "deeper/D.HTM", "deeper/c.html.gz"]
    assert [page.name for page in read_labelled_files(folder / "a.html")] == [str(folder / "a.html")]
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_labelled_files(folder / "nowhere")


@pytest.mark.parametrize(
    "meta", ['<meta charset="shift_jis">', '<meta http-equiv="Content-Type" content="text/html; charset=shift_jis">']
)
def test_what_is_written_says_that_it_is_utf_8(meta: str) -> None:
    root = parse_html(f"<html><head>{meta}</head><body><p>\u6e2f</p></body></html>".encode("shift_jis"))
    written = write_labelled(root, ["article"])
    assert "shift_jis" not in written
    assert '<meta charset="utf-8">' in written
    assert "\u6e2f" in written
