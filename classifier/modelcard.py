"""The model card: what a trained model is, what it was trained on, how good it is, and where it fails."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import numpy as np
from skops.card import Card

from classifier.evaluation import score, summary
from classifier.files import whole_file
from classifier.labels import BOILERPLATE, LABELS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from classifier.dataset import Dataset
    from classifier.evaluation import Answer
    from classifier.model import BlockClassifier

_TITLE: Final = ": a classifier of page blocks"
_TITLE_BYTES: Final = 1000
_FEW_BLOCKS: Final = 100
_FEW_PAGES: Final = 5
_BAD: Final = 0.2
"""Above this loss a page is called bad (1 - F1 of its article)."""
_USE: Final = """\
Labels every block of a publisher's page as article, ad, disclaimer, teaser or other:

    from pathlib import Path
    from classifier import extract
    from classifier.storage import load_classifier
    page = extract(html, classifier=load_classifier(Path("{name}")))"""
_NO_SCORES: Final = """\
Not measured at its training (`--folds 0`). docs/accuracy.md has the scores of models of this kind on sites that they
had not seen."""
_HOW: Final = """\
Every page was answered by a model that had not seen the page's site: {folds} folds by registered domain, {pages} pages.
The model in the file was trained on all of the pages, so these are the scores of its like, not of itself. The scores by
label are those of the {whole} pages that have all labels."""


def card_of(model: Path) -> Path:
    """The file of a model's card: beside the model, in Markdown."""
    return model.with_suffix(".md")


def is_card(file: Path) -> bool:
    """Whether a file is the card of some model, by its title."""
    with file.open("rb") as content:
        return content.read(_TITLE_BYTES).lstrip().partition(b"\n")[0].rstrip().endswith(_TITLE.encode())


def write_card(
    model: Path,
    classifier: BlockClassifier,
    dataset: Dataset,
    folders: Mapping[Path, float],
    answers: Sequence[Answer],
    folds: int,
) -> Path:
    """Write the card of a model beside it.

    Args:
        model: the model's file.
        classifier: the fitted classifier in it.
        dataset: what it was trained on.
        folders: where these pages lay, and how much those of each folder counted.
        answers: those of the cross-validation; empty where there was none.
        folds: how many folds it had.

    Returns:
        The card's file.
    """
    card = Card(None, model_diagram=False, template=None)
    counts = dataset.counts
    title = f"{model.stem}{_TITLE}"
    card.add(**{title: _USE.format(name=model.name)})
    _add_table(card, f"{title}/The model", _rows(_facts(classifier)))
    languages = Counter(example.language for example in dataset.examples)
    data = {
        "folders": ", ".join(f"{folder.name or folder} (weight {weight:g})" for folder, weight in folders.items()),
        "pages": f"{len(dataset.examples):,}",
        "sites": f"{len(set(dataset.sites)):,}",
        "languages": ", ".join(f"{language} {count}" for language, count in languages.most_common()),
        **{f"blocks: {label}": f"{counts[label]:,}" for label in LABELS},
        "blocks: not article, unsaid which": f"{counts[BOILERPLATE]:,}",
    }
    _add_table(card, f"{title}/Training data", _rows(data), "Labelled HTML.")
    if answers:
        _add_scores(card, f"{title}/Scores", answers, folds)
    else:
        card.add(**{f"{title}/Scores": _NO_SCORES})
    limits = "\n".join(f"- {limit}" for limit in _limits(dataset, answers))
    card.add(**{f"{title}/Limits": limits})
    file = card_of(model)
    with whole_file(file) as output:
        # Names of folders need not be UTF-8.
        output.write(card.render().encode(errors="backslashreplace"))
    return file


def _facts(classifier: BlockClassifier) -> dict[str, str]:
    parameters = ", ".join(f"{name}={value}" for name, value in sorted(classifier.get_params().items()))
    packages = ("scikit-learn", "numpy", "skops")
    return {
        "version": str(classifier.version_),
        "trained": f"{datetime.now(UTC):%Y-%m-%d}",
        "parameters": parameters,
        "made with": ", ".join(f"{package} {version(package)}" for package in packages),
        "licence": "that of the package; the pages that it was trained on keep their own",
    }


def _add_scores(card: Card, section: str, answers: Sequence[Answer], folds: int) -> None:
    scores = score(answers)
    how = _HOW.format(folds=folds, pages=len(answers), whole=sum((page.gold >= 0).any() for page in answers))
    _add_table(card, section, _rows(summary(answers)), how)
    table: dict[str, list[str]] = {"label": list(LABELS)}
    for name, values in (("precision", scores.precision), ("recall", scores.recall), ("F1", scores.f1)):
        table[name] = [f"{value:.3f}" for value in values]
    table["blocks"] = [f"{count:,}" for count in scores.support]
    _add_table(card, f"{section}/By label", table)
    confusion = {"true label": list(LABELS)}
    confusion |= {f"answered {label}": [str(n) for n in scores.confusion[:, i]] for i, label in enumerate(LABELS)}
    _add_table(card, f"{section}/Confusion", confusion)


def _add_table(card: Card, section: str, table: Mapping[str, Sequence[str]], description: str | None = None) -> None:
    card.add_table(description=description, **{section: table})
    # skops takes the whole key for the heading of a table.
    card.select(section).title = section.rpartition("/")[2]


def _limits(dataset: Dataset, answers: Sequence[Answer]) -> list[str]:
    """What the training data and the scores say that the model can't do."""
    limits = [
        "It is made for pages of publishers (news, magazines, blogs); shops, forums and social networks were not seen.",
        "It sees the HTML as fetched: what a script adds later is not there.",
    ]
    counts = dataset.counts
    languages = Counter(example.language for example in dataset.examples)
    if rare := [f"{label} ({counts[label]})" for label in LABELS if counts[label] < _FEW_BLOCKS]:
        limits.append(f"Few blocks to learn from: {', '.join(rare)}.")
    if rare := [f"{name} ({count})" for name, count in languages.items() if count < _FEW_PAGES]:
        limits.append(f"Few pages to learn from in these languages: {', '.join(sorted(rare))}.")
    if answers:
        scores = score(answers)
        if scores.support.any():
            weakest = min(np.flatnonzero(scores.support), key=lambda code: scores.f1[code])
            limits.append(f"It is weakest on {LABELS[weakest]}: F1 {scores.f1[weakest]:.3f}.")
        bad = sum(page.loss > _BAD for page in answers)
        limits.append(
            f"Of {len(answers):,} pages, {bad:,} lost more than {_BAD:.0%} of the article F1;"
            " a low `page.confidence` tells such pages from the rest, so look at these before use."
        )
    return limits


def _rows(facts: dict[str, str]) -> dict[str, list[str]]:
    """A table of two columns without names."""
    return {" ": list(facts), "  ": list(facts.values())}
