"""The shipped model labels the demo's articles as their authors did, of which most are among its training pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from classifier import extract
from classifier.labelled import read_labelled
from demo.__main__ import SHOWN
from demo.sites import load_sites

if TYPE_CHECKING:
    from demo.sites import Article, Site

SITES = load_sites()


def wrong_blocks(site: Site, article: Article) -> tuple[list[str], int]:
    """What the model gets wrong on the page of an article, and how many blocks the page has."""
    truth = read_labelled(site.labelled_pages()[article.path]).labels
    blocks = extract(site.files()[article.path]).blocks
    assert len(blocks) == len(truth)
    wrong = [
        f"{block.label} instead of {label}: {block.text}"
        for block, label in zip(blocks, truth, strict=True)
        if block.label != label
    ]
    return wrong, len(blocks)


def test_every_block_of_the_article_that_is_shown_gets_its_label() -> None:
    shown = [(site, article) for site in SITES for article in site.articles if article.url == SHOWN]
    assert len(shown) == 1
    wrong, _ = wrong_blocks(*shown[0])
    assert not wrong, "\n".join(wrong)


def test_ninety_nine_in_a_hundred_blocks_get_their_label() -> None:
    answers = [wrong_blocks(site, article) for site in SITES for article in site.articles]
    wrong = [line for lines, _ in answers for line in lines]
    assert len(wrong) <= 0.01 * sum(blocks for _, blocks in answers), "\n".join(wrong)


@pytest.mark.parametrize("site", SITES, ids=[site.host for site in SITES])
def test_every_text_has_a_label(site) -> None:
    for path, labelled in site.labelled_pages().items():
        assert None not in read_labelled(labelled, path).labels
