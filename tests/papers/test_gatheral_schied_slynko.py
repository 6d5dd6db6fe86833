"""Gatheral, Schied & Slynko 2012, "Transient linear price impact and Fredholm integral equations", Mathematical Finance
22: the cheapest way to trade for a given decay; and Alfonsi, Schied & Slynko 2012, "Order book resilience, price
manipulation, and the positive portfolio problem", SIAM J. Financial Math. 3, on decay that makes it swing."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import betainc

from nowake.models.impact.admissible import cheapest_trades, check_admissible, warnings_of
from nowake.models.impact.kernel import Kernel
from nowake.models.impact.kernels import CappedLinear, Exponential, PowerLaw, ShiftedPowerLaw
from nowake.models.impact.shapes import Power

LINEAR = Power(1.0, 1.0)


class Gaussian(Kernel, frozen=True):
    """exp(-t^2): positive definite, as its spectrum is a Gaussian, and flat at 0, so not convex."""

    def __call__(self, lag_days: np.ndarray) -> np.ndarray:
        return np.exp(-(np.asarray(lag_days) ** 2))

    def first(self, lag_days: np.ndarray) -> np.ndarray:
        return np.vectorize(lambda lag: quad(self, 0, lag)[0])(lag_days)

    def second(self, lag_days: np.ndarray) -> np.ndarray:
        return np.vectorize(lambda lag: quad(self.first, 0, lag)[0])(lag_days)

    def __str__(self) -> str:
        return "exp(-t^2)"


@pytest.mark.parametrize("gamma", [0.2, 0.5, 0.8])
def test_a_power_law_is_traded_by_the_beta_distribution(gamma: float) -> None:
    """Density ~ (t (T - t))^(-(1 - gamma) / 2): the share done by t is I_{t/T}((1 + gamma) / 2, (1 + gamma) / 2)."""
    done = np.cumsum(cheapest_trades(PowerLaw(gamma), span_days=2.0, trades=200))
    at = np.arange(1, 201) / 200
    expected = betainc((1 + gamma) / 2, (1 + gamma) / 2, at)
    assert np.abs(done - expected).max() < 4e-3


def test_the_beta_distribution_keeps_the_displacement_even() -> None:
    """Fredholm's equation: the integral of |t - s|^-gamma against the density is the same at every t."""
    gamma = 0.5
    a = (1 + gamma) / 2
    met = []
    for t in (0.2, 0.5, 0.9):
        before = quad(lambda s: (1 - s) ** (a - 1), 0, t, weight="alg", wvar=(a - 1, -gamma))[0]
        after = quad(lambda s: s ** (a - 1), t, 1, weight="alg", wvar=(-gamma, a - 1))[0]
        met.append(before + after)
    assert met == pytest.approx([met[0]] * 3, rel=1e-6)


@pytest.mark.parametrize("horizons", [1, 2, 5])
def test_decay_that_ends_with_a_horizon_is_traded_in_equal_blocks_a_horizon_apart(horizons: int) -> None:
    """Blocks of x at 0, h, 2h, ...: any instant meets two of them, x (1 - u) + x u = x, everywhere the same."""
    h, per_horizon = 0.1, 4
    trades = cheapest_trades(CappedLinear(h), span_days=horizons * h, trades=horizons * per_horizon + 1)
    expected = np.zeros(horizons * per_horizon + 1)
    expected[::per_horizon] = 1 / (horizons + 1)
    assert trades.tolist() == pytest.approx(expected.tolist(), abs=1e-9)


@pytest.mark.parametrize("kernel", [Exponential(3.0), ShiftedPowerLaw(0.5, 0.02), CappedLinear(0.3)], ids=str)
def test_a_search_by_hand_finds_the_same_blocks(kernel: Kernel) -> None:
    gram = kernel.gram(np.linspace(0, 1, 7))
    found = minimize(
        lambda x: x @ gram @ x / 2,
        np.full(7, 1 / 7),
        jac=lambda x: gram @ x,
        constraints={"type": "eq", "fun": lambda x: x.sum() - 1, "jac": lambda x: np.ones(7)},
        options={"ftol": 1e-14},
    )
    assert cheapest_trades(kernel, span_days=1.0, trades=7).tolist() == pytest.approx(found.x.tolist(), abs=1e-5)


def test_gaussian_decay_is_admissible_but_its_best_schedule_swings_between_buying_and_selling() -> None:
    """Alfonsi, Schied & Slynko 2012 show it of exp(-t^2)."""
    check_admissible(Gaussian(), LINEAR)
    trades = cheapest_trades(Gaussian(), span_days=10.0, trades=31)
    assert trades.min() < -0.1
    assert trades.max() > 0.1
    assert trades.sum() == pytest.approx(1)
    assert len(warnings_of(Gaussian())) == 1
