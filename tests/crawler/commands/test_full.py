"""Output that goes to a full disk, or to a place that cannot be written, is told in a line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Environment = dict[str, str]


@pytest.mark.parametrize(
    "arguments", [["articles"], ["alerts"], ["publishers"], ["store", "status"], ["schedule", "export", "--as", "cron"]]
)
def test_an_output_that_is_full_is_said_so(environment: Environment, arguments: list[str]) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "scrapy", *arguments]
        done = subprocess.run(command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"scrapy {arguments[0]}: the output: No space left on device\n"


def test_a_folder_for_units_that_is_none_is_said_so(command: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    status, _, err = command("schedule", "export", "--as", "systemd", "--output", str(tmp_path / "file"))
    assert (status, err) == (1, f"scrapy schedule: {tmp_path / 'file'}: File exists\n")
