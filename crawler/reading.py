"""Reads a page once: one parse gives the labelled blocks, the article's text and its facts.

The model is imported where pages are read, in the workers: the crawler's own process does without scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.parsing import codec_of, parse_html
from crawler.items import BlockRecord
from crawler.metadata import Facts, read_facts
from crawler.similarity import simhash_of
from crawler.story import split_pages

if TYPE_CHECKING:
    from lxml.etree import _Element

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
        html: the page as fetched, or the pages of a story as `crawler.story.join_pages` joins them.
        url: the address it was fetched from.
        encoding: what the server said of its encoding; it counts where the page itself is not valid UTF-8.
        model: path of a model file; empty for the shipped model.

    Returns:
        None when there is nothing to read.

    Raises:
        classifier.ModelError: the model cannot be used; the message is one line for the user.
    """
    from classifier.extraction import extract_tree

    classifier = _classifier(model)
    first: _Element | None = None
    confidence = 1.0
    blocks: list[BlockRecord] = []
    before: set[str] = set()
    for number, part in enumerate(split_pages(html), 1):
        root = parse_html(decoded(part, encoding))
        if root is None:
            continue
        page = extract_tree(root, url, classifier)
        # What further pages repeat, headline and navigation, stands there once.
        news = [block for block in page.blocks if block.text not in before]
        before.update(block.text for block in news)
        blocks += [
            BlockRecord(
                label=block.label,
                text=block.text,
                xpath=block.xpath if number == 1 else block.xpath.replace("/html", f"/html[{number}]", 1),
                p=block.probabilities[block.label],
            )
            for block in news
        ]
        confidence = min(confidence, page.confidence)
        first = root if first is None else first
    if first is None:
        return None
    text = "\n\n".join(block.text for block in blocks if block.label == "article")
    return Reading(
        facts=read_facts(first, url, text),
        text=text,
        blocks=blocks,
        confidence=confidence,
        version=classifier.version_,
        simhash=simhash_of(text),
    )


def model_version(model: str = "") -> str:
    """Load the model and return its version.

    Raises:
        classifier.ModelError: as `read_page`.
    """
    return _classifier(model).version_


@cache
def _classifier(model: str) -> BlockClassifier:
    from classifier.storage import load_classifier

    return load_classifier(Path(model) if model else None)


def decoded(html: bytes, encoding: str | None) -> bytes | str:
    """Decode a page as the server said, where it is not UTF-8; the parser finds out the rest."""
    codec = None if encoding is None else codec_of(encoding)
    if codec is None or codec == "utf-8":
        return html
    try:
        html.decode("utf-8")
    except UnicodeDecodeError:
        return html.decode(codec, "replace")
    return html
