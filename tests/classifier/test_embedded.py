"""A story that a page's scripts hold is found in the forms in which pages hold it, and nothing else is taken for it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classifier.embedded import _is_prose, read_embedded_story
from classifier.parsing import parse_html

STORY = [f"The pilots of harbour {number} say that the fog lay over the water all night long." for number in range(8)]
HTML = "".join(f"<p>{text}</p>" for text in STORY)
CHINESE = [
    f"港口{number}的引航员说，大雾整夜笼罩着水面，所有船只都必须等到早晨才能再次出发，他们这样告诉我们"
    for number in range(12)
]
LINES = "\n\n".join(STORY)
LABELS = [f"Weather and tides and ships in section {number} of this page" for number in range(20)]


def script(state: object, kind: str = "application/json") -> str:
    return f"<script type='{kind}'>{json.dumps(state)}</script>"


def stream(text: str, size: int) -> str:
    """Scripts as Next.js writes them: the rows of its state, pushed in pieces of any size."""
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    pushes = [json.dumps([1, piece]).replace("</", "<\\/") for piece in pieces]
    return "<script>self.__next_f.push([0])</script>" + "".join(
        f"<script>self.__next_f.push({push})</script>" for push in pushes
    )


def story_of(body: str) -> list[str] | None:
    root = parse_html(f"<html><head><title>Fog</title></head><body>{body}")
    assert root is not None
    found = read_embedded_story(root)
    return None if found is None else found[1]


@pytest.mark.parametrize(
    "body",
    [
        script({"@type": "NewsArticle", "articleBody": "\n\n".join(STORY)}, "application/ld+json"),
        script(
            {"articleBody": " \r\n ".join(STORY).replace("harbour", "harbour ")}, "application/ld+json; charset=utf-8"
        ),
        script({"html": HTML}),
        script({"html": "<br><br>".join(STORY)}),
        script({"html": "".join(f"<p class=x>{text.replace('pilots', '<b>pilots</b>')}</p>" for text in STORY)}),
        script({"props": {"menu": LABELS, "page": [{"paragraphs": STORY}]}}),
        script({"blocks": [{"type": "paragraph", "data": {"text": text}} for text in STORY]}),
        script({"body": [{"type": "p", "children": [{"text": text[:9]}, {"text": text[9:]}]} for text in STORY]}),
        script({"body": [{"type": "image", "src": "a.png"}, *({"model": {"text": text}} for text in STORY), None, 1]}),
        stream(f'0:["$","main",null]\n1:{json.dumps({"body": STORY})}\n', 100),
        stream(f"0:null\n1:T{len(HTML):x},{HTML}", 37),
        stream(f':HL["/a.css"]\nno row\n1:T{len(LINES.encode()):x},{LINES}2:{json.dumps({"note": "é" * 300})}\n', 37),
    ],
)
def test_the_paragraphs_of_a_story_are_read(body: str) -> None:
    assert story_of(body) == STORY


def test_the_script_that_holds_the_story_is_named() -> None:
    root = parse_html(script(LABELS) + script(STORY).replace("<script", "<script id=story") + script({}))
    assert root is not None
    found = read_embedded_story(root)
    assert found is not None
    assert found[0].get("id") == "story"


def test_the_stream_is_named_by_its_last_script() -> None:
    root = parse_html(stream(f"1:{json.dumps(STORY)}", 200))
    assert root is not None
    found = read_embedded_story(root)
    assert found is not None
    assert found[0] is root.findall(".//script")[-1]


def test_a_story_in_a_script_without_spaces_is_one_too() -> None:
    assert story_of(script({"body": CHINESE})) == CHINESE
    assert story_of(script({"body": CHINESE[:5]})) == CHINESE[:5]
    assert story_of(script({"articleBody": "\n".join(CHINESE[:5])}, "application/ld+json")) == CHINESE[:5]
    assert story_of(script({"body": CHINESE[:2]})) is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "".join(f"<p>{text}</p>" for text in STORY),
        script({"articleBody": "\n\n".join(STORY[:4])}),
        script({"menu": LABELS}),
        script({"text": "".join(STORY).replace(" ", "")}),
        f"<script>var story = {json.dumps(STORY)}</script>",
        script(STORY, "text/javascript"),
        script(STORY).replace("]</script>", "</script>"),
        stream("1:" + json.dumps(STORY)[:-1], 100),
        "<script>self.__next_f.push([1,</script>",
        script("[" * 100_000 + "]" * 100_000).replace('"', ""),
        script(12) + script(None) + script("text"),
    ],
)
def test_what_is_no_story_is_left_out(body: str) -> None:
    assert story_of(body) is None


@pytest.mark.parametrize("turn", [1, -1])
def test_the_longest_story_is_taken(turn: int) -> None:
    other = [text.replace("pilots", "masters") for text in STORY[:-1]]
    assert story_of("".join([script(STORY), script(other)][::turn])) == STORY


def test_another_copy_of_a_story_must_say_clearly_more() -> None:
    copy = [text.replace("pilots", "pilots,") for text in STORY]
    assert story_of(script(STORY) + script(copy)) == STORY
    assert story_of(script(STORY) + script([*copy, *copy])) == [*copy, *copy]


LONG_SENTENCE = re.compile(r"\w.{30,}[.!?…。！？।۔\"”»)]\s*$", re.DOTALL)


@settings(max_examples=300, deadline=None)
@given(
    st.text("a- .\n\x1c\u2028)é", max_size=45)
    | st.text("a. ", min_size=390, max_size=410)
    | st.builds("{} a{}.{}".format, st.text("- "), st.integers(28, 32).map("-".__mul__), st.text(" \n"))
)
def test_prose_ends_a_sentence_of_some_length(text: str) -> None:
    assert _is_prose(text) == (" " in text and LONG_SENTENCE.search(text[-400:]) is not None)
