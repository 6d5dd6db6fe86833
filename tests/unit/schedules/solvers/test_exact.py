"""The exact solver against a dense linear solve, the hyperbolic sine of one asset, cvxpy, and its limit cases."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reference.programmes import optimum, random_programme

from nowake.models.terms import Floats
from nowake.schedules.solvers import Programme
from nowake.schedules.solvers.binding import violation
from nowake.schedules.solvers.exact import solve_exact


def basket(
    assets: int, buckets: int, *, factors: int = 2, risk: float = 1e-6, seed: int = 1, **changes: Any
) -> Programme:
    """Buys and sells with impact and risk that are even through time."""
    draw = np.random.default_rng(seed)
    x = draw.uniform(1e3, 1e5, assets) * draw.choice([-1.0, 1.0], assets)
    given = {
        "quantities": x,
        "impact": np.tile(draw.uniform(1e-6, 1e-5, assets), (buckets, 1)),
        "risk_weights": np.full(buckets, risk),
        "loadings": draw.normal(0, 0.3, (assets, factors)),
        "specific": draw.uniform(0.01, 0.2, assets),
    }
    return Programme(**(given | changes))


def dense_optimum(p: Programme) -> Floats:
    """(T, N) trades from the whole Hessian in trades of all buckets but the last, with no structure used."""
    t, n = p.shape
    fall = np.tril(np.ones((t - 1, t - 1)))  # What is left after k: the quantity less the first k trades.
    covariance = p.loadings @ p.loadings.T + np.diag(p.specific)
    last = np.kron(np.ones((1, t - 1)), np.eye(n))
    cost = np.diag(p.impact[:-1].ravel()) + last.T @ np.diag(p.impact[-1]) @ last
    if p.cross is not None and p.cross_weights is not None:
        cost += np.kron(np.diag(p.cross_weights[:-1]), p.cross) + p.cross_weights[-1] * last.T @ p.cross @ last
    left = np.kron(fall, np.eye(n))
    risk = np.kron(np.diag(p.risk_weights[:-1]), covariance)
    hessian = 2 * (cost + left.T @ risk @ left)
    end = np.diag(p.impact[-1]) + (0 if p.cross is None else p.cross_weights[-1] * p.cross)
    gradient = -2 * last.T @ (end @ p.quantities) - 2 * left.T @ risk @ np.tile(p.quantities, t - 1)
    if p.drift is not None:
        gradient += left.T @ p.drift[:-1].ravel()
    side = np.sign(p.quantities)
    if p.spread is not None:
        gradient += (p.spread[:-1] * side).ravel() - np.tile(p.spread[-1] * side, t - 1)
    first = np.linalg.solve(hessian, -gradient).reshape(t - 1, n)
    return np.vstack([first, p.quantities - first.sum(axis=0)])


DRAW = np.random.default_rng(11)
WAVE = 1 + 0.6 * np.cos(np.linspace(0, 2 * np.pi, 9))
COSTS = DRAW.uniform(1e-6, 1e-5, 7)
ROOT = DRAW.normal(size=(7, 7))
CROSS = 3e-6 * (ROOT @ ROOT.T / 7 - 0.2 * np.eye(7))
FORMS: dict[str, dict[str, Any]] = {
    "even": {},
    "profiles of time": {"impact": np.outer(WAVE, COSTS), "risk_weights": 1e-6 * WAVE[::-1]},
    "a profile of its own for each asset": {"impact": COSTS * DRAW.uniform(0.3, 3, (9, 7))},
    "buckets without risk": {"risk_weights": np.where(np.arange(9) % 3, 1e-6, 0.0)},
    "no risk": {"risk_weights": np.zeros(9)},
    "no factors": {"loadings": np.zeros((7, 0))},
    "no specific risk": {"specific": np.zeros(7)},
    "as many factors as assets": {"loadings": DRAW.normal(0, 0.3, (7, 7)), "specific": np.zeros(7)},
    "drift": {"drift": DRAW.normal(0, 0.02, (9, 7))},
    "cross-impact": {"cross": CROSS, "cross_weights": np.ones(9)},
    "cross-impact with the profile": {"impact": np.outer(WAVE, COSTS), "cross": CROSS, "cross_weights": WAVE},
    "cross-impact with its own profile": {"cross": CROSS, "cross_weights": WAVE[::-1]},
    "small spread": {"spread": np.full((9, 7), 1e-4), "risk_weights": np.full(9, 1e-8)},
    "spread that differs through time": {"spread": np.outer(WAVE, np.full(7, 1e-3)), "risk_weights": np.zeros(9)},
    "zero quantities": {"quantities": np.array([0.0, 1e4, 0.0, -2e4, 0.0, 1e5, 0.0])},
}


@pytest.mark.parametrize("form", FORMS)
def test_structure_gives_what_a_dense_solve_gives(form: str) -> None:
    programme = basket(7, 9, **FORMS[form])
    solution = solve_exact(programme)
    assert solution is not None
    expected = dense_optimum(programme)
    assert solution.trades == pytest.approx(expected, abs=1e-8 * np.abs(expected).max())
    assert solution.certificate.value <= 1e-10
    assert solution.certificate.kind == "optimality residual"
    assert violation(programme, solution.trades) <= 1e-12


def test_one_asset_liquidates_along_a_hyperbolic_sine() -> None:
    """Almgren & Chriss (2000) eq. 17 with their discrete kappa of eq. 15: 2 (cosh kappa - 1) = risk / impact."""
    risk, impact, buckets, quantity = 3e-6, 2e-5, 12, 1e6
    programme = basket(
        1,
        buckets,
        quantities=np.array([quantity]),
        impact=np.full((buckets, 1), impact),
        risk_weights=np.full(buckets, risk),
        loadings=np.zeros((1, 0)),
        specific=np.ones(1),
    )
    kappa = np.arccosh(1 + risk / impact / 2)
    j = np.arange(1, buckets + 1)
    expected = quantity * np.sinh(kappa * (buckets - j)) / np.sinh(kappa * buckets)
    solution = solve_exact(programme)
    assert solution is not None
    assert programme.left(solution.trades)[:, 0] == pytest.approx(expected, abs=1e-8 * quantity)
    assert solution.certificate.method.startswith("sine transform in time")


@pytest.mark.parametrize("factors", [2, 30])
@pytest.mark.parametrize("risk", [1e-300, 1e-12, 1e-3, 1e3, 1e9])
def test_risk_aversion_from_nothing_to_everything_stays_exact(risk: float, factors: int) -> None:
    programme = basket(30, 40, risk=risk, factors=factors)
    solution = solve_exact(programme)
    assert solution is not None
    assert solution.certificate.value <= 1e-9
    if risk < 1e-200:
        assert solution.trades == pytest.approx(np.tile(programme.quantities / 40, (40, 1)), rel=1e-9)
    if risk > 1e6:
        assert solution.trades[0] == pytest.approx(programme.quantities, rel=1e-9)


def test_prices_and_sizes_of_any_scale_are_one_problem() -> None:
    """Shares are counted in other units, asset by asset: the plan is the same plan."""
    plain = basket(8, 10)
    unit = 10.0 ** np.array([-3, 5, 0, 2, -1, 4, 6, -2])
    scaled = basket(
        8,
        10,
        quantities=plain.quantities * unit,
        impact=plain.impact / unit**2,
        loadings=plain.loadings / unit[:, None],
        specific=plain.specific / unit**2,
    )
    one, other = solve_exact(plain), solve_exact(scaled)
    assert one is not None
    assert other is not None
    assert other.trades / unit == pytest.approx(one.trades, rel=1e-9)
    assert other.certificate.objective == pytest.approx(one.certificate.objective, rel=1e-12)


def test_limits_that_do_not_bind_do_not_matter() -> None:
    programme = basket(5, 8)
    loose = np.tile(np.abs(programme.quantities), (8, 1))
    row = np.ones((1, 5))
    wide = np.full((8, 1), np.abs(programme.quantities).sum())
    limited = msgspec.structs.replace(programme, lower=-loose, upper=loose, bands=row, band_low=-wide, band_high=wide)
    free, found = solve_exact(programme), solve_exact(limited)
    assert free is not None
    assert found is not None
    assert found.trades == pytest.approx(free.trades, rel=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_what_is_answered_is_the_optimum_of_cvxpy_also_with_limits_and_spreads(seed: int) -> None:
    """Loose boxes: some seeds are answered, and where they are the answer is right."""
    programme = random_programme(seed, risk=1e-9, bands=1, spread=True)
    solution = solve_exact(programme)
    if solution is not None:
        assert solution.certificate.objective == pytest.approx(optimum(programme)[0], rel=1e-8)


def test_a_limit_that_binds_is_not_for_this_solver() -> None:
    programme = basket(5, 8, risk=1e-3)
    side = np.sign(programme.quantities)
    cap = np.tile(np.abs(programme.quantities) / 6, (8, 1))
    assert solve_exact(msgspec.structs.replace(programme, upper=np.where(side > 0, cap, np.inf))) is None


def test_a_deadline_is_not_for_this_solver() -> None:
    programme = basket(3, 6)
    closed = np.where(np.arange(6)[:, None] < 4, np.inf, 0.0) * np.ones(3)
    assert solve_exact(msgspec.structs.replace(programme, lower=-closed, upper=closed)) is None


def test_a_band_that_binds_is_not_for_this_solver() -> None:
    programme = basket(4, 6)
    tight = np.full((6, 1), 1.0)
    assert (
        solve_exact(msgspec.structs.replace(programme, bands=np.ones((1, 4)), band_low=-tight, band_high=tight)) is None
    )


def test_a_hedge_that_pays_a_spread_is_not_for_this_solver() -> None:
    programme = basket(3, 6, quantities=np.array([1e5, 0.0, 0.0]), risk=1e-4, spread=np.full((6, 3), 0.01))
    assert solve_exact(programme) is None


def test_another_power_is_not_for_this_solver() -> None:
    assert solve_exact(basket(3, 6, exponent=1.5)) is None


def test_cross_impact_stronger_than_impact_is_not_for_this_solver() -> None:
    cross = 1e-3 * np.array([[0.0, 1.0], [1.0, 0.0]])
    assert solve_exact(basket(2, 5, cross=cross, cross_weights=np.ones(5))) is None


@pytest.mark.parametrize("assets", [1, 4])
def test_one_bucket_trades_everything(assets: int) -> None:
    programme = basket(assets, 1)
    solution = solve_exact(programme)
    assert solution is not None
    assert solution.trades[0] == pytest.approx(programme.quantities, rel=0, abs=0)


def test_two_buckets_share_by_their_costs() -> None:
    """Without risk marginal costs are equal: trades go as one over impact."""
    impact = np.array([[1e-6], [3e-6]])
    programme = basket(1, 2, quantities=np.array([400.0]), impact=impact, risk=0.0)
    solution = solve_exact(programme)
    assert solution is not None
    assert solution.trades[:, 0] == pytest.approx([300.0, 100.0], rel=1e-12)


def test_nothing_to_trade_costs_nothing() -> None:
    programme = basket(3, 4, quantities=np.zeros(3))
    solution = solve_exact(programme)
    assert solution is not None
    assert not solution.trades.any()
    assert solution.certificate.objective == 0
