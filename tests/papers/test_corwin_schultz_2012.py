"""Corwin & Schultz 2012. The paper prints no worked sample that could be confirmed, so: limits it states, and by hand.

Without volatility each day's range is the spread alone, log H/L = log (1 + S/2)/(1 - S/2), and the estimate is S
exactly; without a spread, where two days' range is sqrt 2 of one day's (as a random walk's is), it is 0."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.microstructure.spreads.corwin_schultz import corwin_schultz, two_day_spreads


def bars(*rows):
    return np.array([(close, high, low, close) for high, low, close in rows], dtype=np.float64)


@pytest.mark.parametrize("spread", [0.0001, 0.01, 0.2])
def test_without_volatility_the_spread_is_exact(spread):
    day = (100 * (1 + spread / 2), 100 * (1 - spread / 2), 100)
    assert spread == pytest.approx(two_day_spreads(bars(day, day))[0], rel=1e-9)


def test_without_a_spread_a_range_that_grows_with_the_root_of_time_gives_zero():
    one, two = 0.02, 0.02 * np.sqrt(2)
    rows = bars((100 * np.exp(one), 100, 101), (100 * np.exp(two), 100 * np.exp(two - one), 101))
    assert 0.0 == pytest.approx(two_day_spreads(rows, overnight=False)[0], abs=1e-12)


def by_hand(first: float, second: float, both: float) -> float:
    """The spread of the ratios of high to low of two days, and of both together."""
    beta, gamma, k = np.log(first) ** 2 + np.log(second) ** 2, np.log(both) ** 2, 3 - 2 * np.sqrt(2)
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / k - np.sqrt(gamma / k)
    return 2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha))


def test_two_days_worked_by_hand():
    found = two_day_spreads(bars((102, 100, 101), (104, 101, 103)))[0]
    assert by_hand(102 / 100, 104 / 101, 104 / 100) == pytest.approx(found, rel=1e-12)


def test_a_gap_overnight_is_taken_out_in_either_direction():
    # The second day lies above the close of 101: shifted down by 10 it spans 101 to 103; its own range stays.
    up = bars((102, 100, 101), (113, 111, 112))
    assert by_hand(102 / 100, 113 / 111, 103 / 100) == pytest.approx(two_day_spreads(up)[0], rel=1e-12)
    assert by_hand(102 / 100, 113 / 111, 113 / 100) == pytest.approx(two_day_spreads(up, overnight=False)[0], rel=1e-12)
    # It lies below: shifted up by 9 it spans 99 to 101.
    down = bars((102, 100, 101), (92, 90, 91))
    assert by_hand(102 / 100, 92 / 90, 102 / 99) == pytest.approx(two_day_spreads(down)[0], rel=1e-12)
    # It holds the close: nothing is shifted.
    beside = bars((102, 100, 101), (104, 100.5, 103))
    assert two_day_spreads(beside)[0] == two_day_spreads(beside, overnight=False)[0]


def test_what_negative_estimates_count_as_is_a_choice():
    rng = np.random.default_rng(5)
    low = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, 200)))
    high = low * np.exp(np.abs(rng.normal(0.01, 0.01, 200)))
    close = (high + low) / 2
    each = two_day_spreads(np.column_stack((close, high, low, close)))
    assert (each < 0).any()
    wanted = {"zero": np.maximum(each, 0).mean(), "keep": each.mean(), "drop": each[each >= 0].mean()}
    for negative, mean in wanted.items():
        found = corwin_schultz(high, low, close, negative=negative)
        assert found.signed_bps.value == pytest.approx(1e4 * mean, rel=1e-12)
    with pytest.raises(BadParameter, match="negative"):
        corwin_schultz(high, low, close, negative="nan")
