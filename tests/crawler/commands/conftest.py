"""Commands run in this process, against this test's store."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.cmdline import execute
from scrapy.utils.project import get_project_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from crawler.store import Store

    Environment = dict[str, str]


@pytest.fixture
def environment(mongo_uri: str, database: Database[dict[str, Any]], store: Store) -> Environment:
    """The environment in which commands find this test's store."""
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    return {**kept, "MONGO_URI": mongo_uri, "MONGO_DATABASE": database.name, "TERM": "xterm-256color"}


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], environment: Environment
) -> Callable[..., tuple[int, str, str]]:
    """A function that runs a command of Scrapy's: exit status, output and errors."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "120")

    def run_here(*arguments: str) -> tuple[int, str, str]:
        settings = get_project_settings()
        for name in ("MONGO_URI", "MONGO_DATABASE"):
            settings.set(name, environment[name], priority="cmdline")
        with pytest.raises(SystemExit) as left:
            execute(["scrapy", *arguments], settings)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(left.value.code or 0), printed.out, printed.err

    return run_here
