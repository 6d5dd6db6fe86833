"""Whether a filter is right about its own errors: are its surprises of the size it expects, and of no memory?

With v the innovation and F the variance expected of it, u = v / sqrt(F) is standard normal and independent where the
model is right. The mean of u^2 (normalised innovation squared, Bar-Shalom, Li & Kirubarajan 2001, "Estimation with
Applications to Tracking and Navigation", section 5.4) times n is chi-square of n; the autocorrelations of u are
together chi-square (Ljung & Box 1978, Biometrika 65). Per source it tells who is surer than right.

With noise learned from the same history the size is right by construction: the test of memory is then the one that can
fail. Wrong as a test of normality; a few jumps fail it."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.fusion.kalman import Filtered
from nowake.statistics.measurement import Measurement

_LEAST = 30


class Innovations(msgspec.Struct, frozen=True, kw_only=True):
    """Surprises against what was expected.

    Parameters
    ----------
    size
        Mean of u^2, near 1; the interval is what its chi-square allows.
    size_p
        Chance of a mean as far from 1, either way.
    ljung_box, memory_p
        Statistic over the lags, and the chance of one as large without memory.
    lags
        How many.
    by_source
        Mean of u^2 over each source's own reports.
    """

    size: Measurement
    size_p: float
    ljung_box: float
    memory_p: float
    lags: int
    by_source: dict[str, float]


def innovations(filtered: Filtered, names: tuple[str, ...], *, lags: int = 10, level: float = 0.95) -> Innovations:
    """Test the surprises of a filtered history.

    Parameters
    ----------
    names
        Of the sources, as in the model.
    lags
        Autocorrelations looked at, 1 or more.

    Raises
    ------
    BadParameter
        When lags are below 1.
    BadData
        When there are fewer than 30 surprises, and three times the lags.
    """
    if lags < 1:
        raise BadParameter(f"lags {lags} must be 1 or more, for example 10")
    u = (filtered.innovation / filtered.expected_sd)[1:]
    count = len(u)
    if count < max(_LEAST, 3 * lags):
        raise BadData(f"{count} surprises are fewer than {max(_LEAST, 3 * lags)}; look at a longer time")
    from scipy.special import chdtr, chdtrc, chdtri  # noqa: PLC0415  Scipy takes long to load.

    total = float(u @ u)
    below, above = float(chdtr(count, total)), float(chdtrc(count, total))
    size = Measurement(
        value=total / count,
        low=min(total / count, total / float(chdtri(count, (1 - level) / 2))),
        high=max(total / count, total / float(chdtri(count, (1 + level) / 2))),
        level=level,
        n=count,
        method="normalised innovations squared",
    )
    away = u - u.mean()
    rho = np.array([away[lag:] @ away[:-lag] for lag in range(1, lags + 1)]) / (away @ away)
    statistic = float(count * (count + 2) * np.sum(rho**2 / (count - np.arange(1, lags + 1))))
    source = filtered.source[1:]
    means = {
        name: float(np.mean(u[source == place] ** 2)) for place, name in enumerate(names) if (source == place).any()
    }
    return Innovations(
        size=size,
        size_p=min(1.0, 2 * min(below, above)),
        ljung_box=statistic,
        memory_p=float(chdtrc(lags, statistic)),
        lags=lags,
        by_source=means,
    )
