"""One BLAS thread inside, what was before outside."""

from __future__ import annotations

import threading
from collections.abc import Callable

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


def test_of_solves_that_overlap_the_last_to_go_gives_the_threads_back() -> None:
    """The first leaves while the second is inside: it stays at one thread, and the process does not."""
    first_inside, second_inside, first_gone = (threading.Event() for _ in range(3))
    seen: list[set[int]] = []

    def first() -> None:
        with one_thread():
            first_inside.set()
            assert second_inside.wait(5)
        first_gone.set()

    def second() -> None:
        assert first_inside.wait(5)
        with one_thread():
            second_inside.set()
            assert first_gone.wait(5)
            seen.append(threads())

    with one_thread():
        pass  # Loads the libraries.
    had = threads()
    run(lambda: threadpool_limits(limits=2, user_api="blas"))
    before = threads()
    run(first, second)
    assert seen == [{1}]
    assert threads() == before
    run(lambda: threadpool_limits(limits=max(had), user_api="blas"))


def run(*works: Callable[[], object]) -> None:
    """All at once, each in a thread that is gone afterwards."""
    workers = [threading.Thread(target=work) for work in works]
    for each in workers:
        each.start()
    for each in workers:
        each.join()


def test_many_short_solves_in_threads_leave_what_was() -> None:
    with one_thread():
        pass
    had = threads()
    run(lambda: threadpool_limits(limits=2, user_api="blas"))
    before = threads()

    def solve_often() -> None:
        for _ in range(200):
            with one_thread():
                pass

    run(*[solve_often] * 6)
    assert threads() == before
    run(lambda: threadpool_limits(limits=max(had), user_api="blas"))
