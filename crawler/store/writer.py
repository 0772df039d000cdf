"""Writing from a crawl: in batches, patiently while the server is away, and to the disk when it does not return."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import pymongo
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from crawler.store.documents import Record
from crawler.store.errors import StoreError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tenacity import RetryCallState

    from crawler.items import Article
    from crawler.store.spool import Segment, Spool
    from crawler.store.store import Store
    from crawler.store.writes import Outcome

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

MAX_PAUSE = 5.0  # seconds between two tries
THREADS = 8


class SpooledError(StoreError):
    """The store is out of reach for good; the article lies in the spool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How to write.

    Attributes:
        batch_size: a batch is written when it has so many articles,
        batch_seconds: or when its first article has waited so long.
        patience: how long a server that is away is waited for (seconds).
        timeout: how long a single try may take (seconds).
    """

    batch_size: int
    batch_seconds: float
    patience: float
    timeout: float


@dataclass(frozen=True, slots=True)
class _Waiting:
    record: Record
    segment: Segment
    result: asyncio.Future[Outcome]


class Writer:
    """Writes a crawl's articles. Belongs to one event loop; to be started, and closed.

    While the server is away, `write` and `call` do not return, so whoever awaits them is held back. When it
    has been away for longer than ``patience``, they raise, and so does every later `write`, at once; what was
    given to it lies in the spool then.

    Args:
        store: where to.
        spool: keeps what is not acknowledged.
        manners: see there.
        is_stopping: tells when the crawl is being stopped, which ends all patience.
        count: called with ``batches`` for each batch and ``held_back`` for each try that failed.
    """

    def __init__(
        self,
        store: Store,
        spool: Spool,
        manners: Manners,
        is_stopping: Callable[[], bool],
        count: Callable[[str], object],
    ) -> None:
        self._store = store
        self._spool = spool
        self._manners = manners
        self._is_stopping = is_stopping
        self._count = count
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._failure: StoreError | None = None
        self._away_since: float | None = None
        # Not asyncio's own: calls that wait for the server would keep its few threads from all other work.
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="store")

    def start(self) -> None:
        """Begin to write what is given to `write`."""
        self._worker = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Write what is still waiting."""
        if self._worker:
            self._queue.put_nowait(None)
            await self._worker
        await asyncio.to_thread(self._threads.shutdown)

    async def write(self, article: Article, keep_page: bool = True) -> Outcome:
        """Write an article.

        Args:
            article: as the pipelines made it.
            keep_page: whether its raw page is to be archived.

        Returns:
            What the write did, which is by now on the disks of a majority of the servers.

        Raises:
            RefusedError: the article is too large, or against the schema.
            SpooledError: the server did not come back; the article lies in the spool.
            StoreError: the spool itself cannot be written.
        """
        record = await asyncio.to_thread(Record.of, article, keep_page)
        segment = await asyncio.to_thread(self._spool.add, record)
        if self._failure:
            raise SpooledError(str(self._failure))
        result: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.put_nowait(_Waiting(record, segment, result))
        return await result

    async def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a method of the store, again and again while the server is away.

        Args:
            function: one that may be called twice.
            args: its arguments.
            kwargs: likewise.

        Raises:
            StoreError: whatever the method raises; an `UnavailableError` only after all patience.
        """

        def bounded() -> T:
            with pymongo.timeout(self._manners.timeout):
                return function(*args, **kwargs)

        async def attempt() -> T:
            if self._failure:
                raise self._failure
            answer = await asyncio.get_running_loop().run_in_executor(self._threads, bounded)
            self._note_return()
            return answer

        retrying = AsyncRetrying(
            retry=retry_if_exception_type(UnavailableError),
            stop=self._is_hopeless,
            wait=wait_random_exponential(multiplier=0.25, max=MAX_PAUSE),
            before_sleep=self._note_absence,
            reraise=True,
        )
        try:
            return await retrying(attempt)
        except UnavailableError as error:
            self._failure = self._failure or error
            raise

    def _is_hopeless(self, state: RetryCallState) -> bool:
        waited = state.seconds_since_start or 0.0
        return waited >= self._manners.patience or self._failure is not None or self._is_stopping()

    def _note_absence(self, state: RetryCallState) -> None:
        self._count("held_back")
        if self._away_since is None:
            self._away_since = time.monotonic()
            error = state.outcome and state.outcome.exception()
            logger.warning("%s. The crawl holds back and tries again for %d s", error, self._manners.patience)

    def _note_return(self) -> None:
        if self._away_since is not None:
            logger.info("MongoDB is back after %.0f s, the crawl goes on", time.monotonic() - self._away_since)
            self._away_since = None

    async def _work(self) -> None:
        """Write batch after batch."""
        while batch := await self._next_batch():
            try:
                await self._write(batch)
            except Exception as error:  # a fault of ours: whoever awaits a result must not wait for ever
                _answer(batch, [error] * len(batch))

    async def _next_batch(self) -> list[_Waiting]:
        """Collect a batch; an empty one at the end."""
        batch: list[_Waiting] = []
        deadline: float | None = None
        while len(batch) < self._manners.batch_size:
            try:
                async with asyncio.timeout_at(deadline):
                    waiting = await self._queue.get()
            except TimeoutError:
                break
            if waiting is None:
                if batch:
                    self._queue.put_nowait(None)
                break
            if deadline is None:
                deadline = asyncio.get_running_loop().time() + self._manners.batch_seconds
            batch.append(waiting)
        return batch

    async def _write(self, batch: list[_Waiting]) -> None:
        try:
            results = await self.call(self._store.write_records, [waiting.record for waiting in batch])
        except StoreError as error:
            self._failure = self._failure or error
            _answer(batch, [SpooledError(str(error))] * len(batch))
            return
        self._count("batches")
        await asyncio.to_thread(self._spool.remove, [waiting.segment for waiting in batch])
        _answer(batch, results)


def _answer(batch: Sequence[_Waiting], results: Sequence[Outcome | Exception]) -> None:
    """Tell those who wait for a batch what became of it."""
    for waiting, result in zip(batch, results, strict=True):
        if waiting.result.done():  # its caller was cancelled
            continue
        if isinstance(result, Exception):
            waiting.result.set_exception(result)
        else:
            waiting.result.set_result(result)
