"""Scores of an extractor: its article text against a gold text, and its block labels against a labelled page."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass
from statistics import mean
from typing import TYPE_CHECKING, Final

from sklearn.metrics import precision_recall_fscore_support

from classifier.blocks import INLINE, SKIPPED
from classifier.labelled import ATTRIBUTE
from classifier.labels import LABELS
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from lxml import etree

_WORD: Final = re.compile(r"\w+")
_SHINGLE: Final = 4
_PLACES: Final = 200
_REACH: Final = 400
"""Words of the answer that are tried as a block's beginning, and how far a block may stand behind the one before it."""


@dataclass(frozen=True, slots=True)
class TextScore:
    """How well the text of one page was extracted.

    Attributes:
        precision: of the answer's shingles, the share that the gold text has; None where the answer has none.
        recall: of the gold text's shingles, the share that the answer has; None where the gold text has none.
        word_f1: F1 of the counts of lower-cased words.
    """

    precision: float | None
    recall: float | None
    word_f1: float


@dataclass(frozen=True, slots=True)
class TextSummary:
    """How well the texts of a set were extracted; shares, 0..1."""

    pages: int
    shingle_precision: float
    shingle_recall: float
    shingle_f1: float
    word_f1: float


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How well the blocks of one label were found; shares, 0..1."""

    precision: float
    recall: float
    f1: float
    blocks: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """One block of a labelled page: its true label, the answered one, and its number of words."""

    gold: str
    answer: str
    words: int


def score_text(gold: str, answer: str) -> TextScore:
    """Score the extracted text of a page.

    The shingles (runs of four words) are those of the article-extraction-benchmark
    (https://github.com/scrapinghub/article-extraction-benchmark, ``evaluate.py``), and the words those of WCXB
    (https://github.com/Murrough-Foley/web-content-extraction-benchmark).

    Args:
        gold: the true text.
        answer: the extracted text.
    """
    true, found = _shingles(gold), _shingles(answer)
    both = (true & found).total()
    true_words, found_words = Counter(_WORD.findall(gold.lower())), Counter(_WORD.findall(answer.lower()))
    total = true_words.total() + found_words.total()
    return TextScore(
        both / found.total() if found else None,
        both / true.total() if true else None,
        2 * (true_words & found_words).total() / total if total else 1.0,
    )


def summarise(scores: Sequence[TextScore]) -> TextSummary:
    """Sum up a set as the article-extraction-benchmark does: F1 of the mean precision and the mean recall of pages.

    Args:
        scores: of the pages, at least one.
    """
    precision = mean([score.precision for score in scores if score.precision is not None] or [0.0])
    recall = mean([score.recall for score in scores if score.recall is not None] or [0.0])
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return TextSummary(len(scores), precision, recall, f1, mean(score.word_f1 for score in scores))


def judge_blocks(labelled: bytes, answer: Iterable[tuple[str, str]]) -> Iterator[Judgement]:
    """Judge an extractor's labels by a labelled page, however the extractor cuts the page into blocks.

    Every block of the labelled page is looked for in the answer's words, and takes the label that most of its words
    have there. Words that the answer lacks count as other.

    Args:
        labelled: the page as labelled HTML.
        answer: text and label of the extractor's blocks, in the order of the page.

    Yields:
        A judgement for each block of the labelled page that has a label.
    """
    stream = [(word, label) for text, label in answer for word in _WORD.findall(text)]
    places: defaultdict[str, list[int]] = defaultdict(list)
    for place, (word, _) in enumerate(stream):
        places[word].append(place)
    reached = 0
    for words, label in _gold_blocks(labelled):
        starts = places[words[0]]
        first = bisect_left(starts, reached)
        start, length = 0, 0
        for place in starts[first : first + _PLACES]:
            agreed = _agreement(words, stream, place)
            if agreed > length:
                start, length = place, agreed
            if agreed == len(words):
                break
        votes: Counter[str] = Counter()
        if length >= min(len(words), 3):
            votes.update(given for _, given in stream[start : start + length])
            if start - reached < _REACH:
                reached = start + length
        votes["other"] += len(words) - votes.total()
        yield Judgement(label, votes.most_common(1)[0][0], len(words))


def score_labels(judgements: Sequence[Judgement], by_words: bool = False) -> dict[str, LabelScore]:
    """Score the judged blocks of some pages.

    Args:
        judgements: the blocks.
        by_words: count every block by its words.

    Returns:
        The scores of each label; 0 where no block has it.
    """
    if not judgements:
        return dict.fromkeys(LABELS, LabelScore(0.0, 0.0, 0.0, 0))
    precision, recall, f1, _ = precision_recall_fscore_support(
        [judgement.gold for judgement in judgements],
        [judgement.answer for judgement in judgements],
        labels=LABELS,
        sample_weight=[judgement.words for judgement in judgements] if by_words else None,
        zero_division=0,
    )
    blocks = Counter(judgement.gold for judgement in judgements)
    return {
        label: LabelScore(float(precision[i]), float(recall[i]), float(f1[i]), blocks[label])
        for i, label in enumerate(LABELS)
    }


def macro_f1(scores: dict[str, LabelScore]) -> float:
    """The mean F1 of the labels that some block truly has, as in `classifier.evaluation`; 0 where there are none."""
    return mean([score.f1 for score in scores.values() if score.blocks] or [0.0])


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = _WORD.findall(text)
    if len(words) <= _SHINGLE:
        return Counter([tuple(words)] if words else [])
    return Counter(zip(*(words[i:] for i in range(_SHINGLE)), strict=False))


def _agreement(words: list[str], stream: list[tuple[str, str]], place: int) -> int:
    for length, word in enumerate(words):
        if place + length >= len(stream) or stream[place + length][0] != word:
            return length
    return len(words)


def _gold_blocks(labelled: bytes) -> list[tuple[list[str], str]]:
    """The words and the label of each run of text under one block-level element, in the order of the page."""
    root = parse_html(labelled)
    if root is None:
        return []
    body = root.find("body")
    blocks: list[tuple[etree._Element, list[str], str]] = []
    for text, owner, label in _pieces(root if body is None else body, root.get(ATTRIBUTE)):
        words = _WORD.findall(text)
        if not words:
            continue
        if blocks and blocks[-1][0] is owner and blocks[-1][2] == label:
            blocks[-1][1].extend(words)
        else:
            blocks.append((owner, words, label))
    return [(words, label) for _, words, label in blocks]


def _pieces(body: etree._Element, around: str | None) -> Iterator[tuple[str, etree._Element, str]]:
    """Every labelled piece of visible text, with the block-level element that it stands in and its label.

    Args:
        body: the element that holds the text.
        around: the label of what is around it.
    """
    waiting: list[tuple[etree._Element, etree._Element, str | None, bool]] = [(body, body, around, False)]
    while waiting:
        element, owner, label, is_tail = waiting.pop()
        if is_tail:
            if element.tail and label:
                yield element.tail, owner, label
            continue
        if element.tag in SKIPPED:
            continue
        inner = owner if element.tag in INLINE else element
        own = element.get(ATTRIBUTE) or label
        if element.text and own:
            yield element.text, inner, own
        for child in reversed(element):
            waiting += [(child, inner, own, True), (child, inner, own, False)]
