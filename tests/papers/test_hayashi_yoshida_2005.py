"""Hayashi & Yoshida 2005, "On covariance estimation of non-synchronously observed diffusion processes", Bernoulli 11.

Their estimator by hand and against its double sum; it is right on average where prices on a grid are not (their point,
Epps's effect); and its shifted version finds a lead (Hoffmann, Rosenbaum & Yoshida 2013). No printed number is
repeated: none could be confirmed here."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference.discovery import overlapping_products

from nowake.microstructure.discovery import Market, align, hayashi_yoshida, lead_lag
from nowake.microstructure.discovery.leads import met_returns

MS = 1_000_000


def test_six_ticks_by_hand() -> None:
    """(0,2] meets (0,1] and (1,3]: 1 (0.5 + 1.5); (2,4] meets (1,3] and (3,5]: 2 (1.5 + 0.5). In all 6."""
    first = Market("x", np.array([0, 2, 4]), np.array([0.0, 1.0, 3.0]))
    second = Market("y", np.array([0, 1, 3, 5]), np.array([0.0, 0.5, 2.0, 2.5]))
    assert float(np.diff(first.log_price) @ met_returns(first, second, 0)) == 6.0


def test_intervals_that_only_touch_do_not_meet() -> None:
    """(0,2] and (2,4]: no instant in common. Moved earlier by one they share (1, 2]."""
    first = Market("x", np.array([0, 2]), np.array([0.0, 1.0]))
    second = Market("y", np.array([2, 4]), np.array([0.0, 5.0]))
    np.testing.assert_array_equal([0.0], met_returns(first, second, 0))
    np.testing.assert_array_equal([5.0], met_returns(first, second, 1))


@st.composite
def markets(draw: st.DrawFn) -> Market:
    times = sorted(draw(st.sets(st.integers(0, 60), min_size=2, max_size=20)))
    prices = draw(st.lists(st.integers(-9, 9), min_size=len(times), max_size=len(times)))
    return Market("m", np.array(times), np.array(prices, np.float64))


@given(markets(), markets(), st.integers(-70, 70))
def test_one_pass_is_the_double_sum(first: Market, second: Market, shift: int) -> None:
    rows = [list(zip(m.time_ns.tolist(), m.log_price.tolist(), strict=True)) for m in (first, second)]
    ours = float(np.diff(first.log_price) @ met_returns(first, second, shift))
    assert ours == overlapping_products(*rows, shift)


def pair(seed: int, *, rho: float, late_ms: int = 0, count: int = 4_000, noise: float = 0.0) -> list[Market]:
    """Two correlated walks on a millisecond clock over 1,000 s, each seen at its own random instants."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 1e-5, (2, 1_000_000))
    walks = np.cumsum([steps[0], rho * steps[0] + np.sqrt(1 - rho**2) * steps[1]], axis=1)
    found = []
    for name, walk, late in (("first", walks[0], 0), ("second", walks[1], late_ms)):
        at = np.unique(rng.integers(5_000, walk.size, count))
        found.append(Market(name, at * MS, walk[at - late] + noise * rng.normal(size=len(at))))
    return found


def test_the_correlation_of_walks_seen_apart_is_found_where_a_grid_loses_it() -> None:
    found, on_grid = [], []
    for seed in range(16):
        both = pair(seed, rho=0.6)
        found.append(hayashi_yoshida(*both, repeats=50).correlation.value)
        steps = np.diff(align(both, every_ns=100 * MS).log_prices, axis=0)
        on_grid.append(np.corrcoef(steps.T)[0, 1])
    assert np.mean(found) == pytest.approx(0.6, abs=3 * np.std(found) / np.sqrt(16) + 0.003)
    assert np.mean(on_grid) < 0.3


def test_the_covariance_is_that_of_the_whole_time() -> None:
    values = [hayashi_yoshida(*pair(seed, rho=0.6), repeats=50).covariance.value for seed in range(10)]
    assert np.mean(values) == pytest.approx(0.6 * 1e-10 * 995_000, rel=0.05)


def coverage(repeats: int) -> float:
    held = []
    for seed in range(repeats):
        rho = hayashi_yoshida(*pair(seed, rho=0.6), repeats=200).correlation
        held.append(rho.low <= 0.6 <= rho.high)
    return float(np.mean(held))


def test_intervals_hold_the_correlation_about_as_often_as_they_say() -> None:
    assert coverage(16) >= 0.75


@pytest.mark.study
def test_intervals_hold_the_correlation_at_their_rate() -> None:
    assert 0.91 <= coverage(300) <= 0.985


@pytest.mark.parametrize("late_ms", [0, 200, -300])
def test_a_lead_is_found_with_its_sign(late_ms: int) -> None:
    first, second = pair(3, rho=0.8, late_ms=abs(late_ms), noise=1e-6)
    one, other = (first, second) if late_ms >= 0 else (second, first)
    found = lead_lag(one, other, shifts_ns=[k * 50 * MS for k in range(1, 21)])
    assert found.lead_ns.value / MS == pytest.approx(late_ms, abs=100)
    assert found.lead_ns.low <= late_ms * MS <= found.lead_ns.high
    if late_ms:
        assert (found.ratio.value > 1) == (late_ms > 0)


@pytest.mark.study
def test_intervals_of_the_lead_hold_it() -> None:
    held = []
    for seed in range(200):
        found = lead_lag(*pair(seed, rho=0.8, late_ms=200), shifts_ns=[k * 50 * MS for k in range(1, 21)])
        held.append(found.lead_ns.low <= 200 * MS <= found.lead_ns.high)
    assert np.mean(held) >= 0.93
