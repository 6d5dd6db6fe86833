"""Queue imbalance, (q_b - q_a) / (q_b + q_a) at the best quotes, and which way the mid moves next.

Gould & Bonart 2016 ("Queue imbalance as a one-tick-ahead price predictor in a limit order book", Market Microstructure
and Liquidity 2): between two changes of the mid the imbalance is looked at once, at an instant drawn evenly between
them, and whether the second change is up is explained by it,

    P(up | I) = 1 / (1 + exp(-(x0 + x1 I))).

One look a move keeps a long quiet stretch from counting a thousand times. Beside the logistic curve there are shares by
bin of imbalance, and what the curve of the first part of the day was worth in the rest of it: the squared error saved
against calling every move an even chance, 1 - sum (y - p)^2 / sum (y - 1/2)^2, and the share of moves called right.

Errors are Newey & West's, for one move leans against the one before; shares have Wilson's interval at the number of
independent looks that gives the same error. Wrong where the spread is many ticks wide, for there the mid moves inside
the spread without a queue being used up, and the curve is flat; it then says so. It tells neither when nor how far."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Quotes
from nowake.microstructure.flow.orderflow import forward
from nowake.microstructure.market_orders import Touch, two_sided_touch
from nowake.statistics.blocks import block_edges, resampled, with_interval
from nowake.statistics.measurement import Measurement, check_level, wilson, z_of
from nowake.statistics.regression import default_lags, long_run

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_MOVES = 100
MIN_PART = 30
_STEPS = 60


class ImbalanceBin(msgspec.Struct, frozen=True, kw_only=True):
    """Moves whose imbalance lay between two ends: the mean of it, and the share that went up."""

    low: float
    high: float
    imbalance: float
    up: Measurement


class ImbalanceResponse(msgspec.Struct, frozen=True, kw_only=True):
    """How queue imbalance tells the next move of the mid.

    Parameters
    ----------
    slope, intercept
        x1 and x0 of the logistic curve, of all moves.
    bins
        Shares of moves up by imbalance, of all moves, empty bins left out: the picture's points.
    calibration
        Moves of the last part by the probability that the first part's curve gave them (`imbalance` is that
        probability here): the shares lie on the diagonal where the curve holds.
    skill
        Squared error saved in the last part against an even chance; 0 is no use, below 0 worse than none.
    right
        Share of moves in the last part that were called the right way.
    moves, held_out
        How many there were, and how many of them in the last part.
    """

    slope: Measurement
    intercept: Measurement
    bins: tuple[ImbalanceBin, ...]
    calibration: tuple[ImbalanceBin, ...]
    skill: Measurement
    right: Measurement
    moves: int
    held_out: int

    def __str__(self) -> str:
        rows = [
            f"logistic slope {self.slope}",
            f"called right   {self.right}",
            f"error saved    {self.skill}",
            *(
                f"{each.imbalance:+.2f} up {each.up.value:.3f} [{each.up.low:.3f}, {each.up.high:.3f}]"
                for each in self.bins
            ),
        ]
        return "\n".join(rows)

    def probability(self, imbalance: Floats) -> Floats:
        """P(up) of the curve of all moves."""
        return _curve(np.asarray(imbalance, np.float64), np.array([self.intercept.value, self.slope.value]))


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """One look at the queues before each move of the mid: when, how imbalanced, and whether it then went up."""

    time_ns: Ints
    imbalance: Floats
    up: Floats


def queue_imbalance(bid_lots: npt.ArrayLike, ask_lots: npt.ArrayLike) -> Floats:
    """(q_b - q_a) / (q_b + q_a), in (-1, 1); NaN where a side is empty."""
    bid, ask = np.asarray(bid_lots, np.float64), np.asarray(ask_lots, np.float64)
    there = (bid > 0) & (ask > 0)
    return np.where(there, (bid - ask) / np.where(there, bid + ask, 1.0), np.nan)


class QueueImbalance:
    """Queue imbalance of the last quote that stood, told one quote at a time."""

    def __init__(self) -> None:
        self.passed_over = 0
        self._now_ns: int | None = None
        self._value = float("nan")

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these; one-sided and crossed ones are counted and passed over."""
        self._now_ns = forward(self._now_ns, time_ns)
        if bid_lots <= 0 or ask_lots <= 0 or bid_ticks > ask_ticks:
            self.passed_over += 1
            return
        self._value = (bid_lots - ask_lots) / (bid_lots + ask_lots)

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print moves the clock alone."""
        self._now_ns = forward(self._now_ns, time_ns)

    @property
    def value(self) -> float:
        """In (-1, 1); NaN before the first quote that stands."""
        return self._value


def imbalance_response(
    quotes: Quotes,
    *,
    start_ns: int | None = None,
    end_ns: int | None = None,
    bins: int = 20,
    held_out: float = 0.5,
    level: float = 0.95,
    seed: int = 0,
) -> ImbalanceResponse:
    """The response of the next move of the mid to queue imbalance.

    Parameters
    ----------
    bins
        How many bins of even width between -1 and 1; what is on an edge is in the bin above it, and so is no imbalance
        at all where the bins are even in number.
    held_out
        Share of the moves, the last ones, on which the curve of the others is judged.
    seed
        Of the instants looked at, and of the resampled blocks.

    Raises
    ------
    BadParameter
        When bins, share or level are out of range.
    BadData
        When the mid moved fewer than 100 times, or fewer than 30 of the moves are held out, or left to learn from.
    Unidentified
        When all moves went one way, the imbalance never changed, or it tells the direction without fail.
    """
    check_level(level)
    if bins < 1 or not 0 < held_out < 1:
        raise BadParameter(f"bins {bins} must be 1 or more and held_out {held_out} between 0 and 1")
    seen = looks(two_sided_touch(quotes), start_ns=start_ns, end_ns=end_ns, seed=seed)
    if len(seen.up) < MIN_MOVES:
        raise BadData(f"the mid moved {len(seen.up)} times, {MIN_MOVES} are needed; look at a longer time")
    x, y = seen.imbalance, seen.up
    cut = len(y) - int(held_out * len(y))
    if min(cut, len(y) - cut) < MIN_PART:
        raise BadData(
            f"held_out {held_out} of {len(y)} moves leaves {cut} to learn from and {len(y) - cut} to judge by, each "
            f"must be {MIN_PART} or more; give a share nearer to 0.5 or look at a longer time"
        )
    curve, errors = logistic(x, y)
    measured = [_normal(value, error, level=level, n=len(y)) for value, error in zip(curve, errors, strict=True)]
    first, _ = logistic(x[:cut], y[:cut])
    said, came = _curve(x[cut:], first), y[cut:]
    edges = np.linspace(-1, 1, bins + 1)
    return ImbalanceResponse(
        slope=measured[1],
        intercept=measured[0],
        bins=_shares(x, y, edges, level),
        calibration=_shares(said, came, np.linspace(0, 1, max(bins // 2, 1) + 1), level),
        skill=_saved(said, came, level=level, seed=seed),
        right=_share(((said > 0.5) == (came > 0.5)).astype(np.float64), level),
        moves=len(y),
        held_out=len(came),
    )


def looks(touch: Touch, *, start_ns: int | None = None, end_ns: int | None = None, seed: int = 0) -> Looks:
    """One look at an instant drawn evenly between each two changes of the mid."""
    keep = np.ones(len(touch.time_ns), np.bool_)
    keep &= touch.time_ns >= (start_ns if start_ns is not None else np.iinfo(np.int64).min)
    keep &= touch.time_ns <= (end_ns if end_ns is not None else np.iinfo(np.int64).max)
    time_ns, twice = touch.time_ns[keep], (touch.bid_ticks + touch.ask_ticks)[keep]
    changes = np.flatnonzero(np.diff(twice)) + 1
    begin, stop = time_ns[changes[:-1]], time_ns[changes[1:]]
    draws = np.random.default_rng(seed).random(len(begin))
    when = begin + np.minimum((draws * (stop - begin)).astype(np.int64), stop - begin - 1)
    row = np.searchsorted(time_ns, when, side="right") - 1
    up = twice[changes[1:]] > twice[changes[1:] - 1]
    imbalance = queue_imbalance(touch.bid_lots[keep][row], touch.ask_lots[keep][row])
    return Looks(when, imbalance, up.astype(np.float64))


def logistic(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """(x0, x1) by maximum likelihood, Newton's steps, and their Newey-West standard errors.

    Raises
    ------
    Unidentified
        When y or x never changes, or x tells y without fail, so that no finite curve is the best.
    """
    if np.ptp(y) == 0 or np.ptp(x) == 0:
        raise Unidentified(
            f"{len(y)} moves: share up {y.mean():g}, imbalance from {x.min():g} to {x.max():g}; what never changes "
            "tells nothing, look at a longer time"
        )
    middle, size = x.mean(), x.std()
    design = np.column_stack((np.ones(len(x)), (x - middle) / size))  # So that it does not matter how much x varies.
    curve = np.zeros(2)
    for _ in range(_STEPS):
        p = _likely(design, curve)
        information = (design * (p * (1 - p))[:, None]).T @ design
        if np.linalg.det(information) < 1e-12 * len(x):
            raise Unidentified(f"imbalance tells the direction of {len(y)} moves without fail; look at a longer time")
        step = np.linalg.solve(information, design.T @ (y - p))
        curve = curve + step
        if np.abs(step).max() < 1e-12:
            break
    scores = design * (y - _likely(design, curve))[:, None]
    back = np.array([[1.0, -middle / size], [0.0, 1 / size]])
    spread = back @ np.linalg.inv(information)
    return back @ curve, np.sqrt(np.diag(spread @ long_run(scores, default_lags(len(x))) @ spread.T))


def _curve(x: Floats, curve: Floats) -> Floats:
    return _likely(np.column_stack((np.ones(len(x)), x)), curve)


def _likely(design: Floats, curve: Floats) -> Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(design @ curve, -700, 700))))


def _normal(value: float, error: float, *, level: float, n: int) -> Measurement:
    half = z_of(level) * float(error)
    how = f"logistic, Newey-West errors of {default_lags(n)} lags"
    return Measurement(
        value=float(value), low=float(value) - half, high=float(value) + half, level=level, n=n, method=how
    )


def _shares(x: Floats, y: Floats, edges: Floats, level: float) -> tuple[ImbalanceBin, ...]:
    """Shares of y in bins of x, the bins that are empty left out."""
    place = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, len(edges) - 2)
    return tuple(
        ImbalanceBin(
            low=float(edges[k]),
            high=float(edges[k + 1]),
            imbalance=float(x[place == k].mean()),
            up=_share(y[place == k], level),
        )
        for k in np.unique(place).tolist()
    )


def _share(hits: Floats, level: float) -> Measurement:
    """A share with Wilson's interval, at the number of independent looks whose error is Newey & West's."""
    n, share = len(hits), float(hits.mean())
    noise = hits - share
    plain = float(noise @ noise)
    wider = float(long_run(noise[:, None], default_lags(n))[0, 0]) / plain if plain > 0 else 1.0
    low, high = wilson(share, n / max(wider, 1.0), level)
    return Measurement(value=share, low=low, high=high, level=level, n=n, method="Wilson, looks that lean counted less")


def _saved(said: Floats, came: Floats, *, level: float, seed: int) -> Measurement:
    """1 - sum (y - p)^2 / sum (y - 1/2)^2, resampled by blocks of moves."""
    edges = block_edges(len(came))
    missed, even = (np.add.reduceat(each, edges[:-1]) for each in ((came - said) ** 2, (came - 0.5) ** 2))
    weights = resampled(len(missed), 500, seed)
    repeats = 1 - (weights @ missed) / (weights @ even)
    return with_interval(
        float(1 - missed.sum() / even.sum()),
        repeats,
        level=level,
        blocks=len(missed),
        n=len(came),
        method="blocks of moves, resampled",
    )
