"""The report of an evaluation: one HTML page that needs nothing else, with page texts always escaped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from classifier.blocks import cut
from classifier.comparison import LEVEL
from classifier.evaluation import score, score_by, summary
from classifier.files import read_page, whole_file
from classifier.labels import BOILERPLATE, LABELS
from classifier.parsing import parse_html
from classifier.report.plots import plot_loss, plot_precision_recall, plot_reliability

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from classifier.comparison import Comparison
    from classifier.evaluation import Answer

_CLIP: Final = 600
"""Characters that are shown of a block."""
_FOLD: Final = 6
"""More right blocks than this in a row are folded away."""


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block of a page in the report.

    Attributes:
        text: its text, clipped.
        clipped: how many characters are not shown.
        label: the answered label.
        probability: of that label.
        expected: the true label where the answer is wrong, else None.
        known: whether the page says what the block is.
    """

    text: str
    clipped: int
    label: str
    probability: float
    expected: str | None
    known: bool


@dataclass(frozen=True, slots=True)
class ShownPage:
    """A page in the report, block by block.

    Attributes:
        answer: the answer for it.
        wrong: how many blocks are wrong.
        runs: its blocks in document order, as runs, each with whether it is folded away.
    """

    answer: Answer
    wrong: int
    runs: list[tuple[bool, list[ShownBlock]]]


def write_report(
    folder: Path,
    answers: Sequence[Answer],
    title: str,
    folders: Sequence[Path],
    comparison: Comparison | None = None,
    names: tuple[str, str] = ("this model", "the other"),
    worst: int = 20,
) -> Path:
    """Write the report.

    Args:
        folder: where ``report.html`` goes; made where it is not there.
        answers: what was answered, for at least one page.
        title: the model's name.
        folders: where the pages lie.
        comparison: with another model.
        names: what to call the two.
        worst: how many pages to show block by block.

    Returns:
        The report's file.
    """
    environment = Environment(
        loader=PackageLoader("classifier.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    by_loss = sorted(answers, key=lambda page: (-page.loss, -_share_wrong(page), str(page.example.path)))
    sites = score_by(answers, lambda page: page.example.site)
    plots = (plot_reliability(answers), plot_precision_recall(answers), plot_loss(answers))
    html = environment.get_template("report.html.jinja").render(
        title=title,
        made=datetime.now(UTC),
        folders=[str(path) for path in folders],
        pages=len(answers),
        sites=len(sites),
        labels=LABELS,
        scores=score(answers),
        summary=summary(answers),
        comparison=comparison,
        verdict=comparison.in_words(*names) if comparison else "",
        level=LEVEL,
        plots=plots,
        languages=score_by(answers, lambda page: page.example.language),
        publishers=dict(sorted(sites.items(), key=lambda item: -item[1][0] * (1 - item[1][1].article_f1))),
        worst=[_show(page) for page in by_loss[:worst]],
    )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "report.html"
    with whole_file(file) as output:
        # Names of pages' files need not be UTF-8.
        output.write(html.encode(errors="backslashreplace"))
    return file


def _share_wrong(page: Answer) -> float:
    gold = page.gold
    return float(((gold != page.codes) & (gold >= 0)).sum() / max(1, (gold >= 0).sum()))


def _show(page: Answer) -> ShownPage:
    blocks = list(_blocks(page))
    runs: list[tuple[bool, list[ShownBlock]]] = []
    for right, group in groupby(blocks, key=lambda block: block.expected is None):
        run = list(group)
        runs.append((right and len(run) > _FOLD, run))
    return ShownPage(page, sum(block.expected is not None for block in blocks), runs)


def _blocks(page: Answer) -> Iterator[ShownBlock]:
    root = parse_html(read_page(page.example.path))
    texts = cut(root).texts if root is not None else []
    for text, code, row, gold in zip(texts, page.codes, page.probabilities, page.example.labels, strict=True):
        label = LABELS[code]
        is_wrong = label == LABELS[0] if gold == BOILERPLATE else gold not in (None, label)
        expected = "not article" if gold == BOILERPLATE else gold
        yield ShownBlock(
            text[:_CLIP],
            max(0, len(text) - _CLIP),
            label,
            float(row[code]),
            expected if is_wrong else None,
            gold is not None,
        )
