"""How likely is a limit order to be filled? Curves, a model to ask, and the rate of fills by distance, of one day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from nowake.data.day import Day
from nowake.domain.errors import BadData
from nowake.kernels.layout import ADD
from nowake.models.fills.calibration import Calibration, calibrate
from nowake.models.fills.curves import HORIZONS_S, FillCurves, fill_curves
from nowake.models.fills.intensity import Intensity, fit_intensity
from nowake.models.fills.lifetimes import Fill
from nowake.models.fills.model import FillModel, fit_fill_model
from nowake.models.fills.observed import observed_lifetimes
from nowake.models.fills.probes import Bracket, probed_lifetimes

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture

_STAND_S = 10.0  # How long a quote stands for the rate of fills by distance.


class Fills(msgspec.Struct, frozen=True, kw_only=True):
    """What one day tells of fills. Prints as tables.

    Parameters
    ----------
    source
        The day.
    observed
        Whether real orders were seen; else they were imagined, and `curves` is the optimistic end.
    curves
        Probability of a fill by distance, queue and horizon.
    pessimistic
        Of imagined orders, the curves of the last in the queue; None of observed ones.
    model
        To be asked for any state; None where the day does not bear one, with the reason among `refusals`.
    calibration
        How a model of the day's earlier part did in the later one; None likewise.
    bids, asks
        Rate of fills by distance from the mid, of imagined quotes first in their queues; None likewise.
    refusals
        What could not be told, and why.
    """

    source: str
    observed: bool
    curves: FillCurves
    pessimistic: FillCurves | None = None
    model: FillModel | None = None
    calibration: Calibration | None = None
    bids: Intensity | None = None
    asks: Intensity | None = None
    refusals: tuple[str, ...] = ()

    def to_frame(self) -> pl.DataFrame:
        """One row a cell and horizon of the curves."""
        import polars as pl  # noqa: PLC0415

        from nowake.reports.fills import rate_rows  # noqa: PLC0415

        return pl.DataFrame(rate_rows(self.curves, self.pessimistic), infer_schema_length=None)

    def plot(self) -> Picture:
        """Probability of a fill over time, by distance from the touch."""
        from nowake.reports.pictures.fills import fills as draw  # noqa: PLC0415

        return draw(self.curves, self.pessimistic, source=self.source)

    def __str__(self) -> str:
        from nowake.reports.fills import fill_tables  # noqa: PLC0415
        from nowake.reports.terminal import render  # noqa: PLC0415

        return "\n\n".join(render(table) for table in fill_tables(self))

    __repr__ = __str__


def fills(
    day: Day,
    *,
    fill: Fill = "first",
    horizons_s: Sequence[float] = HORIZONS_S,
    imagined: bool = False,
    level: float = 0.95,
) -> Fills:
    """Measure how likely limit orders were filled on a day, and fit a model to it.

    Parameters
    ----------
    day
        With orders, their lives are followed; with quotes and trades alone, orders are imagined.
    fill
        What counts as filled: the "first" execution or the "full" order.
    horizons_s
        Seconds after posting.
    imagined
        Imagine orders also where real ones can be followed.
    level
        Confidence of the intervals.

    Raises
    ------
    BadParameter
        When a horizon or the level is out of range.
    BadData
        When there is neither an order to follow nor quotes and trades to imagine one in, or too little of them.

    Examples
    --------
    >>> import nowake as nw
    >>> found = nw.fills(nw.load_day("generated"))
    >>> found.model.probability(0, 500, 30.0).value > found.model.probability(3, 500, 30.0).value
    True
    """
    follows = not imagined and day.tells_orders and bool(np.any(day.events["kind"] == ADD))
    refusals: list[str] = []
    rates = {side: _intensity(day, side, level, refusals) for side in (1, -1)}
    if not follows:
        bracket = _imagined(day, tuple(horizons_s))
        posted = np.unique(bracket.optimistic.distance_ticks)
        distances = np.union1d(posted, posted + 1).tolist()  # A bucket for each, and none between.
        first, last = (
            fill_curves(lives, horizons_s=horizons_s, distances=distances, queues=0, level=level)
            for lives in (bracket.optimistic, bracket.pessimistic)
        )
        refusals.append("no model of the state: the day tells no orders, and imagined ones have no queue to speak of")
        return Fills(source=day.source, observed=False, curves=first, pessimistic=last, bids=rates[1], asks=rates[-1],
                     refusals=tuple(refusals))  # fmt: skip
    lives = observed_lifetimes(day.events, day.quotes, day.instrument.session)
    curves = fill_curves(lives, horizons_s=horizons_s, fill=fill, level=level)
    model = calibration = None
    try:
        model = fit_fill_model(lives, horizons_s=sorted(horizons_s), fill=fill, level=level)
        calibration = calibrate(lives, horizons_s=model.horizons_s, fill=fill)
    except BadData as error:
        refusals.append(f"no {'model' if model is None else 'calibration'}: {error}")
    return Fills(
        source=day.source,
        observed=True,
        curves=curves,
        model=model,
        calibration=calibration,
        bids=rates[1],
        asks=rates[-1],
        refusals=tuple(refusals),
    )


def _imagined(day: Day, horizons_s: tuple[float, ...]) -> Bracket:
    """Imagined orders followed for as long as the longest horizon of which the day has enough."""
    span_s = (int(day.quotes.time_ns[-1]) - int(day.quotes.time_ns[0])) / 1e9 if len(day.quotes) else 0.0
    fitting = [each for each in horizons_s if 0 < each <= span_s / 13] or [min(horizons_s, default=1.0)]
    return probed_lifetimes(
        day.quotes, day.trades, day.instrument.session, follow_s=max(fitting), distances=_distances(day)
    )


def _intensity(day: Day, side: int, level: float, refusals: list[str]) -> Intensity | None:
    """The rate of one side, or a line that says why not."""
    try:
        bracket = probed_lifetimes(
            day.quotes, day.trades, day.instrument.session, follow_s=_STAND_S, distances=_distances(day)
        )
        return fit_intensity(bracket.optimistic, side=side, stand_s=_STAND_S, level=level)
    except BadData as error:
        refusals.append(f"no rate of fills of {'bids' if side > 0 else 'asks'} by distance: {error}")
        return None


def _distances(day: Day) -> tuple[int, ...]:
    """0, 1, 2, 3, 5, 7, 10, 15, 20 ... ticks behind the touch: up to 5, or as far as two median spreads."""
    two_sided = (day.quotes.bid_lots > 0) & (day.quotes.ask_lots > 0)
    spreads = (day.quotes.ask_ticks - day.quotes.bid_ticks)[two_sided]
    most = max(5.0, 2 * float(np.median(spreads))) if len(spreads) else 5.0
    steps = [1, 2, 3, 5, 7, *(step * 10**power for power in range(1, 7) for step in (1, 1.5, 2, 3, 5, 7))]
    return (0, *(int(step) for step in steps if step <= most))
