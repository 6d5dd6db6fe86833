"""The pre-trade estimate as an analyst writes it: formulas in numpy, delta method with scipy's numeric gradients.

Nine laws of impact as functions of their parameters and of the market, vectorised over orders; the spread and the two
doubts of the expectation (parameters, inputs) beside them. Nothing of nowake is imported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import approx_fprime

Array = Any
Law = Callable[[Array, dict[str, Array]], Array]
INPUTS = ("volatility", "spread_bps", "daily_volume")


def linear(p: Array, m: dict[str, Array]) -> Array:
    gamma, eta, epsilon = p
    return (epsilon + eta * m["quantity"] / m["days"] + gamma * m["quantity"] / 2) / m["price"] * 1e4


def square_root(p: Array, m: dict[str, Array]) -> Array:
    return m["spread_bps"] / 2 + p[0] * 1e4 * m["volatility"] * np.sqrt(m["quantity"] / m["daily_volume"])


def power(p: Array, m: dict[str, Array]) -> Array:
    return m["spread_bps"] / 2 + p[0] * 1e4 * m["volatility"] * (m["quantity"] / m["daily_volume"]) ** p[1]


def logarithmic(p: Array, m: dict[str, Array]) -> Array:
    return m["spread_bps"] / 2 + p[0] * 1e4 * m["volatility"] * np.log1p(m["quantity"] / (p[1] * m["daily_volume"]))


def saturating(p: Array, m: dict[str, Array]) -> Array:
    return m["spread_bps"] / 2 - p[0] * 1e4 * m["volatility"] * np.expm1(-m["quantity"] / (p[1] * m["daily_volume"]))


def two_part(p: Array, m: dict[str, Array]) -> Array:
    alpha, beta, gamma = p
    speed, share = m["quantity"] / m["window_volume"], m["quantity"] / m["daily_volume"]
    return m["spread_bps"] / 2 + 1e4 * m["volatility"] * (alpha * speed**beta + gamma * share / 2)


def kyle(p: Array, m: dict[str, Array]) -> Array:
    return m["spread_bps"] / 2 + p[0] * m["quantity"] / m["price"] * 1e4


def almgren(p: Array, m: dict[str, Array]) -> Array:
    gamma, eta, beta, delta = p
    share, speed = m["quantity"] / m["daily_volume"], m["quantity"] / m["window_volume"]
    turnover = m["shares_outstanding"] / m["daily_volume"]
    return m["spread_bps"] / 2 + 1e4 * m["volatility"] * (gamma * share * turnover**delta / 2 + eta * speed**beta)


def i_star(p: Array, m: dict[str, Array]) -> Array:
    a1, a2, a3, a4, b1 = p
    whole = a1 * (m["quantity"] / m["daily_volume"]) ** a2 * (m["volatility"] * np.sqrt(250.0)) ** a3
    rate = m["quantity"] / (m["quantity"] + m["window_volume"])
    return m["spread_bps"] / 2 + whole * (b1 * rate**a4 + 1 - b1)


LAWS: tuple[Law, ...] = (
    linear, square_root, power, logarithmic, saturating, two_part, kyle, almgren, i_star,
)  # fmt: skip


def estimate(
    law: Law, parameters: Array, covariance: Array, market: dict[str, Array], sds: dict[str, Array]
) -> dict[str, Array]:
    """Expected cost, its two doubts and the timing risk, in basis points."""
    expected = law(parameters, market)
    slopes = np.atleast_2d(approx_fprime(parameters, lambda p: law(p, market)))
    parameter_sd = np.sqrt(np.maximum(np.einsum("ni,ij,nj->n", slopes, covariance, slopes), 0))
    variance: Array = 0.0
    for name in INPUTS:
        ends = []
        for sign in (1, -1):
            moved = {**market, name: market[name] + sign * sds[name]}
            if name == "daily_volume":
                # Log-normal, for a volume is never near 0.
                times = np.exp(sign * np.sqrt(np.log1p((sds[name] / market[name]) ** 2)))
                moved |= {each: market[each] * times for each in ("daily_volume", "window_volume")}
            ends.append(law(parameters, moved))
        variance = variance + ((ends[0] - ends[1]) / 2) ** 2
    timing = 1e4 * market["volatility"] * np.sqrt(market["days"] / 3)
    return {
        "expected_bps": expected,
        "parameter_sd_bps": parameter_sd,
        "input_sd_bps": np.sqrt(variance),
        "timing_risk_bps": timing,
    }
