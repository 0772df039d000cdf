"""Labelled pages read for training and measuring: features, labels, sites, and all that is wrong with them."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import py3langid

from classifier.blocks import cut
from classifier.features import PageFeatures, featurize
from classifier.files import read_page
from classifier.hints import read_hints
from classifier.labelled import LabelError, UnknownLabelError, read_labelled
from classifier.parsing import MAX_BYTES
from classifier.problems import Problem, Repeated, find_missing_labels, find_nested_contradictions
from classifier.sites import site_of, site_of_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lxml import etree

    from classifier.blocks import Cut
    from classifier.labelled import LabelledPage
    from classifier.model import BlockClassifier

_CODE: Final = re.compile(r"\s*([a-z]{2,3})(?![a-z])", re.IGNORECASE)
_MIN_IDENTIFIABLE: Final = 200
"""Below this the language of a text is a guess (characters)."""


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled page, without its tree, so that thousands fit in memory.

    Attributes:
        path: the file, or the page's id in a corpus.
        site: the site that it comes from.
        language: an ISO 639 code, or ``unknown``.
        labels: a label for each block; None where the page does not say.
        chars: the characters of each block.
        features: what the model sees of the page.
        weight: how much each of its blocks counts in training.
    """

    path: Path
    site: str
    language: str
    labels: list[str | None]
    chars: list[int]
    features: PageFeatures = field(repr=False)
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Dataset:
    """Labelled pages.

    Attributes:
        examples: the pages that can be used, in the order of their paths.
        problems: what is wrong, with these and with those that can't be used.
    """

    examples: list[Example]
    problems: list[Problem]

    @property
    def sites(self) -> list[str]:
        """The site of each page."""
        return [example.site for example in self.examples]

    @property
    def counts(self) -> Counter[str]:
        """How many blocks have each label."""
        return Counter(label for example in self.examples for label in example.labels if label)


def example_of(page: LabelledPage, blocks: Cut, url: str | None = None) -> Example:
    """Compute what training needs of a labelled page.

    Args:
        page: the page.
        blocks: the page, cut.
        url: its address, where it is known.
    """
    return Example(
        Path(page.name),
        site_of(page.root, page.name),
        _language(page.root, blocks.texts),
        page.labels,
        [len(text) for text in blocks.texts],
        featurize(blocks, read_hints(page.root, url)),
    )


def fit_examples(classifier: BlockClassifier, examples: Sequence[Example]) -> BlockClassifier:
    """Train a classifier on labelled pages.

    Args:
        classifier: the classifier; it is fitted.
        examples: the pages.

    Returns:
        The classifier itself.

    Raises:
        ValueError: as `BlockClassifier.fit`.
    """
    return classifier.fit(
        [example.features for example in examples],
        [example.labels for example in examples],
        [example.site for example in examples],
        [example.weight for example in examples],
    )


def weigh(dataset: Dataset, weights: Mapping[Path, float]) -> Dataset:
    """Let the pages of some folders count more in training than those of others.

    Args:
        dataset: the pages.
        weights: of each folder that the pages were found in, or of a file that was named itself; of folders that lie
            in one another, the innermost counts.
    """
    folders = {folder: folder.resolve() for folder in weights}

    def weight(path: Path) -> float:
        file = path.resolve()
        around = [f for f, real in folders.items() if path.is_relative_to(f) or file.is_relative_to(real)]
        return weights[max(around, key=lambda folder: len(folders[folder].parts))]

    return replace(dataset, examples=[replace(example, weight=weight(example.path)) for example in dataset.examples])


def read_dataset(paths: Iterable[Path]) -> Dataset:
    """Read labelled pages.

    A page that can't be used becomes a problem of the answer instead of an exception, so that all of them can be
    told at once.

    Args:
        paths: the files.
    """
    examples: list[Example] = []
    problems: list[Problem] = []
    repeated = Repeated()
    unread = nameless = 0
    for path in paths:
        try:
            example, found = _read_page(path, repeated)
        except OSError as error:
            problems.append(Problem(f"{path}: can't read it ({error.strerror}); left out"))
            unread += 1
            continue
        problems += found
        if example is not None:
            examples.append(example)
            nameless += example.site == site_of_file(str(path))
    dataset = Dataset(examples, problems + repeated.problems())
    if nameless:
        dataset.problems.append(
            Problem(
                f'{nameless} of {len(examples)} pages don\'t say their address (<link rel="canonical">): each is taken'
                " for a site named as its file"
            )
        )
    if unread and not examples and unread == len(problems):
        dataset.problems.append(Problem("none of these pages could be read", fatal=True))
    elif not any(problem.fatal for problem in problems):
        dataset.problems.extend(find_missing_labels(dataset.counts))
    return dataset


def _read_page(path: Path, repeated: Repeated) -> tuple[Example | None, Sequence[Problem]]:
    name = str(path)
    content = read_page(path)
    try:
        page = read_labelled(content, name)
    except UnknownLabelError as error:
        return None, [Problem(fault, fatal=True) for fault in error.faults]
    except LabelError as error:
        return None, [Problem(f"{error}; left out")]
    if not any(page.labels):
        return None, [Problem(f"{name}: no element with text in it has a data-block-label; left out")]
    blocks = cut(page.root)
    example = example_of(page, blocks)
    repeated.add(blocks, page.labels, name, example.site)
    problems = find_nested_contradictions(blocks, name)
    if len(content) >= MAX_BYTES:
        problems.append(Problem(f"{name}: what lies past its first {MAX_BYTES / 2**20:.0f} MiB is left out"))
    return example, problems


def _language(root: etree._Element, texts: Sequence[str]) -> str:
    declared = next(_declared(root), None)
    if declared is not None:
        return declared.lower()
    text = "\n".join(texts)
    return py3langid.classify(text)[0] if len(text) >= _MIN_IDENTIFIABLE else "unknown"


def _declared(root: etree._Element) -> Iterator[str]:
    for value in (root.get("lang"), root.get("{http://www.w3.org/XML/1998/namespace}lang"), root.get("xml:lang")):
        if found := _CODE.match(value or ""):
            yield found[1]
