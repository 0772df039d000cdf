"""Random pages for property tests."""

from __future__ import annotations

from hypothesis import strategies as st
from lxml import etree

TEXTS = st.one_of(st.none(), st.just(" \n"), st.text("ab é日.\n\t\u00a0", min_size=1, max_size=8))


@st.composite
def trees(draw: st.DrawFn, tags: tuple[str, ...]) -> etree._Element:
    """A page of elements with these tags, nested at random, with texts before, between and behind them."""
    root = etree.Element("html")
    elements = [etree.SubElement(root, "body")]
    elements[0].text = draw(TEXTS)
    for _ in range(draw(st.integers(0, 12))):
        parent = elements[draw(st.integers(0, len(elements) - 1))]
        element = etree.SubElement(parent, draw(st.sampled_from(tags)))
        element.tail = draw(TEXTS)
        if element.tag != "br":
            element.text = draw(TEXTS)
            elements.append(element)
    return root


@st.composite
def varied_trees(draw: st.DrawFn, tags: tuple[str, ...]) -> etree._Element:
    """A page as `trees` makes them, with class names, and with long texts among the short ones."""
    root = draw(trees(tags))
    for element in root.iter():
        if name := draw(st.sampled_from(("", "", "lead", "box"))):
            element.set("class", name)
        if element.text and draw(st.booleans()):
            element.text *= 20
    return root
