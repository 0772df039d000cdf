"""`python -m classifier label`: label the blocks of one page.

Prints one JSON object a line for each block, in document order: label, text, xpath, tag, probabilities. With --html it
prints the page as labelled HTML, which can be corrected by hand and trained on (docs/labelling.md).
"""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.commands.failure import CommandError
from classifier.extraction import Page, extract_tree
from classifier.files import read_page
from classifier.labelled import write_labelled
from classifier.parsing import MAX_BYTES, parse_html
from classifier.storage import load_classifier
from classifier.terminal import json_line

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace


def add_arguments(parser: ArgumentParser) -> None:
    """Add the page, the format and the model."""
    parser.add_argument("page", metavar="PAGE.html", help="the page's HTML, also gzipped; - reads the standard input")
    parser.add_argument("--html", action="store_true", help="print labelled HTML instead of JSON lines")
    parser.add_argument(
        "--model", type=Path, metavar="MODEL", help="a model file (default: the one shipped with the package)"
    )


def run(options: Namespace) -> int:
    """Print the page's blocks, or the page with its labels."""
    classifier = load_classifier(options.model)
    root = parse_html(_read(options.page))
    page = Page("", [], 0.0) if root is None else extract_tree(root, classifier=classifier)
    if root is None or not page.blocks:
        raise CommandError(f"{options.page}: there is no text in this page, or it is nested too deep")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    if options.html:
        # What a page keeps in its JSON alone has no element to label.
        print(write_labelled(root, [block.label for block in page.shown]))
    else:
        _print_blocks(page)
    return 0


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read(MAX_BYTES)
    try:
        return read_page(Path(name))
    except OSError as error:
        raise CommandError(f"{name}: can't read it ({error.strerror})") from error


def _print_blocks(page: Page) -> None:
    for block in page.blocks:
        line = {
            "label": block.label,
            "text": block.text,
            "xpath": block.xpath,
            "tag": block.tag,
            "probabilities": {label: round(p, 4) for label, p in block.probabilities.items()},
        }
        print(json_line(line))
