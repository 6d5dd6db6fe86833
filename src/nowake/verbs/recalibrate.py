"""After each day: does the fitted model still hold, and what is it now? Finished days folded into a fit."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from typing import TYPE_CHECKING, Self

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration import online
from nowake.models.calibration.online import Alarm, DayResult
from nowake.models.calibration.problem import Clusters, Spread
from nowake.models.impact import Impact
from nowake.verbs.load_orders import load_orders
from nowake.verbs.parameters import model_named, save_model

if TYPE_CHECKING:
    import polars as pl

_EPOCH = dt.date(1970, 1, 1)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """A model that follows the days, and the watch over it. Prints its state; `fold` gives the next one."""

    watch: online.Recalibration

    @property
    def model(self) -> Impact:
        """The model fitted to all days so far, with its covariance."""
        return self.watch.model

    @property
    def alarm(self) -> Alarm:
        """Whether the model was left, the evidence, and at which rate it rings falsely."""
        return self.watch.alarm

    @property
    def history(self) -> tuple[DayResult, ...]:
        """The days folded in, each forecast before."""
        return self.watch.history

    @property
    def rang(self) -> tuple[dt.date, ...]:
        """Days whose evidence reached the alarm."""
        return tuple(day.date for day in self.history if day.evidence >= 1 / self.alarm.alpha)

    @property
    def usable_from(self) -> dt.date:
        """The first date the model may be used on: the day after its last order ended."""
        return self.watch.orders.known_date() + dt.timedelta(days=1)

    def fold(self, orders: Metaorders | str | os.PathLike[str]) -> Self:
        """Forecast finished days one by one, judge them and fold them in; errors as for `load_orders`.

        Raises
        ------
        BadParameter
            When a day is not after all that were folded in.
        """
        return dataclasses.replace(self, watch=self.watch.fold(_orders(orders)))

    def save(
        self, path: str | os.PathLike[str], *, name: str = "desk", as_of: dt.date | str | None = None, symbol: str = ""
    ) -> int:
        """Keep the model in a parameter store, usable from the day after its last order ended; its number there."""
        watch = self.watch
        saved = save_model(
            path,
            watch.model,
            watch.orders.take(watch.problem.rows),
            name=name,
            symbol=symbol,
            as_of=as_of,
            later=False,
            orders=len(watch.problem),
            clusters=watch.doubt.clusters,
            method=f"recalibrated over {len(self.history):,} days, {watch.solution.loss.name} loss",
        )
        return saved.id

    def to_frame(self) -> pl.DataFrame:
        """One row a day folded in: date, orders, cost_bps, forecast_bps, u, evidence, rings."""
        import polars as pl  # noqa: PLC0415

        rows = [{**dataclasses.asdict(day), "rings": day.date in self.rang} for day in self.history]
        columns = ("date", "orders", "cost_bps", "forecast_bps", "u", "evidence", "rings")
        return pl.DataFrame(rows).select(columns) if rows else pl.DataFrame(schema=columns)

    def __str__(self) -> str:
        rang = f"\nevidence reached the alarm on {self.rang[0]}" if self.rang else ""
        return f"{self.watch}{rang}"

    __repr__ = __str__


def recalibrate(
    model: type[Impact] | Impact | str,
    orders: Metaorders | str | os.PathLike[str],
    *,
    since: dt.date | str | None = None,
    half_life_days: float | None = None,
    spread: Spread | None = None,
    cluster: Clusters = "day-symbol",
    alarm: Alarm | None = None,
) -> Recalibration:
    """A model fitted to the days before a date, and every later day forecast, judged and folded in.

    Parameters
    ----------
    model
        A class ("square-root", `impact.SquareRoot`), or a record whose settings are kept.
    orders
        As `load_orders` gives them, or a file in our own column names; ten days or more before `since`.
    since
        The first trading date that is folded in; None fits all and waits for `fold`.
    half_life_days
        Calendar days after which a day counts half; None counts all alike.
    spread, cluster
        As for `fit`.
    alarm
        With another rate or period than 5 % in 250 days.

    Raises
    ------
    Unidentified
        When there are too few days before the date, or they cannot tell the parameters.
    BadParameter
        When the date is none, or as for `fit`.

    Examples
    --------
    >>> following = nw.recalibrate("square-root", "orders.csv", since="2024-03-01")
    >>> following = following.fold("today.csv")
    >>> following.alarm.rings, following.save("params.db")
    """
    orders, kind = _orders(orders), model_named(model) if isinstance(model, str) else model
    later = np.zeros(len(orders), dtype=np.bool_) if since is None else orders.day >= (_date(since) - _EPOCH).days
    begun = online.Recalibration.begin(
        kind,
        orders.take(~later),
        half_life_days=half_life_days,
        spread=spread,
        cluster=cluster,
        alarm=alarm,
    )
    found = Recalibration(begun)
    return found.fold(orders.take(later)) if later.any() else found


def _orders(orders: Metaorders | str | os.PathLike[str]) -> Metaorders:
    return load_orders(orders) if isinstance(orders, str | os.PathLike) else orders


def _date(date: dt.date | str) -> dt.date:
    if isinstance(date, dt.date):
        return date
    try:
        return dt.date.fromisoformat(date)
    except ValueError:
        raise BadParameter(f"since {date!r} is no date; write YYYY-MM-DD") from None
