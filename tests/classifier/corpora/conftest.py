"""A small clone of each public set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.classifier.corpora.clones import CLONES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=CLONES)
def clone(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """The name of a set, and a small clone of it."""
    CLONES[request.param](tmp_path / "clone")
    return request.param, tmp_path / "clone"
