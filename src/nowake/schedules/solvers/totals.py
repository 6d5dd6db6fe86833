"""Trades that sum to the order: for each asset the one price that makes the answers of all buckets add up.

The trades that minimise f(v) + prices . v over sum_t v_t = X answer the urge psi - prices_t with one psi an asset,
the multiplier of the sum. Their total rises with psi, so Newton's method inside a shrinking bracket finds it (p = 2:
piecewise linear, a few steps). The projection onto limits and sum is the same question with f quadratic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.models.terms import Floats
from nowake.schedules.solvers.trading import TradingCost

STEPS = 80
CLOSE = 1e-13
EXACT = 2e-15
ROUNDS = 4
FEW = 0.6
"""Share of unfinished assets below which only they are looked at."""


def best_answer(cost: TradingCost, prices: Floats, totals: Floats, start: Floats) -> tuple[Floats, Floats]:
    """Trades that minimise cost + prices . v within the limits with the wanted totals, and (N,) psi.

    Where limits cannot reach the total, the nearest they can. `start` is a guess of psi."""
    psi, trades = _meet(cost, prices, totals, start)
    return trades, psi


def nearest_with_totals(wish: Floats, weight: Floats, totals: Floats, cost: TradingCost) -> Floats:
    """The trades nearest to a wish, in squares weighted by (T, N) `weight`, with the totals and limits of `cost`."""
    trades, _ = best_answer(squares(weight, cost), -weight * wish, totals, np.zeros(len(totals)))
    return exactly(trades, totals, cost)


def squares(weight: Floats, cost: TradingCost) -> TradingCost:
    """Half the weighted squares as a cost, with the limits of another."""
    return TradingCost(impact=weight / 2, lower=cost.lower, upper=cost.upper)


def exactly(trades: Floats, totals: Floats, cost: TradingCost) -> Floats:
    """Trades inside their limits whose errors in the sum are spread over trades with room for them, by their size."""
    trades = cost.within(np.array(trades))
    for _ in range(ROUNDS):
        short = totals - trades.sum(axis=0)
        off = np.flatnonzero(np.abs(short) > EXACT * np.abs(totals))
        if not len(off):
            break
        trades[:, off] += _spread_out(trades[:, off], short[off], cost.of(off))
    return trades


def _spread_out(trades: Floats, short: Floats, cost: TradingCost) -> Floats:
    """(T, N) changes that sum to what is short, in proportion to the trades as far as there is room."""
    room = np.full(trades.shape, np.inf)
    if cost.upper is not None:
        room = np.where(short > 0, cost.upper - trades, room)
    if cost.lower is not None:
        room = np.where(short < 0, trades - cost.lower, room)
    size = np.abs(trades)
    part = np.minimum(room, size)
    small = part.sum(axis=0) < np.abs(short)
    if small.any():
        part = np.where(small, np.minimum(room, np.maximum(np.abs(short), size)), part)
    whole = part.sum(axis=0)
    return np.asarray(part * np.clip(short / np.where(whole > 0, whole, 1.0), -1.0, 1.0))


def _meet(cost: TradingCost, prices: Floats, totals: Floats, start: Floats) -> tuple[Floats, Floats]:
    psi = np.array(start, dtype=float)
    trades, slopes = cost.answer(psi - prices)
    bracket = _Bracket(psi, np.abs(psi - prices).max(axis=0))
    everyone = np.arange(len(psi))
    some = everyone
    part, part_prices, part_trades = cost, prices, trades
    for _ in range(STEPS):
        excess = part_trades.sum(axis=0) - totals[some]
        open_ = np.abs(excess) > CLOSE * np.maximum(np.abs(part_trades).sum(axis=0), np.abs(totals[some]))
        if not open_.any():
            break
        psi[some] = bracket.next(some, psi[some], excess, slopes.sum(axis=0))
        if open_.mean() < FEW:
            # What is finished keeps the trades it has.
            psi[some[~open_]] = bracket.last[some[~open_]]
            some = some[open_]
            part, part_prices = cost.of(some), prices[:, some]
        part_trades, slopes = part.answer(psi[some] - part_prices)
        trades[:, some] = part_trades
    return psi, trades


class _Bracket:
    """Newton's steps, kept between the highest price known to be too low and the lowest known to be too high."""

    def __init__(self, start: Floats, scale: Floats) -> None:
        self.last = start.copy()
        self._low = np.full(len(start), -np.inf)
        self._high = np.full(len(start), np.inf)
        self._step = np.where(scale > 0, scale, 1.0) * 1e-2

    def next(self, some: npt.NDArray[np.intp], psi: Floats, excess: Floats, slope: Floats) -> Floats:
        self.last[some] = psi
        low = np.where(excess < 0, np.maximum(self._low[some], psi), self._low[some])
        high = np.where(excess >= 0, np.minimum(self._high[some], psi), self._high[some])
        step = self._step[some] * 2
        self._low[some], self._high[some], self._step[some] = low, high, step
        newton = psi - excess / np.where(slope > 0, slope, 1.0)
        with np.errstate(invalid="ignore"):
            middle = np.where(np.isinf(high), psi + step, np.where(np.isinf(low), psi - step, (low + high) / 2))
        lost = (slope <= 0) | ~(newton > low) | ~(newton < high)
        return np.where(lost, middle, newton)
