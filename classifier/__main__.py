"""`python -m classifier`: trains, evaluates and uses the classifier from the command line."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

DESCRIPTION = "Labels every block of a publisher's page: article, ad, disclaimer, teaser or other."
EXAMPLES = """\
examples:
  python -m classifier label page.html                                      label a page with the shipped model
  python -m classifier label page.html --html > labelled.html               correct these labels, and train on them
  python -m classifier train training_data mine --output model.skops        train a model
  python -m classifier evaluate model.skops held_out --report report        measure it on pages it has not seen
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what stands behind ``python -m classifier``; None for the process's own.

    Returns:
        The exit status: 0, or 1 where the input can't be used, or 130 after Ctrl-C.

    Raises:
        SystemExit: with status 2, for a mistake in the command line.
    """
    if sys.stdout is None:
        print("python -m classifier: the standard output is closed", file=sys.stderr)
        return 1
    try:
        return _run(arguments)
    except KeyboardInterrupt:
        print("python -m classifier: interrupted", file=sys.stderr)
        return 130


def _run(arguments: Sequence[str] | None) -> int:
    # Here, since scikit-learn takes a second to load, in which Ctrl-C is no error either.
    from classifier.commands import COMMANDS, CommandError
    from classifier.errors import ModelError
    from classifier.labelled import LabelError
    from classifier.terminal import told

    parser = ArgumentParser(
        prog="python -m classifier",
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
    )
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        summary, _, description = (command.__doc__ or "").partition("\n\n")
        summary = summary.partition(": ")[2].rstrip(".")
        command.add_arguments(
            subparsers.add_parser(
                name,
                help=summary,
                description=f"{summary[:1].upper()}{summary[1:]}.\n\n{description}".strip(),
                formatter_class=RawDescriptionHelpFormatter,
            )
        )
    options = parser.parse_args(arguments)
    try:
        status = COMMANDS[options.command].run(options)
        sys.stdout.flush()
        return status
    except (CommandError, LabelError, ModelError) as error:
        print(f"python -m classifier {options.command}: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # What is left in the buffer has no reader: at its exit the interpreter writes it to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f"python -m classifier {options.command}: {told(error)}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
