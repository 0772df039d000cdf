"""Model files: skops, which loads arrays and known classes and runs no code from the file."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED

import skops.io

from classifier.decoding import decode
from classifier.errors import ModelError
from classifier.files import whole_file
from classifier.labels import LABELS
from classifier.model import FORMAT, BlockClassifier, as_features

if TYPE_CHECKING:
    from pathlib import Path

_OWN_TYPES: Final = (
    "classifier.confidence.PageConfidence",
    "classifier.evidence.TokenEvidence",
    "classifier.evidence.Vocabulary",
    "classifier.model.BlockClassifier",
    "classifier.network.Network",
)
_TRAIN: Final = "train one with: python -m classifier train training_data --output MODEL.skops"


def save_classifier(classifier: BlockClassifier, path: Path) -> None:
    """Write a fitted classifier to a file.

    Args:
        classifier: the fitted classifier.
        path: the file; it is replaced when the whole is written, and left as it is by a disk that is full.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        skops.io.dump(classifier, file, compression=ZIP_DEFLATED)


def load_classifier(path: Path | None = None) -> BlockClassifier:
    """Load a classifier.

    Args:
        path: the model file; None for the one that is shipped in the package, which is loaded once.

    Returns:
        The fitted classifier.

    Raises:
        ModelError: the file is missing, damaged, not a classifier, or of another version of this package.
    """
    if path is None:
        return _shipped()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: can't read the model file ({error.strerror}); {_TRAIN}") from error
    return _loads(content, str(path))


@cache
def _shipped() -> BlockClassifier:
    file = resources.files("classifier") / "data" / "model.skops"
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(f"the package holds no model (classifier/data/model.skops); {_TRAIN}") from error
    return _loads(content, "the shipped model")


def _loads(content: bytes, name: str) -> BlockClassifier:
    try:
        strange = set(skops.io.get_untrusted_types(data=content)) - set(_OWN_TYPES)
        model = None if strange else skops.io.loads(content, trusted=_OWN_TYPES)
    except Exception as error:  # a damaged archive fails in many ways, and each of them means the same to the user
        raise ModelError(f"{name}: damaged, or not a model file ({type(error).__name__}); {_TRAIN}") from error
    if strange:
        raise ModelError(f"{name}: holds types that a model of this package has not ({', '.join(sorted(strange))})")
    if not isinstance(model, BlockClassifier):
        raise ModelError(f"{name}: holds a {type(model).__name__}, not a BlockClassifier; {_TRAIN}")
    try:
        made_for = model.format_
    except AttributeError as error:
        raise ModelError(f"{name}: the classifier in it is not trained; {_TRAIN}") from error
    if made_for != FORMAT or list(model.classes_) != list(LABELS):
        raise ModelError(f"{name}: of another version (format {made_for}, this package reads {FORMAT}); {_TRAIN}")
    try:
        decode(model, as_features("<p>A page of one block.</p>"))
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise ModelError(f"{name}: of another version (made for other features of a page); {_TRAIN}") from error
    return model
