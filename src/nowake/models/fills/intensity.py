"""How the rate of fills falls with the distance of a quote: lambda(delta) = A exp(-k delta).

The intensity that market making rests on (Avellaneda and Stoikov 2008, "High-frequency trading in a limit order book";
Gueant, Lehalle and Fernandez-Tapia 2013, "Dealing with the inventory risk"). Fills of quotes at a distance are counted
over the time those quotes stood there: a Poisson regression whose exposure is time,

    fills_i ~ Poisson(exposure_i A exp(-k delta_i)),   delta_i in ticks from the mid when the quote was posted,

by maximum likelihood, bids and asks apart, never on traded volume. The rate is the mean over the time of the day: that
of a maker who quotes anew as soon as he is filled. A quote once filled sees no more of a busy minute, so that busy
minutes would count for less: each distance is looked at only until a twentieth of its quotes are filled, or 25 of them
if that is more. Quotes at several distances at one time see the same
prints, and neighbouring times the same market, so the covariance is summed by block of time (`blocks`).

Wrong where the decay is no exponential: `lack_of_fit` says how far the rates counted at each distance lie from it."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.blocks import FEWEST, blocks_of
from nowake.models.fills.lifetimes import FILLED, Lifetimes
from nowake.statistics.measurement import Measurement, check_level, t_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_STEPS = 50
_FEWEST_FILLS = 10
_MOST_FILLED, _LEAST_FILLED = 0.05, 25  # Share, or count, of the quotes of one distance whose fills are counted.


class AtDistance(msgspec.Struct, frozen=True, kw_only=True):
    """The rate counted at one distance from the touch: fills over seconds quoted, with its interval.

    Quotes were looked at for `stand_s` seconds each.
    """

    distance_ticks: int
    mid_ticks: float
    rate: Measurement
    fills: int
    exposure_s: float
    stand_s: float


class Intensity(msgspec.Struct, frozen=True, kw_only=True):
    """Fills a second of a quote `delta` ticks from the mid, for one side.

    Parameters
    ----------
    side
        +1 bids, -1 asks.
    rate
        A: fills a second at the mid.
    decay
        k: per tick; above 0 where fills get rarer with distance.
    log_covariance
        Of log A and k: ((var, cov), (cov, var)).
    distances
        The rates counted, one a distance from the touch.
    lack_of_fit
        Largest gap between a counted rate and the curve, in standard deviations of the counted one's logarithm.
    quotes, fills, exposure_s, blocks
        What it rests on.
    """

    side: int
    rate: Measurement
    decay: Measurement
    log_covariance: tuple[tuple[float, float], tuple[float, float]]
    distances: tuple[AtDistance, ...]
    lack_of_fit: float
    quotes: int
    fills: int
    exposure_s: float
    blocks: int

    def at(self, delta_ticks: float) -> Measurement:
        """Fills a second at a distance from the mid.

        Raises
        ------
        BadParameter
            When nothing was quoted so near or so far.
        """
        low, high = self.distances[0].mid_ticks, self.distances[-1].mid_ticks
        if not low <= delta_ticks <= high:
            raise BadParameter(f"{delta_ticks:g} ticks from the mid is outside {low:g} to {high:g}, where quotes stood")
        (var_a, cov), (_, var_k) = self.log_covariance
        middle = math.log(self.rate.value) - self.decay.value * delta_ticks
        sd = math.sqrt(max(var_a - 2 * delta_ticks * cov + delta_ticks**2 * var_k, 0.0))
        half = t_of(self.rate.level, self.blocks - 1) * sd
        return Measurement(
            value=math.exp(middle),
            low=math.exp(middle - half),
            high=math.exp(middle + half),
            level=self.rate.level,
            n=self.quotes,
            method=self.rate.method,
        )


def fit_intensity(lives: Lifetimes, *, side: int, stand_s: float = 10.0, level: float = 0.95) -> Intensity:
    """Fit the intensity of one side to imagined quotes (`probed_lifetimes`), or to real ones.

    Parameters
    ----------
    lives
        Quotes at two distances at least.
    side
        +1 bids, -1 asks.
    stand_s
        Quotes stand for so many seconds at most: their distance is that of posting, and the market moves on. Less where
        many are filled sooner.
    level
        Confidence of the intervals.

    Raises
    ------
    BadData
        When there are too few fills, distances or blocks of time to tell a rate from its decay.
    BadParameter
        When the side, the time or the level is out of range.
    """
    check_level(level)
    if side not in {1, -1} or not 0 < stand_s < math.inf:
        raise BadParameter(f"side {side} must be +1 or -1, and stand_s {stand_s} above 0 and finite")
    mine = lives.of_side(side)
    wait_s, cause = mine.outcome("first")
    stands = _stands(mine.distance_ticks, wait_s, cause == FILLED, most_s=stand_s)
    filled = (cause == FILLED) & (wait_s < stands)
    exposure = np.minimum(wait_s, stands)
    delta = mine.distance_ticks + mine.spread_ticks / 2
    block = blocks_of(mine.start_ns, stand_s)
    blocks = int(block.max()) + 1
    _check(filled, delta, blocks)
    beta, covariance = _poisson(filled, exposure, delta, block)
    log_a, minus_k = beta.tolist()
    half = t_of(level, blocks - 1) * np.sqrt(np.diag(covariance))
    how = f"Poisson likelihood, {blocks} blocks of time, quotes stand {stand_s:g} s at most"
    a_low, a_high = math.exp(log_a - half[0]), math.exp(log_a + half[0])
    rate = Measurement(value=math.exp(log_a), low=a_low, high=a_high, level=level, n=len(delta), method=how)
    k = -minus_k
    decay = Measurement(value=k, low=k - float(half[1]), high=k + float(half[1]), level=level, n=len(delta), method=how)
    counted = tuple(
        _counted(int(ticks), filled[at], exposure[at], delta[at], block[at], stand_s=float(stands[at][0]), level=level)
        for ticks in np.unique(mine.distance_ticks)
        for at in [mine.distance_ticks == ticks]
    )
    return Intensity(
        side=side,
        rate=rate,
        decay=decay,
        log_covariance=_pairs(covariance),
        distances=counted,
        lack_of_fit=_lack_of_fit(counted, log_a, minus_k),
        quotes=len(delta),
        fills=int(filled.sum()),
        exposure_s=float(exposure.sum()),
        blocks=blocks,
    )


def _stands(distance: Ints, wait_s: Floats, filled: npt.NDArray[np.bool_], *, most_s: float) -> Floats:
    """How long each quote is looked at: until as many of its distance are filled as may be, that one left out.

    Counted up to a fill and without it, fills over time have no bias (as in sampling until so many have failed).
    """
    stands = np.full(len(wait_s), np.nextafter(most_s, math.inf))  # A fill at the very end counts.
    for ticks in np.unique(distance):
        at = distance == ticks
        waits = np.sort(wait_s[at & filled])
        most = max(math.ceil(_MOST_FILLED * int(at.sum())), _LEAST_FILLED)
        if len(waits) > most and waits[most] > 0:
            stands[at] = min(float(waits[most]), most_s)
    return stands


def _poisson(filled: npt.NDArray[np.bool_], exposure: Floats, delta: Floats, block: Ints) -> tuple[Floats, Floats]:
    """Intercept and slope of the log rate, and their covariance by block, by Newton's steps."""
    middle = float(delta.mean())
    x = np.column_stack((np.ones(len(delta)), delta - middle))
    beta = np.array([math.log(filled.sum() / exposure.sum()), 0.0])
    for _ in range(_STEPS):
        expected = exposure * np.exp(np.minimum(x @ beta, 50.0))
        score, information = x.T @ (filled - expected), x.T @ (x * expected[:, None])
        step = np.linalg.solve(information, score)
        beta = beta + np.clip(step, -2.0, 2.0)  # A long step overshoots where fills are rare.
        if float(np.abs(step).max()) < 1e-10:
            break
    else:
        raise BadData("the rate of fills has no maximum of its likelihood; take more distances or a longer day")
    moved = np.linalg.solve(information, (x * (filled - expected)[:, None]).T).T
    count = int(block.max()) + 1
    sums = np.stack([np.bincount(block, weights=each, minlength=count) for each in moved.T], axis=1)
    covariance = sums.T @ sums * (count / (count - 1))
    back = np.array([[1.0, -middle], [0.0, 1.0]])  # From the middle of the data to the mid.
    return back @ beta, back @ covariance @ back.T


def _counted(
    ticks: int,
    filled: npt.NDArray[np.bool_],
    exposure: Floats,
    delta: Floats,
    block: Ints,
    *,
    stand_s: float,
    level: float,
) -> AtDistance:
    """Fills over time at one distance, its error by block on the logarithm."""
    fills, total_s = int(filled.sum()), float(exposure.sum())
    _, block = np.unique(block, return_inverse=True)
    blocks = int(block.max()) + 1
    if fills == 0:
        # The highest rate at which so many blocks, each counting as one quote, are all empty once in 1 / (1 - level).
        most = -math.log(1 - level) / total_s * len(filled) / blocks
        how = f"no fill in {blocks} blocks of time"
        rate = Measurement(value=0.0, low=0.0, high=most, level=level, n=len(filled), method=how)
    else:
        value = fills / total_s
        moved = np.bincount(block, weights=filled - value * exposure) / fills
        variance = max(float(np.sum(moved**2)) * blocks / max(blocks - 1, 1), 1 / fills)
        half = t_of(level, max(blocks - 1, 1)) * math.sqrt(variance)
        how = f"fills over time, {blocks} blocks of time"
        ends = value * math.exp(-half), value * math.exp(half)
        rate = Measurement(value=value, low=ends[0], high=ends[1], level=level, n=len(filled), method=how)
    return AtDistance(
        distance_ticks=ticks,
        mid_ticks=float(delta.mean()),
        rate=rate,
        fills=fills,
        exposure_s=total_s,
        stand_s=stand_s,
    )


def _pairs(covariance: Floats) -> tuple[tuple[float, float], tuple[float, float]]:
    """Of log A and k, from that of log A and -k."""
    a, cross, k = float(covariance[0, 0]), -float(covariance[0, 1]), float(covariance[1, 1])
    return (a, cross), (cross, k)


def _lack_of_fit(counted: tuple[AtDistance, ...], log_a: float, minus_k: float) -> float:
    gaps = [
        abs(math.log(each.rate.value) - log_a - minus_k * each.mid_ticks)
        / (math.log(each.rate.high / each.rate.low) / (2 * 1.96))
        for each in counted
        if each.fills
    ]
    return max(gaps, default=0.0)


def _check(filled: npt.NDArray[np.bool_], delta: Floats, blocks: int) -> None:
    fills = int(filled.sum())
    if fills < _FEWEST_FILLS:
        raise BadData(f"{fills} fills tell no rate; {_FEWEST_FILLS} are needed, so quote nearer or take a longer day")
    if blocks < FEWEST:
        raise BadData(f"the quotes span {blocks} blocks of time and {FEWEST} are needed; take a longer day")
    if np.ptp(delta) == 0 or np.ptp(delta[filled]) == 0:
        raise BadData(f"all fills are {delta[filled][0]:g} ticks from the mid, so nothing tells how the rate decays")
