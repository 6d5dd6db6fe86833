"""Prints and best quotes of Lean tick files (AlgoSeek's consolidated tape): blocks of rows in, tables out.

Trades: time, price, size, venue, sale condition (hexadecimal bits), suspicious. Quotes: time, bid, bid size, ask, ask
size, venue, condition, suspicious; one side a row, the other side 0, and a change of the national best bid and offer
comes as a bid row and an ask row of one stamp. Stamps are milliseconds of the tape, so the order of a print and a
quote within one is unknown: join them with strict <."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.findings import Findings
from nowake.data.readers.delimited import Block, integers
from nowake.data.readers.sale_conditions import AUCTION, NEGOTIATED, NOT_COUNTED, NOT_LAST, has, name_of, parse
from nowake.domain.errors import BadData
from nowake.domain.market import Quotes, Trades

Ints = npt.NDArray[np.int64]
Prints = Literal["counted", "last", "all"]

TRADE_COLUMNS = ("time", "price", "size", "venue", "condition", "suspicious")
QUOTE_COLUMNS = ("time", "bid", "bid_size", "ask", "ask_size", "venue", "condition", "suspicious")
_MS_DECIMALS = 6  # Nanoseconds in a millisecond.
_OFF_EXCHANGE = "D"  # FINRA's facilities: what brokers and dark pools traded.


class Clock(NamedTuple):
    """What rows are counted from: the instant times are 0, and the units of the file in one tick."""

    midnight_ns: int
    units_a_tick: int


@dataclasses.dataclass(slots=True)
class Tally:
    """What was seen of a day's prints so far; the reader of the file is its one writer."""

    prints: Counter[int] = dataclasses.field(default_factory=Counter)
    shares: Counter[int] = dataclasses.field(default_factory=Counter)
    venues: Counter[str] = dataclasses.field(default_factory=Counter)
    left_out: int = 0
    left_out_shares: int = 0
    suspicious: int = 0
    between: int = 0
    moved: float = 0.0
    paid: float = 0.0
    negotiated: int = 0
    negotiated_shares: int = 0
    outside: int = 0
    outside_shares: int = 0


@dataclasses.dataclass(slots=True)
class Touch:
    """Ticks and lots of both sides as told so far, what was handed out last, and a row that waits for its other half.

    `shown` is a time and the four numbers.
    """

    told: Ints = dataclasses.field(default_factory=lambda: np.zeros(4, np.int64))
    shown: Ints = dataclasses.field(default_factory=lambda: np.full(5, -1, np.int64))
    waiting: tuple[Ints, Ints, Ints] | None = None


def trades_of(block: Block, clock: Clock, prints: Prints, tally: Tally) -> Trades:
    """The prints of a block that are wanted; all of them are counted in `tally`.

    Raises
    ------
    BadData
        When a field cannot be used, or a time is before the one above.
    """
    time_ns = _times(block, clock)
    units = _units(block, "price")
    size = integers(block, "size").to_numpy()
    _refuse(block, "price", units <= 0, "is not above 0")
    _refuse(block, "size", size <= 0, "is not above 0")
    bits = _conditions(block)
    is_suspicious = _flags(block)
    keep = _wanted(bits, is_suspicious, prints)
    ticks = np.rint(units / clock.units_a_tick).astype(np.int64)  # Half to even.
    _count(tally, bits, size, block.frame["venue"], is_suspicious)
    tally.left_out += int(np.count_nonzero(~keep))
    tally.left_out_shares += int(size[~keep].sum())
    agreed = keep & has(bits, NEGOTIATED)
    tally.negotiated += int(np.count_nonzero(agreed))
    tally.negotiated_shares += int(size[agreed].sum())
    off = keep & (ticks * clock.units_a_tick != units)
    tally.between += int(np.count_nonzero(off))
    tally.moved += float(((ticks * clock.units_a_tick - units) * size)[off].sum())
    tally.paid += float((units * size)[keep].sum())
    venue = block.frame["venue"].fill_null("").to_numpy().astype(np.str_)
    hidden = (venue == _OFF_EXCHANGE) | has(bits, NEGOTIATED)
    return Trades(
        time_ns=time_ns[keep],
        price_ticks=ticks[keep],
        lots=size[keep],
        aggressor=np.zeros(int(keep.sum()), np.int8),
        hidden=hidden[keep],
        auction=has(bits, AUCTION)[keep],
        venue=venue[keep],
    )


def quotes_of(block: Block | None, clock: Clock, touch: Touch) -> tuple[Quotes, int]:
    """The best bid and ask as told in a block, and how many rows were left out.

    A bid row that an ask row of the same stamp follows is half of what is told. What only names another venue for the
    same prices and sizes is handed out once a stamp. The last row of a block waits in `touch`
    for what follows; None instead of a block ends the day.

    Raises
    ------
    BadData
        When a field cannot be used, or a time is before the one above.
    """
    time_ns, sides, values, left_out = _rows(block, clock)
    if touch.waiting is not None:
        time_ns, sides, values = (
            np.concatenate(pair) for pair in zip(touch.waiting, (time_ns, sides, values), strict=True)
        )
    complete = len(time_ns) - (block is not None)
    touch.waiting = (time_ns[complete:], sides[complete:], values[complete:]) if complete < len(time_ns) else None
    if complete <= 0:
        return _no_quotes(), left_out
    after = _filled(touch.told, sides[:complete], values[:complete])
    half = np.zeros(complete, np.bool_)
    reach = min(complete, len(time_ns) - 1)
    # A bid, then an ask, of one stamp.
    half[:reach] = (sides[:reach] == 1) & (sides[1 : reach + 1] == 2) & (time_ns[:reach] == time_ns[1 : reach + 1])
    touch.told = after[-1].copy()
    rows = np.column_stack([time_ns[:complete], after])[~half]
    rows = rows[np.any(np.diff(rows, axis=0, prepend=touch.shown[None, :]) != 0, axis=1)]
    if len(rows):
        touch.shown = rows[-1].copy()
    return Quotes(*(np.ascontiguousarray(rows[:, column]) for column in range(5))), left_out


def findings_of(tally: Tally, prints: Prints, tick: str) -> Findings:
    """What a day's prints were made of, and what a user should know of them."""
    notes = ["Times are milliseconds: the order of a trade and a quote within one is unknown, so join with strict <"]
    if tally.left_out:
        notes.append(
            f"{_prints(tally.left_out)} of {tally.left_out_shares:,} shares left out by sale condition "
            f"({_rule(prints)})"
        )
    if tally.negotiated:
        notes.append(
            f"{_prints(tally.negotiated)} of {tally.negotiated_shares:,} shares count in the volume at prices agreed "
            "away from the market (average price, derivatively priced and the like); they are flagged hidden"
        )
    if tally.outside:
        notes.append(f"{_prints(tally.outside)} of {tally.outside_shares:,} shares outside the session")
    if tally.between:
        notes.append(
            f"{_prints(tally.between)} between ticks rounded to the tick of {tick}; it moves the average traded price "
            f"by {1e4 * tally.moved / tally.paid:.4f} basis points"
        )
    counts = {"left_out": tally.left_out} if tally.left_out else {}
    return Findings(
        counts=counts,
        mixes={
            "sale conditions": _named(tally.prints),
            "shares by sale condition": _named(tally.shares),
            "prints by venue": dict(tally.venues.most_common()),
        },
        measures={
            "volume_shares": float(sum(tally.shares.values())),
            "left_out_shares": float(tally.left_out_shares),
            "outside_session_shares": float(tally.outside_shares),
        },
        notes=tuple(notes),
    )


def _prints(count: int) -> str:
    return "1 print" if count == 1 else f"{count:,} prints"


def _rule(prints: Prints) -> str:
    if prints == "last":
        return "those that may not set the last price of the consolidated tape, and suspicious ones"
    return "what the consolidated tape does not count: official opens and closes, and suspicious ones"


def _wanted(bits: Ints, is_suspicious: npt.NDArray[np.bool_], prints: Prints) -> npt.NDArray[np.bool_]:
    if prints == "all":
        return np.ones(len(bits), np.bool_)
    return ~has(bits, NOT_COUNTED if prints == "counted" else NOT_LAST) & ~is_suspicious


def _count(tally: Tally, bits: Ints, size: Ints, venues: pl.Series, is_suspicious: npt.NDArray[np.bool_]) -> None:
    distinct, which = np.unique(bits, return_inverse=True)
    for code, prints, shares in zip(
        distinct.tolist(),
        np.bincount(which).tolist(),
        np.bincount(which, weights=size).astype(np.int64).tolist(),
        strict=True,
    ):
        tally.prints[code] += prints
        tally.shares[code] += shares
    tally.venues.update(dict(venues.value_counts().iter_rows()))
    tally.suspicious += int(np.count_nonzero(is_suspicious))


def _named(counter: Counter[int]) -> dict[str, int]:
    """Counts under the names of the conditions, most first; some bits make the same name."""
    named: Counter[str] = Counter()
    for bits, count in counter.items():
        named[name_of(bits)] += count
    return dict(named.most_common())


def _rows(block: Block | None, clock: Clock) -> tuple[Ints, Ints, Ints, int]:
    """Times, sides told (1 bid, 2 ask, 3 both), their ticks and lots, and how many rows are suspicious or tell none."""
    if block is None:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 4), np.int64), 0
    time_ns = _times(block, clock)
    values = np.empty((len(time_ns), 4), np.int64)
    for column, name in ((0, "bid"), (2, "ask")):
        units = _units(block, name)
        lots = integers(block, f"{name}_size").to_numpy()
        _refuse(block, name, (units < 0) | ((units == 0) & (lots > 0)), "is not above 0")
        _refuse(block, f"{name}_size", lots < 0, "is below 0")
        _refuse(block, name, units % clock.units_a_tick != 0, _between(clock))
        values[:, column], values[:, column + 1] = units // clock.units_a_tick, lots
    sides = (values[:, 0] != 0) + 2 * (values[:, 2] != 0)
    keep = (sides > 0) & ~_flags(block)
    values[values[:, 1] == 0, 0] = 0  # A price without size is a side that is gone.
    values[values[:, 3] == 0, 2] = 0
    return time_ns[keep], sides[keep].astype(np.int64), values[keep], int(np.count_nonzero(~keep))


def _filled(state: Ints, sides: Ints, values: Ints) -> Ints:
    """Both sides after each row: the side a row does not tell is as the latest row before it told."""
    after = np.empty_like(values)
    for bit, first in ((1, 0), (2, 2)):
        told = (sides & bit) != 0
        latest = np.maximum.accumulate(np.where(told, np.arange(len(sides)), -1))
        for column in (first, first + 1):
            after[:, column] = np.where(latest >= 0, values[latest, column], state[column])
    return after


def _no_quotes() -> Quotes:
    return Quotes(*(np.zeros(0, np.int64) for _ in range(5)))


def _times(block: Block, clock: Clock) -> Ints:
    since = integers(block, "time", _MS_DECIMALS, why="is not a number of milliseconds").to_numpy()
    back = np.diff(since) < 0
    if back.any():
        row = int(np.argmax(back)) + 1
        raise block.fault(
            row, "time", f"is before {block.frame['time'][row - 1]} in the row above; sort the rows by time"
        )
    return since + clock.midnight_ns


def _units(block: Block, column: str) -> Ints:
    return integers(block, column, why="is not a whole number of a hundredth of a cent").to_numpy()


def _conditions(block: Block) -> Ints:
    column = block.frame["condition"]
    known: dict[str, int] = {}
    for code in column.unique().to_list():
        try:
            known[code] = parse(code)
        except BadData:
            row = int(column.index_of(code) or 0)
            raise block.fault(row, "condition", "is no hexadecimal number of up to 8 digits") from None
    return column.replace_strict(known, return_dtype=pl.Int64).to_numpy()


def _flags(block: Block) -> npt.NDArray[np.bool_]:
    return block.frame["suspicious"].is_in(["1", "true", "True", "TRUE"]).to_numpy()


def _refuse(block: Block, column: str, bad: npt.NDArray[np.bool_], why: str) -> None:
    if bad.any():
        raise block.fault(int(np.argmax(bad)), column, why)


def _between(clock: Clock) -> str:
    return f"is no multiple of the tick of {clock.units_a_tick / 10_000:g}; read the day with tick_size 0.0001"
