"""The linear-percentage temporary law of Bertsimas & Lo: what is paid lies off a price that nobody moves, by a share
of it (D. Bertsimas and A. W. Lo 1998, "Optimal control of execution costs", Journal of Financial Markets 1).

    P_t = Q_t + D_t,  Q_t = Q_{t-1} exp(Z_t), Z normal,  D_t = (theta S_t + gamma X_t) Q_t,  X_t = rho X_{t-1} + eta_t

Prices stay above 0, impact is a fraction of the price and gone at the next trade. With q = E[exp Z] and k buckets to
follow, cost to come is q Q (a + b X + c X^2 + d X W + e W + f W^2); with h = theta + q f_{k-1} the best trade is

    S = [q e_{k-1} - s + (q rho d_{k-1} - s gamma) X + 2 q f_{k-1} W] / (2 h)           s = +1 buys, -1 sells

and, with its three parts u + v X + w W, the coefficients are

    a_k = q (a + c var(eta)) - h u^2     b_k = q rho b - 2 h u v     c_k = q rho^2 c - h v^2
    d_k = q rho d - 2 h v w              e_k = q e - 2 h u w         f_k = q f - h w^2
    a_0 = b_0 = c_0 = 0,  d_0 = s gamma,  e_0 = s,  f_0 = theta

The paper buys (s = 1); we derived the sale, which differs because the whole price is multiplied. X here is a premium
of the price paid: a buyer waits where it is high and fades. A drift (q above 1) makes a buyer hurry, a seller wait.

Wrong where impact stays or decays slowly: after a trade this law forgets it at once."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.bertsimas_lo.linear import check_buckets, check_persistence


class PercentageLaw(msgspec.Struct, frozen=True, kw_only=True):
    """How what is paid lies off the price.

    Parameters
    ----------
    theta
        Fraction of the price paid for a share traded in a bucket, above 0.
    growth
        q: the expected price of the next bucket over that of this one, above 0; 1 without a drift.
    gamma
        Fraction of the price paid for a signal of 1.
    rho
        How much of the signal is left a bucket later, from -1 to 1.
    signal_sd
        Standard deviation of the news in the signal from one bucket to the next.
    side
        +1 buys, -1 sells.

    Raises
    ------
    BadParameter
        When a number is out of range.
    """

    theta: float
    growth: float = 1.0
    gamma: float = 0.0
    rho: float = 0.0
    signal_sd: float = 0.0
    side: int = 1

    def __post_init__(self) -> None:
        for name in ("theta", "growth"):
            if not 1e-50 <= getattr(self, name) <= 1e50:
                raise BadParameter(
                    f"{name} {getattr(self, name)} of a percentage law must be above 0 and finite, from 1e-50 to 1e50"
                )
        if not math.isfinite(self.gamma):
            raise BadParameter(f"gamma {self.gamma} of a percentage law must be finite")
        if not 0 <= self.signal_sd < math.inf:
            raise BadParameter(f"signal_sd {self.signal_sd} of a percentage law must be 0 or more and finite")
        check_persistence(self.rho)
        if self.side not in (1, -1):
            raise BadParameter(f"side {self.side} of a percentage law must be +1 or -1")

    def rules(self, buckets: int) -> Rules:
        """What to trade, and the cost to come, by how many buckets follow."""
        q, s, rho, news = self.growth, self.side, self.rho, self.signal_sd**2
        a, b, c, d, e, f = 0.0, 0.0, 0.0, s * self.gamma, float(s), self.theta
        trade, value = [(0.0, 0.0, 1.0)], [(a, b, c, d, e, f)]
        for _ in range(1, check_buckets(buckets)):
            h = self.theta + q * f
            u, v, w = (q * e - s) / (2 * h), (q * rho * d - s * self.gamma) / (2 * h), q * f / h
            a, b, c = q * (a + c * news) - h * u**2, q * rho * b - 2 * h * u * v, q * rho**2 * c - h * v**2
            d, e = q * rho * d - 2 * h * v * w, q * e - 2 * h * u * w
            f = self.theta * w  # q f - h w^2, without the difference.
            trade.append((u, v, w))
            value.append((a, b, c, d, e, f))
        return Rules(np.array(trade), np.array(value))

    def path(self, quantity: float, buckets: int, signal: float = 0.0) -> Floats:
        """(N,) the trades that are expected at the start, shares: those of a signal that fades without news."""
        rules, trades, left = self.rules(buckets).trade, np.zeros(buckets), quantity
        for t in range(buckets):
            constant, by_signal, by_left = rules[buckets - 1 - t]
            trades[t] = constant + by_signal * signal * self.rho**t + by_left * left
            left -= trades[t]
        return trades

    def cost_of(self, trades: Floats, signal: float = 0.0) -> float:
        """Expected cost of (N,) fixed trades against the price before the first, in shares at that price."""
        return self.drift_of(trades, signal) + self.impact_of(trades)

    def drift_of(self, trades: Floats, signal: float = 0.0) -> float:
        """What growth and signal add to the cost of fixed trades, own impact apart; as `cost_of`."""
        x = signal * self.rho ** np.arange(len(trades))
        grown = self.growth ** np.arange(1, len(trades) + 1)
        return self.side * float((grown * (1 + self.gamma * x) - 1) @ trades)

    def impact_of(self, trades: Floats) -> float:
        """What own impact costs; as `cost_of`."""
        return self.theta * float(self.growth ** np.arange(1, len(trades) + 1) @ trades**2)

    def expected_cost(self, quantity: float, buckets: int, signal: float = 0.0) -> float:
        """As `cost_of`, when every trade is chosen with the signal known then."""
        a, b, c, d, e, f = self.rules(buckets).value[-1]
        to_come = a + b * signal + c * signal**2 + (d * signal + e) * quantity + f * quantity**2
        return float(self.growth * to_come - self.side * quantity)


class Rules(NamedTuple):
    """By buckets to follow: (N, 3) the trade's constant, per signal and per share left; (N, 6) cost to come, a to f."""

    trade: Floats
    value: Floats
