"""Random programmes of every feature, and what cvxpy and Clarabel make of them: the second opinion of our solvers.

`optimum` is written from the docstring of `Programme` line by line, in trades alone. It scales by the quantities,
because no general solver takes shares and currency as they come."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.solvers import Programme


def random_programme(
    seed: int,
    *,
    assets: int = 4,
    buckets: int = 6,
    exponent: float = 2.0,
    boxes: bool = True,
    bands: int = 0,
    spread: bool = False,
    drift: bool = False,
    cross: bool = False,
    deadlines: bool = False,
    mixed: bool = False,
    risk: float = 1e-6,
    specific: bool = True,
) -> Programme:
    """A basket of buys and sells with the features asked for; feasible, for the even path is made to be.

    `mixed` spreads prices over 1e-3 to 1e5 and sizes over 1 to 1e9 shares.
    """
    draw = np.random.default_rng(seed)
    n, t = assets, buckets
    price = 10 ** (draw.uniform(-3, 5, n) if mixed else draw.uniform(1, 2, n))
    value = 10 ** draw.uniform(5, 7, n)
    x = np.maximum(value / price, 1.0) * draw.choice([-1.0, 1.0], n)
    sigma = price * 0.02 * draw.uniform(0.5, 2, n)
    loadings = sigma[:, None] * np.column_stack([0.6 * np.ones(n), draw.normal(0, 0.2, (n, 2))])
    profile = 1 + 0.5 * np.cos(np.linspace(0, 2 * np.pi, t))[:, None] * np.ones(n)
    profile *= draw.uniform(0.8, 1.2, (t, n))
    profile /= profile.sum(axis=0)
    daily = np.abs(x) * draw.uniform(3, 50, n)
    limits: dict[str, Any] = {}
    if boxes:
        cap = np.abs(x) * profile * draw.uniform(1.2, 3, n)
        if deadlines and t > 2:
            last = draw.integers(t // 2, t + 1, n)
            cap = np.where(np.arange(t)[:, None] < last, cap, 0.0)
            cap *= np.maximum(1.0, 1.1 * np.abs(x) / cap.sum(axis=0))
        limits |= {"lower": np.where(x > 0, 0.0, -cap), "upper": np.where(x > 0, cap, 0.0)}
    if bands:
        rows = price * draw.uniform(0.5, 1.5, (bands, n))
        path = np.abs(x) * profile if not boxes else limits["upper"] - limits["lower"]
        even = x - np.cumsum(path / path.sum(axis=0) * x, axis=0)
        width = draw.uniform(0.01, 0.06, bands) * (rows @ np.abs(x))
        limits |= {"bands": rows, "band_low": even @ rows.T - width, "band_high": even @ rows.T + width}
    impact = sigma / (daily * profile) ** (exponent - 1)
    if spread:
        limits["spread"] = np.tile(price * draw.uniform(1e-5, 5e-4, n), (t, 1))
    if drift:
        limits["drift"] = draw.normal(0, 0.1, (t, n)) * sigma / np.sqrt(t)
    if cross:
        root = draw.normal(size=(n, n))
        matrix = root @ root.T / n - (0.3 * np.eye(n) if exponent == 2 else 0.0)
        scale = np.sqrt(impact.mean(axis=0) * np.abs(x / t) ** (exponent - 2))
        limits |= {"cross": 0.5 * matrix * np.outer(scale, scale), "cross_weights": draw.uniform(0.5, 1, t)}
    return Programme(
        quantities=x,
        impact=impact,
        exponent=exponent,
        risk_weights=np.full(t, risk / t) * draw.uniform(0.5, 1.5, t),
        loadings=loadings,
        specific=(0.7 * sigma) ** 2 if specific else np.zeros(n),
        names=tuple(f"A{i}" for i in range(n)),
        band_names=tuple(f"band {m}" for m in range(bands)),
        **limits,
    )


def optimum(programme: Programme) -> tuple[float, Floats]:
    """Objective and (T, N) trades by cvxpy with Clarabel."""
    p = programme
    t, n = p.shape
    unit = np.abs(p.quantities)
    worth = float((p.impact * (unit / t) ** p.exponent).sum()) or 1.0
    unit = np.where(unit > 0, unit, (worth / p.impact.mean(axis=0)) ** (1 / p.exponent))
    u = cp.Variable((t, n))
    size = cp.Variable((t, n))
    held = [p.quantities / unit - cp.sum(u[: k + 1], axis=0) for k in range(t)]
    cost = p.impact * (unit / t) ** p.exponent / worth
    terms = [cp.sum(cp.multiply(cost, size))]
    constraints = [cp.power(cp.abs(t * u), p.exponent, approx=False) <= size, cp.sum(u, axis=0) == p.quantities / unit]
    for k in range(t - 1):
        root = np.vstack([p.loadings.T, np.diag(np.sqrt(p.specific))]) * unit
        root = root * np.sqrt(p.risk_weights[k] / worth)
        terms.append(cp.sum_squares(root @ held[k]))
        if p.drift is not None:
            terms.append(-(p.drift[k] * unit / worth) @ held[k])
    if p.spread is not None:
        terms.append(cp.sum(cp.multiply(p.spread * unit / worth, cp.abs(u))))
    if p.cross is not None and p.cross_weights is not None:
        own = p.impact * unit**2 / worth if p.exponent == 2 else np.zeros(p.shape)
        if p.exponent == 2:  # In one form with the impact, for it need not be positive by itself.
            constraints, terms = constraints[1:], terms[1:]
        for k, weight in enumerate(p.cross_weights):
            form = np.diag(own[k]) + weight * p.cross * np.outer(unit, unit) / worth
            terms.append(cp.quad_form(u[k], cp.psd_wrap(form)))
    for limit, sign in ((p.lower, -1.0), (p.upper, 1.0)):
        if limit is not None:
            finite = np.isfinite(limit)
            bound = np.where(finite, limit, 0.0) / unit
            constraints.append(cp.multiply(finite * sign, u - bound) <= 0)
    for m, row in enumerate(p.bands):
        norm = np.abs(row * unit).sum()
        for k in range(t - 1):
            exposure = (row * unit / norm) @ held[k]
            if np.isfinite(p.band_high[k, m]):
                constraints.append(exposure <= p.band_high[k, m] / norm)
            if np.isfinite(p.band_low[k, m]):
                constraints.append(exposure >= p.band_low[k, m] / norm)
    problem = cp.Problem(cp.Minimize(sum(terms)), constraints)
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-10, tol_gap_rel=1e-10, tol_feas=1e-10)
    return float(problem.value) * worth + p.constant, np.asarray(u.value * unit)
