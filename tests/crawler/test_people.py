from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.people import distinct, is_person, people_in


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
        ("Jane Doe, MS, Ph.D., Editor at Large", ["Jane Doe"]),
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


@pytest.mark.parametrize("name", ["Jane Doe", "Ludwig van der Berg", "신 현주", "Dr. Jane M. Doe"])
def test_what_looks_like_somebody(name):
    assert is_person(name)


@pytest.mark.parametrize(
    "text", ["Jane", "View more posts", "Jane Doe 4 August", "A Long Line With Nothing But Capitals", ""]
)
def test_what_does_not(text):
    assert not is_person(text)
