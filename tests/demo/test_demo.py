"""`python -m demo` from end to end: real crawls of the served sites into a real MongoDB."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.store import Store
from demo.sites import load_sites

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).parents[2]
ADDRESSES = {article.url for site in load_sites() for article in site.articles}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in ("MONGO_URI", "MONGO_DATABASE")}
    return {**inherited, "BROADSHEET_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200"}


@pytest.fixture
def demo(environment: dict[str, str]) -> str:
    """What a run of the demo prints."""
    run = subprocess.run(
        [sys.executable, "-m", "demo"], cwd=PROJECT, env=environment, text=True, stdout=-1, stderr=-2, check=False
    )
    assert run.returncode == 0, run.stdout
    return run.stdout


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with Store.open(None, home=home) as opened:
        yield opened
