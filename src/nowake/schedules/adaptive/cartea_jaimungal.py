"""The closed loop of Cartea & Jaimungal: trade in proportion to what is left, the faster the dearer it is to hold.

Cartea, Jaimungal & Penalva, "Algorithmic and High-Frequency Trading", 2015, section 6.5, equation 7.6 of the summary
that opens chapter 7; formulas and limits in `closed_loop`. A running penalty phi of lambda sigma^2 is the risk aversion
of Almgren & Chriss, to whose path in continuous time it leads where the order must be done; phi of 0 is TWAP of what is
left. Whatever has been done so far, by luck or not, the rate is the best one from here on.

Its plan is the same problem in even buckets (`ClosedLoop.in_step`), which is the schedule of Almgren & Chriss 2000
exactly where the order must be done.

Wrong where impact is not linear, where the price has a drift (`OrderFlow`, `ShortTermAlpha`), and where volume has a
shape: time is the clock's."""

from __future__ import annotations

import functools
from typing import ClassVar

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.terms import Floats, Size
from nowake.schedules.adaptive.closed_loop import ClosedLoop
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.adaptive.crowd import State
from nowake.schedules.adaptive.linear_rate import LinearRate, check_numbers
from nowake.schedules.buckets import bucket_count, even_edges


class CarteaJaimungal(LinearRate, frozen=True, kw_only=True):
    """Policy: what is left times a gain that grows towards the end.

    Parameters
    ----------
    running_penalty
        phi: currency per share^2 per session. `CarteaJaimungal.of(order, market, model, risk_aversion=...)` sets it.
    eta, gamma, terminal_penalty, bucket_ns, n
        As for `LinearRate`.
    """

    title: ClassVar[str] = "Cartea-Jaimungal"

    running_penalty: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, running_penalty=self.running_penalty)

    @functools.cached_property
    def loop(self) -> ClosedLoop:
        """The gains."""
        return ClosedLoop(eta=self.eta, running=self.running_penalty, terminal=self.terminal)

    def cost_to_go(self, left: float, left_days: float) -> float:
        """Currency the policy is expected to cost from here, penalties included: (b/2 + k hold(tau)) Q^2."""
        return (self.gamma / 2 + self.loop.cost_to_go(left_days)) * left**2

    def _edges(self, order: ParentOrder) -> tuple[int, ...]:
        return even_edges(order, bucket_count(order, bucket_ns=self.bucket_ns, n=self.n))

    def _path(self, start: Situation, days: Floats) -> Floats:
        """The discrete closed form: of Almgren & Chriss where all must be done."""
        steps, total = len(days), float(days.sum())
        if steps == 1 and self.terminal_penalty is None:
            return np.array([start.left])
        eta = self.eta - self.gamma * total / steps / 2
        if not eta > 0:
            raise BadParameter(
                f"eta - gamma tau / 2 = {eta:.3g} must be above 0 for a plan in {steps} bucket(s): temporary impact is "
                "too small beside permanent; use more buckets"
            )
        loop = msgspec.structs.replace(self.loop, eta=eta)
        kept = [1 - loop.in_step(steps - k, total * (steps - k) / steps) for k in range(steps)]
        return -start.left * np.diff(np.concatenate(([1.0], np.cumprod(kept))))

    def _speed(self, state: State) -> Size:
        return self.loop.hold(state.left_days) * state.left
