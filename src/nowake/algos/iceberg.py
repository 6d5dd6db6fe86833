"""Iceberg: rest at the near touch, showing one tip at a time. It earns the spread and takes no view of time, so it is
wrong for an order that must be done: only the completion phase makes it end."""

from __future__ import annotations

import math

import msgspec

from nowake.algos.pacing import Need, Pacing, before_or_after, completion_lots, decide
from nowake.domain.decider import Decision, Reason, View
from nowake.domain.order import ParentOrder
from nowake.domain.randomness import draw

TIPS = 200  # That an order is cut into unless a tip's size is given: as large a part as a clip of `Participate`.


class Iceberg(Pacing, frozen=True):
    """Show `display_size` lots, and the next tip only when the last is gone.

    Parameters
    ----------
    order
        The parent.
    display_size
        Lots of a tip before its size is moved by up to half `randomize_size` either way. Half a percent of the order
        unless given, one lot at least: a lot is a share here and a hundred-millionth of a coin there, so no number of
        lots would do for both.
    min_pct_vol, max_pct_vol, no_take_liq, force_completion, ...
        As for `Pacing`.
    """

    order: ParentOrder

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.display_size is None:
            msgspec.structs.force_setattr(self, "display_size", max(1, self.order.lots // TIPS))

    def decide(self, view: View) -> Decision:
        """The orders wanted working now: what is left of the tip, and in the completion phase what must be taken."""
        nothing = before_or_after(view, self.order)
        if nothing is not None:
            return nothing
        tip_ends = self._tip_ends(view)
        required = math.floor(completion_lots(self, self.order, view.now_ns, 0.0))
        overdue = max(0, required - view.executed_lots)
        need = Need(
            overdue=overdue,
            resting=max(0, tip_ends - view.executed_lots - overdue),
            overdue_reason=Reason.COMPLETING,
            resting_reason=Reason.DISPLAYING,
        )
        return decide(self, self.order, view, need, memo=tip_ends)

    def _tip_ends(self, view: View) -> int:
        """Executed lots at which the tip now showing is gone; remembered from decision to decision."""
        shown = view.memo if isinstance(view.memo, int) else 0
        if view.executed_lots < shown:
            return shown
        assert self.display_size is not None
        shift = (draw(view.seed, shown) - 0.5) * self.randomize_size
        return min(self.order.lots, view.executed_lots + max(1, round(self.display_size * (1.0 + shift))))
