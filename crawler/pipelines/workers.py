"""Processes that read pages beside the crawler's own, so that reading never holds up the network."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    Call = Callable[[], Any]
    Pending = tuple[Call, asyncio.Future[Any]]

P = ParamSpec("P")
T = TypeVar("T")

_BATCH = 8
"""The most calls that a worker is handed at once: few enough to share the work when there is little of it."""


class WorkerError(Exception):
    """The worker died, or was ended for taking too long, twice over the same work."""


class Workers:
    """A pool of processes for functions that may take long, run wild, or die.

    Calls that wait are handed over in batches. A worker that dies takes the pool with it; the pool is then made anew,
    and each call that was under way is made once more in a process apart, so that it cannot harm the others a second
    time.

    Args:
        count: number of processes.
        timeout: seconds of processor time that a call may take before its process is ended.
    """

    def __init__(self, count: int, timeout: int) -> None:
        self._count = count
        self._timeout = timeout
        self._waiting: asyncio.Queue[Pending] = asyncio.Queue()
        self._alone = asyncio.Lock()
        self._pool = self._make(count)
        # Two for each worker: one batch that it works on, and one that is ready for it.
        self._feeders = [asyncio.ensure_future(self._feed()) for _ in range(count * 2)]

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function in a worker.

        Args:
            function: a function of a module.
            args: its arguments; they are pickled.
            kwargs: likewise.

        Raises:
            WorkerError: its process died twice.
            Exception: whatever the function raises.
        """
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((partial(function, *args, **kwargs), future))
        return cast("T", await future)

    async def close(self) -> None:
        """End the processes; calls that have not begun are given up."""
        for feeder in self._feeders:
            feeder.cancel()
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def _feed(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            pool = self._pool
            try:
                await self._hand_over(pool, batch)
            except BrokenProcessPool:
                if self._pool is pool:
                    self._pool = self._make(self._count)
                    pool.shutdown(wait=False)
                await self._try_apart(batch)

    async def _hand_over(self, pool: ProcessPoolExecutor, batch: list[Pending]) -> None:
        try:
            answers = await asyncio.wrap_future(pool.submit(_run, self._timeout, [call for call, _ in batch]))
        except (BrokenProcessPool, asyncio.CancelledError):
            raise
        except Exception as reason:
            # Such as an argument or a result that cannot be pickled.
            answers = [(None, reason)] * len(batch)
        for (_, future), (result, error) in zip(batch, answers, strict=True):
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    async def _try_apart(self, batch: list[Pending]) -> None:
        """Make calls one by one in a process of their own."""
        async with self._alone:
            pool = self._make(1)
            for pending in batch:
                try:
                    await self._hand_over(pool, [pending])
                except BrokenProcessPool:
                    pool.shutdown(wait=False)
                    pool = self._make(1)
                    if not pending[1].done():
                        pending[1].set_exception(WorkerError("the worker died twice"))
            await asyncio.to_thread(pool.shutdown)

    @staticmethod
    def _make(count: int) -> ProcessPoolExecutor:
        # Not forked: a copy of a process with threads and a reactor may stand still for ever.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, mp_context=context, initializer=_start)


def _start() -> None:
    """Prepare a worker: Ctrl-C is the crawler's to handle, and a worker does not outlive it."""
    # There is a worker for each core already: threads of theirs for arithmetic only get into each other's way.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    # There may be as many workers as cores, and the network comes first.
    os.nice(5)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _run(seconds: int, calls: list[Call]) -> list[tuple[Any, Exception | None]]:
    """Make calls, and give the result or the error of each."""
    answers: list[tuple[Any, Exception | None]] = []
    for call in calls:
        # An alarm that nobody handles ends the process, also in the midst of C code that no exception would reach. It
        # goes by the process's own time: where a machine has too much to do, pages are not to blame.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            answers.append((call(), None))
        except Exception as error:
            answers.append((None, error))
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return answers
