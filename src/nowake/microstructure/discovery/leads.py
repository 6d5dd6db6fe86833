"""Which of two markets moves first, and by how long, from ticks as they came: no grid, so no market looks late for
being slow.

    U(h) = sum_ij r_i r'_j 1{ (s_i, e_i] meets (s'_j - h, e'_j - h] },     rho(h) = U(h) / sqrt(sum r_i^2 sum r'_j^2)

r_i is the first market's log return over (s_i, e_i], between two of its updates, r'_j the other's. U(0) is the
covariance of Hayashi & Yoshida 2005 ("On covariance estimation of non-synchronously observed diffusion processes",
Bernoulli 11); moving one clock by h is Hoffmann, Rosenbaum & Yoshida 2013 ("Estimation of the lead-lag parameter from
non-synchronous data", Bernoulli 19). h > 0: the first leads, the other follows h later; the lead is the h where |rho|
is most, one of those asked for. The ratio sum_{h>0} rho^2 / sum_{h<0} rho^2 (Huth & Abergel 2014, "High frequency
lead/lag relationships", J. Empirical Finance 26) is above 1 where the first leads on the whole.

Every update counts, those that repeat the price too: they say that it had not moved. Between CHANGES alone a jump is
smeared over all the time before it, which moves the lead by half the difference of the mean times between changes
towards the slower market: tens of milliseconds for mids of coins.

All returns of the other market that meet (s, e] add up to its price at its first change at or after e less that at its
last at or before s, so a shift costs one pass. Intervals: blocks of time drawn with replacement (`statistics.blocks`).
Wrong under price noise, which lowers rho but not its place; where moves come in trains rho may exceed 1; a lead that
varies spreads it over several h, which a wider mesh gathers; and where clocks disagree: a constant skew moves the whole
curve and CANNOT be told from a lead without a common clock (see `clocks`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.discovery.grid import Market, checked_sessions
from nowake.statistics.blocks import block_edges, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level, z_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_UPDATES = 100
DEFAULT_SHIFTS_NS = tuple(k * 10**power for power in (6, 7, 8, 9) for k in (1, 2, 3, 5, 7))


class Covariation(msgspec.Struct, frozen=True, kw_only=True):
    """How two markets' prices move together, whenever each of them is told.

    Parameters
    ----------
    covariance
        Of log prices over the whole time both cover, Hayashi & Yoshida's sum.
    correlation
        It over the root of both sums of squared returns; lower than the truth where prices are noisy.
    updates
        Updates of each while both are there.
    shift_ns
        What the other market was moved earlier by.
    """

    covariance: Measurement
    correlation: Measurement
    updates: tuple[int, int]
    shift_ns: int


class LeadLag(msgspec.Struct, frozen=True, kw_only=True):
    """Correlation of two markets by how much later the second is looked at.

    Parameters
    ----------
    first, second
        Their names.
    shifts_ns
        The grid: below 0 the second leads.
    correlation
        One a shift.
    lead_ns
        The shift where its size is most; above 0 the first leads.
    peak
        The correlation there.
    ratio
        Huth & Abergel's; above 1 the first leads.
    updates
        Updates of each while both are there.
    repeats, seed
        Of the resampling.
    """

    first: str
    second: str
    shifts_ns: tuple[int, ...]
    correlation: tuple[Measurement, ...]
    lead_ns: Measurement
    peak: Measurement
    ratio: Measurement
    updates: tuple[int, int]
    repeats: int
    seed: int

    def __str__(self) -> str:
        ahead, behind = (self.first, self.second) if self.lead_ns.value >= 0 else (self.second, self.first)
        low, high = sorted(abs(end) / 1e6 for end in (self.lead_ns.low, self.lead_ns.high))
        if self.lead_ns.low <= 0 <= self.lead_ns.high:
            words = f"neither of {self.first} and {self.second} surely leads: {self.lead_ns.value / 1e6:g} ms"
            return f"{words} [{self.lead_ns.low / 1e6:g}, {self.lead_ns.high / 1e6:g}], ratio {self.ratio.value:.2f}"
        return (
            f"{ahead} leads {behind} by {abs(self.lead_ns.value) / 1e6:g} ms [{low:g}, {high:g}], correlation there "
            f"{self.peak.value:.2f}, ratio {self.ratio.value:.2f}, {self.updates[0]:,} and {self.updates[1]:,} updates"
        )


def hayashi_yoshida(
    first: Market,
    second: Market,
    *,
    shift_ns: int = 0,
    mesh_ns: int = 0,
    sessions: Iterable[tuple[int, int]] | None = None,
    repeats: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Covariation:
    """Covariance and correlation of two markets' log prices, at one shift.

    Parameters
    ----------
    shift_ns
        How much later the second is looked at.
    mesh_ns
        Time within which only a market's last update counts; all do by default.
    sessions
        (open_ns, close_ns) of times that count, as of `align`: no return reaches across a break. All by default.
    repeats, seed, level
        Of the resampling and its intervals.

    Raises
    ------
    BadParameter
        When the mesh is negative or sessions overlap.
    BadData
        When either has fewer than 100 updates, or a price never moves, while both are there.
    """
    _check(repeats, level)
    sums = _blocks(_stretches(first, second, mesh_ns, sessions), np.array([shift_ns], np.int64))
    weights = resampled(sums.blocks, repeats, seed)
    how = f"Hayashi-Yoshida, block bootstrap of {repeats} repeats of {sums.blocks} blocks"

    def measured(value: float, again: Floats) -> Measurement:
        return with_interval(value, again, level=level, blocks=sums.blocks, n=min(sums.updates), method=how)

    rho = float(sums.correlation(np.ones(sums.blocks))[0])
    return Covariation(
        covariance=measured(float(sums.products.sum()), (weights @ sums.products)[:, 0]),
        correlation=measured(rho, sums.correlation(weights)[:, 0]),
        updates=sums.updates,
        shift_ns=shift_ns,
    )


def lead_lag(
    first: Market,
    second: Market,
    *,
    shifts_ns: Sequence[int] = DEFAULT_SHIFTS_NS,
    mesh_ns: int = 0,
    sessions: Iterable[tuple[int, int]] | None = None,
    repeats: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> LeadLag:
    """The whole curve, the lead with its interval, and the ratio.

    Parameters
    ----------
    shifts_ns
        Above 0 and increasing; 0 and their negatives are looked at too.
    mesh_ns
        Time within which only a market's last update counts; all do by default. The lead is known to about as much.
    sessions
        (open_ns, close_ns) of times that count, as of `align`: no return reaches across a break. All by default, and
        then a night is one return that meets every shift.
    repeats, seed, level
        Of the resampling and its intervals.

    Raises
    ------
    BadParameter
        When shifts are not increasing above 0, the mesh is negative or sessions overlap.
    BadData
        When either has fewer than 100 updates, or a price never moves, while both are there.
    Unidentified
        When no correlation stands out from what chance gives over so many shifts.
    """
    given = np.asarray(shifts_ns, np.int64)
    if not len(given) or given[0] <= 0 or np.any(np.diff(given) <= 0):
        raise BadParameter(f"shifts_ns {list(shifts_ns)[:5]} must be above 0 and increasing; 0 and negatives are added")
    shifts = np.concatenate((-given[::-1], [0], given))
    _check(repeats, level)
    sums = _blocks(_stretches(first, second, mesh_ns, sessions), shifts)
    weights = resampled(sums.blocks, repeats, seed)
    rho, again = sums.correlation(np.ones(sums.blocks)), sums.correlation(weights)
    peak = int(np.argmax(np.abs(rho)))
    chance = z_of(1 - 0.05 / len(shifts)) * float(np.median(again.std(axis=0, ddof=1)))
    if abs(rho[peak]) <= chance:
        raise Unidentified(
            f"no lead to be told: the correlation of {first.name} and {second.name} is nowhere more than "
            f"{abs(rho[peak]):.3f}, and chance gives {chance:.3f} over {len(shifts)} shifts; look at a longer time"
        )
    how = f"Hayashi-Yoshida at {len(shifts)} shifts, block bootstrap of {repeats} repeats of {sums.blocks} blocks"

    def measured(value: float, repeated: Floats) -> Measurement:
        return with_interval(value, repeated, level=level, blocks=sums.blocks, n=min(sums.updates), method=how)

    return LeadLag(
        first=first.name,
        second=second.name,
        shifts_ns=tuple(shifts.tolist()),
        correlation=tuple(measured(float(one), again[:, at]) for at, one in enumerate(rho)),
        lead_ns=measured(float(shifts[peak]), shifts[np.argmax(np.abs(again), axis=1)].astype(np.float64)),
        peak=measured(float(rho[peak]), again[:, peak]),
        ratio=measured(float(_ratio(rho)), _ratio(again)),
        updates=sums.updates,
        repeats=repeats,
        seed=seed,
    )


class _Blocks(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over blocks of time: products (blocks, shifts), squared returns (blocks,) of each."""

    products: Floats
    first: Floats
    second: Floats
    updates: tuple[int, int]

    @property
    def blocks(self) -> int:
        return len(self.first)

    def correlation(self, weights: Floats) -> Floats:
        """Rho of weights (..., blocks), one a shift."""
        scale = np.sqrt((weights @ self.first) * (weights @ self.second))
        return np.asarray((weights @ self.products) / np.maximum(scale, _TINY)[..., None])


def _check(repeats: int, level: float) -> None:
    check_level(level)
    if repeats < 50:
        raise BadParameter(f"repeats {repeats} must be 50 or more, for an interval is made of their tails")


def _stretches(
    first: Market, second: Market, mesh_ns: int, sessions: Iterable[tuple[int, int]] | None
) -> list[tuple[Market, Market]]:
    """Both markets while both are there, in each stretch of time without a break."""
    for market in (first, second):
        if not len(market):
            raise BadData(f"{market.name} has no price at all; leave it out or give another day")
    found = []
    for span in [None] if sessions is None else checked_sessions(sessions):
        one, two = (_meshed(market if span is None else _inside(market, *span), mesh_ns) for market in (first, second))
        if len(one) and len(two):
            start = max(int(one.time_ns[0]), int(two.time_ns[0]))
            end = min(int(one.time_ns[-1]), int(two.time_ns[-1]))
            one, two = _between(one, start, end), _between(two, start, end)
        if len(one) > 1 and len(two) > 1:
            found.append((one, two))
    fewest = min((sum(len(each[k]) - 1 for each in found) for k in (0, 1)), default=0)
    if fewest < MIN_UPDATES:
        raise BadData(
            f"{fewest} updates while both {first.name} and {second.name} are there are fewer than {MIN_UPDATES}; "
            "look at a longer time"
        )
    for k, market in enumerate((first, second)):
        if all(np.ptp(each[k].log_price) == 0 for each in found):
            raise BadData(f"{market.name} never moves while both are there; there is nothing to learn from it")
    return found


def _blocks(stretches: Sequence[tuple[Market, Market]], shifts: Ints) -> _Blocks:
    """Sums over blocks of the time that counts, breaks taken out."""
    starts = [max(int(one.time_ns[0]), int(two.time_ns[0])) for one, two in stretches]
    lengths = [
        min(int(one.time_ns[-1]), int(two.time_ns[-1])) - at for at, (one, two) in zip(starts, stretches, strict=True)
    ]
    gone = np.cumsum([0, *lengths[:-1]]) - np.array(starts)
    edges = block_edges(sum(lengths), 10 * int(np.abs(shifts).max()))
    times = [
        np.concatenate([each[k].time_ns[1:] + shut for shut, each in zip(gone, stretches, strict=True)]) for k in (0, 1)
    ]
    blocks = [np.clip(np.searchsorted(edges, time_ns, side="right") - 1, 0, len(edges) - 2) for time_ns in times]
    returns = [np.concatenate([np.diff(each[k].log_price) for each in stretches]) for k in (0, 1)]

    def summed(k: int, values: Floats) -> Floats:
        return np.asarray(np.bincount(blocks[k], values, len(edges) - 1), np.float64)

    met = [np.concatenate([met_returns(one, two, h) for one, two in stretches]) for h in shifts.tolist()]
    return _Blocks(
        products=np.column_stack([summed(0, returns[0] * each) for each in met]),
        first=summed(0, returns[0] ** 2),
        second=summed(1, returns[1] ** 2),
        updates=(len(returns[0]), len(returns[1])),
    )


def met_returns(first: Market, second: Market, shift_ns: int) -> Floats:
    """Sum of the second market's returns that meet each of the first's, the second moved earlier by a shift."""
    at = first.time_ns + shift_ns
    last = len(second) - 1
    end = np.minimum(np.searchsorted(second.time_ns, at[1:], side="left"), last)
    start = np.maximum(np.searchsorted(second.time_ns, at[:-1], side="right") - 1, 0)
    return np.asarray(second.log_price[end] - second.log_price[start])


def _meshed(market: Market, mesh_ns: int) -> Market:
    """The last update of each mesh of time."""
    if mesh_ns < 0:
        raise BadParameter(f"mesh_ns {mesh_ns} must be 0 or more")
    if mesh_ns == 0 or not len(market):
        return market
    last = np.append(np.diff(market.time_ns // mesh_ns) > 0, True)
    return Market(market.name, market.time_ns[last], market.log_price[last])


def _between(market: Market, start_ns: int, end_ns: int) -> Market:
    """Updates from the one that stands at the start."""
    begin = max(int(np.searchsorted(market.time_ns, start_ns, side="right")) - 1, 0)
    stop = int(np.searchsorted(market.time_ns, end_ns, side="right"))
    return Market(market.name, market.time_ns[begin:stop], market.log_price[begin:stop])


def _inside(market: Market, open_ns: int, close_ns: int) -> Market:
    """Updates told in a session; what stood before it does not count in it."""
    begin, stop = np.searchsorted(market.time_ns, (open_ns, close_ns + 1))
    return Market(market.name, market.time_ns[begin:stop], market.log_price[begin:stop])


def _ratio(rho: Floats) -> Floats:
    """Squares where the first leads over squares where the second does, (...) of (..., shifts)."""
    half = rho.shape[-1] // 2
    ahead, behind = (rho[..., half + 1 :] ** 2).sum(axis=-1), (rho[..., :half] ** 2).sum(axis=-1)
    return np.asarray(ahead / np.maximum(behind, _TINY))


_TINY = 1e-300
