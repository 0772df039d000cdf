"""`python -m classifier train`: train a classifier on labelled pages.

Reads labelled HTML (docs/labelling.md), trains, writes the model and beside it a model card in Markdown, and reports
how good the model is on sites that it has not seen: by cross-validation, with the sites split into folds.
"""

from __future__ import annotations

import math
import os
from argparse import ArgumentTypeError
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from classifier.commands.failure import CommandError
from classifier.commands.tables import open_console, print_problems, print_read, print_scores, progress, read_folders
from classifier.dataset import fit_examples, weigh
from classifier.evaluation import Answer, cross_validate
from classifier.model import BlockClassifier
from classifier.modelcard import card_of, is_card, write_card
from classifier.storage import save_classifier

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from rich.console import Console

    from classifier.dataset import Dataset

_FEW_SITES: Final = 20


def add_arguments(parser: ArgumentParser) -> None:
    """Add the folders, the model's file and the folds."""
    parser.add_argument(
        "folders", metavar="DIR", nargs="+", type=Path, help="a folder of labelled HTML (.html, .htm, also gzipped)"
    )
    parser.add_argument(
        "--output", metavar="MODEL.skops", type=Path, required=True, help="where the model goes; its card ends in .md"
    )
    parser.add_argument(
        "--weights",
        metavar="W",
        nargs="+",
        type=_weight,
        help="how much the pages of each DIR count, in the order of the DIRs: more where the labels are surer, or the"
        " pages more like those that the model is for (default: 1 each)",
    )
    parser.add_argument(
        "--folds",
        metavar="N",
        type=_folds,
        default=5,
        help="parts into which the sites are split for the report (default: 5; 0 leaves the report out)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=_seed, default=0, help="the same pages and seed give the same model (default: 0)"
    )


def run(options: Namespace) -> int:
    """Read, train, save, report."""
    output: Path = options.output
    if output.suffix != ".skops":
        raise CommandError(f"--output {output}: the name of a model file ends in .skops")
    weights: list[float] = options.weights or [1.0] * len(options.folders)
    if len(weights) != len(options.folders):
        raise CommandError(f"--weights: {len(weights)} for {len(options.folders)} folders; give one for each")
    if len({folder.resolve() for folder in options.folders}) < len(options.folders):
        raise CommandError("the same folder is named twice; name each once, with one weight")
    _check_writable(output)
    console, terminal = open_console(), open_console(stderr=True)
    folders = dict(zip(options.folders, weights, strict=True))
    dataset = weigh(read_folders(options.folders, terminal), folders)
    print_problems(dataset.problems, terminal)
    print_read(dataset, console)
    classifier = BlockClassifier(random_state=options.seed)
    try:
        _fit(classifier, dataset, terminal)
    except ValueError as error:
        raise CommandError(f"nothing was trained: {_explain(error, dataset)}") from error
    except KeyboardInterrupt:
        terminal.print("no model was written")
        raise
    with _writing(output):
        save_classifier(classifier, output)
    console.print(f"{output}: model {classifier.version_}, {output.stat().st_size / 1e6:.1f} MB", soft_wrap=True)
    # Before the long part, so that Ctrl-C leaves no card of an older model beside the new one.
    with _writing(output):
        write_card(output, classifier, dataset, folders, [], 0)
    folds = min(options.folds, len(set(dataset.sites)))
    answers = _cross_validate(classifier, dataset, folds, terminal) if folds else []
    if answers:
        console.print()
        print_scores(answers, f"On sites not seen in training ({folds} folds by site)", console)
    with _writing(output):
        card = write_card(output, classifier, dataset, folders, answers, folds)
    console.print(f"{card}: the model card", soft_wrap=True)
    return 0


def _check_writable(output: Path) -> None:
    """Find out before the work whether its result can be kept, and would replace no file of another kind."""
    folder = next(parent for parent in output.absolute().parents if parent.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK) or output.is_dir():
        raise CommandError(f"--output {output}: can't write there")
    card = card_of(output)
    if card.exists() and not is_card(card):
        raise CommandError(
            f"--output {output}: {card} is no model card, and would be replaced by that of the model;"
            " choose another name for the model"
        )


@contextmanager
def _writing(output: Path) -> Iterator[None]:
    """Say what becomes of the model when the disk is full after all."""
    try:
        yield
    except OSError as error:
        raise CommandError(f"--output {output}: can't write the model and its card ({error.strerror})") from error


def _fit(classifier: BlockClassifier, dataset: Dataset, terminal: Console) -> None:
    with progress(terminal) as bar:
        bar.add_task("training", total=None)
        fit_examples(classifier, dataset.examples)


def _cross_validate(classifier: BlockClassifier, dataset: Dataset, folds: int, terminal: Console) -> list[Answer]:
    answers: list[Answer] = []
    with progress(terminal) as bar:
        task = bar.add_task("cross-validating", total=folds)
        try:
            parts = cross_validate(classifier, dataset.examples, folds, classifier.random_state)
            for done, fold in enumerate(parts, 1):
                answers += fold
                bar.advance(task)
                if not terminal.is_terminal:
                    terminal.print(f"cross-validating: {done} of {folds} folds")
        except ValueError as error:
            why = _explain(error, dataset)
            terminal.print(f"no cross-validated report: {why}", style="yellow", soft_wrap=True)
            return []
        except KeyboardInterrupt:
            terminal.print("the model was written, and its card without scores")
            raise
    return answers


def _explain(error: ValueError, dataset: Dataset) -> str:
    """Say why a classifier could not be trained; where there are few sites, that may be why."""
    sites = len(set(dataset.sites))
    if 1 < sites < _FEW_SITES:
        return f"{error}; the pages come from {sites} sites, which may be too few to learn from: add pages of others"
    return str(error)


def _folds(value: str) -> int:
    if not value.isdecimal() or value == "1":
        raise ArgumentTypeError(f"{value!r} is no number of folds: write 2 or more, or 0 for no report")
    return int(value)


def _weight(value: str) -> float:
    try:
        weight = float(value)
    except ValueError:
        weight = math.nan
    if not 0 < weight < math.inf:
        raise ArgumentTypeError(f"{value!r} is no weight: write a number above 0")
    return weight


def _seed(value: str) -> int:
    # What numpy takes.
    if not value.isdecimal() or int(value) >= 2**32:
        raise ArgumentTypeError(f"{value!r} is no seed: write a whole number from 0 to {2**32 - 1}")
    return int(value)
