"""Two books of one market: the venue's, in which our orders fill, and a later one, which is what we see of it.

Where news of our own can reach us before the market data of the same instant does, no single book is both. So a replica
lives the venue's past once more: the same history, and our commands at the same venue times. At our time t it stands
at the last instant that the feed leg lets us know by t; the venue's own book has run on far enough that every report
due by t is known, and never past t, so a command sent at t still meets its future.

Ignores nothing, but costs two replays."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TypedDict

import numpy as np

from nowake.domain.command import AnyCommand, PlaceChild
from nowake.domain.decider import Wake
from nowake.kernels.legs import FEED
from nowake.kernels.state import NEVER
from nowake.sim.book import FILLS, Book, Sight
from nowake.sim.exchange import Exchange, place, take_back
from nowake.sim.latency import Leg
from nowake.sim.legs import Ints


class Feed:
    """Which of the venue's instants we know when.

    Messages do not overtake, and an instant is known with its last message. Between two messages the feed is as late
    as the one before was, so that what we do there is seen in time, too.

    Parameters
    ----------
    times_ns
        int64[n], when the events happen, sorted.
    leg
        How long each takes.
    """

    def __init__(self, times_ns: Ints, leg: Leg) -> None:
        times_ns = times_ns if len(times_ns) else np.zeros(1, np.int64)
        known_ns = np.maximum.accumulate(times_ns + leg.delays_ns(times_ns, FEED))
        self._count = len(times_ns)
        self._times, self._known = times_ns.data, known_ns.data  # Plain whole numbers, and fast.
        self._low = 0  # A row that is in the past of whoever asks in the order of time.

    def known_ns(self, venue_ns: int) -> int:
        """When we know all that happened at the venue by an instant."""
        row = self._row(self._times, venue_ns)
        learned_ns = venue_ns + self._delay_ns(row)
        return min(learned_ns, self._known[row + 1]) if row + 1 < self._count else learned_ns

    def seen_ns(self, now_ns: int) -> int:
        """The venue's instant up to which we know everything now."""
        row = self._row(self._known, now_ns)  # Where it is not the last of its instant, that instant is not seen yet.
        seen_ns = now_ns - self._delay_ns(row)
        return min(seen_ns, self._times[row + 1] - 1) if row + 1 < self._count else seen_ns

    def next_ns(self, venue_ns: int) -> int:
        """The venue's time of the first event after an instant."""
        row = self._row(self._times, venue_ns) + 1
        return self._times[row] if row < self._count else NEVER

    def forget(self, venue_ns: int) -> None:
        """Nothing before this instant will be asked for again: later searches begin here."""
        self._low = max(0, self._row(self._times, venue_ns))

    def _row(self, column: memoryview[int], time_ns: int) -> int:
        """The last row at or before, -1 when there is none, looked for in steps that double."""
        low, step = self._low, 1
        if column[low] > time_ns:
            return bisect_right(column, time_ns, 0, low) - 1
        high = low + 1
        while high < self._count and column[high] <= time_ns:
            low, step = high, 2 * step
            high += step
        return bisect_right(column, time_ns, low, min(high, self._count)) - 1

    def _delay_ns(self, row: int) -> int:
        row = max(row, 0)
        return self._known[row] - self._times[row]


class _Waits(TypedDict, total=False):
    """What `Book.run` stops for, beside time."""

    on_touch: bool
    volume_lots: int | None
    bid_at_least_ticks: int | None
    ask_at_most_ticks: int | None


_NOTHING = _Waits()


class LateSight:
    """The replica, and how far both books may run.

    Parameters
    ----------
    exchange
        The venue; its book has not begun.
    replica
        A second book of the same events.
    feed
        When the market is known.
    least_ack_ns, least_fill_ns
        No such news takes less.
    start_ns
        Our time when the world begins.
    """

    def __init__(
        self,
        exchange: Exchange,
        replica: Book,
        feed: Feed,
        *,
        least_ack_ns: int,
        least_fill_ns: int,
        start_ns: int,
    ) -> None:
        self._exchange, self._replica, self._feed = exchange, replica, feed
        self._least_report_ns = min(least_ack_ns, least_fill_ns)
        self._done: deque[tuple[int, AnyCommand]] = deque()
        exchange.done = self._done
        exchange.book.report_lag_ns = 0  # At every fill we must ask when it will be known.
        self._now_ns = start_ns
        # When we know that the session is over, and the venue can have told us what of ours it cancelled.
        self.closes_ns = max(feed.known_ns(exchange.close_ns), exchange.close_ns + least_ack_ns)
        self._run_venue(start_ns, start_ns, _NOTHING)
        self._show(start_ns)

    def advance(self, wake: Wake, now_ns: int) -> int:
        """Run both books to the next instant we must be told of; returns our time then, see `look`."""
        self._now_ns = now_ns
        waits: _Waits = {
            "on_touch": wake.on_touch,
            "volume_lots": wake.volume_lots,
            "bid_at_least_ticks": wake.bid_at_least_ticks,
            "ask_at_most_ticks": wake.ask_at_most_ticks,
        }
        if wake.on_touch:
            self._replica.mark_touch()
            self._exchange.book.mark_touch()
        self._exchange.deliver(self._exchange.book.venue_ns)  # Where messages take no time at all.
        told_ns = self._until_news(waits, self._latest_ns(wake))
        self._run_venue(told_ns, told_ns, _NOTHING)
        self._show(told_ns)
        return told_ns

    def look(self) -> Sight:
        """What we see of the market, as `Book.look`."""
        return self._replica.look()

    def _latest_ns(self, wake: Wake) -> int:
        """When we are told something whatever happens: the alarm, the open, or the close."""
        latest_ns = self.closes_ns
        if self._replica.venue_ns < self._exchange.open_ns < self._exchange.close_ns:
            latest_ns = self._feed.known_ns(self._exchange.open_ns)
        if wake.time_ns is not None:
            latest_ns = min(latest_ns, wake.time_ns)
        return max(latest_ns, self._now_ns)

    def _until_news(self, waits: _Waits, told_ns: int) -> int:
        """When we are next told something: of our own, of the market we wait for, or at `told_ns`.

        The venue's book is ahead of the replica by what is under way to us. That part the replica walks instant by
        instant, each only when no news of our own comes before it; from there on the venue's book finds the rest.
        """
        replica, ahead_ns = self._replica, self._exchange.book.venue_ns
        if self._run_replica(replica.venue_ns, waits):
            return self._now_ns
        while (next_ns := self._next_ns()) <= ahead_ns:
            known_ns = max(self._now_ns, self._feed.known_ns(next_ns))
            told_ns = self._run_venue(min(known_ns, told_ns), told_ns, waits)
            if known_ns > told_ns:
                return told_ns
            if self._run_replica(next_ns, waits):
                return known_ns
        return self._run_venue(told_ns, told_ns, waits)

    def _next_ns(self) -> int:
        """The next instant of the replica: an event, or a command that reached the venue."""
        event_ns = self._feed.next_ns(self._replica.venue_ns)
        return min(event_ns, self._done[0][0]) if self._done else event_ns

    def _run_venue(self, until_ns: int, told_ns: int, waits: _Waits) -> int:
        """Run the venue's book as far as what we learn by our time `until_ns` asks; when we are told something.

        That is `told_ns`, or earlier where it finds something on its way.
        """
        exchange, book = self._exchange, self._exchange.book
        while True:
            any_arrived = exchange.deliver(book.venue_ns)
            told_ns = min(told_ns, max(self._now_ns, exchange.next_report_ns))
            needed_ns = self._needed_ns(min(until_ns, told_ns))
            if exchange.is_closed:
                if not exchange.deliver(needed_ns):
                    return told_ns
                continue
            if any_arrived:
                needed_ns = max(needed_ns, book.venue_ns)  # What we did may be what we wait for.
            elif book.venue_ns >= needed_ns:
                return told_ns
            woken = book.run(min(needed_ns, exchange.next_arrival_ns, exchange.close_ns), **waits)
            exchange.collect_fills()
            if woken:
                told_ns = min(told_ns, max(self._now_ns, self._feed.known_ns(book.venue_ns)))
                waits = _NOTHING  # What comes later is known later.
            if book.venue_ns >= exchange.close_ns:
                exchange.close()

    def _needed_ns(self, now_ns: int) -> int:
        """The venue's time by which everything we know at our time `now_ns` has happened."""
        return max(self._feed.seen_ns(now_ns), now_ns - self._least_report_ns)

    def _run_replica(self, until_ns: int, waits: _Waits) -> bool:
        """Let the replica live up to a venue time, or to the first instant we wait for; whether that came."""
        replica, done = self._replica, self._done
        while True:
            woken = replica.run(min(until_ns, done[0][0]) if done else until_ns, **waits)
            if replica.look()[FILLS]:
                replica.take_fills()  # The venue's book has told them.
            any_done = False
            while done and done[0][0] <= replica.venue_ns:
                command = done.popleft()[1]
                place(replica, command) if isinstance(command, PlaceChild) else take_back(replica, command)
                any_done = True
            if woken:
                return True
            if replica.venue_ns >= until_ns and not any_done:
                return False

    def _show(self, now_ns: int) -> None:
        """The replica at what we know at our time."""
        seen_ns = min(self._feed.seen_ns(now_ns), self._exchange.close_ns)
        while self._replica.venue_ns < seen_ns:
            self._run_replica(seen_ns, _NOTHING)
        self._feed.forget(seen_ns)
