"""Compares this project with other extractors: the same pages, one run, one core; prints a table in Markdown.

    make benchmark                                on training_data, without any other data
    make benchmark ARGS="CORPUS --folds build/folds"
    python -m benchmarks.extractors CORPUS --sets newspaper4k --only "Broadsheet;trafilatura"

CORPUS is a bundle (docs/retraining.md). A model's scores count only on pages that it has not seen, and the shipped
model has seen the whole corpus. With --folds, every page is answered by the model of python -m benchmarks.folds that
has not seen its site; without a corpus, such models are trained on the spot.

Each extractor runs in a process of its own, on one core, and answers one page before the measuring begins. They take
turns, and speeds are of processor time, so that what else the machine does counts little; the scores are those of
benchmarks.scores.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import py3langid
from rich.console import Console
from rich.progress import Progress
from sklearn.model_selection import GroupKFold

from benchmarks.folds import FOLDS, TRAINING
from benchmarks.measuring import Answer, Sample
from benchmarks.peers import BASELINE, LXML, PEERS
from benchmarks.scores import TextScore, score_text, summarise
from classifier.blocks import cut
from classifier.corpora import READERS
from classifier.dataset import example_of, fit_examples
from classifier.labelled import read_labelled_files
from classifier.model import BlockClassifier
from classifier.parsing import parse_html
from classifier.storage import save_classifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_TURN: Final = 16
"""Pages that an extractor answers before it is another's turn: enough to find the processor's caches filled."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of one extractor.

    Attributes:
        scores: of each page, by its id.
        seconds: of processor time for all pages.
        errors: the exceptions that it raised, by page; these count as empty answers.
        peak: the most memory that its process had (MB).
    """

    scores: dict[str, TextScore]
    seconds: float
    errors: dict[str, str]
    peak: float


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.extractors",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("corpus", metavar="CORPUS", nargs="?", type=Path, help=f"without it: {TRAINING}")
    parser.add_argument("--sets", metavar="SET,...", help="some of the corpus' sets")
    parser.add_argument("--pages", metavar="FILE", type=Path, help="the ids of some pages, SET/KEY, one a line")
    parser.add_argument("--only", metavar="NAME;...", help=f"some of: {'; '.join(PEERS)}")
    models = parser.add_mutually_exclusive_group()
    models.add_argument("--model", metavar="FILE", type=Path, help="this project's model (default: the shipped one)")
    models.add_argument("--folds", metavar="DIR", type=Path, help="the models of python -m benchmarks.folds")
    options = parser.parse_args()
    names = [name.strip() for name in options.only.split(";")] if options.only else list(PEERS)
    if unknown := set(names) - PEERS.keys():
        parser.error(f"unknown extractors: {'; '.join(sorted(unknown))}")
    pages = set(options.pages.read_text(encoding="utf-8").split()) if options.pages else None
    sets = set(options.sets.split(",")) if options.sets else None
    with tempfile.TemporaryDirectory() as folder, Progress(console=Console(stderr=True)) as bar:
        if options.corpus is None:
            found = _own_samples(options.model, Path(folder), bar)
        else:
            found = _corpus_samples(options.corpus, options.model, options.folds, bar)
        chosen = [
            (sample, gold)
            for sample, gold in found
            if (pages is None or sample.page in pages) and (sets is None or sample.page.partition("/")[0] in sets)
        ]
        if not chosen:
            parser.error("none of these pages is in the corpus")
        samples, gold = [sample for sample, _ in chosen], {sample.page: text for sample, text in chosen}
        # Pages of one model stand together, since a process holds one model at a time.
        samples.sort(key=lambda sample: (sample.model or "", sample.page))
        given = answers(names, bar.track(samples, description="measuring"))
        measured = {name: measure(its, gold) for name, its in given.items()}
    for name, result in measured.items():
        if result.errors:
            page, error = next(iter(result.errors.items()))
            first = error.partition("\n")[0]
            print(f"{name} failed on {len(result.errors)} pages, first on {page}: {first}", file=sys.stderr)
    print(table(measured, {name: PEERS[name].version for name in measured if PEERS[name].package}))


def answers(names: Sequence[str], samples: Iterable[Sample]) -> dict[str, list[Answer]]:
    """Ask extractors, each in a process of its own.

    They take turns of a few pages, so that a machine that is slower for a while is slower for all of them.

    Args:
        names: of the extractors.
        samples: the pages.

    Returns:
        The answers of each extractor.

    Raises:
        RuntimeError: a process came to a bad end.
    """
    given: dict[str, list[Answer]] = {name: [] for name in names}
    waiting = iter(samples)
    with ExitStack() as stack:
        extractors = {name: stack.enter_context(Extractor(name)) for name in names}
        while turn := list(islice(waiting, _TURN)):
            for name, extractor in extractors.items():
                given[name] += map(extractor.ask, turn)
    return given


class Extractor:
    """An extractor in a process of its own, which ends with the with statement.

    Args:
        name: one of `PEERS`.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed by __exit__)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.measuring", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | _ONE_THREAD,
            encoding="utf-8",
        )

    def ask(self, sample: Sample) -> Answer:
        """Get its answer for a page.

        Raises:
            RuntimeError: the process came to a bad end.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{json.dumps(asdict(sample))}\n")
            self._process.stdin.flush()
        if line := self._process.stdout.readline():
            return Answer(**json.loads(line))
        status = self._process.wait()
        self._errors.seek(0)
        raise RuntimeError(f"{self._name}: the process ended with status {status}\n{self._errors.read()[-2000:]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        with suppress(BrokenPipeError):
            self._process.communicate()
        self._errors.close()


def measure(found: Iterable[Answer], gold: Mapping[str, str]) -> Measured:
    """Score the answers of an extractor.

    Args:
        found: the answers.
        gold: the true text of each page, by its id.
    """
    scores: dict[str, TextScore] = {}
    errors: dict[str, str] = {}
    seconds = peak = 0.0
    for answer in found:
        scores[answer.page] = score_text(gold[answer.page], answer.text)
        seconds += answer.seconds
        if answer.error:
            errors[answer.page] = answer.error
        peak = max(peak, answer.peak)
    return Measured(scores, seconds, errors, peak)


def table(measured: Mapping[str, Measured], versions: Mapping[str, str]) -> str:
    """Write the figures as a table in Markdown.

    Args:
        measured: what came of each extractor, by its name.
        versions: of the extractors that are not this project.
    """
    pages = next(iter(measured.values())).scores
    sets = sorted({page.partition("/")[0] for page in pages})
    base, parse = (measured[name].seconds if name in measured else None for name in (BASELINE, LXML))
    head = ["extractor", *(f"{one}: shingle / word F1" for one in sets)]
    head += ["pages/s", f"speed, x {BASELINE}", "time, x a bare parse", "peak memory", "failed"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name, result in measured.items():
        cells = [f"{name} ({versions[name]})" if name in versions else name]
        for one in sets:
            summary = summarise([score for page, score in result.scores.items() if page.partition("/")[0] == one])
            cells.append("-" if name == LXML else f"{summary.shingle_f1:.3f} / {summary.word_f1:.3f}")
        cells += [f"{len(pages) / result.seconds:.1f}", f"{base / result.seconds:.1f}" if base else "-"]
        cells.append(f"{result.seconds / parse:.1f}" if parse else "-")
        cells += [f"{result.peak:.0f} MB", str(len(result.errors))]
        lines.append(cells)
    counts = ", ".join(f"{sum(page.startswith(f'{one}/') for page in pages)} pages of {one}" for one in sets)
    return "\n".join([f"On {counts}:", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _corpus_samples(
    corpus: Path, model: Path | None, folds: Path | None, bar: Progress
) -> Iterator[tuple[Sample, str]]:
    """The pages of a corpus, with their true text."""
    models: dict[str, str] = {}
    if folds is not None:
        for number in range(1, FOLDS + 1):
            rows = json.loads((folds / f"fold-{number}.json").read_text(encoding="utf-8"))["answers"]
            models |= {row["page"]: str(folds / f"fold-{number}.skops") for row in rows}
    for page in bar.track(list(READERS["bundle"].read(corpus)), description="reading pages"):
        root = parse_html(page.html)
        language = _language([] if root is None else cut(root).texts)
        file = str(corpus / "pages" / f"{page.name}.html.gz")
        own = models[page.name] if models else str(model) if model else None
        yield Sample(page.name, file, page.url, language, own), page.text


def _own_samples(model: Path | None, folder: Path, bar: Progress) -> Iterator[tuple[Sample, str]]:
    """The labelled pages that this project wrote; without a model, one is trained for each without its site."""
    pages = list(read_labelled_files(Path(TRAINING, "pages")))
    models = [str(model) if model else None] * len(pages)
    if model is None:
        examples = [example_of(page, cut(page.root)) for page in pages]
        sites = [example.site for example in examples]
        splits = GroupKFold(FOLDS, shuffle=True, random_state=0).split(sites, groups=sites)
        for number, (seen, unseen) in enumerate(bar.track(splits, FOLDS, description="training without these pages")):
            file = folder / f"{number}.skops"
            save_classifier(fit_examples(BlockClassifier(), [examples[i] for i in seen]), file)
            for i in unseen:
                models[i] = str(file)
    for page, own in zip(pages, models, strict=True):
        texts = cut(page.root).texts
        gold = "\n\n".join(text for text, label in zip(texts, page.labels, strict=True) if label == "article")
        name = f"{TRAINING}/{Path(page.name).parent.name}-{Path(page.name).stem}"
        yield Sample(name, page.name, None, _language(texts), own), gold


def _language(texts: Sequence[str]) -> str:
    language: str = py3langid.classify("\n".join(texts))[0]
    return language


if __name__ == "__main__":
    main()
