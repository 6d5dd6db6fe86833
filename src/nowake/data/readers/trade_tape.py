"""Plain tapes of prints: a table of time, price and size, CSV plain or packed, one symbol a file, any number of days.

A file is known by a header of nothing but such columns (others, as an order's action, mean it is something else), or
without one by times since the epoch with a price and a size. The tape says no venue: its hours are told from when it
trades (`hours`), its currency is taken for dollars where the symbol is no pair, and prices are taken as they stand, so
that those of a tape in cents are cents.
The tick is the smallest step all prices lie on, the lot that of all sizes; a first pass over the file finds both.

The last price of a day counts as its closing auction when nothing traded for five minutes before it and its size is at
least ten times that of the median print: tapes do not say so themselves. Opening auctions are not told apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.assemble import joined
from nowake.data.findings import Findings
from nowake.data.readers.bar_columns import is_time, named, placed, plain, times_of
from nowake.data.readers.bars import venue_of
from nowake.data.readers.contract import PIECE_EVENTS, Piece, Progress, Recording, Wanted
from nowake.data.readers.delimited import Block, Head, blocks, integers, look, scaled
from nowake.data.readers.hours import ALWAYS, GLOBEX, Seen, assigned, sessions_of
from nowake.data.readers.packed import chunks
from nowake.data.readers.table_names import UNKNOWN_VENUE, quoted_in
from nowake.data.readers.table_names import named as table_named
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import LARGEST_COUNT, Instrument
from nowake.domain.market import Trades, select
from nowake.domain.units import NS_PER_MINUTE

Ints = npt.NDArray[np.int64]

FORMAT = "trades"
SYNONYMS: dict[str, tuple[str, ...]] = {
    "time": (
        "timestamputc",
        "timeutc",
        "timestamp",
        "datetime",
        "tradetime",
        "transacttime",
        "time",
        "date",
        "ts",
        "t",
    ),
    "price": ("price", "tradeprice", "px", "lastprice", "last", "p"),
    "size": ("size", "volume", "quantity", "qty", "amount", "shares", "vol", "lastsize", "tradesize", "v", "q", "s"),
    "aggressor": ("aggressor", "aggressorside", "takerside", "side"),
    "maker": ("isbuyermaker", "buyermaker"),
}
_IGNORED = {"id", "tradeid", "tid", "quoteqty", "value", "turnover", "notional", "sequence", "seq", "index", ""}
_SIDES = {"buy": 1, "b": 1, "bid": 1, "1": 1, "+1": 1, "sell": -1, "s": -1, "ask": -1, "a": -1, "-1": -1}
_MAKERS = {"true": -1, "1": -1, "false": 1, "0": 1}  # The buyer rested, so the seller took; and the other way round.
_UNKNOWN = {"": 0, "0": 0, "n": 0, "unknown": 0, "none": 0}
_HEADERLESS = ("time", "price", "size")
_DECIMALS = 9  # Of prices and sizes, at most.
_SILENCE_NS = 5 * NS_PER_MINUTE
_LARGE = 10  # Times the median print: how large a closing auction is at least.
_HELD_BACK = 4096  # Rows kept until it is known whether the day goes on: more than ever trade after a closing auction.


class Layout(NamedTuple):
    """All columns of a file in order, ours under our names; and rows before the data."""

    separator: str
    columns: tuple[str, ...]
    skip_rows: int
    says_utc: bool


class Survey(NamedTuple):
    """What a first pass finds: sessions and zone, tick and lot, and whether times are a wall clock's."""

    seen: Seen
    tick: Decimal
    lot: Decimal
    is_wall: bool


def recognises(path: Path) -> bool:
    """Whether a file is a tape of prints, by its header or by its first rows."""
    return _layout_of(path) is not None


def recordings(files: Sequence[Path]) -> list[Recording]:
    """One recording a file.

    Raises
    ------
    BadData
        When a file is damaged.
    """
    found = []
    for path in files:
        survey = _survey(path, None)
        symbol, venue = _symbol_and_venue(path, survey)
        index, _ = assigned(survey.seen.sessions, survey.seen.time_ns, survey.seen.time_ns)
        dates = survey.seen.sessions[int(index[0])].date, survey.seen.sessions[int(index[-1])].date
        found.append(Recording(FORMAT, venue, (symbol,), *dates, (path,)))
    return found


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """The prints of each session, those outside it included; files of more than a million prints a day in parts.

    Raises
    ------
    BadData
        When a row cannot be used or is before the one above; shows file, row and value.
    BadParameter
        When a tick or lot does not fit the data.
    """
    for path in recording.files:
        survey = _survey(path, _half(wanted.progress, second=False))
        symbol, venue = _symbol_and_venue(path, survey)
        tick, lot = wanted.tick_size or survey.tick, wanted.lot_size or survey.lot
        for name, mine, own in (("tick_size", tick, survey.tick), ("lot_size", lot, survey.lot)):
            if mine <= 0 or own % mine:
                raise BadParameter(f"{name} {mine} does not divide every value in {path.name}; use {own}")
        notes = Findings(notes=(survey.seen.hours.note,) if survey.seen.hours.note else ())
        progress = _half(wanted.progress, second=True)
        for number, trades in _by_session(path, survey, (tick, lot), progress):
            session = survey.seen.sessions[number]
            if not wanted.includes(symbol, session.date):
                continue
            instrument = Instrument(
                symbol=symbol,
                venue=venue,
                session=session,
                tick_size=tick,
                lot_size=lot,
                currency=quoted_in(symbol),
            )
            outside = (trades.time_ns < session.open_ns) | (trades.time_ns >= session.close_ns)
            count = int(np.count_nonzero(outside & ~trades.auction))
            found = Findings(measures={"outside_session_prints": float(count)} if count else {})
            yield Piece(instrument, trades=trades, depth=1, findings=notes.merged(found))


def _by_session(
    path: Path, survey: Survey, steps: tuple[Decimal, Decimal], progress: Progress | None
) -> Iterator[tuple[int, Trades]]:
    """Number of a session, and its prints or the next part of them, the last rows of a day always together."""
    held: Trades | None = None
    current, earliest_ns = -1, -(2**63)
    for block in _blocks(path, _layout(path), progress):
        trades = _trades(block, survey, steps)
        if int(trades.time_ns[0]) < earliest_ns:
            raise block.fault(0, "time", "is before the row above it; sort the rows by time")
        earliest_ns = int(trades.time_ns[-1])
        index, _ = assigned(survey.seen.sessions, trades.time_ns, trades.time_ns)
        for number in np.unique(index).tolist():
            part = select(trades, np.flatnonzero(index == number))
            if number != current and held is not None:
                yield current, _with_close(held, survey.seen.hours.calendar)
                held = None
            current = number
            held = joined([held, part])
            assert held is not None
            if len(held) > PIECE_EVENTS:
                cut = len(held) - _HELD_BACK
                yield current, select(held, np.arange(cut))
                held = select(held, np.arange(cut, len(held)))
    if held is not None:
        yield current, _with_close(held, survey.seen.hours.calendar)


def _with_close(trades: Trades, calendar: str) -> Trades:
    """The last prints of a day as its closing auction, where they follow a silence and one of them is large."""
    gaps = np.flatnonzero(np.diff(trades.time_ns) >= _SILENCE_NS)
    if not len(gaps) or calendar in {ALWAYS, GLOBEX}:
        return trades
    first = int(gaps[-1]) + 1
    tail = slice(first, len(trades))
    is_one_price = np.all(trades.price_ticks[tail] == trades.price_ticks[first])
    if not is_one_price or trades.lots[tail].max() < _LARGE * np.median(trades.lots[:first]):
        return trades
    trades.auction[tail] = True
    trades.aggressor[tail] = 0
    return trades


def _trades(block: Block, survey: Survey, steps: tuple[Decimal, Decimal]) -> Trades:
    columns = []
    for name, step in zip(("price", "size"), steps, strict=True):
        units, unit = integers(block, name, _DECIMALS).to_numpy(), int(step.scaleb(_DECIMALS))
        wrong = (units <= 0) if name == "size" else (units == 0)
        wrong |= np.abs(units // unit) > LARGEST_COUNT
        if wrong.any():
            raise block.fault(int(np.argmax(wrong)), name, "is not above 0, or too large to count")
        columns.append(units // unit)
    ticks, lots = columns
    return Trades(
        time_ns=_instants(block, survey.is_wall, survey.seen.hours.timezone),
        price_ticks=ticks,
        lots=lots,
        aggressor=_aggressors(block),
        hidden=np.zeros(len(ticks), np.bool_),
        auction=np.zeros(len(ticks), np.bool_),
    )


def _instants(block: Block, is_wall: bool, timezone: str) -> Ints:
    times, told_wall = times_of(block, "time")
    if told_wall != is_wall:
        raise block.fault(0, "time", "names its zone otherwise than the rows above it; write all times the same way")
    if is_wall:
        times = placed(times, timezone)
        if times.has_nulls():
            raise block.fault(int(times.is_null().arg_max() or 0), "time", f"is skipped or shown twice in {timezone}")
    back = (times.diff() < 0).fill_null(False)
    if back.any():
        raise block.fault(int(back.arg_max() or 0), "time", "is before the row above it; sort the rows by time")
    return times.to_numpy(writable=True)


def _aggressors(block: Block) -> npt.NDArray[np.int8]:
    for name, words in (("aggressor", _SIDES), ("maker", _MAKERS)):
        if name in block.frame.columns:
            text = block.frame[name].str.to_lowercase()
            known = text.replace_strict({**_UNKNOWN, **words}, default=None, return_dtype=pl.Int8)
            if known.has_nulls():
                raise block.fault(int(known.is_null().arg_max() or 0), name, "is neither buy nor sell")
            return known.to_numpy(writable=True)
    return np.zeros(block.frame.height, np.int8)


def _survey(path: Path, progress: Progress | None) -> Survey:
    """One pass over times, prices and sizes: what cannot be known before all of them are seen."""
    layout = _layout(path)
    minutes, walls, steps = [], set(), [0, 0]
    for block in _blocks(path, layout, progress):
        times, is_wall = times_of(block, "time")
        walls.add(is_wall)
        values = [integers(block, name, _DECIMALS) for name in ("price", "size")]
        steps = [math.gcd(step, *each.unique().to_list()) for step, each in zip(steps, values, strict=True)]
        minutes.append(_by_minute(pl.DataFrame({"time_ns": times // NS_PER_MINUTE * NS_PER_MINUTE, "size": values[1]})))
    if not minutes:
        raise BadData(f"{path.name} has no prints")
    traded = _by_minute(pl.concat(minutes))
    seen = sessions_of(
        traded["time_ns"].to_numpy(),
        traded["size"].to_numpy().astype(np.float64),
        is_wall=True in walls,
        says_utc=layout.says_utc,
        length_ns=NS_PER_MINUTE,
    )
    tick, lot = (Decimal(step or 10**_DECIMALS).scaleb(-_DECIMALS).normalize() for step in steps)
    return Survey(seen, tick, lot, True in walls)


def _half(progress: Progress | None, *, second: bool) -> Progress | None:
    """What is told of one of two passes over the same bytes."""
    if progress is None:
        return None
    return lambda done, whole: progress((done + whole * second) // 2, whole)


def _by_minute(prints: pl.DataFrame) -> pl.DataFrame:
    """What traded in each minute: enough to tell the hours, and little to keep of a long file."""
    return prints.group_by("time_ns").agg(pl.col("size").sum()).sort("time_ns")


def _blocks(path: Path, layout: Layout, progress: Progress | None) -> Iterator[Block]:
    return blocks(
        chunks(path, progress=progress),
        name=path.name,
        columns=layout.columns,
        separator=layout.separator,
        skip_rows=layout.skip_rows,
    )


def _layout(path: Path) -> Layout:
    layout = _layout_of(path)
    if layout is None:
        raise BadData(f"{path.name} is no tape of prints: its columns time, price and size are not found")
    return layout


def _layout_of(path: Path) -> Layout | None:
    seen = look(path)
    if seen is None or len(seen.rows) < 2:
        return None
    places = named(seen.rows[0], SYNONYMS)
    if {"time", "price", "size"} <= set(places):
        return _by_header(seen, places)
    is_tape = all(len(row) == len(_HEADERLESS) and _is_print(row) for row in seen.rows[:50])
    return Layout(seen.separator, _HEADERLESS, 0, True) if is_tape else None


def _by_header(seen: Head, places: dict[str, int]) -> Layout | None:
    header = seen.rows[0]
    others = {plain(name) for place, name in enumerate(header) if place not in places.values()}
    row = seen.rows[1]
    if not others <= _IGNORED or len(row) != len(header):
        return None
    if not is_time(row[places["time"]]) or not all(_is_number(row[places[name]]) for name in ("price", "size")):
        return None
    columns = [f"unused_{place}" for place in range(len(header))]
    for ours, place in places.items():
        columns[place] = ours
    return Layout(seen.separator, tuple(columns), 1, plain(header[places["time"]]).endswith("utc"))


def _is_print(row: list[str]) -> bool:
    """A time since the epoch, not just any number, with a price and a size."""
    is_epoch = is_time(row[0]) and "-" not in row[0] and row[0].partition(".")[0].isdigit() and len(row[0]) > 8
    return is_epoch and _is_number(row[1]) and _is_number(row[2])


def _is_number(text: str) -> bool:
    return not scaled(pl.Series([text]), _DECIMALS).has_nulls()


def _symbol_and_venue(path: Path, survey: Survey) -> tuple[str, str]:
    name = table_named(path)
    return name.symbol, name.venue if name.venue != UNKNOWN_VENUE else venue_of(survey.seen.hours.calendar)
