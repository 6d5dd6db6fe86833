"""Limits of a basket that cannot hold together, in the desk's words: which one, and the value to give it instead.

What caps allow is judged here, line by line, for only the basket knows whether participation or the largest child makes
them; bands are judged by the solvers (`solvers.feasible`) and put here into the unit in which they were given."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nowake.domain.errors import Infeasible
from nowake.models.terms import Floats
from nowake.schedules.portfolio.basket import Basket
from nowake.schedules.portfolio.build import caps
from nowake.schedules.portfolio.costing import Costing
from nowake.schedules.portfolio.exposures import Exposure
from nowake.schedules.portfolio.limits import Limits
from nowake.schedules.portfolio.timeline import Flags
from nowake.schedules.solvers.feasible import Relaxation

_SHOWN = 4
_MISSING = 1e-9  # Of a line, that counts as nothing.
_EXACT = 1e-12
_HALVINGS = 60
_LARGEST = 2.0**40  # Factor beyond which a limit is not what is in the way.


def check_caps(basket: Basket, costs: Costing, limits: Limits, largest: Floats) -> None:
    """Refuse (T, N) caps within which a line cannot be traded in full.

    Raises
    ------
    Infeasible
        With what they allow, and the least participation, largest child or deadline that would do.
    """
    need, total = np.abs(basket.quantities), largest.sum(axis=0)
    short = need - total > _MISSING * need
    if not short.any():
        return
    worst = sorted(np.flatnonzero(short).tolist(), key=lambda i: float(total[i] / need[i]))
    allowed = [f"{_number(total[i])} of {_number(need[i])} {basket.symbols[i]}" for i in worst[:_SHOWN]]
    more = f" and of {len(worst) - _SHOWN:,} more too little" if len(worst) > _SHOWN else ""
    found = _values(basket, costs, limits, need, short)
    ways = [" and ".join(_instead(each) for each in way) for way in found]
    if limits.max_child_value is None:
        ways += _later(basket, costs, largest, need - total, worst[0])
    raise Infeasible(
        f"caps allow {', '.join(allowed)}{more}; give {', or '.join(ways) or 'no caps'}",
        [each for way in found for each in way],
    )


def in_desk_words(error: Infeasible, basket: Basket, limits: Limits, exposures: tuple[Exposure, ...]) -> Infeasible:
    """Bands that are in the way by the field and unit they were given in; other errors as they are."""
    named = {f"band {each.name}": each for each in exposures}
    found: dict[str, Relaxation] = {}
    for each in error.relaxations:
        if not isinstance(each, Relaxation) or each.limit not in named:
            return error
        exposure = named[each.limit]
        band = limits.band(exposure.kind)
        assert band is not None
        gross = (
            float(np.abs(exposure.weights) @ np.abs(basket.quantities)) if exposure.kind == "factor" else basket.gross
        )
        width = band.width + (each.needed / gross if band.unit == "gross" else each.needed)
        field = f"{exposure.kind}_band"
        if field not in found or found[field].needed < width:
            found[field] = Relaxation(limit=field, allows=band.width, needed=width, buckets=each.buckets)
    if not found:
        return error
    return Infeasible(
        f"bands cannot hold together with the other limits; give {' and '.join(map(_instead, found.values()))}",
        tuple(found.values()),
    )


def _values(basket: Basket, costs: Costing, limits: Limits, need: Floats, short: Flags) -> list[tuple[Relaxation, ...]]:
    """Each way to let the lines that are short be traded in whole lots: limits by name, the least values that do."""
    sizes = np.array([line.lot_size for line in basket.lines], dtype=np.float64)

    def least(allowed: Callable[[Floats], Floats]) -> Floats:
        return _least_factor(lambda k: (np.floor(allowed(k) / sizes + 1e-9) * sizes).sum(axis=0), need)

    faster = least(lambda k: caps(costs, basket, limits, faster=k))
    larger = least(lambda k: caps(costs, basket, limits, larger=k))
    ways = []
    if np.isfinite(faster).all():
        ways.append(_faster(basket, limits, faster, short))
    if np.isfinite(larger).all():
        ways.append(_larger(limits, larger))
    if not ways:
        faster = least(lambda k: caps(costs, basket, limits, faster=k, larger=_LARGEST))
        larger = least(lambda k: caps(costs, basket, limits, faster=faster, larger=k))
        if np.isfinite(faster).all() and np.isfinite(larger).all():
            ways.append((*_faster(basket, limits, faster, short), *_larger(limits, larger)))
    return ways


def _faster(basket: Basket, limits: Limits, factors: Floats, short: Flags) -> tuple[Relaxation, ...]:
    """The basket's participation and that of each line with one of its own."""
    found: dict[str, Relaxation] = {}
    for i in np.flatnonzero(short):
        own = basket.lines[i].max_participation
        value = limits.max_participation if own is None else own
        assert value is not None
        name = "max_participation" if own is None else f"max_participation of {basket.symbols[i]}"
        if name not in found or found[name].needed < value * factors[i]:
            found[name] = _relaxed(name, value, float(factors[i]))
    return tuple(found.values())


def _larger(limits: Limits, factors: Floats) -> tuple[Relaxation, ...]:
    assert limits.max_child_value is not None
    return (_relaxed("max_child_value", limits.max_child_value, float(factors.max())),)


def _relaxed(name: str, value: float, factor: float) -> Relaxation:
    return Relaxation(limit=name, allows=value, needed=value * factor, factor=factor)


def _least_factor(allowed: Callable[[Floats], Floats], need: Floats) -> Floats:
    """(N,) the least factors, 1 or more, at which what is allowed is what is needed; infinite where none is."""
    low, high = np.ones(len(need)), np.ones(len(need))
    while (bad := allowed(high) < need * (1 - _EXACT)).any() and high.max() < _LARGEST:
        low, high = np.where(bad, high, low), np.where(bad, 2 * high, high)
    high = np.where(bad, np.inf, high)
    for _ in range(_HALVINGS):
        middle = np.where(np.isinf(high), low, (low + high) / 2)
        enough = allowed(middle) >= need * (1 - _EXACT)
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _later(basket: Basket, costs: Costing, largest: Floats, missing: Floats, line: int) -> list[str]:
    """The deadline that would do for a line at the pace its caps allow; none where they allow nothing."""
    open_ = (largest[:, line] > 0) & ~costs.timeline.is_auction
    days = float(costs.timeline.days[open_].sum())
    if not days > 0:
        return []
    until = basket.lines[line].end_days + float(missing[line]) * days / float(largest[open_, line].sum())
    return [f"{basket.symbols[line]} a deadline of about {basket.instant(until)}"]


def _instead(relaxation: Relaxation) -> str:
    return f"{relaxation.limit} {_number(_up(relaxation.needed))} instead of {_number(relaxation.allows)}"


def _up(value: float, digits: int = 4) -> float:
    """So many digits, rounded so that the number shown is enough."""
    step = 10.0 ** (math.floor(math.log10(value)) + 1 - digits)
    return math.ceil(value / step - 1e-9) * step


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.6g}"
