"""Files of pages: finds them in folders, and reads them, gzipped or not."""

from __future__ import annotations

import errno
import gzip
import zlib
from typing import TYPE_CHECKING, Final

from classifier.parsing import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

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
    """Read a page's file, gzipped (``.gz``) or plain, as far as `parse_html` would read the page.

    Raises:
        OSError: it can't be read, or its gzip is damaged.
    """
    if path.suffix.lower() != ".gz":
        with path.open("rb") as file:
            return file.read(MAX_BYTES)
    try:
        with gzip.open(path) as file:
            return file.read(MAX_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise OSError(errno.EIO, f"its gzip is damaged: {error}", str(path)) from error
