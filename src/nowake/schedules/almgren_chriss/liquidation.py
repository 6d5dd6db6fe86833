"""The problem of Almgren & Chriss, "Optimal execution of portfolio transactions", December 2000, in plain numbers.

    E = gamma X^2/2 + epsilon sum|n_k| + (eta~/tau) sum n_k^2,   eta~ = eta - gamma tau/2        (8)
    V = sigma^2 tau sum x_k^2, holdings AFTER the k-th trade                                     (5)
    x_j = X sinh(kappa (T - t_j)) / sinh(kappa T),  2 (cosh(kappa tau) - 1)/tau^2 = lambda sigma^2/eta~   (16, 17)

Shares, trading sessions, currency. Assumes linear impact, no resilience, no drift, no limit on participation. Variance
counts no risk inside a step, so few steps understate it."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.linear import Linear, largest_step
from nowake.models.terms import Floats

_MOST_URGENT = 1e300  # sinh(kappa tau / 2): nothing that numbers hold is left after the first step, nor beyond it.
LEAST = 1e-290  # Of the order: below it what is left loses its digits.


class Liquidation(msgspec.Struct, frozen=True, kw_only=True):
    """The paper's problem: X shares in N even steps over T days.

    Parameters
    ----------
    quantity
        X, shares, above 0.
    days, steps
        T and N; a step lasts tau = T / N.
    volatility
        sigma, currency per share per sqrt(day).
    impact
        gamma, eta, epsilon.
    risk_aversion
        lambda, per unit of currency, 0 or more.

    Raises
    ------
    BadParameter
        When a number is out of range, or eta~ is not above 0 while there is a choice to make.
    """

    quantity: float
    days: float
    steps: int
    volatility: float
    impact: Linear
    risk_aversion: float

    def __post_init__(self) -> None:
        for name in ("quantity", "days"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be a finite number above 0")
        if self.steps < 1:
            raise BadParameter(f"steps {self.steps} must be 1 or more")
        if not 0 <= self.volatility < math.inf:
            raise BadParameter(f"volatility {self.volatility} must be finite and 0 or more")
        check_risk_aversion(self.risk_aversion)
        # What rounding leaves of a difference that is 0 is not above 0.
        if self.steps > 1 and not self.eta_tilde > 1e-9 * self.impact.eta:
            _refuse_concave(self)

    @property
    def tau(self) -> float:
        """Length of a step in days."""
        return self.days / self.steps

    @property
    def eta_tilde(self) -> float:
        """eta - gamma tau / 2."""
        return self.impact.eta_tilde(self.tau)

    @property
    def kappa(self) -> float:
        """Urgency, per day: 2 (cosh(kappa tau) - 1) / tau^2 = lambda sigma^2 / eta~, solved without cancellation."""
        if self.risk_aversion == 0 or self.steps == 1:
            return 0.0
        kappa_tilde = self.volatility * math.sqrt(self.risk_aversion) / math.sqrt(self.eta_tilde)
        return 2 * math.asinh(min(0.5 * kappa_tilde * self.tau, _MOST_URGENT)) / self.tau

    @property
    def half_life(self) -> float:
        """1 / kappa in days. The paper calls it the half-life; holdings fall by a factor of e in it, not of 2."""
        return math.inf if self.kappa == 0 else 1 / self.kappa

    def holdings(self) -> Floats:
        """x_0 .. x_N, equation 17, by exponentials so that no kappa T overflows."""
        left = np.arange(self.steps, -1, -1) / self.steps  # (T - t_j) / T.
        kappa_days = self.kappa * self.days
        if kappa_days == 0:
            return self.quantity * left
        decay, span = np.exp(-kappa_days * (1 - left)), np.expm1(-2 * kappa_days * left)
        path: Floats = decay * (span / span[0])
        return self.quantity * path

    def trades(self) -> Floats:
        """n_1 .. n_N: what is traded in each step, shares."""
        return np.asarray(-np.diff(self.holdings()))

    def done(self) -> list[float]:
        """Fraction of the order done by the end of each step, 1 at the last."""
        fractions = np.clip(1 - self.holdings()[1:] / self.quantity, 0, 1)
        return [float(value) for value in np.maximum.accumulate(fractions)]

    def expected_cost(self, trades: Floats | None = None) -> float:
        """E in currency, equation 8, of N trades in shares; of the optimal ones by default."""
        n = self.trades() if trades is None else trades
        fixed = 0.5 * self.impact.gamma * self.quantity**2 + self.impact.epsilon * float(np.abs(n).sum())
        return fixed + self.eta_tilde / self.tau * float((n**2).sum())

    def variance(self, trades: Floats | None = None) -> float:
        """V in currency^2, equation 5, of N trades in shares; of the optimal ones by default."""
        x = self.holdings()[1:] if trades is None else self.quantity - np.cumsum(trades)
        return self.volatility**2 * self.tau * float((x**2).sum())

    def closed_form(self) -> tuple[float, float]:
        """E and V of the optimal trades by equation 20, within 1e-7 of the sums.

        Written with decaying exponentials. Below kappa T = 1e-4 its two terms cancel, and the limits (10) and (11)
        are used.
        """
        X, T, N, tau = self.quantity, self.days, self.steps, self.tau
        k, steady = self.kappa, 0.5 * self.impact.gamma * self.quantity**2 + self.impact.epsilon * self.quantity
        if k * T < 1e-4:
            flat = self.volatility**2 * X**2 * T / 3 * (1 - 1 / N) * (1 - 1 / (2 * N))
            return steady + self.eta_tilde * X**2 / T, flat
        end = -math.expm1(-2 * k * T)  # 1 - exp(-2 kappa T).
        step = -math.expm1(-2 * k * tau)
        coth = (2 - end) / end
        ratio = 2 * math.exp(k * (tau - 2 * T)) * step / end**2  # sinh(kappa tau) / sinh(kappa T)^2.
        cost = math.tanh(0.5 * k * tau) / tau**2 * (tau * coth + T * ratio)
        # cosh(kappa (T - tau)) / (sinh(kappa T) sinh(kappa tau)).
        spread = 2 * math.exp(-2 * k * tau) * (1 + math.exp(-2 * k * (T - tau))) / (end * step)
        inverse_square = 4 * math.exp(-2 * k * T) / end**2  # 1 / sinh(kappa T)^2.
        return (
            steady + self.eta_tilde * X**2 * cost,
            0.5 * self.volatility**2 * X**2 * max(0.0, tau * spread - T * inverse_square),
        )

    def cost_parts(self, trades: Floats) -> dict[str, float]:
        """What equation 8 is made of, in currency, of N trades in shares: the parts sum to E."""
        traded, squares = float(np.abs(trades).sum()), float((trades**2).sum())
        return {
            "spread": self.impact.epsilon * traded,
            "temporary": self.impact.eta / self.tau * squares,
            "permanent": 0.5 * self.impact.gamma * (self.quantity**2 - squares),
        }

    def inputs(self) -> dict[str, float]:
        """What a schedule says of the market and the model it was made from."""
        return {
            "gamma": self.impact.gamma,
            "eta": self.impact.eta,
            "epsilon": self.impact.epsilon,
            "volatility": self.volatility,
            "days": self.days,
        }

    def objective(self, trades: Floats | None = None) -> float:
        """E + lambda V in currency, of N trades in shares; of the optimal ones by default."""
        n = self.trades() if trades is None else trades
        return self.expected_cost(n) + self.risk_aversion * self.variance(n)

    def residual(self, trades: Floats) -> float:
        """How far N trades are from equation 16, as a fraction of the largest term in it; 0 for an optimum."""
        if self.steps == 1:
            return 0.0
        x = np.cumsum(trades[::-1])[::-1][1:]  # From the end, where what is left may be tiny.
        speed = self.eta_tilde / self.tau * trades
        weight = self.risk_aversion * self.volatility**2 * self.tau
        if self.eta_tilde < LEAST * self.tau * weight:
            return float(np.abs(x).max()) / self.quantity  # What should be left is less than numbers hold.
        gradient = speed[1:] - speed[:-1] + weight * x
        largest = max(float(np.abs(speed).max()), float(weight * np.abs(x).max()))
        return float(np.abs(gradient).max()) / largest

    def __str__(self) -> str:
        return (
            f"{self.quantity:,.10g} shares in {self.steps} steps over {self.days:.4g} days, "
            f"λ = {self.risk_aversion:.3g}, κ = {self.kappa:.4g} a day (e-folding time {self.half_life:.4g} days)"
        )


def check_risk_aversion(value: float) -> None:
    """Refuse a risk aversion that is no number, negative or not finite."""
    if isinstance(value, (str, bool)):
        raise BadParameter(f"risk_aversion {value!r} must be a number per unit of currency, as 1e-6")
    if not 0 <= value < math.inf:
        raise BadParameter(
            f"risk_aversion {value} must be finite and 0 or more: below 0 a schedule costs and risks more than TWAP"
        )


def _refuse_concave(problem: Liquidation) -> None:
    way_out = "give an impact model with eta above 0"
    if problem.impact.eta > 0:
        way_out = f"use more than {problem.days / largest_step(problem.impact):.6g} buckets"
    raise BadParameter(
        f"eta - gamma tau / 2 = {problem.eta_tilde:.3g} must be above 0, else cost is not convex and there is no "
        f"optimum: temporary impact is too small beside permanent in steps of {problem.tau:.3g} days; {way_out}"
    )
