"""Convex functions over everything an order may do: trades of 0 or more that sum to its quantity.

`least_of_worst` minimises the largest of several convex functions. The trades are found by sequential quadratic
programming (Kraft 1988, "A software package for sequential quadratic programming", as in scipy), and proved by a bound
that needs no solver: with weights w of 0 or more that sum to 1, convexity gives for all allowed y

    max_k f_k(y) >= sum_k w_k f_k(x) + g'(y - x) >= sum_k w_k f_k(x) - (g'x - X min_i g_i),   g = sum_k w_k grad f_k(x)

(the gap of Frank & Wolfe 1956). Gradients are central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats

Function = Callable[[Floats], float]
_RESTARTS = 5  # A fresh start forgets a poor curvature.
MAX_BUCKETS = 150  # The dense quadratic programmes inside cost the cube of it.


class Least(NamedTuple):
    """Shares that minimise the worst of some functions, that worst, and the relative gap to a lower bound."""

    shares: Floats
    value: float
    gap: float
    weights: Floats
    iterations: int


def least_of_worst(functions: Sequence[Function], start: Floats, *, tolerance: float = 1e-6) -> Least:
    """Shares (N,) of the whole, 0 or more with sum 1, at which the largest of convex functions is least.

    Parameters
    ----------
    functions
        Of shares (N,); convex; above 0 somewhere.
    start
        Where to begin; mixed with even trading so that every share can move.

    Raises
    ------
    BadParameter
        With more than 150 shares, or when the gap stays above 1,000 times the tolerance.
    """
    n = len(start)
    if n > MAX_BUCKETS:
        raise BadParameter(f"{n} buckets are too many for a plan over many worlds; use {MAX_BUCKETS} or fewer")
    shares = 0.99 * np.asarray(start) + 0.01 / n
    chosen = [_worst(functions, shares)]  # Few functions are ever the worst: the others join when they are.
    rounds = 0
    best: Least | None = None
    for _ in range(len(functions) + _RESTARTS):
        shares, done = _descend([functions[k] for k in chosen], shares)
        rounds += done
        value, gap, weights = _gap(functions, shares)
        if best is None or gap < best.gap:
            best = Least(shares, value, gap, weights, rounds)
        if best.gap <= tolerance:
            break
        worst = _worst(functions, shares)
        if worst not in chosen:
            chosen.append(worst)
    assert best is not None
    if best.gap > 1e3 * tolerance:
        raise BadParameter(
            f"the least of the worst cases is known to {best.gap:.1e} only; use fewer buckets, or doubt fewer numbers"
        )
    return best


def gradient(function: Function, shares: Floats) -> Floats:
    """Central differences, (N,); one-sided below where a share is next to 0."""
    step = 1e-6
    slopes = np.empty(len(shares))
    for i in range(len(shares)):
        down = min(step, float(shares[i]))
        up, low = shares.copy(), shares.copy()
        up[i] += step
        low[i] -= down
        slopes[i] = (function(up) - function(low)) / (step + down)
    return slopes


def _worst(functions: Sequence[Function], shares: Floats) -> int:
    return int(np.argmax([function(shares) for function in functions]))


def _descend(functions: Sequence[Function], start: Floats) -> tuple[Floats, int]:
    """One run from a start; in the variables (shares, worst) where there are several functions."""
    from scipy.optimize import minimize  # noqa: PLC0415

    n = len(start)
    several = len(functions) > 1
    worst = max(function(start) for function in functions)
    unit = abs(worst) or 1.0
    point = np.concatenate((start, [worst / unit])) if several else start
    sums = {
        "type": "eq",
        "fun": lambda z: z[:n].sum() - 1.0,
        "jac": lambda _: np.r_[np.ones(n), np.zeros(int(several))],
    }
    limits: list[dict[str, object]] = [sums]
    if several:
        limits += [
            {
                "type": "ineq",
                "fun": lambda z, f=function: z[n] - f(z[:n]) / unit,
                "jac": lambda z, f=function: np.r_[-gradient(f, z[:n]) / unit, 1.0],
            }
            for function in functions
        ]
        last = np.r_[np.zeros(n), 1.0]
        target, slope = (lambda z: float(z[n])), (lambda _: last)
    else:
        target, slope = (lambda z: functions[0](z) / unit), (lambda z: gradient(functions[0], z) / unit)
    found = minimize(
        target,
        point,
        jac=slope,
        bounds=[(0.0, 1.0)] * n + [(None, None)] * several,
        constraints=limits,
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 200},
    )
    shares = np.clip(found.x[:n], 0.0, None)
    return shares / shares.sum(), int(found.nit)


def _gap(functions: Sequence[Function], shares: Floats) -> tuple[float, float, Floats]:
    """The worst at a point, its relative gap, and the weights on the worst functions that make the gap least."""
    from scipy.optimize import linprog  # noqa: PLC0415

    values = np.array([function(shares) for function in functions])
    value = float(values.max())
    scale = abs(value) or 1.0
    near = np.flatnonzero(values >= value - 1e-4 * scale)
    slopes = np.array([gradient(functions[int(k)], shares) for k in near])
    # The greatest bound over weights: variables (w, floor), floor the least component of w'slopes.
    here = values[near] - slopes @ shares
    found = linprog(
        np.r_[-here, -1.0] / scale,
        A_ub=np.column_stack((-slopes.T, np.ones(len(shares)))) / scale,
        b_ub=np.zeros(len(shares)),
        A_eq=[np.r_[np.ones(len(near)), 0.0]],
        b_eq=[1.0],
        bounds=[(0, None)] * len(near) + [(None, None)],
        method="highs",
    )
    weights = np.zeros(len(functions))
    if found.x is None:
        return value, np.inf, weights
    weights[near] = found.x[:-1]
    bound = float(weights[near] @ here + (weights[near] @ slopes).min())
    return value, max(0.0, (value - bound) / scale), weights
