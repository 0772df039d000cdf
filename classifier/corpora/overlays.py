"""Label overlays: hand-made labels of public pages without their text, for who has the pages.

An overlay names its page, holds fingerprints of the page's bytes and of its visible text, and the labels as runs of
visible characters (white space not counted), so that it fits however the text is cut into blocks.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import TYPE_CHECKING, Final

from classifier.blocks import cut
from classifier.corpora.gold import CorpusError
from classifier.labelled import LabelledPage, read_labelled
from classifier.labels import LABELS
from classifier.parsing import parse_html

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

_UNLABELLED: Final = ""


class OverlayError(ValueError):
    """An overlay that does not fit its page; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Overlay:
    """The labels of one page.

    Attributes:
        page: the page's id, ``SET/KEY``.
        html: SHA-256 of the page's bytes, in hexadecimal.
        text: SHA-256 of its visible characters without white space, in UTF-8.
        runs: labels and how many of these characters have each, from the first to the last; an empty label where
            nobody said.
    """

    page: str
    html: str
    text: str
    runs: list[tuple[str, int]]

    def apply(self, html: bytes) -> LabelledPage:
        """Label a page.

        Args:
            html: the page as fetched.

        Returns:
            The page; a block takes the label of most of its characters.

        Raises:
            OverlayError: the page is not the one that was labelled, or its text is read otherwise than then.
        """
        if _digest(html) != self.html:
            raise OverlayError(
                f"{self.page}: this is not the page that was labelled (SHA-256 {_digest(html)[:12]}…, expected"
                f" {self.html[:12]}…); take the set at the version that docs/retraining.md names"
            )
        root = parse_html(html)
        texts = [] if root is None else cut(root).texts
        if root is None or _digest(_squeeze(texts).encode()) != self.text:
            raise OverlayError(
                f"{self.page}: this version of the project reads other text in the page than the one that made the"
                " overlay; make it again with: python -m classifier corpora overlay"
            )
        return LabelledPage(self.page, root, _unrun(self.runs, texts))


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
    labels = _carry(read_labelled(labelled, page), texts)
    lengths = [len(_squeeze([text])) for text in texts]
    pairs = zip(labels, lengths, strict=True)
    runs = [
        (label or _UNLABELLED, sum(length for _, length in run)) for label, run in groupby(pairs, lambda pair: pair[0])
    ]
    return Overlay(page, _digest(html), _digest(_squeeze(texts).encode()), runs)


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
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
                runs = [(str(label), int(length)) for label, length in row["runs"]]
                overlay = Overlay(str(row["page"]), str(row["html"]), str(row["text"]), runs)
            except (ValueError, KeyError, TypeError) as error:
                raise CorpusError(f"{file}, line {number}: not an overlay") from error
            if unknown := {label for label, _ in runs} - {*LABELS, _UNLABELLED}:
                raise CorpusError(f"{file}, line {number}: unknown labels {', '.join(sorted(unknown))}")
            overlays[overlay.page] = overlay
    return overlays


def write_overlays(overlays: Iterable[Overlay], file: Path) -> None:
    """Write overlays, one a line."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(asdict(overlay), ensure_ascii=False, separators=(",", ":")) for overlay in overlays)
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _carry(labelled: LabelledPage, texts: Sequence[str]) -> list[str | None]:
    """The labels of a labelled page for the blocks of the page as fetched."""
    own = cut(labelled.root).texts
    if own == texts:
        return labelled.labels
    labels: list[str | None] = [None] * len(texts)
    for start, target, size in SequenceMatcher(None, own, texts, autojunk=False).get_matching_blocks():
        labels[target : target + size] = labelled.labels[start : start + size]
    return labels


def _unrun(runs: Sequence[tuple[str, int]], texts: Sequence[str]) -> list[str | None]:
    characters = (label for label, length in runs for _ in range(length))
    labels: list[str | None] = []
    for text in texts:
        # The text comes first: zip takes no label too many where the text ends.
        votes = Counter(label for _, label in zip(_squeeze([text]), characters, strict=False))
        labels.append((votes.most_common(1)[0][0] or None) if votes else None)
    return labels


def _squeeze(texts: Iterable[str]) -> str:
    return "".join("".join(text.split()) for text in texts)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
