"""The path of an element is the one that libxml2 gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from lxml import etree

from classifier.parsing import parse_html
from classifier.paths import Paths
from tests.classifier.trees import trees

if TYPE_CHECKING:
    from collections.abc import Iterable


def paths_of(elements: Iterable[etree._Element]) -> list[str]:
    elements = list(elements)
    paths = Paths(elements)
    return [paths[element] for element in elements]


@settings(max_examples=100, deadline=None)
@given(trees(("div", "p", "em", "br", "{http://www.w3.org/2000/svg}g", "{http://example.org}p")))
def test_paths_are_those_of_libxml2(root: etree._Element) -> None:
    elements = list(root.iter())
    expected = [root.getroottree().getpath(element) for element in elements]
    assert paths_of(elements) == expected
    assert paths_of(elements[-1:]) == expected[-1:]


@pytest.mark.parametrize(
    "html",
    [
        "<p>One<o:p>Two</o:p><o:p>Three</o:p><my-box>Four</my-box><h1>Five</h1><svg><g/><g/></svg>",
        "<title>Only</title>",
        "<div>" * 300 + "Deep",
    ],
)
def test_paths_in_html(html: str) -> None:
    root = parse_html(html)
    assert root is not None
    assert paths_of(root.iter()) == [root.getroottree().getpath(element) for element in root.iter()]


def test_comments_between_elements_are_not_counted() -> None:
    root = etree.fromstring("<!-- a --><a><!-- b --><b/><?pi?>text<b/><!-- c --></a>")
    assert paths_of(root.iter("b")) == ["/a/b[1]", "/a/b[2]"]
