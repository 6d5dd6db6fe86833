"""What every scheduled algorithm shares: how much must be taken now, how much may rest, and at which price.

An algorithm supplies one curve, `target_lots(time)`, the lots that should be done by an instant. The window is cut
into slices. Lots due by the end of the running slice rest at the near touch, earning the spread; lots that an ended
slice left undone are taken at the far touch, as much as is displayed there, again and again until caught up. Slice
ends move in time and the lots due at them in size by draws from the seed, so that nobody can set a clock by us; the
first and last are exact, so no lot is lost.

What it ignores: it reads no signal, and it takes at most what the touch displays, so hidden size is found by luck."""

from __future__ import annotations

import math

import msgspec

from nowake.domain.book import Level
from nowake.domain.decider import Decision, Intent, Reason, View, Wake
from nowake.domain.errors import BadParameter
from nowake.domain.event import MarketPhase
from nowake.domain.order import ParentOrder, TimeInForce
from nowake.domain.randomness import draw
from nowake.domain.side import Side

_WHY_IDLE = {
    MarketPhase.HALTED: Reason.HALTED,
    MarketPhase.CLOSED: Reason.MARKET_CLOSED,
    MarketPhase.ENDED: Reason.DATA_ENDED,
}
_TIME, _SIZE = 1, 2  # Keys that keep the draws for slice ends and slice sizes apart.


class Pacing(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Parameters of every algorithm, by the names brokers use, in Python spelling.

    Parameters
    ----------
    min_pct_vol, max_pct_vol
        Bounds on our share of market volume since the start, our own included, as fractions. The maximum is hard:
        it holds after every fill, and a residual it causes is reported. 0 and 1 switch them off.
    no_take_liq
        Never take: every order is post-only, and one that the market moves onto while it is under way is refused.
    catch_up
        Take what ended slices left undone. Without it shortfalls wait for the completion phase.
    force_completion
        In the last part of the window take whatever is left, evenly.
    completion_share
        How large that last part is, as a fraction of the window.
    display_size
        Most lots shown at once, or None.
    randomize_time, randomize_size
        How far slice ends and slice sizes are moved, as a fraction of a slice (0 = not at all).
    """

    min_pct_vol: float = 0.0
    max_pct_vol: float = 1.0
    no_take_liq: bool = False
    catch_up: bool = True
    force_completion: bool = True
    completion_share: float = 0.02
    display_size: int | None = None
    randomize_time: float = 0.2
    randomize_size: float = 0.2

    def __post_init__(self) -> None:
        for name in ("min_pct_vol", "max_pct_vol", "randomize_time", "randomize_size", "completion_share"):
            check_fraction(name, getattr(self, name))
        if self.max_pct_vol == 0.0:
            raise BadParameter("max_pct_vol 0.0 would never trade; give a fraction above 0 and up to 1")
        if self.min_pct_vol > self.max_pct_vol:
            raise BadParameter(f"min_pct_vol {self.min_pct_vol} is above max_pct_vol {self.max_pct_vol}; swap them")
        if self.display_size is not None and self.display_size < 1:
            raise BadParameter(f"display_size {self.display_size} must be 1 lot or more")
        if self.no_take_liq and self.min_pct_vol > 0:
            raise BadParameter(f"min_pct_vol {self.min_pct_vol} cannot be kept with no_take_liq; drop one of them")


class Need(msgspec.Struct, frozen=True, gc=False):
    """What an algorithm wants done at this moment.

    `overdue` lots are to be taken now, for `overdue_reason`; `resting` lots may wait at the near touch, for
    `resting_reason`; `next_ns` and `next_volume_lots` say when either will change by itself.
    """

    overdue: int
    resting: int
    overdue_reason: Reason = Reason.BEHIND_SCHEDULE
    resting_reason: Reason = Reason.ON_SCHEDULE
    next_ns: int | None = None
    next_volume_lots: int | None = None


def check_fraction(name: str, value: float) -> None:
    """Raise BadParameter unless 0 <= value <= 1 (NaN is neither)."""
    if not 0.0 <= value <= 1.0:
        raise BadParameter(f"{name} {value} must be a fraction between 0 and 1")


def before_or_after(view: View, order: ParentOrder) -> Decision | None:
    """The decision where there is nothing to work: not started, complete, over, or halted; None while working."""
    if view.remaining_lots <= 0:
        return Decision(reason=Reason.COMPLETE, done=True)
    if view.now_ns >= order.end_ns:
        return Decision(reason=Reason.WINDOW_OVER, done=True)
    if view.now_ns < order.start_ns:
        return Decision(reason=Reason.NOT_STARTED, wake=Wake(time_ns=order.start_ns))
    if view.phase is not MarketPhase.CONTINUOUS:
        return Decision(reason=_WHY_IDLE[view.phase], wake=Wake(time_ns=order.end_ns, on_touch=True))
    return None


def completion_lots(pacing: Pacing, order: ParentOrder, now_ns: int, due_lots: float) -> float:
    """Lots that must be done by now for the order to complete: `due_lots` until the last part of the window,
    then in a straight line to all of them shortly before the end."""
    length_ns = order.duration_ns * pacing.completion_share
    if not pacing.force_completion or length_ns <= 0:
        return due_lots
    begins_ns = order.end_ns - length_ns
    if now_ns < begins_ns:
        return due_lots
    # The last tenth of the phase is left for what the touch did not display the first time.
    progress = min(1.0, (now_ns - begins_ns) / (0.9 * length_ns))
    return max(due_lots, order.lots * progress)


def decide(pacing: Pacing, order: ParentOrder, view: View, need: Need, *, memo: object = None) -> Decision:
    """Turn a need into orders: capped by participation, priced at the touch, never through the limit."""
    room = _room(pacing, view)
    floor = math.ceil(pacing.min_pct_vol * market_lots(view)) - view.executed_lots
    overdue, reason = need.overdue, need.overdue_reason
    if floor > overdue:
        overdue, reason = floor, Reason.BEHIND_MIN_RATE
    wanted = max(0, min(overdue, view.remaining_lots))
    taken = 0 if pacing.no_take_liq else min(wanted, room)
    rested = max(0, min(wanted + need.resting, view.remaining_lots, room) - taken)
    intents, obstacle = [], None
    if taken:
        take = _take(order, view, taken, reason)
        if take is None:
            rested += taken  # Nothing to take within the limit: wait for it at the limit.
            obstacle = Reason.EMPTY_BOOK if view.book.touch(Side(-order.side)) is None else Reason.PRICE_LIMIT
        else:
            intents.append(take)
    if rested:
        shown = rested if pacing.display_size is None else min(rested, pacing.display_size)
        rest = _rest(order, view, shown, need.resting_reason, post_only=pacing.no_take_liq)
        if rest is None:
            obstacle = obstacle or Reason.EMPTY_BOOK
        else:
            intents.append(rest)
            near = touch_without_own(view, order.side)
            if near is not None and not order.allows(near.price_ticks):
                obstacle = Reason.PRICE_LIMIT  # It rests behind the market, at the limit.
    capped = wanted + need.resting > 0 and room < wanted + max(0, need.resting)
    why = obstacle or (Reason.RATE_CAP if capped else intents[0].reason if intents else Reason.AHEAD)
    return Decision(working=tuple(intents), wake=_wake(pacing, order, view, need), reason=why, memo=memo)


def market_lots(view: View) -> int:
    """Market volume since the parent's start, our own included."""
    return view.volume_lots - view.start_volume_lots


def _room(pacing: Pacing, view: View) -> int:
    """Lots that may execute now with our share of volume still at or below the maximum afterwards.

    executed + q <= share * (volume + q), for our own lots are volume too. What we are taking just now may be in the
    volume before we hear of it, so it is left out. Exact where news of our fills is as quick as the market's.
    """
    if pacing.max_pct_vol >= 1.0:
        return view.remaining_lots
    taking = sum(child.open_lots for child in view.live.values() if child.time_in_force is TimeInForce.IOC)
    spare = pacing.max_pct_vol * (market_lots(view) - taking) - view.executed_lots
    return max(0, min(view.remaining_lots, math.floor(spare / (1.0 - pacing.max_pct_vol) + 1e-9)))


def _take(order: ParentOrder, view: View, lots: int, reason: Reason) -> Intent | None:
    """Take up to what the far touch displays, or None where there is nothing within the limit."""
    far = view.book.touch(Side(-order.side))
    if far is None or not order.allows(far.price_ticks):
        return None
    return Intent(order.side, min(lots, far.lots), far.price_ticks, reason, TimeInForce.IOC)


def _rest(order: ParentOrder, view: View, lots: int, reason: Reason, *, post_only: bool) -> Intent | None:
    """Join the near touch, or the limit where that is worse; None where no price can be told."""
    near = touch_without_own(view, order.side)
    if near is None:
        far = view.book.touch(Side(-order.side))
        if far is None and order.limit_ticks is None:
            return None
        price_ticks = order.limit_ticks if far is None else far.price_ticks - order.side
    else:
        price_ticks = near.price_ticks
    assert price_ticks is not None
    if order.limit_ticks is not None:
        price_ticks = min(price_ticks, order.limit_ticks) if order.side > 0 else max(price_ticks, order.limit_ticks)
    return Intent(order.side, lots, price_ticks, reason, post_only=post_only)


def touch_without_own(view: View, side: Side) -> Level | None:
    """Best level of a side that others display: we do not chase our own order."""
    for level in view.book.bids if side == Side.BUY else view.book.asks:
        own = sum(child.open_lots for child in view.live.values() if child.price_ticks == level.price_ticks)
        if level.lots > own:
            return level
    return view.book.touch(side)


def _wake(pacing: Pacing, order: ParentOrder, view: View, need: Need) -> Wake:
    """On a touch change, at the next slice, and through the completion phase a hundred times."""
    times = [order.end_ns]
    if need.next_ns is not None:
        times.append(need.next_ns)
    if pacing.force_completion:
        length_ns = int(order.duration_ns * pacing.completion_share)
        begins_ns = order.end_ns - length_ns
        times.append(begins_ns if view.now_ns < begins_ns else view.now_ns + max(1, length_ns // 100))
    coming = [time_ns for time_ns in times if time_ns > view.now_ns]
    return Wake(time_ns=min(coming, default=None), on_touch=True, volume_lots=need.next_volume_lots)


def slice_end_ns(pacing: Pacing, order: ParentOrder, seed: int, *, index: int, slices: int) -> int:
    """When slice `index` (1 to `slices`) ends: on the grid, moved by up to half `randomize_time` of a slice."""
    on_grid = order.duration_ns * index // slices
    if index in {0, slices}:
        return order.start_ns + on_grid
    shift = slice_end_shift(pacing, seed, index=index) * order.duration_ns / slices
    return order.start_ns + on_grid + round(shift)


def slice_end_shift(pacing: Pacing, seed: int, *, index: int) -> float:
    """By which fraction of a slice the end of slice `index` is moved: within +-randomize_time / 2."""
    return (draw(seed, _TIME, index) - 0.5) * pacing.randomize_time


def size_shift(pacing: Pacing, seed: int, *, index: int, slices: int) -> float:
    """By which fraction of a slice the lots due at the end of slice `index` are moved: within +-randomize_size / 2."""
    if index in {0, slices}:
        return 0.0
    return (draw(seed, _SIZE, index) - 0.5) * pacing.randomize_size
