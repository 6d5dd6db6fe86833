"""Generated orders are what the design says: sizes, windows, noise, clusters, tails."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.domain.metaorder import Floats, Metaorders
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.problem import terms_of
from nowake.models.impact import Almgren2005, Linear, SquareRoot

MODEL = SquareRoot(y=0.8, relaxed=0.5)
MANY = Design(orders=60_000, days=100, symbols=30, shared=0.0)


def noise_of(orders: Metaorders) -> tuple[Floats, Floats]:
    """The market's own move in units of sigma, on its average and at the end."""
    terms = terms_of(orders)
    assert orders.spread_paid_bps is not None
    assert orders.later_price is not None
    average = orders.side * (orders.cost_bps - orders.spread_paid_bps - MODEL.total_bps(terms))
    end = orders.side * (orders.moved_bps(orders.later_price) - 2 * MODEL.permanent_bps(terms))
    return average / (1e4 * orders.volatility), end / (1e4 * orders.volatility)


def test_a_seed_and_a_design_say_all() -> None:
    first, again, other = (generate_orders(MODEL, seed) for seed in (1, 1, 2))
    for field in dataclasses.fields(first):
        one, two = getattr(first, field.name), getattr(again, field.name)
        assert one is two is None or (one == two if isinstance(one, tuple) else one.tobytes() == two.tobytes())
    assert first.average_price.tobytes() != other.average_price.tobytes()


def test_noise_is_the_average_of_a_path_and_its_end() -> None:
    orders = generate_orders(MODEL, 1, MANY)
    average, end = noise_of(orders)
    days = orders.days
    assert (average / np.sqrt(days / 3)).std() == pytest.approx(1, rel=0.02)
    assert (end / np.sqrt(days + 0.5)).std() == pytest.approx(1, rel=0.02)
    # Cov(average, W_T) of a Brownian motion is T / 2.
    assert (average * end / (days / 2)).mean() == pytest.approx(1, rel=0.1)


def test_sizes_and_windows_lie_where_the_design_says() -> None:
    orders = generate_orders(MODEL, 1, MANY)
    share = orders.quantity / orders.daily_volume
    assert share.min() == pytest.approx(1e-4, rel=0.05)
    assert share.max() == pytest.approx(0.2, rel=0.05)
    speed = share / orders.days
    assert speed.min() >= 0.02 * 0.9
    assert speed.max() <= 0.5 * 1.1
    assert orders.days.max() <= 1.0
    assert set(orders.side.tolist()) == {-1, 1}


def test_orders_of_a_day_and_symbol_share_their_luck() -> None:
    orders = generate_orders(MODEL, 1, Design(orders=60_000, days=60, symbols=30, shared=0.4))
    unit = noise_of(orders)[0] / np.sqrt(orders.days / 3)
    cell = orders.day * 30 + orders.symbol
    first = np.flatnonzero(np.diff(np.sort(cell, kind="stable")) == 0)
    order = np.argsort(cell, kind="stable")
    assert (unit[order][first] * unit[order][first + 1]).mean() == pytest.approx(0.4, abs=0.03)
    assert unit.std() == pytest.approx(1, rel=0.03)


def test_a_whole_days_shock_is_shared_by_its_symbols() -> None:
    orders = generate_orders(MODEL, 1, Design(orders=60_000, days=300, symbols=30, shared=0.0, market=0.3))
    unit = noise_of(orders)[0] / np.sqrt(orders.days / 3)
    by_day = np.bincount(orders.day - orders.day.min(), unit) / np.bincount(orders.day - orders.day.min())
    assert by_day.var() == pytest.approx(0.3, rel=0.25)


def test_tails_are_students_of_unit_variance() -> None:
    orders = generate_orders(MODEL, 1, msgspec.structs.replace(MANY, tails=5.0))
    unit = noise_of(orders)[0] / np.sqrt(orders.days / 3)
    assert unit.std() == pytest.approx(1, rel=0.05)
    # Student's t of 5 degrees, scaled to unit variance, lies beyond 3 in 1.17 % of draws; a normal in 0.27 %.
    assert (np.abs(unit) > 3).mean() == pytest.approx(0.0117, rel=0.15)


def test_outliers_are_ten_times_as_far_out() -> None:
    orders = generate_orders(MODEL, 1, msgspec.structs.replace(MANY, outliers=0.02))
    unit = np.abs(noise_of(orders)[0] / np.sqrt(orders.days / 3))
    # Of draws ten times as wide, 62 % lie beyond 5.
    assert (unit > 5).mean() == pytest.approx(0.02 * 0.617, rel=0.1)


def test_a_model_with_its_own_spread_pays_that() -> None:
    model = Linear(gamma=0.0, eta=1e-9, epsilon=0.02)
    orders = generate_orders(model, 1)
    assert orders.spread_paid_bps == pytest.approx(0.02 / orders.arrival_price * 1e4)


def test_what_a_model_needs_is_there() -> None:
    orders = generate_orders(Almgren2005(), 1)
    assert orders.shares_outstanding is not None
    assert (orders.shares_outstanding / orders.daily_volume > 1).all()
    assert (np.diff(orders.start_ns) >= 0).all()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"orders": 0}, "orders 0"),
        ({"smallest": 0.3}, "smallest 0.3"),
        ({"slowest": 0.0}, "slowest 0.0"),
        ({"shared": 0.7, "market": 0.5}, "sum to 1"),
        ({"tails": 2.0}, "tails 2.0"),
        ({"outliers": 1.0}, "outliers 1.0"),
        ({"relax_days": -1.0}, "relax_days -1.0"),
    ],
)
def test_a_design_that_cannot_be_is_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        Design(**wrong)  # type: ignore[arg-type]


def test_a_model_that_eats_the_price_is_refused() -> None:
    with pytest.raises(BadParameter, match="half of it or more"):
        generate_orders(SquareRoot(y=500.0), 1)
