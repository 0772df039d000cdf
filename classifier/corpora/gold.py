"""A page of a public set with the article text that people found in it: what every reader of a set yields."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from classifier.files import read_page

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME: Final = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


class CorpusError(ValueError):
    """A set that can't be read; the message names the file and says what was expected of it."""


@dataclass(frozen=True, slots=True)
class GoldPage:
    """A page and its true article text.

    Attributes:
        name: the page's id, ``SET/KEY``.
        html: the page as it was fetched.
        text: the article's text.
        url: the address of the page, where the set knows it.
        labelled: the page as labelled HTML, where the set has one made by hand.

    Raises:
        CorpusError: the id is of another form (files are named after it), or the text or the address is no text.
    """

    name: str
    html: bytes
    text: str
    url: str | None = None
    labelled: bytes | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise CorpusError(f"{self.name!r} is no id of a page: SET/KEY, of letters, digits, '.', '_' and '-'")
        if not isinstance(self.text, str):
            raise CorpusError(f"{self.name}: its article text is {json.dumps(self.text)}, which is no text")
        if not isinstance(self.url, str | None):
            raise CorpusError(f"{self.name}: its address is {json.dumps(self.url)}, which is no text")


def read_json(file: Path) -> Any:
    """Read a JSON file of a set.

    Raises:
        CorpusError: it is not there, or not JSON.
    """
    try:
        return json.loads(file.read_bytes())
    except FileNotFoundError as error:
        raise CorpusError(f"{file}: no such file; is this a clone of that set, and complete?") from error
    except (OSError, ValueError) as error:
        raise CorpusError(f"{file}: can't read it ({error})") from error


def read_html(file: Path) -> bytes:
    """Read a page of a set, gzipped (``.gz``) or plain.

    Raises:
        CorpusError: it is not there, or damaged.
    """
    try:
        return read_page(file)
    except FileNotFoundError as error:
        raise CorpusError(f"{file}: no such file, though the set's list names it; is the clone complete?") from error
    except OSError as error:
        raise CorpusError(f"{file}: can't read it ({error.strerror})") from error


def read_article_bodies(entries: Path, pages: Path, suffix: str, name: str) -> Iterator[GoldPage]:
    """Read a set whose one JSON file maps the key of each page to its ``articleBody`` and ``url``.

    Args:
        entries: that file.
        pages: the folder of the pages.
        suffix: what follows the key in the name of a page's file.
        name: the name of the set.

    Raises:
        CorpusError: a file is missing, damaged, or of another shape.
    """
    found = read_json(entries)
    try:
        rows = sorted((key, entry["articleBody"], entry.get("url")) for key, entry in found.items())
    except (AttributeError, KeyError, TypeError) as error:
        raise CorpusError(f'{entries}: not an object of objects with "articleBody"') from error
    for key, text, url in rows:
        yield GoldPage(f"{name}/{key}", read_html(pages / f"{key}{suffix}"), text, url)
