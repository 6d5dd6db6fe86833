"""One window of one day, cut and cleaned once for all parts of a reading."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Bars, Depth, Quotes, Trades, select
from nowake.microstructure.classify import classify
from nowake.microstructure.market_orders import Tape, read_tape
from nowake.statistics.finding import Finding
from nowake.statistics.measurement import Measurement

Result = TypeVar("Result")
Signs = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Row = tuple[str, str, Measurement | None]  # Name, unit, and what was measured, if it was.


class Part(NamedTuple):
    """What one part of a reading found: a heading, its numbers, and what must be known to trust them."""

    name: str
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


class Options(NamedTuple):
    """How a reading is made; `nowake.microstructure.reading.read_flow` says what each is."""

    rule: str
    hidden: bool
    bucket_lots: int | None
    window: int
    bar_ns: int
    repeats: int
    seed: int
    level: float


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What a reading listens to.

    Parameters
    ----------
    instrument
        What was traded.
    quotes
        From the last one before the window to its end.
    trades
        Prints of the window in the open market: auctions left out, and hidden ones where they were not asked for.
    every
        All prints of the window but those of auctions, to hold rules against the truth.
    side
        int8[n]: who took, by the feed or by the rule; 0 where nobody can say.
    depth
        More levels than the best; None where the feed shows one.
    bars
        The source's; of its prints where it has neither these nor quotes; None where it has quotes alone.
    start_ns, end_ns
        The window.
    options
        How to read it.
    left_out
        Prints of the window that are not here.
    """

    instrument: Instrument
    quotes: Quotes
    trades: Trades
    every: Trades
    side: Signs
    depth: Depth | None
    bars: Bars | None
    start_ns: int
    end_ns: int
    options: Options
    left_out: int

    @property
    def tape(self) -> Tape:
        """The market orders.

        Raises
        ------
        BadData
            When there are too few of them, or no quotes to speak of.
        """
        return read_tape(self.quotes, self.trades, self.instrument.session, start_ns=self.start_ns, end_ns=self.end_ns)

    @property
    def signed_trades(self) -> Trades:
        """The prints with their sides filled in by the rule."""
        return dataclasses.replace(self.trades, aggressor=self.side)

    @property
    def signed_by(self) -> str:
        """How sides were told, in words."""
        told = float(np.mean(self.trades.aggressor != 0)) if len(self.trades) else 0.0
        rule = self.options.rule if len(self.quotes) else f"the tick test, for {self.options.rule} found no quotes"
        if told == 1:
            return "the feed's own sides"
        return rule if told == 0 else f"the feed's own sides, {1 - told:.0%} by {rule}"


def hear(
    quotes: Quotes,
    trades: Trades,
    instrument: Instrument,
    options: Options,
    *,
    depth: Depth | None = None,
    bars: Bars | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> Heard:
    """Cut a day to a window, by default the session, and sign its prints.

    Raises
    ------
    BadParameter
        When the window is empty, or the rule is unknown.
    BadData
        When quotes and prints cannot be of one clock.
    """
    session = instrument.session
    start = session.open_ns if start_ns is None else start_ns
    end = session.close_ns if end_ns is None else end_ns
    if end <= start:
        raise BadParameter(f"the window from {session.clock(start)} to {session.clock(end)} is empty; give a later end")
    start, end = _with_data(start, end, [quotes.time_ns, trades.time_ns, *_ends_of(bars)])
    near = _cut(quotes, start, end)
    inside = (trades.time_ns >= start) & (trades.time_ns <= end)
    every = inside & ~trades.auction
    use = every & (~trades.hidden | options.hidden)
    prints = select(trades, use)
    prints = dataclasses.replace(prints, hidden=np.zeros(len(prints), np.bool_))
    inner = None if bars is None else select(bars, (bars.time_ns >= start) & (bars.end_ns <= end))
    if inner is None and not len(near) and len(prints):
        inner = _bars_of_prints(prints, instrument, start, options.bar_ns)
    return Heard(
        instrument=instrument,
        quotes=near,
        trades=prints,
        every=select(trades, every),
        side=classify(prints, near, rule=options.rule).side,
        depth=None if depth is None else _cut(depth, start, end),
        bars=inner,
        start_ns=start,
        end_ns=end,
        options=options,
        left_out=int((inside & ~use).sum()),
    )


def _bars_of_prints(trades: Trades, instrument: Instrument, start_ns: int, bar_ns: int) -> Bars:
    """Bars of what traded, none where nothing did."""
    number = (trades.time_ns - start_ns) // bar_ns
    first = np.flatnonzero(np.diff(number, prepend=-1))
    last = np.append(first[1:], len(number)) - 1
    price = np.asarray(instrument.price(1.0) * trades.price_ticks, dtype=np.float64)
    begins = start_ns + number[first] * bar_ns
    return Bars(
        time_ns=begins,
        end_ns=begins + bar_ns,
        open=price[first],
        high=np.maximum.reduceat(price, first),
        low=np.minimum.reduceat(price, first),
        close=price[last],
        volume=np.add.reduceat(trades.lots, first) * instrument.quantity(1.0),
        vwap=np.full(len(first), np.nan),
        trades=np.diff(np.append(first, len(number))),
    )


def _ends_of(bars: Bars | None) -> tuple[Ints, ...]:
    return () if bars is None else (bars.time_ns, bars.end_ns)


def _with_data(start_ns: int, end_ns: int, times: Sequence[Ints]) -> tuple[int, int]:
    """A window cut to where something was recorded; as it is where nothing was."""
    inside = [time[(time >= start_ns) & (time <= end_ns)] for time in times]
    ends = [int(end) for time in inside if len(time) for end in (time.min(), time.max())]
    return (min(ends), max(ends)) if ends and min(ends) < max(ends) else (start_ns, end_ns)


_States = TypeVar("_States", Quotes, Depth)


def _cut(states: _States, start_ns: int, end_ns: int) -> _States:
    """States from the last one strictly before an instant, so that a window begins with what stood, to another."""
    first = max(0, int(np.searchsorted(states.time_ns, start_ns, side="left")) - 1)
    last = int(np.searchsorted(states.time_ns, end_ns, side="right"))
    return select(states, slice(first, max(first, last)))


def attempt(refusals: list[str], name: str, make: Callable[[], Result]) -> Result | None:
    """What a part gives; None, with its reason in the list, where the data cannot tell."""
    try:
        return make()
    except (BadData, BadParameter) as reason:
        refusals.append(f"{name}: {reason}")
        return None


def known(rows: Sequence[Row]) -> tuple[Finding, ...]:
    """The rows that were measured."""
    return tuple(Finding(name, unit, measured) for name, unit, measured in rows if measured is not None)


def sentence(words: str) -> str:
    """Words that begin with a capital and end with a stop."""
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
