"""What a person reads in a terminal: stored texts made harmless, and output that fits terminals and pipes."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from rich.console import Console
from rich.text import Text

from classifier.terminal import printable

PIPE_WIDTH = 200  # columns of a table that no terminal limits


def plain(value: str, style: str = "") -> Text:
    """Text that rich prints as it is: no markup of its own, no control of the terminal."""
    return Text(printable(value), style=style)


def output() -> Console:
    """The standard output: in colour on a terminal without NO_COLOR, as wide as it needs to be elsewhere."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    console = Console(color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console
