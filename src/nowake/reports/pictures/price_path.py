"""The price while the order was worked: the quoted band, our fills, and the prices they are held against."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from matplotlib.axes import Axes

from nowake.domain.event import Liquidity
from nowake.domain.fill import Fill
from nowake.domain.instrument import Instrument
from nowake.domain.market import Quotes
from nowake.domain.order import ParentOrder
from nowake.reports import formats
from nowake.reports.pictures import canvas
from nowake.reports.pictures.thinning import Floats, Ints, envelope, thin

_MARK_AREAS = (8.0, 18.0, 32.0, 50.0, 72.0, 98.0)  # Square points; a few sizes keep the file small.
_MOST_MARKS = 300  # Beyond it, fills of one price are summed over a pixel's time.
_COLUMNS = 150
_SLICES = 300


def price_path(
    name: str, order: ParentOrder, quotes: Quotes, fills: Sequence[Fill], *, arrival_price: float
) -> canvas.Picture:
    """Bid-ask band and mid over the window, fills sized by quantity (maker hollow, taker solid), and the lines they
    are judged by: arrival mid, our average, our limit. Prices in currency."""
    instrument = order.instrument
    end_ns = max([order.end_ns, *(fill.venue_ns for fill in fills)])
    time_ns, bid, ask = _prevailing(quotes, instrument, order.start_ns, end_ns)
    band_ns, low, high = envelope(time_ns, bid, ask, _SLICES)
    mid_ns, mid = thin(time_ns, (bid + ask) / 2, _SLICES)
    lots = sum(fill.lots for fill in fills)
    average = instrument.price(sum(fill.lots * fill.price_ticks for fill in fills) / lots) if lots else math.nan

    shown = formats.average_price(instrument)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        position = canvas.time_axis(axes, instrument.session, order.start_ns, end_ns)
        band = [position(int(each)) for each in band_ns]
        axes.fill_between(band, low, high, step="post", color=canvas.SKY, alpha=0.35, linewidth=0, label="bid to ask")
        where = [position(int(each)) for each in mid_ns]
        axes.plot(where, mid, drawstyle="steps-post", color=canvas.MUTED, linewidth=0.6, label="mid")
        _mark_fills(axes, position, instrument, fills)
        _line(axes, arrival_price, f"arrival {shown(arrival_price)}", colour=canvas.GREEN, dashes=(0, (6, 2)))
        _line(axes, average, f"our average {shown(average)}", colour=canvas.BLUE, dashes=(0, (1.5, 1.2)))
        if order.limit_ticks is not None:
            limit = instrument.price(order.limit_ticks)
            label = f"limit {formats.price(instrument)(limit)}"
            _line(axes, limit, label, colour=canvas.PURPLE, dashes="solid")
        axes.set_title(f"{instrument.symbol}, {instrument.currency}")
        _ticks(axes, instrument)
        canvas.legend_below(axes)

    alt = f"{len(fills)} fills at an average of {shown(average)}; the arrival mid was {shown(arrival_price)}."
    return canvas.draw(f"{name}: price and fills", alt, paint, heights=(3.6,), below=0.4)


def _prevailing(quotes: Quotes, instrument: Instrument, start_ns: int, end_ns: int) -> tuple[Ints, Floats, Floats]:
    """Bid and ask from the quote that stood at the start to the one that stood at the end, in currency."""
    first = max(0, int(np.searchsorted(quotes.time_ns, start_ns, side="right")) - 1)
    stop = int(np.searchsorted(quotes.time_ns, end_ns, side="right"))
    rows = slice(first, stop)
    tick = instrument.price(1)
    bid = np.where(quotes.bid_lots[rows] > 0, quotes.bid_ticks[rows] * tick, np.nan)
    ask = np.where(quotes.ask_lots[rows] > 0, quotes.ask_ticks[rows] * tick, np.nan)
    time_ns = np.maximum(quotes.time_ns[rows], start_ns)
    if not len(time_ns):
        return time_ns, bid, ask
    return np.append(time_ns, end_ns), np.append(bid, bid[-1]), np.append(ask, ask[-1])


def _mark_fills(axes: Axes, position: Callable[[int], float], instrument: Instrument, fills: Sequence[Fill]) -> None:
    marks = _merged(fills)
    largest = max((lots for _, _, _, lots in marks), default=1)
    scale = min(1.0, math.sqrt(40 / max(len(marks), 1)))  # Many marks are drawn smaller, so that the price shows.
    groups: dict[tuple[Liquidity, float], list[tuple[float, float]]] = defaultdict(list)
    for liquidity, time_ns, price_ticks, lots in marks:
        wanted = _MARK_AREAS[-1] * lots / largest
        area = min(_MARK_AREAS, key=lambda each: abs(each - wanted))
        groups[liquidity, area].append((position(time_ns), instrument.price(price_ticks)))
    for liquidity, area in sorted(groups, key=lambda group: (group[0].value, group[1])):
        _marks(axes, groups[liquidity, area], area * scale, liquidity)
    for liquidity in (Liquidity.MAKER, Liquidity.TAKER):
        if any(group[0] is liquidity for group in groups):
            _marks(axes, [(math.nan, math.nan)], 32.0, liquidity, label=f"{liquidity.value} fill")


def _marks(
    axes: Axes, points: list[tuple[float, float]], area: float, liquidity: Liquidity, *, label: str | None = None
) -> None:
    axes.plot(
        [where for where, _ in points],
        [price for _, price in points],
        marker="o",
        markersize=math.sqrt(area),
        markerfacecolor=canvas.BLUE if liquidity is Liquidity.TAKER else canvas.PAPER,
        markeredgecolor=canvas.BLUE,
        markeredgewidth=1.1,
        linestyle="none",
        alpha=0.9,
        label=label,
        zorder=4,
    )


def _merged(fills: Sequence[Fill]) -> list[tuple[Liquidity, int, int, int]]:
    """Liquidity, time, price and lots of each mark."""
    if len(fills) <= _MOST_MARKS:
        return [(fill.liquidity, fill.venue_ns, fill.price_ticks, fill.lots) for fill in fills]
    first_ns = min(fill.venue_ns for fill in fills)
    step_ns = max(1, (max(fill.venue_ns for fill in fills) - first_ns) // _COLUMNS)
    lots: dict[tuple[Liquidity, int, int], int] = defaultdict(int)
    for fill in fills:
        middle_ns = first_ns + ((fill.venue_ns - first_ns) // step_ns) * step_ns + step_ns // 2
        lots[fill.liquidity, middle_ns, fill.price_ticks] += fill.lots
    return [(*key, count) for key, count in lots.items()]


def _line(axes: Axes, price: float, label: str, *, colour: str, dashes: canvas.Dashes) -> None:
    if math.isfinite(price):
        axes.axhline(price, color=colour, linewidth=1.1, linestyle=dashes, label=label, zorder=3)


def _ticks(axes: Axes, instrument: Instrument) -> None:
    show = formats.price(instrument)
    axes.yaxis.set_major_formatter(lambda value, _: show(float(value)))
