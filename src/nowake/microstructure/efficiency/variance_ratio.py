"""Whether the variance of a price grows in step with time, as that of a random walk does.

Lo & MacKinlay 1988, "Stock market prices do not follow random walks: evidence from a simple specification test", Review
of Financial Studies 1: with n returns of mean mu, overlapping sums of q of them, both variances unbiased,

    VR(q) = sigma_c^2(q) / sigma_a^2,   sigma_a^2 = sum (r_t - mu)^2 / (n - 1)
    sigma_c^2(q) = sum (p_t - p_{t-q} - q mu)^2 / m,   m = q (n - q + 1) (1 - q / n)
    z  = (VR - 1) / sqrt(2 (2q - 1) (q - 1) / (3 q n))                            returns alike and independent
    z* = (VR - 1) / sqrt(sum_{k<q} [2 (q - k) / q]^2 delta_k)                     volatility may cluster
    delta_k = sum (r_t - mu)^2 (r_{t-k} - mu)^2 / [sum (r_t - mu)^2]^2

VR(q) is near 1 + 2 sum (1 - k/q) rho_k: below 1 the price comes back, above 1 it goes on. Several q at once are judged
by the largest |z*| (Chow & Denning 1993, "A simple multiple variance ratio test", Journal of Econometrics 58): its
chance is at most 1 - (1 - p)^m of m q's.

The interval about VR allows for memory of any kind (Newey & West on what each return adds), so it also holds away from
1. z* leans to the left in short samples: q should be well under a tenth of n. Wrong on trade prices as a test of news:
their bounce alone makes VR(q) = 1 - 2 (1 - 1/q) c^2 / (2 c^2 + s^2), with c half the spread (Roll 1984)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.microstructure.efficiency.autocorrelation import LEAST, two_sided
from nowake.microstructure.efficiency.sampling import Floats, evened, usable
from nowake.statistics.measurement import Measurement, z_of
from nowake.statistics.regression import default_lags, long_run


class VarianceRatio(msgspec.Struct, frozen=True, kw_only=True):
    """One aggregation.

    Parameters
    ----------
    aggregation
        q, how many returns are summed.
    ratio
        VR with its interval.
    z, z_robust
        Distance from 1 in standard errors of a random walk: of returns alike, and of any volatility.
    p_value
        Chance of a robust z as far from 0.
    """

    aggregation: int
    ratio: Measurement
    z: float
    z_robust: float
    p_value: float


class VarianceRatios(msgspec.Struct, frozen=True, kw_only=True):
    """Several aggregations, and all of them together.

    Parameters
    ----------
    rows
        One for each aggregation.
    largest
        The largest |z robust|, Chow & Denning's statistic.
    p_value
        Chance of one as large of a random walk, at most.
    n
        Returns.
    """

    rows: tuple[VarianceRatio, ...]
    largest: float
    p_value: float
    n: int

    def __str__(self) -> str:
        head = f"variance ratios of {self.n} returns, largest |z*| {self.largest:.3g}, joint p = {self.p_value:.3g}"
        return "\n".join([head, *(f"  q {row.aggregation:>4} {row.ratio} z* {row.z_robust:+.2f}" for row in self.rows)])


def variance_ratios(
    returns: Floats, *, aggregations: Sequence[int] = (2, 4, 8, 16), level: float = 0.95
) -> VarianceRatios:
    """Variance ratios of a column of returns.

    Parameters
    ----------
    returns
        (n,) at even steps, in time order: differences of the price, or of its logarithm.
    aggregations
        Different q, each 2 or more.

    Raises
    ------
    BadParameter
        When an aggregation is below 2 or given twice.
    BadData
        When returns are not finite, all the same, or fewer than 30 and three times the longest aggregation.
    """
    check_aggregations(aggregations)
    column, _ = evened(usable(returns, least=max(LEAST, 3 * max(aggregations))))
    away = column - column.mean()
    rows = tuple(_ratio(away, q, level) for q in aggregations)
    largest = max(abs(row.z_robust) for row in rows)
    return VarianceRatios(rows=rows, largest=largest, p_value=joint_p(largest, len(rows)), n=len(column))


def variance_ratio(returns: Floats, aggregation: int) -> float:
    """VR(q) alone.

    Raises
    ------
    BadParameter, BadData
        As in `variance_ratios`.
    """
    check_aggregations([aggregation])
    column, _ = evened(usable(returns, least=max(LEAST, 3 * aggregation)))
    return _of_sums(column - column.mean(), aggregation)


def check_aggregations(aggregations: Sequence[int]) -> None:
    """Refuse aggregations below 2, none, or the same twice."""
    if not aggregations or min(aggregations) < 2 or len(set(aggregations)) < len(aggregations):
        raise BadParameter(f"aggregations {tuple(aggregations)} must be different whole numbers of 2 or more")


def joint_p(largest: float, count: int) -> float:
    """Sidak's bound on the chance of the largest of several |z|, which Chow & Denning use.

    Written so that it stays above 0 as long as the single chance does.
    """
    return -math.expm1(count * math.log1p(-min(two_sided(largest), 1 - 1e-16)))


def random_walk_se(aggregation: int, count: int) -> float:
    """Standard error of VR(q) over `count` returns that are alike and independent."""
    q = aggregation
    return math.sqrt(2 * (2 * q - 1) * (q - 1) / (3 * q * count))


def _ratio(away: Floats, q: int, level: float) -> VarianceRatio:
    n, ratio = len(away), _of_sums(away, q)
    adds, robust = _parts(away, q)
    spread = math.sqrt(max(0.0, float(long_run(adds[:, None], max(default_lags(n), q))[0, 0]))) / n
    half = z_of(level) * spread
    measured = Measurement(
        value=ratio,
        low=max(0.0, ratio - half),
        high=ratio + half,
        level=level,
        n=n,
        method=f"overlapping sums of {q}, Newey-West errors",
    )
    z_robust = (ratio - 1) / robust
    return VarianceRatio(
        aggregation=q,
        ratio=measured,
        z=(ratio - 1) / random_walk_se(q, n),
        z_robust=z_robust,
        p_value=two_sided(z_robust),
    )


def _of_sums(away: Floats, q: int) -> float:
    n = len(away)
    path = np.concatenate(([0.0], np.cumsum(away)))
    sums = path[q:] - path[:-q]
    long_variance = float(sums @ sums) / (q * (n - q + 1) * (1 - q / n))
    return long_variance / (float(away @ away) / (n - 1))


def _parts(away: Floats, q: int) -> tuple[Floats, float]:
    """What each return adds to VR(q), and the robust standard error of a random walk."""
    power = float(away @ away)
    squares = away**2
    adds, variance = np.zeros(len(away)), 0.0
    for k in range(1, q):
        weight = 2 * (q - k) / q
        products = away[k:] * away[:-k]
        rho = float(products.sum()) / power
        adds[k:] += weight * products
        adds -= weight * rho * squares
        variance += weight**2 * float(products @ products) / power**2
    return adds / (power / len(away)), math.sqrt(variance)
