"""Reads a page once: one parse gives the labelled blocks, the article's text and its facts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.extraction import extract_tree
from classifier.parsing import parse_html
from classifier.storage import load_classifier
from crawler.items import BlockRecord
from crawler.metadata import Facts, read_facts
from crawler.similarity import simhash_of

if TYPE_CHECKING:
    from classifier import BlockClassifier


@dataclass(frozen=True, slots=True)
class Reading:
    """What a page says.

    Attributes:
        facts: the facts of the article.
        text: the article's blocks joined by blank lines.
        blocks: all blocks, in document order.
        confidence: 0..1, how sure the page-level decision is.
        version: version of the model.
        simhash: of the text; see `crawler.similarity.simhash_of`.
    """

    facts: Facts
    text: str
    blocks: list[BlockRecord]
    confidence: float
    version: str
    simhash: int | None


def read_page(html: bytes, url: str, encoding: str | None = None, model: str = "") -> Reading | None:
    """Read a page.

    Args:
        html: the page as fetched.
        url: the address it was fetched from.
        encoding: what the server said of its encoding; it counts where the page itself is not valid UTF-8.
        model: path of a model file; empty for the shipped model.

    Returns:
        None when there is nothing to read.

    Raises:
        classifier.ModelError: the model cannot be used; the message is one line for the user.
    """
    classifier = _classifier(model)
    root = parse_html(decoded(html, encoding))
    if root is None:
        return None
    page = extract_tree(root, url, classifier)
    return Reading(
        facts=read_facts(root, url, page.text),
        text=page.text,
        blocks=[
            BlockRecord(label=block.label, text=block.text, xpath=block.xpath, p=block.probabilities[block.label])
            for block in page.blocks
        ],
        confidence=page.confidence,
        version=classifier.version_,
        simhash=simhash_of(page.text),
    )


def model_version(model: str = "") -> str:
    """Load the model and return its version.

    Raises:
        classifier.ModelError: as `read_page`.
    """
    return _classifier(model).version_


@cache
def _classifier(model: str) -> BlockClassifier:
    return load_classifier(Path(model) if model else None)


def decoded(html: bytes, encoding: str | None) -> bytes | str:
    """Decode a page as the server said, where it is not UTF-8; the parser finds out the rest."""
    if encoding is None or encoding == "utf-8":
        return html
    try:
        html.decode("utf-8")
    except UnicodeDecodeError:
        return html.decode(encoding, "replace")
    return html
