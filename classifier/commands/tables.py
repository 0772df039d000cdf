"""What the commands show on a terminal: progress, problems of labelled pages, what was read, scores."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from classifier.commands.failure import CommandError
from classifier.dataset import Dataset, read_dataset
from classifier.evaluation import score, summary
from classifier.files import find_pages
from classifier.labels import BOILERPLATE, LABELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from classifier.evaluation import Answer
    from classifier.problems import Problem

_PIPE_WIDTH: Final = 200  # columns


def open_console(stderr: bool = False) -> Console:
    """A console on one of the standard streams; where that is no terminal, tables are as wide as they need to be."""
    # Names of files are no markup.
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console


def progress(terminal: Console) -> Progress:
    """A progress bar that is gone when it is done; only on a terminal."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=terminal,
        transient=True,
        disable=not terminal.is_terminal,
    )


def read_folders(folders: Sequence[Path], terminal: Console) -> Dataset:
    """Read labelled pages with a progress bar.

    Raises:
        CommandError: a folder is not there, or has no pages.
    """
    try:
        paths = find_pages(folders)
    except FileNotFoundError as error:
        raise CommandError(str(error)) from error
    with progress(terminal) as bar:
        return read_dataset(bar.track(paths, description="reading pages"))


def print_problems(problems: Sequence[Problem], terminal: Console) -> None:
    """Print all that is wrong with labelled pages.

    Raises:
        CommandError: some of it must be mended first.
    """
    fatal = sum(problem.fatal for problem in problems)
    for problem in problems:
        style, kind = ("red", "error") if problem.fatal else ("yellow", "warning")
        terminal.print(f"{kind}: {problem.message}", style=style, soft_wrap=True)
    if fatal:
        raise CommandError(f"nothing was done: mend the {f'{fatal} errors' if fatal > 1 else 'error'} above first")


def print_read(dataset: Dataset, console: Console) -> None:
    """Print how many pages, sites and blocks of each label were read."""
    counts = dataset.counts
    table = Table(title="Read", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    row = {"pages": len(dataset.examples), "sites": len(set(dataset.sites))}
    row |= {label: counts[label] for label in LABELS}
    if counts[BOILERPLATE]:
        row["not article"] = counts[BOILERPLATE]
    row["unlabelled"] = sum(len(example.labels) for example in dataset.examples) - counts.total()
    for name in row:
        table.add_column(name, justify="right")
    table.add_row(*(f"{value:,}" for value in row.values()))
    console.print(table)


def print_scores(answers: Sequence[Answer], title: str, console: Console) -> None:
    """Print the scores of some answers."""
    scores = score(answers)
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("label")
    for name in ("precision", "recall", "F1", "blocks"):
        table.add_column(name, justify="right")
    for code, label in enumerate(LABELS):
        if scores.support[code]:
            shares = (scores.precision[code], scores.recall[code], scores.f1[code])
            table.add_row(label, *(f"{share:.3f}" for share in shares), f"{scores.support[code]:,}")
    console.print(table)
    for name, figure in summary(answers).items():
        console.print(f"{name}: {figure}")
