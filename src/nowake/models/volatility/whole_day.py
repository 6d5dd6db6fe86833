"""From close to close: the night beside the day, and the two as one.

`daily_volatility` of a market state is of continuous trading alone, per sqrt(session), for that is when an order can
trade; a position carried over night meets the other part too. The variance of a whole day is best told by a weighted
sum of the night's squared return and the session's realised variance (Hansen & Lunde 2005, "A realized variance for
the whole day based on intermittent high-frequency data"): weights that keep the mean and
make the variance smallest. The night reaches from the last price of a session to the first one inside the next, so
that what the opening auction moved is not taken for continuous trading."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData
from nowake.statistics.measurement import Measurement, t_of

LEAST_DAYS = 20
_FAR = 5.0  # Robust standard deviations beyond which a day does not shape the weights.

_NO_NIGHT = 0.01  # Nights with less of the variance are none, as where trading goes on: nothing to weigh.

Floats = npt.NDArray[np.float64]


class WholeDay(NamedTuple):
    """The two parts and the whole.

    `overnight` is the volatility from close to open, `session` that of continuous trading, `whole` from close to
    close, each a fraction of the price per square root of what it spans; `overnight_weight` and `session_weight` are
    those of the best combination, `days` float64[days] its variances.
    """

    overnight: Measurement
    session: Measurement
    whole: Measurement
    overnight_weight: float
    session_weight: float
    days: Floats


def whole_day(overnight_returns: Floats, session_variances: Floats, *, level: float = 0.95) -> WholeDay:
    """Combine nights and sessions of the same days.

    Parameters
    ----------
    overnight_returns
        float64[days] log returns from the last close to the first price of the session; NaN where not known.
    session_variances
        float64[days] realised variance of continuous trading: a volatility per sqrt(session) squared.

    Raises
    ------
    BadData
        With fewer than 20 days on which both are known.
    """
    both = ~np.isnan(overnight_returns) & ~np.isnan(session_variances)
    night, day = overnight_returns[both] ** 2, session_variances[both]
    if len(night) < LEAST_DAYS:
        raise BadData(f"{len(night)} days with a night before them; weights of night and session need {LEAST_DAYS}")
    if not np.any(day > 0):
        raise BadData(f"the price never moved inside {len(day)} sessions; give variances of days on which it did")
    a, b = weights(night, day)
    combined = a * night + b * day
    return WholeDay(
        overnight=_root_mean(night, level, "root mean square of overnight returns"),
        session=_root_mean(day, level, "root mean of realised variances of sessions"),
        whole=_root_mean(combined, level, "best weights of night and session, Hansen and Lunde 2005"),
        overnight_weight=a,
        session_weight=b,
        days=combined,
    )


def weights(night: Floats, day: Floats) -> tuple[float, float]:
    """Weights of squared nights and session variances, neither below 0.

    As the authors do, days far out (here five robust standard deviations in logs of the sum) do not shape them.
    """
    logs = np.log(night + day + 1e-300)
    off = np.abs(logs - np.median(logs))
    keep = off <= _FAR * 1.4826 * max(float(np.median(off)), 1e-12)
    n, d = night[keep], day[keep]
    whole, mean_n, mean_d = float(np.mean(n + d)), float(np.mean(n)), float(np.mean(d))
    (var_n, cov), (_, var_d) = np.cov(n, d)
    below = mean_d**2 * var_n + mean_n**2 * var_d - 2 * mean_n * mean_d * cov
    if not (mean_n > _NO_NIGHT * mean_d and mean_d > 0 and below > 0):
        return 1.0, 1.0
    phi = (mean_d**2 * var_n - mean_n * mean_d * cov) / below
    phi = min(max(float(phi), 0.0), 1.0)
    return (1 - phi) * whole / mean_n, phi * whole / mean_d


def _root_mean(squares: Floats, level: float, method: str) -> Measurement:
    """Root of a mean over days, interval on its logarithm; days lend each other weight over five lags (Newey & West
    1987), for volatility clusters."""
    n, mean = len(squares), float(np.mean(squares))
    if mean == 0:
        return Measurement(value=0.0, low=0.0, high=0.0, level=level, n=n, method=method)
    off = squares - mean
    lags = min(5, n // 5)
    long_run = float(off @ off) + 2 * sum((1 - h / (lags + 1)) * float(off[h:] @ off[:-h]) for h in range(1, lags + 1))
    error = math.sqrt(max(long_run, float(off @ off)) / n / n) / mean
    wide = math.exp(0.5 * t_of(level, n - 1) * error)
    value = math.sqrt(mean)
    return Measurement(value=value, low=value / wide, high=value * wide, level=level, n=n, method=method)
