"""`python -m classifier corpora`: turn public sets of pages into labelled HTML.

Public sets hold pages and the article text that people found in them. This finds the blocks of each page that the text
consists of and writes the page as labelled HTML to train on: those blocks are article, and the others boilerplate,
which is to say not article. Pages of which the project has hand-made labels (training_data/overlays) get these, with
all five labels. docs/retraining.md leads from the sets to a model.
"""

from __future__ import annotations

import gzip
from argparse import RawDescriptionHelpFormatter
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree
from rich.console import Console

from classifier.commands.failure import CommandError
from classifier.commands.tables import progress
from classifier.corpora import (
    READERS,
    CorpusError,
    GoldPage,
    Overlay,
    OverlayError,
    label_page,
    make_overlay,
    read_overlays,
    write_overlays,
)
from classifier.labelled import LabelError, write_labelled
from classifier.sites import site_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from classifier.labelled import LabelledPage

OVERLAYS: Final = Path("training_data/overlays")


def add_arguments(parser: ArgumentParser) -> None:
    """Add a command for each set, and one that makes overlays."""
    commands = parser.add_subparsers(dest="set", required=True, metavar="SET")
    for name, reader in READERS.items():
        summary, _, layout = (reader.__doc__ or "").partition("\n\n")
        command = commands.add_parser(
            name, help=summary, description=f"{summary}\n\n{layout}", formatter_class=RawDescriptionHelpFormatter
        )
        command.add_argument(
            "clone", metavar="CLONE", type=Path, help="the folder of the set as its project publishes it"
        )
        command.add_argument(
            "--output", metavar="DIR", type=Path, required=True, help="where the labelled pages go: DIR/SET/KEY.html.gz"
        )
        command.add_argument(
            "--overlays",
            metavar="DIR",
            type=Path,
            default=OVERLAYS,
            help=f"hand-made labels without text, SET.jsonl (default: {OVERLAYS}, where it is there)",
        )
    command = commands.add_parser(
        "overlay",
        help="Write down hand-made labels of a set's pages without their text.",
        description="Write the labels of a bundle's labelled pages as overlays: ids, fingerprints and labels, no text.",
    )
    command.add_argument("clone", metavar="BUNDLE", type=Path, help="a folder with pages/, gold/ and labelled/")
    command.add_argument(
        "--output", metavar="DIR", type=Path, default=OVERLAYS, help=f"where SET.jsonl goes (default: {OVERLAYS})"
    )


def run(options: Namespace) -> int:
    """Read the set and write what was asked for."""
    console, terminal = Console(highlight=False), Console(stderr=True, highlight=False)
    try:
        if options.set == "overlay":
            _write_overlays(READERS["bundle"].read(options.clone), options.output, console, terminal)
        else:
            overlays = read_overlays(options.overlays)
            _write_pages(READERS[options.set].read(options.clone), overlays, options.output, console, terminal)
    except (CorpusError, LabelError) as error:
        raise CommandError(str(error)) from error
    return 0


def _write_pages(
    pages: Iterable[GoldPage], overlays: dict[str, Overlay], output: Path, console: Console, terminal: Console
) -> None:
    blocks: Counter[str | None] = Counter()
    written = by_hand = unfit = 0
    with progress(terminal) as bar:
        for page in bar.track(pages, description="labelling pages"):
            overlay = overlays.get(page.name)
            try:
                try:
                    labelled = label_page(page, overlay)
                except OverlayError as error:
                    _warn(f"{error}; its gold text is taken instead", terminal)
                    overlay, unfit = None, unfit + 1
                    labelled = label_page(page)
            except CorpusError as error:
                _warn(f"{error}; left out", terminal)
                continue
            file = output / f"{page.name}.html.gz"
            file.parent.mkdir(parents=True, exist_ok=True)
            _name_address(labelled, page.url)
            html = write_labelled(labelled.root, labelled.labels).encode()
            file.write_bytes(gzip.compress(html, mtime=0))
            blocks.update(labelled.labels)
            written += 1
            by_hand += overlay is not None or page.labelled is not None
    if not written:
        raise CommandError("no page could be labelled")
    if unfit:
        _warn(f"the hand-made labels of {unfit:,} pages do not fit this clone", terminal)
    counts = ", ".join(f"{label or 'left open'} {count:,}" for label, count in blocks.most_common())
    console.print(
        f"{output}: {written:,} pages, {by_hand:,} of them labelled by hand; blocks: {counts}", soft_wrap=True
    )


def _warn(message: str, terminal: Console) -> None:
    terminal.print(f"warning: {message}", style="yellow", markup=False, soft_wrap=True)


def _name_address(page: LabelledPage, url: str | None) -> None:
    """Write the address into a page that does not say it, since training keeps the pages of a site together."""
    head = page.root.find("head")
    if url and head is not None and site_of(page.root, "") == "":
        etree.SubElement(head, "link", rel="canonical", href=url)


def _write_overlays(pages: Iterable[GoldPage], output: Path, console: Console, terminal: Console) -> None:
    overlays: dict[str, list[Overlay]] = {}
    with progress(terminal) as bar:
        for page in bar.track(pages, description="reading labels"):
            if page.labelled is not None:
                overlay = make_overlay(page.name, page.html, page.labelled)
                overlays.setdefault(page.name.partition("/")[0], []).append(overlay)
    if not overlays:
        raise CommandError("no page of this bundle is labelled by hand: there is no labelled/SET/KEY.html.gz")
    for name, made in overlays.items():
        write_overlays(made, output / f"{name}.jsonl")
        console.print(f"{output / name}.jsonl: the labels of {len(made):,} pages", soft_wrap=True)
