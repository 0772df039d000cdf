"""The front door: a page's HTML to its labelled blocks and the article's text."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from classifier.blocks import cut
from classifier.decoding import decode
from classifier.embedded import read_embedded_story
from classifier.features import featurize
from classifier.hints import read_hints
from classifier.labels import LABELS
from classifier.parsing import parse_html
from classifier.storage import load_classifier

if TYPE_CHECKING:
    from lxml import etree

    from classifier.model import BlockClassifier

_FEW: Final = 600
"""A page that shows more of a story than this is taken to show it (characters)."""
_FAR_MORE: Final = 2


@dataclass(slots=True)
class Block:
    """One run of visible text under one block-level element.

    Attributes:
        label: what the block is, one of `LABELS`.
        text: its text, white space folded.
        tag: the name of its element.
        probabilities: how probable each label is; they sum to 1.
    """

    label: str
    text: str
    tag: str
    probabilities: dict[str, float]
    _element: etree._Element | None = field(repr=False, default=None)
    _xpath: str | None = field(repr=False, default=None)

    @property
    def xpath(self) -> str:
        """Where the block's element stands in the page."""
        if self._xpath is None and self._element is not None:
            self._xpath = self._element.getroottree().getpath(self._element)
        return self._xpath or ""

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process gets the path, not the tree.
        return Block, (self.label, self.text, self.tag, self.probabilities, None, self.xpath)


@dataclass(frozen=True, slots=True)
class Page:
    """A page read by `extract`.

    Attributes:
        text: the article: its blocks joined by blank lines; empty where the page holds none.
        blocks: the whole visible text in document order.
        confidence: how sure the page-level decision is, 0..1.
    """

    text: str
    blocks: list[Block]
    confidence: float


def extract(html: bytes | str, url: str | None = None, classifier: BlockClassifier | None = None) -> Page:
    """Label every block of a page and put its article together.

    Args:
        html: the page as fetched, or its decoded text. Bad HTML of any kind is read as far as it goes.
        url: the address of the page.
        classifier: the classifier to ask; None for the shipped one.

    Returns:
        The page; without blocks where there is no text.

    Raises:
        TypeError: ``html`` is neither bytes nor str.
        ModelError: the shipped model can't be loaded.
    """
    root = parse_html(html)
    return Page("", [], 0.0) if root is None else extract_tree(root, url, classifier)


def extract_tree(root: etree._Element, url: str | None = None, classifier: BlockClassifier | None = None) -> Page:
    """Do as `extract` on a page that is parsed already.

    Args:
        root: the root element of the page, not changed.
        url: the address of the page.
        classifier: the classifier to ask; None for the shipped one.
    """
    cuts = cut(root)
    if not len(cuts):
        return Page("", [], 0.0)
    model = load_classifier() if classifier is None else classifier
    features = featurize(cuts, read_hints(root, url))
    decision = decode(model, features)
    elements = [cuts.elements[owner] for owner in cuts.owners]
    blocks = [
        Block(LABELS[code], text, element.tag, dict(zip(LABELS, row, strict=True)), element)
        for code, text, element, row in zip(
            decision.codes.tolist(), cuts.texts, elements, decision.probabilities.tolist(), strict=True
        )
    ]
    blocks += _unshown_story(root, blocks)
    text = "\n\n".join(block.text for block in blocks if block.label == "article")
    return Page(text, blocks, decision.confidence)


def _unshown_story(root: etree._Element, blocks: list[Block]) -> list[Block]:
    """The blocks of a story that stands in the page's JSON alone, behind a page that shows next to none of it."""
    shown = sum(len(block.text) for block in blocks if block.label == "article")
    if shown > _FEW:
        return []
    found = read_embedded_story(root)
    if found is None or sum(map(len, found[1])) < _FAR_MORE * shown:
        return []
    script, paragraphs = found
    seen = {block.text for block in blocks}
    sure = dict.fromkeys(LABELS, 0.0) | {"article": 1.0}
    return [Block("article", text, script.tag, dict(sure), script) for text in paragraphs if text not in seen]
