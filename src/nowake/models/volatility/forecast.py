"""The volatility of the next session from those of past ones, with the error it made on days it had not seen.

Three ways, each in logarithms: an exponentially weighted average whose memory is chosen on past days; Corsi's 2009
heterogeneous autoregression (`HAR`, in logs) on the last day, the mean of five and the mean of 22; and the
last day alone, as the one to beat. `forecast` takes the way that forecast best on the days held out before, which is
no look-ahead: they are past. The interval is Student's of the errors made there; the forecast is of volatility, not
of its logarithm, so half the error's variance is added (a lognormal's mean).

Wrong before announced news; and over a night that moves the price as far as a week does."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.statistics.measurement import Measurement, t_of

LEAST_DAYS = 15
HAR_LEAST = 44  # Twenty-two to look back, as many to fit to.
_WEEK, _MONTH = 5, 22
_MEMORIES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.94, 0.97)

Floats = npt.NDArray[np.float64]


class Way(NamedTuple):
    """One way of forecasting: root mean square error of the log volatility on `held_out` days, each forecast from those
    before it; NaN where there were too few."""

    name: str
    error: float
    held_out: int


class VolatilityForecast(NamedTuple):
    """`next` is the volatility of the next session, per sqrt(session); `ways` how each way has done, the best first."""

    next: Measurement
    ways: tuple[Way, ...]

    def __str__(self) -> str:
        rows = [f"{way.name:<10} error {way.error:.1%} in logarithms over {way.held_out} days" for way in self.ways]
        return "\n".join([str(self.next), *rows])


def forecast(daily: Sequence[float] | Floats, *, level: float = 0.95) -> VolatilityForecast:
    """Forecast the next of a series of daily volatilities.

    Parameters
    ----------
    daily
        Volatility of each past session in order, per sqrt(session), above 0.

    Raises
    ------
    BadData
        With fewer than 15 days, or one that is not above 0.
    """
    values = np.asarray(daily, np.float64)
    if len(values) < LEAST_DAYS:
        raise BadData(f"{len(values)} days of volatility; a forecast that knows its error needs {LEAST_DAYS}")
    if not np.all((values > 0) & (values < np.inf)):
        raise BadData(f"volatility {values[~((values > 0) & (values < np.inf))][0]:g} must be finite and above 0")
    logs = np.log(values)
    told: dict[str, list[float]] = {}
    first = {"last day": _WEEK, "EWMA": max(_WEEK, len(logs) // 3), "HAR": HAR_LEAST}
    for name, way in _WAYS.items():
        told[name] = [way(logs[:k]) - float(logs[k]) for k in range(first[name], len(logs))]
    ways = _ranked(told)
    best = ways[0]
    errors = np.array(told[best.name])
    centre = _WAYS[best.name](logs)
    half = t_of(level, len(errors) - 1) * best.error
    value = math.exp(centre + best.error**2 / 2)
    return VolatilityForecast(
        next=Measurement(
            value=value,
            low=min(math.exp(centre - half), value),
            high=max(math.exp(centre + half), value),
            level=level,
            n=len(values),
            method=f"{best.name} of {len(values)} days, interval from {best.held_out} forecasts of days not seen",
        ),
        ways=ways,
    )


def _ranked(told: dict[str, list[float]]) -> tuple[Way, ...]:
    """The ways by their error on the days that all of them forecast; those with fewer than five come last."""
    enough = [errors for errors in told.values() if len(errors) >= 5]
    common = min(len(errors) for errors in enough)
    alike = {name: _rms(errors[-common:]) for name, errors in told.items() if len(errors) >= 5}
    best_first = sorted(told, key=lambda name: alike.get(name, math.inf))
    return tuple(Way(name, _rms(told[name]) if told[name] else math.nan, len(told[name])) for name in best_first)


def _rms(errors: Sequence[float]) -> float:
    return math.sqrt(float(np.mean(np.square(errors))))


def _last(logs: Floats) -> float:
    return float(logs[-1])


def _ewma(logs: Floats) -> float:
    """Exponentially weighted mean with the memory that forecast the past best."""
    best, found = math.inf, float(logs[-1])
    for memory in _MEMORIES:
        state, loss = float(logs[:_WEEK].mean()), 0.0
        for each in logs[_WEEK:].tolist():
            loss += (each - state) ** 2
            state += (1 - memory) * (each - state)
        if loss < best:
            best, found = loss, state
    return found


def _har(logs: Floats) -> float:
    """Least squares on the last day, week and month."""
    sums = np.concatenate(([0.0], np.cumsum(logs)))

    def regressors(k: int) -> list[float]:
        week, month = (float(sums[k] - sums[k - span]) / span for span in (_WEEK, _MONTH))
        return [1.0, float(logs[k - 1]), week, month]

    X = np.array([regressors(k) for k in range(_MONTH, len(logs))])
    beta = np.linalg.lstsq(X, logs[_MONTH:], rcond=None)[0]
    return float(np.array(regressors(len(logs))) @ beta)


_WAYS: dict[str, Callable[[Floats], float]] = {"last day": _last, "EWMA": _ewma, "HAR": _har}
