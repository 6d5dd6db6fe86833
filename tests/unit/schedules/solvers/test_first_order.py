"""The first-order method against cvxpy: programmes of every form and scale, and limits that leave little or nothing."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.reference.programmes import optimum, random_programme

from nowake.schedules.solvers import Programme
from nowake.schedules.solvers.anderson import Anderson
from nowake.schedules.solvers.binding import violation
from nowake.schedules.solvers.dual import dual_bound
from nowake.schedules.solvers.first_order import Stalled, solve_first_order

FORMS: dict[str, dict[str, Any]] = {
    "free": {"boxes": False},
    "boxes": {},
    "bands": {"bands": 2, "boxes": False},
    "boxes and bands": {"bands": 3},
    "deadlines": {"deadlines": True, "bands": 1},
    "spread that may be crossed": {"boxes": False, "spread": True, "drift": True},
    "spread": {"spread": True},
    "drift": {"drift": True, "bands": 1},
    "cross-impact": {"cross": True, "bands": 1},
    "mixed scales": {"mixed": True, "bands": 2, "spread": True, "deadlines": True},
    "two buckets": {"buckets": 2, "bands": 1},
    "one asset": {"assets": 1, "bands": 1},
    "no specific risk": {"specific": False, "bands": 2},
    "no risk": {"risk": 0.0, "bands": 1},
    "much risk": {"risk": 1e-3, "bands": 1},
    "more": {"assets": 15, "buckets": 13, "bands": 2, "spread": True},
}


def check(programme: Programme) -> None:
    """Objective equal to cvxpy's to 1e-6, limits kept to 1e-9, and a proof that holds."""
    solution = solve_first_order(programme)
    expected, _ = optimum(programme)
    assert solution.certificate.objective == pytest.approx(expected, rel=1e-6)
    assert solution.certificate.objective == programme.objective(solution.trades)
    assert violation(programme, solution.trades) <= 1e-9
    assert 0 <= solution.certificate.value <= 1e-7
    assert solution.certificate.kind == "duality gap"


@pytest.mark.parametrize("exponent", [2.0, 1.5, 1.2])
@pytest.mark.parametrize("form", FORMS)
def test_it_finds_the_optimum_of_cvxpy(form: str, exponent: float) -> None:
    check(random_programme(1, exponent=exponent, **FORMS[form]))


@pytest.mark.parametrize("seed", range(40, 52))
def test_it_finds_the_optimum_of_cvxpy_whatever_comes_together(seed: int) -> None:
    draw = np.random.default_rng(seed)
    check(
        random_programme(
            seed,
            assets=int(draw.integers(1, 10)),
            buckets=int(draw.integers(2, 16)),
            exponent=float(draw.choice([2.0, 1.5, 1.3])),
            boxes=bool(draw.random() < 0.7),
            bands=int(draw.integers(0, 4)),
            spread=bool(draw.random() < 0.5),
            drift=bool(draw.random() < 0.3),
            deadlines=bool(draw.random() < 0.3),
            mixed=bool(draw.random() < 0.4),
            risk=float(10 ** draw.uniform(-9, -3)),
            specific=bool(draw.random() < 0.7),
        )
    )


def test_prices_from_a_tenth_of_a_cent_and_sizes_to_a_billion_are_one_problem() -> None:
    """Shares are counted in other units, asset by asset: the same plan, in the same number of steps."""
    plain = random_programme(3, assets=8, buckets=10, bands=2, spread=True)
    unit = 10.0 ** np.array([-3, 5, 0, 4, -1, 3, 2, -2])
    assert plain.spread is not None
    assert plain.lower is not None
    assert plain.upper is not None
    scaled = msgspec.structs.replace(
        plain,
        quantities=plain.quantities * unit,
        impact=plain.impact / unit**2,
        loadings=plain.loadings / unit[:, None],
        specific=plain.specific / unit**2,
        spread=plain.spread / unit,
        lower=plain.lower * unit,
        upper=plain.upper * unit,
        bands=plain.bands / unit,
    )
    one, other = solve_first_order(plain), solve_first_order(scaled)
    assert other.certificate.iterations == one.certificate.iterations
    assert other.trades / unit == pytest.approx(one.trades, rel=1e-6, abs=1e-6 * np.abs(plain.quantities).max())


def test_caps_that_just_suffice_leave_one_plan() -> None:
    programme = random_programme(5, assets=3, buckets=6)
    share = np.array([0.3, 0.1, 0.2, 0.1, 0.2, 0.1])[:, None]
    caps = share * programme.quantities
    tight = msgspec.structs.replace(programme, lower=np.minimum(caps, 0.0), upper=np.maximum(caps, 0.0))
    solution = solve_first_order(tight)
    assert solution.trades == pytest.approx(caps, rel=1e-9)
    assert solution.certificate.value <= 1e-7


def test_equal_limits_are_kept_exactly() -> None:
    """A block agreed for the third bucket, closed buckets after the fifth."""
    programme = random_programme(6, assets=3, buckets=8, boxes=False)
    x = programme.quantities
    lower, upper = np.minimum(x, 0.0) * np.ones((8, 1)), np.maximum(x, 0.0) * np.ones((8, 1))
    lower[2] = upper[2] = 0.4 * x
    lower[5:] = upper[5:] = 0.0
    limited = msgspec.structs.replace(programme, lower=lower, upper=upper)
    solution = solve_first_order(limited)
    assert solution.trades[2] == pytest.approx(0.4 * x, rel=1e-12)
    assert not solution.trades[5:].any()
    check(limited)


def test_assets_that_need_not_trade_are_used_as_hedges() -> None:
    programme = random_programme(7, assets=4, buckets=8, boxes=False, risk=1e-5)
    x = programme.quantities.copy()
    x[1] = x[3] = 0.0
    hedged = msgspec.structs.replace(programme, quantities=x)
    assert np.abs(solve_first_order(hedged).trades[:, [1, 3]]).max() > 0
    check(hedged)


def test_a_band_of_no_width_is_followed() -> None:
    programme = random_programme(8, assets=4, buckets=7, boxes=False, bands=1)
    path = (1 - np.arange(1, 8) / 7)[:, None] * (programme.bands @ programme.quantities)
    neutral = msgspec.structs.replace(programme, band_low=path, band_high=path)
    solution = solve_first_order(neutral)
    held = programme.left(solution.trades) @ programme.bands.T
    size = float(np.abs(programme.bands[0]) @ np.abs(programme.quantities))
    assert held == pytest.approx(path, abs=1e-9 * size)
    check(neutral)


def test_bands_may_be_open_on_one_side() -> None:
    programme = random_programme(9, assets=4, buckets=7, bands=2)
    low, high = programme.band_low.copy(), programme.band_high.copy()
    low[:, 0], high[:, 1] = -np.inf, np.inf
    check(msgspec.structs.replace(programme, band_low=low, band_high=high))


def test_buckets_without_risk_still_hold_bands() -> None:
    programme = random_programme(10, assets=4, buckets=9, bands=2, risk=1e-5)
    weights = programme.risk_weights * (np.arange(9) % 3 > 0)
    check(msgspec.structs.replace(programme, risk_weights=weights))


def test_a_cheap_auction_takes_its_share() -> None:
    programme = random_programme(11, assets=4, buckets=9, boxes=False, spread=True)
    impact = programme.impact.copy()
    impact[-1] /= 50
    cheap = msgspec.structs.replace(programme, impact=impact)
    even = np.abs(programme.quantities) / 9
    assert (np.abs(solve_first_order(cheap).trades[-1]) > 2 * even).all()
    check(cheap)


@pytest.mark.parametrize("exponent", [1.5, 2.0])
def test_one_bucket_trades_everything(exponent: float) -> None:
    programme = random_programme(1, buckets=1, exponent=exponent)
    solution = solve_first_order(programme)
    assert solution.trades[0] == pytest.approx(programme.quantities, rel=1e-12)
    assert solution.certificate.value == 0


def test_nothing_to_trade_stays_nothing() -> None:
    programme = random_programme(1, boxes=False, spread=True)
    nothing = msgspec.structs.replace(programme, quantities=np.zeros(4))
    solution = solve_first_order(nothing)
    assert not solution.trades.any()
    assert solution.certificate.value <= 1e-7


def test_it_names_the_limits_that_bind() -> None:
    programme = random_programme(2, risk=1e-4)
    assert any(name.startswith("upper limit of") for name in solve_first_order(programme).binding)


def test_too_few_iterations_say_how_near_they_came() -> None:
    programme = random_programme(4, assets=10, buckets=12, bands=3, risk=1e-4)
    with pytest.raises(Stalled, match=r"came within .* in 10 iterations, not 1\.0e-12; ask a general solver") as caught:
        solve_first_order(programme, tolerance=1e-12, max_iterations=10)
    # What it has is not thrown away: trades that keep everything, and how good they are proved to be.
    solution = caught.value.solution
    assert solution is not None
    assert violation(programme, solution.trades) <= 1e-9
    worse = solution.certificate.objective / optimum(programme)[0] - 1
    assert 1e-12 < worse <= solution.certificate.value


def test_cross_impact_that_pays_for_round_trips_is_not_for_this_solver() -> None:
    programme = random_programme(4, assets=2, boxes=False)
    size = 10 * programme.impact.max()
    cross = size * np.array([[0.0, 1.0], [1.0, 0.0]])
    with pytest.raises(Stalled, match="not convex"):
        solve_first_order(msgspec.structs.replace(programme, cross=cross, cross_weights=np.ones(6)))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("exponent", [1.4, 2.0])
def test_no_point_and_no_prices_give_a_bound_above_the_optimum(form: str, exponent: float) -> None:
    """The bound holds for any trades, kept limits or not, and any prices of bands."""
    programme = random_programme(2, exponent=exponent, **FORMS[form])
    expected, _ = optimum(programme)
    draw = np.random.default_rng(3)
    for size in (0.0, 0.01, 0.3):
        trades = programme.quantities / len(programme.impact) * (1 + size * draw.normal(size=programme.shape))
        prices = None
        if len(programme.bands):
            worth = abs(expected) / (np.abs(programme.bands) @ np.abs(programme.quantities))
            prices = draw.normal(size=programme.band_low.shape) * worth * size
        assert dual_bound(programme, trades, prices) <= expected + 1e-8 * abs(expected)


@pytest.mark.parametrize("exponent", [1.5, 2.0])
def test_at_the_optimum_the_bound_meets_the_objective(exponent: float) -> None:
    programme = random_programme(6, exponent=exponent, spread=True, specific=False)
    expected, trades = optimum(programme)
    assert dual_bound(programme, trades) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    ("exponent", "risk", "most"), [(1.5, 1e-6, 90), (2.0, 1e-4, 200), (1.2, 1e-2, 350), (2.0, 1e-2, 400)]
)
def test_a_basket_with_bands_needs_some_hundred_steps_however_urgent(exponent: float, risk: float, most: int) -> None:
    """Without acceleration 60, 940, 900 and 1,340."""
    programme = random_programme(0, assets=30, buckets=26, bands=2, exponent=exponent, risk=risk)
    fast = solve_first_order(programme)
    assert fast.certificate.iterations <= most
    slow = solve_first_order(programme, is_accelerated=False)
    assert fast.certificate.objective == pytest.approx(slow.certificate.objective, rel=2e-7)


def test_a_linear_map_is_finished_by_one_guess() -> None:
    """As many rounds as it has dimensions tell all of a linear map: the guess is its fixed point."""
    draw = np.random.default_rng(1)
    matrix, shift = np.diag([0.5, 0.8, 0.99]), draw.normal(size=3)
    fixed = np.linalg.solve(np.eye(3) - matrix, shift)
    accelerator, point = Anderson(), np.zeros(3)
    guess = None
    while guess is None:
        image = matrix @ point + shift
        guess = accelerator.after(point, image)
        point = image
    assert np.abs(point - fixed).max() > 0.1
    assert guess == pytest.approx(fixed, rel=1e-4)


def test_a_guess_that_makes_it_worse_is_taken_back() -> None:
    accelerator = Anderson()
    points = np.cumsum(0.9 ** np.arange(40))[:, None]
    guess = None
    for point, image in pairwise(points):
        guess = accelerator.after(point, image)
        if guess is not None:
            break
    assert guess is not None
    assert accelerator.after(guess, guess + 100.0) == pytest.approx(image)
