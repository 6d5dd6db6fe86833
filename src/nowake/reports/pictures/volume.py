"""Our share of the market: prints per bucket with ours in front, and the rate they make."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from nowake.domain.fill import Fill
from nowake.domain.market import Trades
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_MINUTE
from nowake.reports import formats
from nowake.reports.pictures import canvas
from nowake.reports.pictures.thinning import Floats, Ints

_BUCKETS_MINUTES = (1, 2, 5, 10, 15, 30, 60, 120)
_MOST_BUCKETS = 40


def participation(name: str, order: ParentOrder, trades: Trades, fills: Sequence[Fill]) -> canvas.Picture:
    """Market volume per bucket with ours overlaid, and our share below.

    Parameters
    ----------
    trades
        The day's tape; auction prints are left out, for continuous orders take no part in them.
    fills
        Ours. Those the tape does not show (`tape_ticks` is None) are added to the market's volume.
    """
    edges_ns = _edges(order)
    inside = ~trades.auction
    market = np.histogram(trades.time_ns[inside], edges_ns, weights=trades.lots[inside])[0]
    own = _lots_by_bucket(fills, edges_ns)
    market = market + _lots_by_bucket([fill for fill in fills if fill.tape_ticks is None], edges_ns)
    share = np.divide(own, market, out=np.zeros(len(own)), where=market > 0)
    lot = order.instrument.quantity(1)
    minutes = int(edges_ns[1] - edges_ns[0]) // NS_PER_MINUTE

    def paint(panels: list[Axes]) -> None:
        position = canvas.time_axis(panels[1], order.instrument.session, int(edges_ns[0]), int(edges_ns[-1]))
        left = np.array([position(int(each)) for each in edges_ns])
        width = np.diff(left) * 0.9
        panels[0].set_xlabel("")
        panels[0].bar(left[:-1], market * lot, width, align="edge", color=canvas.SKY, alpha=0.55, label="market")
        panels[0].bar(left[:-1], own * lot, width, align="edge", color=canvas.BLUE, label="ours")
        panels[0].set_title(f"{order.instrument.symbol}, quantity per {minutes} min")
        canvas.thousands(panels[0])
        canvas.legend(panels[0])
        panels[1].bar(left[:-1], 100 * share, width, align="edge", color=canvas.BLUE)
        overall = 100 * _ratio(own, market)
        panels[1].axhline(
            overall, color=canvas.ORANGE, linewidth=1.2, linestyle=(0, (5, 2)), label=f"whole window {overall:.1f}%"
        )
        panels[1].set_title("our share of volume, %")
        canvas.legend(panels[1])

    peak = formats.percent(float(share.max()))
    alt = f"We were {formats.percent(_ratio(own, market))} of the window's volume; at most {peak} in {minutes} minutes."
    return canvas.draw(f"{name}: volume and our share", alt, paint, heights=(2.2, 1.5))


def _edges(order: ParentOrder) -> Ints:
    minutes = next(
        (each for each in _BUCKETS_MINUTES if order.duration_ns <= each * NS_PER_MINUTE * _MOST_BUCKETS),
        _BUCKETS_MINUTES[-1],
    )
    step_ns = minutes * NS_PER_MINUTE
    count = -(-order.duration_ns // step_ns)
    return order.start_ns + step_ns * np.arange(count + 1, dtype=np.int64)


def _lots_by_bucket(fills: Sequence[Fill], edges_ns: Ints) -> Floats:
    times_ns = [fill.venue_ns for fill in fills]
    return np.histogram(times_ns, edges_ns, weights=[fill.lots for fill in fills])[0].astype(np.float64)


def _ratio(own: Floats, market: Floats) -> float:
    return float(own.sum() / market.sum()) if market.sum() else 0.0
