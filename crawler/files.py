"""Files that are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that has its name only when all of it is on the disk.

    A full disk, an error or Ctrl-C leaves what stood under the name before, and nothing beside it.

    Args:
        path: the file. What is no regular file, such as a pipe or a terminal, is written to at once: nothing can be put
            in its place.

    Raises:
        OSError: it cannot be written; where the error names a file, it is this one.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            yield file
        return
    target = path.resolve()  # a link goes on pointing at the file
    part = target.with_name(f".{target.name}.{os.getpid()}.part")  # of two at once, the last to end has its way
    try:
        try:
            file = part.open("wb")
        except OSError as error:
            error.filename = str(path)
            raise
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def told(error: OSError, otherwise: object = "the output") -> str:
    """Say on one line what could not be read or written, and why.

    Args:
        error: what the system said.
        otherwise: what it was where the error names no file: writing does not, only opening does.
    """
    return f"{error.filename or otherwise}: {error.strerror or error}"
