"""Follow the market's volume and still be done: targets of a share of its speed, or of what it has traded.

Cartea, Jaimungal & Penalva, "Algorithmic and High-Frequency Trading", 2015, chapter 9; Cartea & Jaimungal, "A
closed-form execution strategy to target volume weighted average price", SIAM Journal on Financial Mathematics 7, 2016.
With mu the rate at which others trade and rho our share of it,

    speed        the least of E integral of k v^2 + phi (v - rho mu)^2:   v = Q / (tau + e) + phi/(k + phi) rho
                 [mu - 1/(tau + e) E integral of mu over the rest],       e = (k + phi) / (alpha - b/2)
    cumulative   the least of E integral of k v^2 + phi (X - Q - rho V)^2:  v = hold(tau) Q
                 - phi/k integral of y(tau - s)/y(tau) E[X - rho V at s] over the rest, with the gains of `closed_loop`

Volume is expected to revert from what it is now to its mean. The paper's term for the net flow of others is left out.
Wrong where the share of the volume to come is far from the order: it then ends in a hurry, or follows nothing."""

from __future__ import annotations

import functools
import math
from typing import ClassVar

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.market import MarketState
from nowake.models.terms import Size
from nowake.schedules.adaptive.closed_loop import ClosedLoop, decay_of
from nowake.schedules.adaptive.crowd import State
from nowake.schedules.adaptive.expected import start_of
from nowake.schedules.adaptive.linear_rate import MOST, LinearRate, check_numbers, need


class _Follower(LinearRate, frozen=True, kw_only=True):
    """What both targets share.

    Parameters
    ----------
    share
        rho: our shares for each share of others, above 0.
    mean_rate
        Shares per session others trade on average.
    half_life_days
        In which a burst of volume halves, sessions; infinite where it stays.
    """

    share: float
    mean_rate: float
    half_life_days: float

    @classmethod
    def _of_market(cls, order: ParentOrder, market: MarketState, risk_aversion: float) -> dict[str, float]:  # noqa: ARG003
        return {"mean_rate": start_of(order, market).market_rate}

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, share=self.share, mean_rate=self.mean_rate)
        if not self.share > 0:
            raise BadParameter(f"share {self.share} must be above 0: our shares for each share of others")
        decay_of(self.half_life_days)

    @functools.cached_property
    def decay(self) -> float:
        """kappa of the volume, per session."""
        return decay_of(self.half_life_days)


class TargetSpeed(_Follower, frozen=True, kw_only=True):
    """Policy: even in time, bent towards a share of the market's present speed.

    Parameters
    ----------
    closeness
        phi / (k + phi), from 0 (even in time) to below 1: how much of the market's bursts is followed.
    share, mean_rate, half_life_days
        rho, others' mean shares per session, and the half-life of a burst.
    eta, gamma, terminal_penalty, bucket_ns, n
        As for `LinearRate`.
    """

    title: ClassVar[str] = "Target speed"

    closeness: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.closeness < 1:
            raise BadParameter(f"closeness {self.closeness} must be 0 or more and below 1")

    def _speed(self, state: State) -> Size:
        now = need(self, "market_rate", state.market_rate)
        if self.terminal == 0:  # Nothing to pay at the end: only the target pulls.
            return self.closeness * self.share * now
        left = state.left_days + self.eta / (1 - self.closeness) / self.terminal  # tau + e.
        coming = self.mean_rate * state.left_days + (now - self.mean_rate) * _mean(self.decay, state.left_days)
        speed = state.left / left + self.closeness * self.share * (now - coming / left)
        return np.maximum(speed, 0.0)


class TargetVolume(_Follower, frozen=True, kw_only=True):
    """Policy: keep what is done near a share of what the market has traded since the start.

    Parameters
    ----------
    quantity
        X: shares of the whole order.
    catch_up_days
        sqrt(k / phi): sessions in which what is off target is worked off, by a factor of e.
    share, mean_rate, half_life_days
        rho, others' mean shares per session, and the half-life of a burst.
    eta, gamma, terminal_penalty, bucket_ns, n
        As for `LinearRate`.
    """

    title: ClassVar[str] = "Target volume"

    quantity: float
    catch_up_days: float = 0.02

    @classmethod
    def _of_market(cls, order: ParentOrder, market: MarketState, risk_aversion: float) -> dict[str, float]:
        return {**super()._of_market(order, market, risk_aversion), "quantity": order.quantity}

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < float(self.quantity) <= MOST:
            raise BadParameter(f"quantity {self.quantity} of TargetVolume must be above 0 and {MOST:g} at most")
        if not 1e-9 <= self.catch_up_days <= 1e9:
            raise BadParameter(
                f"catch_up_days {self.catch_up_days} of TargetVolume must be from 1e-9 to 1e9 sessions; 0.02 is usual"
            )

    @functools.cached_property
    def loop(self) -> ClosedLoop:
        """The gains."""
        return ClosedLoop(eta=self.eta, running=self.eta / self.catch_up_days**2, terminal=self.terminal)

    def _speed(self, state: State) -> Size:
        loop, left = self.loop, state.left_days
        now, passed = need(self, "market_rate", state.market_rate), need(self, "market_volume", state.market_volume)
        target = self.quantity - self.share * passed
        # E[target at s] = target - share (mean s + (now - mean) (1 - e^(-kappa s)) / kappa).
        whole, later = loop.reach(left, 0.0), loop.delayed(left)
        burst = later if self.decay == 0 else (whole - loop.reach(left, self.decay)) / self.decay
        wanted = target * whole - self.share * (self.mean_rate * later + (now - self.mean_rate) * burst)
        speed = loop.hold(left) * state.left - wanted / self.catch_up_days**2
        return np.maximum(speed, 0.0)


def _mean(decay: float, days: float) -> float:
    """(1 - e^(-decay days)) / decay."""
    return days if decay * days == 0 else -math.expm1(-decay * days) / decay
