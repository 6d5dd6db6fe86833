"""The one numerical form of every portfolio liquidation: what the solvers solve and the builders fill in.

N assets in T buckets. With v_t the (N,) signed trades of bucket t and x_t = X - v_1 - ... - v_t what is left after it:

    minimise  sum_ti [ spread_ti |v_ti| + impact_ti |v_ti|^exponent ]      what trading costs
            + sum_t cross_weights_t v_t' C v_t                             what trading costs across assets
            + sum_t risk_weights_t x_t' (F F' + diag(d)) x_t               what waiting risks
            - sum_t drift_t . x_t                                          what waiting is expected to earn
            + constant
    over      lower <= v <= upper,  x_T = 0,  band_low_t <= A x_t <= band_high_t

Everything is in raw shares and currency; the solvers scale. A deadline is an upper and lower limit of 0 afterwards, a
dollar, beta, sector or factor band is a row of A. Nothing here knows an order, a clock or a market."""

from __future__ import annotations

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.certificate import Certificate

NOTHING = np.zeros((0, 0))


class Programme(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The numbers of one liquidation.

    Parameters
    ----------
    quantities
        (N,) X: signed shares to trade, buys above 0. Zero is allowed and trades nothing by itself.
    impact
        (T, N) above 0, currency per share^exponent: cost of trading |v|^exponent in a bucket.
    exponent
        In (1, 2]: 2 is linear impact, 3/2 the square-root law.
    spread
        (T, N) 0 or more, currency per share.
    risk_weights
        (T,) 0 or more, risk aversion times the length of the bucket (times its share of variance), 1/currency * days.
        The last has no effect.
    loadings, specific
        F (N, K) and d (N,), d 0 or more: covariance of price moves in currency^2 per share^2 per session is
        F F' + diag(d). A full covariance is a root of it as F, with d = 0.
    drift
        (T, N) currency per share, or None: what a share left (bought: above 0) is expected to earn by waiting
        through the next bucket, so minus the expected move of the price.
    cross, cross_weights
        C (N, N) symmetric, currency per share^2 off its diagonal or on it, and its weight (T,) in each bucket; None
        without cross-impact. With `impact` (exponent 2) it must be positive definite.
    lower, upper
        (T, N) limits of each trade, signed shares; None for none. Infinite values are allowed.
    bands, band_low, band_high
        A (M, N) and (T, M) limits of what is left; those of the last bucket are of no effect. Infinite values are
        allowed; M may be 0.
    names, band_names
        N and M names, for messages.
    constant
        Currency added to the objective.

    Raises
    ------
    BadParameter
        When shapes disagree, or a number is NaN or out of range. Limits that cross are not refused here but by `solve`,
        which names them with the others that cannot hold.
    """

    quantities: Floats
    impact: Floats
    risk_weights: Floats
    loadings: Floats
    specific: Floats
    exponent: float = 2.0
    spread: Floats | None = None
    drift: Floats | None = None
    cross: Floats | None = None
    cross_weights: Floats | None = None
    lower: Floats | None = None
    upper: Floats | None = None
    bands: Floats = NOTHING
    band_low: Floats = NOTHING
    band_high: Floats = NOTHING
    names: tuple[str, ...] = ()
    band_names: tuple[str, ...] = ()
    constant: float = 0.0

    def __post_init__(self) -> None:
        t, n = self.shape
        m = len(self.bands)
        shapes = {
            "quantities": (n,),
            "risk_weights": (t,),
            "loadings": (n, self.loadings.shape[-1]),
            "specific": (n,),
            "spread": (t, n),
            "drift": (t, n),
            "cross": (n, n),
            "cross_weights": (t,),
            "lower": (t, n),
            "upper": (t, n),
        }
        if m:
            shapes |= {"bands": (m, n), "band_low": (t, m), "band_high": (t, m)}
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise BadParameter(
                    f"{name} of a programme of {n} assets in {t} buckets must be {shape}, not {value.shape}"
                )
            if value is not None and np.isnan(value).any():
                raise BadParameter(f"{name} of a programme holds NaN")
        for name in ("quantities", "impact", "risk_weights", "loadings", "specific"):
            if not np.isfinite(getattr(self, name)).all():
                raise BadParameter(f"{name} of a programme must be finite")
        if not (self.impact > 0).all():
            raise BadParameter(
                f"impact {self.impact.min():.3g} must be above 0: without a cost of speed there is no best schedule"
            )
        if not 1 < self.exponent <= 2:
            raise BadParameter(f"exponent {self.exponent} must be above 1, where cost is strictly convex, and up to 2")
        for name in ("risk_weights", "specific", "spread"):
            value = getattr(self, name)
            if value is not None and value.size and value.min() < 0:
                raise BadParameter(f"{name} {value.min():.3g} of a programme must be 0 or more")
        if (self.cross is None) != (self.cross_weights is None):
            raise BadParameter("cross-impact needs both cross and cross_weights")

    @property
    def shape(self) -> tuple[int, int]:
        """Buckets T and assets N."""
        t, n = self.impact.shape
        return t, n

    def left(self, trades: Floats) -> Floats:
        """(T, N) what is left after each bucket."""
        return np.asarray(self.quantities - np.cumsum(trades, axis=0))

    def objective(self, trades: Floats) -> float:
        """The cost of any (T, N) trades, currency; limits are not looked at."""
        x = self.left(trades)
        value = self.constant + float((self.impact * np.abs(trades) ** self.exponent).sum())
        value += float(self.risk_weights @ (((x @ self.loadings) ** 2).sum(1) + (x**2) @ self.specific))
        if self.spread is not None:
            value += float((self.spread * np.abs(trades)).sum())
        if self.drift is not None:
            value -= float((self.drift * x).sum())
        if self.cross is not None and self.cross_weights is not None:
            value += float(self.cross_weights @ ((trades @ self.cross) * trades).sum(1))
        return value


class Solution(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Trades that keep every limit, and how good they are.

    Limits are kept to 1e-9 of the asset's quantity, or of its largest trade where that is more.

    Parameters
    ----------
    trades
        (T, N) signed shares.
    certificate
        Method, objective and duality gap (or optimality residual).
    binding
        Names of the limits that hold the solution back, with how many buckets: "upper limit of XYZ" -> 5.
    """

    trades: Floats
    certificate: Certificate
    binding: dict[str, int] = {}
