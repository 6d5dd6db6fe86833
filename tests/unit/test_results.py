"""What the verbs return prints as a small table, tabulates and draws itself."""

from __future__ import annotations

import pytest

import nowake as nw
from nowake import algos, schedules
from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder


@pytest.fixture(scope="module")
def order(generated_day: Day) -> ParentOrder:
    return nw.ParentOrder.buy(generated_day.instrument, 2_000, start="10:00", end="11:00")


def test_every_result_prints_small_tabulates_and_draws(generated_day: Day, order: ParentOrder) -> None:
    plan = nw.plan(order, generated_day, schedules.Twap())
    run = nw.simulate(algos.Follow(plan), generated_day, seed=7)
    for result in (nw.estimate(order, generated_day), plan, run, nw.report(run), nw.report([run, run])):
        assert repr(result) == str(result)
        assert len(str(result)) < 6_000
        assert len(result.to_frame()) > 0
        assert result.plot().svg.startswith("<svg")


def test_a_frame_of_a_plan_and_of_a_run_adds_up_to_the_order(generated_day: Day, order: ParentOrder) -> None:
    plan = nw.plan(order, generated_day, schedules.Twap(n=7))
    run = nw.simulate(plan.follow(), generated_day, seed=7)
    assert plan.to_frame()["lots"].sum() == 2_000
    assert plan.to_frame()["done_lots"][-1] == 2_000
    assert run.to_frame()["lots"].sum() + run.residual_lots == 2_000


def test_a_mistake_in_python_names_itself(generated_day: Day, order: ParentOrder) -> None:
    plan = nw.plan(order, generated_day, schedules.Twap())
    other = nw.ParentOrder.buy(nw.load_day("generated", "2026-01-06").instrument, 5, start="10:00", end="11:00")
    mistakes = {
        "ParentOrder is not an algorithm; try algos.Twap": lambda: nw.simulate(order, generated_day),  # type: ignore[arg-type]
        "Plan is not an algorithm; follow it with": lambda: nw.simulate(plan, generated_day),  # type: ignore[arg-type]
        "seed 'x' must be a whole number": lambda: nw.simulate(algos.Twap(order), generated_day, seed="x"),  # type: ignore[arg-type]
        "Day is not an impact model": lambda: nw.estimate(order, generated_day, generated_day),  # type: ignore[arg-type]
        "the list has no order": lambda: nw.estimate([], generated_day),
        "the order is for GEN on 2026-01-06, the day is GEN": lambda: nw.estimate(other, generated_day),
        "benchmark 'noon' is not known": lambda: nw.report(
            nw.simulate(algos.Twap(order), generated_day), benchmarks="noon"
        ),
    }
    for message, mistake in mistakes.items():
        with pytest.raises(BadParameter, match=message):
            mistake()
