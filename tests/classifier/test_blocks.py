from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings

from classifier.blocks import INLINE, MARKS, SKIPPED, cut
from classifier.parsing import parse_html
from tests.classifier.trees import trees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml import etree

TAGS = ("div", "p", "li", "td", "h2", "a", "span", "em", "br", "script", "select", "noscript")


def visible(element: etree._Element) -> Iterator[str]:
    """The visible texts of an element, in document order: what `cut` has to find, told as simply as can be."""
    if element.tag not in SKIPPED:
        yield element.text or ""
        for child in element:
            yield from visible(child)
            yield child.tail or ""


def squeeze(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=150, deadline=None)
@given(trees(TAGS))
def test_every_visible_text_stands_in_one_block_and_in_order(root: etree._Element) -> None:
    page = cut(root)
    assert squeeze("".join(page.texts)) == squeeze("".join(visible(root.find("body"))))
    for text in page.texts:
        assert text
        assert text == " ".join(text.split())


@settings(max_examples=100, deadline=None)
@given(trees(TAGS))
def test_a_block_stands_in_its_innermost_block_level_element(root: etree._Element) -> None:
    page = cut(root)
    for owner, pieces in zip(page.owners, page.sources, strict=True):
        for element, is_tail in pieces:
            inner = element.getparent() if is_tail else element
            while inner.tag in INLINE | {"br"}:
                inner = inner.getparent()
            assert inner is page.elements[owner]


@settings(max_examples=100, deadline=None)
@given(trees(TAGS))
def test_containers_span_the_blocks_under_them(root: etree._Element) -> None:
    page = cut(root)
    for index, container in enumerate(page.elements):
        under = [
            block
            for block, owner in enumerate(page.owners)
            if container is page.elements[owner] or container in page.elements[owner].iterancestors()
        ]
        assert list(range(page.starts[index], page.ends[index])) == under
        around = [element for element in container.iterancestors() if element in page.elements]
        assert page.depths[index] == len(around)
        assert page.elements[page.parents[index]] is (around[0] if around else container)


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ("<p>A <b>bold</b> <a href=/>link</a>.</p>", ["A bold link."]),
        ("<p>One<br>line<br><br>Two</p>", ["One line", "Two"]),
        ("<div>Before<p>Inside</p>After</div>", ["Before", "Inside", "After"]),
        ("<ul><li>One<li>Two</ul>", ["One", "Two"]),
        ("<p>Text<script>var x</script> goes on</p>", ["Text goes on"]),
        ("<p>Text<!-- comment --> goes on</p>", ["Text goes on"]),
        ("<td>One</td><td>Two</td>", ["One", "Two"]),
        ("<p>  \n\t </p><p>\u00a0</p>", []),
        ("<button>Share</button><p>Text</p>", ["Text"]),
        ("<button>Share<p>The rest of the page</p>", ["Share", "The rest of the page"]),
        (f"<button>Share<div>{'The rest. ' * 50}</div>", ["Share", ("The rest. " * 50).strip()]),
        ("<h3><button>Why?</button></h3><p>Text</p>", ["Why?", "Text"]),
        ("<p>Text</p><embed src=/film><p>goes on</p>", ["Text", "goes on"]),
        ("<div><template shadowrootmode=closed><p>Shown</p></template><template>Not</template></div>", ["Shown"]),
        ("<html><body><p>Head</p></body></html><html><body><p>Story</p></body></html>", ["Head", "Story"]),
        ("<html><body><p>Head</p></body> tail <p>Story</p></html> end", ["Head", "tail", "Story", "end"]),
        ("<p>Shares of <stock-quote>Acme</stock-quote> rose</p>", ["Shares of Acme rose"]),
        ("<x-story><x-line>One</x-line> <x-line>Two</x-line></x-story>", ["One", "Two"]),
        ("Before <x-box><p>Inside</p></x-box>", ["Before", "Inside"]),
    ],
)
def test_where_blocks_end(body: str, texts: list[str]) -> None:
    root = parse_html(body)
    assert root is not None
    assert cut(root).texts == texts


def test_a_block_knows_its_first_link_and_how_much_of_it_is_linked() -> None:
    root = parse_html(
        "<p><a name=top>Text</a></p><p>More: <a href=/one>one</a> <a href=/two>two</a></p>"
        "<a href=/three><div>box</div></a>"
    )
    assert root is not None
    page = cut(root)
    # Three letters each, and the space before the second link.
    assert page.link_chars == [0, 7, 3]
    assert [link is not None and link.get("href") for link in page.links] == [False, "/one", "/three"]


def test_elements_that_say_something_without_text_are_marked_where_they_stand() -> None:
    page = cut(
        parse_html(
            "<body><p>Lead</p><img src=a.png><p>Caption</p>"
            "<form><p>Our letter</p><input type=email><input type=hidden><input type=submit><button>Go</button></form>"
            "<noscript><img src=b.png></noscript><iframe></iframe>"
        )
    )
    assert [MARKS[kind] for kind in page.marks] == ["image", "field", "button", "button", "frame"]
    assert page.mark_places == [1, 3, 3, 3, 3]
    form = next(at for at, element in enumerate(page.elements) if element.tag == "form")
    assert page.marks[page.mark_starts[form] : page.mark_ends[form]] == page.marks[1:4]


@settings(max_examples=100, deadline=None)
@given(trees((*TAGS, "img", "input", "iframe", "form")))
def test_every_mark_stands_in_its_containers(root: etree._Element) -> None:
    page = cut(root)
    assert page.mark_places == sorted(page.mark_places)
    for at, element in enumerate(page.elements):
        inside = page.mark_ends[at] - page.mark_starts[at]
        shown = [
            mark
            for mark in element.iter("img", "input", "iframe", "select", "button", "textarea")
            if not any(above.tag in SKIPPED for above in mark.iterancestors())
        ]
        assert inside == len(shown)
