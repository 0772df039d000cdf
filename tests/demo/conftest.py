"""The demo's sites, served while the tests run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from demo.server import SiteServer, running_sites

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def site_server() -> Iterator[SiteServer]:
    with running_sites() as server:
        yield server
