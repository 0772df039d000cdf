"""Measures the classifier on sites that it has not seen: five folds by registered domain, and docs/accuracy.md.

    python -m benchmarks.folds CORPUS                    all folds, then docs/accuracy.md
    python -m benchmarks.folds CORPUS --fold 3           one fold alone; the page is written once all are there

CORPUS is a bundle (docs/retraining.md): pages/, gold/ and labelled/. Each fold's model is trained on the labelled pages
of training_data, and on the corpus' pages of the other folds: by their hand-made labels where they have any, in the
corpus or as overlays, else by their gold text. It answers every page of its own fold; the labels are judged on those
pages that the corpus itself has labelled, and the page says how many these are. The models and answers stay in
build/folds, where benchmarks.extractors takes them from. The last part measures a model of training_data alone on the
whole corpus.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sklearn.model_selection import GroupKFold

from benchmarks.accuracy import ACCURACY, write_accuracy
from benchmarks.scores import Judgement, TextScore, judge_blocks, macro_f1, score_labels, score_text, summarise
from classifier.blocks import cut
from classifier.commands.corpora import OVERLAYS
from classifier.corpora import READERS, CorpusError, GoldPage, label_page, read_overlays
from classifier.dataset import Example, example_of, fit_examples
from classifier.extraction import extract
from classifier.features import PageFeatures
from classifier.labelled import read_labelled_files
from classifier.labels import LABELS
from classifier.model import BlockClassifier
from classifier.sites import registered_domain
from classifier.storage import save_classifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from classifier.corpora import Overlay
    from classifier.extraction import Page
    from classifier.labelled import LabelledPage

FOLDS: Final = 5
TRAINING: Final = "training_data"
"""The name of the part that is trained on this project's own pages alone."""
BINS: Final = 10
WORK: Final = Path("build/folds")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The answer for a page that the model has not seen.

    Attributes:
        page: its id, ``SET/KEY``.
        confidence: that of the page-level decision, 0..1.
        text: how well its text was extracted.
        by_hand: how well the text of its hand-made labels agrees with the gold text; None where it has no such labels.
        judgements: how well its blocks were labelled; none where it has no hand-made labels.
    """

    page: str
    confidence: float
    text: TextScore
    by_hand: TextScore | None
    judgements: list[Judgement]

    @property
    def loss(self) -> float:
        """How far its text is from the true one: 1 - word F1."""
        return 1 - self.text.word_f1


@dataclass(frozen=True, slots=True)
class Part:
    """What a fold's model answered, or that of training_data alone.

    Attributes:
        name: ``fold-1`` and so on, or `TRAINING`.
        trained_on: how many pages it was trained on.
        answers: for the pages that it had not seen.
        calibration: for each of `BINS` equal bins of probability, over all labels of all hand-labelled blocks: how
            many probabilities, their sum, and how many of these labels were the true one.
    """

    name: str
    trained_on: int
    answers: list[HeldOut]
    calibration: list[tuple[int, float, int]]

    def write(self, folder: Path) -> None:
        """Write it to ``folder/NAME.json``."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.name}.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @property
    def summary(self) -> str:
        """Its scores in a line."""
        texts = [answer.text for answer in self.answers]
        blocks = [judgement for answer in self.answers for judgement in answer.judgements]
        return (
            f"trained on {self.trained_on:,} pages; on unseen sites shingle F1 {summarise(texts).shingle_f1:.3f}"
            f" ({len(texts):,} pages), macro F1 {macro_f1(score_labels(blocks)):.3f} ({len(blocks):,} blocks)"
        )

    @classmethod
    def read(cls, file: Path) -> Part:
        """Read what `write` wrote."""
        row = json.loads(file.read_text(encoding="utf-8"))
        answers = [
            HeldOut(
                answer["page"],
                answer["confidence"],
                TextScore(**answer["text"]),
                TextScore(**answer["by_hand"]) if answer["by_hand"] else None,
                [Judgement(**judgement) for judgement in answer["judgements"]],
            )
            for answer in row["answers"]
        ]
        return cls(row["name"], row["trained_on"], answers, [tuple(values) for values in row["calibration"]])


def main() -> None:
    """Run the folds that are asked for, and write the page when all are there."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.folds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", metavar="CORPUS", type=Path)
    parser.add_argument(
        "--training", metavar="DIR", type=Path, default=Path(TRAINING), help="pages that no fold holds out"
    )
    parser.add_argument(
        "--overlays",
        metavar="DIR",
        type=Path,
        default=OVERLAYS,
        help=f"hand-made labels without text (default: {OVERLAYS})",
    )
    parser.add_argument(
        "--fold", type=int, choices=range(FOLDS + 1), help=f"one of 1 to {FOLDS}; 0 for a model of training_data alone"
    )
    parser.add_argument("--work", metavar="DIR", type=Path, default=WORK, help=f"models and answers (default: {WORK})")
    parser.add_argument("--output", metavar="FILE", type=Path, default=ACCURACY, help=f"the page (default: {ACCURACY})")
    options = parser.parse_args()
    console = Console(highlight=False)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    ) as bar:
        pages = list(READERS["bundle"].read(options.corpus))
        training = bar.track(list(read_labelled_files(options.training)), description=TRAINING)
        own = [example_of(page, cut(page.root)) for page in training]
        overlays = read_overlays(options.overlays)
        corpus = [_corpus_example(page, overlays) for page in bar.track(pages, description="corpus")]
        sites = [registered_domain(page.url or "") or example.site for page, example in zip(pages, corpus, strict=True)]
        splits = list(GroupKFold(FOLDS, shuffle=True, random_state=0).split(sites, groups=sites))
        for fold in [*range(1, FOLDS + 1), 0] if options.fold is None else [options.fold]:
            name = f"fold-{fold}" if fold else TRAINING
            seen, unseen = splits[fold - 1] if fold else (np.zeros(0, np.int64), np.arange(len(pages)))
            examples = own + [corpus[i] for i in seen if len(corpus[i].features)]
            task = bar.add_task(f"{name}: training on {len(examples)} pages", total=None)
            model = fit_examples(BlockClassifier(), examples)
            bar.update(task, total=1, completed=1)
            save_classifier(model, options.work / f"{name}.skops")
            held_out = bar.track([pages[i] for i in unseen], description=f"{name}: measuring")
            part = measure(model, name, len(examples), held_out, overlays)
            part.write(options.work)
            console.print(f"{name}: {part.summary}", soft_wrap=True)
    files = [options.work / f"fold-{fold}.json" for fold in range(1, FOLDS + 1)] + [options.work / f"{TRAINING}.json"]
    if missing := [file.stem for file in files if not file.exists()]:
        console.print(f"{options.output} is written once these are measured as well: {', '.join(missing)}")
        return
    write_accuracy([Part.read(file) for file in files], options.output)
    console.print(f"{options.output}: written")


def measure(
    model: BlockClassifier, name: str, trained_on: int, pages: Iterable[GoldPage], overlays: Mapping[str, Overlay]
) -> Part:
    """Answer pages that a model has not seen, and score the answers.

    Args:
        model: the fitted model.
        name: of the part.
        trained_on: how many pages the model was trained on.
        pages: the pages.
        overlays: hand-made labels of pages that the corpus has not labelled.
    """
    answers: list[HeldOut] = []
    calibration = np.zeros((BINS, 3))
    for page in pages:
        answer = extract(page.html, page.url, model)
        judgements: list[Judgement] = []
        by_hand = None
        if page.labelled is not None or page.name in overlays:
            labelled = label_page(page, overlays.get(page.name))
            by_hand = score_text(page.text, _article(labelled))
        if page.labelled is not None:
            judgements = list(judge_blocks(page.labelled, ((block.text, block.label) for block in answer.blocks)))
            calibration += _calibration(answer, labelled.labels)
        text = score_text(page.text, answer.text)
        answers.append(HeldOut(page.name, answer.confidence, text, by_hand, judgements))
    bins = [(int(count), float(total), int(hits)) for count, total, hits in calibration]
    return Part(name, trained_on, answers, bins)


def _article(page: LabelledPage) -> str:
    texts = zip(cut(page.root).texts, page.labels, strict=True)
    return "\n\n".join(text for text, label in texts if label == LABELS[0])


def _calibration(answer: Page, labels: Sequence[str | None]) -> NDArray[np.float64]:
    known = [(block, label) for block, label in zip(answer.shown, labels, strict=True) if label is not None]
    probability = np.array([[block.probabilities[label] for label in LABELS] for block, _ in known]).reshape(-1)
    true = np.array([[label == name for name in LABELS] for _, label in known]).reshape(-1)
    place = np.minimum(BINS - 1, (probability * BINS).astype(int))
    return np.stack(
        [np.bincount(place, weights, BINS) for weights in (np.ones_like(probability), probability, true)], axis=1
    )


def _corpus_example(page: GoldPage, overlays: Mapping[str, Overlay]) -> Example:
    try:
        labelled = label_page(page, overlays.get(page.name))
    except CorpusError:
        # A page without text: nothing to train on, and an answer that is measured all the same.
        return Example(Path(page.name), page.name, "unknown", [], [], PageFeatures.empty())
    return example_of(labelled, cut(labelled.root), page.url)


if __name__ == "__main__":
    main()
