"""A recorded day as a world to trade in: history goes by, our orders stand in its queues.

Fits `nowake.engine.ports.World`. The book and its fills are `nowake.sim.book` or, where the data tell levels and trades
and no orders, `nowake.sim.level_book`; commands and reports are `nowake.sim.exchange`. This adds what we know when:
what happened at the venue at x is known here one feed leg later (market) or one ack or fill leg later (our orders).
Where a message of ours and one of history meet at the same nanosecond, history goes first.

Usually the legs are constant and no report is faster than the feed: then one book run up to what we know is both the
venue and what we see of it. Otherwise there are two (`nowake.sim.late_sight`).

What it does not do is in `ASSUMPTIONS` and `LEVEL_ASSUMPTIONS`, printed with every result."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from nowake.domain.book import BookSnapshot, Level
from nowake.domain.command import AnyCommand
from nowake.domain.decider import Wake
from nowake.domain.errors import BadParameter
from nowake.domain.event import AnyEvent, MarketMoved
from nowake.domain.instrument import Instrument
from nowake.domain.units import NS_PER_MINUTE
from nowake.kernels import layout
from nowake.kernels.state import CARRY, NEVER
from nowake.sim.book import (
    FILLS,
    LEVELS,
    TURNOVER_HIGH,
    TURNOVER_LOW,
    VENUE_NS,
    VOLUME,
    Book,
    Sight,
)
from nowake.sim.exchange import Exchange
from nowake.sim.late_sight import Feed, LateSight
from nowake.sim.latency import Latency, Leg
from nowake.sim.legs import Constant
from nowake.sim.level_book import LevelBook
from nowake.sim.queue_models import DEFAULT, QueueModel

_NOBODY_REACTS = "History does not react: nobody trades differently because of our orders."

_FILLS_BY_ORDERS = (
    "Displayed size is consumed once: lots we took stay gone until history itself removes the order.",
    "A resting order of ours fills when history prints at its price behind the lots queued ahead of it, when history"
    " prints at a worse price, or when a new historic order reaches it; never for more than the print.",
)

_FILLS_BY_LEVELS = (
    "Displayed size is consumed once: lots we took of a level stay gone while it displays no more than before.",
    "A resting order of ours fills when a print at its price exceeds the lots estimated ahead of it, when history"
    " prints at a worse price, or when the other side is displayed at or through its price; never for more than the"
    " print or what is displayed.",
)

_ALWAYS = (
    "Lots we take and history trades again later count twice in volume: once as ours, once as history's.",
    "Hidden interest is not met by our orders; hidden prints fill our displayed orders at their price or better.",
    "While trading is halted nothing of ours fills; what by then has come to cross an order of ours fills it, at our"
    " price, when trading resumes.",
    "A resting order the market has left stands alone until our cancel arrives; whatever then reaches it fills it, so"
    " more latency makes a passive order fill more, not less.",
    "No message is lost, none overtakes another on its way, no fee is charged.",
    "Auctions take no order of ours; orders still resting at the close or at the end of the data are cancelled.",
)

ASSUMPTIONS = (_NOBODY_REACTS, *_FILLS_BY_ORDERS, *_ALWAYS)  # Of data that say whose order came and went.
LEVEL_ASSUMPTIONS = (_NOBODY_REACTS, *_FILLS_BY_LEVELS, *_ALWAYS)  # Of data that tell levels and trades.

BY_ORDERS = (
    "The data say whose order came and went, so queues are theirs; where they do not say who left one, lots behind us"
    " left first."
)

_LAST_WORDS = 16  # Batches after the close: who keeps sending to a closed venue does not keep it open.


class ReplayWorld:
    """A replay of recorded events with our orders in the queues.

    Parameters
    ----------
    events
        `nowake.kernels.layout.EVENT` records in time order, of orders or of levels and trades; read in place.
    instrument
        What is traded; its session says when orders are taken.
    name
        For the record: "replay lobster:AMZN 2012-06-21".
    latency
        How long messages take.
    depth
        Levels a side in every snapshot at which others display lots; levels where only ours rest come on top.
    reach
        How many levels a side the data keep exact; 0 for all. What lies beyond is neither shown nor traded with.
    queue_model
        How a queue moves where the data tell levels only; `nowake.sim.queue_models.RiskAverse` unless given.
    start_ns
        Our time when the world begins; the first instant at which the first event is known, unless said. Events known
        by then are in the book.
    notes
        What else a reader of the result should know, a sentence each; they end `assumptions`.

    Raises
    ------
    BadData, BadParameter, OutOfCapacity
        As `nowake.sim.book.Book`; BadParameter also for a queue model where the data say who queues.
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
        queue_model: QueueModel | None = None,
        start_ns: int | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.instrument = instrument
        self.latency = latency or Latency()
        self._name = name
        self._reach, self._notes = reach, notes
        make_book, self._queues = _book_for(events, queue_model)
        self._book = make_book(events, depth=depth, reach=reach)
        times = events["time_ns"]
        first_ns, last_ns = (int(times[0]), int(times[-1])) if len(times) else (0, 0)
        self._open_ns = instrument.session.open_ns
        self._close_ns = min(instrument.session.close_ns, last_ns)
        legs = self.latency.over(times)
        self._ends_early = instrument.session.close_ns - self._close_ns > NS_PER_MINUTE
        self._exchange = Exchange(
            self._book, legs, open_ns=self._open_ns, close_ns=self._close_ns, ends_early=self._ends_early
        )
        self._outbox, self._phase = self._exchange.outbox, self._exchange.phase
        self._is_over = False
        self._last_words = _LAST_WORDS
        feed, *_, ack, fill, _ = legs
        self._late: LateSight | None = None
        if _is_one_book_enough(feed, ack, fill):
            self._feed_ns, self._ack_ns = feed.least_ns, ack.least_ns
            self._now_ns = first_ns + self._feed_ns if start_ns is None else start_ns
            self._book.report_lag_ns = fill.least_ns - self._feed_ns
            while self._book.run(min(self._now_ns - self._feed_ns, self._close_ns)):
                pass  # Halts before we are there wake nobody.
            self._seen = self._book.look()
        else:
            known = Feed(np.ascontiguousarray(times), feed)
            self._now_ns = known.known_ns(first_ns) if start_ns is None else start_ns
            self._late = LateSight(
                self._exchange,
                make_book(events, depth=depth, reach=reach),
                known,
                least_ack_ns=ack.least_ns,
                least_fill_ns=fill.least_ns,
                start_ns=self._now_ns,
            )
            self._seen = self._late.look()

    @property
    def name(self) -> str:
        """What this world is, for the record."""
        return self._name

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Each simplification, in a sentence."""
        general = LEVEL_ASSUMPTIONS if isinstance(self._book, LevelBook) else ASSUMPTIONS
        return (*general, self._queues, *self._limits_of_data(), f"Latency: {self.latency}.", *self._notes)

    def _limits_of_data(self) -> list[str]:
        """What these data do not show, in sentences."""
        sentences = []
        if self._reach:
            levels = "1 level" if self._reach == 1 else f"{self._reach} levels"
            sentences.append(f"The data show {levels} a side: what lies beyond is neither seen nor traded with.")
        if self._ends_early:
            ends = self.instrument.session.clock(self._close_ns)
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
        """Send a command now; it reaches the venue as late as the decide and the send or cancel leg say."""
        self._exchange.send(command, self._now_ns)

    def advance(self, wake: Wake) -> Sequence[AnyEvent]:
        """Let time pass until the earliest of `wake`, news of our own orders or a change of phase; say what we learned.

        The last batches carry phase CLOSED, or ENDED where the data end before the session; after the close only news
        of our orders still under way is told, then nothing.
        """
        if self._is_over:
            self._exchange.deliver(NEVER)  # Still in flight at the close: refused.
            if not self._outbox or not self._last_words:
                return ()
            self._last_words -= 1
            self._now_ns = max(self._now_ns, self._outbox[-1].time_ns)
        elif self._late is None:
            self._run(wake)
        else:
            self._now_ns = self._late.advance(wake, self._now_ns)
            self._seen = self._late.look()
            self._is_over = self._now_ns >= self._late.closes_ns
        return self._batch()

    def _run(self, wake: Wake) -> None:
        """Run the one book to the next instant we must be told of; sets our time and what can be seen then."""
        book, exchange, outbox, feed_ns = self._book, self._exchange, self._outbox, self._feed_ns
        in_flight, on_touch, volume_lots = exchange.in_flight, wake.on_touch, wake.volume_lots
        is_priced = wake.bid_at_least_ticks is not None or wake.ask_at_most_ticks is not None
        limit_ns = self._close_ns
        if self._seen[VENUE_NS] < self._open_ns < limit_ns:
            limit_ns = self._open_ns
        alarm_ns = wake.time_ns
        if alarm_ns is not None:
            alarm_ns = (alarm_ns if alarm_ns > self._now_ns else self._now_ns) - feed_ns
            limit_ns = alarm_ns if alarm_ns < limit_ns else limit_ns
        if on_touch:
            book.mark_touch()
        while True:
            arrival_ns = in_flight[0][0] if in_flight else NEVER
            stop_ns = min(limit_ns, self._due_ns()) if outbox else limit_ns
            stop_ns = stop_ns if stop_ns < arrival_ns else arrival_ns
            if is_priced:
                woken = book.run(
                    stop_ns,
                    on_touch=on_touch,
                    volume_lots=volume_lots,
                    bid_at_least_ticks=wake.bid_at_least_ticks,
                    ask_at_most_ticks=wake.ask_at_most_ticks,
                )
            else:
                woken = book.run(stop_ns, on_touch=on_touch, volume_lots=volume_lots)
            self._seen = seen = book.look()
            if seen[FILLS]:
                exchange.collect_fills()
            venue_ns = seen[VENUE_NS]
            if venue_ns >= self._close_ns:
                self._close()
                return
            if venue_ns >= arrival_ns:
                exchange.deliver(venue_ns)
                if woken:
                    self._seen = book.look()
                    break
            elif woken or venue_ns >= stop_ns or venue_ns >= self._due_ns():
                break
        now_ns = venue_ns + feed_ns
        self._now_ns = now_ns if now_ns > self._now_ns else self._now_ns

    def _due_ns(self) -> int:
        """The venue's time when we learn the next news of our own that is under way."""
        return self._outbox[0].time_ns - self._feed_ns if self._outbox else NEVER

    def _close(self) -> None:
        """The session or the data end: we know when the venue can have told us what of ours it cancelled."""
        self._exchange.close()
        self._is_over = True
        self._seen = self._book.look()
        self._now_ns = max(self._now_ns, self._close_ns + self._ack_ns)

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


def _book_for(events: NDArray[np.void], queue_model: QueueModel | None) -> tuple[Callable[..., Book], str]:
    """What makes the book that these events are for, and in a sentence how its queues move."""
    if events.dtype != layout.EVENT or not _tells_levels(events["kind"]):
        if queue_model is not None:
            raise BadParameter(
                f"queue model {queue_model} is for data that tell levels only; these say who queues, leave it out"
            )
        return Book, BY_ORDERS
    model = queue_model or DEFAULT
    by_levels = f"The data tell levels and trades, not whose orders: queues are estimated by the {model} model."
    return functools.partial(LevelBook, queue_model=model), by_levels


def _tells_levels(kind: NDArray[np.int8]) -> bool:
    return bool(np.any((kind == layout.LEVEL) | (kind == layout.TRADE)))


def _is_one_book_enough(feed: Leg, ack: Leg, fill: Leg) -> bool:
    """Whether legs do not vary and no report is faster than the feed: what we see is then as old as what we know."""
    if not (isinstance(feed, Constant) and isinstance(ack, Constant) and isinstance(fill, Constant)):
        return False
    return min(ack.ns, fill.ns) >= feed.ns


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
