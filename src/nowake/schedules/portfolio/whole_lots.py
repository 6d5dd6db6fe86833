"""From the trades of a solved basket to a plan of whole lots, and what that did to its objective and its limits."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec
import numpy as np

from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate
from nowake.schedules.portfolio.basket import SHOWN, Basket
from nowake.schedules.portfolio.costing import Costing
from nowake.schedules.portfolio.exposures import Exposure
from nowake.schedules.portfolio.limits import Limits
from nowake.schedules.portfolio.plan import BasketPlan, Counts, Rounding, trades_of
from nowake.schedules.rounding import whole_caps, with_minimum, within_caps

FLAT = 1e-6  # Of the gross value: a band missed by less, or by less than a lot, is met.
_MANY = 2.0**53  # Lots: no cap.


def plan_of(
    name: str,
    basket: Basket,
    costs: Costing,
    trades: Floats,
    *,
    limits: Limits,
    largest: Floats,
    exposures: tuple[Exposure, ...],
    risk_aversion: float = 0.0,
    certificate: Certificate | None = None,
    binding: Mapping[str, int] | None = None,
    inputs: Mapping[str, float] | None = None,
    notes: tuple[str, ...] = (),
    relaxed: Floats | None = None,
) -> BasketPlan:
    """The plan of (T, N) signed trades in units, in whole lots that sum to each line.

    Running totals are rounded, lots above a cap (T, N, units) go to buckets with room, and small lots are merged where
    there is a smallest trade. What is then not kept is noted. `relaxed` are the trades whose objective is the one
    before rounding, where these are not the ones that are rounded.
    """
    x = basket.quantities
    lots, said = whole_lots(basket, trades, limits, largest)
    whole = trades_of(basket, lots)

    def objective(v: Floats) -> float:
        parts = costs.parts(x, v).values()
        return math.fsum(float(part.sum()) for part in parts) + risk_aversion * costs.variance(x, v)

    before, after, smallest = trades if relaxed is None else relaxed, objective(whole), 0.0
    if limits.min_child_value is not None:
        free, _ = whole_lots(basket, before, msgspec.structs.replace(limits, min_child_value=None), largest)
        smallest = after - objective(trades_of(basket, free))
    over, above = _above_caps(basket, costs, lots, largest)
    return BasketPlan(
        name=name,
        basket=basket,
        lots=lots,
        costs=costs,
        line_costs=costs.parts(x, whole),
        risk=costs.risk(x, whole),
        exposures=exposures,
        risk_aversion=risk_aversion,
        certificate=certificate,
        binding=dict(binding or {}),
        rounding=Rounding(before=objective(before), after=after, smallest_trade=smallest, above_cap=over),
        inputs={
            **({} if certificate is None else {"risk_aversion": risk_aversion}),
            "buckets": float(len(trades)),
            **(inputs or {}),
        },
        notes=(
            *costs.notes,
            *notes,
            *said,
            *above,
            *_above_volume(basket, costs, whole),
            *_missed(basket, costs, whole, exposures),
        ),
    )


def whole_lots(basket: Basket, trades: Floats, limits: Limits, largest: Floats) -> tuple[Counts, tuple[str, ...]]:
    """(T, N) whole lots in each line's direction of signed units, and which smallest trades could not be kept.

    Caps are kept in whole lots, and where a line has no room in these exceeded by as small a share as can be.
    """
    whole = np.array([line.lots for line in basket.lines], dtype=np.int64)
    room = largest / [line.lot_size for line in basket.lines]
    most = np.floor(np.minimum(room, _MANY) + 1e-9)
    for i in np.flatnonzero(most.sum(axis=0) < whole):
        most[:, i] = whole_caps(room[:, i].tolist(), int(whole[i]))
    done = np.cumsum(trades, axis=0) / basket.quantities
    if limits.no_reversal:
        done = np.maximum.accumulate(np.clip(done, 0.0, 1.0), axis=0)
    totals = np.floor(done * whole + 0.5).astype(np.int64)
    # Nothing moves after the bucket in which the path is done: a rounding there is not a trade.
    totals[done >= 1 - 1e-12] = np.broadcast_to(whole, totals.shape)[done >= 1 - 1e-12]
    totals[-1] = whole
    lots = np.diff(totals, axis=0, prepend=np.zeros((1, len(whole)), dtype=np.int64))
    notes: list[str] = []
    if limits.min_child_value is not None:
        notes += _merge_small(basket, lots, most, limits.min_child_value)
    for i in np.flatnonzero((np.abs(lots) > most).any(axis=0)):
        lots[:, i] = within_caps([int(n) for n in lots[:, i]], [int(n) for n in most[:, i]])
    return lots, tuple(notes)


def _above_caps(basket: Basket, costs: Costing, lots: Counts, largest: Floats) -> tuple[float, list[str]]:
    """By what share of its cap a trade exceeds it at most, and a note of the lines that do."""
    room = largest / [line.lot_size for line in basket.lines]
    size = np.abs(lots)
    over = np.divide(size, room, out=np.ones_like(room), where=size > room * (1 + 1e-9)) - 1
    if not over.any():
        return 0.0, []
    names, t, i, when = _worst(basket, costs, over)
    return float(over[t, i]), [
        f"whole lots of {names} trade more in a bucket than its cap allows, which has no room for all: at most "
        f"{size[t, i]:,} for {room[t, i]:,.4g} ({when})"
    ]


def _above_volume(basket: Basket, costs: Costing, trades: Floats) -> list[str]:
    """A note of lines that trade more in a bucket than the market is expected to."""
    share = np.divide(np.abs(trades), costs.volume, out=np.zeros_like(trades), where=costs.volume > 0)
    over = np.maximum(share - 1, 0.0)
    if not over.any():
        return []
    names, t, i, when = _worst(basket, costs, over)
    times = f"{share[t, i]:.3g} times as much"
    return [f"{names} trade more in a bucket than the volume expected in it: at most {times} ({when})"]


def _worst(basket: Basket, costs: Costing, over: Floats) -> tuple[str, int, int, str]:
    """The lines that are over a limit in some bucket, and where most: bucket, line, and in words."""
    lines = np.flatnonzero(over.any(axis=0))
    t, i = (int(place) for place in np.unravel_index(int(np.argmax(over)), over.shape))
    names = f"{', '.join(basket.symbols[k] for k in lines[:SHOWN])} ({len(lines)})"
    return names, t, i, f"{basket.symbols[i]}, until {basket.instant(float(costs.timeline.ends_days[t]))}"


def _merge_small(basket: Basket, lots: Counts, most: Floats, least_value: float) -> list[str]:
    """Merge trades below a value along each line's running total, in place; notes of lines where some stay below."""
    small = []
    for i, line in enumerate(basket.lines):
        least = math.ceil(least_value / (line.worth * line.lot_size) - 1e-9)
        column = [int(n) for n in lots[:, i]]
        if min(column) < 0:
            small.append(line.symbol)
            continue
        if least > 1:
            # A line is as free in its least as it is large.
            column = list(with_minimum(column, least, [int(n) for n in np.minimum(most[:, i], line.lots)]))
            lots[:, i] = column
            if any(0 < n < min(least, line.lots) for n in column):
                small.append(line.symbol)
    if not small:
        return []
    return [
        f"trades of {', '.join(small[:SHOWN])} ({len(small)}) stay below the smallest allowed: caps leave no room, or "
        "the line trades both ways"
    ]


def _missed(basket: Basket, costs: Costing, trades: Floats, exposures: tuple[Exposure, ...]) -> list[str]:
    """Bands that whole lots do not keep, by how much at most."""
    left = basket.quantities - np.cumsum(trades, axis=0)
    notes = []
    for each in exposures:
        if not each.is_limited:
            continue
        values = each.values(basket.quantities, left)[:-1]
        excess = np.maximum(values - each.high[:-1], each.low[:-1] - values)
        a_lot = float((np.abs(each.weights) * [line.lot_size for line in basket.lines]).max())
        outside = excess > max(a_lot, FLAT * float(np.abs(each.weights) @ np.abs(basket.quantities)))
        if outside.any():
            notes.append(
                f"the band of {each.name} is missed by up to {excess.max():,.0f} in {int(outside.sum())} of "
                f"{len(costs.timeline)} buckets"
            )
    return notes
