"""Optimal liquidation of a basket without iterating: linear impact, and no limit that holds it back.

The first-order conditions of Almgren & Chriss (2000, appendix A) for N assets are linear; where every asset has the
same profile of trading costs through time they fall apart in the modes of `separable` and are solved to rounding in
O(N T^2 + N T K^2). Where profiles differ by asset the same step preconditions conjugate gradients (Hestenes & Stiefel
1952).

A spread adds spread |v|, which is linear as long as no trade changes sign; limits do nothing as long as none is
crossed. Both are assumed, and the answer is given only if it turns out so: then the first-order conditions of the
whole programme hold, which is convex, so it is the optimum. Otherwise this is not a problem for this file, and it
says None."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.solvers.binding import binding_limits, sizes
from nowake.schedules.solvers.blas import one_thread
from nowake.schedules.solvers.programme import Programme, Solution
from nowake.schedules.solvers.separable import FactorStep, JointStep, Step, TimeModes, time_modes
from nowake.schedules.solvers.totals import exactly
from nowake.schedules.solvers.trading import TradingCost

GOOD = 1e-9
"""Residual, as a fraction of the largest term, that still counts as solved."""
REFINED, DIRECT = 1e-13, 1e-12
ROUNDS = 200
EVEN = 1e-12
NOISE = 1e-12
"""Of an asset's size: a limit crossed by less is crossed by rounding."""
MANY_FACTORS = 3
"""From a third as many factors as assets on, one eigenbasis of assets is cheaper and safer than Woodbury's formula."""

Operator = Callable[[Floats], Floats]


def solve_exact(programme: Programme) -> Solution | None:
    """The optimum where the first-order conditions are linear, else None.

    Parameters
    ----------
    programme
        Of exponent 2. Limits, bands and a spread may be there as long as they turn out not to bind.

    Returns
    -------
    Solution or None
        With the residual of the first-order conditions as certificate. None where the problem is not of this form:
        another exponent, a limit or band that binds, a trade against the order's side that pays a spread, or
        cross-impact that is not convex.
    """
    if programme.exponent != 2 or _is_closed_somewhere(programme):
        return None
    with one_thread():
        try:
            left, residual, (method, rounds) = _solved(programme)
        except np.linalg.LinAlgError:
            # Impact and cross-impact together are not positive definite.
            return None
        if not residual <= GOOD:
            return None
        kept = _kept(programme, _falls(programme.quantities, left))
        if kept is None:
            return None
        certificate = Certificate(
            method=method,
            kind="optimality residual",
            value=residual,
            objective=programme.objective(kept),
            iterations=rounds,
        )
        return Solution(trades=kept, certificate=certificate, binding=binding_limits(programme, kept))


def _is_closed_somewhere(programme: Programme) -> bool:
    """A bucket that may not trade, as after a deadline, always binds."""
    return (
        programme.lower is not None
        and programme.upper is not None
        and bool((programme.lower >= programme.upper).any())
        and len(programme.impact) > 1
    )


def _solved(programme: Programme) -> tuple[Floats, float, tuple[str, int]]:
    """(T-1, N) what is left after each bucket but the last, its residual, the method in words and its rounds."""
    t, n = programme.shape
    if t == 1:
        return np.zeros((0, n)), 0.0, ("one bucket leaves no choice", 0)
    assets, profile, is_separable = separated(programme.impact)
    modes = time_modes(profile, programme.risk_weights[:-1])
    step, words, is_whole = _step(programme, modes, 2 * assets, profile)

    def roughly(gradient: Floats) -> Floats:
        return np.asarray(modes.holdings @ step.solve(modes.holdings.T @ gradient))

    words = f"{modes.kind} in time, {words}"
    if is_separable and is_whole:
        left, residual, _ = _minimised(programme, roughly, good=DIRECT)
        return left, residual, (words, 0)
    left, residual, rounds = _minimised(programme, roughly, good=REFINED)
    return left, residual, (f"conjugate gradients on {words}", rounds)


def _falls(start: Floats, left: Floats) -> Floats:
    """(T, N) trades that leave (T-1, N) of `start`, and nothing after the last."""
    falls = np.empty((len(left) + 1, len(start)))
    np.subtract(start, left[0] if len(left) else 0.0, out=falls[0])
    if len(left):
        np.subtract(left[:-1], left[1:], out=falls[1:-1])
        falls[-1] = left[-1]
    return falls


def _minimised(programme: Programme, roughly: Operator, *, good: float) -> tuple[Floats, float, int]:
    """Conjugate gradients on what is left, (T-1, N), until a residual; where `roughly` is exact one round is enough.

    They start from nothing left, so that holdings which high risk aversion makes tiny keep all their digits."""
    x = np.zeros((len(programme.impact) - 1, len(programme.quantities)))
    gradient, size = _gradient(programme, x)
    direction = np.zeros_like(x)
    product, best = 1.0, np.inf
    kept = x
    rounds = 0
    for rounds in range(ROUNDS):
        error = _largest(gradient, size)
        if error < best:
            best, kept = error, x
        if error <= good or error > 1e3 * best:
            break
        wanted = roughly(gradient.copy())
        before, product = product, float((gradient * wanted).sum())
        direction = wanted + (product / before if rounds else 0.0) * direction
        # The gradient is taken afresh each round: an update of it would lose the digits a refinement is after.
        curved = _curvature(programme, direction)
        x = x - (product / float((direction * curved).sum())) * direction
        gradient, size = _gradient(programme, x)
    return kept, best, rounds


def _gradient(programme: Programme, left: Floats) -> tuple[Floats, Floats]:
    """(T-1, N) change of the objective with what is left, and (N,) the largest term in it of each asset."""
    trades = _falls(programme.quantities, left)
    y = 2 * programme.impact * trades
    if programme.spread is not None:
        y += programme.spread * np.sign(programme.quantities)
    if programme.cross is not None and programme.cross_weights is not None:
        y += 2 * programme.cross_weights[:, None] * (trades @ programme.cross)
    pull = _risk(programme, left)
    size = np.maximum(np.abs(y).max(axis=0), np.abs(pull).max(axis=0, initial=0.0))
    if programme.drift is not None:
        pull -= programme.drift[:-1]
        size = np.maximum(size, np.abs(programme.drift[:-1]).max(axis=0, initial=0.0))
    pull += y[1:]
    pull -= y[:-1]
    return pull, size


def _curvature(programme: Programme, direction: Floats) -> Floats:
    """The Hessian times a direction of what is left."""
    fall = _falls(np.zeros(len(programme.quantities)), direction)
    y = 2 * programme.impact * fall
    if programme.cross is not None and programme.cross_weights is not None:
        y += 2 * programme.cross_weights[:, None] * (fall @ programme.cross)
    return np.asarray(_risk(programme, direction) + y[1:] - y[:-1])


def _risk(programme: Programme, left: Floats) -> Floats:
    pull = (left @ programme.loadings) @ programme.loadings.T
    pull += left * programme.specific
    pull *= 2 * programme.risk_weights[:-1, None]
    return np.asarray(pull)


def _largest(gradient: Floats, size: Floats) -> float:
    """Of all assets, the largest gradient as a fraction of the terms it is made of."""
    worst = np.abs(gradient).max(axis=0, initial=0.0)
    return float((worst / np.where(size > 0, size, 1.0)).max(initial=0.0))


def separated(impact: Floats) -> tuple[Floats, Floats, bool]:
    """(N,) costs of assets and (T,) a profile of time whose product is the impact, or near it; and whether it is."""
    first = impact[0]
    if (impact == first).all():
        return first, np.ones(len(impact)), True
    profile = impact[:, 0] / first[0]
    if (np.abs(impact - profile[:, None] * first) <= EVEN * impact).all():
        return first, profile, True
    logs = np.log(impact)
    profile = logs.mean(axis=1)
    profile -= profile.mean()
    assets = logs.mean(axis=0)
    return np.exp(assets), np.exp(profile), False


def _step(programme: Programme, modes: TimeModes, costs: Floats, profile: Floats) -> tuple[Step, str, bool]:
    """The factorised step, its name, and whether it is the whole Hessian where impact is separable."""
    n, factors = programme.loadings.shape
    if programme.cross is None or programme.cross_weights is None:
        if factors and factors * MANY_FACTORS >= n:
            covariance = programme.loadings @ programme.loadings.T + np.diag(programme.specific)
            return JointStep(modes, np.diag(costs), covariance), "simultaneous diagonalisation of assets", True
        return FactorStep(modes, costs, programme.specific, programme.loadings), "Woodbury in factors", True
    ratio = programme.cross_weights / profile
    middle = float(np.median(ratio))
    covariance = programme.loadings @ programme.loadings.T + np.diag(programme.specific)
    step = JointStep(modes, np.diag(costs) + 2 * middle * programme.cross, covariance)
    return step, "simultaneous diagonalisation of assets", bool(np.ptp(ratio) <= EVEN * abs(middle))


def _kept(programme: Programme, trades: Floats) -> Floats | None:
    """The trades freed from rounding errors if they keep every limit, band and, with a spread, side; else None."""
    lower, upper = programme.lower, programme.upper
    if programme.spread is not None and programme.spread.any():
        pays, side = programme.spread > 0, np.sign(programme.quantities)
        up, down = np.where(pays & (side <= 0), 0.0, np.inf), np.where(pays & (side >= 0), 0.0, -np.inf)
        lower = down if lower is None else np.maximum(lower, down)
        upper = up if upper is None else np.minimum(upper, up)
    noise = NOISE * sizes(programme, trades)
    if lower is not None and not (trades >= lower - noise).all():
        return None
    if upper is not None and not (trades <= upper + noise).all():
        return None
    trades = exactly(trades, programme.quantities, TradingCost(impact=programme.impact, lower=lower, upper=upper))
    if len(programme.bands):
        held = (programme.left(trades) @ programme.bands.T)[:-1]
        if not ((programme.band_low[:-1] <= held) & (held <= programme.band_high[:-1])).all():
            return None
    return trades
