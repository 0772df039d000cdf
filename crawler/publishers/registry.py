"""Finds the publishers' files and reads one when it is asked for."""

from __future__ import annotations

import difflib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from crawler.publishers.entry import Publisher, PublisherError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable


class Registry:
    """The publishers that the project knows, by the name of their spider.

    A file is read when its publisher is asked for, so that a mistake in one file stops no other publisher.

    Args:
        extra: a folder of further files; an entry there takes the place of a bundled one of the same name.

    Raises:
        PublisherError: ``extra`` is not a folder.
    """

    def __init__(self, extra: str | Path | None = None) -> None:
        self._files: dict[str, Traversable] = dict(_toml_files(files("crawler.publishers")))
        if extra:
            folder = Path(extra)
            if not folder.is_dir():
                raise PublisherError(f"PUBLISHERS_DIR: {folder} is not a folder; make it or unset it.")
            self._files.update(_toml_files(folder))

    def names(self) -> list[str]:
        """Return the names of all publishers, sorted; no file is read."""
        return sorted(self._files)

    def nearest(self, name: str) -> list[str]:
        """Return up to three known names that look like ``name``, the nearest first."""
        return difflib.get_close_matches(name.casefold(), self._files, n=3, cutoff=0.5)

    def load(self, name: str) -> Publisher:
        """Read one publisher.

        Raises:
            KeyError: there is no such publisher; the message gives the nearest names.
            PublisherError: its file has a mistake, or cannot be read.
        """
        if name not in self._files:
            nearest = self.nearest(name)
            hint = f"did you mean {' or '.join(nearest)}?" if nearest else "`scrapy publishers` lists them all."
            raise KeyError(f"no publisher is named {name!r}; {hint}")
        file = self._files[name]
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise PublisherError(f"{file}: not UTF-8 ({error}); save the file as UTF-8.") from None
        except OSError as error:
            raise PublisherError(f"{file}: cannot be read ({error.strerror}); mend or remove it.") from None
        return Publisher.from_toml(name, text, str(file))


def _toml_files(folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    for file in folder.iterdir():
        if file.name.endswith(".toml"):
            yield file.name.removesuffix(".toml"), file
