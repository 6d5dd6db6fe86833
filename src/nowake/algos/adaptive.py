"""Adaptive: ask a policy how fast to trade at every wake, from where the order and the market then stand.

The window is cut into slices, as for the scheduled algorithms. When one begins the policy is asked what it would trade
in it, given what is left, the price, the gain so far, and how much and how wildly the market has lately traded; within
the slice that is worked with the pacing all algorithms share. Of what a policy may know, the gain is reckoned at the
prices last worked, what was to be taken first, for an algorithm is not told the price of a fill; and a signal is read
from the book only where the policy says how (`signal_of`), else it is 0.

Wrong where the policy is: the docs page says when. No algorithm trades back, so that a rate below 0 waits."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

import msgspec

from nowake.algos.pacing import Need, before_or_after, completion_lots, decide, market_lots, size_shift, slice_end_ns
from nowake.algos.scheduled import Scheduled
from nowake.domain.decider import Decision, Reason, View, Wake
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.models.market import MarketState, days_of
from nowake.schedules.adaptive.alpha import ShortTermAlpha
from nowake.schedules.adaptive.cartea_jaimungal import CarteaJaimungal
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.adaptive.expected import shares_ahead, start_of
from nowake.schedules.adaptive.gatheral_schied import GatheralSchiedFeedback
from nowake.schedules.adaptive.in_the_money import AggressiveInTheMoney
from nowake.schedules.adaptive.order_flow import OrderFlow
from nowake.schedules.adaptive.posting import PostingDepth
from nowake.schedules.adaptive.pov_target import TargetSpeed, TargetVolume
from nowake.schedules.adaptive.rolling import RollingHorizon
from nowake.schedules.adaptive.stochastic_liquidity import StochasticLiquidity
from nowake.schedules.bertsimas_lo import FollowPremium, FollowSignal, FollowWithinLimits

Policy = (
    AggressiveInTheMoney
    | CarteaJaimungal
    | FollowPremium
    | FollowSignal
    | FollowWithinLimits
    | GatheralSchiedFeedback
    | OrderFlow
    | PostingDepth
    | RollingHorizon
    | ShortTermAlpha
    | StochasticLiquidity
    | TargetSpeed
    | TargetVolume
)


class Asked(NamedTuple):
    """The running slice, the lots due when it began and when it ends, and what is remembered of the market.

    Money is in currency, `others`, `executed` and `taking` in lots, `rate` in shares and `variance` in currency^2 a
    session. `taking` lots were last to be taken at `take_price`, all others wait at `rest_price`.
    """

    start_ns: int
    end_ns: int
    due_before: float
    due_after: float
    arrival: float
    price: float
    gained: float
    executed: int
    others: int
    rate: float
    variance: float
    taking: int
    take_price: float
    rest_price: float


class Adaptive(Scheduled, frozen=True):
    """Work an order at the rate a policy asks for, slice by slice.

    Parameters
    ----------
    order
        The parent.
    policy
        State -> rate: `CarteaJaimungal`, `OrderFlow`, `ShortTermAlpha`, `TargetSpeed`, `TargetVolume`,
        `RollingHorizon`, `StochasticLiquidity`, `AggressiveInTheMoney`, `PostingDepth`.
    market_rate
        Shares per session others are expected to trade, until the market has shown it; None where nobody knows, which
        does for a policy that does not ask.
    volatility
        The same of the price, currency per share per sqrt(session).
    memory_days
        Sessions the market is remembered for: what was seen counts less by a factor of e after them. Infinite keeps to
        what was expected.
    slices, min_pct_vol, max_pct_vol, no_take_liq, ...
        As for `Pacing` and `Scheduled`.
    """

    order: ParentOrder
    policy: Policy
    market_rate: float | None = None
    volatility: float | None = None
    memory_days: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.memory_days > 0:
            raise BadParameter(f"memory_days {self.memory_days} must be above 0; math.inf keeps to what was expected")
        for name in ("market_rate", "volatility"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < math.inf:
                raise BadParameter(f"{name} {value} must be 0 or more and finite, or None")
        _check_policy(self.policy)
        # Whatever the policy would refuse once the order is under way it refuses now.
        self.policy.rate(self._situation(self._unseen(1.0), self.order.start_ns, self.order.lots, 0.0))

    @classmethod
    def in_market(cls, order: ParentOrder, policy: Policy, market: MarketState, **pacing: Any) -> Self:
        """The algorithm with what is expected of the market."""
        start = start_of(order, market)
        return cls(order, policy, **({"market_rate": start.market_rate, "volatility": start.volatility} | pacing))

    def decide(self, view: View) -> Decision:
        """The orders wanted working now."""
        order, asked = self.order, view.memo if isinstance(view.memo, Asked) else None
        nothing = before_or_after(view, order)
        if nothing is not None:
            return msgspec.structs.replace(nothing, memo=asked)
        price = _price(view)
        if asked is None and price is None:
            return Decision(reason=Reason.EMPTY_BOOK, wake=Wake(time_ns=order.end_ns, on_touch=True))
        if asked is None:
            assert price is not None
            asked = self._ask(self._unseen(price)._replace(start_ns=view.now_ns, others=_others(view)), view)
        asked = self._heard(asked, view)
        if view.now_ns >= asked.end_ns:
            asked = self._ask(self._learned(asked, view), view)
        due = asked.due_before if self.catch_up else 0.0
        required = completion_lots(self, order, view.now_ns, due)
        overdue = max(0, math.floor(required + 1e-9) - view.executed_lots)
        ahead = math.floor(asked.due_after + 1e-9) - view.executed_lots
        need = Need(
            overdue=overdue,
            resting=max(0, ahead - overdue),
            overdue_reason=Reason.COMPLETING if required > due else Reason.BEHIND_SCHEDULE,
            next_ns=asked.end_ns,
        )
        decision = decide(self, order, view, need)
        return msgspec.structs.replace(decision, memo=self._working(asked, decision))

    def _unseen(self, price: float) -> Asked:
        """What is known before the first slice."""
        start = self.order.start_ns
        rate = math.nan if self.market_rate is None else self.market_rate
        variance = math.nan if self.volatility is None else self.volatility**2
        return Asked(start, start, 0.0, 0.0, price, price, 0.0, 0, 0, rate, variance, 0, price, price)

    def _heard(self, asked: Asked, view: View) -> Asked:
        """Fills heard of since the last look, gained against the arrival price; nothing else changes in a slice."""
        executed = view.executed_lots - asked.executed
        if executed == 0:
            return asked
        taken = min(executed, asked.taking)
        better = taken * (asked.arrival - asked.take_price) + (executed - taken) * (asked.arrival - asked.rest_price)
        gained = asked.gained + self.order.side * self.order.instrument.quantity(1) * better
        return asked._replace(gained=gained, executed=view.executed_lots, taking=asked.taking - taken)

    def _working(self, asked: Asked, decision: Decision) -> Asked:
        """The prices now worked at; where none is, those before, for news of their fills may be under way."""
        for intent in decision.working:
            price = self.order.instrument.price(intent.price_ticks)
            if intent.time_in_force is TimeInForce.IOC:
                asked = asked._replace(taking=intent.lots, take_price=price)
            else:
                asked = asked._replace(rest_price=price)
        return asked

    def _learned(self, asked: Asked, view: View) -> Asked:
        """What a slice that has ended showed of the market: how much others traded, how far the price went."""
        others = _others(view)
        price = _price(view) or asked.price
        days = self._days(view.now_ns - asked.start_ns)
        learned = asked._replace(start_ns=view.now_ns, price=price, others=others)
        if days <= 0:
            return learned
        kept = math.exp(-days / self.memory_days)
        rate = self.order.instrument.quantity(max(0, others - asked.others)) / days
        variance = (price - asked.price) ** 2 / days
        return learned._replace(
            rate=_blend(asked.rate, rate, kept),
            variance=_blend(asked.variance, variance, kept),
        )

    def _ask(self, asked: Asked, view: View) -> Asked:
        """The next slice: what the policy would trade in it on top of what is due by now."""
        order = self.order
        index, end_ns = self._slice(view)
        done = max(asked.due_after, view.executed_lots) if self.catch_up else float(view.executed_lots)
        left = order.lots - min(done, float(order.lots))
        situation = self._situation(asked, view.now_ns, left, self._signal(view))
        days = situation.left_days if end_ns >= order.end_ns else self._days(end_ns - view.now_ns)
        lots = max(0.0, shares_ahead(self.policy, situation, days)) / order.instrument.quantity(1)
        moved = 1 + size_shift(self, view.seed, index=index + 1, slices=self.slices)
        return asked._replace(end_ns=end_ns, due_before=done, due_after=min(done + lots * moved, float(order.lots)))

    def _slice(self, view: View) -> tuple[int, int]:
        """Index of the slice that holds the present, and its moved end."""
        order, now_ns = self.order, view.now_ns
        index = max(0, (now_ns - order.start_ns) * self.slices // order.duration_ns - 1)
        while True:
            end_ns = slice_end_ns(self, order, view.seed, index=index + 1, slices=self.slices)
            if end_ns > now_ns or index + 1 >= self.slices:
                return index, end_ns
            index += 1

    def _situation(self, asked: Asked, now_ns: int, left_lots: float, signal: float) -> Situation:
        order = self.order
        elapsed = self._days(now_ns - order.start_ns)
        return Situation(
            elapsed_days=elapsed,
            left_days=max(0.0, days_of(order) - elapsed),
            left=left_lots * order.instrument.quantity(1),
            side=int(order.side),
            arrival=asked.arrival,
            price=asked.price,
            gained=asked.gained,
            signal=signal,
            market_rate=asked.rate,
            market_volume=order.instrument.quantity(asked.others),
            volatility=math.sqrt(asked.variance),
        )

    def _days(self, duration_ns: int) -> float:
        session = self.order.instrument.session
        return duration_ns / (session.close_ns - session.open_ns)

    def _signal(self, view: View) -> float:
        if not isinstance(self.policy, ShortTermAlpha):
            return 0.0
        return self.policy.signal_of(_imbalance(view))


def _check_policy(policy: object) -> None:
    """Refuse what cannot be asked, or cannot be written into a journal."""
    kind = type(policy).__name__
    if not callable(getattr(policy, "rate", None)):
        raise BadParameter(
            f"{kind} is no policy: it has no rate(situation); give for example schedules.CarteaJaimungal"
        )
    try:
        msgspec.to_builtins(policy)
    except TypeError as error:
        raise BadParameter(
            f"{kind} cannot be written into a journal ({error}); give a record of plain numbers, as "
            "schedules.AggressiveInTheMoney is for LorenzAlmgren"
        ) from None


def _price(view: View) -> float | None:
    """The mid in currency, or the touch of the one side there is."""
    book = view.book
    ticks = book.mid_ticks
    if ticks is None:
        ticks = next((levels[0].price_ticks for levels in (book.bids, book.asks) if levels), None)
    return None if ticks is None else view.order.instrument.price(ticks)


def _others(view: View) -> int:
    """Lots others have traded since the order's start."""
    return max(0, market_lots(view) - view.executed_lots)


def _imbalance(view: View) -> float:
    """Bids less asks at the touch over both, our own left out, from -1 to 1; 0 where nobody else is there."""
    shown = []
    for levels in (view.book.bids, view.book.asks):
        touch = levels[0] if levels else None
        own = sum(child.open_lots for child in view.live.values() if touch and child.price_ticks == touch.price_ticks)
        shown.append(max(0, touch.lots - own) if touch else 0)
    bids, asks = shown
    return (bids - asks) / (bids + asks) if bids + asks else 0.0


def _blend(before: float, seen: float, kept: float) -> float:
    """An exponentially weighted mean; what was seen where nothing was expected."""
    return seen if math.isnan(before) else kept * before + (1 - kept) * seen
