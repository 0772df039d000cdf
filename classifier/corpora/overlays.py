"""Label overlays: hand-made labels of public pages without their text, for who has the pages.

An overlay names its page and holds a fingerprint of its bytes, a short one of each of its blocks, and the labels of
the blocks as runs. The short ones carry the labels over when the project comes to cut pages into other blocks.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING, Final

from classifier.blocks import cut
from classifier.corpora.gold import CorpusError
from classifier.files import whole_file
from classifier.labelled import LabelledPage, read_labelled
from classifier.labels import BOILERPLATE, LABELS
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_UNLABELLED: Final = ""
_DIGITS: Final = 4


class OverlayError(ValueError):
    """An overlay that does not fit its page; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The labels of one page.

    Attributes:
        page: the page's id, ``SET/KEY``.
        html: SHA-256 of the page's bytes, in hexadecimal.
        blocks: four hexadecimal digits of the SHA-256 of each block's characters, white space left out.
        runs: labels and how many blocks in a row have each, from the first block to the last; an empty label where
            nobody said.
    """

    page: str
    html: str
    blocks: str
    runs: list[tuple[str, int]]

    def apply(self, html: bytes) -> LabelledPage:
        """Label a page.

        Args:
            html: the page as fetched.

        Returns:
            The page. Blocks that were not there when the overlay was made have no label.

        Raises:
            OverlayError: the page is not the one that was labelled.
        """
        if hashlib.sha256(html).hexdigest() != self.html:
            raise OverlayError(f"{self.page}: this is not the page that was labelled, byte for byte")
        root = parse_html(html)
        texts = [] if root is None else cut(root).texts
        if root is None or not texts:
            raise OverlayError(f"{self.page}: there is no text in this page any more")
        labels = [label or None for label, length in self.runs for _ in range(length)]
        return LabelledPage(self.page, root, _carry(labels, _split(self.blocks), _split(_fingerprints(texts))))


def make_overlay(page: str, html: bytes, labelled: bytes) -> Overlay:
    """Make the overlay of a page that was labelled by hand.

    Args:
        page: the page's id, ``SET/KEY``.
        html: the page as fetched.
        labelled: the same page as labelled HTML. Where its text differs from the page's, the blocks that both have
            keep their labels, and the others get none.

    Raises:
        LabelError: the labelled page can't be read.
        CorpusError: there is no text in the page as fetched.
    """
    root = parse_html(html)
    texts = [] if root is None else cut(root).texts
    if not texts:
        raise CorpusError(f"{page}: there is no text in this page")
    page_with_labels = read_labelled(labelled, page)
    labels = _carry(page_with_labels.labels, cut(page_with_labels.root).texts, texts)
    runs = [(label or _UNLABELLED, len(list(run))) for label, run in groupby(labels)]
    return Overlay(page, hashlib.sha256(html).hexdigest(), _fingerprints(texts), runs)


def read_overlays(folder: Path) -> dict[str, Overlay]:
    """Read every overlay of a folder.

    Args:
        folder: of ``SET.jsonl`` files, one overlay a line.

    Returns:
        The overlays by page id.

    Raises:
        CorpusError: a line is not an overlay.
    """
    overlays: dict[str, Overlay] = {}
    for file in sorted(folder.glob("*.jsonl")):
        overlays |= _read_file(file)
    return overlays


def write_overlays(overlays: Iterable[Overlay], file: Path) -> int:
    """Write overlays, one a line; those that the file has of other pages stay in it.

    Returns:
        How many stayed.

    Raises:
        CorpusError: a line of the file is not an overlay.
    """
    old = _read_file(file) if file.exists() else {}
    new = {overlay.page: overlay for overlay in overlays}
    file.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(file) as output:
        for overlay in (old | new).values():
            line = json.dumps(asdict(overlay), ensure_ascii=False, separators=(",", ":"))
            output.write(f"{line}\n".encode())
    return len(old.keys() - new.keys())


def _read_file(file: Path) -> dict[str, Overlay]:
    overlays: dict[str, Overlay] = {}
    # As bytes: those of a str would also end at line separators of Unicode, which JSON leaves as they are.
    for number, line in enumerate(file.read_bytes().splitlines(), 1):
        try:
            row = json.loads(line)
            runs = [(str(label), int(length)) for label, length in row["runs"]]
            overlay = Overlay(str(row["page"]), str(row["html"]), str(row["blocks"]), runs)
            if len(overlay.blocks) != _DIGITS * sum(length for _, length in runs):
                raise ValueError("as many labels as blocks are needed")
        except (ValueError, KeyError, TypeError) as error:
            raise CorpusError(f"{file}, line {number}: not an overlay") from error
        if unknown := {label for label, _ in runs} - {*LABELS, BOILERPLATE, _UNLABELLED}:
            raise CorpusError(f"{file}, line {number}: unknown labels {', '.join(sorted(unknown))}")
        overlays[overlay.page] = overlay
    return overlays


def _carry(labels: Sequence[str | None], old: Sequence[str], new: Sequence[str]) -> list[str | None]:
    """Carry labels from the blocks that had them over to the blocks that there are now."""
    carried: list[str | None] = [None] * len(new)
    for start, target, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        carried[target : target + size] = labels[start : start + size]
    return carried


def _fingerprints(texts: Iterable[str]) -> str:
    return "".join(hashlib.sha256("".join(text.split()).encode()).hexdigest()[:_DIGITS] for text in texts)


def _split(fingerprints: str) -> list[str]:
    return [fingerprints[i : i + _DIGITS] for i in range(0, len(fingerprints), _DIGITS)]
