"""Post: one clip at a time, as far from the mid as a policy of posting depth says (Gueant, Lehalle & Fernandez-Tapia).

The depth follows the mid, falls with what is left and as time runs out. A book has ticks where the model has none: the
price is rounded away from the mid, and never through the far touch, where a depth below half the spread asks for it.
Nothing is taken before the completion phase. Wrong where the policy is; and where the queue is long, for the model
fills whoever stands at a distance, first in the queue or last."""

from __future__ import annotations

import math

import msgspec

from nowake.algos.pacing import Need, Pacing, before_or_after, completion_lots, decide
from nowake.domain.decider import Decision, Intent, Reason, View
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.side import Side
from nowake.models.market import days_of
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.adaptive.posting import PostingDepth

_LOOKS = 1_000  # Of a window, at least: depths change with time alone too.


class Post(Pacing, frozen=True):
    """Work an order by limit orders at the best depth.

    Parameters
    ----------
    order
        The parent.
    policy
        Depth, clip, and what they rest on; made for an order as large and a window as long as this at least.
    max_pct_vol, no_take_liq, force_completion, ...
        As for `Pacing`.
    """

    order: ParentOrder
    policy: PostingDepth

    def __post_init__(self) -> None:
        super().__post_init__()
        if self._clip_lots() < 1:
            raise BadParameter(f"clip {self.policy.clip:g} is less than a lot; use a clip of a lot or more")
        self.policy.depth(self._situation(self.order.start_ns, self.order.lots))

    def decide(self, view: View) -> Decision:
        """The orders wanted working now: what is left of the clip at its depth, and what the end needs taken."""
        order = self.order
        nothing = before_or_after(view, order)
        if nothing is not None:
            return nothing
        overdue = max(0, math.floor(completion_lots(self, order, view.now_ns, 0.0) + 1e-9) - view.executed_lots)
        clip = self._clip_lots()
        need = Need(
            overdue=overdue,
            resting=(view.remaining_lots - 1) % clip + 1,
            overdue_reason=Reason.COMPLETING,
            next_ns=view.now_ns + max(1, order.duration_ns // _LOOKS),
        )
        decision = decide(self, order, view, need)
        price_ticks = self._price(view)
        if overdue or price_ticks is None:
            return decision
        return msgspec.structs.replace(
            decision, working=tuple(_moved(intent, price_ticks) for intent in decision.working)
        )

    def _price(self, view: View) -> int | None:
        """The price of the depth in ticks, within the limit; None without two sides."""
        order, mid, far = self.order, view.book.mid_ticks, view.book.touch(Side(-self.order.side))
        if mid is None or far is None:
            return None
        depth = self.policy.depth(self._situation(view.now_ns, view.remaining_lots)) / order.instrument.price(1)
        if order.side > 0:
            price = min(math.floor(mid - depth + 1e-9), far.price_ticks - 1)
        else:
            price = max(math.ceil(mid + depth - 1e-9), far.price_ticks + 1)
        if order.limit_ticks is not None and not order.allows(price):
            price = order.limit_ticks
        return price if price > 0 or order.instrument.negative_prices else None

    def _situation(self, now_ns: int, left_lots: int) -> Situation:
        session, total = self.order.instrument.session, days_of(self.order)
        elapsed = (now_ns - self.order.start_ns) / (session.close_ns - session.open_ns)
        return Situation(
            elapsed_days=elapsed,
            left_days=max(0.0, total - elapsed),
            left=self.order.instrument.quantity(left_lots),
            side=int(self.order.side),
            arrival=0.0,
            price=0.0,
        )

    def _clip_lots(self) -> int:
        return round(self.policy.clip / self.order.instrument.quantity(1))


def _moved(intent: Intent, price_ticks: int) -> Intent:
    """What rests, at the price of the depth, where it must rest."""
    if intent.time_in_force is TimeInForce.IOC:
        return intent
    return msgspec.structs.replace(intent, price_ticks=price_ticks, post_only=True)
