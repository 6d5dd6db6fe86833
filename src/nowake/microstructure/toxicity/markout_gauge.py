"""Mark-outs beside a live market: each trade's are completed as time passes, and the mean curve follows.

The streaming twin of `markouts`; what a mark-out is, and when it is the wrong measure, stands there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.units import BPS
from nowake.microstructure.market_orders import Floats
from nowake.microstructure.spreads.later import HORIZONS_NS
from nowake.microstructure.spreads.live import LaterMids, Resolved
from nowake.microstructure.toxicity.markouts import Anchor, View
from nowake.microstructure.whole import whole


class MarkoutGauge:
    """Mean mark-outs of the trades so far, by horizon. `value` is that of the longest horizon, in basis points.

    Parameters
    ----------
    horizons_ns
        How much later to look, rising, in nanoseconds.
    anchor
        "price" of the trade, or the "mid" at it.
    view
        "taker" or "maker" of the prints told. Of our own fills, tell each with our side, and take "taker".
    weighted_by_size
        Whether a trade counts by its lots; else each once.
    stale_ns
        The oldest a quote may be where it is used; None for any age.
    """

    def __init__(
        self,
        horizons_ns: Sequence[int] = HORIZONS_NS,
        *,
        anchor: Anchor = "price",
        view: View = "taker",
        weighted_by_size: bool = True,
        stale_ns: int | None = None,
    ) -> None:
        if anchor not in ("price", "mid"):
            raise BadParameter(f"anchor {anchor!r} is none; use 'price' (of the trade) or 'mid' (at the trade)")
        if view not in ("taker", "maker"):
            raise BadParameter(f"view {view!r} is none of a print; use 'taker' or 'maker'")
        self._later = LaterMids(horizons_ns, stale_ns=stale_ns)
        self.anchor, self.view, self.weighted_by_size = anchor, view, weighted_by_size
        count = len(self._later.horizons_ns)
        self._known, self._weight, self._sum = [0] * count, [0.0] * count, [0.0] * count

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:
        """The best quotes became these."""
        self._take(self._later.on_quote(time_ns, bid_ticks, bid_lots, ask_ticks, ask_lots))

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:
        """A print, or a fill of ours."""
        time_ns, price_ticks, lots, side = whole(time_ns=time_ns, price_ticks=price_ticks, lots=lots, side=side)
        self._take(self._later.on_trade(time_ns, price_ticks, lots, side))

    @property
    def value(self) -> float:
        """Mean mark-out at the longest horizon, basis points; NaN until one is known."""
        return self._mean(len(self._sum) - 1)

    @property
    def curve_bps(self) -> Floats:
        """float64[h]: mean mark-outs by horizon, NaN until one is known."""
        return np.array([self._mean(place) for place in range(len(self._sum))])

    @property
    def known(self) -> tuple[int, ...]:
        """Trades whose later mid is known, by horizon."""
        return tuple(self._known)

    @property
    def without_quote(self) -> int:
        """Trades that found no quote."""
        return self._later.without_quote

    @property
    def unsigned(self) -> int:
        """Trades without a side."""
        return self._later.unsigned

    def _mean(self, place: int) -> float:
        return self._sum[place] / self._weight[place] if self._known[place] else math.nan

    def _take(self, resolved: list[Resolved]) -> None:
        sign = 1 if self.view == "taker" else -1
        for place, traded, later in resolved:
            if math.isnan(later):
                continue
            base = traded.price_ticks if self.anchor == "price" else traded.mid_ticks
            weight = traded.lots if self.weighted_by_size else 1
            self._known[place] += 1
            self._weight[place] += weight
            self._sum[place] += weight * sign * traded.side * (later - base) / base * BPS
