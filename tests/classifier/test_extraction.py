from __future__ import annotations

import json
import pickle
from encodings.aliases import aliases
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.decoding import Decision
from classifier.extraction import Page, extract
from classifier.labels import LABELS
from classifier.parsing import parse_html
from classifier.storage import load_classifier

if TYPE_CHECKING:
    from classifier.model import BlockClassifier

PAGE = Path(__file__).parents[2] / "training_data" / "pages" / "en" / "finance-wire-pitch-inside.html"


@pytest.fixture(scope="module")
def shipped() -> BlockClassifier:
    return load_classifier()


def test_the_text_is_the_article_blocks(shipped: BlockClassifier) -> None:
    page = extract(PAGE.read_bytes(), classifier=shipped)
    story = [block.text for block in page.blocks if block.label == "article"]
    assert len(story) > 3
    assert page.text == "\n\n".join(story)
    assert 0 <= page.confidence <= 1
    for block in page.blocks:
        assert block.label in LABELS
        assert tuple(block.probabilities) == LABELS
        assert sum(block.probabilities.values()) == pytest.approx(1, abs=1e-4)
        best = max(LABELS, key=lambda label: block.probabilities[label])
        in_doubt = block.label == "article" and 2 * block.probabilities["article"] >= block.probabilities[best]
        assert block.label == best or in_doubt


def test_xpaths_lead_to_the_blocks(shipped: BlockClassifier) -> None:
    root = parse_html(PAGE.read_bytes())
    assert root is not None
    for block in extract(PAGE.read_bytes(), classifier=shipped).blocks:
        (element,) = root.xpath(block.xpath)
        assert element.tag == block.tag
        assert "".join(block.text.split())[:20] in "".join("".join(element.itertext()).split())


def test_blocks_travel_to_another_process(shipped: BlockClassifier) -> None:
    page = extract("<div><p>Text", classifier=shipped)
    again = pickle.loads(pickle.dumps(page))
    assert again.blocks[0].xpath == page.blocks[0].xpath == "/html/body/div/p"
    assert again.text == page.text


@pytest.mark.parametrize("html", [b"", "", b" \n", "<html></html>", b"\0" * 5000, "<script>x()</script>", b"\xff\xfe"])
def test_a_page_without_text_has_no_blocks(html: bytes | str, shipped: BlockClassifier) -> None:
    page = extract(html, classifier=shipped)
    assert (page.text, page.blocks, page.confidence) == ("", [], 0.0)


CHARSETS = st.sampled_from(sorted({*aliases.values(), "idna", "punycode", "undefined", "unicode_escape", "no-such"}))
SCRIPTS = st.sampled_from(["self.__next_f.push(", "self.__next_f.push([1,"])
KEYS = st.sampled_from(["text", "body", "a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("<p> a.", max_size=500),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
).map(json.dumps)
ANYTHING = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=200),
    st.text("<>/=\"'ap div!-&;\0", max_size=200),
    st.builds("<meta charset={}>{}".format, CHARSETS, st.text(max_size=20)).map(lambda html: html.encode() + b"\xff a"),
    st.builds("<script>{}{})</script>".format, SCRIPTS, JSON),
    st.builds("<script type=application/json>{}</script>".format, JSON),
)


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_nothing_makes_it_raise(html: bytes | str) -> None:
    page = extract(html)
    assert all(block.text for block in page.blocks)


@pytest.mark.parametrize("charset", ["hex", "zip", "rot13", "idna", "undefined", "punycode", "utf-7"])
def test_a_codec_that_is_no_encoding_of_pages_is_not_used(charset: str, shipped: BlockClassifier) -> None:
    html = f"<meta charset={charset}><p>Café +AGE-</p>".encode("cp1252")
    assert [block.text for block in extract(html, classifier=shipped).blocks] == ["Café +AGE-"]


def test_as_many_bytes_are_read_of_text_as_of_bytes(shipped: BlockClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("classifier.parsing.MAX_BYTES", 40)
    html = f"<p>{'é' * 100}"
    for cut in html, html.encode(), f"<p>a{html[3:]}", f"<p>a{html[3:]}".encode():
        (block,) = extract(cut, classifier=shipped).blocks
        assert block.text.lstrip("a") == "é" * 18


def test_truncated_pages_are_read_as_far_as_they_go(shipped: BlockClassifier) -> None:
    content = PAGE.read_bytes()
    whole = extract(content, classifier=shipped).blocks
    for part in range(1, 8):
        blocks = extract(content[: len(content) * part // 8], classifier=shipped).blocks
        # All but the last block, which the cut may have hit, are those of the whole page.
        assert [block.text for block in blocks[:-1]] == [block.text for block in whole[: max(0, len(blocks) - 1)]]


@pytest.mark.parametrize("tag", [b"<div>", b"<b>", b"<table><tr><td>", b"<ul><li>", b"<a href=x><p>"])
def test_markup_nested_100_000_deep(tag: bytes, shipped: BlockClassifier) -> None:
    page = extract(b"<p>Before</p>" + tag * 100_000 + b"Deep inside", classifier=shipped)
    assert page.blocks[0].text == "Before"
    assert all(block.xpath for block in page.blocks[:2])


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8", ""),
        ("utf-8", '<meta charset="iso-8859-1">'),
        ("utf-8-sig", ""),
        ("utf-16", ""),
        ("cp1252", ""),
        ("cp1252", '<meta charset="iso-8859-1">'),
        ("cp1252", '<meta charset="no-such-thing">'),
        ("iso-8859-15", '<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-15">'),
    ],
)
def test_text_is_decoded_whatever_the_page_declares(encoding: str, head: str, shipped: BlockClassifier) -> None:
    text = "Größere Cafés sind öfter geöffnet"
    html = f"<html><head>{head}</head><body><p>{text}</p></body></html>"
    assert [block.text for block in extract(html.encode(encoding), classifier=shipped).blocks] == [text]


@pytest.mark.parametrize("declared", ["", "<meta charset=utf-8>", "<meta charset=iso-8859-1>"])
def test_a_bad_byte_here_and_there_makes_no_other_encoding_of_a_page(declared: str, shipped: BlockClassifier) -> None:
    text = "Größere Cafés sind öfter geöffnet, für alle Gäste"
    html = f"<html><head>{declared}</head><body><p>{text}</p><p>".encode() + b"caf\xe9</p></body></html>"
    assert [block.text for block in extract(html, classifier=shipped).blocks] == [text, "caf\ufffd"]


@pytest.mark.parametrize("declared", ["", "<meta charset=iso-8859-1>", "<meta charset=utf-16>"])
@pytest.mark.parametrize("text", ["Café, 5 € fin", "Cafe fin"])
def test_an_escape_character_makes_no_other_encoding_of_a_page(
    declared: str, text: str, shipped: BlockClassifier
) -> None:
    html = f"<html><head>{declared}</head><body><p>{text}\x1b</p></body></html>"
    assert [block.text for block in extract(html.encode(), classifier=shipped).blocks] == [f"{text}\x1b"]


def test_a_page_of_many_errors_is_decoded_as_any_other() -> None:
    root = parse_html(f"<body>{'</b>' * 200}<p>Verspätung in Köln".encode("cp1252"))
    assert root is not None
    assert "".join(root.itertext()) == "Verspätung in Köln"


@pytest.mark.parametrize("encoding", ["shift_jis", "euc-jp", "iso-2022-jp"])
def test_declared_multibyte_encodings(encoding: str, shipped: BlockClassifier) -> None:
    text = "東京の港は火曜日に再開した。"
    html = f'<html><head><meta charset="{encoding}"></head><body><p>{text}</p></body></html>'
    assert [block.text for block in extract(html.encode(encoding), classifier=shipped).blocks] == [text]


@pytest.mark.parametrize("html", [None, 1, ["<p>"], bytearray(b"<p>x")])
def test_what_is_no_html_at_all_is_a_type_error(html: object) -> None:
    with pytest.raises(TypeError, match="bytes or str"):
        extract(html)  # type: ignore[arg-type]


STORY = [f"Paragraph {number} of a story that the page's own elements show in part or not." for number in range(8)]


def extracted(
    body: str, labels: list[str], classifier: BlockClassifier, monkeypatch: pytest.MonkeyPatch, story: list[str] = STORY
) -> Page:
    """A page whose elements show something, and whose JSON holds a story; the labels of what is shown are given."""
    answer = np.eye(len(LABELS), dtype=np.float32)[[LABELS.index(label) for label in labels]]
    decision = Decision(answer.argmax(1), answer, 0.7)
    monkeypatch.setattr("classifier.extraction.decode", lambda model, features: decision)
    data = json.dumps({"articleBody": "\n".join(story)})
    return extract(f"{body}<script type='application/ld+json'>{data}</script>", classifier=classifier)


@pytest.mark.parametrize("shown", [[], [0], [3], [7], [0, 3], [2, 3, 6], [5, 2]])
def test_the_paragraphs_of_a_story_stand_in_its_order(
    shown: list[int], classifier: BlockClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = ["Menu", *(STORY[number] for number in shown), "Imprint"]
    labels = ["other", *["article"] * len(shown), "other"]
    page = extracted("".join(f"<p>{text}</p>" for text in texts), labels, classifier, monkeypatch)
    assert sorted(page.text.split("\n\n")) == sorted(STORY)
    if shown == sorted(shown):
        assert page.text.split("\n\n") == STORY
    assert page.text == "\n\n".join(block.text for block in page.blocks if block.label == "article")
    assert [block.text for block in page.shown] == texts
    assert page.confidence == 0.7
    assert {block.xpath for block in page.blocks if block.tag != "p"} == {"/html/body/script"}
    assert [block.xpath for block in page.shown] == [f"/html/body/p[{number + 1}]" for number in range(len(texts))]


def test_a_paragraph_that_is_also_shown_as_something_else_stays_in_the_story(
    classifier: BlockClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = extracted(f"<p>{STORY[4]}</p><p>Lead</p>", ["other", "article"], classifier, monkeypatch)
    assert page.text.split("\n\n") == ["Lead", *STORY]


def test_a_paragraph_that_a_story_has_twice_is_there_twice(
    classifier: BlockClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = [*STORY, STORY[0]]
    page = extracted("<p>Menu</p>", ["other"], classifier, monkeypatch, story)
    assert page.text.split("\n\n") == story


def test_a_page_that_shows_its_story_is_taken_at_its_word(
    classifier: BlockClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "What the page shows is more than half of what its data hold. " * 6
    page = extracted(f"<p>{long}</p>", ["article"], classifier, monkeypatch)
    assert page.text == long.strip()
