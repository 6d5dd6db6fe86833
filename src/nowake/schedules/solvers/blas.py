"""One thread for linear algebra while a schedule is solved.

Matrices of a schedule are a few hundred wide: a second BLAS thread gains nothing there and, on a machine that is
busy, makes each product wait for a core (500 x 78, simultaneous diagonalisation: 26 ms alone, 2.6 s with two threads
on two busy cores). Finding the libraries takes 0.6 ms and is done once a process; limiting them takes some 8 µs.

The number of threads belongs to the whole process. Solves that overlap in several threads are therefore counted: the
first to come limits, the last to go gives back what was, whichever thread it is in."""

from __future__ import annotations

import functools
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class _Limiter(Protocol):
    def restore_original_limits(self) -> None: ...


def one_thread() -> AbstractContextManager[None]:
    """Limits every BLAS of the process to one thread until the last that asked for it is left."""
    return _libraries()


class _Libraries:
    """What is loaded, and how many are inside. A queue with one key in it is the lock: who holds the key may count."""

    def __init__(self) -> None:
        # scipy brings a BLAS of its own beside numpy's, so it is loaded before looking.
        import scipy.linalg  # noqa: F401, PLC0415
        import threadpoolctl  # noqa: PLC0415

        self._found = threadpoolctl.ThreadpoolController()
        blas = getattr(threadpoolctl, "OpenBLASController", None)
        self._release: Callable[[], None] = getattr(blas, "clear_controlling_thread", lambda: None)
        self._keys: SimpleQueue[None] = SimpleQueue()
        self._keys.put(None)
        self._inside = 0
        self._limiter: _Limiter | None = None

    def __enter__(self) -> None:
        self._keys.get()
        try:
            if not self._inside:
                self._limiter = self._found.limit(limits=1, user_api="blas")
                # threadpoolctl (from 3.7 on) lets only the thread that limited give back; ours may leave first.
                self._release()
            self._inside += 1
        finally:
            self._keys.put(None)

    def __exit__(self, *_: object) -> None:
        self._keys.get()
        try:
            self._inside -= 1
            if not self._inside and self._limiter is not None:
                self._limiter.restore_original_limits()
                self._release()
        finally:
            self._keys.put(None)


@functools.cache
def _libraries() -> _Libraries:
    return _Libraries()
