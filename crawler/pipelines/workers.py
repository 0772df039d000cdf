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
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")


class WorkerError(Exception):
    """The worker died, or was ended for taking too long, twice over the same work."""


class Workers:
    """A pool of processes for functions that may take long, run wild, or die.

    A worker that dies takes the pool with it; the pool is then made anew, and each function that was under
    way is called once more in a process of its own, so that it cannot harm the others a second time.

    Args:
        count: number of processes.
        timeout: seconds that a call may take before its process is ended.
    """

    def __init__(self, count: int, timeout: int) -> None:
        self._count = count
        self._timeout = timeout
        # Two for each worker: one that it reads, and one that is ready for it.
        self._pending = asyncio.Semaphore(count * 2)
        self._alone = asyncio.Lock()
        self._pool = self._make(count)

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
        async with self._pending:
            pool = self._pool
            try:
                return await self._call(pool, function, *args, **kwargs)
            except BrokenProcessPool:
                if self._pool is pool:
                    self._pool = self._make(self._count)
                    pool.shutdown(wait=False)
        async with self._alone:
            with self._make(1) as pool:
                try:
                    return await self._call(pool, function, *args, **kwargs)
                except BrokenProcessPool:
                    raise WorkerError("the worker died twice") from None

    async def close(self) -> None:
        """End the processes; calls that have not begun are given up."""
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def _call(self, pool: ProcessPoolExecutor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        future = pool.submit(_timed, self._timeout, partial(function, *args, **kwargs))
        return await asyncio.wrap_future(future)

    @staticmethod
    def _make(count: int) -> ProcessPoolExecutor:
        # Not forked: a copy of a process with threads and a reactor may stand still for ever.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(count, mp_context=context, initializer=_start)


def _start() -> None:
    """Prepare a worker: Ctrl-C is the crawler's to handle, and a worker does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _timed(seconds: int, call: Callable[[], T]) -> T:
    # An alarm that nobody handles ends the process, also in the midst of C code that no exception would
    # reach.
    signal.alarm(seconds)
    try:
        return call()
    finally:
        signal.alarm(0)
