"""The linear law of Bertsimas & Lo, with information: the best trade is a share of what is left plus a multiple of the
signal (D. Bertsimas and A. W. Lo 1998, "Optimal control of execution costs", Journal of Financial Markets 1).

A trader must buy W shares in N buckets and knows the signal X before each trade:

    P_t = P_{t-1} + theta S_t + gamma X_t + eps_t,    X_t = rho X_{t-1} + eta_t,    minimise E[sum P_t S_t]

Own trade pays the whole of its move, theta S. With k buckets to follow, the best trade and the cost still to come are

    S = W / (k + 1) + delta_k X                  E = P W + a_k W^2 + b_k X W + c_k X^2 + d_k

    a_k = theta / 2 (1 + 1 / (k + 1))                   b_k = gamma + theta rho b_{k-1} / (2 a_{k-1})
    c_k = rho^2 (c_{k-1} - b_{k-1}^2 / (4 a_{k-1}))     d_k = d_{k-1} + c_{k-1} var(eta)
    delta_k = rho b_{k-1} / (2 a_{k-1})                 a_0 = theta,  b_0 = gamma,  c_0 = d_0 = 0

Without a signal it is the same trade in every bucket. Here a trade may pay another part of its own move than the
whole (`own`): with phi for it and psi = 2 phi - theta, 2 a_{k-1} becomes psi (k + 1) / k; phi = theta is the paper's.

Wrong where impact decays or is concave, and where waiting is a risk that costs: nothing here is averse to risk. The
trade is not held to one side: a strong signal sells within a purchase (`allocation` and `limited` hold it)."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats


class LinearLaw(msgspec.Struct, frozen=True, kw_only=True):
    """How the price moves in a bucket; all signs are a buyer's, a seller turns the signal's.

    Parameters
    ----------
    theta
        Move for good, currency per share, per share traded; 0 or more.
    gamma
        Move in a bucket for a signal of 1, currency per share.
    rho
        How much of the signal is left a bucket later, from -1 to 1.
    own
        phi: what a trade itself pays of its own, currency per share, per share traded; above theta / 2. None is
        theta, as in the paper: a bucket's shares all trade at the price they leave behind.
    signal_sd
        Standard deviation of the news in the signal from one bucket to the next.

    Raises
    ------
    BadParameter
        When a number is out of range, or own impact is too small beside the lasting one for there to be a best trade.
    """

    theta: float
    gamma: float = 1.0
    rho: float = 0.0
    own: float | None = None
    signal_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("theta", "gamma", "signal_sd"):
            if not math.isfinite(getattr(self, name)):
                raise BadParameter(f"{name} {getattr(self, name)} of a linear law must be finite")
        for name in ("theta", "signal_sd"):
            if getattr(self, name) < 0:
                raise BadParameter(f"{name} {getattr(self, name)} of a linear law must be 0 or more")
        check_persistence(self.rho)
        if not 0 < self.psi < math.inf:
            raise BadParameter(
                f"own impact {self.phi:g} must be above half the lasting impact {self.theta:g}, else cost is not "
                "convex in how an order is split and there is no best trade; give theta (or own) above 0"
            )

    @property
    def phi(self) -> float:
        """What a trade pays of its own, per share."""
        return self.theta if self.own is None else self.own

    @property
    def psi(self) -> float:
        """2 phi - theta: twice what splitting an order can save."""
        return 2 * self.phi - self.theta

    def signal_value(self, k: int) -> float:
        """b_k: what a signal of 1 adds to the cost of a share left, k buckets to follow."""
        weights = np.arange(k + 1, 0, -1) / (k + 1)
        return self.gamma * float(weights @ self.rho ** np.arange(k + 1))

    def signal_weight(self, k: int) -> float:
        """delta_k: shares traded at once for a signal of 1, k buckets to follow; 0 in the last bucket."""
        return self.rho * self.signal_value(k - 1) * k / (self.psi * (k + 1)) if k else 0.0

    def trade(self, left: float, buckets: int, signal: float) -> float:
        """The best trade of the first of some buckets, shares; what is left in the last."""
        check_buckets(buckets)
        return left / buckets + self.signal_weight(buckets - 1) * signal

    def path(self, quantity: float, buckets: int, signal: float = 0.0) -> Floats:
        """(N,) the trades that are expected at the start: those of a signal that fades without news."""
        trades, left = np.zeros(check_buckets(buckets)), quantity
        for t in range(buckets):
            trades[t] = left if t == buckets - 1 else self.trade(left, buckets - t, signal * self.rho**t)
            left -= trades[t]
        return trades

    def impact_cost(self, trades: Floats, signal: float = 0.0) -> float:
        """Expected cost against the price before, currency, of (N,) fixed trades: impact and the signal's move."""
        x = signal * self.rho ** np.arange(len(trades))
        before = trades.sum() - np.cumsum(trades) + trades
        impact = 0.5 * self.theta * float(trades.sum()) ** 2 + 0.5 * self.psi * float(trades @ trades)
        return impact + self.gamma * float(x @ before)

    def values(self, buckets: int) -> Values:
        """a_k, b_k, c_k, d_k for k from 0 to one less than the buckets, by the recursion."""
        n = check_buckets(buckets)
        a, b, c, d = (np.zeros(n) for _ in range(4))
        a[0], b[0] = self.phi, self.gamma
        for k in range(1, n):
            slope = a[k - 1] + 0.5 * self.psi - 0.5 * self.theta  # a_{k-1} + phi - theta; a_{k-1} in the paper.
            a[k] = self.phi - self.psi**2 / (4 * slope)
            b[k] = self.gamma + self.psi * self.rho * b[k - 1] / (2 * slope)
            c[k] = self.rho**2 * (c[k - 1] - b[k - 1] ** 2 / (4 * slope))
            d[k] = d[k - 1] + c[k - 1] * self.signal_sd**2
        return Values(a, b, c, d)

    def expected_cost(self, quantity: float, buckets: int, signal: float = 0.0) -> float:
        """Expected cost against the price before, currency, when every trade is chosen with the signal known then.

        Below `impact_cost` of `path` by what the news is worth: -d.
        """
        a, b, c, d = (float(each[-1]) for each in self.values(buckets))
        return a * quantity**2 + b * signal * quantity + c * signal**2 + d


class Values(NamedTuple):
    """(N,) coefficients of the cost to come: of W^2, of X W, of X^2 and the constant, by buckets to follow."""

    a: Floats
    b: Floats
    c: Floats
    d: Floats


def persistence(half_life_days: float, step_days: float) -> float:
    """rho of a signal that loses half in some time, over a step: 2^(-step / half-life); infinite never fades."""
    if not half_life_days > 0:
        raise BadParameter(
            f"half_life_days {half_life_days} must be above 0 sessions; infinite for one that never fades"
        )
    return math.exp2(-step_days / half_life_days)


def check_persistence(rho: float) -> None:
    """Refuse a signal that grows by itself."""
    if not -1 <= rho <= 1:
        raise BadParameter(f"rho {rho} must be from -1 to 1: a signal that grows from bucket to bucket has no scale")


def check_buckets(buckets: int) -> int:
    """The count, 1 or more."""
    if buckets < 1:
        raise BadParameter(f"{buckets} buckets must be 1 or more")
    return buckets
