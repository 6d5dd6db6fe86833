"""The estimate against the same maths written by hand: formulas in numpy, gradients by scipy."""

from __future__ import annotations

from benchmarks import estimate as bench


def test_every_part_and_doubt_is_what_an_analyst_gets_by_hand() -> None:
    """`check_same` ends the process where they differ; so it would where ours were wrong."""
    bench.check_same(*bench.many(60))


def test_the_cases_of_the_benchmark_do_work() -> None:
    for work, _ in bench.cases(*bench.many(5)).values():
        assert work() is not None
