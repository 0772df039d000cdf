"""Copies of a page in poorer markup are what the page would be if it were marked up so."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from classifier.blocks import cut
from classifier.features import PageFeatures, featurize
from classifier.hints import Hints, read_hints
from classifier.parsing import parse_html
from tests.classifier.trees import varied_trees

if TYPE_CHECKING:
    from lxml import etree

    from classifier.hashing import Tokens

TAGS = ("div", "p", "h1", "h1", "h2", "li", "section", "a", "em", "span", "br", "img", "input", "button")
PAGES = sorted((Path(__file__).parents[2] / "training_data" / "pages").rglob("*.html"))[::20]


def as_divisions(root: etree._Element) -> etree._Element:
    """The body of a page in which every block-level element is a division without attributes.

    It is given as the root of the page, so that what stands for the body is a division too.
    """
    body: etree._Element = deepcopy(root).find("body")
    for element in cut(body).elements:
        element.tag = "div"
        element.attrib.clear()
    return body


def words(tokens: Tokens, line: int) -> list[int]:
    return sorted(tokens.hashes[tokens.lines == line].tolist())


def names(page: PageFeatures) -> list[list[list[int]]]:
    """For each block, the names in the markup of its containers and of its first inline element."""
    markups = [words(page.markups, line) for line in range(len(page.markups))]
    inline = [[markups[at]] if at >= 0 else [] for at in page.inline.tolist()]
    return [[markups[at] for at in row] + own for row, own in zip(page.levels.tolist(), inline, strict=True)]


def assert_same(copy: PageFeatures, other: PageFeatures) -> None:
    np.testing.assert_allclose(copy.dense, other.dense, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(copy.agreement, other.agreement, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(copy.surroundings.groups, other.surroundings.groups)
    for block in range(len(other)):
        assert words(copy.words, block) == words(other.words, block)
        assert words(copy.links, block) == words(other.links, block)
    assert names(copy) == names(other)


def assert_bare_copy_is_the_bare_page(root: etree._Element, hints: Hints) -> None:
    page, bare = cut(root), cut(as_divisions(root))
    assert bare.texts == page.texts
    # No column is left out. The names of inline elements are another copy's matter, and taken from both.
    assert_same(featurize(page, hints).without_markup(), featurize(bare, hints).without_names())


@settings(max_examples=100, deadline=None)
@given(varied_trees(TAGS), st.data())
def test_a_copy_without_markup_is_the_page_of_divisions(root: etree._Element, data: st.DataObject) -> None:
    texts = cut(root).texts
    assume(texts)
    title = data.draw(st.sampled_from(texts))
    assert_bare_copy_is_the_bare_page(root, Hints(titles=(title,), body=texts[-1]))


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_copy_of_a_whole_page_without_markup_is_the_page_of_divisions(file: Path) -> None:
    root = parse_html(file.read_bytes())
    assert root is not None
    assert_bare_copy_is_the_bare_page(root, read_hints(root))


@settings(max_examples=50, deadline=None)
@given(varied_trees(TAGS))
def test_a_copy_without_names_is_the_page_without_attributes(root: etree._Element) -> None:
    assume(cut(root).texts)
    nameless = deepcopy(root)
    for element in nameless.iter():
        element.attrib.clear()
    copy, other = featurize(cut(root), Hints()).without_names(), featurize(cut(nameless), Hints())
    assert names(copy) == names(other)
