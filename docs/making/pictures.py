"""Pictures the documents have beside those of the package: intervals, volatility by step, costs by model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from nowake.models.impact import Almgren2005, Impact, IStar, Logarithmic, ObizhaevaWang, SquareRoot, Transient, TwoPart
from nowake.models.impact.kernels import MultiExponential
from nowake.models.terms import Size, Terms
from nowake.models.volatility.realised import Ticks, realised_kernel, signature
from nowake.reports.pictures import canvas

# A picture that is a file of its own sees no page, so it brings the reader's dark colours and a plain face itself.
_ALONE = (
    "<style>svg{font-family:sans-serif}@media (prefers-color-scheme:dark){svg{--ink:#e6e9ee;--muted:#9aa4b0;"
    "--grid:#333b45;--paper:#14181d;--blue:#56a8e0;--orange:#f08a4b;--green:#3fc39d;--purple:#d18bb8;--sky:#8ccaf2;"
    "--yellow:#e0be3c}}</style>"
)

# Orders of a name that trades a million shares a day, moves 2 % a day and quotes 5 bps.
_DAILY_VOLUME, _VOLATILITY = 1e6, 0.02
_MODELS: tuple[tuple[str, Impact], ...] = (
    ("square root", SquareRoot()),
    ("two-part", TwoPart(alpha=0.2, gamma=0.3)),
    ("logarithmic", Logarithmic(a=0.06, b=0.002)),
    ("Almgren et al. 2005", Almgren2005()),
    ("I-star", IStar(a1=700, a2=0.55, a3=0.7, a4=0.5, b1=0.95)),
    ("Obizhaeva-Wang", ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)),
)


def words(picture: canvas.Picture) -> list[str]:
    """A picture as plain text: title, what it shows, and an SVG fit to be a file of its own."""
    opening, rest = picture.svg.split(">", 1)
    return [picture.title, picture.alt, f"{opening}>{_ALONE}{rest}"]


def forest(
    title: str, axis: str, rows: Sequence[tuple[str, float, float, float]], *, reference: float | None = None
) -> canvas.Picture:
    """Values with their intervals under each other; an interval that leaves the picture has an arrow.

    Values above 0 that differ more than twentyfold stand on a logarithmic axis.
    """
    values = np.array([row[1] for row in rows])
    ends = np.array([[row[2], row[3]] for row in rows])
    wide = bool(ends.min() > 0 and values.max() > 20 * values.min())
    middle = np.median(np.abs(ends - values[:, None]))
    low, high = max(values.min() - 4 * middle, ends.min()), min(values.max() + 4 * middle, ends.max())
    low, high = (ends.min(), ends.max()) if wide else (low, high)
    place = np.arange(len(rows))[::-1]

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        if wide:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        if reference is not None:
            axes.axvline(reference, color=canvas.MUTED, linewidth=0.8, linestyle=(0, (4, 2)))
        axes.hlines(place, np.maximum(ends[:, 0], low), np.minimum(ends[:, 1], high), color=canvas.BLUE, linewidth=1.2)
        axes.plot(values, place, "o", color=canvas.BLUE, markersize=4)
        for side, marker, cut in ((low, "<", ends[:, 0] < low), (high, ">", ends[:, 1] > high)):
            axes.plot(np.full(cut.sum(), side), place[cut], marker, color=canvas.BLUE, markersize=5)
        axes.set_yticks(place, [row[0] for row in rows])
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.grid(visible=True, axis="x")
        axes.grid(visible=False, axis="y")
        axes.set_title(title)
        axes.set_xlabel(axis)

    alt = f"{len(rows)} rows with their intervals; values from {values.min():.3g} to {values.max():.3g}"
    widest = max(len(row[0]) for row in rows)
    return canvas.draw(title, alt, paint, heights=(1.0 + 0.2 * len(rows),), left=0.3 + 0.075 * widest)


def signatures(prints: Ticks, mids: Ticks) -> canvas.Picture:
    """Volatility by the length of the returns it is made of, of prints and of mids, and what the kernel says."""
    lines = [("prints", prints, canvas.ORANGE), ("mids", mids, canvas.BLUE)]
    told = realised_kernel(mids)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        axes.axhspan(100 * told.low, 100 * told.high, color=canvas.GREEN, alpha=0.15, linewidth=0)
        axes.axhline(100 * told.value, color=canvas.GREEN, linewidth=1.0, linestyle=(0, (4, 2)), label="kernel, mids")
        for name, ticks, colour in lines:
            points = [(step_ns / 1e9, 100 * found.value) for step_ns, found in signature(ticks)]
            axes.plot(*zip(*points, strict=True), color=colour, marker="o", markersize=3, label=name)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("length of a return, seconds")
        axes.set_title("volatility, % per √session")
        axes.set_ylim(bottom=0)
        canvas.legend(axes, columns=3)

    alt = f"The kernel of mids says {100 * told.value:.3g} % ({100 * told.low:.3g} to {100 * told.high:.3g})."
    return canvas.draw("Volatility by the length of returns", alt, paint, heights=(2.6,))


def _terms(quantity: Size, days: float) -> Terms:
    return Terms(
        quantity=quantity,
        days=days,
        volatility=_VOLATILITY,
        daily_volume=_DAILY_VOLUME,
        price=50.0,
        spread_bps=5.0,
        shares_outstanding=2e8,
    )


def cost_by_size() -> canvas.Picture:
    """What orders of a thousandth to a whole day's volume cost by each model, traded over half a session."""
    sizes = np.geomspace(1e3, 1e6, 60)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        for place, (name, model) in enumerate(_MODELS):
            costs = model.total_bps(_terms(sizes, 0.5))
            axes.plot(
                100 * sizes / _DAILY_VOLUME,
                costs,
                color=canvas.SERIES[place],
                linestyle=canvas.DASHES[place],
                label=name,
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.tick_params(which="minor", length=0)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel("order, % of a day's volume")
        axes.set_title("impact, bps")
        canvas.legend_below(axes, columns=3)

    alt = "; ".join(f"{name} {float(model.total_bps(_terms(1e5, 0.5))):.3g} bps at 10 %" for name, model in _MODELS)
    return canvas.draw("Cost against size", alt, paint, heights=(3.6,), below=0.45)


def price_paths() -> canvas.Picture:
    """Where the mid stands while a tenth of a day's volume is traded over half a session, and in the session after."""
    slow = MultiExponential(weights=(0.6, 0.3, 0.1), rates=(300.0, 20.0, 0.5))
    models = (
        ("square root", SquareRoot()),
        ("two-part", TwoPart(alpha=0.2, gamma=0.3)),
        ("Obizhaeva-Wang", ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)),
        ("three rates of decay", Transient(permanent=0.2, transient=4.0, kernel=slow)),
    )
    at = np.linspace(0.001, 1.5, 300)

    def paint(panels: list[Axes]) -> None:
        axes = panels[0]
        axes.axvspan(0, 0.5, color=canvas.MUTED, alpha=0.08, linewidth=0)
        for place, (name, model) in enumerate(models):
            moved = model.response(_terms(1e5, 0.5)).path(np.array([1e5]), np.array([0.0, 0.5]), at)
            axes.plot(at, moved / moved.max(), color=canvas.SERIES[place], linestyle=canvas.DASHES[place], label=name)
        axes.set_xlabel("sessions since the start; grey while the order trades")
        axes.set_title("displacement of the mid, share of its peak")
        axes.set_ylim(0, 1.05)
        canvas.legend_below(axes, columns=2)

    alt = "The mid rises while the order trades and comes part of the way back after it, each model at its own speed."
    return canvas.draw("The price during and after an order", alt, paint, heights=(3.4,), below=0.45)


def through_days(
    dates: Sequence[str], vpin: Sequence[float | None], names: Sequence[str], shares: Sequence[Sequence[float] | None]
) -> canvas.Picture:
    """VPIN of each day, and below it the share of each regime in the day's bars; gaps where a day tells nothing."""
    place = np.arange(len(dates))
    level = np.array([np.nan if each is None else each for each in vpin])
    rows = np.array([[0.0] * len(names) if each is None else each for each in shares])

    def paint(panels: list[Axes]) -> None:
        above, below = panels
        above.plot(place, level, "o-", color=canvas.ORANGE, markersize=3.5)
        above.set_ylim(0, 1.15 * float(np.nanmax(level)))
        above.set_title("VPIN, mean of the day's buckets")
        stacked = np.cumsum(rows, axis=1) - rows
        for column, name in enumerate(names):
            colour = canvas.SERIES[column % len(canvas.SERIES)]
            below.bar(
                place, rows[:, column], bottom=stacked[:, column], color=colour, alpha=0.75, label=name, width=0.9
            )
        below.set_ylim(0, 1)
        below.set_title("share of each regime")
        step = max(1, len(dates) // 8)
        for axes in panels:
            axes.set_xlim(-0.6, len(dates) - 0.4)
            axes.set_xticks(place[::step], [date[5:] for date in dates[::step]])
        canvas.legend_below(below, columns=3)

    top = int(np.nanargmax(level))
    alt = f"VPIN is {np.nanmin(level):.3f} to {np.nanmax(level):.3f}, highest on {dates[top]}."
    return canvas.draw("VPIN and regimes by day", alt, paint, heights=(1.5, 1.6), below=0.5)
