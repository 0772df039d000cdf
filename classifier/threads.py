"""One thread a call: keeps the matrix products of a prediction from spreading over all cores."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Final

from threadpoolctl import ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Iterator

_TURN: Final = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Let BLAS use the calling thread alone.

    A page's products are too small to gain from more, and on a busy machine they would wait for the slowest thread.
    """
    # The limit is one of the whole process: of two calls at once, the one that ends last would restore the other's.
    with _TURN, _blas().limit(limits=1):
        yield


@cache
def _blas() -> ThreadpoolController:
    # Looking the libraries up takes milliseconds; NumPy's has been loaded long before.
    return ThreadpoolController().select(user_api="blas")
