"""Files: finds pages in folders, reads them, gzipped or not, and writes files that are whole or not there."""

from __future__ import annotations

import errno
import gzip
import os
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from classifier.parsing import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_GZIP: Final = b"\x1f\x8b"
_SUFFIXES: Final = (".html", ".htm", ".html.gz", ".htm.gz")


def find_pages(folders: Iterable[Path]) -> list[Path]:
    """List the pages under some folders, each once.

    Args:
        folders: searched at any depth for ``.html`` and ``.htm``, also gzipped; or such files themselves.

    Raises:
        FileNotFoundError: there is no such folder, or no page in it.
    """
    pages: dict[Path, Path] = {}
    for folder in folders:
        if not folder.exists():
            raise FileNotFoundError(f"{folder}: no such file or folder")
        files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
        found = [file for file in files if file.is_file() and file.name.lower().endswith(_SUFFIXES)]
        if not found:
            raise FileNotFoundError(f"{folder}: there are no pages in it ({', '.join(_SUFFIXES)})")
        for file in found:
            pages.setdefault(file.resolve(), file)
    return list(pages.values())


def read_page(path: Path) -> bytes:
    """Read a page's file, gzipped (by its name or its first bytes) or plain, as far as `parse_html` would read it.

    Raises:
        OSError: it can't be read, or its gzip is damaged.
    """
    if path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            content = file.read(MAX_BYTES)
        if not content.startswith(_GZIP):
            return content
    try:
        with gzip.open(path) as file:
            return file.read(MAX_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(errno.EIO, f"its gzip is damaged: {error}", str(path)) from error


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
