"""Almgren, "Optimal execution with nonlinear impact functions and trading-enhanced risk", Applied Mathematical Finance
10 (2003): the example of 100,000 shares, $1 a day of volatility and half a dollar of impact at 100,000 shares a day.

The paper itself could not be read here. The numbers are those that an independent implementation (DRIP, its sample
PowerLawOptimalTrajectory) prints for that example: risk tolerances of 10, 200 and 2,000 thousand dollars. Its holdings
for exponents above 1 are straight lines, which contradicts its own finite completion times, so of those only times and
costs are used; everything is also tested against the equation of motion and against quadrature."""

import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.schedules.power_law import PowerLiquidation
from nowake.schedules.tracking import Tracking

# Risk aversion, exponent: percent left after 0.1, 0.5 and 1 day; T*, last share in days; cost and risk in thousands.
HOLDINGS = [
    (1e-4, 0.25, (16.04, 1.84, 0.63)),
    (1e-4, 0.50, (37.25, 3.90, 0.85)),
    (1e-4, 0.75, (53.57, 6.86, 0.99)),
    (1e-4, 1.00, (63.94, 10.69, 1.14)),
    (5e-6, 0.25, (75.69, 34.03, 17.78)),
    (5e-6, 0.50, (85.67, 49.45, 27.97)),
    (5e-6, 1.00, (90.48, 60.65, 36.79)),
    (5e-7, 0.25, (95.37, 79.90, 65.56)),
    (5e-7, 0.75, (96.89, 85.53, 73.40)),
]
TIMES = [
    (1e-4, 0.50, 0.1, math.inf, 103, 23),
    (1e-4, 1.00, 0.2, math.inf, 112, 33),
    (1e-4, 1.50, 0.4, 1.8, 108, 40),
    (1e-4, 3.00, 0.6, 1.2, 83, 50),
    (5e-6, 0.25, 0.3, math.inf, 47, 49),
    (5e-6, 1.25, 1.1, 9.9, 21, 72),
    (5e-6, 2.00, 1.3, 3.8, 13, 73),
    (5e-6, 3.00, 1.3, 2.6, 9, 73),
    (5e-7, 0.25, 2.1, math.inf, 30, 122),
    (5e-7, 1.25, 3.1, 27.7, 6, 121),
    (5e-7, 2.00, 2.7, 8.1, 3, 108),
    (5e-7, 3.00, 2.3, 4.7, 2, 97),
]
EXPONENTS = [0.25, 0.5, 0.6, 0.999999, 1.0, 1.000001, 1.5, 3.0]


def example(aversion: float, exponent: float) -> PowerLiquidation:
    return PowerLiquidation(
        quantity=1e5,
        volatility=1.0,
        coefficient=0.5 / 1e5**exponent,
        exponent=exponent,
        risk_aversion=aversion,
    )


@pytest.mark.parametrize(("aversion", "exponent", "percent"), HOLDINGS)
def test_holdings_of_an_independent_implementation(
    aversion: float, exponent: float, percent: tuple[float, ...]
) -> None:
    left = example(aversion, exponent).holdings(np.array([0.1, 0.5, 1.0]))
    assert left / 1e3 == pytest.approx(percent, abs=0.006)


@pytest.mark.parametrize("row", TIMES)
def test_times_and_costs_of_an_independent_implementation(row: tuple[float, ...]) -> None:
    aversion, exponent, time, last, cost, risk = row
    problem = example(aversion, exponent)
    assert problem.characteristic_days == pytest.approx(time, abs=0.051)
    assert problem.completion_days == pytest.approx(last, abs=0.051)
    assert problem.expected_cost / 1e3 == pytest.approx(cost, abs=0.51)
    assert math.sqrt(problem.variance) / 1e3 == pytest.approx(risk, abs=0.51)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_holdings_conserve_the_energy_of_the_euler_lagrange_equation(exponent: float) -> None:
    # k eta v^(k+1) - lambda sigma^2 x^2 is constant along any optimum, and 0 where there is no end.
    problem = example(5e-6, exponent)
    t = np.linspace(0.05, 2.0, 40)
    step = 1e-5
    v = (problem.holdings(t - step) - problem.holdings(t + step)) / (2 * step)
    x = problem.holdings(t)
    assert exponent * problem.coefficient * v ** (exponent + 1) == pytest.approx(5e-6 * x**2, rel=1e-5)


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_cost_and_variance_are_the_integrals_along_the_path(exponent: float) -> None:
    problem = example(1e-4, exponent)
    # Where there is no last share, until a hundred-thousandth is left or what is left no longer matters.
    end = min(problem.completion_days, 3e4 * problem.characteristic_days)
    t = np.concatenate(([0.0], np.geomspace(1e-7 * end, end, 400_001)))
    x = problem.holdings(t)
    tau, n = np.diff(t), -np.diff(x)
    cost = problem.coefficient * float((n * (n / tau) ** exponent).sum())
    variance = float((tau * ((x[1:] + x[:-1]) / 2) ** 2).sum())
    assert cost == pytest.approx(problem.expected_cost, rel=2e-3)
    assert variance == pytest.approx(problem.variance, rel=2e-3)


def test_exponents_above_one_finish_at_a_finite_time_and_stay_finished() -> None:
    problem = example(5e-6, 2.0)
    assert problem.completion_days == pytest.approx(3 * problem.characteristic_days)
    left = problem.holdings(np.array([0.999, 1.0, 1.5]) * problem.completion_days)
    assert left[0] > 0
    assert left[1:] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("exponent", "direction"), [(0.5, -1), (1.0, 0), (2.0, 1)])
def test_larger_orders_last_longer_only_where_impact_is_convex_in_the_rate(exponent: float, direction: int) -> None:
    # T* is as X^((k-1)/(k+1)): under concave impact a large order is done sooner, under linear no later.
    small, large = (
        example(5e-6, exponent),
        PowerLiquidation(
            quantity=8e5, volatility=1.0, coefficient=0.5 / 1e5**exponent, exponent=exponent, risk_aversion=5e-6
        ),
    )
    ratio = large.characteristic_days / small.characteristic_days
    assert ratio == pytest.approx(8 ** ((exponent - 1) / (exponent + 1)))
    assert np.sign(round(math.log(ratio), 9)) == direction


@pytest.mark.parametrize("exponent", [0.5, 0.6, 1.0, 1.5, 3.0])
def test_fine_buckets_over_a_long_window_follow_the_path_without_an_end(exponent: float) -> None:
    problem = example(1e-4, exponent)
    days, steps = (60 if exponent < 1 else 6) * problem.characteristic_days, 6_000
    tau = days / steps
    trades, certificate = Tracking(
        quantity=1e5,
        costs=np.full(steps, problem.coefficient * tau**-exponent),
        risks=np.full(steps, 1e-4 * tau),
        path=np.zeros(steps),
        power=1 + exponent,
    ).solve()
    assert certificate.value < 1e-7
    assert trades.min() >= 0
    t = tau * np.arange(1, steps + 1)
    early = t < 2 * problem.characteristic_days
    left = 1e5 - np.cumsum(trades)
    assert left[early] == pytest.approx(problem.holdings(t)[early], abs=0.012 * 1e5)


@pytest.mark.parametrize("name", ["quantity", "volatility", "coefficient", "exponent", "risk_aversion"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.nan, math.inf])
def test_problem_without_an_end_needs_every_number_above_zero(name: str, value: float) -> None:
    numbers = {"quantity": 1e5, "volatility": 1.0, "coefficient": 1e-6, "exponent": 0.5, "risk_aversion": 1e-6}
    with pytest.raises(BadParameter, match=name):
        PowerLiquidation(**{**numbers, name: value})
