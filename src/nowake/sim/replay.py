"""A recorded day as a world to trade in: history goes by order by order, our orders stand in its queues.

Fits `nowake.engine.ports.World`. The book and its fills are `nowake.sim.book`; this adds latency, the session, and
the words of the engine. Everything is kept in the venue's time; what happened there at x is known here at x + feed
(market) or x + report (our orders), and what we send at t is there at t + order. Where a message of ours and one of
history meet at the same nanosecond, history goes first.

What it does not do is in `ASSUMPTIONS`, printed with every result."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nowake.domain.book import BookSnapshot, Level
from nowake.domain.command import AnyCommand, CancelChild, PlaceChild, ReduceChild
from nowake.domain.decider import Wake
from nowake.domain.event import (
    AnyEvent,
    CancelRejected,
    ChildAccepted,
    ChildCancelled,
    ChildFilled,
    ChildReduced,
    ChildRejected,
    Liquidity,
    MarketMoved,
    MarketPhase,
    OwnEvent,
    RejectReason,
)
from nowake.domain.instrument import Instrument
from nowake.domain.order import TimeInForce
from nowake.domain.units import NS_PER_MINUTE
from nowake.kernels.state import ACCEPTED, CARRY, GONE, NEVER, NOT_CONTINUOUS, PRICE_OUT_OF_RANGE, WOULD_CROSS_SELF
from nowake.sim.book import (
    FILLS,
    HALTED,
    LEVELS,
    TURNOVER_HIGH,
    TURNOVER_LOW,
    VENUE_NS,
    VOLUME,
    Book,
    Sight,
)
from nowake.sim.latency import Latency

ASSUMPTIONS = (
    "History does not react: nobody trades differently because of our orders.",
    "Displayed size is consumed once: lots we took stay gone until history itself removes the order.",
    "A resting order of ours fills when history prints at its price behind the lots queued ahead of it, when history"
    " prints at a worse price, or when a new historic order reaches it; never for more than the print.",
    "Lots we take and history trades again later count twice in volume: once as ours, once as history's.",
    "Hidden interest is not met by our orders; hidden prints fill our displayed orders at their price or better.",
    "While trading is halted nothing of ours fills; what by then has come to cross an order of ours fills it, at our"
    " price, when trading resumes.",
    "A resting order the market has left stands alone until our cancel arrives; whatever then reaches it fills it, so"
    " more latency makes a passive order fill more, not less.",
    "Where the data do not say who left a queue, lots behind us left first.",
    "Latency is constant; no message is lost, no fee is charged.",
    "Auctions take no order of ours; orders still resting at the close or at the end of the data are cancelled.",
)

_LAST_WORDS = 16  # Batches after the close: who keeps sending to a closed venue does not keep it open.

_CLOSED, _HALTED, _CONTINUOUS = MarketPhase.CLOSED, MarketPhase.HALTED, MarketPhase.CONTINUOUS

_REJECTS = {
    PRICE_OUT_OF_RANGE: RejectReason.PRICE_OUT_OF_RANGE,
    WOULD_CROSS_SELF: RejectReason.WOULD_CROSS_SELF,
    NOT_CONTINUOUS: RejectReason.NOT_CONTINUOUS,
}


class ReplayWorld:
    """A replay of recorded events with our orders in the queues.

    Parameters
    ----------
    events
        `nowake.kernels.layout.EVENT` records in time order; read in place.
    instrument
        What is traded; its session says when orders are taken.
    name
        For the record: "replay lobster:AMZN 2012-06-21".
    latency
        Feed, order and report legs.
    depth
        Levels a side in every snapshot at which others display lots; levels where only ours rest come on top.
    reach
        How many levels a side the data keep exact; 0 for all. What lies beyond is neither shown nor traded with.
    start_ns
        Our time when the world begins; the first instant at which the first event is known, unless said. Events known
        by then are in the book.
    notes
        What else a reader of the result should know, a sentence each; they end `assumptions`.

    Raises
    ------
    BadData, BadParameter, OutOfCapacity
        As `nowake.sim.book.Book`.
    """

    def __init__(
        self,
        events: NDArray[np.void],
        instrument: Instrument,
        *,
        name: str,
        latency: Latency | None = None,
        depth: int = 1,
        reach: int = 0,
        start_ns: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.instrument = instrument
        self.latency = latency or Latency()
        self._name = name
        self._reach, self._notes = reach, notes
        self._book = Book(events, depth=depth, reach=reach)
        self._feed_ns, self._report_ns = self.latency.feed_ns, self.latency.report_ns
        self._book.report_lag_ns = self._report_ns - self._feed_ns
        first_ns, last_ns = (int(events["time_ns"][0]), int(events["time_ns"][-1])) if len(events) else (0, 0)
        self._open_ns = instrument.session.open_ns
        self._close_ns = min(instrument.session.close_ns, last_ns)
        self._in_flight: deque[tuple[int, AnyCommand]] = deque()
        self._outbox: deque[OwnEvent] = deque()
        self._resting: dict[int, None] = {}
        self._executions = 0
        self._closed = False
        self._last_words = _LAST_WORDS
        start_ns = first_ns + self._feed_ns if start_ns is None else start_ns
        self._now_ns = start_ns
        while self._book.run(min(start_ns - self._feed_ns, self._close_ns)):
            pass  # Halts before we are there wake nobody.
        self._seen = self._book.look()

    @property
    def name(self) -> str:
        """What this world is, for the record."""
        return self._name

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Each simplification, in a sentence."""
        return (*ASSUMPTIONS, *self._limits_of_data(), f"Latency: {self.latency}.", *self._notes)

    def _limits_of_data(self) -> list[str]:
        """What these data do not show, in sentences."""
        sentences = []
        if self._reach:
            levels = "1 level" if self._reach == 1 else f"{self._reach} levels"
            sentences.append(f"The data show {levels} a side: what lies beyond is neither seen nor traded with.")
        session = self.instrument.session
        if session.close_ns - self._close_ns > NS_PER_MINUTE:
            ends = session.clock(self._close_ns)
            sentences.append(f"The data end at {ends} (local): from then on the market counts as closed.")
        return sentences

    @property
    def phantoms(self) -> int:
        """Messages so far about orders or lots the data never introduced."""
        return self._book.phantoms

    @property
    def crossed_instants(self) -> int:
        """Instants so far after which history's best bid was at or above its best ask."""
        return self._book.crossed_instants

    def submit(self, command: AnyCommand) -> None:
        """Send a command now; it reaches the venue one order leg later."""
        self._in_flight.append((self._now_ns + self.latency.order_ns, command))

    def advance(self, wake: Wake) -> Sequence[AnyEvent]:
        """Let time pass until the earliest of `wake`, news of our own orders or a change of phase; say what we learned.

        The last batches carry phase CLOSED; after the close only news of our orders still under way is told, then
        nothing.
        """
        if not self._closed:
            self._run(wake)
        else:
            self._deliver(NEVER)  # Still in flight at the close: refused.
            if not self._outbox or not self._last_words:
                return ()
            self._last_words -= 1
            self._now_ns = max(self._now_ns, self._outbox[0].time_ns)
        return self._batch()

    def _run(self, wake: Wake) -> None:
        """Run the venue to the next instant we must be told of; sets our time and what can be seen then."""
        book, feed_ns, on_touch, volume_lots = self._book, self._feed_ns, wake.on_touch, wake.volume_lots
        halted, limit_ns = self._seen[HALTED], self._close_ns
        if self._seen[VENUE_NS] < self._open_ns < limit_ns:
            limit_ns = self._open_ns
        alarm_ns = wake.time_ns
        if alarm_ns is not None:
            alarm_ns = (alarm_ns if alarm_ns > self._now_ns else self._now_ns) - feed_ns
            limit_ns = alarm_ns if alarm_ns < limit_ns else limit_ns
        if on_touch:
            book.mark_touch()
        while True:
            arrival_ns = self._in_flight[0][0] if self._in_flight else NEVER
            stop_ns = min(limit_ns, self._due_ns()) if self._outbox else limit_ns
            woken = book.run(
                stop_ns if stop_ns < arrival_ns else arrival_ns, on_touch=on_touch, volume_lots=volume_lots
            )
            self._seen = seen = book.look()
            if seen[FILLS]:
                self._collect_fills()
            venue_ns = seen[VENUE_NS]
            if venue_ns >= self._close_ns:
                self._close()
                return
            if venue_ns >= arrival_ns:
                self._deliver(venue_ns)
                if seen[HALTED] != halted:
                    self._seen = book.look()
                    break
            elif woken or venue_ns >= stop_ns or venue_ns >= self._due_ns():
                break
        self._now_ns = max(self._now_ns, venue_ns + feed_ns)

    def _due_ns(self) -> int:
        """The venue's time when we learn the next news of our own that is under way."""
        return self._outbox[0].time_ns - self._feed_ns if self._outbox else NEVER

    def _batch(self) -> list[AnyEvent]:
        """What we know by now: our own news in the order learned, then the market."""
        outbox, now_ns, seen = self._outbox, self._now_ns, self._seen
        asks_at = (LEVELS + len(seen)) // 2
        levels = _best_level if asks_at == LEVELS + 2 else _levels
        snapshot = BookSnapshot(levels(seen, LEVELS, asks_at), levels(seen, asks_at, len(seen)))
        turnover = seen[TURNOVER_HIGH] * CARRY + seen[TURNOVER_LOW]
        moved = MarketMoved(now_ns, snapshot, seen[VOLUME], turnover, self._phase(seen))
        if not outbox:
            return [moved]
        events: list[AnyEvent] = []
        while outbox and outbox[0].time_ns <= now_ns:
            events.append(outbox.popleft())
        events.append(moved)
        return events

    def _phase(self, seen: Sight) -> MarketPhase:
        if self._closed or seen[VENUE_NS] < self._open_ns:
            return _CLOSED
        return _HALTED if seen[HALTED] else _CONTINUOUS

    def _collect_fills(self) -> None:
        """Turn the book's fills into reports under way to us."""
        for venue_ns, child_id, lots, open_lots, price_ticks, maker, tape_ticks in self._book.take_fills():
            self._executions += 1
            liquidity = Liquidity.MAKER if maker else Liquidity.TAKER
            learned_ns = venue_ns + self._report_ns
            self._outbox.append(
                ChildFilled(learned_ns, child_id, self._executions, lots, price_ticks, liquidity, venue_ns, tape_ticks)
            )
            if not open_lots:
                self._resting.pop(child_id, None)

    def _deliver(self, until_ns: int) -> None:
        """Commands in flight that arrive by `until_ns` reach the venue."""
        while self._in_flight and self._in_flight[0][0] <= until_ns:
            arrival_ns, command = self._in_flight.popleft()
            _ACT[type(command)](self, command, arrival_ns)

    def _place(self, command: PlaceChild, venue_ns: int) -> None:
        learned_ns, child_id = venue_ns + self._report_ns, command.child_id
        if self._phase(self._book.look()) is _CLOSED:
            self._outbox.append(ChildRejected(learned_ns, child_id, RejectReason.NOT_CONTINUOUS))
            return
        immediate = command.time_in_force is TimeInForce.IOC
        code, left = self._book.place(
            child_id, side=command.side, price_ticks=command.price_ticks, lots=command.lots, immediate=immediate
        )
        if code != ACCEPTED:
            self._outbox.append(ChildRejected(learned_ns, child_id, _REJECTS[code]))
            return
        self._outbox.append(ChildAccepted(learned_ns, child_id))
        self._collect_fills()
        if left and immediate:
            self._outbox.append(ChildCancelled(learned_ns, child_id, left))
        elif left:
            self._resting[child_id] = None

    def _reduce(self, command: ReduceChild, venue_ns: int) -> None:
        learned_ns, child_id = venue_ns + self._report_ns, command.child_id
        if command.lots <= 0:
            self._cancel(CancelChild(child_id), venue_ns)
            return
        lots = self._book.reduce(child_id, command.lots)
        self._outbox.append(
            ChildReduced(learned_ns, child_id, lots) if lots > 0 else _cancel_rejected(learned_ns, child_id, lots)
        )

    def _cancel(self, command: CancelChild, venue_ns: int) -> None:
        learned_ns, child_id = venue_ns + self._report_ns, command.child_id
        lots = self._book.withdraw(child_id)
        self._resting.pop(child_id, None)
        self._outbox.append(
            ChildCancelled(learned_ns, child_id, lots) if lots > 0 else _cancel_rejected(learned_ns, child_id, lots)
        )

    def _close(self) -> None:
        """The session or the data end: what of ours still rests is cancelled, and we learn of it."""
        self._closed = True
        for child_id in list(self._resting):
            self._cancel(CancelChild(child_id), self._close_ns)
        self._seen = self._book.look()
        self._now_ns = max(self._now_ns, self._close_ns + self._report_ns)


def _best_level(seen: Sight, start: int, _stop: int) -> tuple[Level, ...]:
    """`_levels` where there is one level, in half the time: it is made twice at every wake."""
    lots = seen[start + 1]
    return (Level(seen[start], lots),) if lots else ()


def _levels(seen: Sight, start: int, stop: int) -> tuple[Level, ...]:
    """Pairs of price and lots up to the first without lots."""
    levels = []
    for k in range(start, stop, 2):
        lots = seen[k + 1]
        if not lots:
            break
        levels.append(Level(seen[k], lots))
    return tuple(levels)


def _cancel_rejected(learned_ns: int, child_id: int, outcome: int) -> CancelRejected:
    reason = RejectReason.ALREADY_DONE if outcome == GONE else RejectReason.UNKNOWN_ORDER
    return CancelRejected(learned_ns, child_id, reason)


_ACT: dict[type[AnyCommand], Callable[..., None]] = {
    PlaceChild: ReplayWorld._place,
    ReduceChild: ReplayWorld._reduce,
    CancelChild: ReplayWorld._cancel,
}
