"""The variance ratio test (Lo & MacKinlay 1988, Review of Financial Studies 1; Chow & Denning 1993).

Their index returns are not printed. Checked instead: standard errors and z of a printout of EViews (1,219 changes of
the yuan, periods 2, 4, 8, 16, ratios 0.530712, 0.259339, 0.133377, 0.066624); a series worked by hand; the plain sums
of the paper; closed forms of known processes; Sidak's 5 % point of the largest of four, 2.491, on which the test of
Chow & Denning rests (their table was not at hand)."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nowake.microstructure.efficiency import variance_ratio, variance_ratios
from nowake.microstructure.efficiency.variance_ratio import joint_p, random_walk_se


@pytest.mark.parametrize(
    ("period", "ratio", "error", "z"),
    [
        (2, 0.530712, 0.028642, -16.38481),
        (4, 0.259339, 0.053584, -13.82253),
        (8, 0.133377, 0.084723, -10.22887),
        (16, 0.066624, 0.126072, -7.403510),
    ],
)
def test_errors_of_even_returns_are_those_printed_for_the_yuan(
    period: int, ratio: float, error: float, z: float
) -> None:
    assert error == pytest.approx(random_walk_se(period, 1219), abs=5e-7)
    assert z == pytest.approx((ratio - 1) / random_walk_se(period, 1219), abs=2e-4)


def test_the_largest_of_four_is_above_its_five_percent_point_one_time_in_twenty() -> None:
    assert 0.05 == pytest.approx(joint_p(2.491, 4), abs=2e-5)
    assert 0 < joint_p(30.0, 4) < 1e-190


def test_a_price_that_goes_up_and_down_by_hand() -> None:
    """n = 30 returns +1, -1, ...: mean 0, no two-step move, VR(2) = 0; delta_1 = 29 / 30^2."""
    found = variance_ratios(np.tile([1.0, -1.0], 15), aggregations=(2,)).rows[0]
    assert 0.0 == found.ratio.value
    assert -1 / math.sqrt(2 * 3 * 1 / (3 * 2 * 30)) == pytest.approx(found.z)
    assert -1 / math.sqrt(29 / 900) == pytest.approx(found.z_robust)


@pytest.mark.parametrize("q", [2, 5, 16])
def test_the_sums_of_the_paper_written_out(q: int) -> None:
    r = np.random.default_rng(3).standard_t(4, 200) + 0.3
    n, mu = len(r), sum(r) / len(r)
    price = [0.0]
    for each in r:
        price.append(price[-1] + each)
    sigma_a = sum((x - mu) ** 2 for x in r) / (n - 1)
    m = q * (n - q + 1) * (1 - q / n)
    sigma_c = sum((price[t] - price[t - q] - q * mu) ** 2 for t in range(q, n + 1)) / m
    theta = 0.0
    for k in range(1, q):
        delta = sum((r[t] - mu) ** 2 * (r[t - k] - mu) ** 2 for t in range(k, n))
        theta += (2 * (q - k) / q) ** 2 * delta / sum((x - mu) ** 2 for x in r) ** 2
    found = variance_ratios(r, aggregations=(q,)).rows[0]
    assert sigma_c / sigma_a == pytest.approx(found.ratio.value, rel=1e-12)
    assert (sigma_c / sigma_a - 1) / math.sqrt(theta) == pytest.approx(found.z_robust, rel=1e-10)
    assert found.ratio.value == variance_ratio(r, q)


def test_two_steps_are_one_plus_the_first_correlation() -> None:
    """Equation 10b of the paper, up to end effects: VR(2) = 1 + rho(1)."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(200_001)
    r = noise[1:] + 0.5 * noise[:-1]
    rho = float(np.corrcoef(r[1:], r[:-1])[0, 1])
    assert 1 + rho == pytest.approx(variance_ratio(r, 2), abs=1e-4)


@pytest.mark.parametrize("q", [2, 4, 8, 16])
def test_rolls_bounce_makes_the_ratio_of_its_closed_form(q: int) -> None:
    """Bid-ask bounce: 1 - 2 (1 - 1/q) c^2 / (2 c^2 + s^2)."""
    rng = np.random.default_rng(q)
    half_spread, step = 1.5, 1.0
    side = rng.choice([-1.0, 1.0], 200_001)
    r = step * rng.standard_normal(200_000) + half_spread * np.diff(side)
    expected = 1 - 2 * (1 - 1 / q) * half_spread**2 / (2 * half_spread**2 + step**2)
    assert expected == pytest.approx(variance_ratio(r, q), abs=0.01)
