"""Short-term alpha with decay: lean on a forecast of the price that fades.

The linear-quadratic problem of `closed_loop` with a drift that halves every `half_life_days`: Garleanu & Pedersen,
"Dynamic trading with predictable returns and transaction costs", Journal of Finance 68, 2013, trade partly towards the
portfolio of a decaying signal for ever; with an order to finish by an end it is Cartea & Jaimungal 2016, and Lehalle &
Neuman, "Incorporating signals into optimal trading", Finance and Stochastics 23, 2019, for temporary impact only. A
forecast of `move` in all is a drift of move kappa e^(-kappa t), kappa = ln 2 / half-life:

    v = hold(tau) Q + lean(tau) side (signal + move kappa e^(-kappa elapsed))

Wrong where the forecast's half-life is: a signal that lasts longer than said is used up too soon, one that is shorter
makes the order hurry for nothing. The forecast must be net of what our own trading does to it."""

from __future__ import annotations

import functools
import math
from typing import ClassVar

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats, Size
from nowake.schedules.adaptive.closed_loop import ClosedLoop, decay_of
from nowake.schedules.adaptive.crowd import State
from nowake.schedules.adaptive.linear_rate import LinearRate, check_numbers


class ShortTermAlpha(LinearRate, frozen=True, kw_only=True):
    """Policy: Cartea-Jaimungal, leaning on a decaying forecast. `Situation.signal` is a drift, currency per session.

    Parameters
    ----------
    half_life_days
        In which forecasts halve, sessions; finite.
    move
        By how much in all the price was forecast to move when the order began, currency per share; above 0 upwards.
    imbalance_move
        The same for what is read from the book as the order is worked: how far the price is expected to move when all
        lots at the touch are bids. An algorithm passes `signal_of(imbalance)` as the signal.
    running_penalty
        phi, as for `CarteaJaimungal`.
    one_way
        As for `OrderFlow`.
    eta, gamma, terminal_penalty, bucket_ns, n
        As for `LinearRate`.
    """

    title: ClassVar[str] = "Short-term alpha"

    half_life_days: float
    move: float = 0.0
    imbalance_move: float = 0.0
    running_penalty: float = 0.0
    one_way: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_numbers(self, running_penalty=self.running_penalty)
        if not 0 < self.half_life_days < math.inf:
            raise BadParameter(
                f"half_life_days {self.half_life_days} must be above 0 and finite: what never fades is no short-term "
                "alpha"
            )
        for name in ("move", "imbalance_move"):
            if not math.isfinite(getattr(self, name)):
                raise BadParameter(f"{name} {getattr(self, name)} must be finite, in currency per share")

    @functools.cached_property
    def loop(self) -> ClosedLoop:
        """The gains."""
        decay = decay_of(self.half_life_days)
        return ClosedLoop(eta=self.eta, running=self.running_penalty, terminal=self.terminal, decay=decay)

    def signal_of(self, imbalance: float) -> float:
        """Drift now of an imbalance of the touch, from -1 (all lots are asks) to 1 (all are bids)."""
        return self.imbalance_move * imbalance * self.loop.decay

    def drift(self, elapsed_days: Floats) -> Floats:
        """Drift of the forecast made when the order began."""
        return self.move * self.loop.decay * np.exp(-self.loop.decay * elapsed_days)

    def _speed(self, state: State) -> Size:
        known = self.move * self.loop.decay * math.exp(-self.loop.decay * state.elapsed_days)
        adverse = state.side * (state.signal + known)
        speed = self.loop.hold(state.left_days) * state.left + self.loop.lean(state.left_days) * adverse
        return np.maximum(speed, 0.0) if self.one_way else speed
