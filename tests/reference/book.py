"""The order-by-order book in plain lists, slow and obvious: what nowake.sim.book must equal after every instant."""

from __future__ import annotations

from dataclasses import dataclass, field

from nowake.kernels import layout, state


@dataclass(eq=False)
class Order:
    kind: int  # NAMED, ANONYMOUS or OWN of nowake.kernels.state.
    id: int
    hist: int  # Lots history says remain; of ours, open lots.
    taken: int = 0  # Lots of it we took.

    @property
    def displayed(self) -> int:
        return max(0, self.hist - self.taken)


@dataclass
class PlainBook:
    """Queues are lists, first in the queue first: queues[side][price]. Sides are +1 bids and -1 asks."""

    events: list[tuple]
    lowest_ticks: int = -(10**9)
    highest_ticks: int = 10**9
    reach: int = 0
    queues: dict[int, dict[int, list[Order]]] = field(default_factory=lambda: {1: {}, -1: {}})
    fills: list[tuple] = field(default_factory=list)
    venue_ns: int = -(1 << 62)
    next_event: int = 0
    volume_lots: int = 0
    turnover: int = 0
    phantoms: int = 0
    crossed_instants: int = 0
    is_halted: bool = False
    report_lag_ns: int = 1 << 62
    marked: tuple = (None, None)
    to_mark: bool = False
    tape_ticks: int | None = None

    # What is to be done.

    def run(self, until_ns, *, on_touch=False, volume_lots=None, bid_at_least_ticks=None, ask_at_most_ticks=None):
        halted_before = self.is_halted
        if self.to_mark:
            self.marked, self.to_mark = self.touch(), False

        def wakes():
            reached = volume_lots is not None and self.volume_lots >= volume_lots
            bid, ask = self.touch()
            reached |= bid_at_least_ticks is not None and bid is not None and bid >= bid_at_least_ticks
            reached |= ask_at_most_ticks is not None and ask is not None and ask <= ask_at_most_ticks
            return reached or self.is_halted != halted_before or (on_touch and (bid, ask) != self.marked)

        if wakes():
            return True
        while self.next_event < len(self.events) and self.events[self.next_event][0] <= until_ns:
            self.venue_ns = self.events[self.next_event][0]
            fills_before = len(self.fills)
            while self.next_event < len(self.events) and self.events[self.next_event][0] == self.venue_ns:
                self.apply(self.events[self.next_event])
                self.next_event += 1
            bid, ask = self.touch(reach=0)
            self.crossed_instants += bid is not None and ask is not None and bid >= ask
            if not self.is_halted:
                self.uncross()
            if len(self.fills) > fills_before:
                until_ns = min(until_ns, self.venue_ns + self.report_lag_ns)
            if wakes():
                return True
        self.venue_ns = max(self.venue_ns, until_ns)
        return False

    def mark_touch(self):
        self.to_mark = True

    def place(self, child_id, *, side, price_ticks, lots, immediate=False, post_only=False):
        if self.is_halted:
            return state.NOT_CONTINUOUS, lots
        if not self.lowest_ticks <= price_ticks <= self.highest_ticks:
            return state.PRICE_OUT_OF_RANGE, lots
        reachable = [price for price in self.prices(-side, self.reach) if side * (price_ticks - price) >= 0]
        if any(order.kind == state.OWN and side * (price_ticks - at) >= 0 for order, at in self.members(-side)):
            return state.WOULD_CROSS_SELF, lots
        if post_only and reachable:
            return state.WOULD_TAKE, lots
        self.tape_ticks = None
        for price in reachable:
            for order in self.queue_of(-side, price):
                traded = min(lots, order.displayed)
                if traded:
                    order.taken += traded
                    lots -= traded
                    self.count(price, traded)
                    self.fills.append((self.venue_ns, child_id, traded, lots, price, 0, self.tape_ticks))
        if lots and not immediate:
            self.queue_of(side, price_ticks).append(Order(state.OWN, child_id, lots))
        return state.ACCEPTED, lots

    def reduce(self, child_id, lots):
        for _, _, _, order in self.everyone():
            if order.kind == state.OWN and order.id == child_id:
                order.hist = min(order.hist, lots)
                return order.hist
        return None

    def withdraw(self, child_id):
        for _, _, queue, order in self.everyone():
            if order.kind == state.OWN and order.id == child_id:
                queue.remove(order)
                return order.hist
        return None

    # One event of history.

    def apply(self, event):
        _, order_id, lots, price, kind, side, flags = event
        known = self.find(order_id)
        if kind in (layout.HALT, layout.RESUME, layout.CLEAR):
            self.change_all(kind)
        elif lots < 0 or (lots == 0 and kind not in (layout.DELETE, layout.RESYNC)) or not 1 <= kind <= 9:
            self.phantoms += 1
        elif kind in (layout.PRINT_CROSS, layout.PRINT_HIDDEN):
            self.count(price, lots)
            self.tape_ticks = price
            if kind == layout.PRINT_HIDDEN:
                self.fill_own_better(side, price, lots, also_at_price=True)
        elif kind == layout.RESYNC:
            self.resync(side, price, lots)
        elif kind == layout.ADD:
            if known:
                self.phantoms += 1
                known[3].kind, known[3].id = state.ANONYMOUS, 0
            order = Order(state.NAMED if order_id else state.ANONYMOUS, order_id, lots)
            if flags & layout.SNAPSHOT:
                self.add_seen(side, price, order)
            else:
                self.add(side, price, lots, order)
        elif kind == layout.EXECUTE:
            self.execute(known, side, price, lots)
        elif known is None:
            self.cancel_unknown(side, price, lots)
        else:
            self.cancel(known, lots, whole=kind == layout.DELETE)

    def cancel(self, known, lots, *, whole):
        """The level loses exactly `lots` (0: all of the order), whoever is found to have them."""
        side, price, queue, order = known
        lots = lots or order.hist
        excess = max(0, lots - order.hist)
        order.hist -= lots - excess
        if not order.hist:
            queue.remove(order)
        elif whole:
            order.kind, order.id = state.ANONYMOUS, 0
        if excess:
            self.cancel_unknown(side, price, excess)

    def add(self, side, price, lots, order):
        order.taken = self.cross_own(side, price, lots)
        self.queue_of(side, price).append(order)

    def add_seen(self, side, price, order):
        """An order of a picture stands ahead of ours and takes nothing by itself."""
        queue = self.queue_of(side, price)
        ours = [place for place, other in enumerate(queue) if other.kind == state.OWN]
        queue.insert(ours[0] if ours else len(queue), order)

    def change_all(self, kind):
        """Trading stops or goes on, or nothing of history is left."""
        if kind != layout.CLEAR:
            self.is_halted = kind == layout.HALT
            return
        for _, _, queue, order in self.everyone():
            if order.kind != state.OWN:
                queue.remove(order)

    def cross_own(self, side, price, lots):
        """Lots of a side at a price fill ours of the other side that they reach; how many."""
        fills_before = len(self.fills)
        self.tape_ticks = None
        left = self.fill_own_better(-side, price, lots, also_at_price=True)
        for fill in self.fills[fills_before:]:
            self.count(fill[4], fill[2])
        return lots - left

    def uncross(self):
        """What is displayed within reach and crosses ours fills them at our prices."""
        for side in (1, -1):
            for price in self.prices(side, self.reach):
                for order in self.queue_of(side, price):
                    if order.kind != state.OWN:
                        order.taken += self.cross_own(side, price, order.displayed)

    def execute(self, known, side, price, lots):
        """History executes `lots` of one order, or of the anonymous orders of a level. `rest` is the taker's hunger."""
        if known:
            side, price, _, order = known
            victims = [order]
        else:
            victims = [order for order in self.queue_of(side, price) if order.kind == state.ANONYMOUS]
        self.count(price, lots)
        self.tape_ticks = price
        rest = self.fill_own_better(side, price, lots)
        queue = list(self.queue_of(side, price))
        behind = len(queue)
        for order in victims:
            if not lots:
                break
            behind = queue.index(order) + 1
            for ours in queue[: behind - 1]:
                rest -= self.fill_own(side, price, ours, rest)
            rest -= min(rest, order.displayed)
            executed = min(lots, order.hist)
            lots -= executed
            order.hist -= executed
            if not order.hist:
                self.queue_of(side, price).remove(order)
        rest = max(0, rest - lots)  # Lots nobody told us of: they were there, and the taker had them.
        for order in queue[behind:]:
            if order.kind == state.OWN:
                rest -= self.fill_own(side, price, order, rest)
            else:
                traded = min(rest, order.displayed)
                order.taken += traded
                rest -= traded
        if lots and known:
            self.cancel_unknown(side, price, lots)
        elif lots:
            self.phantoms += 1
            self.cut(side, price, lots, kinds=(state.NAMED,), from_tail=False)

    def cancel_unknown(self, side, price, lots):
        left = self.cut(side, price, lots, kinds=(state.ANONYMOUS,))
        if left or not lots:
            self.phantoms += 1
            self.cut(side, price, left, kinds=(state.NAMED,))

    def resync(self, side, price, lots):
        recorded = sum(order.hist for order in self.queue_of(side, price) if order.kind != state.OWN)
        if lots > recorded:
            self.add(side, price, lots - recorded, Order(state.ANONYMOUS, 0, lots - recorded))
        else:
            self.cut(side, price, recorded - lots, kinds=(state.ANONYMOUS, state.NAMED))

    # Parts.

    def cut(self, side, price, lots, *, kinds, from_tail=True):
        queue = self.queue_of(side, price)
        for order in list(reversed(queue)) if from_tail else list(queue):
            if order.kind in kinds:
                cut = min(lots, order.hist)
                order.hist -= cut
                lots -= cut
                if not order.hist:
                    queue.remove(order)
        return lots

    def fill_own_better(self, side, price, lots, *, also_at_price=False):
        """A taker of `lots` meets our orders on a side at better prices than `price`; what is left of it."""
        for at in self.prices(side):
            if side * (at - price) > 0 or (also_at_price and at == price):
                for order in list(self.queue_of(side, at)):
                    lots -= self.fill_own(side, at, order, lots)
        return lots

    def fill_own(self, side, price, order, lots):
        traded = min(lots, order.hist) if order.kind == state.OWN and not self.is_halted else 0
        if traded:
            order.hist -= traded
            self.fills.append((self.venue_ns, order.id, traded, order.hist, price, 1, self.tape_ticks))
            if not order.hist:
                self.queue_of(side, price).remove(order)
        return traded

    def count(self, price, lots):
        self.volume_lots += lots
        self.turnover += price * lots

    def queue_of(self, side, price):
        return self.queues[side].setdefault(price, [])

    def everyone(self):
        return [
            (side, price, queue, order)
            for side, levels in self.queues.items()
            for price, queue in levels.items()
            for order in queue
        ]

    def find(self, order_id):
        named = [found for found in self.everyone() if found[3].kind == state.NAMED and found[3].id == order_id]
        return named[0] if named else None

    def lots_at(self, side, price, *, of_others=False):
        return sum(
            order.displayed for order in self.queue_of(side, price) if not (of_others and order.kind == state.OWN)
        )

    def members(self, side):
        return [(order, price) for price, queue in self.queues[side].items() for order in queue]

    def prices(self, side, reach=0):
        """Displayed prices of a side, ours included, best first; with a reach, those before history's next level."""
        shown = {price for order, price in self.members(side) if order.displayed}
        if reach:
            known = {price for order, price in self.members(side) if order.kind != state.OWN}
            shown = {price for price in shown if sum(side * (level - price) >= 0 for level in known) <= reach}
        return sorted(shown, key=lambda price: -side * price)

    def touch(self, reach=None):
        """Best bid and ask of others."""
        reach = self.reach if reach is None else reach
        others = [[p for p in self.prices(side, reach) if self.lots_at(side, p, of_others=True)] for side in (1, -1)]
        return tuple(next(iter(prices), None) for prices in others)

    def sides(self, depth=1):
        return self.shown(1, depth), self.shown(-1, depth)

    def shown(self, side, depth):
        """Prices and lots, ours included, down to the last of `depth` levels at which others display lots."""
        rows = []
        for price in self.prices(side, self.reach):
            rows.append((price, self.lots_at(side, price)))
            depth -= self.lots_at(side, price, of_others=True) > 0
            if not depth:
                break
        return rows

    def queue(self, side, price):
        return [(order.kind, order.id, order.hist, order.taken) for order in self.queue_of(side, price)]
