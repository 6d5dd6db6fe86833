"""A Monte Carlo that judges adaptive policies: what an order costs when the price, flow, volume and liquidity move.

The world has linear impact (Almgren & Chriss 2000), and around it what the policies of this room react to: a drift, a
signal that drifts the price, the rate at which others trade, and a liquidity xi that makes impact dear and the price
calm at once (Almgren 2012: eta e^xi, sigma e^(-xi/2), volume e^(-xi)). The last three revert to a mean (Ornstein &
Uhlenbeck), stepped exactly. A step is traded evenly and pays the mean of the price at its ends, so permanent impact
costs gamma X^2/2 whatever the path. Rates are taken by the midpoint rule. All draws come from one seed."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.adaptive.contract import RatePolicy
from nowake.schedules.adaptive.crowd import Crowd, CrowdPolicy


class MeanReverting(msgspec.Struct, frozen=True, kw_only=True):
    """What reverts to its mean: dx = -decay (x - mean) dt + noise dW, from `start`; per session."""

    start: float = 0.0
    mean: float = 0.0
    decay: float = 0.0
    noise: float = 0.0

    def __post_init__(self) -> None:
        for name in ("start", "mean", "decay", "noise"):
            if not math.isfinite(getattr(self, name)):
                raise BadParameter(f"{name} {getattr(self, name)} of what reverts to its mean must be finite")
        if self.decay < 0 or self.noise < 0:
            raise BadParameter(f"decay {self.decay} and noise {self.noise} must be 0 or more")

    def step(self, now: Floats, days: float, draws: Floats) -> Floats:
        """Where it is some sessions later, by standard normal draws."""
        kept = math.exp(-self.decay * days)
        spread = days if self.decay == 0 else -math.expm1(-2 * self.decay * days) / (2 * self.decay)
        return self.mean + (now - self.mean) * kept + self.noise * math.sqrt(spread) * draws


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The market a policy is judged in.

    Parameters
    ----------
    eta, gamma, epsilon
        Temporary and permanent impact and half the spread, as in `Linear`.
    volatility, drift
        Of the price: currency per share per sqrt(session), and per session, above 0 upwards.
    signal, signal_effect
        What the policy sees as its signal, and the drift a unit of it gives the price.
    volume
        Shares per session others trade.
    liquidity
        xi: the logarithm of how dear liquidity is.
    """

    eta: float
    gamma: float = 0.0
    epsilon: float = 0.0
    volatility: float = 0.0
    drift: float = 0.0
    signal: MeanReverting = MeanReverting()
    signal_effect: float = 1.0
    volume: MeanReverting = MeanReverting()
    liquidity: MeanReverting = MeanReverting()

    def __post_init__(self) -> None:
        for name in ("eta", "gamma", "epsilon", "volatility"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} of a world must be finite and 0 or more")


class Walked(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What M orders cost.

    Parameters
    ----------
    cost
        (M,) currency paid beyond the price before each order, good or bad moves included; above 0 is bad.
    held
        (M,) integral over time of what was left, squared: share^2 sessions.
    risk
        (M,) the same times volatility squared: what lambda is multiplied with.
    left
        (M,) shares nobody traded by the end; their worth is not in the cost.
    end_price
        (M,) price at the end less the one at the start.
    times_days
        (N+1,) instants.
    mean_left
        (N+1,) mean of what was left at each.
    seed
        Of all draws.
    """

    cost: Floats
    held: Floats
    risk: Floats
    left: Floats
    end_price: Floats
    times_days: Floats
    mean_left: Floats
    seed: int

    @property
    def mean(self) -> float:
        """Mean cost in currency."""
        return float(self.cost.mean())

    @property
    def sd(self) -> float:
        """Standard deviation of the cost of one order."""
        return float(self.cost.std(ddof=1)) if len(self.cost) > 1 else 0.0

    @property
    def standard_error(self) -> float:
        """Of the mean."""
        return self.sd / math.sqrt(len(self.cost))

    def interval(self, *, z: float = 1.96) -> tuple[float, float]:
        """The mean less and plus `z` standard errors: 1.96 covers 95 %."""
        return self.mean - z * self.standard_error, self.mean + z * self.standard_error

    def penalised(self, *, running: float, terminal: float = 0.0, side: int = 1) -> Floats:
        """(M,) what Cartea & Jaimungal minimise: cost, the running penalty, and what is left at its price and penalty.

        Parameters
        ----------
        running, terminal
            phi, and alpha: what is left is traded at the last price and `terminal` a share for each share of it.
        side
            Of the orders.
        """
        rest = self.left * (side * self.end_price + terminal * self.left)
        return np.asarray(self.cost + running * self.held + rest)


class _Paths(NamedTuple):
    """Where M paths stand."""

    left: Floats
    price: Floats
    cost: Floats
    signal: Floats
    volume: Floats
    passed: Floats
    liquidity: Floats


def walk(
    policy: RatePolicy,
    world: World,
    *,
    quantity: float,
    days: float,
    steps: int,
    paths: int,
    seed: int,
    side: int = 1,
    arrival: float = 0.0,
) -> Walked:
    """Work one order by a policy again and again.

    Parameters
    ----------
    policy
        Asked twice a step, for all paths at once where it can (`CrowdPolicy`).
    quantity, days
        Shares above 0, and the length of the window in sessions.
    steps, paths
        Even steps of the window, and how often it is worked.
    seed
        Of every draw. Two policies with the same seed, steps and paths meet the same market.
    arrival
        Price at the start.

    Raises
    ------
    BadParameter
        When a number is out of range, or the policy needs what the world does not have.
    """
    for name, value in (("quantity", quantity), ("days", days), ("steps", steps), ("paths", paths)):
        if not 0 < value < math.inf:
            raise BadParameter(f"{name} {value} must be above 0 and finite")
    rng, h = np.random.default_rng(seed), days / steps
    now = _start(world, quantity, paths)
    mean_left, held, risk = np.empty(steps + 1), np.zeros(paths), np.zeros(paths)
    mean_left[0] = quantity
    for k in range(steps):
        crowd = _crowd(world, now, k * h, days - k * h, side=side, arrival=arrival)
        trades = _trades(policy, crowd, h, is_last=k + 1 == steps)
        # Between its ends what is left falls in a line.
        after = now.left - trades
        square_days = h * (now.left**2 + now.left * after + after**2) / 3
        held += square_days
        risk += crowd.volatility**2 * square_days
        now = _next(world, now, trades, h, rng.standard_normal((4, paths)), side=side)
        mean_left[k + 1] = now.left.mean()
    return Walked(
        cost=now.cost,
        held=held,
        risk=risk,
        left=now.left,
        end_price=now.price,
        times_days=np.linspace(0.0, days, steps + 1),
        mean_left=mean_left,
        seed=seed,
    )


def _start(world: World, quantity: float, paths: int) -> _Paths:
    firsts = (quantity, 0.0, 0.0, world.signal.start, world.volume.start, 0.0, world.liquidity.start)
    return _Paths(*(np.full(paths, first) for first in firsts))


def _crowd(world: World, now: _Paths, elapsed: float, left_days: float, *, side: int, arrival: float) -> Crowd:
    return Crowd(
        elapsed_days=elapsed,
        left_days=left_days,
        left=now.left,
        side=side,
        arrival=arrival,
        price=arrival + now.price,
        gained=-now.cost,
        signal=now.signal,
        market_rate=now.volume * np.exp(-now.liquidity),
        market_volume=now.passed,
        volatility=world.volatility * np.exp(-now.liquidity / 2),
    )


def _trades(policy: RatePolicy, crowd: Crowd, h: float, *, is_last: bool) -> Floats:
    """(M,) shares of one step: the rate in its middle, never more than are left; at the end what must be done."""
    left = crowd.left
    first = np.minimum(_ask(policy, crowd), 1e300)
    half = left - first * h / 2
    safe = np.where(left > 0, left, 1.0)
    fast = half <= 0  # Most of it is done in the step: as if it went on in proportion to what is left.
    middle = msgspec.structs.replace(
        crowd,
        elapsed_days=crowd.elapsed_days + h / 2,
        left_days=max(0.0, crowd.left_days - h / 2),
        left=np.where(fast, 0.0, half),
    )
    decaying = -safe * np.expm1(-np.minimum(first * h / safe, 700.0))
    trades = np.where(left > 0, np.where(fast, decaying, _ask(policy, middle) * h), 0.0)
    trades = np.minimum(trades, left)
    if is_last:
        end = msgspec.structs.replace(
            crowd, elapsed_days=crowd.elapsed_days + h, left_days=0.0, left=np.maximum(left - trades, 0.0)
        )
        trades = np.where(np.isinf(_ask(policy, end)), left, trades)
    return np.asarray(trades)


def _ask(policy: RatePolicy, crowd: Crowd) -> Floats:
    if isinstance(policy, CrowdPolicy):
        return policy.rates(crowd)
    return np.array([policy.rate(situation) for situation in crowd.each()])


def _next(world: World, now: _Paths, trades: Floats, h: float, draws: Floats, *, side: int) -> _Paths:
    """After a step: trades pay the mean of the price at its ends, spread and temporary impact."""
    dear = np.exp(now.liquidity)
    signal = world.signal.step(now.signal, h, draws[1])
    # Drift by the mean of the signal at the ends of the step.
    drift = world.drift + world.signal_effect * (now.signal + signal) / 2
    moved = drift * h + world.volatility / np.sqrt(dear) * math.sqrt(h) * draws[0] + side * world.gamma * trades
    paid = side * (now.price + moved / 2) + world.epsilon * np.sign(trades) + world.eta * dear * trades / h
    volume = world.volume.step(now.volume, h, draws[2])
    return _Paths(
        left=now.left - trades,
        price=now.price + moved,
        cost=now.cost + trades * paid,
        signal=signal,
        volume=volume,
        passed=now.passed + h * (now.volume + volume) / 2 / dear,
        liquidity=world.liquidity.step(now.liquidity, h, draws[3]),
    )
