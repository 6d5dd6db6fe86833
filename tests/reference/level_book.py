"""The level book in plain dictionaries, slow and obvious: what nowake.sim.level_book must equal after every instant.

Here every level keeps its books all the time and closes them after every instant; the compiled one only watches some
levels, and closes late."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from nowake.kernels import layout, state
from nowake.sim.queue_models import share_behind
from tests.reference.book import PlainBook


@dataclass
class Level:
    hist: int = 0  # Lots history displays.
    taken: int = 0  # Lots of it we took.
    kept: int = 0  # Lots we had taken when history was cleared.
    credit: int = 0  # Lots traded that no level message has shown gone yet.
    gone: int = 0  # Lots gone in this instant that no trade explains.
    told: bool = False  # Whether a level message came in this instant.

    @property
    def shown(self) -> int:
        return self.hist - self.taken


@dataclass(eq=False)
class Own:
    id: int
    side: int
    price: int
    lots: int
    ahead: float


@dataclass
class PlainLevelBook(PlainBook):
    """A PlainBook whose history comes as levels and trades: only what differs is here."""

    model: object = None
    levels: dict[int, dict[int, Level]] = field(default_factory=lambda: {1: {}, -1: {}})
    own: list[Own] = field(default_factory=list)

    # Our commands.

    def place(self, child_id, *, side, price_ticks, lots, immediate=False, post_only=False):
        if self.is_halted:
            return state.NOT_CONTINUOUS, lots
        if not self.lowest_ticks <= price_ticks <= self.highest_ticks:
            return state.PRICE_OUT_OF_RANGE, lots
        if any(order.side != side and side * (price_ticks - order.price) >= 0 for order in self.own):
            return state.WOULD_CROSS_SELF, lots
        reachable = [price for price in self.prices(-side, self.reach) if side * (price_ticks - price) >= 0]
        if post_only and any(self.lots_at(-side, price, of_others=True) for price in reachable):
            return state.WOULD_TAKE, lots
        for price in reachable:
            level = self.level(-side, price)
            traded = min(lots, max(0, level.shown - level.credit))
            if traded:
                level.taken += traded
                lots -= traded
                self.count(price, traded)
                self.fills.append((self.venue_ns, child_id, traded, lots, price, 0, None))
        if lots and not immediate:
            ahead = float(self.level(side, price_ticks).shown) if self.is_known(side, price_ticks) else math.inf
            self.own.append(Own(child_id, side, price_ticks, lots, ahead))
        return state.ACCEPTED, lots

    def is_known(self, side, price):
        better = [at for at, level in self.levels[side].items() if level.hist and side * (at - price) > 0]
        return not self.reach or len(better) < self.reach

    def reduce(self, child_id, lots):
        for order in self.own:
            if order.id == child_id:
                order.lots = min(order.lots, lots)
                return order.lots
        return None

    def withdraw(self, child_id):
        for order in self.own:
            if order.id == child_id:
                self.own.remove(order)
                return order.lots
        return None

    # One event of history.

    def apply(self, event):
        _, _, lots, price, kind, side, _ = event
        side = 1 if side > 0 else (-1 if side < 0 else 0)
        if kind == layout.LEVEL and lots >= 0:
            self.tell(side or -1, price, lots)
        elif kind == layout.TRADE and lots > 0:
            self.count(price, lots)
            side = side or self.side_reached(price)
            if side:
                self.trade(side, price, lots)
        elif kind in (layout.HALT, layout.RESUME):
            self.is_halted = kind == layout.HALT
        elif kind == layout.CLEAR:
            self.clear()
        elif kind in (layout.PRINT_CROSS, layout.PRINT_HIDDEN) and lots > 0:
            self.count(price, lots)
            if kind == layout.PRINT_HIDDEN and side:
                self.fill_better(side, price, lots, tape_ticks=price, also_at_price=True)
        else:
            self.phantoms += 1
        following = self.events[self.next_event + 1 : self.next_event + 2]
        if not following or following[0][0] > self.venue_ns:
            self.settle()
            self.close_instant()

    def tell(self, side, price, lots):
        level = self.level(side, price)
        lost = max(0, level.hist - lots)
        explained = min(lost, level.credit)
        level.credit -= explained
        level.gone += lost - explained
        if not self.queue(side, price):  # Nobody there whose place depends on which lots went.
            level.credit = level.gone = 0
        level.taken = min(level.taken + level.kept, lots)
        level.kept, level.hist, level.told = 0, lots, True

    def trade(self, side, price, lots):
        rest = self.fill_better(side, price, lots, tape_ticks=price)
        level = self.level(side, price)
        ours = [order for order in self.own if (order.side, order.price) == (side, price)]
        if ours or not level.told:
            explained = min(level.gone, lots)
            level.gone -= explained
            level.credit += lots - explained
        for order in ours:
            reaching = math.floor(max(0.0, rest - order.ahead))
            order.ahead = max(0.0, order.ahead - lots)
            rest -= self.fill(order, reaching, tape_ticks=price)

    def side_reached(self, price):
        bid, ask = self.touch(reach=0)
        hits_bid, hits_ask = bid is not None and price <= bid, ask is not None and price >= ask
        return hits_bid - hits_ask

    def clear(self):
        """A level that displays lots, or where ours stand, is forgotten but for what we took of it."""
        self.settle()
        for side in (1, -1):
            for price, level in self.levels[side].items():
                if level.hist or self.queue(side, price):
                    level.kept += level.taken
                    level.credit = 0 if level.told else level.credit
                    level.hist = level.taken = level.gone = 0
                level.told = False

    # After every instant.

    def settle(self):
        """What no trade explains was cancelled; ours stay in order and within what is displayed."""
        for side in (1, -1):
            for price, level in self.levels[side].items():
                least = 0.0
                for order in self.own:
                    if (order.side, order.price) == (side, price) and level.told:
                        if level.gone and order.ahead:
                            order.ahead = self.after_cancel(order.ahead, level.shown, float(level.gone))
                        order.ahead = least = max(least, min(order.ahead, float(level.shown)))
                if self.queue(side, price):
                    level.gone = 0

    def after_cancel(self, ahead, shown, cancelled):
        behind = max(0.0, shown + cancelled - ahead)
        share = share_behind(self.model, ahead=ahead, behind=behind)
        left = ahead - (1 - share) * cancelled + min(behind - share * cancelled, 0.0)
        return min(max(left, 0.0), ahead)

    def close_instant(self):
        for level in self.everywhere():
            if level.told:
                level.credit, level.gone, level.told = 0, 0, False

    def uncross(self):
        for side in (1, -1):
            for price in self.prices(side, self.reach):
                level = self.level(side, price)
                level.taken += self.cross_own(side, price, max(0, level.shown - level.credit))

    def cross_own(self, side, price, lots):
        fills_before = len(self.fills)
        left = self.fill_better(-side, price, lots, tape_ticks=None, also_at_price=True)
        for fill in self.fills[fills_before:]:
            self.count(fill[4], fill[2])
        return lots - left

    # Parts.

    def fill_better(self, side, price, lots, *, tape_ticks, also_at_price=False):
        ours = [order for order in self.own if order.side == side]
        for order in sorted(ours, key=lambda order: -side * order.price):
            if side * (order.price - price) > 0 or (also_at_price and order.price == price):
                lots -= self.fill(order, lots, tape_ticks=tape_ticks)
        return lots

    def fill(self, order, lots, *, tape_ticks):
        traded = min(lots, order.lots) if not self.is_halted else 0
        if traded:
            order.lots -= traded
            self.fills.append((self.venue_ns, order.id, traded, order.lots, order.price, 1, tape_ticks))
            if not order.lots:
                self.own.remove(order)
        return traded

    def level(self, side, price):
        return self.levels[side].setdefault(price, Level())

    def everywhere(self):
        return [level for levels in self.levels.values() for level in levels.values()]

    def lots_at(self, side, price, *, of_others=False):
        ours = sum(order.lots for order in self.own if (order.side, order.price) == (side, price))
        return self.level(side, price).shown + (0 if of_others else ours)

    def prices(self, side, reach=0):
        shown = {price for price, level in self.levels[side].items() if level.shown}
        shown |= {order.price for order in self.own if order.side == side}
        if reach:
            known = {price for price, level in self.levels[side].items() if level.hist}
            shown = {price for price in shown if sum(side * (level - price) >= 0 for level in known) <= reach}
        return sorted(shown, key=lambda price: -side * price)

    def queue(self, side, price):
        return [(state.OWN, o.id, o.lots, 0) for o in self.own if (o.side, o.price) == (side, price)]

    def lots_ahead(self, child_id):
        return next((order.ahead for order in self.own if order.id == child_id), None)
