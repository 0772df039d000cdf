from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from crawler.pipelines.workers import WorkerError, Workers


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def work_for_ever() -> None:
    while True:
        pass


def die_the_first_time(marker: str) -> str:
    try:
        Path(marker).mkdir()
    except FileExistsError:
        return "alive"
    os.kill(os.getpid(), signal.SIGKILL)
    return "never"


def run(*calls, count: int = 1, timeout: int = 30):
    """Run calls side by side and return their results or errors."""

    async def main():
        workers = Workers(count, timeout)
        try:
            return await asyncio.gather(*(workers.run(*call) for call in calls), return_exceptions=True)
        finally:
            await workers.close()

    return asyncio.run(main())


def test_results_and_errors_come_back():
    results = run((divmod, 7, 2), (divmod, 1, 0))
    assert results[0] == (3, 1)
    assert isinstance(results[1], ZeroDivisionError)


def test_work_over_which_a_worker_dies_is_tried_once_more(tmp_path):
    assert run((die_the_first_time, str(tmp_path / "marker"))) == ["alive"]


def test_work_that_kills_harms_no_other():
    results = run((die,), *[(divmod, number, 1) for number in range(8)])
    assert isinstance(results[0], WorkerError)
    assert results[1:] == [(number, 0) for number in range(8)]


def test_work_that_takes_too_long_is_ended():
    results = run((work_for_ever,), (divmod, 7, 2), timeout=1)
    assert isinstance(results[0], WorkerError)
    assert results[1] == (3, 1)


def test_no_worker_is_left_behind():
    async def main() -> list[int]:
        workers = Workers(2, 30)
        pids = await asyncio.gather(*(workers.run(os.getpid) for _ in range(4)))
        await workers.close()
        return pids

    for pid in set(asyncio.run(main())):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
