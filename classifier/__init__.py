"""Labels every block of a publisher's page: article, ad, disclaimer, teaser or other."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from classifier.errors import ModelError
from classifier.labels import LABELS

if TYPE_CHECKING:
    from classifier.extraction import Block, Page, extract
    from classifier.model import BlockClassifier

__all__ = ["LABELS", "Block", "BlockClassifier", "ModelError", "Page", "extract"]

_HOMES: Final = {
    "Block": "classifier.extraction",
    "Page": "classifier.extraction",
    "extract": "classifier.extraction",
    "BlockClassifier": "classifier.model",
}


def __getattr__(name: str) -> Any:
    # On first use (PEP 562): scikit-learn takes a second to load, and programs that only ask for the labels don't wait.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
