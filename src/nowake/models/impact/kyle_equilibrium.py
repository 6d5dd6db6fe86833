"""Lambda from first principles: the sequential auction equilibrium of Kyle 1985 ("Continuous auctions and insider
trading", Econometrica 53), his Theorem 2.

An insider knows the value v, whose variance for all others is Sigma_0 before trading. In auction n of N, dt = 1/N
apart, he trades dx_n = beta_n (v - p_{n-1}) dt, noise traders trade du_n with variance sigma_u² dt, and market makers
set p_n = p_{n-1} + lambda_n (dx_n + du_n) so that it is v as they expect it. His profit from auctions n + 1 on is
alpha_n (v - p_n)² + delta_n. In the one linear equilibrium

    alpha_{n-1} = 1 / (4 lambda_n (1 - alpha_n lambda_n))             alpha_N = delta_N = 0
    delta_{n-1} = delta_n + alpha_n lambda_n² sigma_u² dt
    beta_n dt   = (1 - 2 alpha_n lambda_n) / (2 lambda_n (1 - alpha_n lambda_n))
    lambda_n    = beta_n Sigma_n / sigma_u²
    Sigma_n     = (1 - beta_n lambda_n dt) Sigma_{n-1}

with lambda_n (1 - alpha_n lambda_n) > 0 for his problem to have a maximum. Eliminating beta_n leaves a cubic,

    (1 - lambda_n² sigma_u² dt / Sigma_n) (1 - alpha_n lambda_n) = 1/2,

of which the root with alpha_n lambda_n < 1/2 is the one of an insider who buys what is cheap. It runs backwards from a
Sigma_N taken as 1; all scales with it, so what it makes of Sigma_0 is then put right. Exact limits: one auction has
lambda = sqrt(Sigma_0) / (2 sigma_u); for N to infinity lambda = sqrt(Sigma_0) / sigma_u throughout.

Sigma_0 is a variance, sigma_u a standard deviation. Wrong as a description where informed traders compete, or noise
is not independent over time; it is the benchmark against which an estimated lambda is read."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class KyleEquilibrium:
    """What each auction looks like. Arrays are indexed by auction.

    Parameters
    ----------
    lambdas
        (N,) price impact lambda_n, currency per share per share.
    betas
        (N,) the insider's intensity beta_n: shares per currency of mispricing per unit of time, trading lasting 1.
    alphas, deltas
        (N + 1,) from before the first auction (0) to after the last (N): profit still to come is
        alpha (v - p)² + delta.
    variances
        (N + 1,) Sigma_n, the variance of v given all prices up to auction n, currency² per share².
    sigma_u
        Standard deviation of all noise trading together, shares.
    """

    lambdas: Floats
    betas: Floats
    alphas: Floats
    deltas: Floats
    variances: Floats
    sigma_u: float

    @property
    def periods(self) -> int:
        """N."""
        return len(self.lambdas)

    @property
    def expected_profit(self) -> float:
        """What the insider earns before he knows v, which is what noise traders pay: alpha_0 Sigma_0 + delta_0."""
        return float(self.alphas[0] * self.variances[0] + self.deltas[0])

    def __str__(self) -> str:
        auctions = "1 auction" if self.periods == 1 else f"{self.periods} auctions"
        return (
            f"{auctions}: lambda from {self.lambdas[0]:.4g} to {self.lambdas[-1]:.4g}, "
            f"{1 - self.variances[-1] / self.variances[0]:.1%} of the information in the price at the end, "
            f"profit {self.expected_profit:.4g}"
        )


def kyle_equilibrium(*, sigma0: float, sigma_u: float, periods: int = 1) -> KyleEquilibrium:
    """The linear equilibrium of N sequential auctions.

    Parameters
    ----------
    sigma0
        Sigma_0: prior VARIANCE of the value, currency² per share², above 0.
    sigma_u
        STANDARD DEVIATION of noise trading over all auctions together, shares, above 0.
    periods
        N, 1 or more.

    Raises
    ------
    BadParameter
        When a number is out of range.

    Examples
    --------
    >>> float(kyle_equilibrium(sigma0=4.0, sigma_u=1000.0).lambdas[0])
    0.001
    """
    for name, value in (("sigma0", sigma0), ("sigma_u", sigma_u)):
        if not 0 < value < math.inf:
            raise BadParameter(f"{name} {value} must be above 0 and finite")
    if not isinstance(periods, int | np.integer) or isinstance(periods, bool) or periods < 1:
        raise BadParameter(f"periods {periods} must be a whole number, 1 or more: the auctions")
    dt = 1.0 / periods
    lambdas, betas = np.empty(periods), np.empty(periods)
    alphas, deltas, variances = np.zeros(periods + 1), np.zeros(periods + 1), np.ones(periods + 1)
    for n in range(periods, 0, -1):
        alpha = float(alphas[n])
        lam = _root(alpha, math.sqrt(dt / float(variances[n])))
        share = (1 - 2 * alpha * lam) / (2 * (1 - alpha * lam))  # beta lambda dt: the information that gets out.
        lambdas[n - 1], betas[n - 1] = lam, share / (lam * dt)
        alphas[n - 1] = 1 / (4 * lam * (1 - alpha * lam))
        deltas[n - 1] = deltas[n] + alpha * lam * lam * dt
        variances[n - 1] = variances[n] / (1 - share)
    # Computed for Sigma_N = 1 and sigma_u = 1: prices scale with `sd`, shares with sigma_u.
    sd = math.sqrt(sigma0 / variances[0])
    return KyleEquilibrium(
        lambdas=lambdas * sd / sigma_u,
        betas=betas * sigma_u / sd,
        alphas=alphas * sigma_u / sd,
        deltas=deltas * sigma_u * sd,
        variances=variances * (sigma0 / variances[0]),
        sigma_u=sigma_u,
    )


def _root(alpha: float, noise: float) -> float:
    """The root of (1 - (noise lambda)²) (1 - alpha lambda) = 1/2 with alpha lambda < 1/2, by guarded Newton steps.

    The left side falls from 1 at 0 to at most 1/2 at either end of the bracket, so there is one root in it.
    """
    low, high = 0.0, 1 / (noise * math.sqrt(2))
    if alpha > 0:
        high = min(high, 1 / (2 * alpha))
    guess = high
    for _ in range(200):
        a, b = 1 - (noise * guess) ** 2, 1 - alpha * guess
        excess = a * b - 0.5
        low, high = (guess, high) if excess > 0 else (low, guess)
        step = guess + excess / (2 * noise * noise * guess * b + a * alpha)
        step = step if low < step < high else (low + high) / 2
        if abs(step - guess) <= 1e-16 * guess:
            break
        guess = step
    return guess
