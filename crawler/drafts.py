"""Draws raw pages of the archive as labelled HTML, for a person to correct and the classifier to learn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from classifier.extraction import extract_tree
from classifier.labelled import write_labelled
from classifier.parsing import parse_html
from crawler.reading import decoded

if TYPE_CHECKING:
    from classifier import BlockClassifier
    from crawler.store import RawPage


def draft_of(page: RawPage, classifier: BlockClassifier) -> str | None:
    """Write a page as labelled HTML with the labels that the model gives it.

    Args:
        page: as it was fetched.
        classifier: the model.

    Returns:
        HTML that `python -m classifier train` reads; None where there is no text.
    """
    root = parse_html(decoded(page.html, page.encoding))
    if root is None:
        return None
    blocks = extract_tree(root, page.url, classifier).shown
    return write_labelled(root, [block.label for block in blocks]) if blocks else None
