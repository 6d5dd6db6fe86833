"""One thread for linear algebra while a schedule is solved.

Matrices of a schedule are a few hundred wide: a second BLAS thread gains nothing there and, on a machine that is
busy, makes each product wait for a core (500 x 78, simultaneous diagonalisation: 26 ms alone, 2.6 s with two threads
on two busy cores). Finding the libraries takes 0.6 ms and is done once a process; limiting them takes some 8 µs."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from threadpoolctl import ThreadpoolController


def one_thread() -> AbstractContextManager[object]:
    """Limits every BLAS of the process to one thread until it is left, then gives back what was."""
    limiter: AbstractContextManager[object] = _libraries().limit(limits=1, user_api="blas")
    return limiter


@functools.cache
def _libraries() -> ThreadpoolController:
    """What is loaded; scipy brings a BLAS of its own beside numpy's, so it is loaded first."""
    import scipy.linalg  # noqa: F401, PLC0415
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415

    return ThreadpoolController()
