"""Recalibration day by day: fold a finished day in, and say when the market left the model.

Every order is kept and the fit begins where the last one ended, so that adding days one by one ends where one fit to
all of them does: to a thousandth of a standard error, whatever the model. A half-life makes old days count less, by
the factor 2^(-age / half-life); days that count for less than a ten-thousandth are let go.

Before a day is folded in, it is forecast. What impact cost more than forecast, as a share of what it was to cost,

    N_d = sum psi(z_i) x_i,     x_i = forecast impact / noise scale,     u_d = N_d / sqrt(its variance),

is the score of "impact is dearer by a factor". Its variance counts the model's own doubt, so that the u_d are the
recursive residuals of Brown, Durbin & Evans 1975 ("Techniques for testing the constancy of regression relationships
over time", J. R. Statist. Soc. B 37): unit normal and independent while the model holds. They feed a betting process

    E_n = (1 + n r)^(-1/2) exp( r S_n² / (2 (1 + n r)) ),    S_n = u_1 + ... + u_n

(Robbins 1970, "Statistical methods related to the law of the iterated logarithm", equation 17's normal mixture). It
starts at 1 and is a martingale while the model holds, so by Ville's inequality it ever reaches 1 / alpha with
probability alpha at most: looking every day costs nothing. It begins anew every `period_days`, so that a model that
was right for years is still quick to be found wrong; the stated rate is for one period.

Sees a change in the level of impact, not one in its exponent that leaves the level as it was, nor one of the noise.
Where orders of a day share the market's move, a day tells little of impact and a change takes many more days to be
seen; the rate of false alarms is kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.cluster import Doubt, doubt_of
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Clusters, Problem, Spread
from nowake.models.calibration.solve import Solution, solve
from nowake.models.impact.contract import Impact
from nowake.models.terms import Floats

_LET_GO = 1e-4
_BET = 0.1  # r: the squared drift a day, in units of u, that is bet on.
_FEWEST_DAYS = 10


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the watch.

    Parameters
    ----------
    alpha, period_days
        It rings falsely in at most a share `alpha` of periods of so many days.
    days, total
        Days since it began anew, and the sum of their u.
    evidence
        E: how much better betting on a drift did than betting on none. It rings at 1 / alpha.
    highest
        The highest evidence of the period.
    """

    alpha: float = 0.05
    period_days: int = 250
    days: int = 0
    total: float = 0.0
    evidence: float = 1.0
    highest: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1 or self.period_days < 1:
            raise BadParameter(f"alpha {self.alpha} must be between 0 and 1, period_days {self.period_days} 1 or more")

    @property
    def rings(self) -> bool:
        """Whether the model was left in this period; it rings until the period ends or the watch is begun anew."""
        return self.highest >= 1 / self.alpha

    @property
    def direction(self) -> int:
        """+1 when impact is dearer than forecast, -1 when cheaper, as the days of the period lean; 0 without any."""
        return int(np.sign(self.total))

    def after(self, u: float) -> Alarm:
        """The watch one day on."""
        begun = self if self.days < self.period_days else self.anew()
        days, total = begun.days + 1, begun.total + u
        grown = 1 + days * _BET
        evidence = math.exp(min(_BET * total * total / (2 * grown), 700.0)) / math.sqrt(grown)
        return msgspec.structs.replace(
            begun, days=days, total=total, evidence=evidence, highest=max(begun.highest, evidence)
        )

    def anew(self) -> Alarm:
        """The watch begun anew, as after a new model was put in place."""
        return Alarm(alpha=self.alpha, period_days=self.period_days)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class DayResult:
    """How a day went against its forecast: the score u, orders, mean cost and forecast in bps, less the spread where
    that is taken off, and the evidence of a drift after it."""

    date: dt.date
    u: float
    orders: int
    cost_bps: float
    forecast_bps: float
    evidence: float = 1.0


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Recalibration:
    """A model that follows the days. `fold` gives the next one; nothing is changed.

    Parameters
    ----------
    settings
        The model (a class, or a record whose settings are kept) and how it is fitted.
    orders
        All that still counts.
    problem, solution, doubt
        The last fit.
    alarm
        The watch.
    history
        The days folded in one by one, forecast before.
    """

    settings: Settings
    orders: Metaorders
    problem: Problem
    solution: Solution
    doubt: Doubt
    alarm: Alarm
    history: tuple[DayResult, ...] = ()

    @classmethod
    def begin(
        cls,
        model: type[Impact] | Impact,
        orders: Metaorders,
        *,
        half_life_days: float | None = None,
        spread: Spread | None = None,
        loss: Loss | None = None,
        cluster: Clusters = "day-symbol",
        alarm: Alarm | None = None,
    ) -> Recalibration:
        """Fit to the days there are and begin the watch.

        Parameters
        ----------
        model
            A class of impact model, or a record whose settings are kept.
        orders
            Of ten days or more.
        half_life_days
            Calendar days after which a day counts half; None counts all alike.
        spread, loss, cluster
            As for `fit`; the treatment of the spread is settled by these first orders.
        alarm
            With another rate or period than 5 % in 250 days.

        Raises
        ------
        BadParameter
            When the half-life is not above 0, or as for `fit`.
        Unidentified
            When there are too few days, or they cannot tell the parameters.
        """
        if half_life_days is not None and not 0 < half_life_days < math.inf:
            raise BadParameter(f"half_life_days {half_life_days} must be above 0, or None to count all days alike")
        if (days := len(np.unique(orders.day))) < _FEWEST_DAYS:
            raise Unidentified(f"{days} days are too few to begin with; give {_FEWEST_DAYS} or more")
        settled = Problem.of(model, orders, spread=spread, later=False).spread
        settings = Settings(
            model=model,
            half_life_days=half_life_days,
            spread=None if settled == "model" else settled,
            loss=loss,
            cluster=cluster,
        )
        return _fitted(settings, orders, alarm or Alarm(), (), None)

    @property
    def model(self) -> Impact:
        """The model as it stands, with its covariance."""
        return self.problem.model_at(self.solution.values, self.doubt.covariance)

    def __str__(self) -> str:
        alarm = self.alarm
        leans = {1: "dearer than", -1: "cheaper than", 0: "as"}[alarm.direction]
        state = f"RINGS: impact is {leans} forecast" if alarm.rings else "quiet"
        return (
            f"{self.model.name} fitted to {len(self.problem):,} orders until {_date(int(self.orders.day[-1]))}\n"
            f"{self.model.describe()}\n"
            f"alarm {state}; evidence {alarm.evidence:.3g} of {1 / alarm.alpha:.3g} after {alarm.days} days; it rings "
            f"falsely in at most {alarm.alpha:.2g} of periods of {alarm.period_days} days"
        )

    def fold(self, day: Metaorders) -> Recalibration:
        """Forecast a finished day, judge it, and fold it in; several days are taken one by one.

        Raises
        ------
        BadParameter
            When a day is not after all that were folded in.
        """
        found = self
        for date in np.unique(day.day):
            found = found._fold_one(day.take(day.day == date), int(date))
        return found

    def _fold_one(self, day: Metaorders, date: int) -> Recalibration:
        if date <= int(self.orders.day[-1]):
            raise BadParameter(f"day {_date(date)} is not after {_date(int(self.orders.day[-1]))}, the last folded in")
        alarm, history = self.alarm, self.history
        problem = self.settings.problem(day)
        if len(problem):
            result = self._judged(problem, date)
            alarm = alarm.after(result.u)
            history = (*history, dataclasses.replace(result, evidence=alarm.evidence))
        joined = Metaorders.joined([self.orders, day])
        weights = self.settings.weights(joined.day, date)
        return _fitted(self.settings, joined.take(weights >= _LET_GO), alarm, history, self.solution.values)

    def _judged(self, problem: Problem, date: int) -> DayResult:
        """The day against the fit made before it."""
        values = self.solution.values
        forecast = problem.predict(values)
        pull, own, slopes = _score(problem, values, self.solution)
        doubt = float(slopes @ self.doubt.covariance @ slopes)
        return DayResult(
            date=_date(date),
            u=pull / math.sqrt(own * self._spread_of_days() + doubt),
            orders=len(problem),
            cost_bps=float(problem.cost_bps.mean()),
            forecast_bps=float(forecast.mean()),
        )

    def _spread_of_days(self) -> float:
        """How much more the scores of whole days vary than independent orders would make them: 1 where they do not.

        Of the days fitted to, which the model fits a little too well: degrees of freedom are given back.
        """
        days = int(self.problem.day.max()) + 1
        x, psi = _weights_and_pulls(self.problem, self.solution.values, self.solution)
        pulls, sizes = (np.bincount(self.problem.day, each, days) for each in (x * psi, x * x * np.mean(psi**2)))
        over, under = float((pulls**2).sum()), float(sizes.sum())
        return max(over / under * days / (days - len(self.solution.names)), 1.0)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How each fit is made."""

    model: type[Impact] | Impact
    half_life_days: float | None
    spread: Spread | None
    loss: Loss | None
    cluster: Clusters

    def problem(self, orders: Metaorders) -> Problem:
        """The problem of fitting these orders."""
        return Problem.of(self.model, orders, spread=self.spread, later=False)

    def weights(self, day: np.ndarray, last: int) -> Floats:
        """How much each order counts on the last day."""
        if self.half_life_days is None:
            return np.ones(len(day))
        return np.asarray(0.5 ** ((last - day) / self.half_life_days))


def _fitted(
    settings: Settings, orders: Metaorders, alarm: Alarm, history: tuple[DayResult, ...], start: Floats | None
) -> Recalibration:
    problem = settings.problem(orders)
    weights = settings.weights(orders.day[problem.rows], int(orders.day[-1]))
    counted = None if settings.half_life_days is None else weights
    solution = solve(problem, counted, loss=settings.loss, start=start)
    return Recalibration(
        settings=settings,
        orders=orders,
        problem=problem,
        solution=solution,
        doubt=doubt_of(problem, solution, settings.cluster),
        alarm=alarm,
        history=history,
    )


def _weights_and_pulls(problem: Problem, values: Floats, fit: Solution) -> tuple[Floats, Floats]:
    """(n,) forecast impact in units of noise, and what each order's residual pulls."""
    sd = np.sqrt(fit.noise.variance(problem.risk_bps**2))
    impact = np.asarray(problem.model_at(values).total_bps(problem.terms))
    return impact / sd, fit.loss.psi((problem.cost_bps - problem.predict(values)) / sd)


def _score(problem: Problem, values: Floats, fit: Solution) -> tuple[float, float, Floats]:
    """The pull towards dearer impact, its variance were orders independent, and its slope by the parameters."""
    x, psi = _weights_and_pulls(problem, values, fit)
    sd = np.sqrt(fit.noise.variance(problem.risk_bps**2))
    size, bend = float(np.mean(fit.loss.psi(fit.z) ** 2)), float(np.mean(fit.loss.slope(fit.z)))
    slopes = bend * (problem.jacobian(values) / sd[:, None]).T @ x
    return float(x @ psi), size * float(x @ x), slopes


def _date(day: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)
