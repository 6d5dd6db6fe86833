"""Mark-outs: where the mid went after a trade, seen by the one who traded; the plainest sign of toxic flow.

    mark-out_h = s (M_h - P) / P        anchor "price": what the trade has earned after h, its half-spread included
    mark-out_h = s (M_h - M) / M        anchor "mid":   where the market went, whatever the trade cost

s is +1 for the one who bought. Positive is good for the one whose view it is: the taker of a print, or its maker, whose
mark-out is the taker's with the other sign; adverse selection is minus the maker's. M_h is the mid that stands h
nanoseconds later, the prevailing quote, never the first one after; NaN past the end of the quotes.

Intervals take blocks of time as clusters, no shorter than the horizon. Wrong where the mid is not what a position could
be closed at (thin books), and at horizons below the feed's delay."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.event import Liquidity
from nowake.domain.fill import Fill
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import BPS
from nowake.microstructure.market_orders import Floats, Ints
from nowake.microstructure.spreads.effective import print_spreads
from nowake.microstructure.spreads.later import HORIZONS_NS, Clock, horizon_words, mids_around
from nowake.microstructure.spreads.means import (
    WEIGHTS,
    Labels,
    Rows,
    Weight,
    group_means,
    groups_of,
    weights_of,
)
from nowake.statistics.measurement import Measurement

Anchor = Literal["price", "mid"]
View = Literal["taker", "maker", "own"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Traded:
    """Mids around n trades, as the one whose view it is saw them.

    `row` int64[n]: their rows in what was given; `time_ns`, `lots` int64[n]; `price_ticks`, `side`, `mid_ticks`
    float64[n], side of the one whose view it is; `later_ticks` float64[n, h], NaN where not known. `given` trades were
    looked at, `without_quote` of them found none, `unused` had no side, or were of an auction or hidden. `signed_by`:
    how sides were told.
    """

    row: Ints
    time_ns: Ints
    lots: Ints
    price_ticks: Floats
    side: Floats
    mid_ticks: Floats
    later_ticks: Floats
    horizons_ns: tuple[int, ...]
    view: View
    given: int
    without_quote: int
    unused: int
    signed_by: str

    def __len__(self) -> int:
        return len(self.row)

    def ticks(self, anchor: Anchor) -> Floats:
        """float64[n, h]: mark-outs in ticks, positive when good."""
        return np.asarray(self.side[:, None] * (self.later_ticks - self._base(anchor)[:, None]))

    def bps(self, anchor: Anchor) -> Floats:
        """float64[n, h]: mark-outs in basis points of the anchor."""
        return np.asarray(self.ticks(anchor) / self._base(anchor)[:, None] * BPS)

    def _base(self, anchor: Anchor) -> Floats:
        if anchor not in ("price", "mid"):
            raise BadParameter(f"anchor {anchor!r} is none; use 'price' (of the trade) or 'mid' (at the trade)")
        return self.price_ticks if anchor == "price" else self.mid_ticks


class MarkoutCurve(msgspec.Struct, frozen=True, kw_only=True):
    """Mean mark-outs of one group of trades.

    Parameters
    ----------
    labels
        What they share, one label a dimension.
    trades, lots
        How many, and their size.
    mean_bps
        By horizon, positive when good for the one whose view it is; None where it cannot be told (see
        `spreads.means`).
    known
        By horizon: trades whose later mid is known.
    """

    labels: tuple[str, ...]
    trades: int
    lots: int
    mean_bps: tuple[Measurement | None, ...]
    known: tuple[int, ...]


class MarkOuts(msgspec.Struct, frozen=True, kw_only=True):
    """Mark-out curves by group.

    Parameters
    ----------
    names
        The dimensions of the groups; none where all trades are one group.
    horizons_ns
        How much later, nanoseconds.
    curves
        Means.
    anchor, view, weight
        What moves are counted from, who sees them, and how trades count.
    trades, found
        Trades that could have been used, and the share of them that found a quote.
    unused
        Trades without a side, of auctions, hidden.
    signed_by
        How sides were told.
    """

    names: tuple[str, ...]
    horizons_ns: tuple[int, ...]
    curves: tuple[MarkoutCurve, ...]
    anchor: str
    view: str
    weight: str
    trades: int
    found: float
    unused: int
    signed_by: str

    def __str__(self) -> str:
        """One line a group."""
        words = f"mark-outs in bps from the {self.anchor}, view of the {self.view}, weighted {WEIGHTS[self.weight]}"
        lines = [f"{words}; sides {self.signed_by}; positive is good"]
        for curve in self.curves:
            parts = [
                f"{horizon_words(horizon)} {mean.value:+.3f} [{mean.low:+.3f}, {mean.high:+.3f}]"
                for horizon, mean in zip(self.horizons_ns, curve.mean_bps, strict=True)
                if mean is not None
            ]
            lines.append(f"{' '.join(curve.labels) or 'all'}: {curve.trades:,} trades; " + "; ".join(parts))
        return "\n".join(lines)


def traded_prints(
    quotes: Quotes,
    trades: Trades,
    *,
    horizons_ns: Sequence[int] = HORIZONS_NS,
    view: View = "taker",
    side: npt.NDArray[np.integer] | None = None,
    clock: Clock = "before",
    stale_ns: int | None = None,
    until_ns: int | None = None,
) -> Traded:
    """Mids around the prints of a tape, seen by their takers or their makers.

    Parameters
    ----------
    view
        "taker" or "maker".
    side
        int[n]: who took, +1, -1 or 0 for unknown; by default the feed's aggressor, else Lee and Ready's rule.
    others
        See `mids_around`; errors as of `print_spreads`.
    """
    if view not in ("taker", "maker"):
        raise BadParameter(f"view {view!r} is none of a print; use 'taker' or 'maker'")
    spreads = print_spreads(
        quotes, trades, horizons_ns=horizons_ns, side=side, clock=clock, stale_ns=stale_ns, until_ns=until_ns
    )
    left = spreads.left_out
    return Traded(
        row=spreads.row,
        time_ns=spreads.time_ns,
        lots=spreads.lots,
        price_ticks=spreads.price_ticks,
        side=spreads.side if view == "taker" else -spreads.side,
        mid_ticks=spreads.mid_ticks,
        later_ticks=spreads.later_ticks,
        horizons_ns=spreads.horizons_ns,
        view=view,
        given=len(trades),
        without_quote=left.before_quotes + spreads.stale,
        unused=left.auction + left.hidden + left.unsigned,
        signed_by=spreads.signed_by,
    )


def traded(
    quotes: Quotes,
    *,
    time_ns: Ints,
    price_ticks: Floats | Ints,
    lots: Ints,
    side: int | npt.NDArray[np.integer],
    horizons_ns: Sequence[int] = HORIZONS_NS,
    clock: Clock = "before",
    stale_ns: int | None = None,
    until_ns: int | None = None,
) -> Traded:
    """Mids around trades of our own, given as columns, seen by us.

    Parameters
    ----------
    time_ns, price_ticks, lots
        int64[n]: when the venue filled each, at which price, how much; a price may be an average between ticks.
    side
        Ours, +1 bought or -1 sold: one for all or int[n], one for each.
    others
        See `mids_around`.

    Raises
    ------
    BadData
        When there are no trades, columns differ in length, none has a quote before it, a price is not above 0, or a
        side is none.
    """
    time_ns, lots = np.asarray(time_ns, dtype=np.int64), np.asarray(lots, dtype=np.int64)
    price = np.asarray(price_ticks, dtype=np.float64)
    if not len(time_ns):
        raise BadData("there are no fills; nothing was traded")
    ours = np.full(time_ns.shape, side) if np.ndim(side) == 0 else np.asarray(side)
    if not time_ns.shape == price.shape == lots.shape:
        raise BadData(f"{len(time_ns)} times, {len(price)} prices, {len(lots)} sizes of fills; give one of each")
    if ours.shape != time_ns.shape or not np.isin(ours, (-1, 1)).all():
        raise BadData(f"sides of {len(time_ns)} fills must be +1 or -1, one for all or one for each")
    if not price.min() > 0:
        raise BadData(f"a fill at {price.min():g} ticks gives no basis points; prices must be above 0")
    mids = mids_around(quotes, time_ns, horizons_ns, clock=clock, stale_ns=stale_ns, until_ns=until_ns)
    use = np.isfinite(mids.now)
    if not use.any():
        raise BadData(f"none of {len(time_ns)} fills has a quote before it; give quotes of the same day and clock")
    return Traded(
        row=np.flatnonzero(use),
        time_ns=time_ns[use],
        lots=lots[use],
        price_ticks=price[use],
        side=ours[use].astype(np.float64),
        mid_ticks=mids.now[use],
        later_ticks=mids.later[use],
        horizons_ns=tuple(int(horizon) for horizon in horizons_ns),
        view="own",
        given=len(time_ns),
        without_quote=int((~use).sum()),
        unused=0,
        signed_by="our own",
    )


def traded_fills(
    quotes: Quotes,
    fills: Sequence[Fill],
    *,
    side: int | npt.NDArray[np.integer],
    horizons_ns: Sequence[int] = HORIZONS_NS,
    clock: Clock = "before",
    stale_ns: int | None = None,
    until_ns: int | None = None,
) -> Traded:
    """`traded` of the fills of a run, at the times of the venue; `side` is our order's, or one for each fill."""
    return traded(
        quotes,
        time_ns=np.array([fill.venue_ns for fill in fills], dtype=np.int64),
        price_ticks=np.array([fill.price_ticks for fill in fills], dtype=np.int64),
        lots=np.array([fill.lots for fill in fills], dtype=np.int64),
        side=side,
        horizons_ns=horizons_ns,
        clock=clock,
        stale_ns=stale_ns,
        until_ns=until_ns,
    )


def mark_outs(
    traded: Traded,
    *,
    anchor: Anchor = "price",
    weight: Weight = "share",
    by: Mapping[str, Labels] | None = None,
    level: float = 0.95,
) -> MarkOuts:
    """Mean mark-outs of each group at each horizon.

    Parameters
    ----------
    anchor
        "price": of the trade, the half-spread included; "mid": the mid at the trade.
    weight
        "share" counts a trade by its size, "value" by size times price, "equal" once.
    by
        Dimension -> a label for each trade of what was given: venue, side, size class, time of day, maker or taker.

    Raises
    ------
    BadParameter
        When a parameter is out of its range.
    """
    values = traded.bps(anchor)
    groups = groups_of(by, traded.row, traded.given)
    weights = weights_of(weight, traded.lots, traded.price_ticks)
    rows = Rows(traded.time_ns, weights, groups, weight)
    means = group_means(values, rows, traded.horizons_ns, level=level)
    known = np.isfinite(values)
    could = len(traded) + traded.without_quote
    return MarkOuts(
        names=groups.names,
        horizons_ns=traded.horizons_ns,
        curves=tuple(
            MarkoutCurve(
                labels=labels,
                trades=int((groups.of_row == g).sum()),
                lots=int(traded.lots[groups.of_row == g].sum()),
                mean_bps=tuple(means[g]),
                known=tuple(known[groups.of_row == g].sum(axis=0).tolist()),
            )
            for g, labels in enumerate(groups.labels)
        ),
        anchor=anchor,
        view=traded.view,
        weight=weight,
        trades=could,
        found=len(traded) / could,
        unused=traded.unused,
        signed_by=traded.signed_by,
    )


def liquidity_names(fills: Sequence[Fill]) -> Labels:
    """ "maker" or "taker" of each fill, to group by."""
    return np.array(["maker" if fill.liquidity is Liquidity.MAKER else "taker" for fill in fills])
