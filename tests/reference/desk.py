"""A compiled strategy as a plain Python decider, over any world: what nowake.kernels.desk must do, slow and obvious.

The same function runs uncompiled; our orders are a dictionary; every message goes through World.submit and advance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nowake.domain import event as news
from nowake.domain.command import CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Wake
from nowake.domain.order import TimeInForce
from nowake.domain.side import Side
from nowake.kernels.desk_state import MARKET, WAKE, WANTED
from nowake.kernels.state import NEVER, OWN

LOUD = (news.ChildFilled, news.ChildRejected, news.ChildCancelled, news.CancelRejected)


@dataclass
class Own:
    """One of our orders as we know it."""

    side: int
    price_ticks: int
    how: list  # Immediate, post-only.
    open_lots: int
    leaving: bool = False
    reductions: int = 0  # Under way.
    kept_lots: int = NEVER  # What they leave at most.

    @property
    def standing_lots(self):
        return min(self.open_lots, self.kept_lots)


class PlainDesk:
    """Runs a strategy through a ReplayWorld of depth 1. `fills` and `position_lots` are then to be compared."""

    def __init__(self, strategy, world, parameters, *, start_ns, limit_lots=None):
        self.strategy, self.world, self.limit_lots = strategy, world, limit_lots
        self.market = np.zeros(1, MARKET).view(np.recarray)
        self.wake = np.zeros(1, WAKE).view(np.recarray)
        self.wanted = np.zeros(strategy.rows, WANTED).view(np.recarray)
        self.memo = np.zeros(1, strategy.memo).view(np.recarray)
        self.parameters = np.array([tuple(parameters)], strategy.record).view(np.recarray)
        self.orders: dict[int, Own] = {}
        self.fills, self.seen = [], []
        self.made = 0
        self.start_ns = start_ns

    def run(self):
        batch = self.world.advance(Wake(time_ns=self.start_ns))
        while batch and not self.world._is_over:
            self.learn(batch)
            self.decide()
            batch = self.wait()
        while batch:
            self.learn(batch)
            batch = self.world.advance(Wake())
        return self

    # Between decisions.

    def wait(self):
        """Advance until something happens that the strategy asked for."""
        wake, before = self.wake[0], self.phase()
        time_ns = None if wake.time_ns == NEVER else int(wake.time_ns)
        volume = None if wake.volume_lots == NEVER else int(wake.volume_lots)
        bid_ticks = None if wake.bid_at_least_ticks == NEVER else int(wake.bid_at_least_ticks)
        ask_ticks = None if wake.ask_at_most_ticks == NEVER else int(wake.ask_at_most_ticks)
        wish = Wake(
            time_ns=time_ns,
            on_touch=bool(wake.on_touch),
            volume_lots=volume,
            bid_at_least_ticks=bid_ticks,
            ask_at_most_ticks=ask_ticks,
        )
        touch = self.others_touch()
        while batch := self.world.advance(wish):
            moved, (bid, ask) = batch[-1], self.others_touch()
            if (
                self.phase() != before
                or self.world._is_over
                or (wake.own_news and any(isinstance(each, LOUD) for each in batch))
                or (time_ns is not None and moved.time_ns >= time_ns)
                or (volume is not None and moved.volume_lots >= volume)
                or (wake.on_touch and (bid, ask) != touch)
                or (None not in (bid, bid_ticks) and bid >= bid_ticks)
                or (None not in (ask, ask_ticks) and ask <= ask_ticks)
            ):
                return batch
            self.learn(batch)
        return batch

    def learn(self, batch):
        *ours, moved = batch
        market = self.market[0]
        for each in ours:
            order = self.orders.get(each.child_id)
            if type(each) is news.ChildFilled:
                order.open_lots -= each.lots
                self.fills.append((each.venue_ns, each.child_id, each.lots, each.price_ticks))
                market.position_lots += order.side * each.lots
                market.cash_ticks -= order.side * each.lots * each.price_ticks
                market.bought_lots += max(order.side, 0) * each.lots
                market.sold_lots += max(-order.side, 0) * each.lots
                market.fills += 1
            elif type(each) is news.ChildCancelled:
                order.open_lots -= each.lots
            elif type(each) is news.ChildRejected:
                order.open_lots = 0
                market.refusals += 1
            elif type(each) is news.ChildReduced:
                order.reductions -= 1
                order.open_lots = min(order.open_lots, each.lots)
                if not order.reductions:
                    order.kept_lots = NEVER
            elif type(each) is news.CancelRejected and order is not None and order.reductions:
                order.reductions -= 1
        self.see(moved)

    def see(self, moved):
        market, bids, asks = self.market[0], moved.book.bids, moved.book.asks
        market.now_ns, market.volume_lots = moved.time_ns, moved.volume_lots
        market.trading = moved.phase is news.MarketPhase.CONTINUOUS
        market.open_bid_lots = sum(order.open_lots for order in self.orders.values() if order.side > 0)
        market.open_ask_lots = sum(order.open_lots for order in self.orders.values() if order.side < 0)
        for name, side, levels in (("bid", 1, bids), ("ask", -1, asks)):
            best = (levels[0].price_ticks, levels[0].lots) if levels else (0, 0)
            others = (0, 0)
            if levels and levels[-1].lots > self.own_at(side, levels[-1].price_ticks):
                price_ticks = levels[-1].price_ticks
                others = (price_ticks, levels[-1].lots - self.own_at(side, price_ticks))
            market[f"{name}_ticks"], market[f"{name}_lots"] = best
            market[f"others_{name}_ticks"], market[f"others_{name}_lots"] = others

    def phase(self):
        """Closed, halted or trading; a halt before the open counts too."""
        return self.world._exchange.phase(self.world._seen), self.world._book.is_halted

    def own_at(self, side, price_ticks):
        return sum(hist for kind, _, hist, _ in self.world._book.queue(side, price_ticks) if kind == OWN)

    def others_touch(self):
        """Best prices of others at the venue now; every level of these worlds is within reach."""
        lowest, highest = self.world._book.price_range_ticks
        bid, ask = self.world._book._arrays["sides"]["best"].tolist()
        return (None if bid < 0 else lowest + bid), (None if ask < 0 else highest - ask)

    # A decision.

    def decide(self):
        market, wake = self.market[0], self.wake[0]
        self.wanted[:] = np.zeros(1, WANTED)
        wake.time_ns, wake.on_touch, wake.volume_lots, wake.own_news = NEVER, 0, NEVER, 1
        wake.bid_at_least_ticks, wake.ask_at_most_ticks = NEVER, NEVER
        market.decisions = len(self.seen)
        self.seen.append(tuple(market.tolist()))
        self.strategy.function(market, self.wanted, wake, self.memo[0], self.parameters[0])
        self.act()

    def act(self):
        claimed, missing = set(), []
        self.orders = {number: order for number, order in self.orders.items() if order.open_lots or order.reductions}
        for side, price_ticks, lots, *how in self.wanted.tolist():
            left = lots
            for number, order in self.orders.items():
                same = (order.side, order.price_ticks, order.how) == (side, price_ticks, how)
                if not left or number in claimed or not same or order.leaving or not order.open_lots:
                    continue
                claimed.add(number)
                standing = order.standing_lots
                if left < standing and not order.how[0]:
                    order.kept_lots = left
                    order.reductions += 1
                    self.world.submit(ReduceChild(number, left))
                left -= min(left, standing)
            missing.append((side, price_ticks, left, how))
        for number, order in self.orders.items():
            if number not in claimed and order.open_lots and not order.leaving and not order.how[0]:
                order.leaving = True
                self.world.submit(CancelChild(number))
        for side, price_ticks, lots, how in missing:
            self.place(side, price_ticks, lots, how)

    def place(self, side, price_ticks, lots, how):
        if self.limit_lots is not None:
            exposed = sum(order.open_lots for order in self.orders.values() if order.side == side)
            lots = min(lots, self.limit_lots - side * int(self.market[0].position_lots) - exposed)
        if lots <= 0:
            return
        self.made += 1
        number = 2 * self.made + (side < 0)
        self.orders[number] = Own(side, price_ticks, how, lots)
        in_force = TimeInForce.IOC if how[0] else TimeInForce.DAY
        self.world.submit(PlaceChild(number, Side(side), lots, price_ticks, in_force, post_only=bool(how[1])))
