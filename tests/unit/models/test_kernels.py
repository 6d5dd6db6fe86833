"""Decay kernels: antiderivatives and cells against quadrature, sums of exponentials against the kernel, refusals."""

import math
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernel import Kernel, transient_cost
from nowake.models.impact.kernel_exponential import mean_left, mean_left_slope
from nowake.models.impact.kernels import CappedLinear, Exponential, MultiExponential, PowerLaw, ShiftedPowerLaw
from nowake.models.impact.shapes import Power

FINITE = [
    Exponential(5.0),
    MultiExponential(weights=(0.7, 0.3), rates=(50.0, 1.0)),
    ShiftedPowerLaw(exponent=0.4, cutoff_days=0.01),
    ShiftedPowerLaw(exponent=1.0, cutoff_days=0.1),
    ShiftedPowerLaw(exponent=1 + 1e-7, cutoff_days=0.1),
    ShiftedPowerLaw(exponent=2.0, cutoff_days=0.3),
    CappedLinear(horizon_days=0.25),
]
KERNELS = [*FINITE, PowerLaw(0.3), PowerLaw(0.5), PowerLaw(0.9)]
every_kernel = pytest.mark.parametrize("kernel", KERNELS, ids=str)


@every_kernel
def test_antiderivatives_are_integrals_of_the_kernel(kernel: Kernel) -> None:
    for lag in (1e-3, 0.1, 0.7, 3.0):
        # With u = s^10 the power law is smooth at 0.
        once = quad(lambda s: float(kernel(s**10)) * 10 * s**9, 0, lag**0.1, limit=200)[0]
        twice = quad(lambda s, lag=lag: (lag - s**10) * float(kernel(s**10)) * 10 * s**9, 0, lag**0.1, limit=200)[0]
        assert float(kernel.first(lag)) == pytest.approx(once, rel=1e-6)
        assert float(kernel.second(lag)) == pytest.approx(twice, rel=1e-6)
    assert (float(kernel.first(0.0)), float(kernel.second(0.0))) == (0.0, 0.0)


@pytest.mark.parametrize("exponent", [1.0, 1.00002, 0.9995, 1.001, 0.6, 0.4, 1.6, 2.0, 2.0001, 3.0])
def test_a_shifted_power_law_keeps_its_digits_near_1_and_over_short_and_long_lags(exponent: float) -> None:
    """Lags of 1e-7 of the cut-off see no decay; longer ones by ninety digits."""
    kernel = ShiftedPowerLaw(exponent, 1.0)
    apart = np.abs(np.subtract.outer(np.arange(200), np.arange(200))) * 1e-7
    assert kernel.matrix(np.arange(201) * 1e-7).ravel() == pytest.approx(kernel(apart).ravel(), abs=1e-6)
    for lag in (1e-9, 1e-3, 0.3, 0.7, 1.0, 50.0, 1e6):
        with localcontext(prec=90):
            # Off the limits at exponents 1 and 2 by nothing that shows.
            grown, x = 2 - Decimal(exponent) + Decimal("1e-30"), Decimal(lag)
            exact = (((1 + x) ** grown - 1) / grown - x) / (grown - 1)
        assert float(kernel.second(lag)) == pytest.approx(float(exact), rel=2e-14)


@pytest.mark.parametrize("kernel", FINITE, ids=str)
def test_a_kernel_is_one_at_once_and_falls(kernel: Kernel) -> None:
    lags = np.linspace(0, 3, 301)
    values = np.asarray(kernel(lags))
    assert values[0] == pytest.approx(1)
    assert np.all(np.diff(values) <= 0)
    assert not kernel.bursts


@pytest.mark.parametrize("kernel", [Exponential(5.0), ShiftedPowerLaw(0.4, 0.01), CappedLinear(0.25)], ids=str)
def test_cells_are_double_integrals_of_the_kernel(kernel: Kernel) -> None:
    edges = np.array([0.0, 0.1, 0.15, 0.5])
    matrix = kernel.matrix(edges)
    for i in range(3):
        for j in range(i + 1):
            area = (edges[i + 1] - edges[i]) * (edges[j + 1] - edges[j])
            mean = dblquad(lambda s, t: float(kernel(abs(t - s))), *edges[i : i + 2], *edges[j : j + 2], epsabs=1e-9)[0]
            assert matrix[i, j] == pytest.approx(mean / area, rel=1e-5)
            assert matrix[j, i] == pytest.approx(matrix[i, j])


def test_cells_of_a_power_law_are_finite_on_the_diagonal() -> None:
    """The mean of |t - s|^-g over a cell of length h is 2 h^-g / ((1 - g) (2 - g))."""
    matrix = PowerLaw(0.5).matrix(np.array([0.0, 0.2, 0.6]))
    assert np.diagonal(matrix).tolist() == pytest.approx([2 * h**-0.5 / 0.75 for h in (0.2, 0.4)])


@pytest.mark.parametrize("kernel", FINITE, ids=str)
def test_small_cells_are_blocks(kernel: Kernel) -> None:
    times = np.linspace(0, 0.24, 5)
    edges = np.column_stack((times, times + 1e-5)).ravel()
    cells = kernel.matrix(edges)[::2, ::2]
    assert cells.ravel().tolist() == pytest.approx(kernel.gram(times).ravel().tolist(), abs=2e-3)


@pytest.mark.parametrize("kernel", [*FINITE, PowerLaw(0.5)], ids=str)
def test_short_buckets_far_apart_keep_their_digits(kernel: Kernel) -> None:
    """A millisecond at both ends of a tenth of a session: what is left of one at the other is G, to 1e-7 of it."""
    matrix = kernel.matrix(np.array([0.0, 1e-8, 0.1, 0.1 + 1e-8]))
    assert matrix[0, 2] == pytest.approx(float(kernel(0.1)), rel=2e-7)
    next_to_it = (kernel.first(0.1) - kernel.second(1e-8) / 1e-8) / 0.1
    assert matrix[1, 2] == pytest.approx(float(next_to_it), rel=1e-6)


@every_kernel
def test_no_schedule_costs_less_than_nothing(kernel: Kernel) -> None:
    """Positive definite: Bochner."""
    rng = np.random.default_rng(11)
    for _ in range(20):
        edges = np.cumsum(rng.exponential(0.05, 16))
        assert np.linalg.eigvalsh(kernel.matrix(edges))[0] > 0


def test_cost_is_the_sum_of_what_small_slices_pay() -> None:
    """Midpoints of many slices, each paying the pressure of those before it and half of its own."""
    kernel, pressure = Exponential(5.0), Power(3.0, 0.6)
    quantities, edges = np.array([2.0, -1.0, 0.5]), np.array([0.0, 0.1, 0.4, 0.5])
    times = np.concatenate([np.linspace(a, b, 500, endpoint=False) for a, b in pairwise(edges)])
    lengths = np.repeat(np.diff(edges) / 500, 500)
    rates = np.repeat(quantities / np.diff(edges), 500)
    push = pressure(rates) * lengths
    paid = sum(
        rates[i] * lengths[i] * (np.exp(-5 * (times[i] - times[:i])) @ push[:i] + push[i] / 2) for i in range(1500)
    )
    assert transient_cost(kernel, pressure, quantities, edges) == pytest.approx(paid, rel=1e-3)


@given(st.floats(0.02, 0.98))
def test_a_power_law_is_a_sum_of_exponentials_within_a_millionth(exponent: float) -> None:
    weights, rates = PowerLaw(exponent).exponentials(shortest_days=1e-9, longest_days=10.0)
    lags = np.geomspace(1e-9, 10, 200)
    assert (np.exp(-np.outer(lags, rates)) @ weights).tolist() == pytest.approx((lags**-exponent).tolist(), rel=1e-6)
    assert weights.min() > 0
    assert rates.min() > 0
    assert len(weights) < 90


@given(st.floats(0.02, 3.0), st.floats(1e-6, 1.0))
def test_a_shifted_power_law_is_a_sum_of_exponentials_from_lag_0(exponent: float, cutoff: float) -> None:
    kernel = ShiftedPowerLaw(exponent, cutoff)
    weights, rates = kernel.exponentials(shortest_days=1e-9, longest_days=10.0)
    lags = np.concatenate(([0.0], np.geomspace(1e-9, 10, 200)))
    assert (np.exp(-np.outer(lags, rates)) @ weights).tolist() == pytest.approx(kernel(lags).tolist(), rel=1e-6)
    assert weights.min() > 0


def test_an_even_order_pays_the_mean_of_what_is_left() -> None:
    for x in (0.0, 1e-9, 1e-4, 0.0099, 0.0101, 0.099, 0.101, 1.0, 30.0, 1e4):
        near = min(1.0, 40 / x) if x else 1.0  # Beyond it nothing is left.
        left = quad(lambda u, x=x: (1 - u) * math.exp(-x * u), 0, near, epsabs=1e-14, epsrel=1e-12)[0]
        slope = -quad(lambda u, x=x: u * (1 - u) * math.exp(-x * u), 0, near, epsabs=1e-16, epsrel=1e-12)[0]
        assert float(mean_left(x)) == pytest.approx(left, rel=1e-9)
        assert float(mean_left_slope(x)) == pytest.approx(slope, rel=1e-9)


def test_half_is_left_after_the_half_life() -> None:
    assert float(Exponential.of_half_life(0.02)(0.02)) == pytest.approx(0.5)


def test_a_kernel_without_exponentials_says_what_to_do_instead() -> None:
    with pytest.raises(BadParameter, match="ask cost_of or path"):
        CappedLinear(0.1).exponentials(shortest_days=1e-6, longest_days=1.0)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Exponential(0.0), "rate 0.0"),
        (lambda: Exponential.of_half_life(-1.0), "half-life -1.0"),
        (lambda: PowerLaw(1.0), "exponent 1.0"),
        (lambda: PowerLaw(0.0), "exponent 0.0"),
        (lambda: ShiftedPowerLaw(3.5, 0.1), "exponent 3.5"),
        (lambda: ShiftedPowerLaw(0.5, 0.0), "cutoff_days 0.0"),
        (lambda: CappedLinear(math.inf), "horizon_days inf"),
        (lambda: MultiExponential((1.0,), (1.0, 2.0)), "1 weights and 2 rates"),
        (lambda: MultiExponential((1.0, 1.0), (2.0, 2.0)), "all be different"),
        (lambda: MultiExponential((1.0, -1.0), (1.0, 2.0)), "sum above 0"),
        (lambda: MultiExponential((), ()), "at least one"),
        (lambda: PowerLaw(0.5).exponentials(shortest_days=1.0, longest_days=0.5), "shortest_days < longest_days"),
    ],
)
def test_a_kernel_that_cannot_be_is_refused_with_its_value(make: object, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        make()
