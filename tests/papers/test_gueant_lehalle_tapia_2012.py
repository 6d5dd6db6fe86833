"""Gueant, Lehalle & Fernandez-Tapia 2012, "Optimal portfolio liquidation with limit orders".

Parameters are those of their figure 1 (in ticks and seconds): six shares, five minutes. The paper shows curves, not
tables of numbers, so the depths are held against routes of their own: the paper's linear system by matrix exponential,
the expected utility of any depths by its own backward equation, a Monte Carlo of fills, and the closed form far from
the end."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.linalg import expm
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.models.fills.intensity import Intensity
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.schedules.adaptive import PostingDepth, Situation
from nowake.statistics.measurement import Measurement

FIGURE_1 = PostingDepth(
    fills_at_mid=0.1,
    decay=0.3,
    volatility=0.3,
    risk_aversion=0.05,
    clip=1,
    most_clips=6,
    end_cost=3.0,
    horizon_days=300.0,
)


def there(left: float, left_days: float, *, horizon: float = 300.0) -> Situation:
    return Situation(
        elapsed_days=max(0.0, horizon - left_days), left_days=left_days, left=left, side=-1, arrival=0.0, price=0.0
    )


def depths(policy: PostingDepth, left_days: float) -> Floats:
    return np.array([policy.depth(there(q * policy.clip, left_days)) for q in range(1, policy.most_clips + 1)])


def by_matrix(policy: PostingDepth, left_days: float) -> Floats:
    """The paper's theorem 1, word for word; only where w fits in a float."""
    k, gamma, q = policy.decay, policy.risk_aversion * policy.clip, np.arange(policy.most_clips + 1)
    alpha, beta = k * gamma * policy.volatility**2 / 2, k * policy.favourable_drift
    eta = policy.fills_at_mid * (1 + gamma / k) ** -(1 + k / gamma)
    matrix = np.diag(-(alpha * q**2 - beta * q)) + np.diag(np.full(policy.most_clips, eta), -1)
    w = expm(matrix * left_days) @ np.exp(-k * q * policy.end_cost)
    return np.asarray(np.log(w[1:] / w[:-1]) / k + math.log(1 + gamma / k) / gamma)


@pytest.mark.parametrize("left_days", [0.0, 1.0, 20.0, 300.0])
@pytest.mark.parametrize("drift", [-0.02, 0.0, 0.01])
def test_depths_are_those_of_the_papers_linear_system(left_days: float, drift: float) -> None:
    policy = msgspec.structs.replace(FIGURE_1, favourable_drift=drift)
    assert depths(policy, left_days) == pytest.approx(by_matrix(policy, left_days), abs=1e-7)


def test_depth_falls_with_what_is_left_and_rises_with_the_time_there_is() -> None:
    table = np.array([depths(FIGURE_1, days) for days in (0.0, 10.0, 60.0, 300.0)])
    assert (np.diff(table[1:], axis=1) < 0).all()
    assert (np.diff(table[1:], axis=0) > 0).all()
    # At the end every depth is that at which a fill is worth as much as the cost of the end.
    assert table[0] == pytest.approx(np.full(6, -3.0 + math.log(1 + 0.05 / 0.3) / 0.05), rel=1e-9)


@pytest.mark.parametrize("drift", [0.0, -1e-4])
def test_far_from_the_end_depths_are_the_closed_form(drift: float) -> None:
    policy = msgspec.structs.replace(FIGURE_1, horizon_days=5e4, favourable_drift=drift)
    closed = [policy.asymptotic_depth(q) for q in range(1, 7)]
    assert depths(policy, 5e4) == pytest.approx(np.array(closed), abs=1e-6)
    for q, depth in enumerate(closed, start=1):
        risk = 0.3 * 0.05 * 0.3**2 / 2 * q**2 - 0.3 * drift * q
        assert depth == pytest.approx(math.log(0.1 / (1 + 0.05 / 0.3) / risk) / 0.3, rel=1e-12)


def utility(policy: PostingDepth, shift: Floats) -> float:
    """ln E[e^(-gamma wealth)] of six clips at depths moved by (6,) amounts, by the backward equation of a policy."""
    gamma, q = policy.risk_aversion, np.arange(7)

    def slope(days: float, u: Floats) -> Floats:
        delta = depths(policy, days) + shift
        fills = policy.fills_at_mid * np.exp(-policy.decay * delta)
        filled = fills * (np.exp(-gamma * delta) * u[:-1] - u[1:])
        return np.asarray(0.5 * (gamma * policy.volatility * q) ** 2 * u + np.concatenate(([0.0], filled)))

    end = np.exp(gamma * policy.end_cost * q)
    return math.log(solve_ivp(slope, (0.0, 300.0), end, rtol=1e-9, atol=1e-12).y[-1, -1])


def test_the_worth_is_the_utility_of_the_depths_and_no_other_depths_have_more() -> None:
    best = utility(FIGURE_1, np.zeros(6))
    assert best == pytest.approx(-0.05 * FIGURE_1.worth(6, 300.0), abs=1e-7)
    for q in range(6):
        for move in (-0.3, 0.3):
            assert utility(FIGURE_1, move * np.eye(6)[q]) > best + 1e-6


def test_a_monte_carlo_of_fills_finds_the_utility_and_the_mean_path() -> None:
    paths, steps = 20_000, 600
    rng, h = np.random.default_rng(7), 300.0 / steps
    left, cash, price = np.full(paths, 6), np.zeros(paths), np.zeros(paths)
    mean = [6.0]
    for k in range(steps):
        delta = np.append(0.0, depths(FIGURE_1, 300.0 - (k + 0.5) * h))[left]
        price += 0.3 * math.sqrt(h) * rng.standard_normal(paths)
        filled = (rng.random(paths) < -np.expm1(-0.1 * np.exp(-0.3 * delta) * h)) & (left > 0)
        cash += filled * (price + delta)
        left = left - filled
        mean.append(float(left.mean()))
    gains = np.exp(-0.05 * (cash + left * (price - 3.0)))
    error = float(gains.std()) / math.sqrt(paths)
    # A step of half a second has its own small error.
    assert float(gains.mean()) == pytest.approx(math.exp(-0.05 * FIGURE_1.worth(6, 300.0)), abs=4 * error + 0.002)
    expected = FIGURE_1.expected_left(6, np.array([0.0, 60.0, 150.0, 300.0]), days=300.0)
    assert expected == pytest.approx(np.array([mean[0], mean[120], mean[300], mean[600]]), abs=0.04)


def test_the_rate_asked_is_the_one_clips_are_filled_at() -> None:
    policy = PostingDepth(
        fills_at_mid=500, decay=20, volatility=1, risk_aversion=1e-5, clip=300, most_clips=40, end_cost=0.1
    )
    now = there(2_000, 0.4, horizon=1.0)
    assert policy.rate(now) == pytest.approx(300 * 500 * math.exp(-20 * policy.depth(now)), rel=1e-12)
    # Where one clip is left, and less than one.
    assert policy.depth(there(300, 0.4)) == policy.depth(there(120, 0.4))
    assert policy.rate(there(120, 0.4)) == pytest.approx(0.4 * policy.rate(there(300, 0.4)), rel=1e-12)
    # What is expected to be left falls at the rate: of one clip, e^-(integral of the rate).
    passed = quad(lambda t: policy.fills_at(policy.depth(there(300, 0.4 - t))), 0, 0.3)[0]
    assert policy.expected_left(300, np.array([0.3]), days=0.4)[0] == pytest.approx(300 * math.exp(-passed), rel=1e-5)


def test_thousands_of_clips_neither_underflow_nor_lose_order() -> None:
    policy = PostingDepth(
        fills_at_mid=5_000, decay=100, volatility=2, risk_aversion=1e-4, clip=100, most_clips=2_000, end_cost=0.05
    )
    slopes = policy.slopes(1.0)
    assert np.isfinite(slopes).all()
    assert (np.diff(slopes) < 0).all()
    # ln w_2000 is far below what a float can hold; and so near the asymptote that only rounding is left.
    assert slopes.sum() < -750
    many = policy.asymptotic_depth(2_000 * 100)
    assert policy.depth(there(2_000 * 100, 1.0)) == pytest.approx(many, abs=1e-3)


def test_without_risk_aversion_depths_are_those_of_the_risk_neutral_maker() -> None:
    calm = msgspec.structs.replace(FIGURE_1, risk_aversion=0.0)
    nearly = msgspec.structs.replace(FIGURE_1, risk_aversion=1e-9)
    assert depths(calm, 300.0) == pytest.approx(depths(nearly, 300.0), abs=1e-5)
    # One share: w_1 = e^(-k b) + A/e tau, the problem of Bayraktar & Ludkovski.
    w = math.exp(-0.9) + 0.1 / math.e * 300
    assert depths(calm, 300.0)[0] == pytest.approx((math.log(w) + 1) / 0.3, rel=1e-9)
    with pytest.raises(BadParameter, match="must be above 0"):
        calm.asymptotic_depth(3)


def test_more_than_the_policy_was_made_for_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match="7 clips of 1; this policy was made for 1 to 6"):
        FIGURE_1.depth(there(7, 10.0))
    with pytest.raises(BadParameter, match="horizon_days 300; make it that long"):
        FIGURE_1.depth(there(3, 301.0))


def test_the_policy_of_an_order_plans_its_mean_path() -> None:
    market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    parent = order(25_000, end_s=DAY_SECONDS)
    policy = PostingDepth.of(parent, market, clip=1_000, fills_at_mid=100, decay=50, risk_aversion=1e-6, n=13)
    assert (policy.most_clips, policy.horizon_days) == (25, 1.0)
    assert policy.end_cost == pytest.approx(0.02)
    plan = policy.plan(parent, market)
    left = policy.expected_left(25_000, np.arange(1, 13) / 13, days=1.0)
    assert np.cumsum(plan.lots)[:-1] == pytest.approx(25_000 - left, abs=1.0)
    assert plan.expected_cost_bps is None


def test_measured_fills_are_taken_from_ticks_and_seconds_to_currency_and_sessions() -> None:
    market = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
    parent = order(1_000, start_s=0, end_s=DAY_SECONDS)
    rate, decay = (Measurement.given(value) for value in (0.25, 0.8))
    intensity = Intensity(
        side=1,
        rate=rate,
        decay=decay,
        log_covariance=((0.0, 0.0), (0.0, 0.0)),
        distances=(),
        lack_of_fit=0.0,
        quotes=1,
        fills=1,
        exposure_s=1.0,
        blocks=2,
    )
    policy = PostingDepth.from_intensity(parent, market, intensity, clip=100, risk_aversion=1e-6)
    # Three ticks of 0.01 from the mid, fills a session.
    assert policy.fills_at(0.03) == pytest.approx(0.25 * DAY_SECONDS * math.exp(-0.8 * 3))
    assert policy == PostingDepth.of(
        parent, market, clip=100, risk_aversion=1e-6, fills_at_mid=0.25 * DAY_SECONDS, decay=80.0
    )
    with pytest.raises(BadParameter, match=r"fills of side -1 were measured, and the order is of side \+1"):
        PostingDepth.from_intensity(
            parent, market, msgspec.structs.replace(intensity, side=-1), clip=100, risk_aversion=1e-6
        )
    rising = msgspec.structs.replace(intensity, decay=Measurement.given(-0.1))
    with pytest.raises(BadParameter, match="do not get rarer with distance"):
        PostingDepth.from_intensity(parent, market, rising, clip=100, risk_aversion=1e-6)
