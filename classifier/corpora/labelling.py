"""Gives the blocks of a public page their labels: made by hand where there are any, else from the gold text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.blocks import cut
from classifier.corpora.alignment import align
from classifier.corpora.gold import CorpusError
from classifier.corpora.overlays import make_overlay
from classifier.labelled import LabelledPage
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from classifier.corpora.gold import GoldPage
    from classifier.corpora.overlays import Overlay


def label_page(page: GoldPage, overlay: Overlay | None = None) -> LabelledPage:
    """Label a page.

    Args:
        page: the page.
        overlay: its hand-made labels from elsewhere; the set's own win over them, and both over the gold text.

    Returns:
        The page as fetched, with its labels. The gold text tells no more than which blocks are not article.

    Raises:
        CorpusError: there is no text in the page.
        OverlayError: the overlay is of another page.
        LabelError: the set's own labelled page can't be read.
    """
    if page.labelled is not None:
        # Not the labelled page itself: the spans that carry its labels would be markup to learn from.
        overlay = make_overlay(page.name, page.html, page.labelled)
    if overlay is not None:
        return overlay.apply(page.html)
    root = parse_html(page.html)
    texts = [] if root is None else cut(root).texts
    if root is None or not texts:
        raise CorpusError(f"{page.name}: there is no text in this page")
    return LabelledPage(page.name, root, align(texts, page.text))
