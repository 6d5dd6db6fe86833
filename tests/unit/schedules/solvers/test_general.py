"""PIQP and Clarabel against cvxpy on programmes of every form; the certificate against what it must prove."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reference.programmes import optimum, random_programme

from nowake.domain.errors import BadParameter
from nowake.schedules.solvers import Programme
from nowake.schedules.solvers.binding import violation
from nowake.schedules.solvers.certify import certified, duality_gap
from nowake.schedules.solvers.conic import solve_conic
from nowake.schedules.solvers.general_qp import _solved, solve_qp
from nowake.schedules.solvers.sparse_form import Frame, quadratic
from nowake.schedules.solvers.totals import nearest_with_totals
from nowake.schedules.solvers.trading import limits_of

FORMS: dict[str, dict[str, Any]] = {
    "free": {"boxes": False},
    "boxes": {},
    "bands": {"bands": 2, "boxes": False},
    "boxes and bands": {"bands": 2},
    "deadlines": {"deadlines": True, "bands": 1},
    "spread that may be crossed": {"boxes": False, "spread": True, "drift": True},
    "spread": {"spread": True},
    "drift": {"drift": True},
    "cross-impact": {"cross": True, "bands": 1},
    "mixed scales": {"mixed": True, "bands": 2, "spread": True},
    "one bucket": {"buckets": 1, "bands": 1},
    "two buckets": {"buckets": 2, "bands": 1},
    "one asset": {"assets": 1, "bands": 1},
    "no specific risk": {"specific": False, "bands": 2},
    "no risk": {"risk": 0.0, "bands": 1},
    "much risk": {"risk": 1e-2},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("seed", [1, 2])
def test_piqp_finds_the_optimum_of_cvxpy(form: str, seed: int) -> None:
    programme = random_programme(seed, **FORMS[form])
    solution = solve_qp(programme)
    objective, _ = optimum(programme)
    assert programme.objective(solution.trades) == pytest.approx(objective, rel=1e-7)
    assert violation(programme, solution.trades) <= 1e-9
    assert solution.certificate.value <= 1e-8
    assert solution.certificate.objective == programme.objective(solution.trades)


@pytest.mark.parametrize("exponent", [1.2, 1.5, 1.9, 2.0])
@pytest.mark.parametrize("form", FORMS)
def test_clarabel_finds_the_optimum_of_cvxpy(form: str, exponent: float) -> None:
    programme = random_programme(3, exponent=exponent, **FORMS[form])
    solution = solve_conic(programme)
    objective, _ = optimum(programme)
    assert programme.objective(solution.trades) == pytest.approx(objective, rel=1e-7)
    assert violation(programme, solution.trades) <= 1e-9
    assert solution.certificate.value <= 1e-8


def test_a_power_law_is_not_a_quadratic_programme() -> None:
    with pytest.raises(BadParameter, match=r"exponent 1\.5 .* Clarabel"):
        solve_qp(random_programme(1, exponent=1.5))


@pytest.mark.parametrize("exponent", [1.3, 2.0])
@pytest.mark.parametrize("form", ["free", "boxes", "spread", "drift", "cross-impact", "no risk", "deadlines"])
def test_the_gap_is_never_less_than_the_distance_from_the_optimum(form: str, exponent: float) -> None:
    programme = random_programme(5, exponent=exponent, **{**FORMS[form], "bands": 0})
    best = solve_conic(programme)
    draw = np.random.default_rng(1)
    for size in (1e-1, 1e-2, 1e-3):
        shaken = best.trades * (1 + size * draw.normal(size=best.trades.shape))
        trades = nearest_with_totals(shaken, programme.impact, programme.quantities, limits_of(programme))
        worse = programme.objective(trades) - best.certificate.objective
        gap = duality_gap(programme, trades)
        assert worse > 0
        assert gap >= worse * (1 - 1e-9)
        assert gap <= 100 * worse  # Both fall with the square of the distance.


def test_any_band_prices_give_a_bound_that_holds() -> None:
    programme = random_programme(6, bands=2)
    best = solve_qp(programme)
    draw = np.random.default_rng(2)
    for prices in (None, draw.normal(size=(6, 2)), np.zeros((6, 2))):
        certificate = certified(programme, best.trades, method="", band_prices=prices)
        assert certificate.value >= 0
        assert certificate.value >= best.certificate.value * (1 - 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_no_band_prices_make_the_gap_of_worse_trades_too_small(seed: int) -> None:
    """Also not those of the optimum, with trades that lie well inside the bands."""
    programme = random_programme(seed, bands=2, boxes=False, risk=1e-4)
    best = solve_qp(programme).certificate.objective
    frame = Frame.of(programme)
    _, _, prices = _solved(quadratic(frame), frame)
    assert np.abs(prices).max() > 0
    middle = (programme.band_low + programme.band_high) / 2
    width = (programme.band_high - programme.band_low) / 2
    inner = msgspec.structs.replace(programme, band_low=middle - 0.5 * width, band_high=middle + 0.5 * width)
    trades = solve_qp(inner).trades
    worse = programme.objective(trades) - best
    assert worse > 1e-6 * best
    draw = np.random.default_rng(seed)
    for factor in (0.0, 1.0, 2.0, -1.0, draw.normal(size=prices.shape)):
        assert duality_gap(programme, trades, band_prices=factor * prices) >= worse * (1 - 1e-6)


def test_the_trades_of_two_programmes_that_differ_in_units_differ_in_units() -> None:
    """Shares counted in thousands and currency in cents: the same schedule."""
    programme = random_programme(7, bands=1, spread=True)
    k, money = 1e3, 100.0
    assert programme.lower is not None
    assert programme.upper is not None
    assert programme.spread is not None
    scaled = msgspec.structs.replace(
        programme,
        quantities=programme.quantities / k,
        lower=programme.lower / k,
        upper=programme.upper / k,
        impact=programme.impact * money * k**2,
        spread=programme.spread * money * k,
        loadings=programme.loadings * money * k,
        specific=programme.specific * (money * k) ** 2,
        risk_weights=programme.risk_weights / money,
        bands=programme.bands * k,
    )
    one, other = solve_qp(programme), solve_qp(scaled)
    assert scaled.objective(other.trades) == pytest.approx(money * programme.objective(one.trades), rel=1e-8)
    np.testing.assert_allclose(other.trades * k, one.trades, atol=1e-4 * np.abs(programme.quantities).min())


def test_caps_that_are_just_enough_are_all_used() -> None:
    x = np.array([1_000.0, -300.0])
    cap = np.outer([0.1, 0.4, 0.5], np.abs(x))
    programme = _plain(x, 3, lower=np.where(x > 0, 0.0, -cap), upper=np.where(x > 0, cap, 0.0))
    for solve in (solve_qp, solve_conic):
        solution = solve(programme)
        np.testing.assert_allclose(solution.trades, cap * np.sign(x), rtol=1e-12)
        assert solution.certificate.value <= 1e-12
        assert {"upper limit of asset 0": 3, "lower limit of asset 1": 3} == solution.binding


def test_nothing_to_trade_trades_nothing() -> None:
    programme = _plain(np.zeros(2), 4)
    for solve in (solve_qp, solve_conic):
        solution = solve(programme)
        np.testing.assert_allclose(solution.trades, 0.0, atol=1e-12)
        assert solution.certificate.value == 0.0


def test_an_asset_without_quantity_is_traded_as_a_hedge_where_limits_let_it() -> None:
    programme = random_programme(8, boxes=False, risk=1e-4)
    programme = msgspec.structs.replace(programme, quantities=programme.quantities * np.array([1.0, 0.0, 1.0, 0.0]))
    objective, _ = optimum(programme)
    solution = solve_qp(programme)
    assert solution.certificate.objective == pytest.approx(objective, rel=1e-7)
    assert np.abs(solution.trades[:, 1]).max() > 0


def test_a_line_of_a_millionth_of_the_basket_is_planned_as_well_as_the_rest() -> None:
    """1e10 shares at 1e-4 beside 1e6 at 1e6: the large line as planned, the small one finds next to nothing better."""
    x, sigma = np.array([1e10, 1e6]), 0.02 * np.array([1e-4, 1e6])
    impact = np.tile(10 * sigma / (3 * x), (10, 1))
    risk, cap = np.full(10, 1e-7), np.tile(0.15 * x, (10, 1))
    both = Programme(
        quantities=x,
        impact=impact,
        risk_weights=risk,
        loadings=np.sqrt(0.5) * sigma[:, None],
        specific=0.5 * sigma**2,
        lower=0 * cap,
        upper=cap,
    )
    found = solve_qp(both).trades
    # What the large line has left pulls at the small one as a drift does.
    pull = -2 * risk * 0.5 * sigma[0] * sigma[1] * both.left(found)[:, 1]
    small = Programme(
        quantities=x[:1],
        impact=impact[:, :1],
        risk_weights=risk,
        loadings=np.zeros((1, 0)),
        specific=sigma[:1] ** 2,
        drift=pull[:, None],
        lower=0 * cap[:, :1],
        upper=cap[:, :1],
    )
    best = solve_qp(small).certificate.objective
    own = float((impact[:, 0] * found[:, 0] ** 2).sum())
    assert (small.objective(found[:, :1]) - best) / own <= 3e-4


def test_limits_in_the_way_are_named_with_their_buckets() -> None:
    cap = np.full((4, 1), 300.0)
    programme = _plain(np.array([1_000.0]), 4, lower=0 * cap, upper=cap, risk=1.0)
    solution = solve_qp(programme)
    assert {"upper limit of asset 0": 3} == solution.binding
    np.testing.assert_allclose(solution.trades[:, 0], [300, 300, 300, 100], atol=1e-6)


def test_a_hedge_of_no_quantity_keeps_its_sum_to_the_rounding_of_its_trades() -> None:
    """Trades of a billion sum to 0 within 1e-7, which is nothing of them; a limit crossed by 1e-6 of them is."""
    trades = np.array([[1e9, 400.0], [-1e9 + 1e-7, 600.0]])
    programme = _plain(np.array([0.0, 1_000.0]), 2)
    assert violation(programme, trades) <= 1e-15
    cap = np.full((2, 2), 1e9 * (1 - 1e-6))
    assert violation(_plain(np.array([0.0, 1_000.0]), 2, lower=-cap, upper=cap), trades) == pytest.approx(
        1e-6, rel=1e-3
    )


def _plain(x: np.ndarray, t: int, *, risk: float = 1e-6, **limits: Any) -> Programme:
    n = len(x)
    return Programme(
        quantities=x,
        impact=np.full((t, n), 1e-3),
        risk_weights=np.full(t, risk),
        loadings=np.zeros((n, 0)),
        specific=np.ones(n),
        **limits,
    )
