"""Data that cannot tell are refused, each with the number it rests on and the way out."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nowake.domain.errors import BadData, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.fit import fit
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.refusals import inflation_of
from nowake.models.calibration.solve import solve
from nowake.models.impact import Linear, PowerLaw, SquareRoot, TwoPart

ROOT = SquareRoot(y=0.8)


def desk(**changed: object) -> Metaorders:
    return dataclasses.replace(generate_orders(ROOT, 1, Design(orders=400, days=30)), **changed)


def sized(share: object, **changed: object) -> Metaorders:
    """Orders of these sizes, generated anew so that cost and size agree."""
    orders = desk(**changed)
    return dataclasses.replace(orders, quantity=share * orders.daily_volume)


def test_too_few_orders_are_refused() -> None:
    with pytest.raises(Unidentified, match=r"12 orders are too few for the 2 numbers .* give 20 or more"):
        fit(SquareRoot, desk().take(np.arange(12)))


def test_orders_of_one_day_are_refused() -> None:
    with pytest.raises(Unidentified, match="of 1 day, whose luck they share"):
        fit(SquareRoot, generate_orders(ROOT, 1, Design(orders=400, days=1, symbols=50)))


def test_too_few_clusters_are_refused() -> None:
    few = generate_orders(ROOT, 1, Design(orders=400, days=5, symbols=1))
    with pytest.raises(Unidentified, match="5 clusters by day-symbol are too few"):
        fit(SquareRoot, few)
    with pytest.raises(Unidentified, match="1 clusters by symbol are too few"):
        fit(SquareRoot, generate_orders(ROOT, 1, Design(orders=400, days=30, symbols=1)), cluster="two-way")


def test_sizes_all_alike_are_refused() -> None:
    with pytest.raises(Unidentified, match=r"sizes hardly differ: from 0.01 to 0.01 of a day's volume"):
        fit(SquareRoot, sized(0.01))


def test_costs_all_equal_are_refused() -> None:
    even = desk()
    even = dataclasses.replace(
        even, average_price=even.arrival_price * (1 + even.side * 5e-4), spread_bps=np.zeros(400), spread_paid_bps=None
    )
    with pytest.raises(Unidentified, match="all 400 orders cost the same, 5 bps"):
        fit(SquareRoot, even)


def test_a_number_that_is_none_is_refused_before_any_fit() -> None:
    bad = desk().average_price.copy()
    bad[3] = np.nan
    with pytest.raises(BadData, match="row 3: average_price nan"):
        fit(SquareRoot, desk(average_price=bad))


def test_an_exponent_at_the_edge_is_refused() -> None:
    """Costs without size in them: the exponent falls to 0."""
    orders = desk()
    flat = dataclasses.replace(orders, average_price=orders.arrival_price * (1 + orders.side * _falling(orders) / 1e4))
    with pytest.raises(Unidentified, match=r"exponent of power law ends at 0, the edge .* hold=\{'exponent': ...\}"):
        fit(PowerLaw, flat, spread="none", later=False)


def _falling(orders: Metaorders) -> np.ndarray:
    """Small orders cost more, a share of volatility, than large ones."""
    noise = np.random.default_rng(1).standard_normal(len(orders))
    return 1e4 * orders.volatility * (0.5 - 1.0 * orders.quantity / orders.daily_volume + 0.02 * noise)


def test_impact_of_the_wrong_sign_is_refused() -> None:
    orders = desk()
    gains = dataclasses.replace(orders, average_price=orders.arrival_price * (1 - orders.side * 20e-4))
    noisy = gains.average_price * (1 + 1e-4 * np.random.default_rng(1).standard_normal(400))
    with pytest.raises(Unidentified, match="y of square root ends at 0"):
        fit(SquareRoot, dataclasses.replace(gains, average_price=noisy), spread="none", later=False)


def test_permanent_and_temporary_of_one_duration_cannot_be_told_apart() -> None:
    """With every window a day long, size and rate are one and the same."""
    orders = generate_orders(Linear(gamma=5e-7, eta=1e-7, epsilon=0.02), 1, Design(orders=600, days=40, symbols=4))
    with pytest.raises(Unidentified, match=r"(eta|gamma) and (eta|gamma) .* cannot be told apart"):
        fit(Linear, dataclasses.replace(orders, days=np.ones(600)), later=False)


def test_the_later_price_tells_apart_what_durations_cannot() -> None:
    truth = TwoPart(alpha=0.3, beta=0.5, gamma=1.2)
    orders = generate_orders(truth, 1, Design(orders=6_000, days=200, relax_days=0.1, smallest=0.02, largest=0.25))
    told = fit(TwoPart, orders, hold={"beta": 0.5})
    untold = fit(TwoPart, orders, hold={"beta": 0.5}, later=False)
    assert told.standard_errors["gamma"] < 0.9 * untold.standard_errors["gamma"]
    assert "no later price used" in untold.notes[0]


def test_inflation_is_one_over_what_the_other_slopes_leave() -> None:
    problem = Problem.of(PowerLaw, desk(), later=False)
    solution = solve(problem)
    inflation, partner = inflation_of(solution)
    x = solution.slopes * np.sqrt(solution.curvature)[:, None]
    for k in (0, 1):
        left = x[:, k] - x[:, 1 - k] * (x[:, k] @ x[:, 1 - k]) / (x[:, 1 - k] @ x[:, 1 - k])
        assert inflation[k] == pytest.approx((x[:, k] @ x[:, k]) / (left @ left), rel=1e-6)
    assert partner.tolist() == [1, 0]


def test_durations_that_hardly_differ_are_refused_with_how_alike_the_parts_are() -> None:
    orders = generate_orders(Linear(gamma=5e-7, eta=1e-7, epsilon=0.02), 1, Design(orders=600, days=40, symbols=4))
    days = np.random.default_rng(2).uniform(0.99, 1.01, 600)
    with pytest.raises(Unidentified, match=r"inflate each other's variance \S+ times \(1000 is the most taken\)"):
        fit(Linear, dataclasses.replace(orders, days=days), later=False)
