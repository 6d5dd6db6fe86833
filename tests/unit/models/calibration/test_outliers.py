"""A few wild orders move least squares, and the table shows how far and how many."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.fit import fit
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import solve
from nowake.models.impact import SquareRoot

CLEAN = Design(orders=2_000, shared=0.0)
WILD = 20


def desk(wild: int = WILD) -> Metaorders:
    """Clean orders of which the largest few paid 25 noise scales too much."""
    orders = generate_orders(SquareRoot(y=0.8), 2, CLEAN)
    worst = np.argsort(orders.quantity / orders.daily_volume)[-wild:] if wild else []
    price = orders.average_price.copy()
    risk = orders.volatility * np.sqrt(orders.days / 3)
    price[worst] *= 1 + 25 * (orders.side * risk)[worst]
    return dataclasses.replace(orders, average_price=price)


def test_wild_orders_move_least_squares_and_not_the_headline() -> None:
    found = fit(SquareRoot, desk())
    headline, plain, pulled, dropped = found.policies
    clean = fit(SquareRoot, desk(0)).estimates["y"].value
    assert headline.values["y"] == found.estimates["y"].value
    assert abs(headline.values["y"] - clean) < 0.1
    assert plain.values["y"] > clean + 0.3
    assert dropped.values["y"] == pytest.approx(clean, abs=0.05)
    assert clean < pulled.values["y"] < plain.values["y"]


def test_each_policy_counts_the_rows_it_touched() -> None:
    _, plain, pulled, dropped = fit(SquareRoot, desk()).policies
    assert (plain.orders, plain.touched) == (2_000, 0)
    assert (dropped.orders, dropped.touched) == (2_000 - WILD, WILD)
    assert pulled.orders == 2_000
    assert WILD <= pulled.touched <= WILD + 15  # 0.27 % of 2,000 normal draws lie beyond 3 scales.


def test_the_note_says_that_least_squares_disagrees() -> None:
    notes = fit(SquareRoot, desk()).notes
    assert "20 orders lie beyond 5 noise scales" in notes
    assert any(note.startswith("least squares, every order, says y = ") for note in notes)
    assert not any("least squares" in note for note in fit(SquareRoot, desk(0)).notes)


def test_without_outliers_dropping_is_least_squares() -> None:
    _, plain, _, dropped = fit(SquareRoot, desk(0)).policies
    assert dropped.values == plain.values
    assert dropped.touched == 0


def test_pulling_in_is_least_squares_on_costs_cut_at_three_scales_from_the_headline() -> None:
    orders = desk()
    problem = Problem.of(SquareRoot, orders, later=False)
    headline = solve(problem)
    far = np.clip(headline.residuals, -3 * headline.scale_bps, 3 * headline.scale_bps)
    cut = solve(
        dataclasses.replace(problem, cost_bps=problem.predict(headline.values) + far),
        loss=Loss(),
        start=headline.values,
    )
    pulled = fit(SquareRoot, orders, later=False).policies[2]
    assert pulled.values["y"] == pytest.approx(cut.values[0], rel=1e-6)
