from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from classifier.dataset import read_dataset
from classifier.files import find_pages
from classifier.labels import LABELS
from classifier.problems import find_missing_labels

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = '<link rel="canonical" href="https://news.example/story">'
WHOLE = HEAD + "\n".join(f"<p data-block-label={label}>Text of the kind {label}.</p>" for label in LABELS)


def messages(folder: Path) -> list[str]:
    return [problem.message for problem in read_dataset(find_pages([folder])).problems]


def page(body: str, site: str = "news.example") -> str:
    return f'<html><head><link rel="canonical" href="https://www.{site}/story"></head><body>\n{body}\n</body></html>'


def test_good_pages_have_no_problems(write_pages: Callable[..., Path]) -> None:
    assert messages(write_pages(good=WHOLE)) == []


def test_every_unknown_label_is_told_with_file_line_and_element(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(
        first=f'{WHOLE}\n<p class="box" data-block-label=advert>Buy</p>\n<div data-block-label="">x</div>',
        second="<h1 data-block-label=Article>Title</h1>",
        third="<html data-block-label=bogus><p>Text</p></html>",
    )
    problems = read_dataset(find_pages([folder])).problems
    assert all(problem.fatal for problem in problems)
    assert [problem.message.replace(str(folder), "") for problem in problems] == [
        """/first.html, line 6: <p class="box"> has the unknown label 'advert';"""
        " use one of article, ad, disclaimer, teaser, other",
        "/first.html, line 7: <div> has the unknown label ''; use one of article, ad, disclaimer, teaser, other",
        "/second.html, line 1: <h1> has the unknown label 'Article'; use one of article, ad, disclaimer, teaser, other",
        "/third.html, line 1: <html> has the unknown label 'bogus'; use one of article, ad, disclaimer, teaser, other",
    ]


def test_pages_without_text_or_labels_are_told_and_left_out(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(good=WHOLE, empty="", no_text="<script>1</script>", no_labels="<p>Hello")
    (folder / "broken.html.gz").write_bytes(b"\x1f\x8b not gzip")
    dataset = read_dataset(find_pages([folder]))
    assert [example.path.name for example in dataset.examples] == ["good.html"]
    told = "\n".join(problem.message for problem in dataset.problems)
    for name, complaint in (
        ("empty.html", "no text"),
        ("no_text.html", "no text"),
        ("no_labels.html", "no element with text in it has a data-block-label"),
        ("broken.html.gz", "can't read it"),
    ):
        assert any(name in line and complaint in line for line in told.splitlines()), name
    assert not any(problem.fatal for problem in dataset.problems)


def test_the_same_text_in_the_same_markup_of_a_site_has_one_label(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(
        one=page(f"{WHOLE}<aside class=b><p>\n<b data-block-label=ad>Subscribe</b></p></aside>"),
        two=page("<aside class=b><p data-block-label=other>Subscribe</p></aside>"),
    )
    (told,) = messages(folder)
    assert "news.example: the same text in the same markup is ad" in told
    assert "one.html, line 6" in told
    assert "other (" in told
    assert "two.html, line 2" in told
    assert "'Subscribe'" in told


@pytest.mark.parametrize(
    "second",
    [
        page("<aside class=c><p data-block-label=other>Subscribe</p></aside>"),
        page("<aside class=b><p data-block-label=other>Subscribe now</p></aside>"),
        page("<aside class=b><p data-block-label=other>Subscribe</p></aside>", site="other.example"),
    ],
    ids=["other markup", "other text", "other site"],
)
def test_what_differs_may_have_different_labels(second: str, write_pages: Callable[..., Path]) -> None:
    first = page(f"{WHOLE}<aside class=b><p data-block-label=ad>Subscribe</p></aside>")
    assert messages(write_pages(one=first, two=second)) == []


def test_a_block_with_two_labels_is_told(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(
        one=f"{WHOLE}\n<p data-block-label=article>A long sentence,\n<a data-block-label=teaser>read more</a></p>"
    )
    (told,) = messages(folder)
    assert "one block has two labels, article (line 6) and teaser (line 7)" in told
    assert "A long sentence, read more" in told


def test_a_label_that_no_text_has_any_more_is_told(write_pages: Callable[..., Path]) -> None:
    inner = "<p data-block-label=article>One</p><p data-block-label=article>Two</p>"
    (told,) = messages(write_pages(one=f"{WHOLE}\n<div class=x data-block-label=ad>{inner}</div>"))
    assert 'line 6: <div class="x"> is labelled ad, but all text in it is labelled article further inside' in told


@pytest.mark.parametrize("rest", ["<p data-block-label=ad>Two</p>", "Loose text"])
def test_a_label_with_exceptions_further_inside_is_fine(rest: str, write_pages: Callable[..., Path]) -> None:
    body = f"{WHOLE}\n<div data-block-label=ad><p data-block-label=article>One</p>{rest}</div>"
    assert messages(write_pages(one=body)) == []


def test_missing_labels_are_named() -> None:
    counts = dict.fromkeys(LABELS, 3)
    assert find_missing_labels(counts) == []
    (missing,) = find_missing_labels({**counts, "disclaimer": 0})
    assert "no block is labelled disclaimer" in missing.message
    assert not missing.fatal
    (missing,) = find_missing_labels({"ad": 1, "other": 1})
    assert missing.fatal
    assert "labelled article" in missing.message
    (missing,) = find_missing_labels({})
    assert missing.fatal
    assert "data-block-label" in missing.message


def test_controls_in_pages_do_not_reach_messages(write_pages: Callable[..., Path]) -> None:
    folder = write_pages(one='<p class="\x9b31m" data-block-label="\u202ead">Text</p>')
    (told,) = messages(folder)
    assert "\x9b" not in told
    assert "\u202e" not in told
