"""Baillie, Booth, Tse & Zabotina 2002, "Price discovery and common factor models", Journal of Financial Markets 5.

Their result: both measures come from the same error correction, IS from alpha and Omega, CS from alpha alone. For two
markets without lags the paper gives IS in closed form: with psi proportional to (g_1, g_2), deviations s_1, s_2
and correlation r, first in line has (g_1 s_1 + g_2 r s_2)^2 over that plus g_2^2 s_2^2 (1 - r^2). No number of its
tables is repeated. Simulated from that model, whose shares are known exactly, intervals hold the truth as often as
they say."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.microstructure.discovery import discover, information_shares
from nowake.microstructure.discovery.estimation import Discovery, all_shares
from nowake.microstructure.discovery.simulated import correcting_markets
from nowake.microstructure.discovery.vecm import Vecm, common_weights

WORLDS = {
    "one leads": ([[-0.02], [0.2]], [[1.0, 0.3], [0.3, 1.0]]),
    "equal": ([[-0.1], [0.1]], [[1.0, 0.5], [0.5, 1.0]]),
    "one has all": ([[0.0], [0.2]], [[1.0, 0.0], [0.0, 1.0]]),
    "one has all, news shared": ([[0.0], [0.2]], [[1.0, 0.4], [0.4, 2.0]]),
    "noise differs": ([[-0.05], [0.15]], [[1.0, 0.4], [0.4, 4.0]]),
    "three": ([[-0.05, -0.05], [0.1, 0.0], [0.02, 0.15]], [[1.0, 0.3, 0.2], [0.3, 1.5, 0.4], [0.2, 0.4, 2.0]]),
}


@pytest.mark.parametrize(("s_1", "s_2", "r"), [(1.0, 1.0, 0.0), (1.0, 2.0, 0.5), (3.0, 1.0, -0.3)])
def test_closed_form_of_two_markets(s_1: float, s_2: float, r: float) -> None:
    g_1, g_2 = 0.7, 0.3
    omega = np.array([[s_1**2, r * s_1 * s_2], [r * s_1 * s_2, s_2**2]])
    first, rest = (g_1 * s_1 + g_2 * r * s_2) ** 2, g_2**2 * s_2**2 * (1 - r**2)
    shares = information_shares(np.array([g_1, g_2]), omega)
    either = {float(shares.low[0]), float(shares.high[0])}
    assert any(share == pytest.approx(first / (first + rest), abs=1e-13) for share in either)


def test_without_correlation_information_is_squared_components_by_variance() -> None:
    """IS_j proportional to CS_j^2 s_j^2: 0.7^2 * 1 to 0.3^2 * 4."""
    shares = information_shares(np.array([0.7, 0.3]), np.diag([1.0, 4.0]))
    np.testing.assert_allclose(shares.mid, [0.49 / 0.85, 0.36 / 0.85], rtol=1e-13)


def truth_of(world: str) -> dict[str, np.ndarray]:
    alpha, omega = (np.asarray(part, np.float64) for part in WORLDS[world])
    m = len(omega)
    psi = common_weights(alpha, np.zeros((0, m, m)))
    exact = all_shares(Vecm(alpha, np.zeros((0, m, m)), np.zeros(m), omega, psi))
    return {
        "information_low": exact.information.low,
        "information_high": exact.information.high,
        "information_mid": exact.information.mid,
        "information_mean": exact.information.mean,
        "component": exact.component,
        "modified": exact.modified,
    } | ({"leadership": exact.leadership} if m == 2 and not world.startswith("one has all") else {})


def run(world: str, seed: int, rows: int) -> Discovery:
    alpha, omega = WORLDS[world]
    covariance = (1e-8 * np.asarray(omega)).tolist()
    basis = [0.01] * (len(omega) - 1)
    return discover(correcting_markets(alpha, covariance, rows=rows, seed=seed, basis=basis), lags=2)


def coverage(world: str, *, repeats: int, rows: int) -> dict[str, float]:
    truth = truth_of(world)
    held: dict[str, list[bool]] = {name: [] for name in truth}
    for seed in range(repeats):
        found = run(world, seed, rows)
        for name, values in truth.items():
            for market, value in zip(found.markets, values, strict=True):
                measured = getattr(market, name)
                held[name].append(measured.low <= value <= measured.high)
    return {name: float(np.mean(flags)) for name, flags in held.items()}


@pytest.mark.parametrize("world", WORLDS)
def test_shares_of_a_long_day_are_near_the_truth(world: str) -> None:
    found, truth = run(world, 1, 30_000), truth_of(world)
    for name, values in truth.items():
        estimates = [getattr(market, name).value for market in found.markets]
        np.testing.assert_allclose(estimates, values, atol=0.06, err_msg=name)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    held = coverage("noise differs", repeats=30, rows=3_000)
    assert min(held.values()) >= 0.8


def test_a_share_of_nothing_lies_in_intervals_that_reach_nothing() -> None:
    """No bootstrap of squares is ever below 0, so without more care intervals would all miss a share of 0."""
    held = coverage("one has all", repeats=25, rows=2_000)
    assert min(held["information_low"], held["information_high"], held["modified"]) >= 0.8


@pytest.mark.study
@pytest.mark.parametrize("world", WORLDS)
def test_intervals_hold_the_truth_at_their_rate(world: str) -> None:
    held = coverage(world, repeats=300, rows=6_000)
    assert 0.91 <= min(held.values()), held
    at_a_bound = world.startswith("one has all")  # A share that is 0 cannot be missed from below.
    assert max(held.values()) <= (1.0 if at_a_bound else 0.985), held
