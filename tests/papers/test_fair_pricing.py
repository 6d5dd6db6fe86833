"""Farmer, Gerig, Lillo & Waelbroeck 2013, "How efficiency shapes market impact", Quantitative Finance 13.

Two conditions: the price is a martingale while nobody knows whether the order goes on, and an order pays on average
what the price comes back to. With Pareto sizes of exponent beta they make impact grow as N^(beta - 1) and relax to 1 /
beta of its peak: for beta = 3/2 the square root, and 2/3."""

import numpy as np
import pytest

from nowake.models.impact import SquareRoot
from nowake.models.impact.size_law import Reading
from nowake.models.terms import Terms

ASKED = Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6)


def impact_of(beta: float, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Price at each trade of an order and where it comes back to, from the two conditions alone.

    After n trades the order ends with probability q_n = p_n / sum_{m >= n} p_m, p_n ~ n^-(beta + 1). The price then
    falls to the average paid; else it rises by as much as makes the next move 0 on average. The first rise is free.
    """
    n = np.arange(1, longest + 1)
    # The tail beyond the longest, by its integral.
    tail = (longest + 0.5) ** -beta / beta
    weights = n ** -(beta + 1.0)
    ends = weights / (np.cumsum(weights[::-1])[::-1] + tail)
    prices, average = np.zeros(longest), np.zeros(longest)
    prices[1], average[1] = 1.0, 0.5
    for k in range(1, longest - 1):
        prices[k + 1] = prices[k] + ends[k] / (1 - ends[k]) * (prices[k] - average[k])
        average[k + 1] = average[k] + (prices[k + 1] - average[k]) / (k + 2)
    return prices, average


@pytest.mark.parametrize("beta", [1.3, 1.5, 1.8])
def test_pareto_orders_in_an_efficient_market_relax_to_one_over_beta(beta: float) -> None:
    prices, relaxed = impact_of(beta, 100_000)
    assert relaxed[-1] / prices[-1] == pytest.approx(1 / beta, rel=0.02)
    slope = np.log(prices[-1] / prices[9_999]) / np.log(10)
    assert slope == pytest.approx(beta - 1, abs=0.015)


@pytest.mark.parametrize("relaxed", [None, 0.0, 0.4])
@pytest.mark.parametrize("reading", list(Reading))
def test_the_price_of_an_even_order_peaks_by_the_law_and_relaxes_slowly_to_what_stays(
    reading: Reading, relaxed: float | None
) -> None:
    model = SquareRoot(y=0.9, reading=reading, relaxed=relaxed)
    peak = float(model.peak_bps(ASKED))
    z = np.array([1.0, 2.0, 10.0])
    path = model.response(ASKED).path(np.array([1e5]), np.array([0.0, 0.5]), 0.5 * z)
    stays = peak * (2 / 3 if relaxed is None else relaxed)
    assert path.tolist() == pytest.approx((stays + (peak - stays) * (np.sqrt(z) - np.sqrt(z - 1))).tolist())


@pytest.mark.parametrize("days", [0.01, 0.5, 3.0])
def test_the_peak_of_the_square_root_law_is_the_same_whatever_the_duration(days: float) -> None:
    asked = Terms(quantity=1e5, days=days, volatility=0.02, daily_volume=1e6)
    path = SquareRoot().response(asked).path(np.array([1e5]), np.array([0.0, days]), np.array([days]))
    assert path[0] == pytest.approx(1.5 * 200 * np.sqrt(0.1))
