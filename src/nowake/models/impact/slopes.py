"""Calculus the models share, right at an order of size 0 too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Size, Terms

_STEP = 1e-3  # Truncation, step^4, and rounding, 1e-16 / step, then leave about 12 digits.
_CENTRAL = ((-2, 1 / 12), (-1, -2 / 3), (1, 2 / 3), (2, -1 / 12))
_FORWARD = ((0, -25 / 12), (1, 4.0), (2, -3.0), (3, 4 / 3), (4, -1 / 4))
_NODES = 40


def log_or_zero(x: Size) -> Size:
    """log(x), and 0 where x is 0: in x^a log(x), whose limit there is 0."""
    return np.log(np.where(x > 0, x, 1.0))


def permanent_slope(permanent_bps: Size, terms: Terms) -> float:
    """Displacement for good per share, linear at the size of one order whose average cost of it is known.

    An order pays on average half of the move it leaves.

    Raises
    ------
    BadParameter
        When the quantity is 0: there is no slope to take.
    """
    if not terms.quantity > 0:
        raise BadParameter(f"quantity {terms.quantity} must be above 0: the response is that to one order")
    return float(2 * permanent_bps / terms.quantity)


def slope_by_log(f: Callable[[Size], Size], x: Size) -> Size:
    """x f'(x) of a function without a derivative written down, by differences of fourth order in log x; 0 at 0."""
    return sum(weight * f(x * np.exp(k * _STEP)) for k, weight in _CENTRAL) / _STEP


def slope_at(f: Callable[[float], Size], at: float, *, low: float, high: float, unit: float) -> Size:
    """f'(at) by differences of fourth order that stay between low and high; `unit` is a usual size of what moves."""
    step = _STEP * (abs(at) or unit)
    points: tuple[tuple[int, float], ...] = _CENTRAL
    if at - 2 * step < low:
        points = _FORWARD
    elif at + 2 * step > high:
        points, step = _FORWARD, -step
    return sum(weight * f(at + k * step) for k, weight in points) / step


def mean_until(f: Callable[[Size], Size], x: Size) -> Size:
    """(1 / x) int_0^x f, f(0) at 0: Gauss and Legendre's rule in the fourth root of the place, as laws of size are
    steepest at 0."""
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    places, weights = (nodes + 1) / 2, weights / 2
    return sum(w * 4 * t**3 * f(x * t**4) for t, w in zip(places.tolist(), weights.tolist(), strict=True))
