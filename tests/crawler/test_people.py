from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.parsing import parse_html
from crawler.people import byline_of, distinct, people_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("By Jane Doe and Joe Roe", ["Jane Doe", "Joe Roe"]),
        ("Von Jana Beispiel, dpa", ["Jana Beispiel", "dpa"]),
        ("Par Jeanne Dupont et Jean Durand", ["Jeanne Dupont", "Jean Durand"]),
        ("Le Courrier et AFP", ["Le Courrier et AFP"]),
        ("Jane Doe (jd) jane@courier.example", ["Jane Doe"]),
        ("Autorin: Jana Beispiel", ["Jana Beispiel"]),
        ("신현주 기자", ["신현주"]),
        ("Byron Davies", ["Byron Davies"]),
        ("105092", []),
        ("https://courier.example/jane-doe", []),
        ("Jane Doe is our correspondent in the north. " * 10, []),
        ("", []),
    ],
)
def test_the_names_in_a_byline(text, names):
    assert list(people_in(text)) == names


@given(st.text(max_size=250))
def test_no_text_breaks_the_reading_of_names(text):
    assert all(name == name.strip() and any(map(str.isalpha, name)) for name in people_in(text))


def test_names_that_read_the_same_are_one():
    assert distinct(["Jane Doe", "jane-doe", "Courier", "Joe Roe"], houses={"courier"}) == ["Jane Doe", "Joe Roe"]


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ('<a rel="author">Jane Doe</a> <a rel="author">Joe Roe</a><div><a rel="author">Ann Poe</a></div>',
         ["Jane Doe", "Joe Roe"]),
        ('<div class="ArticleByline">By <a>Jane Doe</a>, 9 March</div><span class="author">Ann Poe</span>',
         ["Jane Doe"]),
        ('<aside><b class="author">Ann Poe</b></aside><p class="comment-author">Joe</p><p class="author">Jane Doe</p>',
         ["Jane Doe"]),
        ("<p>Jane Doe</p>", []),
    ],
)  # fmt: skip
def test_the_first_byline_of_a_page_is_its_own(body, names):
    assert list(byline_of(parse_html(f"<html><body>{body}</body></html>"))) == names


def test_a_page_nested_without_end_takes_no_time():
    root = parse_html("<html><body><p class=author>Jane Doe</p>" + "<div class=author>" * 20_000)
    assert list(byline_of(root)) == ["Jane Doe"]
