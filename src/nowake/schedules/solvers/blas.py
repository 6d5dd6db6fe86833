"""One thread for linear algebra while a schedule is solved.

Matrices of a schedule are a few hundred wide: a second BLAS thread gains nothing there and, on a machine that is
busy, makes each product wait for a core (500 x 78, simultaneous diagonalisation: 26 ms alone, 2.6 s with two threads
on two busy cores). Finding the libraries takes 0.6 ms and is done once a process; limiting them and giving back takes
some 5 µs.

The number of threads belongs to the whole process. Solves that overlap in several threads are therefore counted: the
first to come limits, the last to go gives back what was, whichever thread it is in."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager


class _Library(Protocol):
    """What threadpoolctl calls a library controller."""

    num_threads: int

    def set_num_threads(self, num_threads: int) -> object: ...


def one_thread() -> AbstractContextManager[None]:
    """Limits every BLAS of the process to one thread until the last that asked for it is left."""
    return _libraries()


class _Libraries:
    """What is loaded, and how many are inside."""

    def __init__(self) -> None:
        # scipy brings a BLAS of its own beside numpy's, so it is loaded before looking.
        import scipy.linalg  # noqa: F401, PLC0415
        import threadpoolctl  # noqa: PLC0415

        found = threadpoolctl.ThreadpoolController().select(user_api="blas")
        self._found: list[_Library] = found.lib_controllers
        blas = getattr(threadpoolctl, "OpenBLASController", None)
        self._release: Callable[[], None] = getattr(blas, "clear_controlling_thread", lambda: None)
        self._counting = threading.Lock()
        self._inside = 0
        self._before: list[int] = []

    def __enter__(self) -> None:
        with self._counting:
            if not self._inside:
                self._before = [library.num_threads for library in self._found]
                self._set([1] * len(self._found))
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._counting:
            self._inside -= 1
            if not self._inside:
                self._set(self._before)

    def _set(self, numbers: list[int]) -> None:
        for library, number in zip(self._found, numbers, strict=True):
            library.set_num_threads(number)
        # threadpoolctl (3.8) lets only the thread that limited give back; ours may leave first.
        self._release()


@functools.cache
def _libraries() -> _Libraries:
    return _Libraries()
