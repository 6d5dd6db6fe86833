"""From nearly kept bands to kept ones: the nearest trades that hold limits, totals and bands at once.

A splitting method ends with bands kept to some 1e-6. The multipliers of the violated bands are moved by Newton's
method on the dual of the projection, whose matrix needs no factorisation of anything large: with free trades of
weight w, holdings answer like a Brownian bridge, cov(x_s, x_t) = c_min(s,t) - c_s c_t / c_T for c the running sum of
1/w. Rows whose multiplier changes sign are let go (primal-dual active sets: Hintermueller, Ito & Kunisch 2002)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nowake.models.terms import Floats
from nowake.schedules.solvers.binding import sizes
from nowake.schedules.solvers.paths import left_after, prices_of_trades, running_sums
from nowake.schedules.solvers.programme import Programme
from nowake.schedules.solvers.totals import best_answer, exactly, squares
from nowake.schedules.solvers.trading import TradingCost

ROUNDS = 40
HALVINGS = 12
MOST_ROWS = 600
"""Bands at a limit, counted in every bucket, up to which they are mended together: it costs the cube of them."""
INSIDE = 2e-11
"""Of a band's scale: how far inside the limit a repaired holding is put, so that rounding does not take it out."""
KEPT = 1e-10
NEEDED = 1e-9
ROUNDING = 1e-12
RIDGE = 1e-13


def with_bands_kept(
    programme: Programme, trading: TradingCost, trades: Floats, weight: Floats, *, pushing: Floats | None = None
) -> Floats | None:
    """The trades nearest to those given, in squares weighted by `weight`, that also keep the bands; None if not found.

    Parameters
    ----------
    programme
        Its quantities and bands.
    trading
        Its limits.
    trades
        (T, N), within limits and with the right totals.
    weight
        (T, N) above 0: what moving a trade costs.
    pushing
        (T-1, M) above 0 where an upper limit is known to bind and below 0 for a lower one: holdings are put onto
        these, which is quicker and where the optimum has them. None where nothing is known.
    """
    held_on = np.zeros((len(trades) - 1, len(programme.bands))) if pushing is None else -np.sign(pushing)
    found = _projected(programme, trading, (trades, weight), held_on)
    if found is None and held_on.any():
        found = _projected(programme, trading, (trades, weight), np.zeros_like(held_on))
    return None if found is None else exactly(found, programme.quantities, trading)


def _projected(
    programme: Programme, trading: TradingCost, start: tuple[Floats, Floats], held_on: Floats
) -> Floats | None:
    """Newton's method on the multipliers; rows `held_on` a limit (1 lower, -1 upper) may push either way."""
    trades, weight = start
    scale = np.abs(programme.bands) @ sizes(programme, trades)
    scale = np.where(scale > 0, scale, 1.0)
    low, high = _targets(programme, INSIDE * scale)
    nearest = squares(weight, trading)
    wish, psi = -weight * trades, np.zeros(trades.shape[1])
    mu, moved, dual = np.zeros(low.shape), trades, 0.0
    kept = None
    for _ in range(ROUNDS):
        held = _held(programme, moved)
        # A row that pushes is held to its own limit, another only if it is outside.
        side = np.where(held_on != 0, held_on, np.sign(mu))
        side = np.where(side != 0, side, np.where(held < low, 1.0, np.where(held > high, -1.0, 0.0)))
        target = np.where(side > 0, low, high)
        if (np.maximum(low - held, held - high) / scale).max() <= KEPT:
            kept = moved
            # Inside, and nothing pushes without need: the nearest.
            if (np.abs(np.where(mu != 0, target - held, 0.0)) / scale).max() <= NEEDED:
                break
        rows = side != 0
        if not np.isfinite(moved).all() or rows.sum() > MOST_ROWS:
            break
        # Trades at their limits stay there.
        give = trading.is_inside(moved) / weight
        change = np.zeros_like(mu)
        change.T[rows.T] = _multipliers(programme, give, rows, (target - held).T[rows.T])
        free = (low == high) | (held_on != 0)
        for halved in range(HALVINGS):
            tried = mu + change * 0.5**halved
            # A lower limit only pushes up, an upper one only down.
            tried = np.where((tried * side > 0) | free, tried, 0.0)
            found, psi = best_answer(
                nearest, wish - prices_of_trades(tried) @ programme.bands, programme.quantities, psi
            )
            value = _dual(programme, found, start, tried, target)
            if value >= dual * (1 - ROUNDING):
                break
        else:
            break
        mu, moved, dual = tried, found, value
    return kept


def _dual(programme: Programme, moved: Floats, start: tuple[Floats, Floats], mu: Floats, target: Floats) -> float:
    """What the multipliers are to make as large as can be: half the squares moved, and what rows lack, priced."""
    trades, weight = start
    held = _held(programme, moved)
    lacks = np.where(mu != 0, target - held, 0.0)
    return 0.5 * float((weight * (moved - trades) ** 2).sum()) + float((mu * lacks).sum())


def _held(programme: Programme, trades: Floats) -> Floats:
    """(T-1, M) what the bands measure after each bucket but the last."""
    return left_after(programme.bands @ programme.quantities, trades @ programme.bands.T)


def _targets(programme: Programme, margin: Floats) -> tuple[Floats, Floats]:
    """(T-1, M) limits a little inside the bands, or their middle where they are narrower than that."""
    low, high = programme.band_low[:-1], programme.band_high[:-1]
    narrow = high - low <= 2 * margin
    middle = np.where(narrow, low / 2 + high / 2, 0.0)
    return np.where(narrow, middle, low + margin), np.where(narrow, middle, high - margin)


def _multipliers(programme: Programme, give: Floats, rows: npt.NDArray[np.bool_], lacks: Floats) -> Floats:
    """Change of multipliers that mends what rows lack, where a trade gives way by (T, N) `give` for a unit of price;
    both in the order of `rows.T`."""
    running = running_sums(give)
    whole, running = running[-1], running[:-1]
    # Rows of one band stand together, so that blocks of the matrix are slices of it.
    band, bucket = np.nonzero(rows.T)
    loads = programme.bands[band]
    bridge = loads * running[bucket] / np.sqrt(np.where(whole > 0, whole, 1.0))
    earlier = np.minimum(bucket[:, None], bucket[None, :])
    matrix = -(bridge @ bridge.T)
    used, starts = np.unique(band, return_index=True)
    blocks = [slice(start, stop) for start, stop in pairwise([*starts, len(band)])]
    for i, (m, one) in enumerate(zip(used, blocks, strict=True)):
        for k, other in zip(used[: i + 1], blocks[: i + 1], strict=True):
            sums = (running @ (programme.bands[m] * programme.bands[k]))[earlier[one, other]]
            matrix[one, other] += sums
            if m != k:
                matrix[other, one] += sums.T
    matrix[np.diag_indices_from(matrix)] += RIDGE * (np.trace(matrix) / len(matrix)) + np.finfo(float).tiny
    try:
        return np.asarray(np.linalg.solve(matrix, lacks))
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.lstsq(matrix, lacks)[0])
