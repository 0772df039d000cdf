"""The front door: a page's HTML to its labelled blocks and the article's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from classifier.blocks import cut
from classifier.decoding import decode
from classifier.embedded import read_embedded_story
from classifier.features import featurize
from classifier.hints import read_hints
from classifier.labels import LABELS
from classifier.parsing import parse_html
from classifier.paths import Paths
from classifier.storage import load_classifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lxml import etree

    from classifier.model import BlockClassifier

_FEW: Final = 1500
"""A page that shows more of a story than this is taken to show it (characters)."""
_FAR_MORE: Final = 2


class Block:
    """One run of visible text under one block-level element.

    Attributes:
        label: what the block is, one of `LABELS`: the most probable one, but in the midst of the story ``article``
            unless another is twice as probable, and behind it 1.25 times.
        text: its text, white space folded.
        tag: the name of its element; that of a paragraph that the page's JSON alone holds is ``script``.
    """

    __slots__ = ("_element", "_paths", "_row", "_xpath", "label", "tag", "text")

    def __init__(self, label: str, text: str, element: etree._Element, row: Sequence[float], paths: Paths) -> None:
        self.label = label
        self.text = text
        self.tag: str = element.tag
        self._element: etree._Element | None = element
        self._row = row
        self._paths: Paths | None = paths
        self._xpath = ""

    @property
    def xpath(self) -> str:
        """Where the block's element stands in the page."""
        if self._element is not None and self._paths is not None:
            self._xpath = self._paths[self._element]
        return self._xpath

    @property
    def probabilities(self) -> dict[str, float]:
        """How probable each label is; they sum to 1.

        Nothing predicts those of a paragraph that the page's JSON alone holds: ``article`` has 1.
        """
        return dict(zip(LABELS, self._row, strict=True))

    def __repr__(self) -> str:
        return f"Block(label={self.label!r}, text={self.text!r}, tag={self.tag!r})"

    def __getstate__(self) -> tuple[str, str, str, Sequence[float], str]:
        # Another process gets the path, not the tree.
        return self.label, self.text, self.tag, self._row, self.xpath

    def __setstate__(self, state: tuple[str, str, str, Sequence[float], str]) -> None:
        self.label, self.text, self.tag, self._row, self._xpath = state
        self._element = self._paths = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page read by `extract`.

    Attributes:
        text: the article: its blocks joined by blank lines; empty where the page holds none.
        blocks: the whole visible text in document order, as far as `classifier.blocks.cut` goes. Where the page shows
            next to none of a story that its JSON holds, the story's other paragraphs stand among them in its order.
        confidence: how sure the page-level decision is, 0..1. It is about what the page shows: 0 where that is nothing,
            even if its JSON holds a story.
    """

    text: str
    blocks: list[Block]
    confidence: float

    @property
    def shown(self) -> list[Block]:
        """The blocks of the page's visible text alone."""
        return [block for block in self.blocks if block.tag != "script"]


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
    model = load_classifier() if classifier is None else classifier
    features = featurize(cuts, read_hints(root, url))
    decision = decode(model, features)
    elements = [cuts.elements[owner] for owner in cuts.owners]
    labels = [LABELS[code] for code in decision.codes.tolist()]
    paths = Paths(elements)
    rows = decision.probabilities.tolist()
    blocks = [Block(*block, paths) for block in zip(labels, cuts.texts, elements, rows, strict=True)]
    if (found := _unshown_story(root, blocks)) is not None:
        script, paragraphs = found
        sure = [float(label == "article") for label in LABELS]
        paths = Paths([script])
        blocks = _with_story(blocks, [Block("article", text, script, sure, paths) for text in paragraphs])
    text = "\n\n".join(block.text for block in blocks if block.label == "article")
    return Page(text, blocks, decision.confidence)


def _unshown_story(root: etree._Element, blocks: list[Block]) -> tuple[etree._Element, list[str]] | None:
    """The script and the paragraphs of a story that stands in JSON alone, of a page that shows next to none of it."""
    shown = sum(len(block.text) for block in blocks if block.label == "article")
    if shown > _FEW:
        return None
    found = read_embedded_story(root)
    return None if found is None or sum(map(len, found[1])) < _FAR_MORE * shown else found


def _with_story(shown: list[Block], story: list[Block]) -> list[Block]:
    """Put the paragraphs of a story that no article block shows before and behind those that one does."""
    places: dict[str, int] = {}
    for place, block in enumerate(shown):
        if block.label == "article":
            places.setdefault(block.text, place)
    blocks: list[Block] = []
    unshown: list[Block] = []
    at = 0
    for paragraph in story:
        place = places.get(paragraph.text, -1)
        if place < 0:
            unshown.append(paragraph)
        elif place >= at:
            blocks += [*shown[at:place], *unshown, shown[place]]
            at, unshown = place + 1, []
    return [*blocks, *unshown, *shown[at:]] if at else [*shown, *unshown]
