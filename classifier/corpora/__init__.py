"""Public sets of pages with gold text, read in the form in which their projects publish them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from classifier.corpora import bundle, cleaneval, fundus, newspaper4k, scrapinghub, wcxb
from classifier.corpora.bundle import BundleWriter, write_html
from classifier.corpora.gold import CorpusError, GoldPage
from classifier.corpora.labelling import label_page
from classifier.corpora.overlays import Overlay, OverlayError, make_overlay, read_overlays, write_overlays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

__all__ = [
    "READERS",
    "BundleWriter",
    "CorpusError",
    "GoldPage",
    "Overlay",
    "OverlayError",
    "label_page",
    "make_overlay",
    "read_overlays",
    "write_html",
    "write_overlays",
]

READERS: Final[Mapping[str, ModuleType]] = {
    "wcxb": wcxb,
    "newspaper4k": newspaper4k,
    "fundus": fundus,
    "scrapinghub": scrapinghub,
    "cleaneval": cleaneval,
    "bundle": bundle,
}
"""The reader of each set, a module with a function ``read``; its docstring says what the set is and where to get it."""
