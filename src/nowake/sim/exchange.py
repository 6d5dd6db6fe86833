"""The venue's end of a replay: our commands arrive there, what comes of them is sent back, and what rests at the close
is cancelled.

Everything here happens in the venue's time. A message takes what its leg says (`nowake.sim.latency`), and messages of
one direction do not overtake: each arrives no earlier than the one before it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from nowake.domain.command import AnyCommand, CancelChild, PlaceChild, ReduceChild
from nowake.domain.event import (
    CancelRejected,
    ChildAccepted,
    ChildCancelled,
    ChildFilled,
    ChildReduced,
    ChildRejected,
    Liquidity,
    MarketPhase,
    OwnEvent,
    RejectReason,
)
from nowake.domain.order import TimeInForce
from nowake.kernels.legs import ACK, CANCEL, DECIDE, FILL, SEND
from nowake.kernels.state import (
    ACCEPTED,
    GONE,
    NEVER,
    NOT_CONTINUOUS,
    PRICE_OUT_OF_RANGE,
    WOULD_CROSS_SELF,
    WOULD_TAKE,
)
from nowake.sim.book import HALTED, VENUE_NS, Book, Sight
from nowake.sim.latency import Leg
from nowake.sim.legs import Constant

_CLOSED, _HALTED, _CONTINUOUS = MarketPhase.CLOSED, MarketPhase.HALTED, MarketPhase.CONTINUOUS
_ENDED = MarketPhase.ENDED

_REJECTS = {
    PRICE_OUT_OF_RANGE: RejectReason.PRICE_OUT_OF_RANGE,
    WOULD_CROSS_SELF: RejectReason.WOULD_CROSS_SELF,
    NOT_CONTINUOUS: RejectReason.NOT_CONTINUOUS,
    WOULD_TAKE: RejectReason.WOULD_TAKE,
}


class Exchange:
    """A book, the commands on their way to it, and the news on its way back.

    Parameters
    ----------
    book
        Where commands take effect.
    legs
        Of latency, in the order of `nowake.sim.latency.NAMES`.
    open_ns, close_ns
        When orders are taken, venue time.
    ends_early
        Whether it is the data that end at `close_ns`, not the session.
    """

    def __init__(
        self, book: Book, legs: Sequence[Leg], *, open_ns: int, close_ns: int, ends_early: bool = False
    ) -> None:
        self.book = book
        self._phase_after = _ENDED if ends_early else _CLOSED
        self.open_ns, self.close_ns = open_ns, close_ns
        self.is_closed = False
        self.in_flight: deque[tuple[int, AnyCommand]] = deque()  # When each arrives.
        self.outbox: deque[OwnEvent] = deque()  # In the order we learn them.
        self.done: deque[tuple[int, AnyCommand]] | None = None  # What the book was told and when, where that is kept.
        self._legs = legs
        self._fixed_ns = [leg.ns if isinstance(leg, Constant) else None for leg in legs]
        self._way_ns = {leg: self._fixed_way_ns(leg) for leg in (SEND, CANCEL)}
        self._resting: dict[int, None] = {}
        self._sent = self._reported = self._executions = 0
        self._last_arrival_ns = self._last_report_ns = -NEVER

    # To the venue.

    def send(self, command: AnyCommand, now_ns: int) -> None:
        """A command decided on now: it leaves one decide leg later and arrives one send or cancel leg after that."""
        leg = SEND if type(command) is PlaceChild else CANCEL
        way_ns = self._way_ns[leg]
        if way_ns is None:
            leaves_ns = now_ns + self._delay_ns(DECIDE, now_ns, self._sent)
            arrives_ns = leaves_ns + self._delay_ns(leg, leaves_ns, self._sent)
        else:
            arrives_ns = now_ns + way_ns
        self._sent += 1
        last_ns = self._last_arrival_ns
        self._last_arrival_ns = arrives_ns = arrives_ns if arrives_ns > last_ns else last_ns
        self.in_flight.append((arrives_ns, command))

    def _fixed_way_ns(self, leg: int) -> int | None:
        """How long deciding and the way take together, where both are constant."""
        decide_ns, way_ns = self._fixed_ns[DECIDE], self._fixed_ns[leg]
        return None if decide_ns is None or way_ns is None else decide_ns + way_ns

    @property
    def next_arrival_ns(self) -> int:
        """When the next command reaches the venue; never, where none is in flight."""
        return self.in_flight[0][0] if self.in_flight else NEVER

    def deliver(self, until_ns: int) -> bool:
        """Commands in flight that arrive by `until_ns` take effect; whether there were any."""
        any_arrived = False
        while self.in_flight and self.in_flight[0][0] <= until_ns:
            arrival_ns, command = self.in_flight.popleft()
            self._obey(command, arrival_ns)
            any_arrived = True
        return any_arrived

    def close(self) -> None:
        """The session or the data end: what of ours still rests is cancelled."""
        if self.is_closed:
            return
        self.is_closed = True
        for child_id in list(self._resting):
            self._obey(CancelChild(child_id), self.close_ns)

    # Back to us.

    @property
    def next_report_ns(self) -> int:
        """When we learn the next news of our own that is under way; never, where there is none."""
        return self.outbox[0].time_ns if self.outbox else NEVER

    def collect_fills(self) -> None:
        """Turn the book's fills into reports under way to us."""
        for venue_ns, child_id, lots, open_lots, price_ticks, maker, tape_ticks in self.book.take_fills():
            self._executions += 1
            liquidity = Liquidity.MAKER if maker else Liquidity.TAKER
            learned_ns = self._learned_ns(FILL, venue_ns)
            self.outbox.append(
                ChildFilled(learned_ns, child_id, self._executions, lots, price_ticks, liquidity, venue_ns, tape_ticks)
            )
            if not open_lots:
                self._resting.pop(child_id, None)

    def phase(self, seen: Sight) -> MarketPhase:
        """What the venue is doing as far as can be seen."""
        venue_ns = seen[VENUE_NS]
        if venue_ns >= self.close_ns:
            return self._phase_after
        if venue_ns < self.open_ns:
            return _CLOSED
        return _HALTED if seen[HALTED] else _CONTINUOUS

    # Parts.

    def _delay_ns(self, leg: int, time_ns: int, number: int) -> int:
        fixed_ns = self._fixed_ns[leg]
        return self._legs[leg].delay_ns(time_ns, number, leg) if fixed_ns is None else fixed_ns

    def _learned_ns(self, leg: int, venue_ns: int) -> int:
        """When we learn of what happens at the venue now."""
        fixed_ns = self._fixed_ns[leg]
        delay_ns = self._legs[leg].delay_ns(venue_ns, self._reported, leg) if fixed_ns is None else fixed_ns
        learned_ns, last_ns = venue_ns + delay_ns, self._last_report_ns
        self._reported += 1
        self._last_report_ns = learned_ns = learned_ns if learned_ns > last_ns else last_ns
        return learned_ns

    def _obey(self, command: AnyCommand, venue_ns: int) -> None:
        """One command takes effect, and its outcome is reported."""
        if type(command) is PlaceChild:
            self._place(command, venue_ns)
            return
        if self.done is not None:
            self.done.append((venue_ns, command))
        child_id, left = command.child_id, take_back(self.book, command)
        learned_ns = self._learned_ns(ACK, venue_ns)
        if left <= 0:
            reason = RejectReason.ALREADY_DONE if left == GONE else RejectReason.UNKNOWN_ORDER
            self.outbox.append(CancelRejected(learned_ns, child_id, reason))
        elif type(command) is ReduceChild and command.lots > 0:
            self.outbox.append(ChildReduced(learned_ns, child_id, left))
        else:
            self._resting.pop(child_id, None)
            self.outbox.append(ChildCancelled(learned_ns, child_id, left))

    def _place(self, command: PlaceChild, venue_ns: int) -> None:
        child_id = command.child_id
        if not self.open_ns <= self.book.venue_ns < self.close_ns:
            self.outbox.append(ChildRejected(self._learned_ns(ACK, venue_ns), child_id, RejectReason.NOT_CONTINUOUS))
            return
        if self.done is not None:
            self.done.append((venue_ns, command))
        code, left = place(self.book, command)
        learned_ns = self._learned_ns(ACK, venue_ns)
        if code != ACCEPTED:
            self.outbox.append(ChildRejected(learned_ns, child_id, _REJECTS[code]))
            return
        self.outbox.append(ChildAccepted(learned_ns, child_id))
        self.collect_fills()
        if left and command.time_in_force is TimeInForce.IOC:
            self.outbox.append(ChildCancelled(self._learned_ns(ACK, venue_ns), child_id, left))
        elif left:
            self._resting[child_id] = None


def place(book: Book, command: PlaceChild) -> tuple[int, int]:
    """A new order of ours in a book, as `Book.place`."""
    return book.place(
        command.child_id,
        side=command.side,
        price_ticks=command.price_ticks,
        lots=command.lots,
        immediate=command.time_in_force is TimeInForce.IOC,
        post_only=command.post_only,
    )


def take_back(book: Book, command: AnyCommand) -> int:
    """A reduction or a cancel in a book, as `Book.reduce` and `Book.withdraw`; to reduce to nothing is to cancel."""
    if type(command) is ReduceChild and command.lots > 0:
        return book.reduce(command.child_id, command.lots)
    return book.withdraw(command.child_id)
