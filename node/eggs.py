"""Where scrapyd keeps the eggs, by project and version."""

from __future__ import annotations

import re

from scrapyd.eggstorage import FilesystemEggStorage
from scrapyd.exceptions import DirectoryTraversalError

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")


class EggStorage(FilesystemEggStorage):  # type: ignore[misc]
    """scrapyd's, without projects that have no name.

    To scrapyd an empty one stands for the folder of all projects, which a script whose variable is not set would
    delete.
    """

    def _get_path(self, project: str, *trusted: str) -> str:
        if not _NAME.fullmatch(project):
            raise DirectoryTraversalError(project)
        path: str = super()._get_path(project, *trusted)
        return path
