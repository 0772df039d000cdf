"""What a page's head says of its story is read in all the ways in which pages say it, and nonsense is left out."""

from __future__ import annotations

import pytest

from classifier.hints import Hints, read_hints
from classifier.parsing import parse_html


def linked_data(text: str) -> str:
    return f"<script type='application/ld+json'>{text}</script>"


@pytest.mark.parametrize(
    ("head", "hints"),
    [
        ("", Hints()),
        ("<title> Fog \n over  Westmole </title>", Hints(titles=("Fog over Westmole",))),
        ("<title></title><meta property=og:title><meta name=description content=' '>", Hints()),
        (
            "<meta property=og:title content=Fog><meta name=twitter:title content='Fog again'>",
            Hints(("Fog", "Fog again")),
        ),
        ("<title>Fog</title><meta property=og:title content=Fog>", Hints(titles=("Fog",))),
        ("<meta property=og:site_name content=Gazette><meta content=Fog>", Hints()),
        (
            "<meta name=description content='In short'><meta property=og:description content='Or shorter'>",
            Hints(descriptions=("In short", "Or shorter")),
        ),
        (
            linked_data('{"headline": "Fog", "articleBody" : "It lay\\n\\u00fcber"}'),
            Hints(("Fog",), body="It lay\nüber"),
        ),
        (linked_data('{"articleBody": "A line\nand another"}'), Hints(body="A line\nand another")),
        (
            linked_data('[{"articleBody": "Short"}, {"articleBody": "Longer"}, {"articleBody": ""}]'),
            Hints(body="Longer"),
        ),
        (linked_data('{"headline": ["Fog"], "headline": "Mist", broken'), Hints(titles=("Mist",))),
        (linked_data('{"headline": "Fog'), Hints()),
        ("<script type=application/json>{'headline': 'Fog'}</script><script>'headline': 'Fog'</script>", Hints()),
    ],
)
def test_headlines_descriptions_and_bodies(head: str, hints: Hints) -> None:
    root = parse_html(f"<html><head>{head}</head><body><svg><title>Icon</title></svg><p>Text")
    assert root is not None
    assert read_hints(root) == hints


@pytest.mark.parametrize(
    ("head", "url", "host"),
    [
        ("", None, ""),
        ("", "https://www.gazette.example/fog", "gazette.example"),
        ("<link rel=canonical href='https://gazette.example/fog'>", None, "gazette.example"),
        ("<meta property=og:url content=' HTTP://WWW.Gazette.Example:8080/fog '>", None, "gazette.example"),
        ("<link rel=canonical href='//news.gazette.example/fog'>", "https://b.example", "news.gazette.example"),
        (
            "<meta property=og:url content=https://a.example/fog><link rel=canonical href=https://b.example/fog>",
            "https://c.example",
            "a.example",
        ),
        ("<link rel=canonical href=/fog><meta property=og:url content=https://a.example>", None, "a.example"),
        ("<link rel=canonical href='http://[1'>", "https://a.example/fog", "a.example"),
        ("<link rel=canonical><meta property=og:url>", "https://a.example/fog", "a.example"),
        ("<link rel=alternate href=https://a.example/fog.amp>", None, ""),
        ("", "http://[1", ""),
    ],
)
def test_the_host_is_the_first_that_the_page_names_or_that_of_its_address(
    head: str, url: str | None, host: str
) -> None:
    root = parse_html(f"<html><head>{head}</head><body><p>Text")
    assert root is not None
    assert read_hints(root, url).host == host
