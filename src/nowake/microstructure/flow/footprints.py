"""Footprints of metaorders: what a tape without names shows of large orders that somebody worked in pieces.

Three kinds are looked for in windows of market orders: **same size** (one side, one odd size, more often than that size
comes), **even gaps** (one side, one size, at even distances in time) and **one-sided** (more of one side than the
memory of signs explains). Each window has a score; how large the largest score of a day without metaorders would be is
read off surrogates, and only windows beyond it are told. So `false_alarm` is the chance that a day of the surrogates'
kind shows any footprint at all, not that a footprint is wrong.

Surrogates of the first two kinds shuffle sizes among the orders of a side within stretches of `within` orders: signs,
times and the slow change of sizes stay, the link between size and order is cut. Those of the third are signs of a
Gaussian series whose signs have the autocorrelation c l^-gamma of the tape (sign's arcsine law, rho = 2/pi asin r),
each with a gamma drawn from the error of its estimate. Fewer than 2,000 orders do not tell how long signs remember, and
the third kind is then not looked for.

Scores: n D(w/n | q), the exponent of Chernoff's bound, w orders of a size among n of the side, q that size's share of
the side (D is relative entropy); -(w - 1) log of the gaps' coefficient of variation; |net orders| over the square root
of the window.

Splitting makes signs remember: Lillo, Mike & Farmer 2005 ("Theory for long memory in supply and demand", Physical
Review E 71) find gamma = alpha - 1 where sizes of metaorders have tails of exponent alpha; `splitting_exponent` turns
that round.

What public data cannot show: who traded. Two algorithms with one child size are one footprint, one that hides size and
time is none, and round sizes come in crowds by habit. Footprints are suspects; a count of them is no count of
metaorders."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.flow.autocorrelation import sample_autocorrelation, variance_of_mean
from nowake.microstructure.flow.memory import SIGNS_BANDWIDTH, local_whittle, memory_exponent
from nowake.statistics.measurement import Measurement

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Kind = Literal["same size", "even gaps", "one-sided"]
_KINDS: tuple[Kind, ...] = ("same size", "even gaps", "one-sided")

MIN_ORDERS = 200
MIN_ONE_SIDED = 2_000
_WIDTHS = (5, 10, 20, 40, 80)
_LONG_WIDTHS = (50, 100, 200, 400)
_LAGS_OF_SIZE = 20
_MOST = 300  # Windows of one width beyond the threshold that are looked at.


class Footprint(msgspec.Struct, frozen=True, kw_only=True):
    """A window of market orders that chance does not explain.

    `lots` is the size of each child, 0 where sizes differ; `orders` how many of the side are in it (for "one-sided",
    net of the other side), `first` and `last` their places among all orders.
    """

    kind: Kind
    side: int
    lots: int
    orders: int
    first: int
    last: int
    start_ns: int
    end_ns: int
    score: float


class Footprints(msgspec.Struct, frozen=True, kw_only=True):
    """What was found, best first, and what it took.

    Parameters
    ----------
    found
        Windows beyond the threshold of their kind; those of one kind, side and size do not overlap.
    thresholds
        Score that the best window of one more surrogate exceeds with a chance of at most `false_alarm` / k, by kind,
        so that the k kinds together exceed theirs in at most `false_alarm`. A kind not among them was not looked for:
        "one-sided" takes 2,000 orders.
    false_alarm, surrogates
        As asked for.
    orders
        Market orders looked at.
    """

    found: tuple[Footprint, ...]
    thresholds: dict[Kind, float]
    false_alarm: float
    surrogates: int
    orders: int

    def __str__(self) -> str:
        title = (
            f"{len(self.found)} footprints in {self.orders:,} market orders, false alarms {self.false_alarm:.0%} a day"
        )
        if "one-sided" not in self.thresholds:
            title += f"; one-sided ones not looked for, it takes {MIN_ONE_SIDED:,} orders"
        side = {1: "buys", -1: "sells"}
        rows = [
            f"{each.kind:<10} {each.orders:>4} {side[each.side]}"
            + (f" of {each.lots:,} lots" if each.lots else " net")
            + f" in {(each.end_ns - each.start_ns) / 1e9:,.1f} s, score {each.score:.1f}"
            for each in self.found
        ]
        return "\n".join([title, *rows])


class _Windows(NamedTuple):
    """Windows of one kind and one width: first and last place of each, net orders, score (0 where it is none)."""

    kind: Kind
    first: Ints
    last: Ints
    orders: Ints
    score: Floats


def footprints(
    time_ns: Ints,
    signs: Ints,
    lots: Ints,
    *,
    false_alarm: float = 0.05,
    surrogates: int = 200,
    within: int = 1_000,
    seed: int = 0,
) -> Footprints:
    """Likely traces of metaorders among market orders.

    Parameters
    ----------
    time_ns, signs, lots
        int64[n] of market orders in time order; signs +1 or -1, lots above 0.
    false_alarm
        Chance that surrogates of the day show any footprint.
    surrogates
        How many; at least 3 / false_alarm, for the threshold to be read off them.
    within
        Orders of a stretch in which sizes are shuffled.

    Raises
    ------
    BadParameter
        When false_alarm is not between 0 and 1, or there are too few surrogates for it.
    BadData
        When there are fewer than 200 orders, columns differ in length, numbers are not whole, stamps go back, sizes
        are not above 0, or signs are not +1 and -1, both of them.
    """
    time_ns, signs, lots = _whole(time_ns, "stamps"), _whole(signs, "signs"), _whole(lots, "sizes")
    if not 0 < false_alarm < 1 or surrogates * false_alarm < 3:
        raise BadParameter(
            f"false_alarm {false_alarm} must be between 0 and 1, and {surrogates} surrogates enough for it: it takes "
            f"{3 / max(false_alarm, 1e-9):.0f}"
        )
    if not len(signs) == len(lots) == len(time_ns) >= MIN_ORDERS:
        raise BadData(
            f"{len(time_ns)} stamps, {len(signs)} signs and {len(lots)} sizes must be as many, {MIN_ORDERS} or more"
        )
    if set(np.unique(signs).tolist()) != {-1, 1}:
        raise BadData(f"signs are {np.unique(signs).tolist()[:5]}; they must be +1 and -1, and both be there")
    if (np.diff(time_ns) < 0).any() or lots.min() <= 0:
        raise BadData(
            f"orders must be sorted by time and sizes above 0, the smallest is {lots.min()}; sort and clean them"
        )
    best = _best_of_chance(time_ns, signs, lots, surrogates=surrogates, within=within, seed=seed)
    thresholds = {kind: _threshold(scores, false_alarm / len(best)) for kind, scores in best.items()}
    told = [
        _footprint(windows, k, columns=(time_ns, signs, lots))
        for windows in (*_sized(time_ns, signs, lots), *_one_sided(signs))
        for k in _beyond(windows.score, thresholds[windows.kind])
    ]
    return Footprints(
        found=_apart(told),
        thresholds=thresholds,
        false_alarm=false_alarm,
        surrogates=surrogates,
        orders=len(signs),
    )


def splitting_exponent(signs: Floats, *, level: float = 0.95) -> Measurement:
    """alpha = gamma + 1: the tail of metaorder sizes that would make the signs remember as they do.

    Sizes with P(V > v) ~ v^-alpha split into equal pieces give signs with C(l) ~ l^-(alpha - 1). It is an inference
    from the memory of the signs alone, which herding and shifts of level make too.

    Raises
    ------
    BadData
        When the signs have no long memory that can be told from chance; see `memory_exponent`.
    """
    gamma = memory_exponent(np.asarray(signs, np.float64), level=level)
    return msgspec.structs.replace(
        gamma,
        value=gamma.value + 1,
        low=gamma.low + 1,
        high=gamma.high + 1,
        method=f"Lillo, Mike & Farmer's alpha = gamma + 1; {gamma.method}",
    )


def _whole(column: npt.ArrayLike, name: str) -> Ints:
    """The column as whole numbers, refused where it holds others."""
    given = np.asarray(column)
    if given.dtype.kind != "i" and not (np.isfinite(given).all() and (given == np.trunc(given)).all()):
        raise BadData(f"{name} must be whole numbers, some are not; leave those orders out")
    return given.astype(np.int64)


def _best_of_chance(
    time_ns: Ints, signs: Ints, lots: Ints, *, surrogates: int, within: int, seed: int
) -> dict[Kind, Floats]:
    """Best score of each surrogate, for each kind that is looked for."""
    rng = np.random.default_rng(seed)
    long = len(signs) >= MIN_ONE_SIDED
    best = {kind: np.zeros(surrogates) for kind in _KINDS if long or kind != "one-sided"}
    memory = _memory(signs) if long else None
    for k in range(surrogates):
        chance = [*_sized(time_ns, signs, _shuffled(signs, lots, within, rng))]
        if memory is not None:
            chance += _one_sided(_signs_of(_latent(memory, len(signs), rng), len(signs), rng))
        for windows in chance:
            best[windows.kind][k] = max(best[windows.kind][k], windows.score.max(initial=0.0))
    return best


def _threshold(scores: Floats, chance: float) -> float:
    """The score that one more of the same kind exceeds with a chance of at most `chance`: rank (1 - chance)(B + 1)."""
    rank = math.ceil(round((1 - chance) * (len(scores) + 1), 9))
    return float(np.sort(scores)[rank - 1])


def _sized(time_ns: Ints, signs: Ints, lots: Ints) -> Iterator[_Windows]:
    """Windows of so many orders of one side and size: by how crowded they are, and by how even in time."""
    order = np.lexsort((np.arange(len(lots)), lots, signs))
    rank = np.where(signs > 0, np.cumsum(signs > 0), np.cumsum(signs < 0))  # Among the orders of its side.
    begins = (np.diff(signs[order], prepend=0) != 0) | (np.diff(lots[order], prepend=-1) != 0)
    group = np.cumsum(begins) - 1
    of_side = np.where(signs[order] > 0, np.count_nonzero(signs > 0), np.count_nonzero(signs < 0))
    share = np.bincount(group)[group] / of_side
    gaps = np.diff(time_ns[order]).astype(np.float64)
    for width in _WIDTHS:
        if len(order) < width:
            return
        first, last = order[: len(order) - width + 1], order[width - 1 :]
        alike = group[width - 1 :] == group[: len(order) - width + 1]
        orders = np.full(len(first), width)
        among = np.where(alike, rank[last] - rank[first] + 1, width)
        crowded = np.where(alike, _crowding(width, among, share[: len(first)]), 0.0)
        yield _Windows("same size", first, last, orders, crowded)
        even = np.zeros(len(first))
        even[alike] = _evenness(np.lib.stride_tricks.sliding_window_view(gaps, width - 1)[alike])
        yield _Windows("even gaps", first, last, orders, even)


def _crowding(width: int, among: Ints, share: Floats) -> Floats:
    """n D(w/n | q) where the size is more frequent than in the day, else 0."""
    part = width / among
    crowded = (part > share) & (share < 1)
    rest = np.where(crowded & (part < 1), (1 - part) / np.where(share < 1, 1 - share, 1.0), 1.0)
    return np.asarray(np.where(crowded, among * (part * np.log(part / share) + (1 - part) * np.log(rest)), 0.0))


def _evenness(gaps: Floats) -> Floats:
    """-(w - 1) log of sd over mean of the w - 1 gaps of each window (k, w - 1), at least 0.

    Gaps that agree better than one part in a thousand count as that: a clock is no surer for being exact.
    """
    mean = gaps.mean(axis=1)
    spread = np.where(mean > 0, gaps.std(axis=1) / np.where(mean > 0, mean, 1.0), 1.0)
    return np.asarray(np.maximum(-gaps.shape[1] * np.log(np.maximum(spread, 1e-3)), 0.0))


def _one_sided(signs: Ints) -> Iterator[_Windows]:
    """Windows of so many orders, by how many more of one side."""
    running = np.append(0, np.cumsum(signs))
    if len(signs) < MIN_ONE_SIDED:
        return
    for width in _LONG_WIDTHS:
        net = np.abs(running[width:] - running[:-width])
        first = np.arange(len(net))
        yield _Windows("one-sided", first, first + width - 1, net, net / math.sqrt(width))


def _beyond(scores: Floats, threshold: float) -> list[int]:
    """Places of the scores beyond a threshold, best first, as many as can matter."""
    best: list[int] = np.argsort(-scores, kind="stable")[: min(int((scores > threshold).sum()), _MOST)].tolist()
    return best


def _shuffled(signs: Ints, lots: Ints, within: int, rng: np.random.Generator) -> Ints:
    """Sizes in another order, among orders of one side within stretches."""
    stretch = np.arange(len(lots)) // max(within, 2)
    groups = 2 * stretch + (signs > 0)
    out = np.empty_like(lots)
    out[np.argsort(groups, kind="stable")] = lots[np.lexsort((rng.random(len(lots)), groups))]
    return out


class _Memory(NamedTuple):
    """Autocorrelation of signs at the first lags, what an unsure mean takes off it added back; d and its error."""

    seen: Floats
    d: float
    error: float


def _memory(signs: Ints) -> _Memory:
    x = (signs - signs.mean()) / signs.std()
    unsure = min(variance_of_mean(x), 0.5)
    seen = np.array([sample_autocorrelation(x, lag) for lag in range(1, _LAGS_OF_SIZE + 1)])
    d, error, _ = local_whittle(x, bandwidth=SIGNS_BANDWIDTH)
    return _Memory((seen + unsure) / (1 + unsure), d, error)


def _latent(memory: _Memory, n: int, rng: np.random.Generator) -> Floats:
    """Spectrum of a Gaussian series whose signs have the tape's c l^-gamma, for twice as many numbers.

    gamma = 1 - 2d is drawn from its error: with the estimate itself, surrogates would be surer of it than the tape is.
    """
    gamma = 1 - 2 * min(max(memory.d + memory.error * rng.standard_normal(), 0.0), 0.475)
    lags = np.arange(1, _LAGS_OF_SIZE + 1)
    size = float(np.clip((memory.seen * lags**-gamma).sum() / (lags ** (-2 * gamma)).sum(), 0.0, 0.99))
    rho = size * np.arange(1, n + 1) ** -gamma
    rho[:_LAGS_OF_SIZE] = np.clip(memory.seen, 0.0, 0.99)
    r = np.append(1.0, np.sin(math.pi / 2 * rho))
    return np.maximum(np.fft.rfft(np.concatenate((r, r[-2:0:-1]))).real, 0.0)


def _signs_of(spectrum: Floats, n: int, rng: np.random.Generator) -> Ints:
    """Signs of a Gaussian series of that spectrum."""
    noise = np.fft.rfft(rng.standard_normal(2 * (len(spectrum) - 1)))
    return np.where(np.fft.irfft(noise * np.sqrt(spectrum))[:n] >= 0, 1, -1).astype(np.int64)


def _apart(told: list[Footprint]) -> tuple[Footprint, ...]:
    """Best first, without those that overlap a better one of their kind, side and size."""
    kept: list[Footprint] = []
    for each in sorted(told, key=lambda one: (-one.score, one.first, one.orders)):
        alike = (other for other in kept if (other.kind, other.side, other.lots) == (each.kind, each.side, each.lots))
        if all(other.last < each.first or each.last < other.first for other in alike):
            kept.append(each)
    return tuple(kept)


def _footprint(windows: _Windows, k: int, *, columns: tuple[Ints, Ints, Ints]) -> Footprint:
    time_ns, signs, lots = columns
    first, last = int(windows.first[k]), int(windows.last[k])
    mixed = windows.kind == "one-sided"
    return Footprint(
        kind=windows.kind,
        side=int(np.sign(signs[first : last + 1].sum())) if mixed else int(signs[first]),
        lots=0 if mixed else int(lots[first]),
        orders=int(windows.orders[k]),
        first=first,
        last=last,
        start_ns=int(time_ns[first]),
        end_ns=int(time_ns[last]),
        score=float(windows.score[k]),
    )
