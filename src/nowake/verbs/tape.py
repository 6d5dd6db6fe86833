"""What does the public tape tell about impact? Slopes, kernels and half-lives of one day, with their intervals."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter
from nowake.models.tape import calibration
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture

Moment = str | dt.datetime | int


class TapeCalibration(calibration.TapeCalibration, frozen=True):
    """All that one window of one tape tells. Prints as a table."""

    source: str = ""
    fingerprint: str = ""

    def to_frame(self) -> pl.DataFrame:
        """One row a number: value, interval, unit, observations and how it was made."""
        import polars as pl  # noqa: PLC0415

        from nowake.reports.table import to_dict  # noqa: PLC0415
        from nowake.reports.tape import tape_table  # noqa: PLC0415

        return pl.DataFrame(to_dict(tape_table(self)))

    def plot(self) -> Picture:
        """What the mid does after a market order: the response, and the kernel behind it, with bands.

        Raises
        ------
        BadData
            When neither could be fitted.
        """
        from nowake.reports.pictures.tape import response  # noqa: PLC0415

        if self.propagator is None:
            raise BadData(f"there is no response to draw: {'; '.join(self.refusals)}")
        return response(self.propagator)

    def pictures(self) -> dict[str, Picture]:
        """Every picture there is something for, by a name fit for a file."""
        from nowake.reports.pictures.tape import pictures  # noqa: PLC0415

        return pictures(self)

    def __str__(self) -> str:
        from nowake.reports.tape import tape_table  # noqa: PLC0415
        from nowake.reports.terminal import render  # noqa: PLC0415

        return render(tape_table(self))

    __repr__ = __str__


def tape(
    day: Day,
    *,
    start: Moment | None = None,
    end: Moment | None = None,
    hidden: bool = False,
    daily_volume: float | None = None,
    repeats: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> TapeCalibration:
    """Fit everything a day's quotes and trades tell about impact.

    Parameters
    ----------
    day
        Quotes and trades of any format.
    start, end
        What to look at: local time of day, a datetime or nanoseconds; by default the session.
    hidden
        Whether prints against hidden orders count as market orders too.
    daily_volume
        Shares of a day, for units of it; by default the tape's own, scaled to the session by the clock.
    repeats, seed
        Of the resampling behind the bands.
    level
        Confidence of all intervals.

    Raises
    ------
    BadParameter
        When the window is empty or a parameter is out of its range.
    BadData
        When the day has no quotes or trades to speak of; a part that cannot be fitted is listed instead.
    """
    if seed < 0:
        raise BadParameter(f"seed {seed} must be 0 or more")
    session = day.instrument.session
    if not (len(day.quotes) and len(day.trades)):
        raise BadData(
            f"{day.source} has {len(day.quotes):,} quotes and {len(day.trades):,} trades; impact needs both, "
            "the price before and the trade"
        )
    found = calibration.calibrate_tape(
        day.quotes,
        day.trades,
        day.instrument,
        start_ns=None if start is None else session.at(start),
        end_ns=None if end is None else session.until(end),
        hidden=hidden,
        daily_volume=daily_volume,
        repeats=repeats,
        seed=seed,
        level=level,
    )
    return promote(found, TapeCalibration, source=day.source, fingerprint=day.fingerprint)
