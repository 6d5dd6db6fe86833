"""One day's volume, cut into the buckets of its session: what curves and forecasts are fitted to.

A bar that reaches over an edge is shared out by time. No bar means no trade, as vendors write them, unless a halt
covers it: then nothing is known, and the bucket is NaN. Auctions are counted apart, for nobody can follow them with
continuous orders; bars do not tell them from the rest, so there they stay inside the first and the last bucket."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.market import Bars, Trades
from nowake.domain.units import NS_PER_MINUTE
from nowake.models.volume.curve import edges_of

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Spans = Sequence[tuple[int, int]]

CORRUPT_BARS, CORRUPT_SHARE = 2, 0.005  # As many bars without volume whose price moved, and no volume is believed.


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DayVolume:
    """Continuous volume of one session by bucket.

    Parameters
    ----------
    session
        The trading day.
    volume
        float64[n], in shares, contracts or coins: 0 where nothing traded, NaN where nothing is known. The buckets
        are n equal parts of the session.
    price
        float64[n]: average price in each bucket, NaN where it is not known.
    opening_auction, closing_auction
        Volume of the auctions; NaN where the source does not tell them apart.
    impossible_bars, bars
        Bars without volume whose price moved, and all bars; 0 where the day comes from trades.
    """

    session: Session
    volume: Floats
    price: Floats
    opening_auction: float = float("nan")
    closing_auction: float = float("nan")
    impossible_bars: int = 0
    bars: int = 0

    def __post_init__(self) -> None:
        if not len(self.volume) or len(self.price) != len(self.volume):
            raise BadParameter(f"{len(self.volume)} volumes and {len(self.price)} prices; give one of each a bucket")
        wrong = self.volume[~np.isnan(self.volume) & ~((self.volume >= 0) & (self.volume < np.inf))]
        if len(wrong):
            raise BadData(f"volume {wrong[0]:g} on {self.session.date}; a volume is 0 or more, or NaN where unknown")

    @classmethod
    def from_bars(cls, bars: Bars, session: Session, *, bucket_ns: int = 5 * NS_PER_MINUTE, halts: Spans = ()) -> Self:
        """A day from its bars; those outside the session do not count.

        Parameters
        ----------
        bars
            No longer than a bucket.
        bucket_ns
            The session is cut into equal buckets as near to it as fits.
        halts
            Spans (start, end) in which trading stood still: buckets they touch are not known.

        Raises
        ------
        BadParameter
            When bars are longer than the buckets.
        """
        edges = edges_of(session, bucket_ns)
        inside = (bars.end_ns > session.open_ns) & (bars.time_ns < session.close_ns)
        start, end = bars.time_ns[inside], bars.end_ns[inside]
        width_ns = int(edges[1] - edges[0])
        if len(start) and int((end - start).max()) > width_ns + 1:
            raise BadParameter(
                f"bars of {(end - start).max() / NS_PER_MINUTE:g} minutes cannot fill buckets of "
                f"{width_ns / NS_PER_MINUTE:g}; use buckets no shorter than the bars"
            )
        volume = bars.volume[inside]
        typical = (bars.high[inside] + bars.low[inside] + bars.close[inside]) / 3
        price = np.where(np.isnan(bars.vwap[inside]), typical, bars.vwap[inside])
        moved = (bars.high[inside] > bars.low[inside]) | (bars.open[inside] != bars.close[inside])
        first, part = _shares_of_bars(edges, start, end)
        known = _known(edges, halts)
        traded = _poured(first, part, volume, len(known))
        value = _poured(first, part, volume * np.nan_to_num(price), len(known))
        return cls(
            session=session,
            volume=np.where(known, traded, np.nan),
            price=np.divide(value, traded, out=np.full(len(known), np.nan), where=traded > 0),
            impossible_bars=int(np.count_nonzero(moved & (volume == 0))),
            bars=int(inside.sum()),
        )

    @classmethod
    def from_trades(
        cls,
        trades: Trades,
        session: Session,
        *,
        bucket_ns: int = 5 * NS_PER_MINUTE,
        lot_size: float = 1.0,
        halts: Spans = (),
    ) -> Self:
        """A day from its prints; `price` is in ticks. Auction prints before the middle of the day open it."""
        edges = edges_of(session, bucket_ns)
        inside = (trades.time_ns >= session.open_ns) & (trades.time_ns <= session.close_ns) & ~trades.auction
        bucket = np.minimum(np.searchsorted(edges, trades.time_ns[inside], side="right") - 1, len(edges) - 2)
        sizes = trades.lots[inside] * lot_size
        known = _known(edges, halts)
        traded = np.bincount(bucket, weights=sizes, minlength=len(known))
        value = np.bincount(bucket, weights=sizes * trades.price_ticks[inside], minlength=len(known))
        early = trades.time_ns < (session.open_ns + session.close_ns) // 2
        return cls(
            session=session,
            volume=np.where(known, traded, np.nan),
            price=np.divide(value, traded, out=np.full(len(known), np.nan), where=traded > 0),
            opening_auction=float(trades.lots[trades.auction & early].sum() * lot_size),
            closing_auction=float(trades.lots[trades.auction & ~early].sum() * lot_size),
        )

    @property
    def date(self) -> dt.date:
        """Date of the session."""
        return self.session.date

    @property
    def length_ns(self) -> int:
        """Length of the session."""
        return self.session.close_ns - self.session.open_ns

    @property
    def total(self) -> float:
        """Continuous volume of the buckets that are known."""
        return float(np.nansum(self.volume))

    @property
    def shares(self) -> Floats:
        """Share of the known volume in each bucket, NaN where not known; all NaN on a day without volume."""
        return self.volume / self.total if self.total > 0 else np.full(len(self.volume), np.nan)

    @property
    def edges_ns(self) -> Ints:
        """int64[n+1]: where the buckets begin, and the close."""
        return edges_of(self.session, self.length_ns // len(self.volume))

    @property
    def is_corrupt(self) -> bool:
        """Whether so many bars moved without volume that none of the day's volume is believed."""
        return self.impossible_bars >= CORRUPT_BARS and self.impossible_bars >= CORRUPT_SHARE * self.bars


def _known(edges: Ints, halts: Spans) -> npt.NDArray[np.bool_]:
    known = np.ones(len(edges) - 1, np.bool_)
    for start, end in halts:
        known &= (edges[1:] <= start) | (edges[:-1] >= end)
    return known


def _shares_of_bars(edges: Ints, start: Ints, end: Ints) -> tuple[Ints, Floats]:
    """For each bar the bucket it begins in, and the part of it that lies there; the rest lies in the next one."""
    first = np.searchsorted(edges, np.maximum(start, edges[0]), side="right") - 1
    begin, stop = np.maximum(start, edges[0]), np.minimum(end, edges[-1])
    length = np.maximum(end - start, 1).astype(np.float64)
    head = np.minimum(stop, edges[first + 1]) - begin
    tail = np.maximum(stop - edges[first + 1], 0)
    return first, np.column_stack((head / length, tail / length))


def _poured(first: Ints, part: Floats, amount: Floats, buckets: int) -> Floats:
    """Amounts of bars added up by bucket."""
    head = np.bincount(first, weights=part[:, 0] * amount, minlength=buckets + 1)
    tail = np.bincount(first + 1, weights=part[:, 1] * amount, minlength=buckets + 1)
    return np.asarray((head + tail)[:buckets])
