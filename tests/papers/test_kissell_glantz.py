"""I-star with what Kissell & Glantz 2003, "Optimal Trading Strategies", print, as worked through in Johnson 2010,
"Algorithmic Trading & DMA", equations 6-5 and 10-15 to 10-18, examples 6-1 and 10-2, table 10-2."""

import math

import numpy as np
import pytest

from nowake.models.impact import IStar
from nowake.models.terms import Terms

# Example 10-2: 100,000 shares at 50 dollars, 10 % of ADV, a market that moves 200 basis points a day.
EXAMPLE = Terms(quantity=100_000, days=1.0, volatility=0.02, daily_volume=1e6, price=50.0)
NOTIONAL = 5e6


def of_instant_bps(instant_bps: float) -> IStar:
    """A model whose order costs this at once, whatever its size: the books round it before going on."""
    return IStar(a1=instant_bps, a2=0.0, a3=0.0, a4=1.0, b1=0.95, counted_volume=0.5)


def test_the_power_function_of_example_10_2_gives_132190_dollars() -> None:
    model = IStar.from_percent_and_bps(a1=25, a2=0.38, a3=0.28)
    assert 132_190 == pytest.approx(model.instant_bps(EXAMPLE) / 1e4 * NOTIONAL, abs=10)


def test_the_schedule_of_table_10_2_pays_what_the_table_says() -> None:
    """120,000 dollars at once, traded in five periods; the clock runs with the market's volume."""
    shares = np.array([20_000.0, 15_000.0, 10_000.0, 25_000.0, 30_000.0])
    volumes = np.array([250_000.0, 150_000.0, 100_000.0, 250_000.0, 250_000.0])
    response = of_instant_bps(120_000 / NOTIONAL * 1e4).response(EXAMPLE)
    edges = np.concatenate(([0.0], np.cumsum(volumes))) / EXAMPLE.daily_volume
    by_period = response.temporary(shares / np.diff(edges)) / 1e4 * 50 * shares
    assert [3_145, 2_850, 1_900, 4_750, 6_619] == pytest.approx(by_period.tolist(), abs=1.0)
    paid = response.cost_of(shares, edges)
    assert 19_264 == pytest.approx(paid.temporary_bps / 1e4 * NOTIONAL, abs=1.0)
    assert 6_000 == pytest.approx(paid.permanent_bps / 1e4 * NOTIONAL)
    assert 50 == pytest.approx(paid.total_bps, abs=1.0)


def test_example_6_1_splits_7750_dollars_into_6626_and_1124() -> None:
    """45,000 shares against an ADV of 200,000; 22,475 dollars at once."""
    terms = Terms(quantity=45_000, days=1.0, volatility=0.02, daily_volume=200_000, price=100.0)
    model, per_bp = of_instant_bps(22_475 / 4.5e6 * 1e4), 4.5e6 / 1e4
    assert 1 / 3.22 == pytest.approx(model.participation(terms), rel=1e-3)
    assert 6_626 == pytest.approx(model.temporary_bps(terms) * per_bp, rel=1e-3)
    assert 1_124 == pytest.approx(model.permanent_bps(terms) * per_bp, rel=1e-3)
    assert 7_750 == pytest.approx(model.total_bps(terms) * per_bp, rel=1e-3)


@pytest.mark.parametrize("sessions", [1.0, 250.0])
def test_parameters_printed_in_percent_and_basis_points_cost_what_decimals_cost(sessions: float) -> None:
    """The trap: the same market in the units of either book, written out by hand."""
    a1, a2, a3 = 25.0, 0.38, 0.28
    model = IStar.from_percent_and_bps(a1=a1, a2=a2, a3=a3, volatility_sessions=sessions)
    for share, volatility in ((0.1, 0.02), (0.003, 0.011), (0.4, 0.045)):
        terms = Terms(quantity=share * 1e6, days=0.3, volatility=volatility, daily_volume=1e6)
        size_percent, volatility_bps = 100 * share, 1e4 * volatility * math.sqrt(sessions)
        assert a1 * size_percent**a2 * volatility_bps**a3 == pytest.approx(model.instant_bps(terms))


def test_taking_percent_and_basis_points_for_decimals_is_off_by_much() -> None:
    printed = {"a1": 25.0, "a2": 0.38, "a3": 0.28}
    wrong = IStar(**printed, a4=1.0, b1=0.95, counted_volume=0.5)
    assert 30 < IStar.from_percent_and_bps(**printed).total_bps(EXAMPLE) / wrong.total_bps(EXAMPLE) < 40


def test_timing_risk_is_kissells_formula_and_that_of_an_even_schedule() -> None:
    model = IStar(a1=700, a2=0.55, a3=0.7, a4=0.5, b1=0.95)
    terms = Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6, window_volume=4e5)
    annual, share, pov = 0.02 * math.sqrt(250), 0.1, 1e5 / 5e5
    kissell = annual * math.sqrt(1 / 3 * 1 / 250 * share * (1 - pov) / pov) * 1e4
    assert kissell == pytest.approx(model.timing_risk_bps(terms))
    assert 1e4 * 0.02 * math.sqrt(0.4 / 3) == pytest.approx(model.timing_risk_bps(terms))
