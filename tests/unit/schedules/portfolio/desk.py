"""Baskets for tests, and the same problem written in cvxpy from the papers' formulas, not from the arrays we build."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nowake.domain.side import Side
from nowake.models.covariance import Covariance
from nowake.models.market import MarketState
from nowake.schedules.portfolio import Basket, Line

SECTORS = ("Energy", "Banks", "Retail")


def line(symbol: str = "ABC", side: int = 1, lots: int = 10_000, **changes: Any) -> Line:
    numbers = {"price": 50.0, "daily_volatility": 0.02, "daily_volume": 1e6, "spread_bps": 5.0}
    numbers |= {name: changes.pop(name) for name in list(changes) if name in numbers}
    return Line(symbol=symbol, side=Side(side), lots=lots, market=MarketState.given(**numbers), **changes)


def two_sided(count: int = 6, *, seed: int = 0, correlation: float = 0.4, **changes: Any) -> Basket:
    """As many buys as sells, of sizes and prices that differ; the same for the same seed."""
    rng = np.random.default_rng(seed)
    lines = tuple(
        line(
            f"S{i}",
            1 if i % 2 else -1,
            int(rng.integers(20_000, 90_000)),
            price=float(rng.uniform(10, 120)),
            daily_volatility=float(rng.uniform(0.01, 0.03)),
            daily_volume=float(rng.uniform(4e5, 2e6)),
            spread_bps=float(rng.uniform(2, 10)),
            beta=float(rng.uniform(0.6, 1.4)),
            sector=SECTORS[i % 3],
            **changes,
        )
        for i in range(count)
    )
    return Basket(
        lines=lines,
        covariance=Covariance.alike([each.market.daily_volatility.value for each in lines], correlation),
    )


@dataclass
class Oracle:
    """Almgren & Chriss 2000 (29), (30) with equal buckets over one session, by cvxpy.

    `rows` are (weights, low, high) of currency exposures of what is left after each bucket but the last.
    """

    basket: Basket
    steps: int
    risk_aversion: float
    exponent: float = 2.0
    tau_volume: np.ndarray | None = None  # (T,) days of volume of each bucket.
    tau_risk: np.ndarray | None = None
    cap: np.ndarray | float | None = None  # (T, N) shares.
    open_to: np.ndarray | None = None  # (T, N) whether a line may trade.
    reverse: bool = False
    spread_share: np.ndarray | None = None  # (T,)
    cross: np.ndarray | None = None  # H off its diagonal.
    gamma: np.ndarray | None = None  # (N, N) in place of the rule of thumb.
    drift: np.ndarray | None = None  # (N,) currency a session.
    eta: np.ndarray | None = None  # (N,) in place of the rule of thumb.
    spread: np.ndarray | None = None  # (N,) in place of the markets'.
    rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    trades: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))

    def solve(self) -> float:
        """The least objective; `trades` are then those that have it."""
        import cvxpy as cp  # noqa: PLC0415

        lines, t = self.basket.lines, self.steps
        x0 = self.basket.quantities
        n = len(lines)
        spread = np.array([each.market.spread for each in lines]) if self.spread is None else self.spread
        volume = np.array([each.market.daily_volume for each in lines])
        money = np.array([each.multiplier for each in lines])
        eta, gamma = spread / (0.01 * volume) * money, np.diag(spread / (0.1 * volume) * money)
        eta = eta if self.eta is None else self.eta
        gamma = gamma if self.gamma is None else self.gamma
        tau_v = np.full(t, 1 / t) if self.tau_volume is None else self.tau_volume
        tau_r = np.full(t, 1 / t) if self.tau_risk is None else self.tau_risk
        shares = np.ones(t) if self.spread_share is None else self.spread_share
        price = self.basket.worths
        root = np.linalg.cholesky(np.outer(price, price) * self.basket.covariance.matrix + 1e-15 * np.eye(n))
        unit = np.abs(x0)  # cvxpy's solver wants numbers near 1.
        v = cp.Variable((t, n))
        trades = cp.multiply(v, np.tile(unit, (t, 1)))
        left = np.tile(x0, (t, 1)) - cp.cumsum(trades, axis=0)
        scale = float(np.abs(x0) @ price) * 1e-4
        terms = [x0 @ gamma @ x0 / 2 / scale]
        for k in range(t):
            terms.append(shares[k] * (spread / 2 * money * unit / scale) @ cp.abs(v[k]))
            if self.exponent == 2:
                h = np.diag(eta) / tau_v[k] - gamma / 2 + (0 if self.cross is None else self.cross / tau_v[k])
                half = np.linalg.cholesky(np.diag(unit) @ h @ np.diag(unit) / scale)
                terms.append(cp.sum_squares(half.T @ v[k]))
            else:
                # What eta costs a share at the even rate, as a power of the rate.
                days = tau_v.sum()
                rate = unit / days
                each = eta * rate * (1 / rate) ** (self.exponent - 1) / tau_v[k] ** (self.exponent - 1)
                terms.append((each * unit**self.exponent / scale) @ cp.power(cp.abs(v[k]), self.exponent))
            if k < t - 1:
                weight = np.sqrt(self.risk_aversion * tau_r[k] / scale)
                terms.append(cp.sum_squares(weight * (root.T @ left[k])))
            if self.drift is not None:
                terms.append(tau_r[k] * self.drift @ left[k] / scale)
        limits = [cp.sum(trades, axis=0) / unit == x0 / unit]
        if not self.reverse:
            limits.append(cp.multiply(v, np.tile(np.sign(x0), (t, 1))) >= 0)
        if self.cap is not None:
            limits.append(cp.abs(v) <= np.broadcast_to(np.asarray(self.cap) / unit, (t, n)))
        if self.open_to is not None:
            limits.append(v[~self.open_to] == 0)
        for weights, low, high in self.rows:
            held = left[:-1] @ (weights / scale)
            limits += [held >= low[:-1] / scale, held <= high[:-1] / scale]
        problem = cp.Problem(cp.Minimize(cp.sum(terms)), limits)
        problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10, tol_feas=1e-10)
        assert problem.status in ("optimal", "optimal_inaccurate")
        self.trades = v.value * unit
        return float(problem.value) * scale
