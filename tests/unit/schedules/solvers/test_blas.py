"""One BLAS thread inside, what was before outside."""

from __future__ import annotations

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from nowake.schedules.solvers.blas import one_thread


def threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_inside_there_is_one_thread_and_outside_what_was() -> None:
    with one_thread():
        pass  # Loads the libraries.
    with threadpool_limits(limits=2, user_api="blas"):
        before = threads()
        with one_thread():
            assert threads() == {1}
        assert threads() == before


def test_threads_come_back_after_an_error() -> None:
    before = threads()
    with pytest.raises(RuntimeError), one_thread():
        raise RuntimeError
    assert threads() == before or not before
