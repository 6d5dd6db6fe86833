"""A strategy compiled with numba, run inside the compiled replay: for market making, for speed and for sweeps.

The contract is the house's in compiled form: the strategy says which orders it wants working now and when to be asked
again; it never sends, cancels or counts. It runs in the same replay as `nowake.sim.replay.ReplayWorld`, with the same
latency and the same fills, and much faster, because no decision returns to Python. docs/compiled-strategies.md tells
how to write one.

    @strategy(parameters=("lots", "limit_lots"))
    def join(market, wanted, wake, memo, parameters):
        wanted[0].side, wanted[0].price_ticks, wanted[0].lots = 1, market.others_bid_ticks, parameters.lots
        wake.time_ns = market.now_ns + 100_000_000

Wrong for: orders that depend on another instrument, on levels behind the best, or on news; use the engine there."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData, BadParameter, NowakeError, OutOfCapacity
from nowake.domain.instrument import Instrument
from nowake.kernels import desk_state
from nowake.kernels.desk_state import DESK, MARKET, MAX_OWN, MAX_UNDER_WAY, MESSAGE, OWN_ORDER, WAKE, WANTED
from nowake.kernels.state import FULL_FILLS, FULL_ORDERS, NEVER
from nowake.sim.book import Book
from nowake.sim.latency import Latency
from nowake.sim.replay import ASSUMPTIONS

if TYPE_CHECKING:
    import polars as pl

MOST_ROWS = 64  # Orders a strategy may want at once, at most.


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


@dataclasses.dataclass(frozen=True, eq=False)
class Strategy:
    """A function numba can compile, and what its memo and parameters are called. Make one with `strategy`."""

    function: Callable[..., None]
    parameters: tuple[str, ...]
    memo: np.dtype[Any]
    rows: int

    @property
    def name(self) -> str:
        """The function's name."""
        return self.function.__name__

    @functools.cached_property
    def drive(self) -> Callable[..., int]:
        """The compiled loop, made at first use: a second of CPU the first time in a process, then half of one."""
        from nowake.kernels import strategies  # noqa: PLC0415  (numba takes its time)

        try:
            return strategies.compile_strategy(self.function, memo=self.memo, parameters=self._record)
        except strategies.DoesNotCompile as complaint:
            raise BadParameter(
                f"strategy {self.name!r} does not compile; numba says:\n{complaint}\n"
                "Keep to numbers, math, numpy functions and the fields of the five records"
            ) from complaint

    @property
    def _record(self) -> np.dtype[Any]:
        return np.dtype([(name, np.float64) for name in self.parameters or ("none",)])

    def values(self, parameters: Mapping[str, float] | Sequence[float] | None) -> dict[str, float]:
        """Parameters by name, in the order declared.

        Raises
        ------
        BadParameter
            When one is missing, unknown or not a finite number.
        """
        given = {} if parameters is None else parameters
        if not isinstance(given, Mapping):
            if len(given) != len(self.parameters):
                raise BadParameter(f"{len(given)} parameters for {self.name!r}, which has {self._has()}")
            given = dict(zip(self.parameters, given, strict=True))
        if set(given) != set(self.parameters):
            raise BadParameter(f"parameters {', '.join(given) or 'none'} for {self.name!r}, which has {self._has()}")
        values = {name: float(given[name]) for name in self.parameters}
        for name, value in values.items():
            if not np.isfinite(value):
                raise BadParameter(f"{name} {value} of strategy {self.name!r} is not a finite number")
        return values

    def _has(self) -> str:
        return ", ".join(self.parameters) or "none"


def strategy(
    function: Callable[..., None] | None = None,
    *,
    parameters: Sequence[str] = (),
    memo: Mapping[str, type] | None = None,
    rows: int = 8,
) -> Any:
    """Make a function a compiled strategy; a decorator, with or without arguments.

    Parameters
    ----------
    function
        `(market, wanted, wake, memo, parameters)`, returning nothing. The records are those of
        `nowake.kernels.desk_state`: it reads MARKET, writes rows of WANTED (empty when it is called) and WAKE, keeps
        what it likes in its memo (zero at the start), and reads its parameters.
    parameters
        Names of its parameters; all are float64.
    memo
        Name -> int or float of what it must remember.
    rows
        Orders it may want at once.

    Raises
    ------
    BadParameter
        When a name cannot be a field, or the rows are not from 1 to 64.
    """
    if function is None:
        return functools.partial(strategy, parameters=parameters, memo=memo, rows=rows)
    if not 1 <= rows <= MOST_ROWS:
        raise BadParameter(f"{rows} rows of wanted orders; give from 1 to {MOST_ROWS}")
    fields = memo or {"none": int}
    for name in (*parameters, *fields):
        if not name.isidentifier():
            raise BadParameter(f"{name!r} cannot be the name of a parameter or memo field; use letters, digits and _")
    for name, kind in fields.items():
        if kind not in {int, float}:
            raise BadParameter(f"memo field {name!r} is {kind!r}; it must be int or float")
    record = np.dtype([(name, np.int64 if kind is int else np.float64) for name, kind in fields.items()])
    return Strategy(function, tuple(parameters), record, rows)


@dataclasses.dataclass(frozen=True, eq=False, kw_only=True)
class CompiledRun:
    """What one strategy did in one day. Prints as a small table; `to_frame` has every fill.

    `fills` are records of venue_ns, child_id (even for a buy, odd for a sell), lots, open_lots, price_ticks, maker,
    tape_ticks. `market` is the last MARKET record, `memo` the last memo, `counts` what was sent and what came of it.
    """

    strategy: str
    parameters: dict[str, float]
    seed: int
    latency: Latency
    limit_lots: int | None
    source: str
    instrument: Instrument
    fills: NDArray[np.void]
    market: dict[str, int]
    memo: dict[str, float]
    counts: dict[str, int]
    phantoms: int
    assumptions: tuple[str, ...]

    @property
    def sides(self) -> NDArray[np.int64]:
        """+1 or -1 of every fill."""
        return 1 - 2 * (self.fills["child_id"] & 1)

    @property
    def positions_lots(self) -> NDArray[np.int64]:
        """Position after every fill, at the venue."""
        return np.cumsum(self.sides * self.fills["lots"])

    @property
    def position_lots(self) -> int:
        """Position at the end."""
        return self.market["position_lots"]

    @property
    def max_position_lots(self) -> int:
        """The largest position either way."""
        return int(np.abs(self.positions_lots).max(initial=0))

    @property
    def traded_lots(self) -> int:
        """Lots bought and sold."""
        return self.market["bought_lots"] + self.market["sold_lots"]

    @property
    def mid_ticks(self) -> float:
        """Half-way between the last best bid and ask, NaN where a side is empty."""
        last = self.market
        if not (last["bid_lots"] and last["ask_lots"]):
            return float("nan")
        return (last["bid_ticks"] + last["ask_ticks"]) / 2

    @property
    def result(self) -> float:
        """Cash and the position at the last mid, in currency, without fees; NaN where there is no mid to mark at."""
        held = self.position_lots * self.mid_ticks if self.position_lots else 0.0
        return self.instrument.value(self.market["cash_ticks"] + held)

    def summary(self) -> dict[str, float]:
        """The figures of a sweep's row, by name."""
        return {
            "fills": len(self.fills),
            "traded": self.instrument.quantity(self.traded_lots),
            "position": self.instrument.quantity(self.position_lots),
            "max_position": self.instrument.quantity(self.max_position_lots),
            "cash": self.instrument.value(self.market["cash_ticks"]),
            "result": self.result,
            "decisions": self.market["decisions"],
            **self.counts,
        }

    def to_frame(self) -> pl.DataFrame:
        """Every fill: venue time, order, side, price, quantity, whether it rested, and the position after it."""
        import polars as pl  # noqa: PLC0415

        rate, lot = self.instrument.price(1), self.instrument.quantity(1)
        fills = self.fills
        return pl.DataFrame(
            {
                "time": pl.Series(fills["venue_ns"]).cast(pl.Datetime("ns", "UTC")),
                "order": fills["child_id"],
                "side": self.sides,
                "price": fills["price_ticks"] * rate,
                "quantity": fills["lots"] * lot,
                "maker": fills["maker"] == 1,
                "position": self.positions_lots * lot,
            }
        )

    def __str__(self) -> str:
        given = ", ".join(f"{name} {value:g}" for name, value in self.parameters.items())
        rows = {"strategy": f"{self.strategy} ({given})" if given else self.strategy, "day": self.source}
        figures = {name: f"{value:,.10g}" for name, value in self.summary().items()}
        return "\n".join(f"{name:<13} {value}" for name, value in (rows | figures).items())


def run_compiled(
    strategy: Strategy,
    day: RecordedDay,
    parameters: Mapping[str, float] | Sequence[float] | None = None,
    *,
    latency: Latency | None = None,
    seed: int = 0,
    limit_lots: int | None = None,
    start_ns: int | None = None,
) -> CompiledRun:
    """Run a compiled strategy through a recorded day.

    Parameters
    ----------
    strategy
        Made with the decorator `strategy`.
    day
        Order-by-order events of one instrument.
    parameters
        By name, or in the order declared.
    latency
        As of `ReplayWorld`; 200 microseconds a leg unless said.
    seed
        Of whatever is drawn at random.
    limit_lots
        No order is sent that could take the position beyond this either way, orders under way and cancels that may
        come too late included; None for no limit.
    start_ns
        When the strategy is asked first; when the first event is known, unless said.

    Raises
    ------
    BadParameter
        When parameters do not fit, the strategy does not compile, wants an order that cannot be, or goes round in
        circles.
    BadData
        When the day has no order-by-order events.
    OutOfCapacity
        When more than 256 orders of ours stand or are under way at once, or as `Book`.
    """
    values = strategy.values(parameters)
    if limit_lots is not None and limit_lots < 1:
        raise BadParameter(f"limit of {limit_lots} lots must be at least 1, or None for no limit")
    if not len(day.events):
        raise BadData(f"{day.source!r} has no events to replay")
    desk = _Desk(strategy, day, values, latency=latency or Latency(), limit_lots=limit_lots, start_ns=start_ns)
    desk.run()
    return desk.result(seed)


class _OpenBook(Book):
    """A book whose memory the desk works in: it has room to show every order of ours from the start."""

    def __init__(self, events: NDArray[np.void], *, reach: int) -> None:
        super().__init__(events, depth=1, reach=reach)
        self._hold_context(rows_a_side=1 + MAX_OWN)

    kernels = ("replay:replay", "own:place", "own:reduce", "own:withdraw")

    @property
    def address(self) -> int:
        """Of the context, which does not move."""
        return self._address

    @property
    def fills(self) -> NDArray[np.void]:
        """All fills so far."""
        return self._arrays["fills"][: self._get("fill_count")].copy()

    def grow(self, full: int) -> None:
        """Double the store a kernel found full."""
        self._grow(full)


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
    ) -> None:
        self._strategy, self._day, self._values = strategy, day, values
        self._latency, self._limit_lots = latency, limit_lots
        self._drive = strategy.drive
        session, events = day.instrument.session, day.events
        close_ns = min(session.close_ns, int(events["time_ns"][-1]))
        now_ns = int(events["time_ns"][0]) + latency.feed_ns if start_ns is None else start_ns
        self._book = book = _OpenBook(events, reach=day.depth)
        while book.run(min(now_ns - latency.feed_ns, close_ns)):
            pass  # Halts before we are there wake nobody.
        self._market, self._wake = np.zeros(1, MARKET), np.zeros(1, WAKE)
        self._wanted, self._memo = np.zeros(strategy.rows, WANTED), np.zeros(1, strategy.memo)
        self._parameters = np.array([tuple(values.values()) or (0.0,)], strategy._record)
        self._hold_desk(now_ns, session.open_ns, close_ns)

    def _hold_desk(self, now_ns: int, open_ns: int, close_ns: int) -> None:
        """The desk's record, with the addresses of everything it works with."""
        from nowake.kernels.calls import address_of  # noqa: PLC0415  (numba takes its time)

        own, ring = np.zeros(MAX_OWN, OWN_ORDER), np.zeros((2, MAX_UNDER_WAY), MESSAGE)
        self._arrays = (own, ring)
        self._desk = desk = np.zeros(1, DESK)
        self._step = address_of("desk:step")
        for name, entry in zip(("replay", "place", "reduce", "withdraw"), self._book.kernels, strict=True):
            desk[name] = address_of(entry)
        for name, array in (("market", self._market), ("wanted", self._wanted), ("wake", self._wake), ("own", own)):
            desk[name] = array.ctypes.data
        desk["commands"], desk["news"] = ring[0].ctypes.data, ring[1].ctypes.data
        desk["book"] = self._book.address
        desk["open_ns"], desk["close_ns"], desk["now_ns"] = open_ns, close_ns, now_ns
        legs = self._latency
        desk["feed_ns"], desk["order_ns"], desk["report_ns"] = legs.feed_ns, legs.order_ns, legs.report_ns
        desk["limit_lots"] = NEVER >> 1 if self._limit_lots is None else self._limit_lots
        desk["rows"] = self._strategy.rows

    def run(self) -> None:
        """Go on until the market closes."""
        address = self._desk.ctypes.data
        records = (self._market, self._wanted, self._wake, self._memo, self._parameters)
        while (status := self._drive(self._step, address, *records)) != desk_state.OVER:
            if status in (FULL_ORDERS, FULL_FILLS):
                self._book.grow(status)
            elif status != desk_state.PAUSE:
                raise self._fault(status)

    def _fault(self, status: int) -> NowakeError:
        """What went wrong, in a sentence."""
        name, when = f"strategy {self._strategy.name!r}", self._day.instrument.session.clock(self._get("now_ns"))
        if status == desk_state.BAD_WANTED:
            row = self._get("fault_row")
            wish = self._wanted[row]
            return BadParameter(
                f"{name} wants at {when} in row {row} side {wish['side']}, {wish['lots']} lots; a side is +1 or -1, "
                "lots from 0 to below 2**53"
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
        assert status == desk_state.TOO_MANY_UNDER_WAY
        return OutOfCapacity(
            f"{name} has {MAX_UNDER_WAY} commands and reports under way at {when}, the most there can be"
        )

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
            assumptions=(*ASSUMPTIONS, f"Latency: {self._latency}."),
        )
