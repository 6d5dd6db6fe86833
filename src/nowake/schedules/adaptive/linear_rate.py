"""What the adaptive policies of linear impact share: their numbers, who is asked when, and the path they expect."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact.contract import Impact
from nowake.models.impact.linear import linearised
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats, Size
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.adaptive.crowd import Crowd, State
from nowake.schedules.adaptive.expected import Costs, expected_plan, expected_trades, lengths_days, start_of
from nowake.schedules.buckets import bucket_edges
from nowake.schedules.schedule import Schedule

LEAST, MOST = 1e-100, 1e100  # Of any number, so that products of a few are numbers too.


class LinearRate(msgspec.Struct, frozen=True, kw_only=True, tag=True, dict=True):
    """Base of the policies whose order pays linear impact.

    Parameters
    ----------
    eta
        Temporary impact, currency per share per (share per session), above 0.
    gamma
        Permanent impact, currency per share per share.
    terminal_penalty
        alpha: currency per share^2 for what is left at the end; None where the order must be done. Half of `gamma` at
        least, else leaving shares would pay.
    bucket_ns, n
        Of `plan`, as for `twap`: how long a bucket is, or how many.
    """

    title: ClassVar[str] = ""

    eta: float
    gamma: float = 0.0
    terminal_penalty: float | None = None
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.eta < math.inf:
            raise BadParameter(f"eta {self.eta} must be finite and above 0: without temporary impact a block is best")
        if not LEAST <= float(self.eta) <= MOST:
            raise BadParameter(
                f"eta {self.eta:g} must be from {LEAST:g} to {MOST:g}: it is in currency per share, per share a session"
            )
        check_numbers(self, gamma=self.gamma)
        if self.terminal_penalty is not None and not self.gamma / 2 <= float(self.terminal_penalty) <= MOST:
            raise BadParameter(
                f"terminal_penalty {self.terminal_penalty} must be finite, {MOST:g} at most, and at least half of "
                f"gamma, {self.gamma / 2:g}, else leaving shares pays; give None where the order must be done"
            )

    @classmethod
    def of(
        cls, order: ParentOrder, market: MarketState, model: Impact, *, risk_aversion: float = 0.0, **parameters: Any
    ) -> Self:
        """The policy of one order: impact as it is, or made linear for the order, and risk priced.

        Parameters
        ----------
        order, market, model
            As for `AlmgrenChriss.plan`.
        risk_aversion
            lambda per unit of currency, of the policies that have one or a running penalty; lambda sigma^2 is theirs.
        parameters
            The policy's own.

        Raises
        ------
        BadParameter
            When risk_aversion is no finite number of 0 or more, or the policy has no use for it.
        """
        if not 0 <= risk_aversion < math.inf:
            raise BadParameter(f"risk_aversion {risk_aversion} must be finite and 0 or more")
        line = linearised(model, market.terms(order.quantity, days_of(order)))
        priced = risk_aversion * float(order.instrument.multiplier or 1)
        own = cls._of_market(order, market, priced)
        if risk_aversion and not {"running_penalty", "risk_aversion"} & own.keys():
            raise BadParameter(f"{cls.__name__} has no use for risk_aversion {risk_aversion}; leave it out")
        return cls(eta=line.eta, gamma=line.gamma, **(own | parameters))

    @classmethod
    def _of_market(cls, order: ParentOrder, market: MarketState, risk_aversion: float) -> dict[str, float]:  # noqa: ARG003
        """The policy's own parameters that the order and its market tell; risk aversion is in price and shares."""
        if "running_penalty" in cls.__struct_fields__:
            return {"running_penalty": risk_aversion * market.volatility**2}
        return {}

    @property
    def terminal(self) -> float:
        """alpha - b/2, infinite where the order must be done."""
        return math.inf if self.terminal_penalty is None else self.terminal_penalty - self.gamma / 2

    def rate(self, situation: Situation) -> float:
        """Shares per session in the order's direction.

        Raises
        ------
        BadParameter
            When the policy needs something of the situation that is NaN.
        """
        if situation.left == 0:
            return 0.0
        if situation.left_days == 0:
            return math.inf if self.terminal_penalty is None else 0.0
        return float(self._speed(situation))

    def rates(self, crowd: Crowd) -> Floats:
        """(M,) rates of many paths at once; errors as for `rate`."""
        if crowd.left_days == 0:
            at_end = math.inf if self.terminal_penalty is None else 0.0
            return np.where(crowd.left > 0, at_end, 0.0)
        return np.where(crowd.left > 0, self._speed(crowd), 0.0)

    def _speed(self, state: State) -> Size:
        """The rate while there are shares and time left."""
        raise NotImplementedError

    def drift(self, elapsed_days: Floats) -> Floats:
        """Drift of the price that the policy itself expects, currency per share per session, above 0 upwards."""
        return np.zeros_like(elapsed_days)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The path expected at the start, as a schedule. What the policy would leave is put into the last bucket.

        Raises
        ------
        BadParameter
            Without a market, or when the buckets are out of range.
        """
        if market is None:
            raise BadParameter(f"{self.title} needs the market to plan; pass a MarketState (volatility, volume)")
        edges = self._edges(order)
        numbers = {name: getattr(self, name) for name in self.__struct_fields__ if name not in ("bucket_ns", "n")}
        return expected_plan(
            order,
            market,
            edges,
            self._path(start_of(order, market), lengths_days(order, edges)),
            name=self.title,
            costs=Costs(eta=self.eta, gamma=self.gamma, drift=self.drift),
            inputs={name: float(value) for name, value in numbers.items() if value is not None},
        )

    def _edges(self, order: ParentOrder) -> tuple[int, ...]:
        """The buckets of a plan."""
        return bucket_edges(order, bucket_ns=self.bucket_ns, n=self.n)

    def _path(self, start: Situation, days: Floats) -> Floats:
        """(N,) shares expected in each bucket."""
        return expected_trades(self, start, days)


def need(policy: object, name: str, value: Size) -> Size:
    """A number of the situation, refused where it is not known."""
    if np.isnan(value).any():
        raise BadParameter(f"{type(policy).__name__} needs the {name} of the situation, which is NaN; give it")
    return value


def check_numbers(policy: object, **numbers: float) -> None:
    """Refuse numbers of a policy that are not finite, below 0, or beyond any market."""
    for name, value in numbers.items():
        if not 0 <= float(value) <= MOST:  # Of a 32-bit number too.
            raise BadParameter(
                f"{name} {value} of {type(policy).__name__} must be finite and 0 or more, {MOST:g} at most"
            )
