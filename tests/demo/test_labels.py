"""The shipped model labels the demo's articles as their authors did, of which most are among its training pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from classifier import extract
from classifier.labelled import read_labelled
from demo.sites import load_sites

if TYPE_CHECKING:
    from demo.sites import Article, Site

SITES = load_sites()


def wrong_blocks(site: Site, article: Article) -> list[str]:
    """What the model gets wrong on the page of an article."""
    truth = read_labelled(site.labelled_pages()[article.path]).labels
    blocks = extract(site.files()[article.path]).blocks
    assert len(blocks) == len(truth)
    return [
        f"{block.label} instead of {label}: {block.text}"
        for block, label in zip(blocks, truth, strict=True)
        if block.label != label
    ]


def test_every_block_of_every_article_gets_its_label() -> None:
    wrong = [line for site in SITES for article in site.articles for line in wrong_blocks(site, article)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("site", SITES, ids=[site.host for site in SITES])
def test_every_text_has_a_label(site) -> None:
    for path, labelled in site.labelled_pages().items():
        assert None not in read_labelled(labelled, path).labels
