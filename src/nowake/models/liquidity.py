"""How much a book offers, how it stands against an order, and the four scores desks ask for.

Depth, spread and imbalance at the touch are weighted by how long they stood; depth away from it and the cost of taking
an order at once come from books looked at evenly through the window, with intervals from twelve equal parts of it
(batch means), for neighbouring books are far from independent. Depth away is told as a multiple of the depth at the
touch of the same books, times the touch as it stood (the ratio estimator: Cochran 1977, "Sampling Techniques", chapter
6): the two can be compared, and a few hundred looks tell a ratio far better than a level. Displayed depth only: hidden
orders are more, and what flees when an order comes is less.

A score is the percentile of the market at hand within the user's own reference (markets of other days or other
symbols), with Wilson's interval for the number of them: 0.9 of the volatility score says that nine in ten of the
reference were calmer. There is no scale of ours in it. With fewer than five references a score is withheld."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Quotes
from nowake.microstructure.spreads.quoted import BATCHES, QuotedSpread, quoted_spread
from nowake.models.market import MarketState
from nowake.models.terms import Floats
from nowake.statistics.measurement import Measurement, t_of, wilson

WITHIN_BPS = (5.0, 10.0, 25.0)
LEAST_REFERENCES = 5
SCORES = ("liquidity", "volatility", "spread", "volume")

Ints = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Books:
    """Books looked at n times: int64, `time_ns` (n,), the others (n, levels), best first, 0 lots where there is none.

    `shown` says how many levels a side are displayed at most; a book with all of them may go on beyond.
    """

    time_ns: Ints
    bid_ticks: Ints
    bid_lots: Ints
    ask_ticks: Ints
    ask_lots: Ints
    shown: int

    def __post_init__(self) -> None:
        shape = (len(self.time_ns), self.bid_ticks.shape[-1])
        for name in ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots"):
            if getattr(self, name).shape != shape:
                raise BadData(f"{name} of the books is {getattr(self, name).shape}, not {shape} as the others")

    @property
    def mid_ticks(self) -> Floats:
        """(n,) mid, NaN where a side is empty or the book is crossed."""
        good = (self.bid_lots[:, 0] > 0) & (self.ask_lots[:, 0] > 0) & (self.ask_ticks[:, 0] >= self.bid_ticks[:, 0])
        return np.where(good, (self.bid_ticks[:, 0] + self.ask_ticks[:, 0]) / 2, np.nan)


class Within(msgspec.Struct, frozen=True, kw_only=True):
    """Depth within so many basis points of the mid, in shares a side; `cut` is the share of books that ended before.

    Where `cut` is not small the depth is a lower bound: the data show no deeper.
    """

    bps: float
    bid: Measurement
    ask: Measurement
    cut: float


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """Taking a whole order from the displayed book at once: cost against the mid, fees apart.

    `possible` is the share of two-sided books that displayed enough; `cost_bps` their average, None where fewer than
    twelve did.
    """

    possible: float
    cost_bps: Measurement | None


class Liquidity(msgspec.Struct, frozen=True, kw_only=True):
    """What a market offers to an order.

    Parameters
    ----------
    quantity
        Of the order, shares.
    touch
        Time-weighted spread and depth at the touch.
    bid_touch, ask_touch
        Average depth at the best prices, shares.
    imbalance
        (bid - ask) / (bid + ask) of the lots at the touch, time-weighted: above 0 buyers queue.
    within
        Depth within distances of the mid; empty where the data show no book.
    sweep
        What taking it all at once costs; None where the data show no book.
    share_of_day, share_of_window
        The order over the day's volume, and over the window's without it; None where that is not known.
    cap
        Participation the desk allows.
    days_at_cap
        Sessions the order takes at `cap` of all volume.
    times_touch
        The order over the average depth at the touch it takes from.
    """

    quantity: float
    touch: QuotedSpread
    bid_touch: float
    ask_touch: float
    imbalance: Measurement
    within: tuple[Within, ...]
    sweep: Sweep | None
    share_of_day: float
    share_of_window: float | None
    cap: float
    days_at_cap: float
    times_touch: float


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A percentile within a reference, or why there is none.

    `value` is the number ranked, in `unit`; `rank` the share of the reference below it, in [0, 1], ties half counted.
    """

    name: str
    meaning: str
    value: float
    unit: str
    rank: Measurement | None
    withheld_because: str = ""


def liquidity(
    quantity: float,
    side: int,
    instrument: Instrument,
    market: MarketState,
    quotes: Quotes,
    *,
    start_ns: int,
    end_ns: int,
    books: Books | None = None,
    cap: float = 0.1,
    within_bps: Sequence[float] = WITHIN_BPS,
    level: float = 0.95,
) -> Liquidity:
    """What a market offers to an order between two instants.

    Parameters
    ----------
    quantity, side
        Shares, and +1 or -1.
    books
        Looked at between the same instants; without them there is only the touch.
    cap
        Largest share of all volume, ours included.

    Raises
    ------
    BadParameter
        When the cap is not between 0 and 1, or a distance is not above 0.
    BadData
        When no two-sided quote stood in the window.
    """
    if not 0 < cap < 1:
        raise BadParameter(f"cap {cap} must be above 0 and below 1; 0.1 is 10 % of volume")
    if not all(0 < bps < 1e4 for bps in within_bps):
        raise BadParameter(f"distances {tuple(within_bps)} must be above 0 and below 10,000 bps")
    touch = quoted_spread(quotes, start_ns=start_ns, end_ns=end_ns, level=level)
    bid, ask = instrument.quantity(touch.bid_lots), instrument.quantity(touch.ask_lots)
    return Liquidity(
        quantity=quantity,
        touch=touch,
        bid_touch=bid,
        ask_touch=ask,
        imbalance=_imbalance(quotes, start_ns, end_ns, level),
        within=()
        if books is None
        else tuple(_within(books, bps, {"bid": bid, "ask": ask}, level) for bps in within_bps),
        sweep=None if books is None else _sweep(books, instrument, quantity, side, level),
        share_of_day=quantity / market.daily_volume,
        share_of_window=quantity / market.window_volume if market.window_volume else None,
        cap=cap,
        days_at_cap=quantity * (1 - cap) / cap / market.daily_volume,
        times_touch=quantity / (ask if side > 0 else bid),
    )


def scores(market: MarketState, reference: Sequence[MarketState], *, level: float = 0.95) -> tuple[Score, ...]:
    """The four scores of a market within a reference of others: liquidity, volatility, spread, volume.

    liquidity is turnover over volatility, the money that trades while the price moves by one percent; volume is
    turnover, price times shares of a day. High is more of it: a high spread or volatility score is a dear market.

    Parameters
    ----------
    market
        The one to place.
    reference
        Others, measured alike; the one to place need not be among them. With fewer than five every score is withheld.
    """
    because = ""
    if len(reference) < LEAST_REFERENCES:
        because = (
            f"a percentile needs {LEAST_REFERENCES} or more markets to compare with, not {len(reference)}; give more "
            "days or symbols"
        )
    return tuple(
        Score(
            name=name,
            meaning=meaning,
            value=_scored(market)[place],
            unit=unit,
            rank=None
            if because
            else _rank(_scored(market)[place], [_scored(each)[place] for each in reference], level),
            withheld_because=because,
        )
        for place, (name, meaning, unit) in enumerate(
            (
                ("liquidity", "turnover while the price moves by 1 %", "currency"),
                ("volatility", "a session's volatility", "%"),
                ("spread", "quoted spread", "bps"),
                ("volume", "a session's turnover", "currency"),
            )
        )
    )


def ranks(markets: Sequence[MarketState]) -> Floats:
    """(n, 4) percentiles of each of n markets among all of them, in the order of `SCORES`; NaN where there are few."""
    if len(markets) < LEAST_REFERENCES:
        return np.full((len(markets), len(SCORES)), np.nan)
    table = np.array([_scored(market) for market in markets])
    ordered = np.sort(table, axis=0)
    below = [np.searchsorted(ordered[:, k], table[:, k], side="left") for k in range(len(SCORES))]
    within = [np.searchsorted(ordered[:, k], table[:, k], side="right") for k in range(len(SCORES))]
    return np.asarray((np.array(below) + np.array(within)).T / 2 / len(markets))


def _scored(market: MarketState) -> tuple[float, float, float, float]:
    turnover, percent = market.price * market.daily_volume, 100 * market.daily_volatility.value
    return turnover / percent if percent > 0 else math.inf, percent, market.spread_bps.value, turnover


def _rank(value: float, others: Sequence[float], level: float) -> Measurement:
    below = sum(other < value for other in others) + sum(other == value for other in others) / 2
    share = below / len(others)
    low, high = wilson(share, len(others), level)
    return Measurement(value=share, low=low, high=high, level=level, n=len(others), method="percentile, Wilson")


def _imbalance(quotes: Quotes, start_ns: int, end_ns: int, level: float) -> Measurement:
    """Time-weighted by the same rules as the spread, each part of the window weighted by what it covers."""
    edges = [start_ns + (end_ns - start_ns) * k // BATCHES for k in range(BATCHES + 1)]
    begins = np.clip(quotes.time_ns, start_ns, end_ns)
    ends = np.append(begins[1:], end_ns)
    two = (quotes.bid_lots > 0) & (quotes.ask_lots > 0) & (quotes.ask_ticks >= quotes.bid_ticks)
    total = np.where(two, quotes.bid_lots + quotes.ask_lots, 1)
    values = np.where(two, (quotes.bid_lots - quotes.ask_lots) / total, 0.0)
    means, weights = [], []
    for start, end in itertools.pairwise(edges):
        stood = np.where(two, np.minimum(ends, end) - np.maximum(begins, start), 0).clip(0).astype(np.float64)
        if stood.sum() > 0.01 * (end - start):
            means.append(float((stood * values).sum() / stood.sum()))
            weights.append(float(stood.sum()))
    return _of_batches(np.array(means), np.array(weights), level, n=int(two.sum()), bounds=(-1.0, 1.0))


def _within(books: Books, bps: float, touch: dict[str, float], level: float) -> Within:
    """Depth within a distance, as the touch of both sides in shares times how much more of it the books show."""
    mid = books.mid_ticks
    good = np.isfinite(mid)
    reach = mid * bps / 1e4
    sides, cut = {}, np.zeros(len(mid), np.bool_)
    for name, side in (("bid", 1), ("ask", -1)):
        ticks, lots = getattr(books, f"{name}_ticks"), getattr(books, f"{name}_lots")
        away = side * (mid[:, None] - ticks)
        inside = (lots > 0) & (away <= reach[:, None] + 1e-9)
        depth = np.where(inside, lots, 0).sum(axis=1)
        # A book whose last displayed level is still inside may go on beyond what is shown.
        cut |= (books.shown <= ticks.shape[1]) & inside[:, books.shown - 1]
        best, depth = lots[good, 0], depth[good]
        total = max(int(best.sum()), 1)  # Not 0 but where there is no book, which is told by `_batched`.
        ratio = depth.sum() / total
        residual = (depth - ratio * best) * len(best) / total
        sides[name] = _batched(touch[name] * (ratio + residual), level, bounds=(0.0, math.inf))
    return Within(bps=bps, cut=float(cut[good].mean()), **sides)


def _sweep(books: Books, instrument: Instrument, quantity: float, side: int, level: float) -> Sweep:
    name = "ask" if side > 0 else "bid"
    ticks, lots = getattr(books, f"{name}_ticks"), getattr(books, f"{name}_lots").astype(np.float64)
    wanted = quantity / instrument.quantity(1)
    before = np.cumsum(lots, axis=1) - lots
    taken = np.clip(wanted - before, 0.0, lots)
    mid = books.mid_ticks
    there = np.isfinite(mid)
    enough = there & (lots.sum(axis=1) >= wanted)
    share = float(enough.sum() / there.sum()) if there.any() else 0.0
    if enough.sum() < BATCHES:
        return Sweep(possible=share, cost_bps=None)
    paid = (taken * ticks).sum(axis=1)[enough] / wanted
    cost = side * (paid / mid[enough] - 1) * 1e4
    return Sweep(possible=share, cost_bps=_batched(cost, level, bounds=(-math.inf, math.inf)))


def _batched(values: Floats, level: float, *, bounds: tuple[float, float]) -> Measurement:
    """The mean of values in time order, its interval from the means of equal parts of them."""
    if not len(values):
        raise BadData("no two-sided book in the window; look at a longer time")
    parts = np.array_split(np.asarray(values, dtype=np.float64), min(BATCHES, len(values)))
    means, weights = np.array([part.mean() for part in parts]), np.array([float(len(part)) for part in parts])
    return _of_batches(means, weights, level, n=len(values), bounds=bounds)


def _of_batches(means: Floats, weights: Floats, level: float, *, n: int, bounds: tuple[float, float]) -> Measurement:
    mean = float(np.average(means, weights=weights))
    half = t_of(level, len(means) - 1) * float(means.std(ddof=1)) / math.sqrt(len(means)) if len(means) > 1 else 0.0
    return Measurement(
        value=mean,
        low=max(bounds[0], mean - half),
        high=min(bounds[1], mean + half),
        level=level,
        n=n,
        method="batch means" if len(means) > 1 else "one part of the window only: no interval",
    )
