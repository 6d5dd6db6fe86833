"""How much a return says of a later one, with bands that unequal volatility does not fool.

    rho_k = sum r_t r_{t-k} / sum r_t^2,    r less its mean
    band  = z sqrt(delta_k),    delta_k = sum r_t^2 r_{t-k}^2 / (sum r_t^2)^2

The band holds where returns cannot be foretold, however volatility clusters (Lo & MacKinlay 1988, Review of Financial
Studies 1, assumption H*; Romano & Thombs 1996, JASA 91, show that Bartlett's 1 / sqrt(n) does not). The interval about
rho_k is another thing: it allows for memory of any kind, by Newey & West's errors of what one return adds to rho_k.
Estimates lean to -1/n.

Wrong as a test of efficiency on trade prices: they bounce between bid and ask (rho_1 below 0, Roll 1984), which is
cost, not news. Use mids."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.microstructure.efficiency.sampling import Floats, evened, usable
from nowake.statistics.measurement import Measurement, z_of
from nowake.statistics.regression import default_lags, long_run

LEAST = 30


class LagCorrelation(msgspec.Struct, frozen=True, kw_only=True):
    """One lag.

    Parameters
    ----------
    lag
        Returns between the two.
    correlation
        rho with its interval.
    band
        Half width within which a rho of no memory lies, at the level of the interval.
    z
        rho over the standard error it has without memory.
    """

    lag: int
    correlation: Measurement
    band: float
    z: float


class Autocorrelations(msgspec.Struct, frozen=True, kw_only=True):
    """Several lags, and all of them together.

    Parameters
    ----------
    lags
        One for each lag asked for.
    q, p_value
        Robust Box-Pierce statistic, the sum of z squared, and the chance of one as large without memory.
    n
        Returns.
    """

    lags: tuple[LagCorrelation, ...]
    q: float
    p_value: float
    n: int

    def __str__(self) -> str:
        head = f"autocorrelation of {self.n} returns, Q = {self.q:.3g} of {len(self.lags)}, p = {self.p_value:.3g}"
        rows = [f"  lag {each.lag:>4} {each.correlation.value:+.4f} band ±{each.band:.4f}" for each in self.lags]
        return "\n".join([head, *rows])


def autocorrelations(
    returns: Floats, *, lags: Sequence[int] = (1, 2, 3, 4, 5), level: float = 0.95
) -> Autocorrelations:
    """Correlation of returns with earlier ones.

    Parameters
    ----------
    returns
        (n,) at even steps, in time order.
    lags
        Different ones, each 1 or more.

    Raises
    ------
    BadParameter
        When a lag is below 1 or given twice.
    BadData
        When returns are not finite, all the same, or fewer than 30 and three times the longest lag.
    """
    if not lags or min(lags) < 1 or len(set(lags)) < len(lags):
        raise BadParameter(f"lags {tuple(lags)} must be different whole numbers of 1 or more")
    column, _ = evened(usable(returns, least=max(LEAST, 3 * max(lags))))
    away = column - column.mean()
    rows = tuple(_lag(away, lag, level) for lag in lags)
    q = math.fsum(row.z**2 for row in rows)
    from scipy.special import chdtrc  # noqa: PLC0415  Scipy takes long to load.

    return Autocorrelations(lags=rows, q=q, p_value=float(chdtrc(len(rows), q)), n=len(column))


def z_without_memory(away: Floats, lag: int) -> tuple[float, float]:
    """rho, and its standard error where returns (less their mean) cannot be foretold."""
    products = away[lag:] * away[:-lag]
    power = float(away @ away)
    return float(products.sum()) / power, math.sqrt(float(products @ products)) / power


def two_sided(z: float) -> float:
    """Chance of a normal number as far from 0."""
    return math.erfc(abs(z) / math.sqrt(2))  # Not of the distribution's end, which is 0 from 9 on.


def _lag(away: Floats, lag: int, level: float) -> LagCorrelation:
    count = len(away)
    rho, error = z_without_memory(away, lag)
    adds = -rho * away**2
    adds[lag:] += away[lag:] * away[:-lag]
    adds /= float(np.mean(away**2))
    spread = math.sqrt(max(0.0, float(long_run(adds[:, None], max(default_lags(count), lag))[0, 0]))) / count
    half = z_of(level) * spread
    low, high = max(-1.0, rho - half), min(1.0, rho + half)
    measured = Measurement(value=rho, low=low, high=high, level=level, n=count, method="Newey-West errors")
    return LagCorrelation(lag=lag, correlation=measured, band=z_of(level) * error, z=rho / error if error else 0.0)
