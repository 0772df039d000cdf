"""`python -m classifier evaluate`: measure a model on labelled pages.

Prints scores; with --report it also writes them as one HTML page with plots, tables by language and publisher, and the
worst pages block by block. With --against it says whether another model is better or worse, by a paired bootstrap.

Measure on pages of sites that no model was trained on: on others every score is too good.
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from pathlib import Path
from typing import TYPE_CHECKING

from rich import box
from rich.table import Table

from classifier.commands.failure import CommandError
from classifier.commands.tables import open_console, print_problems, print_read, print_scores, progress, read_folders
from classifier.comparison import LEVEL, Comparison, compare
from classifier.evaluation import Answer, answer
from classifier.storage import load_classifier

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from rich.console import Console

    from classifier.dataset import Dataset
    from classifier.model import BlockClassifier


def add_arguments(parser: ArgumentParser) -> None:
    """Add the models, the pages and the report's folder."""
    parser.add_argument("model", metavar="MODEL", type=Path, help="the model file")
    parser.add_argument(
        "folders",
        metavar="LABELLED",
        nargs="+",
        type=Path,
        help="a folder of labelled HTML (.html, .htm, also gzipped)",
    )
    parser.add_argument("--report", metavar="DIR", type=Path, help="write DIR/report.html")
    parser.add_argument("--against", metavar="OTHER", type=Path, help="another model file, to compare with")
    parser.add_argument(
        "--worst", metavar="N", type=_count, default=20, help="pages that the report shows block by block (default: 20)"
    )


def run(options: Namespace) -> int:
    """Read, answer, score, compare, report."""
    console, terminal = open_console(), open_console(stderr=True)
    if options.report:
        _check_report(options.report)
    classifier = load_classifier(options.model)
    other = load_classifier(options.against) if options.against else None
    dataset = read_folders(options.folders, terminal)
    print_problems(dataset.problems, terminal)
    print_read(dataset, console)
    if other is not None and len(dataset.examples) < 2:
        raise CommandError("--against: two models can't be compared on a single page; give two or more")
    answers = _answer(classifier, dataset, options.model.name, terminal)
    print_scores(answers, f"{options.model.name} (version {classifier.version_})", console)
    comparison = None
    if other is not None:
        comparison = compare(answers, _answer(other, dataset, options.against.name, terminal))
        console.print()
        _print_comparison(comparison, options.model, options.against, console)
    if options.report:
        file = _write_report(answers, comparison, options, f"{options.model.name}, version {classifier.version_}")
        console.print(f"\n{file}: the report", soft_wrap=True)
    return 0


def _answer(classifier: BlockClassifier, dataset: Dataset, name: str, terminal: Console) -> list[Answer]:
    with progress(terminal) as bar:
        return [answer(classifier, page) for page in bar.track(dataset.examples, description=f"asking {name}")]


def _check_report(folder: Path) -> None:
    """Find out before the work whether the report can be made."""
    try:
        import classifier.report  # noqa: F401
    except ModuleNotFoundError as error:
        raise CommandError(f"--report needs {error.name}: pip install 'broadsheet[report]'") from error
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"--report {folder}: can't write there (it is a file; name a folder)")


def _write_report(answers: list[Answer], comparison: Comparison | None, options: Namespace, title: str) -> Path:
    from classifier.report import write_report

    names = str(options.model), str(options.against)
    try:
        return write_report(options.report, answers, title, options.folders, comparison, names, options.worst)
    except OSError as error:
        raise CommandError(f"--report {options.report}: can't write there ({error.strerror})") from error


def _count(value: str) -> int:
    if not value.isdecimal():
        raise ArgumentTypeError(f"{value!r} is no number of pages")
    return int(value)


def _print_comparison(comparison: Comparison, first: Path, second: Path, console: Console) -> None:
    table = Table(title=f"{first} against {second}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("score", first.name, second.name, "difference", f"{LEVEL:.0%} interval", ""):
        table.add_column(name, justify="left" if name in ("score", "") else "right")
    for difference in comparison.differences:
        table.add_row(
            difference.name,
            f"{difference.first:.3f}",
            f"{difference.second:.3f}",
            f"{difference.first - difference.second:+.3f}",
            f"{difference.low:+.3f} to {difference.high:+.3f}",
            "real" if difference.is_real else "not told apart",
        )
    console.print(table)
    console.print(comparison.in_words(str(first), str(second)))
