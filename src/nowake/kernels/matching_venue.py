"""The matching loop for everything a venue offers beyond limit and immediate orders.

Priority is price, then displayed before hidden before pegged to the midpoint, then time. The loop goes in steps, each
of which writes at most a few reports and leaves the engine in a state to go on from: the taker trades with one resting
order, or is done; else a peg that the midpoint moved across something takes; else the next triggered stop enters; else
the next message is read. So a full store of reports may stop it anywhere. Messages without special fields go through
the plain loop's functions while no special order is in the engine.

The rules in words are in docs/matching.md; the plain twin is tests/reference/matching.py."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.matching import OWN_REPORTS, cancel_plain, expect, modify_plain, new_plain
from nowake.kernels.matching_book import (
    enter,
    find,
    forget,
    free,
    has_room,
    order_at,
    price_of,
    report,
    side_of,
    slot_of,
    take_slot,
)
from nowake.kernels.matching_dark import (
    available,
    best_maker,
    is_eligible,
    join,
    queue_of,
    quit_queue,
    return_to_queue,
    set_midpoint,
    total,
)
from nowake.kernels.matching_state import (
    ACKNOWLEDGED,
    BUY,
    CANCEL,
    CANCEL_BOTH,
    CANCEL_NEWEST,
    CANCEL_OLDEST,
    CANCEL_REJECTED,
    CANCELLED,
    CONTEXT,
    COUNTED,
    DETAIL,
    DETAILED,
    DONE,
    DUPLICATE_ID,
    FOK,
    FULL_ORDERS,
    FULL_REPORTS,
    IMMEDIATE,
    IOC,
    KIND_BITS,
    LEVEL,
    MARKET,
    MESSAGE,
    MODIFIED,
    MODIFY,
    MODIFY_REJECTED,
    NEW,
    NOT_RESTING,
    PEG,
    POST_ONLY,
    PREVENTED,
    REJECTED,
    REPLENISHED,
    SELF_MATCH,
    SELL,
    SIDE_BIT,
    SPECIAL,
    STOP,
    TOO_LITTLE,
    TRADE,
    TRAIT,
    TRIGGERED,
    WOULD_TRADE,
)
from nowake.kernels.matching_stops import next_triggered, reaches_stop, trigger, wait_for_stop
from nowake.kernels.memory import at, leaf, tiny

_STEP_REPORTS = 4  # No step writes more.


def run(address: int) -> int:
    """Match the messages from `next_message` on; DONE, or which store is full: grow it and call again."""
    c = at(address, 0, CONTEXT)
    while True:
        if c.report_count + _STEP_REPORTS > c.report_capacity:
            return FULL_REPORTS
        if c.taker != 0:
            _step(c)
        elif c.specials > 0 and _awaken(c):
            continue
        elif c.next_message == c.message_count:
            return DONE
        else:
            if not has_room(c):
                return FULL_ORDERS
            expect(c, c.next_message)
            message = at(c.messages, c.next_message, MESSAGE)
            amends = c.amend_down != 0 and message.what & KIND_BITS == MODIFY
            if c.specials == 0 and message.what & SPECIAL == 0 and not amends:
                if c.report_count + c.live + OWN_REPORTS > c.report_capacity:
                    return FULL_REPORTS
                _plain(c, message)
            else:
                _read(c, message)
            c.next_message += 1


@leaf
def _plain(c: Any, message: Any) -> None:
    kind = message.what & KIND_BITS
    if kind == NEW:
        new_plain(c, message)
    elif kind == CANCEL:
        cancel_plain(c, message)
    else:
        modify_plain(c, message)


@leaf
def _read(c: Any, message: Any) -> None:
    """A message that is special, or that may meet special orders."""
    c.sequence = message.sequence
    slot = slot_of(c, message.order_id)
    kind = message.what & KIND_BITS
    if kind == NEW and slot == 0:
        _new(c, message)
    elif kind == NEW:
        _refuse_new(c, message, DUPLICATE_ID)
    elif slot == 0:
        refused = report(c, CANCEL_REJECTED if kind == CANCEL else MODIFY_REJECTED, BUY, c.sequence, message.order_id)
        refused.reason = NOT_RESTING
    elif kind == CANCEL:
        _report_gone(c, slot, 0)
        quit_queue(c, slot)
        _finish(c, slot)
    else:
        _modify(c, message, slot)


@leaf
def _refuse_new(c: Any, message: Any, reason: int) -> None:
    refused = report(c, REJECTED, np.int64((message.what & SIDE_BIT) != 0), c.sequence, message.order_id)
    refused.reason = reason
    refused.quantity = message.quantity
    if message.what & MARKET == 0:
        refused.price_ticks = price_of(c, np.int64(message.row))


@leaf
def _new(c: Any, message: Any) -> None:
    """Acknowledge a new order; it waits for its stop or becomes the taker."""
    slot = take_slot(c)
    order = order_at(c, slot)
    order.id = message.order_id
    order.open = message.quantity
    order.row = message.row
    order.what = message.what & ~KIND_BITS
    if order.what & SPECIAL:
        _note_traits(c, slot)
    set_midpoint(c)
    if order.what & POST_ONLY and best_maker(c, slot) != 0:
        _refuse_new(c, message, WOULD_TRADE)
        free(c, slot)
        return
    enter(c, find(c, order.id), order.id, slot)
    if order.what & SPECIAL:
        order.what |= COUNTED
        c.specials += 1
    taken_in = report(c, ACKNOWLEDGED, side_of(order), c.sequence, order.id)
    taken_in.quantity = order.open
    taken_in.price_ticks = _limit_of(c, order)
    _wait_or_take(c, slot)


@leaf
def _note_traits(c: Any, slot: int) -> None:
    """Write down what only special orders have; of others the traits are never read."""
    order, trait = order_at(c, slot), at(c.traits, slot, TRAIT)
    detail = at(c.details, c.next_message, DETAIL)
    trait.reserve = 0
    trait.display = detail.display
    trait.min_quantity = order.open if order.what & FOK else detail.min_quantity
    trait.stop_ticks = detail.stop_ticks
    trait.owner = detail.owner
    trait.age = c.ages
    c.ages += 1


@leaf
def _wait_or_take(c: Any, slot: int) -> None:
    """An order that is in no queue waits for its stop, or becomes the taker."""
    order = order_at(c, slot)
    if order.what & STOP == 0:
        _begin(c, slot)
    elif reaches_stop(c, slot):
        _enter_triggered(c, slot)
    else:
        wait_for_stop(c, slot)


@leaf
def _enter_triggered(c: Any, slot: int) -> None:
    """A stop order enters the book: from now on it is what it would be without its stop."""
    order = order_at(c, slot)
    order.what &= ~STOP
    entered = report(c, TRIGGERED, side_of(order), c.sequence, order.id)
    entered.quantity = order.open
    entered.price_ticks = _limit_of(c, order)
    _begin(c, slot)


@leaf
def _begin(c: Any, slot: int) -> None:
    """An order becomes the taker, unless it wants more than there is."""
    set_midpoint(c)
    if order_at(c, slot).what & COUNTED:
        trait = at(c.traits, slot, TRAIT)
        if trait.min_quantity > 0 and available(c, slot, trait.min_quantity) < trait.min_quantity:
            _report_gone(c, slot, TOO_LITTLE)
            _finish(c, slot)
            return
        trait.min_quantity = 0
    c.taker = slot
    c.taker_waits = 0


@leaf
def _modify(c: Any, message: Any, slot: int) -> None:
    """Cancel and insert anew, what is special about the order kept; or reduce it where it stands, if the venue does."""
    order = order_at(c, slot)
    if c.amend_down != 0 and _only_reduces(c, message, slot):
        _report_modified(c, message, order)
        _reduce(c, slot, total(c, slot) - message.quantity)
        return
    quit_queue(c, slot)
    if order.what & POST_ONLY and _would_trade(c, message, slot):
        return_to_queue(c, slot)
        refused = report(c, MODIFY_REJECTED, BUY, c.sequence, message.order_id)
        refused.reason = WOULD_TRADE
        return
    order.open = message.quantity
    order.row = message.row
    order.what = _turned(order, message)
    if order.what & COUNTED:
        _renew_traits(c, message, slot)
    _report_modified(c, message, order)
    _wait_or_take(c, slot)


@leaf
def _only_reduces(c: Any, message: Any, slot: int) -> bool:
    """Whether a modify asks for no more lots, and all else as it is."""
    order = order_at(c, slot)
    if message.quantity > total(c, slot) or (order.what ^ message.what) & SIDE_BIT:
        return False
    if message.what & order.what & STOP == 0:
        has_same_stop = True
    else:
        has_same_stop = at(c.details, c.next_message, DETAIL).stop_ticks == at(c.traits, slot, TRAIT).stop_ticks
    return has_same_stop and (order.what & MARKET != 0 or order.row == message.row)


@leaf
def _would_trade(c: Any, message: Any, slot: int) -> bool:
    """Whether an order that left its queue, so that midpoint and makers are without it, would trade as modified."""
    order = order_at(c, slot)
    row, what = order.row, order.what
    order.row, order.what = message.row, _turned(order, message)
    set_midpoint(c)
    meets = best_maker(c, slot) != 0
    order.row, order.what = row, what
    return meets


@leaf
def _renew_traits(c: Any, message: Any, slot: int) -> None:
    """A special order is inserted anew: what it wants at once holds again only while it waits for its stop."""
    order, trait = order_at(c, slot), at(c.traits, slot, TRAIT)
    trait.reserve = 0
    if order.what & STOP == 0:
        trait.min_quantity = 0
    else:
        _renew_least(order, trait)
    if message.what & STOP and order.what & STOP:
        trait.stop_ticks = at(c.details, c.next_message, DETAIL).stop_ticks
    trait.age = c.ages
    c.ages += 1


@tiny
def _renew_least(order: Any, trait: Any) -> None:
    """What a waiting order wants at once follows its lots."""
    trait.min_quantity = order.open if order.what & FOK else min(trait.min_quantity, order.open)


@tiny
def _turned(order: Any, message: Any) -> int:
    """The order's bits, with the message's side."""
    return (order.what & ~SIDE_BIT) | (message.what & SIDE_BIT)


@leaf
def _report_modified(c: Any, message: Any, order: Any) -> None:
    """Of an order whose row is the new one."""
    changed = report(c, MODIFIED, np.int64((message.what & SIDE_BIT) != 0), c.sequence, message.order_id)
    changed.price_ticks = _limit_of(c, order)
    changed.quantity = message.quantity


@leaf
def _reduce(c: Any, slot: int, lots: int) -> None:
    """An order loses lots in place: first those it does not show."""
    order = order_at(c, slot)
    if order.what & STOP:
        order.open -= lots
        _renew_least(order, at(c.traits, slot, TRAIT))
        return
    if order.what & DETAILED:
        trait = at(c.traits, slot, TRAIT)
        unseen = min(lots, trait.reserve)
        trait.reserve -= unseen
        lots -= unseen
    order.open -= lots
    queue_of(c, slot).quantity -= lots


# The taker.


@leaf
def _step(c: Any) -> None:
    """The taker meets the best resting order, or is done."""
    taker = order_at(c, c.taker)
    slot = best_maker(c, c.taker)
    if slot == 0:
        _settle_rest(c)
        return
    maker = order_at(c, slot)
    meets_own = _owner(c, c.taker) != 0 and _owner(c, c.taker) == _owner(c, slot)
    if meets_own and c.self_match <= CANCEL_BOTH:
        if c.self_match != CANCEL_NEWEST:
            _report_gone(c, slot, SELF_MATCH)
            quit_queue(c, slot)
            _finish(c, slot)
        if c.self_match != CANCEL_OLDEST:
            _report_gone(c, c.taker, SELF_MATCH)
            _drop_taker(c)
        return
    traded = min(taker.open, maker.open)
    met = report(c, PREVENTED if meets_own else TRADE, side_of(taker), c.sequence, taker.id)
    if maker.what & PEG:
        met.price_ticks, met.half = c.mid_ticks, c.mid_half
    else:
        met.price_ticks = price_of(c, np.int64(maker.row))
    met.quantity = traded
    met.maker_id, met.taker_id = np.uint64(maker.id), np.uint64(taker.id)
    if not meets_own:
        c.last_known, c.last_ticks, c.last_half = 1, met.price_ticks, np.int64(met.half)
        trigger(c)
    maker.open -= traded
    queue_of(c, slot).quantity -= traded
    if maker.open == 0:
        _exhaust(c, slot)
    taker.open -= traded
    if c.taker_waits != 0:
        queue_of(c, c.taker).quantity -= traded
    if taker.open == 0:
        _drop_taker(c)


@tiny
def _owner(c: Any, slot: int) -> int:
    if order_at(c, slot).what & DETAILED == 0:
        return 0
    return at(c.traits, slot, TRAIT).owner


@leaf
def _exhaust(c: Any, slot: int) -> None:
    """What an order showed is gone: an iceberg shows a new tip at the tail of its queue, another is done."""
    order = order_at(c, slot)
    quit_queue(c, slot)
    if order.what & DETAILED == 0 or at(c.traits, slot, TRAIT).reserve == 0:
        _finish(c, slot)
        return
    trait = at(c.traits, slot, TRAIT)
    order.open = min(trait.display, trait.reserve)
    trait.reserve -= order.open
    join(c, slot)
    shown = report(c, REPLENISHED, side_of(order), c.sequence, order.id)
    shown.price_ticks = price_of(c, np.int64(order.row))
    shown.quantity = order.open


@leaf
def _settle_rest(c: Any) -> None:
    """The taker found nobody more: what is left rests, or is cancelled."""
    slot = c.taker
    order = order_at(c, slot)
    c.taker = 0
    if c.taker_waits != 0:
        return
    if order.what & (IOC | MARKET | FOK):
        _report_gone(c, slot, IMMEDIATE)
        _finish(c, slot)
        return
    if order.what & DETAILED:
        trait = at(c.traits, slot, TRAIT)
        if 0 < trait.display < order.open:
            trait.reserve = order.open - trait.display
            order.open = trait.display
    join(c, slot)


@leaf
def _drop_taker(c: Any) -> None:
    """The taker is done; a peg that kept its place leaves it."""
    if c.taker_waits != 0:
        quit_queue(c, c.taker)
    _finish(c, c.taker)
    c.taker = 0


@leaf
def _finish(c: Any, slot: int) -> None:
    """An order that is in no queue is forgotten."""
    order = order_at(c, slot)
    forget(c, order.id, slot)
    if order.what & COUNTED:
        c.specials -= 1
    free(c, slot)


@leaf
def _report_gone(c: Any, slot: int, reason: int) -> None:
    """An order is cancelled, with all it has left."""
    order = order_at(c, slot)
    gone = report(c, CANCELLED, side_of(order), c.sequence, order.id)
    gone.reason = reason
    gone.price_ticks = _limit_of(c, order)
    gone.quantity = total(c, slot)


@tiny
def _limit_of(c: Any, order: Any) -> int:
    """An order's price; 0 where it has no limit."""
    if order.what & MARKET:
        return 0
    return price_of(c, np.int64(order.row))


# Between takers.


@leaf
def _awaken(c: Any) -> bool:
    """Make the next order the taker that may trade without a message: a peg the midpoint moved, or a triggered stop."""
    if c.peg_count > 0:
        set_midpoint(c)
        slot = _crossing_peg(c)
        if slot != 0:
            c.taker = slot
            c.taker_waits = 1
            return True
    slot = next_triggered(c)
    if slot == 0:
        return False
    _enter_triggered(c, slot)
    return True


@leaf
def _crossing_peg(c: Any) -> int:
    """A peg whose midpoint reaches a hidden order or another peg: of two pegs, the one that came later."""
    buyer, seller = _first_eligible(c, BUY), _first_eligible(c, SELL)
    if buyer != 0 and c.dark_ask < c.rows and price_of(c, c.dark_ask) <= c.mid_ticks:
        return buyer
    if seller != 0 and c.dark_bid >= 0 and price_of(c, c.dark_bid) >= c.mid_ticks + c.mid_half:
        return seller
    if buyer == 0 or seller == 0:
        return 0
    return buyer if at(c.traits, buyer, TRAIT).age > at(c.traits, seller, TRAIT).age else seller


@leaf
def _first_eligible(c: Any, side: int) -> int:
    slot = np.int64(at(c.pegs, side, LEVEL).head)
    while slot != 0 and not is_eligible(c, order_at(c, slot)):
        slot = np.int64(order_at(c, slot).next)
    return slot
