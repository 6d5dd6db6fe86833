"""Iceberg: rest at the near touch, showing one tip at a time. It earns the spread and takes no view of time, so it is
wrong for an order that must be done: only the completion phase makes it end."""

from __future__ import annotations

import math

from nowake.algos.pacing import Need, Pacing, before_or_after, completion_lots, decide
from nowake.domain.decider import Decision, Reason, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.randomness import draw


class Tip(Pacing, frozen=True, kw_only=True):
    """Pacing that always shows a limited size."""

    display_size: int | None = 100


class Iceberg(Tip, frozen=True):
    """Show `display_size` lots, and the next tip only when the last is gone.

    Parameters
    ----------
    order
        The parent.
    display_size
        Lots of a tip before its size is moved by up to half `randomize_size` either way.
    min_pct_vol, max_pct_vol, no_take_liq, force_completion, ...
        As for `Pacing`.
    """

    order: ParentOrder

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.display_size is None:
            raise BadParameter("display_size None shows everything; an iceberg needs a number of lots")

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
