"""Where the price of one asset is made, read at once: shares, the sweep over steps, leads, the doubt of clocks.

Shares at one step are refused where markets are not of one price; the sweep and the leads stand by themselves, for
they may tell what a step cannot. What cannot be told is listed with the reason."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND
from nowake.microstructure.discovery import (
    Discovery,
    LeadLag,
    Market,
    Point,
    align,
    discover,
    lead_lag,
    skew_sensitivity,
    sweep,
)
from nowake.microstructure.discovery.leads import DEFAULT_SHIFTS_NS
from nowake.microstructure.reading.heard import attempt

Spans = Sequence[tuple[int, int]]

STEPS_NS = tuple(step * NS_PER_MS for step in (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000))
_SKEWS = (-2, -1, 0, 1, 2)
_FEWEST_ROWS = 500
_ENOUGH_ROWS = 1_000
_MOST = 3  # Markets of which every pair is compared.


class _Asked(TypedDict):
    lags: int | None
    repeats: int
    seed: int
    level: float


class _OfGrid(TypedDict):
    sessions: Spans | None
    longest_age_ns: int | None


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DiscoveryReading:
    """What several markets tell of one price.

    Parameters
    ----------
    names
        Of the markets.
    every_ns
        The step that the shares are of.
    shares
        None where they were refused.
    sweep
        The same at other steps, each with its refusal where it has one.
    leads
        Each pair of the first three markets, or what of them could be told.
    skews
        Shares at `every_ns` were the second market's clock wrong by each of a few skews.
    start_ns, end_ns
        What all markets cover.
    level
        Of all intervals.
    seed
        Of the resampling.
    refusals
        What could not be told, a sentence each.
    """

    names: tuple[str, ...]
    every_ns: int
    shares: Discovery | None
    sweep: tuple[Point, ...]
    leads: tuple[LeadLag, ...]
    skews: tuple[Point, ...]
    start_ns: int
    end_ns: int
    level: float
    seed: int
    refusals: tuple[str, ...]


def read_discovery(
    markets: Sequence[Market],
    *,
    every_ns: int | None = None,
    steps_ns: Sequence[int] = STEPS_NS,
    sessions: Spans | None = None,
    longest_age_ns: int | None = None,
    lags: int | None = None,
    repeats: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> DiscoveryReading:
    """Read everything that two or more markets tell of the one price they share.

    Parameters
    ----------
    markets
        Prices of one asset.
    every_ns
        Step of the shares; by default a second, what the slowest market usually takes from one price to the next, or
        less where a second would leave fewer than 1,000 rows.
    steps_ns
        Steps to sweep; those that leave fewer than 500 rows, or are finer than the slowest market, are left out.
    sessions, longest_age_ns
        As of `align`.
    lags
        Of the model; chosen where not given.

    Raises
    ------
    BadParameter
        When there are fewer than two markets, two of one name, or a parameter is out of its range.
    BadData
        When markets share no time, or nothing at all could be told; says why.
    """
    if len(markets) < 2:
        raise BadParameter(f"price discovery needs two markets or more; {len(markets)} given")
    _check(every_ns, steps_ns, longest_age_ns)
    start, end = _overlap(markets)
    length = end - start if sessions is None else sum(b - a for a, b in sessions)
    every = _default_step(markets, length) if every_ns is None else every_ns
    refusals: list[str] = []
    asked: _Asked = {"lags": lags, "repeats": repeats, "seed": seed, "level": level}
    grid: _OfGrid = {"sessions": sessions, "longest_age_ns": longest_age_ns}
    shares = attempt(refusals, "shares", lambda: discover(align(markets, every_ns=every, **grid), **asked))
    steps = _steps(markets, steps_ns, length, refusals)
    told = functools.partial(lead_lag, shifts_ns=_shifts(markets), sessions=sessions)
    told = functools.partial(told, repeats=repeats, seed=seed, level=level)
    leads = [
        attempt(refusals, f"lead of {one.name} and {two.name}", functools.partial(told, one, two))
        for one, two in itertools.combinations(markets[:_MOST], 2)
    ]
    swept = sweep(markets, steps, **grid, **asked) if steps else ()
    if shares is None and not any(leads) and not any(point.discovery for point in swept):
        raise BadData(f"nothing can be told: {'; '.join(dict.fromkeys(refusals))}")
    return DiscoveryReading(
        names=tuple(market.name for market in markets),
        every_ns=every,
        shares=shares,
        sweep=swept,
        leads=tuple(each for each in leads if each is not None),
        skews=() if shares is None else _skewed(markets, every, grid, asked),
        start_ns=start,
        end_ns=end,
        level=level,
        seed=seed,
        refusals=tuple(dict.fromkeys(refusals)),
    )


def _steps(markets: Sequence[Market], steps_ns: Sequence[int], length_ns: int, refusals: list[str]) -> list[int]:
    """Steps that prices are fine enough for, and that leave enough rows; others are told where they were asked for."""
    steps = [step for step in steps_ns if _usual_gap_ns(markets) // 2 <= step <= length_ns // _FEWEST_ROWS]
    if tuple(steps_ns) != STEPS_NS and len(steps) < len(steps_ns):
        left = ", ".join(f"{step} ns" for step in steps_ns if step not in steps)
        refusals.append(f"steps of {left}: finer than prices come, or of fewer than {_FEWEST_ROWS} rows")
    return steps


def _check(every_ns: int | None, steps_ns: Sequence[int], longest_age_ns: int | None) -> None:
    for name, value in (("every_ns", every_ns), ("longest_age_ns", longest_age_ns)):
        if value is not None and value <= 0:
            raise BadParameter(f"{name} {value} must be above 0, for example 1_000_000_000 for a second")
    if any(step <= 0 for step in steps_ns):
        raise BadParameter(f"steps {list(steps_ns)} to sweep must all be above 0")


def _overlap(markets: Sequence[Market]) -> tuple[int, int]:
    there = [market for market in markets if len(market)]
    if len(there) < len(markets):
        empty = next(market.name for market in markets if not len(market))
        raise BadParameter(f"{empty} has no price at all; leave it out or give another day")
    start, end = max(int(one.time_ns[0]) for one in there), min(int(one.time_ns[-1]) for one in there)
    if start >= end:
        raise BadData(f"{', '.join(one.name for one in markets)} share no time; give days that overlap")
    return start, end


def _usual_gap_ns(markets: Sequence[Market]) -> int:
    """What the slowest market usually takes from one price to the next."""
    return max(int(np.median(np.diff(market.time_ns))) for market in markets if len(market) > 1)


def _default_step(markets: Sequence[Market], length_ns: int) -> int:
    """A second (Hasbrouck 1995), whole seconds that the slowest market needs, or less where that leaves few rows."""
    if length_ns < NS_PER_SECOND * _ENOUGH_ROWS:
        return max(NS_PER_MS * 100, length_ns // _ENOUGH_ROWS // (NS_PER_MS * 100) * NS_PER_MS * 100)
    return NS_PER_SECOND * max(1, -(-_usual_gap_ns(markets) // NS_PER_SECOND))


def _shifts(markets: Sequence[Market]) -> tuple[int, ...]:
    """Of the leads: those of the room, or ten steps each way where prices come seconds apart."""
    gap = _usual_gap_ns(markets)
    return DEFAULT_SHIFTS_NS if gap < NS_PER_SECOND else tuple(k * gap for k in range(1, 11))


def _skewed(markets: Sequence[Market], every_ns: int, grid: _OfGrid, asked: _Asked) -> tuple[Point, ...]:
    """Were the second market's clock wrong by up to two steps."""
    return skew_sensitivity(
        markets,
        market=markets[1].name,
        skews_ns=[k * every_ns for k in _SKEWS],
        every_ns=every_ns,
        **grid,
        **asked,
    )
