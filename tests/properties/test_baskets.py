"""What holds for any basket: lots sum, limits hold, nothing within them beats the optimum, parts sum to the whole."""

import math

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.schedules.portfolio.desk import two_sided

from nowake.schedules.portfolio import Auction, EvenBasket, Limits, OptimalBasket
from nowake.schedules.solvers import solve

POLICIES = st.builds(
    OptimalBasket,
    risk_aversion=st.sampled_from([0.0, 1e-8, 1e-6, 1e-4]),
    buckets=st.integers(2, 9),
    exponent=st.sampled_from([2.0, 2.0, 1.5]),
    overnight=st.sampled_from([0.0, 0.3]),
    auctions=st.sampled_from([(), (Auction(name="close", at=1.0, volume_share=0.1, impact=0.6),)]),
    limits=st.builds(
        Limits,
        no_reversal=st.booleans(),
        max_participation=st.sampled_from([None, 0.4]),
        dollar_band=st.sampled_from([None, 0.05]),
        sector_band=st.sampled_from([None, 0.1]),
    ),
)


@settings(max_examples=25, deadline=None)
@given(POLICIES, st.integers(1, 6), st.integers(0, 50), st.sampled_from([1.0, 1.5]), st.sampled_from([None, None, 2e5]))
def test_plans_of_any_basket_hold_together(
    policy: OptimalBasket, count: int, seed: int, end_days: float, least: float | None
) -> None:
    basket = two_sided(count, seed=seed, end_days=end_days)
    limits = msgspec.structs.replace(policy.limits, min_child_value=least)
    plan = msgspec.structs.replace(policy, limits=limits).plan(basket)
    assert plan.lots.sum(axis=0).tolist() == [line.lots for line in basket.lines]
    assert math.isclose(plan.risk, plan.risk_by_line.sum(), rel_tol=1e-9, abs_tol=1e-6)
    if policy.limits.no_reversal:
        assert plan.lots.min() >= 0
    if policy.limits.max_participation is not None:
        assert plan.participation.max() <= 0.4 * (1 + 1e-9)
    if least is not None and policy.limits.no_reversal and not any("stay below" in note for note in plan.notes):
        values = np.abs(plan.trades) * basket.worths
        assert (values[values > 0] >= least * (1 - 1e-9)).all()
    assert plan.certificate is not None
    assert plan.certificate.value < 1e-6


@settings(max_examples=25, deadline=None)
@given(POLICIES, st.integers(1, 6), st.integers(0, 50), st.floats(0.01, 1.0))
def test_no_plan_within_the_limits_beats_the_optimum(policy: OptimalBasket, count: int, seed: int, part: float) -> None:
    """Any mixture with the even plan keeps the limits, for they are convex and the even plan keeps them."""
    basket = two_sided(count, seed=seed)
    costs, x = policy.costing(basket), basket.quantities

    def objective(trades: np.ndarray) -> float:
        parts = costs.parts(x, trades).values()
        return sum(float(each.sum()) for each in parts) + policy.risk_aversion * costs.variance(x, trades)

    best = solve(policy.programme(basket)).trades
    even = EvenBasket(buckets=policy.buckets, auctions=policy.auctions).plan(basket).trades
    assert objective(best) <= objective(best + part * (even - best)) * (1 + 1e-6)
