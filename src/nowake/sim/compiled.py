"""A strategy compiled with numba, run inside the compiled replay: for market making, for speed and for sweeps.

The contract is the house's in compiled form: the strategy says which orders it wants working now and when to be asked
again; it never sends, cancels or counts. It runs in the same replay as `nowake.sim.replay.ReplayWorld`, with the same
latency and the same fills, and much faster, because no decision returns to Python. docs/compiled-strategies.md tells
how to write one.

Wrong for: orders that depend on another instrument, on levels behind the best, or on news; use the engine there."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData, BadParameter, NowakeError, OutOfCapacity
from nowake.domain.instrument import Instrument
from nowake.domain.units import NS_PER_MINUTE
from nowake.kernels import desk_state, runtime
from nowake.kernels.desk_state import DESK, MARKET, MAX_COMMANDS, MAX_NEWS, MAX_OWN, MESSAGE, OWN_ORDER, WAKE, WANTED
from nowake.kernels.layout import LEVEL, TRADE
from nowake.kernels.legs import ACK, FEED, FILL
from nowake.kernels.state import FULL_FILLS, FULL_ORDERS, NEVER
from nowake.sim.book import Book
from nowake.sim.compiled_run import CompiledRun
from nowake.sim.latency import Latency, Leg, records
from nowake.sim.legs import Constant
from nowake.sim.level_book import LevelBook
from nowake.sim.queue_models import QueueModel, model_of
from nowake.sim.replay import ASSUMPTIONS, LEVEL_ASSUMPTIONS
from nowake.sim.strategies import MOST_ROWS, Strategy, check_strategy

DESK_ASSUMPTION = "A cancel and the order that replaces it travel together: both may fill."
_TELLING = 4_096  # Events that tell which kind of feed it is.
_MANY_DECISIONS = 1 << 30  # More in a day than this take minutes: the user is told.
_ENOUGH_DECISIONS = 1 << 22  # To tell from how many a day will take.
_DECISION_NS = 100  # Of computing, roughly.


class RecordedDay(Protocol):
    """What is needed of a day: `nowake.data.day.Day` has it."""

    @property
    def events(self) -> NDArray[np.void]:
        """EVENT records in time order."""
        ...

    @property
    def instrument(self) -> Instrument:
        """What is traded, with its session."""
        ...

    @property
    def depth(self) -> int:
        """Levels a side the events keep exact; 0 for all."""
        ...

    @property
    def source(self) -> str:
        """Where it came from."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know before trusting a result, one sentence each."""
        ...


def run_compiled(
    strategy: Strategy,
    day: RecordedDay,
    parameters: Mapping[str, float] | Sequence[float] | None = None,
    *,
    latency: Latency | str | None = None,
    seed: int = 0,
    limit_lots: int | None = None,
    start_ns: int | None = None,
    queue_model: QueueModel | str | None = None,
) -> CompiledRun:
    """Run a compiled strategy through a recorded day.

    Parameters
    ----------
    strategy
        Made with the decorator `strategy`.
    day
        Events of one instrument.
    parameters
        By name, or in the order declared.
    latency
        A `Latency` of which the legs feed, ack and fill are constant, or a text as "200us" or "feed=1ms,send=300us";
        200 microseconds a leg unless said.
    seed
        For the record: a strategy draws no luck but what it is given; recorded latency has a seed of its own.
    limit_lots
        No order is sent that could take the position beyond this either way, orders under way and cancels that may
        come too late included; None for no limit.
    start_ns
        When the strategy is asked first; when the first event is known, unless said.
    queue_model
        Of a day that tells levels and trades, not whose order came and went: one of `nowake.sim.queue_models`, or a
        text as "power:3".

    Raises
    ------
    BadParameter
        When an argument does not fit, the strategy does not compile, wants an order that cannot be, writes beyond
        its rows, or goes round in circles.
    BadData
        When the day has no events, or a queue model is given for one that tells whose orders they are.
    OutOfCapacity
        When more than 256 orders of ours stand or are under way at once, or as `Book`.

    Warns
    -----
    RuntimeWarning
        When a strategy asks so often that the day would take more than a billion decisions.
    """
    check_strategy(strategy)
    check_day(day)
    values = strategy.values(parameters)
    for name, given in (("seed", seed), ("limit_lots", limit_lots), ("start_ns", start_ns)):
        _check_whole(name, given)
    if limit_lots is not None and limit_lots < 1:
        raise BadParameter(f"limit of {limit_lots} lots must be at least 1, or None for no limit")
    if not len(day.events):
        raise BadData(f"{day.source!r} has no events to replay")
    desk = _Desk(
        strategy,
        day,
        values,
        latency=Latency.of(latency),
        limit_lots=limit_lots,
        start_ns=start_ns,
        queue_model=model_of(queue_model) if isinstance(queue_model, str) else queue_model,
    )
    desk.run()
    return desk.result(seed)


def check_day(day: Any) -> None:
    """Refuse what is no day.

    Raises
    ------
    BadParameter
        Saying how to load one.
    """
    if not hasattr(day, "events") or not hasattr(day, "instrument"):
        text = repr(day) if isinstance(day, str) else "..."
        raise BadParameter(f"day {day!r} is not a loaded day; load it first: nowake.load_day({text})")


def _check_whole(name: str, value: Any) -> None:
    try:
        operator.index(0 if value is None else value)
    except TypeError:
        raise BadParameter(f"{name} {value!r} must be a whole number") from None


class _Open:
    """What the desk needs of a book: it works in the book's memory, and shows every order of ours from the start."""

    def open(self: Any) -> Any:
        """Make room for all our orders in what is displayed; the context does not move from here on."""
        self._hold_context(rows_a_side=1 + MAX_OWN)
        return self

    @property
    def kernels(self: Any) -> dict[str, runtime.Kernel]:
        """The book's compiled code."""
        return {
            "replay": self._replay,
            "place": self._place,
            "reduce": self._reduce,
            "withdraw": self._withdraw,
        }

    @property
    def address(self: Any) -> int:
        """Of the context."""
        return int(self._address)

    @property
    def fills(self: Any) -> NDArray[np.void]:
        """All fills so far."""
        fills: NDArray[np.void] = self._arrays["fills"][: self._get("fill_count")]
        return fills.copy()

    def grow(self: Any, full: int) -> None:
        """Double the store a kernel found full."""
        self._grow(full)


class _OrderBook(_Open, Book):
    """Of order-by-order events."""


class _LevelBook(_Open, LevelBook):
    """Of displayed levels and trades."""


def _book_of(day: RecordedDay, queue_model: QueueModel | None) -> Any:
    """The book these events are for; either refuses those of the other."""
    kinds = day.events["kind"][:_TELLING]
    if queue_model is not None or np.any((kinds == LEVEL) | (kinds == TRADE)):
        return _LevelBook(day.events, queue_model=queue_model, reach=day.depth).open()
    return _OrderBook(day.events, reach=day.depth).open()


def _legs(latency: Latency, events: NDArray[np.void]) -> tuple[Leg, ...]:
    """The six legs, if one book can be both what the venue has and what we see of it."""
    legs = latency.over(events["time_ns"])
    back = [legs[leg] for leg in (FEED, ACK, FILL)]
    if not all(isinstance(leg, Constant) for leg in back) or min(leg.least_ns for leg in back[1:]) < back[0].least_ns:
        raise BadParameter(
            f"latency of {latency}: a compiled strategy needs constant feed, ack and fill legs, and answers no faster "
            "than market data; the engine (simulate) takes any"
        )
    return legs


class _Desk:
    """The memory of one run and the calls that work in it."""

    def __init__(
        self,
        strategy: Strategy,
        day: RecordedDay,
        values: dict[str, float],
        *,
        latency: Latency,
        limit_lots: int | None,
        start_ns: int | None,
        queue_model: QueueModel | None,
    ) -> None:
        self._strategy, self._day, self._values = strategy, day, values
        self._latency, self._limit_lots = latency, limit_lots
        self._drive = strategy.drive
        session, events = day.instrument.session, day.events
        close_ns = min(session.close_ns, int(events["time_ns"][-1]))
        self._legs = _legs(latency, events)
        feed_ns = self._legs[FEED].least_ns
        self._start_ns = now_ns = int(events["time_ns"][0]) + feed_ns if start_ns is None else start_ns
        self._book = book = _book_of(day, queue_model)
        while book.run(min(now_ns - feed_ns, close_ns)):
            pass  # Halts before we are there wake nobody.
        self._market, self._wake = np.zeros(1, MARKET), np.zeros(1, WAKE)
        self._wanted, self._memo = np.zeros(strategy.rows, WANTED), np.zeros(1, strategy.memo)
        self._parameters = np.array([tuple(values.values()) or (0.0,)], strategy.record)
        self._hold_desk(now_ns, session.open_ns, close_ns)

    def _hold_desk(self, now_ns: int, open_ns: int, close_ns: int) -> None:
        """The desk's record, with the addresses of everything it works with."""
        from nowake.kernels.calls import address_of  # noqa: PLC0415  (numba takes its time)
        from nowake.kernels.wanted_rows import NoSuchRow  # noqa: PLC0415

        self._no_such_row = NoSuchRow
        own, legs = np.zeros(MAX_OWN, OWN_ORDER), records(self._legs)
        commands, news = np.zeros(MAX_COMMANDS, MESSAGE), np.zeros(MAX_NEWS, MESSAGE)
        arrays = {"market": self._market, "wanted": self._wanted, "wake": self._wake, "own": own}
        self._arrays = arrays | {"commands": commands, "news": news, "legs": legs}
        self._desk = desk = np.zeros(1, DESK)
        self._step = address_of(runtime.load("desk:step"))
        for name, kernel in self._book.kernels.items():
            desk[name] = address_of(kernel)
        for name, array in self._arrays.items():
            desk[name] = array.ctypes.data
        desk["book"] = self._book.address
        desk["open_ns"], desk["close_ns"], desk["now_ns"] = open_ns, close_ns, now_ns
        for name, leg in (("feed_ns", FEED), ("ack_ns", ACK), ("fill_ns", FILL)):
            desk[name] = self._legs[leg].least_ns
        desk["last_arrival_ns"] = desk["last_report_ns"] = -NEVER
        desk["limit_lots"] = NEVER >> 1 if self._limit_lots is None else self._limit_lots
        desk["rows"] = self._strategy.rows
        desk["lowest_ticks"] = 1 - desk_state.MOST_TICKS if self._day.instrument.negative_prices else 1

    def run(self) -> None:
        """Go on until the market closes."""
        address = self._desk.ctypes.data
        records = (self._market, self._wanted, self._wake, self._memo, self._parameters)
        warned = False
        while (status := self._drive_on(address, records)) != desk_state.OVER:
            if status in (FULL_ORDERS, FULL_FILLS):
                self._book.grow(status)
            elif status != desk_state.PAUSE:
                raise self._fault(status)
            elif not warned:
                warned = self._warn_if_endless()

    def _warn_if_endless(self) -> bool:
        """Say so, once, where at the rate so far the day takes too many decisions."""
        decisions, now_ns = self._get("decisions"), self._get("now_ns")
        passed_ns, left_ns = max(1, now_ns - self._start_ns), max(0, self._get("close_ns") - now_ns)
        expected = decisions + decisions * left_ns // passed_ns
        if decisions < _ENOUGH_DECISIONS or expected < _MANY_DECISIONS:
            return False
        minutes = expected * _DECISION_NS / NS_PER_MINUTE
        warnings.warn(
            f"strategy {self._strategy.name!r} was asked {decisions:,} times by "
            f"{self._day.instrument.session.clock(now_ns)}, {expected:,} in a whole day at this rate, some "
            f"{minutes:,.0f} minutes of computing; set wake.time_ns further ahead, or end it with Ctrl-C",
            RuntimeWarning,
            stacklevel=4,
        )
        return True

    def _drive_on(self, address: int, records: tuple[NDArray[np.void], ...]) -> int:
        """Run compiled code until it has something to say; what the strategy raises is the user's mistake."""
        try:
            return self._drive(self._step, address, *records)
        except Exception as mistake:
            name, when = f"strategy {self._strategy.name!r}", self._day.instrument.session.clock(self._get("now_ns"))
            if isinstance(mistake, self._no_such_row):
                raise BadParameter(
                    f"{name} uses at {when} row {self._wanted[0]['side']} of wanted, which has rows 0 to "
                    f"{self._strategy.rows - 1}; ask for more with @sim.strategy(rows=...), at most {MOST_ROWS}"
                ) from None
            raise BadParameter(f"{name} raised {type(mistake).__name__} at {when}: {mistake}") from mistake

    def _fault(self, status: int) -> NowakeError:
        """What went wrong, in a sentence."""
        name, when = f"strategy {self._strategy.name!r}", self._day.instrument.session.clock(self._get("now_ns"))
        if status == desk_state.BAD_WANTED:
            row = self._get("fault_row")
            wish = self._wanted[row]
            return BadParameter(
                f"{name} wants at {when} in row {row} side {wish['side']}, {wish['lots']} lots at "
                f"{wish['price_ticks']} ticks; a side is +1 or -1, lots are from 0 to below 2**53, "
                f"{self._legal_prices()} (a nan becomes the least whole number there is)"
            )
        if status == desk_state.BAD_WAKE:
            return BadParameter(
                f"{name} asks at {when} to be woken at {self._wake[0]['time_ns']} ns, which is not after now, "
                f"{self._get('now_ns')} ns; write wake.time_ns = market.now_ns + something"
            )
        if status == desk_state.STUCK:
            return BadParameter(
                f"{name} was asked {desk_state.MAX_AT_ONE_INSTANT} times at {when} without time passing; let it wait "
                "for a time or a volume that is not reached yet"
            )
        if status == desk_state.TOO_MANY_OWN:
            return OutOfCapacity(f"{name} has {MAX_OWN} orders standing or under way at {when}, the most there can be")
        assert status == desk_state.TOO_MANY_MESSAGES
        return OutOfCapacity(f"{name} has more than {MAX_COMMANDS:,} commands or {MAX_NEWS:,} news under way at {when}")

    def _legal_prices(self) -> str:
        signed = self._day.instrument.negative_prices
        return "prices within 2**53 either way of 0" if signed else "prices above 0 and below 2**53"

    def _get(self, name: str) -> int:
        return int(self._desk[0][name])

    def result(self, seed: int) -> CompiledRun:
        """What came of it."""
        strategy = self._strategy
        memo = {name: self._memo[0][name].item() for name in strategy.memo.names or ()}
        return CompiledRun(
            strategy=strategy.name,
            parameters=self._values,
            seed=seed,
            latency=self._latency,
            limit_lots=self._limit_lots,
            source=self._day.source,
            instrument=self._day.instrument,
            fills=self._book.fills,
            market={name: int(self._market[0][name]) for name in MARKET.names or ()},
            memo=memo,
            counts={name: self._get(name) for name in desk_state.COUNTS},
            phantoms=self._book.phantoms,
            assumptions=self._assumptions(),
        )

    def _assumptions(self) -> tuple[str, ...]:
        general = LEVEL_ASSUMPTIONS if isinstance(self._book, LevelBook) else ASSUMPTIONS
        limits = self._limits_of_data()
        return (*general, *limits, f"Latency: {self._latency}.", DESK_ASSUMPTION, *self._day.warnings)

    def _limits_of_data(self) -> list[str]:
        """What these data do not show, in sentences."""
        sentences = []
        if isinstance(self._book, LevelBook):
            model = self._book.queue_model
            sentences.append(
                f"The data tell levels and trades, not whose orders: queues are estimated by the {model} model."
            )
        if self._day.depth:
            sentences.append(
                f"The data show {self._day.depth} levels a side: what lies beyond is neither seen nor traded with."
            )
        session, close_ns = self._day.instrument.session, self._get("close_ns")
        if session.close_ns - close_ns > NS_PER_MINUTE:
            ends = session.clock(close_ns)
            sentences.append(f"The data end at {ends} (local): from then on the market counts as closed.")
        return sentences
