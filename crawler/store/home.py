"""Where Broadsheet keeps files of its own: the embedded database and the spool."""

from __future__ import annotations

import os
from pathlib import Path

from scrapy.utils.conf import closest_scrapy_cfg


def default_home() -> Path:
    """Where Broadsheet keeps its files: BROADSHEET_HOME, or ``.broadsheet`` in the project's folder."""
    if home := os.environ.get("BROADSHEET_HOME"):
        return Path(home).expanduser()
    config = closest_scrapy_cfg()
    return (Path(config).parent if config else Path.cwd()) / ".broadsheet"
