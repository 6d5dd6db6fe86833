"""The closed loop with the order flow of others: hurry before a flow that moves the price against us, wait for one that
helps.

Cartea & Jaimungal, "Incorporating order-flow into optimal execution", Mathematics and Financial Economics 10, 2016;
Cartea, Jaimungal & Penalva 2015, section 7.3. Others' net flow mu (buys less sells, shares a session) drifts the price
by b mu and reverts to nothing at kappa, so that

    v = hold(tau) Q + b l(tau) / (2 k) side mu

with the gains of `closed_loop`. Wrong where flow does not revert, or where the measured flow is our own."""

from __future__ import annotations

import functools
from typing import ClassVar

import numpy as np

from nowake.models.terms import Size
from nowake.schedules.adaptive.closed_loop import ClosedLoop, decay_of
from nowake.schedules.adaptive.crowd import State
from nowake.schedules.adaptive.linear_rate import LinearRate, check_numbers


class OrderFlow(LinearRate, frozen=True, kw_only=True):
    """Policy: Cartea-Jaimungal, leaning on the net flow of others. `Situation.signal` is that flow, shares a session.

    Parameters
    ----------
    half_life_days
        In which the flow of others halves, sessions.
    flow_impact
        Currency per share by which a net share of others moves the price; None for `gamma`, as in the paper.
    running_penalty
        phi, as for `CarteaJaimungal`.
    one_way
        Never trade back: wait instead, where the best rate is below 0. What is left is then best by the same rule, not
        the least cost under the bound.
    eta, gamma, terminal_penalty, bucket_ns, n
        As for `LinearRate`.
    """

    title: ClassVar[str] = "Order flow"

    half_life_days: float
    flow_impact: float | None = None
    running_penalty: float = 0.0
    one_way: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        decay_of(self.half_life_days)
        check_numbers(self, running_penalty=self.running_penalty, flow_impact=self.flow_impact or 0.0)

    @functools.cached_property
    def loop(self) -> ClosedLoop:
        """The gains."""
        decay = decay_of(self.half_life_days)
        return ClosedLoop(eta=self.eta, running=self.running_penalty, terminal=self.terminal, decay=decay)

    def _speed(self, state: State) -> Size:
        effect = self.gamma if self.flow_impact is None else self.flow_impact
        adverse = effect * state.side * state.signal
        speed = self.loop.hold(state.left_days) * state.left + self.loop.lean(state.left_days) * adverse
        return np.maximum(speed, 0.0) if self.one_way else speed
