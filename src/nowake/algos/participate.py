"""Percentage of volume: keep our share of what trades at a rate, whatever the clock says.

It follows volume that has happened, so it buys into other people's bursts; and it ends when the volume does: with
too little of it a residual is left and reported."""

from __future__ import annotations

import math

from nowake.algos.pacing import Need, Pacing, before_or_after, completion_lots, decide, market_lots
from nowake.domain.decider import Decision, Reason, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.randomness import draw


class RateFirst(Pacing, frozen=True, kw_only=True):
    """Pacing that by default leaves a residual rather than break its rate."""

    force_completion: bool = False


class Participate(RateFirst, frozen=True):
    """Trade a share of market volume (POV).

    Parameters
    ----------
    order
        The parent.
    rate
        Our share of all volume, our own included: executed / market volume, in (0, 1). The brokers' pctVol.
    clip_size
        Lots by which we may run ahead of or behind the rate; None for half a percent of the order.
    force_completion
        Off by default: the rate comes before the quantity.
    min_pct_vol, max_pct_vol, no_take_liq, ...
        As for `Pacing`.
    """

    order: ParentOrder
    rate: float
    clip_size: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0.0 < self.rate < 1.0:
            raise BadParameter(f"rate {self.rate} must be between 0 and 1, both excluded: a share of market volume")
        if not self.min_pct_vol <= self.rate <= self.max_pct_vol:
            raise BadParameter(
                f"rate {self.rate} is outside min_pct_vol {self.min_pct_vol} to max_pct_vol {self.max_pct_vol}"
            )
        if self.clip_size is not None and self.clip_size < 1:
            raise BadParameter(f"clip_size {self.clip_size} must be 1 lot or more")

    def decide(self, view: View) -> Decision:
        """The orders wanted working now: one clip resting ahead of the rate, what falls a clip behind it taken."""
        nothing = before_or_after(view, self.order)
        if nothing is not None:
            return nothing
        base = self.clip_size or max(1, self.order.lots // 200)
        shift = (draw(view.seed, view.executed_lots // base) - 0.5) * self.randomize_size
        clip = max(1, round(base * (1.0 + shift)))
        # Whole clips only: the order resting is left alone until the next one is due.
        target = min(self.order.lots, math.floor(self.rate * market_lots(view) / base) * base)
        required = completion_lots(self, self.order, view.now_ns, 0.0)
        behind = target - clip - view.executed_lots if self.catch_up else 0
        completing = math.floor(required) - view.executed_lots
        overdue = max(0, behind, completing)
        need = Need(
            overdue=overdue,
            resting=max(0, target + clip - view.executed_lots - overdue),
            overdue_reason=Reason.COMPLETING if completing > behind else Reason.PARTICIPATING,
            resting_reason=Reason.PARTICIPATING,
            next_volume_lots=view.volume_lots + max(1, math.ceil(base / self.rate / 2)),
        )
        return decide(self, self.order, view, need)
