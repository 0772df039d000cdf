"""The commands of `python -m classifier`, one a module; the first line of its docstring is its help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from classifier.commands import corpora, evaluate, label, train
from classifier.commands.failure import CommandError

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping

__all__ = ["COMMANDS", "Command", "CommandError"]


class Command(Protocol):
    """What a module needs to be a command."""

    __doc__: str | None

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the command's own arguments."""

    def run(self, options: Namespace) -> int:
        """Do it, and return the exit status.

        Raises:
            CommandError: what the user gave can't be used.
        """


COMMANDS: Final[Mapping[str, Command]] = {"train": train, "evaluate": evaluate, "label": label, "corpora": corpora}
"""The commands by name."""
