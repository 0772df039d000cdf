"""The shipped model labels the demo's articles as their authors did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from classifier import extract
from classifier.labelled import read_labelled
from demo.sites import load_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

SITES = load_sites()


def served_and_labelled() -> Iterator[object]:
    for site in SITES:
        served, labelled = site.files(), site.labelled_pages()
        for article in site.articles:
            yield pytest.param(served[article.path], labelled[article.path], id=article.slug)


@pytest.mark.parametrize(("served", "labelled"), served_and_labelled())
def test_every_block_gets_its_label(served: str, labelled: str) -> None:
    truth = read_labelled(labelled).labels
    blocks = extract(served).blocks
    assert len(blocks) == len(truth)
    wrong = [
        f"{block.label} instead of {label}: {block.text}"
        for block, label in zip(blocks, truth, strict=True)
        if block.label != label
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("site", SITES, ids=[site.host for site in SITES])
def test_every_text_has_a_label(site) -> None:
    for path, labelled in site.labelled_pages().items():
        assert None not in read_labelled(labelled, path).labels
