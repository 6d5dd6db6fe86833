"""One rule for the cost of every schedule: by the model's own response, not by a line in its place."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models.estimate import estimate
from nowake.models.impact import (
    Almgren2005,
    Impact,
    Kyle,
    Linear,
    Logarithmic,
    ObizhaevaWang,
    PowerLaw,
    Saturating,
    SquareRoot,
    TwoPart,
)
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import Loaded, PowerLawSchedule, Schedule, cost_of, frontier, twap

MARKET = MarketState.given(
    price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4, shares_outstanding=1e8, trade_size=200
)
LINEAR = Linear.from_market(MARKET)
ORDER = order(60_000, end_s=DAY_SECONDS // 2)
NOON = DAY_SECONDS // 2 * SECOND
CURVE = VolumeCurve(edges_ns=(0, NOON // 2, NOON, 2 * NOON), shares=(0.4, 0.2, 0.4))
MODELS: list[Impact] = [
    SquareRoot(),
    SquareRoot(relaxed=0.3),
    Almgren2005(),
    Logarithmic(a=1.0, b=100.0),
    Saturating(a=1.0, b=0.1),
    TwoPart(alpha=1.0, beta=0.6, gamma=0.3),
    Kyle(kyle_lambda=1e-6),
    ObizhaevaWang(permanent=0.3, transient=1.0, resilience=10.0),
]


def schedule(times_ns: tuple[int, ...], lots: tuple[int, ...]) -> Schedule:
    return Schedule(name="x", order=ORDER, times_ns=times_ns, lots=lots)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_even_schedule_costs_what_the_estimate_says_of_the_order(model: Impact) -> None:
    cost, found = cost_of(twap(ORDER, n=10), MARKET, model), estimate(ORDER, MARKET, model)
    assert cost.expected_cost_bps == pytest.approx(found.expected_bps, rel=1e-6)
    assert sum(cost.cost_parts.values()) == pytest.approx(cost.expected_cost_bps)
    assert set(cost.cost_parts) == {"spread", "temporary", "permanent"}


def test_cost_under_the_law_of_2005_is_the_law_written_out_bucket_by_bucket() -> None:
    plan = Loaded(2.0, n=5).plan(ORDER)
    n = np.array(plan.lots, dtype=float)
    # Each bucket is a tenth of a session, in which the market trades 200,000; permanent by turnover.
    temporary = 0.142 * 0.02 * 1e4 * float((n * (n / 2e5) ** 0.6).sum()) / 60_000
    permanent = 0.314 * 0.02 * 1e4 * 60_000 / 2e6 * (1e8 / 2e6) ** 0.25 / 2
    assert cost_of(plan, MARKET, Almgren2005()).cost_parts == pytest.approx(
        {"spread": 2.0, "temporary": temporary, "permanent": permanent}
    )


def test_cost_under_decay_depends_on_what_was_traded_before() -> None:
    model = ObizhaevaWang(permanent=0.0, transient=1.0, resilience=10.0)
    apart = schedule((0, NOON // 10, NOON * 9 // 10, NOON), (30_000, 0, 30_000))
    together = schedule((0, NOON // 10, NOON // 5, NOON), (30_000, 30_000, 0))
    assert cost_of(apart, MARKET, model).expected_cost_bps < cost_of(together, MARKET, model).expected_cost_bps
    # By simulation: a tenth of half a session at a constant rate, displacement forgotten at 10 a session.
    steps, days = 200_000, 0.05
    dt, level, paid = days / steps, 0.0, 0.0
    push = 1e4 * 0.02 / 2e6 * 30_000 / steps
    for block in range(2):
        for _ in range(steps):
            paid += (level + push / 2) * (1 / steps)
            level = (level + push) * math.exp(-10 * dt)
        level *= math.exp(-10 * 0.4) if block == 0 else 1
    assert cost_of(apart, MARKET, model).cost_parts["temporary"] == pytest.approx(paid / 2, rel=1e-3)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_cutting_a_bucket_in_two_changes_no_cost(model: Impact) -> None:
    # Of a line it does: equation 8 leaves out the own permanent move of a bucket.
    whole = schedule((0, NOON // 2, NOON), (40_000, 20_000))
    halves = schedule((0, NOON // 4, NOON // 2, NOON), (20_000, 20_000, 20_000))
    assert cost_of(halves, MARKET, model)[0] == pytest.approx(cost_of(whole, MARKET, model)[0], rel=1e-6)


def test_quiet_bucket_of_a_curve_may_be_passed_over() -> None:
    quiet = VolumeCurve(edges_ns=(0, NOON // 2, NOON, 2 * NOON), shares=(0.6, 0.0, 0.4))
    passed = schedule((0, NOON // 2, NOON), (60_000, 0))
    at_once = schedule((0, NOON // 2), (60_000,))
    for model in (LINEAR, SquareRoot(), Almgren2005()):
        assert cost_of(passed, MARKET, model, curve=quiet) == cost_of(at_once, MARKET, model, curve=quiet)


@pytest.mark.parametrize("model", [LINEAR, *MODELS], ids=lambda model: model.name)
def test_sale_costs_what_a_purchase_does(model: Impact) -> None:
    buy = Loaded(1.0, n=5).plan(ORDER)
    sale = msgspec.structs.replace(buy, order=msgspec.structs.replace(ORDER, side=Side.SELL))
    assert cost_of(buy, MARKET, model) == cost_of(sale, MARKET, model)


@pytest.mark.parametrize("model", [LINEAR, SquareRoot(), Almgren2005()], ids=lambda model: model.name)
def test_trading_back_pays_spread_and_impact_for_both_ways(model: Impact) -> None:
    straight = schedule((0, NOON // 2, NOON), (30_000, 30_000))
    back = schedule((0, NOON // 2, NOON), (90_000, -30_000))
    assert cost_of(back, MARKET, model).cost_parts["spread"] == pytest.approx(4.0)
    assert cost_of(back, MARKET, model)[0] > cost_of(straight, MARKET, model)[0] + 2


@pytest.mark.parametrize("model", [Almgren2005(), PowerLaw(exponent=0.6)], ids=lambda model: model.name)
def test_schedule_that_is_over_sooner_is_costed_by_the_law_of_the_whole_window(model: Impact) -> None:
    # Temporary impact by the rate at which it trades, not by a law set anew for a shorter order.
    quick = schedule((0, NOON // 4), (60_000,))
    parts = cost_of(quick, MARKET, model).cost_parts
    even = cost_of(twap(ORDER, n=10), MARKET, model).cost_parts
    assert parts["temporary"] == pytest.approx(4**0.6 * even["temporary"])
    assert parts["permanent"] == pytest.approx(even["permanent"])


def test_temporary_impact_is_paid_on_the_way_back_too() -> None:
    back, even = schedule((0, NOON // 2, NOON), (90_000, -30_000)), twap(ORDER, n=10)
    paid = sum(abs(n) * (abs(n) / 30_000) ** 0.6 for n in back.lots) / 60_000
    parts, once = (cost_of(each, MARKET, Almgren2005()).cost_parts for each in (back, even))
    assert parts["temporary"] == pytest.approx(paid * once["temporary"])
    assert parts["permanent"] == pytest.approx(once["permanent"])


def test_model_that_says_nothing_of_schedules_is_refused() -> None:
    class Bare(Impact, frozen=True, kw_only=True):
        name = "bare"
        version = "1"
        parameters = ()

        def temporary_bps(self, terms):
            return 0.0 * terms.quantity

        def permanent_bps(self, terms):
            return 0.0 * terms.quantity

    with pytest.raises(BadParameter, match="does not write response"):
        cost_of(twap(ORDER), MARKET, Bare())


# The frontier goes by the same rule.


@pytest.mark.parametrize("model", [Almgren2005(), TwoPart(alpha=1.0, beta=0.6, gamma=0.3)], ids=lambda m: m.name)
def test_frontier_of_a_power_law_is_made_of_its_own_best_schedules(model: Impact) -> None:
    points = frontier(ORDER, MARKET, model, n=9, buckets=20)
    assert len(points) == 9
    for point in points[:6]:
        plan = PowerLawSchedule(model, point.risk_aversion, n=20).plan(ORDER, MARKET)
        assert (plan.expected_cost_bps, plan.cost_risk_bps) == pytest.approx(
            (point.expected_cost_bps, point.risk_bps), rel=1e-3
        )
        assert cost_of(plan, MARKET, model)[:2] == pytest.approx((point.expected_cost_bps, point.risk_bps), rel=1e-3)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_frontier_of_any_model_trades_cost_for_risk(model: Impact) -> None:
    points = frontier(ORDER, MARKET, model, n=12, buckets=20)
    assert len(points) >= 3
    assert all(a.risk_bps > b.risk_bps for a, b in itertools.pairwise(points))
    assert all(a.expected_cost_bps < b.expected_cost_bps for a, b in itertools.pairwise(points))


def test_no_simple_schedule_lies_below_the_frontier_of_a_power_law() -> None:
    points = frontier(ORDER, MARKET, Almgren2005(), n=60, buckets=20)
    for urgency in (0.0, 0.5, 1.0, 2.0, 4.0, 8.0):
        cost, risk, _ = cost_of(Loaded(urgency, n=20).plan(ORDER), MARKET, Almgren2005())
        least = min(point.expected_cost_bps for point in points if point.risk_bps <= risk * (1 + 1e-9))
        better = np.interp(risk, [p.risk_bps for p in points[::-1]], [p.expected_cost_bps for p in points[::-1]])
        assert cost >= better * (1 - 2e-3)
        assert least >= better * (1 - 1e-9)
