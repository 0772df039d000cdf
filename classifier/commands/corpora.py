"""`python -m classifier corpora`: turn public sets of pages into labelled HTML.

Public sets hold pages and the article text that people found in them. This finds the blocks of each page that the text
consists of and writes the page as labelled HTML to train on: those blocks are article, and the others boilerplate,
which is to say not article. Pages of which the project has hand-made labels (training_data/overlays) get these, with
all five labels. docs/retraining.md leads from the sets to a model.
"""

from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree

from classifier.commands.failure import CommandError
from classifier.commands.tables import open_console, progress
from classifier.corpora import (
    READERS,
    BundleWriter,
    CorpusError,
    GoldPage,
    Overlay,
    OverlayError,
    label_page,
    make_overlay,
    read_overlays,
    write_html,
    write_overlays,
)
from classifier.labelled import LabelError, write_labelled
from classifier.sites import site_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable

    from rich.console import Console

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
        if name != "bundle":
            command.add_argument(
                "--bundle",
                metavar="DIR",
                type=Path,
                help="also write pages, gold texts and hand-made labels as a bundle",
            )
    command = commands.add_parser(
        "overlay",
        help="Write down hand-made labels of a set's pages without their text.",
        description="Write the labels of a bundle's labelled pages as overlays: ids, fingerprints and labels, no text.",
    )
    command.add_argument("clone", metavar="BUNDLE", type=Path, help="a folder with pages/, gold/ and labelled/")
    command.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        required=True,
        help="where SET.jsonl goes; labels of other pages that are there stay",
    )


def run(options: Namespace) -> int:
    """Read the set and write what was asked for."""
    console, terminal = open_console(), open_console(stderr=True)
    try:
        if options.set == "overlay":
            _write_overlays(READERS["bundle"].read(options.clone), options.output, console, terminal)
        else:
            if not options.overlays.is_dir():
                if options.overlays != OVERLAYS:
                    raise CommandError(f"--overlays {options.overlays}: no such folder")
                _warn(f"there is no folder {OVERLAYS} here: no page gets hand-made labels from it", terminal)
            pages = READERS[options.set].read(options.clone)
            bundle = getattr(options, "bundle", None)
            with BundleWriter(bundle) if bundle else nullcontext() as writer:
                _write_pages(pages, read_overlays(options.overlays), options.output, writer, console, terminal)
    except (CorpusError, LabelError) as error:
        raise CommandError(str(error)) from error
    return 0


def _write_pages(
    pages: Iterable[GoldPage],
    overlays: dict[str, Overlay],
    output: Path,
    bundle: BundleWriter | None,
    console: Console,
    terminal: Console,
) -> None:
    blocks: Counter[str | None] = Counter()
    written = by_hand = 0
    with progress(terminal) as bar:
        for page in bar.track(pages, description="labelling pages"):
            try:
                labelled, labelled_by_hand = _label(page, overlays.get(page.name), terminal)
            except CorpusError as error:
                _warn(f"{error}; it gets no labels", terminal)
                if bundle is not None:
                    bundle.add(page)
                continue
            _name_address(labelled, page.url)
            html = write_labelled(labelled.root, labelled.labels).encode()
            write_html(output / f"{page.name}.html.gz", html)
            if bundle is not None:
                bundle.add(replace(page, labelled=html if labelled_by_hand else None))
            blocks.update(labelled.labels)
            written += 1
            by_hand += labelled_by_hand
    if not written:
        raise CommandError("no page could be labelled")
    counts = ", ".join(f"{label or 'left open'} {count:,}" for label, count in blocks.most_common())
    console.print(
        f"{output}: {written:,} pages, {by_hand:,} of them labelled by hand; blocks: {counts}", soft_wrap=True
    )


def _label(page: GoldPage, overlay: Overlay | None, terminal: Console) -> tuple[LabelledPage, bool]:
    """Label a page, and tell whether its labels are made by hand."""
    if overlay is not None:
        try:
            return label_page(page, overlay), True
        except OverlayError as error:
            _warn(f"{error}; its hand-made labels are refused, and its gold text is taken", terminal)
    return label_page(page), page.labelled is not None


def _warn(message: str, terminal: Console) -> None:
    terminal.print(f"warning: {message}", style="yellow", soft_wrap=True)


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
        kept = write_overlays(made, output / f"{name}.jsonl")
        beside = f", beside those of {kept:,} others" if kept else ""
        console.print(f"{output / name}.jsonl: the labels of {len(made):,} pages{beside}", soft_wrap=True)
