"""Small labelled pages and a classifier trained on them, shared by the tests of the classifier."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from threadpoolctl import threadpool_limits

from classifier.dataset import Dataset, read_dataset
from classifier.files import find_pages
from classifier.model import BlockClassifier
from classifier.storage import save_classifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRAINING = Path(__file__).parents[2] / "training_data" / "pages"


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads that wait for one another make small matrices slow on a busy machine."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="session")
def dataset() -> Dataset:
    """Labelled pages of this project, few enough to train on in a second."""
    return read_dataset(find_pages([TRAINING / "it", TRAINING / "es"]))


@pytest.fixture(scope="session")
def classifier(dataset: Dataset) -> BlockClassifier:
    """A classifier that has seen these pages."""
    return BlockClassifier(epochs=4, folds=2).fit(
        [example.features for example in dataset.examples],
        [example.labels for example in dataset.examples],
        dataset.sites,
    )


@pytest.fixture(scope="session")
def model(classifier: BlockClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of that classifier."""
    file = tmp_path_factory.mktemp("model") / "model.skops"
    save_classifier(classifier, file)
    return file


@pytest.fixture
def write_pages(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes pages, given as file names and HTML, into a folder and returns it."""

    def write(**pages: str) -> Path:
        folder = tmp_path / "pages"
        folder.mkdir(exist_ok=True)
        for name, html in pages.items():
            (folder / f"{name}.html").write_text(html, encoding="utf-8")
        return folder

    return write
