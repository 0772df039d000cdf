"""Writes docs/accuracy.md from what the folds' models answered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from benchmarks.scores import macro_f1, score_labels, summarise
from classifier.evaluation import loss_in_least_confident
from classifier.labels import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.folds import HeldOut, Part
    from benchmarks.scores import TextScore

ACCURACY: Final = Path("docs/accuracy.md")
LEAST: Final = 0.1
"""The share of the pages, by confidence, whose part of the loss is reported."""

_PAGE: Final = """\
# How good the labels are

Made by `python -m benchmarks.folds CORPUS`, which trains five models and measures each on the pages whose site
(registered domain) it has not seen. The corpus holds {pages:,} pages of {sets};
[retraining.md](retraining.md) says how to get them. Each model is trained on the corpus' other pages and on
`training_data`. {by_hand:,} pages are labelled by hand block by block, in the corpus
itself or by this project's overlays; labels are judged on the {labelled:,} of them that the corpus itself has labelled.

## The article's text

`shingle F1` is the score of
[article-extraction-benchmark](https://github.com/scrapinghub/article-extraction-benchmark): the mean precision and the
mean recall over pages of four-word shingles, and their harmonic mean. `word F1` is that of
[WCXB](https://github.com/Murrough-Foley/web-content-extraction-benchmark): the mean over pages of the F1 of word
counts.

{text}

The gold texts follow their makers' rules, and some hold a part of the story alone. What that costs shows on the
{by_hand:,} pages that are labelled by hand, where the text of the labels that people gave is scored in the same way (a
block that they left open is not in it):

{ceiling}

## The labels

By blocks, on the {labelled:,} pages that the corpus itself has labelled by hand. A block takes the label that most
of its words have in the answer.

{labels}

The last row of both tables is a model of `training_data` alone, which no page of the corpus has touched.

Precision and recall over all folds:

{by_label}

## The probabilities

Of all probabilities that the held-out models gave to a label of a hand-labelled block: how many lie between two bounds,
their mean, and the share of these labels that was the true one. The last two columns of a calibrated model agree;
from 0.1 upwards they differ here by {error:.3f}, weighted by the number of probabilities.

{calibration}

## The confidence

Ordered by `page.confidence`, the least confident tenth of the pages holds **{least:.0%}** of all loss (1 - word F1),
and **{least_own:.0%}** of the model's own: what is lost beyond the hand-made labels. The rest is the gold texts'.

{confidence}
"""


class _Lost(NamedTuple):
    """What a page of some confidence loses."""

    confidence: float
    loss: float


def write_accuracy(parts: Sequence[Part], file: Path) -> None:
    """Write the page.

    Args:
        parts: every fold, and last the model of training_data alone.
        file: the page.
    """
    *folds, own = parts
    every = [answer for part in folds for answer in part.answers]
    sets = sorted({_set(answer) for answer in every})
    rows = [
        *((part.name, part.answers) for part in folds),
        ("**all folds**", every),
        (f"{own.name} alone", own.answers),
    ]
    by_hand = [(answer, answer.by_hand) for answer in every if answer.by_hand is not None]
    beyond = [_Lost(answer.confidence, max(0.0, best.word_f1 - answer.text.word_f1)) for answer, best in by_hand]
    bins = np.sum([part.calibration for part in folds], axis=0)
    content = _PAGE.format(
        pages=len(every),
        sets=", ".join(sets),
        by_hand=len(by_hand),
        labelled=sum(bool(answer.judgements) for answer in every),
        text=_text_table(((name, [(answer, answer.text) for answer in answers]) for name, answers in rows), sets),
        ceiling=_text_table(
            (
                ("all folds", [(answer, answer.text) for answer, _ in by_hand]),
                ("hand-made labels", by_hand),
            ),
            sets,
        ),
        labels=_label_table(rows),
        by_label=_by_label(every),
        calibration=_calibration_table(bins),
        error=float(np.abs(bins[1:, 1] - bins[1:, 2]).sum() / bins[1:, 0].sum()),
        least=loss_in_least_confident(every, LEAST),
        least_own=loss_in_least_confident(beyond, LEAST),
        confidence=_table(
            ("least confident", "share of all loss", "of the model's own"),
            [
                (f"{share:.0%}", *(f"{loss_in_least_confident(pages, share):.0%}" for pages in (every, beyond)))
                for share in (0.05, LEAST, 0.2, 0.3, 0.5)
            ],
        ),
    )
    file.write_text(content, encoding="utf-8")


def _text_table(rows: Iterable[tuple[str, Sequence[tuple[HeldOut, TextScore]]]], sets: Sequence[str]) -> str:
    lines = []
    for name, scored in rows:
        cells = [name]
        for one in sets:
            scores = [score for answer, score in scored if _set(answer) == one]
            summary = summarise(scores) if scores else None
            cells += [str(len(scores)), f"{summary.shingle_f1:.3f} / {summary.word_f1:.3f}" if summary else "-"]
        lines.append(cells)
    return _table(["", *(head for one in sets for head in ("pages", f"{one}: shingle / word F1"))], lines)


def _label_table(rows: Sequence[tuple[str, Sequence[HeldOut]]]) -> str:
    lines = []
    for name, answers in rows:
        judgements = [judgement for answer in answers for judgement in answer.judgements]
        scores = score_labels(judgements)
        pages = sum(bool(answer.judgements) for answer in answers)
        lines.append(
            [name, str(pages), f"{len(judgements):,}", f"{macro_f1(scores):.3f}"]
            + [f"{scores[label].f1:.3f}" for label in LABELS]
        )
    return _table(["", "pages", "blocks", "macro F1", *LABELS], lines)


def _by_label(answers: Iterable[HeldOut]) -> str:
    scores = score_labels([judgement for answer in answers for judgement in answer.judgements])
    return _table(
        ("label", "precision", "recall", "F1", "blocks"),
        [
            (label, f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}", f"{score.blocks:,}")
            for label, score in scores.items()
        ],
    )


def _calibration_table(bins: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> str:
    width = 1 / len(bins)
    return _table(
        ("probability", "number", "mean", "true"),
        [
            (
                f"{i * width:.1f} to {(i + 1) * width:.1f}",
                f"{count:,.0f}",
                f"{total / count:.3f}",
                f"{hits / count:.3f}",
            )
            for i, (count, total, hits) in enumerate(bins)
            if count
        ],
    )


def _set(answer: HeldOut) -> str:
    return answer.page.partition("/")[0]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---", *(["---:"] * (len(head) - 1))], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
