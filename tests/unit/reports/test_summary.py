from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.reports import sample

from nowake.domain.fill import Fill
from nowake.reports.summary import ReportedRun, cost_parts, summarise, worst_deviation
from nowake.schedules.schedule import Schedule


def test_no_fills_end_a_whole_order_behind_at_the_plan_s_end() -> None:
    assert (-4_000.0, -1.0, sample.at("11:00")) == worst_deviation(sample.schedule(), ())


def test_the_worst_moment_is_just_before_a_late_fill() -> None:
    fills = (sample.fill("10:30", 2_000), sample.fill("10:59:59", 2_000))
    lots, fraction, time_ns = worst_deviation(sample.schedule(), fills)
    # At 10:30 the plan says 2,000 and the run has 0 until its fill; at 10:59:59 it says 3,998.9 against 2,000.
    assert (pytest.approx(-2_000.0), pytest.approx(-0.5), sample.at("10:30")) == (lots, fraction, time_ns)


def test_trading_everything_at_once_is_ahead_by_almost_all() -> None:
    lots, fraction, time_ns = worst_deviation(sample.schedule(), (sample.fill("10:00", 4_000),))
    assert (4_000.0, 1.0, sample.at("10:00")) == (lots, fraction, time_ns)


def test_a_plan_that_waits_is_held_against_the_run_at_the_bucket_s_edge() -> None:
    plan = sample.schedule((0, 0, 4_000, 0))
    fills = (sample.fill("10:00", 100), sample.fill("10:45", 3_900))
    # Just before 10:45 the plan has all 4,000 and the run only 100.
    assert (-3_900.0, -0.975, sample.at("10:45")) == worst_deviation(plan, fills)


def test_a_fill_after_the_plan_s_end_does_not_hide_that_it_was_late() -> None:
    quarter_hours = (sample.fill("10:15", 1_000), sample.fill("10:30", 1_000), sample.fill("10:45", 1_000))
    late = sample.fill("11:02", 1_000)
    lots, _, time_ns = worst_deviation(sample.schedule(), (late, *quarter_hours))
    assert (-1_000.0, sample.at("10:15")) == (lots, time_ns)  # The earliest of equals.
    lots, _, time_ns = worst_deviation(sample.schedule(), (late, *quarter_hours[:2]))
    assert (-2_000.0, sample.at("11:00")) == (lots, time_ns)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 3_700), st.integers(1, 60)), max_size=25),
    st.lists(st.integers(0, 500), min_size=1, max_size=6).filter(any),
)
def test_no_instant_is_further_from_the_plan_than_the_worst_one(trades: list[tuple[int, int]], lots: list[int]) -> None:
    """Against a slow twin that walks every second and both sides of it."""
    plan = sample.schedule(tuple(lots))
    fills = [_fill(sample.at("10:00") + second * 10**9, size) for second, size in trades]
    worst = worst_deviation(plan, fills)
    slow = max(_distance(plan, fills, sample.at("10:00") + second * 10**9) for second in range(3_701))
    assert abs(worst.lots) >= slow - 1e-6
    # The truth can only exceed the sampled one by what the plan moves in a second.
    assert abs(worst.lots) <= slow + max(lots) * len(lots) / 3_600 + 1e-6


def _fill(time_ns: int, lots: int) -> Fill:
    return msgspec.structs.replace(sample.fill("10:00", lots), venue_ns=time_ns)


def _distance(plan: Schedule, fills: list[Fill], time_ns: int) -> float:
    target = plan.target_lots(time_ns)
    before = sum(fill.lots for fill in fills if fill.venue_ns < time_ns)
    after = sum(fill.lots for fill in fills if fill.venue_ns <= time_ns)
    return max(abs(before - target), abs(after - target))


def test_a_summary_says_what_was_filled_left_and_why() -> None:
    reported = ReportedRun(name="TWAP", record=sample.run(), cost=sample.cost(), schedule=sample.schedule())
    summary = summarise(reported)
    assert (0.875, 500, "price_limit") == (summary.filled, summary.residual_lots, summary.residual_reason)
    assert 5 == summary.children
    assert summary.cost_vwap_bps == pytest.approx(1e4 * (summary.average_price / 220.10 - 1))


def test_a_run_without_a_plan_has_no_deviation() -> None:
    summary = summarise(ReportedRun(name="POV", record=sample.run(), cost=sample.cost()))
    assert summary.worst_deviation is None


def test_parts_of_the_cost_sum_to_the_shortfall_in_money_and_in_basis_points() -> None:
    cost = sample.cost()
    parts = cost_parts(cost)
    assert cost.shortfall == pytest.approx(math.fsum(part[2] for part in parts), rel=1e-9)
    assert cost.shortfall_bps == pytest.approx(math.fsum(part[3] for part in parts), rel=1e-9)
