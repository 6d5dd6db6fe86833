"""The optimum under liquidity that comes and goes: wait out a lull, use a burst.

Almgren, "Optimal trading with stochastic liquidity and volatility", SIAM Journal on Financial Mathematics 3, 2012, its
one-factor model of "coordinated variation": a state xi that reverts to 0 makes trading dear and the price calm at once,

    eta = eta_bar e^xi,   sigma = sigma_bar e^(-xi/2),   market rate = mean rate e^(-xi),   dxi = -a xi dt + nu dW

so that lambda sigma^2 eta is the same whenever. The cost to go of x shares is c(tau, xi) x^2 and the best rate c/eta x:

    dc/dtau = lambda sigma^2 - c^2 / eta - a xi dc/dxi + nu^2/2 d2c/dxi2,   c -> eta / tau as tau -> 0

solved here for a Markov chain that stands for xi (61 states over ten standard deviations, the generator's differences
central), in the logarithm of c. Without noise and reversion it is `RollingHorizon`, and that is Almgren & Chriss 2000.

Wrong where a change of volume is the time of the day and not liquidity, and where volatility rises without volume."""

from __future__ import annotations

import functools
import math
from typing import Any, ClassVar

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Floats, Size
from nowake.schedules.adaptive.closed_loop import decay_of
from nowake.schedules.adaptive.crowd import State
from nowake.schedules.adaptive.expected import start_of
from nowake.schedules.adaptive.linear_rate import LinearRate, check_numbers, need

STATES = 61
_REACH = 5.0  # Standard deviations either way.
_WIDEST, _MOST_URGENT = 5.0, 1e6  # Beyond, the gains are not solved for in a moment.
_FIRST = 1e-6  # Of the horizon: until then impact is all that matters.


class StochasticLiquidity(LinearRate, frozen=True, kw_only=True):
    """Policy: what is left times the gain of the liquidity now, read from the market's rate.

    Parameters
    ----------
    risk_aversion
        lambda, per unit of price times shares; `StochasticLiquidity.of(order, market, model, risk_aversion=...)` sets
        it, the volatility and the mean rate.
    volatility
        sigma_bar: currency per share per sqrt(session) where the market trades at its mean rate.
    mean_rate
        Shares per session others trade where temporary impact is `eta`.
    half_life_days
        In which a lull or burst halves, sessions; finite.
    spread
        One standard deviation of xi, the logarithm of how dear liquidity is, over long times: nu / sqrt(2 a). Above 0.
    horizon_days
        The longest window it is asked for, sessions.
    eta, gamma, bucket_ns, n
        As for `LinearRate`. The order must be done: there is no terminal penalty.
    """

    title: ClassVar[str] = "Stochastic liquidity"

    risk_aversion: float
    volatility: float
    mean_rate: float
    half_life_days: float
    spread: float
    horizon_days: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, risk_aversion=self.risk_aversion, volatility=self.volatility, mean_rate=self.mean_rate)
        decay_of(self.half_life_days)
        for name in ("mean_rate", "half_life_days", "spread", "horizon_days"):
            if not 0 < getattr(self, name) < math.inf:
                way_out = (
                    "; use RollingHorizon where liquidity stays as it is"
                    if name in ("half_life_days", "spread")
                    else ""
                )
                raise BadParameter(f"{name} {getattr(self, name)} must be above 0 and finite{way_out}")
        if not 1e-6 <= self.spread <= _WIDEST:
            raise BadParameter(
                f"spread {self.spread} must be from 1e-6 to {_WIDEST:g}: a standard deviation of the logarithm of the "
                "market's rate, 0.5 where it mostly is within 60 % and 165 % of its mean"
            )
        if not 1e-6 <= self.half_life_days / self.horizon_days <= 1e6:
            raise BadParameter(
                f"half_life_days {self.half_life_days} must be within a factor of 1e6 of horizon_days "
                f"{self.horizon_days}; use RollingHorizon, or CarteaJaimungal where liquidity is the mean at once"
            )
        urgency = self.horizon_days * self.volatility * math.sqrt(self.risk_aversion / self.eta)
        if not urgency <= _MOST_URGENT:
            raise BadParameter(
                f"risk_aversion {self.risk_aversion:g}, volatility {self.volatility:g} and eta {self.eta:g} make kappa "
                f"T {urgency:.3g}, above {_MOST_URGENT:g}: all would trade at once; check their units"
            )
        if self.terminal_penalty is not None:
            raise BadParameter(f"terminal_penalty {self.terminal_penalty} means nothing here; leave it out")

    @classmethod
    def _of_market(cls, order: ParentOrder, market: MarketState, risk_aversion: float) -> dict[str, float]:
        start = start_of(order, market)
        return {
            "risk_aversion": risk_aversion,
            "volatility": market.volatility,
            "mean_rate": start.market_rate,
            "horizon_days": start.left_days,
        }

    def gain(self, left_days: float, xi: Size) -> Size:
        """c / eta: fraction of what is left to trade per session; beyond five deviations that of five.

        Raises
        ------
        BadParameter
            When more time is left than the policy was made for.
        """
        if left_days > self.horizon_days * (1 + 1e-9):
            raise BadParameter(
                f"{left_days:g} sessions left are more than horizon_days {self.horizon_days:g}; make it that long"
            )
        first = _FIRST * self.horizon_days
        days = min(max(left_days, first), self.horizon_days)
        # ln(tau c / eta) is smooth in xi, and 0 at the end.
        bent = self._solution(days) - math.log(self.eta) - self._grid + math.log(days)
        return np.exp(np.interp(xi, self._grid, bent)) / left_days

    def _speed(self, state: State) -> Size:
        ratio = np.maximum(need(self, "market_rate", state.market_rate) / self.mean_rate, 1e-300)
        return self.gain(state.left_days, -np.log(ratio)) * state.left

    @functools.cached_property
    def _grid(self) -> Floats:
        return self.spread * np.linspace(-_REACH, _REACH, STATES)

    @functools.cached_property
    def _solution(self) -> Any:
        """ln c on the grid, of the time left."""
        from scipy.integrate import solve_ivp  # noqa: PLC0415

        xi, step = self._grid, float(self._grid[1] - self._grid[0])
        decay = decay_of(self.half_life_days)
        diffusion, pull = decay * self.spread**2 / step**2, -decay * xi / (2 * step)
        up, down = diffusion + pull, diffusion - pull
        up[-1] = down[0] = 0.0
        risk = self.risk_aversion * self.volatility**2 * np.exp(-xi)
        ease = np.exp(-xi) / self.eta

        def slope(_: float, log_c: Floats) -> Floats:
            above = np.expm1(np.diff(log_c))
            below = np.expm1(-np.diff(log_c))
            moves = np.concatenate((up[:-1] * above, [0.0])) + np.concatenate(([0.0], down[1:] * below))
            return np.asarray(risk * np.exp(-log_c) - ease * np.exp(log_c) + moves)

        first = _FIRST * self.horizon_days
        start = np.log(self.eta) + xi - math.log(first)
        found = solve_ivp(
            slope,
            (first, self.horizon_days),
            start,
            method="LSODA",
            dense_output=True,
            rtol=1e-9,
            atol=1e-10,
            lband=1,
            uband=1,
        )
        if not found.success:
            raise BadParameter(f"the gains of {self} were not found: {found.message}")
        return found.sol
