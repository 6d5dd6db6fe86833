"""How fast spread and depth come back after a large order (an event study; Large 2007, "Measuring the resiliency of an
electronic limit order book", Journal of Financial Markets 10, gives the idea; Obizhaeva & Wang 2013 the use).

A large order takes at least half of what is displayed at the touch it hits. Those that widen the spread are shocks of
the spread; those that leave the price standing are shocks of the depth on their side. What is followed is the excess
over the level that is usual at that time (the time-weighted mean of half an hour around it),

    x_i(tau) = spread or lost depth, tau after shock i, less the usual one,
    share left psi(tau) = sum x_i(tau) / sum x_i(0),  both over the shocks still running at tau,

until the next large order, or the end of the data, cuts it off: numerator and denominator lose the same shocks, so
nothing is biased by who is left. Fitted is one exponential, psi = b + (1 - b) exp(-k tau); or two, where they do much
better and are well apart: in many markets a part of the excess is gone in milliseconds (quick quoters, the tail of a
sweep) and the rest over seconds. The half-life ln 2 / k is then of the slow part, the one an order can wait for, and
the quick one is given beside it. 1 - b comes back. Where shocks at random follow each other fast, a market left alone
calms below the usual level, and b is negative: - (shocks a second) / k. Intervals resample blocks of shocks.

Depth is capped at its time-weighted 95th percentile, for one whale outweighs a day. Wrong where: the feed shows the
book late; large orders come because the book is about to refill."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND
from nowake.microstructure.market_orders import Flags, Floats, Ints, Tape, check_tape, read_tape
from nowake.statistics.blocks import block_edges, ends, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level

MIN_SHOCKS = 40
_USUAL_NS = 30 * NS_PER_MINUTE
_PER_BLOCK = 5
_RATES = 81
_WIDEST = 1_000.0
_FIRST_NS, _FIRST_OF_MILLISECONDS_NS = 10_000, NS_PER_MS


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """How one quantity comes back after a shock.

    Parameters
    ----------
    half_life_s
        Of what comes back, or of the slow part of it where there are two, in seconds.
    quick_half_life_s, quick_share
        Of the quick part, and its share of the excess; None where one exponential does.
    comes_back
        Share of the excess that comes back; above 1 where it overshoots the usual level.
    lags_s, left, low, high
        The curve: share of the excess left at each lag, with its interval.
    running
        Shocks not yet cut off at each lag.
    shocks
        Shocks at the start.
    """

    half_life_s: Measurement
    quick_half_life_s: Measurement | None
    quick_share: Measurement | None
    comes_back: Measurement
    lags_s: tuple[float, ...]
    left: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    running: tuple[int, ...]
    shocks: int


class Resilience(msgspec.Struct, frozen=True, kw_only=True):
    """Recovery of spread and of depth after large orders; None where it could not be told, with the reason.

    Parameters
    ----------
    spread, depth
        Recoveries.
    large
        Large orders found.
    horizon_s
        How far each was followed, in seconds.
    refusals
        Why a part is missing, one sentence each.
    """

    spread: Recovery | None
    depth: Recovery | None
    large: int
    horizon_s: float
    refusals: tuple[str, ...] = ()

    @property
    def spread_half_life_s(self) -> Measurement | None:
        """Half-life of the excess spread in seconds."""
        return None if self.spread is None else self.spread.half_life_s

    @property
    def depth_half_life_s(self) -> Measurement | None:
        """Half-life of the missing depth in seconds."""
        return None if self.depth is None else self.depth.half_life_s

    def __str__(self) -> str:
        rows = [
            f"{name:<7} half-life {part.half_life_s.value:.3g} s [{part.half_life_s.low:.3g}, "
            f"{part.half_life_s.high:.3g}], {part.comes_back.value:.0%} comes back, {part.shocks:,} shocks"
            for name, part in (("spread", self.spread), ("depth", self.depth))
            if part is not None
        ]
        return "\n".join([*rows, *self.refusals])


def resilience(
    quotes: Quotes,
    trades: Trades,
    session: Session,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    horizon_ns: int = 60 * NS_PER_SECOND,
    takes: float = 0.5,
    repeats: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> Resilience:
    """Half-lives of spread and depth after large orders between two instants, by default the session.

    Parameters
    ----------
    horizon_ns
        How long each shock is followed at most.
    takes
        Share of the displayed depth an order must take to be large, above 0 and at most 1.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    BadData
        When neither of the two can be told, or the tape cannot be used (see `read_tape`).
    """
    tape = read_tape(quotes, trades, session, start_ns=start_ns, end_ns=end_ns)
    found = resilience_of(tape, horizon_ns=horizon_ns, takes=takes, repeats=repeats, seed=seed, level=level)
    if found.spread is None and found.depth is None:
        raise BadData("; ".join(found.refusals))
    return found


def resilience_of(
    tape: Tape,
    *,
    horizon_ns: int = 60 * NS_PER_SECOND,
    takes: float = 0.5,
    repeats: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> Resilience:
    """As `resilience`, of a tape already read; what cannot be told is listed instead of raised."""
    check_tape(tape)
    check_level(level)
    if not 0 < takes <= 1:
        raise BadParameter(f"takes {takes} must be above 0 and at most 1; 0.5 is half of the displayed depth")
    if horizon_ns < 10 * NS_PER_MS:
        raise BadParameter(f"horizon_ns {horizon_ns} must be {10 * NS_PER_MS} (10 ms) or more")
    large, wider, stands = _large_orders(tape, takes)
    touch, buys = tape.touch, tape.sign > 0
    spread = _paths(tape, touch.ask_ticks - touch.bid_ticks, large & wider, large, horizon_ns)
    asks = _paths(tape, -_capped(tape, touch.ask_lots), large & stands & buys, large & buys, horizon_ns)
    bids = _paths(tape, -_capped(tape, touch.bid_lots), large & stands & ~buys, large & ~buys, horizon_ns)
    refusals: list[str] = []
    parts: dict[str, Recovery | None] = {}
    for name, paths in (("spread", spread), ("depth", _Paths.of_both(asks, bids))):
        try:
            parts[name] = _recovery(paths, name, repeats=repeats, seed=seed, level=level)
        except BadData as reason:
            parts[name] = None
            refusals.append(str(reason))
    return Resilience(
        spread=parts["spread"],
        depth=parts["depth"],
        large=int(large.sum()),
        horizon_s=horizon_ns / NS_PER_SECOND,
        refusals=tuple(refusals),
    )


class _Paths(NamedTuple):
    """What is followed after each shock: excess (n, 1 + lags), NaN once cut off; the first column is just after."""

    time_ns: Ints
    excess: Floats
    lags_ns: Ints

    @classmethod
    def of_both(cls, one: _Paths, other: _Paths) -> _Paths:
        """Shocks of two sides in time order."""
        time_ns = np.concatenate((one.time_ns, other.time_ns))
        order = np.argsort(time_ns, kind="stable")
        return cls(time_ns[order], np.concatenate((one.excess, other.excess))[order], one.lags_ns)


def _large_orders(tape: Tape, takes: float) -> tuple[Flags, Flags, Flags]:
    """Which orders took at least that share of the touch they hit; which left the spread wider, which the price."""
    touch, before, buys = tape.touch, tape.row, tape.sign > 0
    after = touch.at(tape.time_ns + tape.settle_ns)
    large = tape.lots >= takes * np.where(buys, touch.ask_lots[before], touch.bid_lots[before])
    spread = touch.ask_ticks - touch.bid_ticks
    same_ask, same_bid = (side[after] == side[before] for side in (touch.ask_ticks, touch.bid_ticks))
    return large, spread[after] > spread[before], np.where(buys, same_ask, same_bid)


def _paths(tape: Tape, values: Ints, shock: Flags, cuts: Flags, horizon_ns: int) -> _Paths:
    """Excess of a step function of the touch after each shock, until the next order that `cuts` or the end."""
    touch = tape.touch
    cut_ns = tape.time_ns[cuts]
    starts = tape.time_ns[shock]
    following = np.searchsorted(cut_ns, starts, side="right")
    until = np.append(cut_ns, tape.end_ns + 1)[following]
    lags = _lags_ns(tape, horizon_ns)
    at = starts[:, None] + tape.settle_ns + lags
    excess = values[touch.at(at)] - _usual(tape, values, starts)[:, None]
    runs = (at < until[:, None]) & (at <= tape.end_ns)
    use = runs[:, 0]
    return _Paths(starts[use], np.where(runs, excess, np.nan)[use], lags)


def _capped(tape: Tape, lots: Ints) -> Ints:
    """Depth no larger than what is displayed for 95 % of the time."""
    stood = np.diff(np.clip(np.append(tape.touch.time_ns, tape.end_ns), tape.start_ns, tape.end_ns))
    order = np.argsort(lots, kind="stable")
    share = np.cumsum(stood[order]) / max(int(stood.sum()), 1)
    cap = lots[order][min(int(np.searchsorted(share, 0.95)), len(lots) - 1)]
    return np.asarray(np.minimum(lots, cap))


def _lags_ns(tape: Tape, horizon_ns: int) -> Ints:
    """0 and six lags a decade, from what the stamps of the feed can tell apart to the horizon."""
    coarse = not np.any(tape.touch.time_ns % NS_PER_MS)
    first = max(_FIRST_OF_MILLISECONDS_NS if coarse else _FIRST_NS, tape.settle_ns)
    count = max(7, int(6 * np.log10(horizon_ns / first)) + 1)
    return np.append(0, np.unique(np.geomspace(first, horizon_ns, count).astype(np.int64)))


def _usual(tape: Tape, values: Ints, at_ns: Ints) -> Floats:
    """Time-weighted mean of a step function over half an hour around each instant, inside the window."""
    origin = int(tape.touch.time_ns[0])
    knots_s = np.append(tape.touch.time_ns - origin, max(tape.end_ns, int(tape.touch.time_ns[-1])) + 1 - origin) / 1e9
    # Lots times nanoseconds can be beyond 64 bits; seconds as floats cannot.
    area = np.append(0.0, np.cumsum(values * np.diff(knots_s)))
    low = (np.maximum(at_ns - _USUAL_NS // 2, tape.start_ns) - origin) / 1e9
    high = (np.minimum(at_ns + _USUAL_NS // 2, tape.end_ns) - origin) / 1e9
    reached = [np.interp(edge, knots_s, area) for edge in (low, high)]
    return np.asarray((reached[1] - reached[0]) / (high - low))


def _recovery(paths: _Paths, name: str, *, repeats: int, seed: int, level: float) -> Recovery:
    """The curve of what is left, the exponentials through it, and how sure both are."""
    shocks = len(paths.time_ns)
    if shocks < MIN_SHOCKS:
        raise BadData(f"{name}: {shocks} shocks are fewer than {MIN_SHOCKS}; look at a longer time")
    running = np.isfinite(paths.excess)
    edges = block_edges(shocks, _PER_BLOCK)
    now = np.add.reduceat(np.where(running, paths.excess, 0.0), edges[:-1])
    first = np.add.reduceat(np.where(running, paths.excess[:, :1], 0.0), edges[:-1])
    use = (running.sum(axis=0) >= max(MIN_SHOCKS // 2, shocks // 50)) & (first.sum(axis=0) > 0)
    use[0] = False
    if use.sum() < 6:
        raise BadData(f"{name}: shocks follow each other too fast for what comes after them to be seen")
    weights = np.vstack((np.ones(len(now)), resampled(len(now), repeats, seed)))
    size = (weights @ first)[:, use]
    if np.mean(size <= 0) > 0.01:
        raise BadData(f"{name}: whether large orders leave an excess over the usual level cannot be told from chance")
    left = (weights @ now)[:, use] / np.where(size > 0, size, np.inf)
    lags_s = paths.lags_ns[use] / NS_PER_SECOND
    parts = _best(lags_s, left, running.sum(axis=0)[use].astype(np.float64))
    _check_followed(name, parts, lags_s)
    low, high = ends(left[0], left[1:], level=level, blocks=len(now))
    how = f"{'two exponentials' if parts.shares.shape[1] > 1 else 'one exponential'}, " + (
        f"{len(now)} blocks of shocks resampled {repeats} times"
    )

    def measured(values: Floats) -> Measurement:
        return with_interval(float(values[0]), values[1:], level=level, blocks=len(now), n=shocks, method=how)

    def time(values: Floats) -> Measurement:
        """By logarithms, for a time cannot be negative."""
        log = measured(np.log(values))
        return msgspec.structs.replace(log, value=math.exp(log.value), low=math.exp(log.low), high=math.exp(log.high))

    two = parts.shares.shape[1] > 1
    return Recovery(
        half_life_s=time(parts.half_lives_s[:, 0]),
        quick_half_life_s=time(parts.half_lives_s[:, 1]) if two else None,
        quick_share=measured(parts.shares[:, 1]) if two else None,
        comes_back=measured(parts.shares.sum(axis=1)),
        lags_s=tuple(lags_s.tolist()),
        left=tuple(left[0].tolist()),
        low=tuple(low.tolist()),
        high=tuple(high.tolist()),
        running=tuple(running.sum(axis=0)[use].tolist()),
        shocks=shocks,
    )


def _check_followed(name: str, parts: _Parts, lags_s: Floats) -> None:
    """Refuse a half-life at the ends of what could be followed."""
    half_life_s = float(parts.half_lives_s[0, 0])
    if not np.quantile(parts.shares.sum(axis=1), 0.025) > 0:
        raise BadData(f"{name}: what comes back within {lags_s[-1]:.2g} s cannot be told from chance")
    if half_life_s <= lags_s[0]:
        raise BadData(
            f"{name}: it is back within {lags_s[0]:g} s, the first lag of this feed; no half-life can be told"
        )
    if _spans(parts) > _WIDEST:
        low, high = np.quantile(parts.half_lives_s[:, 0], [0.025, 0.975])
        raise BadData(f"{name}: the half-life may be anything from {low:.2g} to {high:.2g} s; no half-life can be told")
    if half_life_s > lags_s[-1] / 2:
        raise BadData(
            f"{name}: it takes about {half_life_s:.2g} s to come half way back, and shocks could be followed for "
            f"{lags_s[-1]:.2g} s only; no half-life can be told"
        )


def _rates(lags_s: Floats) -> Floats:
    """Rates a search may try: half-lives from half the first lag to twice the last, fastest first."""
    return np.asarray(np.log(2) / np.geomspace(lags_s[0] / 2, 2 * lags_s[-1], _RATES))


class _Parts(NamedTuple):
    """Fitted exponentials, one row a repeat: shares and half-lives of the slow and the quick part, and the misfit."""

    shares: Floats
    half_lives_s: Floats
    misfit: Floats


def _best(lags_s: Floats, left: Floats, weight: Floats) -> _Parts:
    """One exponential, or two where these halve the misfit and both are sure to be there.

    Each must hold a tenth of the excess in 95 % of the rows, and their half-lives must be known at all.
    """
    one, two = _one(lags_s, left, weight), _two(lags_s, left, weight)
    is_better = two.misfit[0] < one.misfit[0] / 2
    is_sure = np.quantile(two.shares.min(axis=1), 0.05) > 0.1 and _spans(two) <= _WIDEST
    return two if is_better and is_sure else one


def _spans(parts: _Parts) -> float:
    """How many times the longest plausible half-life is the shortest, for the less sure part."""
    low, high = np.quantile(parts.half_lives_s, [0.025, 0.975], axis=0)
    return float((high / low).max())


def _one(lags_s: Floats, left: Floats, weight: Floats) -> _Parts:
    """Least squares of 1 - psi = w (1 - exp(-k tau)): linear in w, searched in k, then a parabola through the best."""
    rates = _rates(lags_s)
    rest = 1 - np.exp(-rates[:, None] * lags_s)
    gain = np.maximum(((1 - left) * weight) @ rest.T, 0.0) ** 2 / (rest**2 @ weight)
    rows, best = np.arange(len(left)), gain.argmax(axis=1)
    inner = np.clip(best, 1, len(rates) - 2)
    below, at, above = (gain[rows, inner + shift] for shift in (-1, 0, 1))
    bend = below - 2 * at + above
    step = np.where((bend < 0) & (best == inner), (below - above) / (2 * np.where(bend < 0, bend, -1.0)), best - inner)
    rate = rates[inner] * (rates[1] / rates[0]) ** step
    rest = 1 - np.exp(-rate[:, None] * lags_s)
    share = ((1 - left) * rest) @ weight / (rest**2 @ weight)
    misfit = ((1 - left - share[:, None] * rest) ** 2) @ weight
    return _Parts(share[:, None], np.log(2) / rate[:, None], misfit)


def _two(lags_s: Floats, left: Floats, weight: Floats) -> _Parts:
    """The same with two rates at least a factor of 10 apart and no share below 0; slow first."""
    rates = _rates(lags_s)
    rest = 1 - np.exp(-rates[:, None] * lags_s)
    gram, load = (rest * weight) @ rest.T, ((1 - left) * weight) @ rest.T
    quick, slow = np.triu_indices(len(rates), int(np.ceil(np.log(10) / np.log(rates[0] / rates[1]))))
    determinant = gram[quick, quick] * gram[slow, slow] - gram[quick, slow] ** 2
    of_quick = (load[:, quick] * gram[slow, slow] - load[:, slow] * gram[quick, slow]) / determinant
    of_slow = (load[:, slow] * gram[quick, quick] - load[:, quick] * gram[quick, slow]) / determinant
    gain = of_quick * load[:, quick] + of_slow * load[:, slow]
    gain = np.where((of_quick >= 0) & (of_slow >= 0), gain, -np.inf)
    rows, best = np.arange(len(left)), gain.argmax(axis=1)
    shares = np.column_stack((of_slow[rows, best], of_quick[rows, best]))
    return _Parts(
        shares=np.maximum(shares, 0.0),
        half_lives_s=np.log(2) / np.column_stack((rates[slow[best]], rates[quick[best]])),
        misfit=((1 - left) ** 2) @ weight - gain[rows, best],
    )
