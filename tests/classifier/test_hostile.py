"""Pages that are made to break what reads them, or to keep it busy, are read in little time and memory."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from classifier import blocks, embedded
from classifier.blocks import cut
from classifier.embedded import read_embedded_story
from classifier.extraction import extract_tree
from classifier.features import featurize
from classifier.hints import Hints, read_hints
from classifier.parsing import parse_html
from classifier.paths import Paths

if TYPE_CHECKING:
    from collections.abc import Callable

    from classifier.model import BlockClassifier


def seconds(work: Callable[[], object]) -> float:
    """The time of one processor core, whatever else the machine is busy with."""
    start = time.process_time()
    work()
    return time.process_time() - start


def test_a_title_may_be_all_there_is(classifier: BlockClassifier) -> None:
    title = etree.Element("title")
    title.text = "Harbour reopens"
    assert read_hints(title).titles == ()
    assert [block.text for block in extract_tree(title, classifier=classifier).blocks] == ["Harbour reopens"]


@pytest.mark.parametrize(
    "html", ["<div><section><p>{}</section></div>", "<div><br><br>{}</div>", "<em>{}</em><br><br>"]
)
def test_no_more_blocks_are_cut_than_may_be(html: str) -> None:
    page = cut(
        parse_html("<main><article>" + "".join(html.format(n) for n in range(30_000)) + "</article>Behind</main>")
    )
    assert len(page) == blocks.MAX_BLOCKS
    assert page.texts[-1] == str(blocks.MAX_BLOCKS - 1)
    assert max(page.ends) == page.ends[0] == blocks.MAX_BLOCKS
    assert all(start <= end for start, end in zip(page.starts, page.ends, strict=True))
    assert page.mark_ends[0] == len(page.marks)


def test_no_more_elements_are_walked_through_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MAX_ELEMENTS", 100)
    page = cut(parse_html("<div>First" + "<p><img>" * 300 + "Last</p></div>Behind"))
    assert page.texts == ["First"]
    assert len(page.elements) < 100
    assert page.ends == [1, 1] + [1] * (len(page.elements) - 2)
    assert page.mark_ends[1] == len(page.marks) > 40


def test_what_is_not_looked_into_makes_no_difference_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    html = "<div><ul>" + "<li><a href=/>One</a><p>Two <b>three</b></p></li>" * 30 + "</ul><img>Four</div>"
    whole = cut(parse_html(html))
    for most in range(1, len(whole) + 1):
        monkeypatch.setattr(blocks, "MAX_BLOCKS", most)
        page = cut(parse_html(html))
        assert page.texts == whole.texts[:most]
        assert page.link_chars == whole.link_chars[:most]
        assert len(featurize(page, Hints())) == most


def test_the_paths_of_all_blocks_are_found_in_one_walk() -> None:
    page = cut(parse_html("<p>a" * blocks.MAX_BLOCKS))
    elements = [page.elements[owner] for owner in page.owners]
    found: list[str] = []
    assert seconds(lambda: found.extend(map(Paths(elements).__getitem__, elements))) < 1
    assert found == [f"/html/body/p[{n}]" for n in range(1, blocks.MAX_BLOCKS + 1)]


def test_only_so_much_is_looked_for_in_the_body(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"Paragraph {number} of a story" for number in range(40)]
    page = cut(parse_html("".join(f"<p>{text}" for text in texts)))
    hints = Hints(body="\n".join(texts))

    def in_body() -> list[float]:
        features = featurize(page, hints)
        return [float(found) for found in features.agreement[:, 2]]

    assert in_body() == [1.0] * 40
    monkeypatch.setattr("classifier.agreement._MUCH", 10 * len(hints.body))
    assert in_body() == [1.0] * 10 + [0.0] * 30


def story_in(state: object) -> Callable[[], object]:
    root = parse_html(f"<script type='application/json'>{json.dumps(state)}</script>")
    assert root is not None
    return lambda: read_embedded_story(root)


def test_a_string_is_parsed_once_however_deep_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[object] = []
    monkeypatch.setattr(embedded, "parse_html", lambda text: parsed.append(text) or parse_html(text))
    state: list[object] = [f"<b>{number}</b>" for number in range(100)]
    for _ in range(10):
        state = [state, "x", "y"]
    story_in(state)()
    assert sorted(map(str, parsed)) == sorted(f"<b>{number}</b>" for number in range(100))


@pytest.mark.parametrize(
    "state",
    [
        [f"<b>{number}</b>" for number in range(200_000)],
        [[[[["<b>x</b>", 1, number]] * 3] * 3] * 9 for number in range(2000)],
        "<p>a" * 900_000,
        ["a. " * 133 + "b"] * 9000,
    ],
)
def test_there_is_a_limit_to_the_work_on_a_page_of_data(state: object) -> None:
    assert seconds(story_in(state)) < 3


def test_the_limit_is_one_for_the_page() -> None:
    script = f"<script type='application/json'>{json.dumps([f'<b>{number}</b>' for number in range(100_000)])}</script>"
    root = parse_html(script * 5)
    assert root is not None
    assert seconds(lambda: read_embedded_story(root)) < 2


def test_the_rows_of_a_stream_that_hold_no_story_are_passed_over() -> None:
    push = json.dumps([1, "1:\n" * 600_000])
    root = parse_html(f"<script>self.__next_f.push({push})</script>")
    assert root is not None
    assert seconds(lambda: read_embedded_story(root)) < 1


def test_buttons_that_lost_their_ends_are_looked_through_once() -> None:
    assert seconds(lambda: parse_html("<button>" * 200 + "<i>a</i>" * 50_000)) < 2
    root = parse_html("<button>One <button>Two</button><i>three</i></button>Four")
    assert root is not None
    assert cut(root).texts == ["One three", "Four"]
