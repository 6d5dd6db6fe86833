"""Bars of Lean data folders: a day of an equity, all its days by hour or day, or the contracts of a future."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.readers.bar_columns import placed
from nowake.data.readers.bar_days import days_of
from nowake.data.readers.bars import venue_of
from nowake.data.readers.contract import Piece, Wanted
from nowake.data.readers.delimited import Block, blocks, integers, scaled
from nowake.data.readers.hours import (
    ALWAYS,
    Hours,
    Seen,
    Told,
    assigned,
    dates_of,
    multiplier_on,
    sessions_in,
    sessions_of,
    told_by,
)
from nowake.data.readers.lean_files import LeanFile, Member, chunks, merged, place_of
from nowake.data.readers.table_names import quoted_in
from nowake.data.sessions import session_on
from nowake.data.text import midnight_ns
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Quotes
from nowake.domain.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND
from nowake.domain.units import midnight_ns as midnight_of_date

Ints = npt.NDArray[np.int64]

LENGTHS_NS = {"second": NS_PER_SECOND, "minute": NS_PER_MINUTE, "hour": 60 * NS_PER_MINUTE, "daily": NS_PER_DAY}
TRADE_COLUMNS = ("time", "open", "high", "low", "close", "volume")
QUOTE_COLUMNS = tuple(
    ["time"] + [f"{side}{what}" for side in ("bid", "ask") for what in ("_open", "_high", "_low", "", "_size")]
)
_PRICES = ("open", "high", "low", "close")
_NEW_YORK = "America/New_York"
_TICKS = (Decimal("0.01"), Decimal("0.0001"))
_DECIMALS = 8  # Every number is held as an integer of 10**-8, exactly.
_UNIT = Decimal(1).scaleb(-_DECIMALS)
_EQUITY_UNITS = 10_000 * 10**_DECIMALS  # In a dollar, for the file says dollars x 10,000.
_MS_DECIMALS = 6  # Nanoseconds in a millisecond.


def equity_pieces(files: Sequence[LeanFile], wanted: Wanted, place: tuple[str, str]) -> Iterator[Piece]:
    """The bars of an equity, scaled prices on a New York clock; `place` is the venue and its calendar.

    Raises
    ------
    BadData
        When a row cannot be used; shows file, row and value.
    BadParameter
        When New York was closed on the date.
    """
    (venue, calendar), symbol = place, files[0].symbol
    if files[0].date is None:
        yield from _long(files[0], wanted, place)
        return
    if not wanted.includes(symbol, files[0].date):
        return
    session = session_on(calendar, files[0].date)
    tables = {file.kind: _table(file, file.members[0], midnight_ns(session)) for file in files}
    quotes = tables.get("quote")
    tick = _equity_tick(quotes)
    if wanted.tick_size is not None:
        tick = checked_step(wanted.tick_size, "tick_size", unit=_TICKS[1])
    instrument = Instrument(symbol=symbol, venue=venue, session=session, tick_size=tick)
    length = LENGTHS_NS[files[0].resolution]
    if quotes is not None:
        yield Piece(instrument, quotes=_quotes(quotes, length, (int(tick * _EQUITY_UNITS), 10**_DECIMALS)), depth=1)
    if "trade" in tables:
        frame = _bars(tables["trade"], _EQUITY_UNITS)
        seen = Seen([session], Hours(calendar, session.timezone, ""), frame["time_ns"].to_numpy())
        for day in days_of(frame, seen, length_ns=length, keep_outside=True):
            yield Piece(instrument, bars=day.bars, depth=1, findings=day.findings)
    _tell(wanted, files, 1.0)


def plain_pieces(files: Sequence[LeanFile], wanted: Wanted) -> Iterator[Piece]:
    """The bars of other assets, contract by contract: plain prices in UTC, cut into sessions across files.

    Raises
    ------
    BadData
        When a row cannot be used; shows file, row and value.
    """
    hours = _told(files).hours
    venue = _venue_of(files, hours)
    contracts = [(symbol, list(group)) for symbol, group in groupby(merged(files), key=_contract_of)]
    for number, (symbol, group) in enumerate(contracts, start=1):
        _tell(wanted, files, number / len(contracts))
        if wanted.symbols and symbol not in wanted.symbols:
            continue
        tables: dict[str, list[pl.DataFrame]] = {"trade": [], "quote": []}
        for file, member in group:
            assert file.date is not None
            tables[file.kind].append(_table(file, member, midnight_of_date(file.date, "UTC")))
        joined = {kind: pl.concat(frames) for kind, frames in tables.items() if frames}
        yield from _contract(joined, (symbol, venue, hours.calendar), LENGTHS_NS[files[0].resolution], wanted)


def checked_step(step: Decimal, name: str, *, unit: Decimal = _UNIT) -> Decimal:
    """A tick or lot that was asked for.

    Raises
    ------
    BadParameter
        When it is no multiple, above 0, of the unit of the file.
    """
    if step <= 0 or step % unit:
        raise BadParameter(f"{name} {step:f} is no multiple of {unit:f}, the unit of the file")
    return step


def plain_place(files: Sequence[LeanFile]) -> tuple[str, dict[str, tuple[dt.date, dt.date]]]:
    """The venue, and the first and the last session of each contract.

    The venue is the market of Lean's own folders ("cme", "coinbase"), else the one that the hours speak for.

    Raises
    ------
    BadData
        When there are no rows.
    """
    told = _told(files)
    ends = {symbol: _ends(list(tables)) for symbol, tables in groupby(merged(files), key=_contract_of)}
    spans = {symbol: dates_of(told._replace(time_ns=each)) for symbol, each in ends.items() if len(each)}
    return _venue_of(files, told.hours), spans


def _contract_of(table: tuple[LeanFile, Member]) -> str:
    return table[0].symbol_of(table[1])


def _venue_of(files: Sequence[LeanFile], hours: Hours) -> str:
    _, market = place_of(files[0])
    return market.upper() or venue_of(hours.calendar)


def span_of(file: LeanFile) -> tuple[dt.date, dt.date]:
    """The first and the last date of an hour or daily file.

    Raises
    ------
    BadData
        When it has no rows.
    """
    dates = [block.frame["time"].str.slice(0, 8) for block in _blocks(file, file.members[0])]
    if not dates:
        raise BadData(f"{file.path.name} has no bars")
    ordered = pl.concat(dates).sort()
    return dt.date.fromisoformat(ordered[0]), dt.date.fromisoformat(ordered[-1])


def _long(file: LeanFile, wanted: Wanted, place: tuple[str, str]) -> Iterator[Piece]:
    """Hours or days of an equity, all in one table."""
    (venue, calendar), length = place, LENGTHS_NS[file.resolution]
    frame = _bars(_table(file, file.members[0], None), _EQUITY_UNITS).sort("time_ns")
    times = frame["time_ns"].to_numpy()
    seen = Seen(sessions_in(calendar, times), Hours(calendar, _NEW_YORK, ""), times)
    for day in days_of(frame, seen, length_ns=length, keep_outside=True):
        if wanted.includes(file.symbol, day.session.date):
            tick = wanted.tick_size or _TICKS[0]
            instrument = Instrument(symbol=file.symbol, venue=venue, session=day.session, tick_size=tick)
            yield Piece(instrument, bars=day.bars, findings=day.findings)


def _contract(
    tables: dict[str, pl.DataFrame], name: tuple[str, str, str], length: int, wanted: Wanted
) -> Iterator[Piece]:
    """The sessions of one contract, quotes before bars."""
    symbol, venue, calendar = name
    times = np.sort(np.concatenate([frame["time_ns"].to_numpy() for frame in tables.values()]))
    if not len(times):
        return
    seen = sessions_of(times, np.ones(len(times)), length_ns=length)
    sessions = sessions_in(calendar, times) if calendar else seen.sessions
    tick = _plain_step(tables, [*_PRICES, *QUOTE_COLUMNS[1:5], *QUOTE_COLUMNS[6:10]])
    if wanted.tick_size is not None:
        tick = checked_step(wanted.tick_size, "tick_size")
    lot = _plain_step(tables, ["volume", "bid_size", "ask_size"])
    lot = checked_step(wanted.lot_size, "lot_size") if wanted.lot_size is not None else min(lot, Decimal(1))
    steps = int(tick.scaleb(_DECIMALS)), int(lot.scaleb(_DECIMALS))
    quotes = _quotes_by_session(tables.get("quote"), sessions, length, steps)
    bars = {}
    if "trade" in tables:
        frame = _bars(tables["trade"], 10**_DECIMALS)
        of_trades = Seen(sessions, seen.hours, frame["time_ns"].to_numpy())
        bars = {day.session.date: day for day in days_of(frame, of_trades, length_ns=length)}
    for session in sessions:
        if not wanted.includes(symbol, session.date):
            continue
        currency = quoted_in(symbol) if calendar in {ALWAYS, ""} else "USD"
        instrument = Instrument(
            symbol=symbol,
            venue=venue,
            session=session,
            tick_size=tick,
            lot_size=lot,
            currency=currency,
            multiplier=multiplier_on(calendar),
        )
        if session.date in quotes:
            yield Piece(instrument, quotes=quotes[session.date], depth=1)
        if session.date in bars:
            day = bars[session.date]
            yield Piece(instrument, bars=day.bars, depth=1, findings=day.findings)


def _tell(wanted: Wanted, files: Sequence[LeanFile], share: float) -> None:
    if wanted.progress is not None:
        size = sum(file.path.stat().st_size for file in files)
        wanted.progress(int(size * share), size)


def _told(files: Sequence[LeanFile]) -> Told:
    """The hours all contracts keep together, by their trades where there are any: a thin one alone cannot tell."""
    tables = merged([file for file in files if file.kind == "trade"] or files)
    together = np.unique(np.concatenate([_instants(file, member) for file, member in tables]))
    return told_by(together, np.ones(len(together)))


def _ends(tables: Sequence[tuple[LeanFile, Member]]) -> Ints:
    """The first and the last instant of a contract's tables, told by those of the first and the last days with rows."""
    days = [list(group) for _, group in groupby(tables, key=lambda table: table[0].date)]
    ends: list[int] = []
    for ordered, end in ((days, min), (days[::-1], max)):
        times = (np.concatenate([_instants(file, member) for file, member in day]) for day in ordered)
        ends += [int(end(each)) for each in itertools.islice(filter(len, times), 1)]
    return np.array(ends, np.int64)


def _instants(file: LeanFile, member: Member) -> Ints:
    assert file.date is not None
    midnight = midnight_of_date(file.date, "UTC")
    times = [_times(block, midnight).to_numpy() for block in _blocks(file, member)]
    return np.concatenate([np.zeros(0, np.int64), *times])


def _table(file: LeanFile, member: Member, midnight: int | None) -> pl.DataFrame:
    """Times as instants, every number as an integer of 10**-8, and the row; an empty field is 0."""
    names = QUOTE_COLUMNS if file.kind == "quote" else TRADE_COLUMNS
    frames = [pl.DataFrame(schema=dict.fromkeys(("time_ns", *names[1:], "row"), pl.Int64))]
    for block in _blocks(file, member):
        columns = {"time_ns": _times(block, midnight)}
        columns |= {name: _units(block, name) for name in names[1:]}
        columns["row"] = pl.int_range(block.first_row, block.first_row + block.frame.height, eager=True)
        frames.append(pl.DataFrame(columns))
    return pl.concat(frames)


def _blocks(file: LeanFile, member: Member) -> Iterator[Block]:
    columns = QUOTE_COLUMNS if file.kind == "quote" else TRADE_COLUMNS
    return blocks(chunks(file, member), name=member.name, columns=columns)


def _times(block: Block, midnight: int | None) -> pl.Series:
    """Milliseconds after midnight, or local dates with hour and minute where there is no midnight."""
    if midnight is not None:
        return integers(block, "time", _MS_DECIMALS, why="is not a number of milliseconds") + midnight
    wall = block.frame["time"].str.to_datetime("%Y%m%d %H:%M", time_unit="ns", strict=False).dt.epoch("ns")
    times = placed(wall, _NEW_YORK)
    if times.has_nulls():
        raise block.fault(int(times.is_null().arg_max() or 0), "time", "is not a date and time as 20131001 09:00")
    return times


def _units(block: Block, name: str) -> pl.Series:
    values = scaled(block.frame[name].replace({"": "0"}), _DECIMALS)
    if values.has_nulls():
        raise block.fault(
            int(values.is_null().arg_max() or 0), name, f"is not a number of at most {_DECIMALS} decimals"
        )
    return values


def _bars(frame: pl.DataFrame, units: int) -> pl.DataFrame:
    """The columns of `bar_columns.read_bars`, prices in currency."""
    return frame.select(
        "time_ns",
        *(pl.col(name) / units for name in _PRICES),
        pl.col("volume") / 10**_DECIMALS,
        pl.lit(float("nan")).alias("vwap"),
        pl.lit(-1, pl.Int64).alias("trades"),
        "row",
    )


def _quotes(frame: pl.DataFrame, length: int, steps: tuple[int, int]) -> Quotes:
    """Both sides of each bar's close, at the end of the bar; `steps` are the file's units in a tick and in a lot."""
    unit, lot = steps
    columns = []
    for side in ("bid", "ask"):
        lots = frame[f"{side}_size"].to_numpy() // lot
        price = frame[side].to_numpy()
        off = (lots > 0) & (price % unit != 0)
        if off.any():
            row = int(np.argmax(off))
            raise BadParameter(
                f"{side} {price[row] / 10**_DECIMALS:g} in row {frame['row'][row]} is no multiple of the tick; read "
                "the day with a smaller tick_size"
            )
        columns += [np.where(lots > 0, price // unit, 0), lots]
    return Quotes(frame["time_ns"].to_numpy() + length, *columns)


def _quotes_by_session(
    frame: pl.DataFrame | None, sessions: list[Session], length: int, steps: tuple[int, int]
) -> dict[dt.date, Quotes]:
    """The quotes of each session that has any inside it."""
    if frame is None or not frame.height:
        return {}
    times = frame["time_ns"].to_numpy()
    index, inside = assigned(sessions, times, times + length)
    return {
        sessions[number].date: _quotes(frame.filter(inside & (index == number)), length, steps)
        for number in np.unique(index[inside]).tolist()
    }


def _equity_tick(quotes: pl.DataFrame | None) -> Decimal:
    """A cent, or 0.0001 where any quoted price is off the cents."""
    if quotes is None:
        return _TICKS[0]
    cent = int(_TICKS[0] * _EQUITY_UNITS)
    off = any((quotes.filter(pl.col(f"{side}_size") > 0)[side] % cent != 0).any() for side in ("bid", "ask"))
    return _TICKS[1] if off else _TICKS[0]


def _plain_step(tables: dict[str, pl.DataFrame], names: Sequence[str]) -> Decimal:
    """The largest step that all numbers of these columns are multiples of."""
    there = [frame[name] for frame in tables.values() for name in names if name in frame.columns]
    step = math.gcd(*(value for column in there for value in column.unique().to_list()))
    return Decimal(step).scaleb(-_DECIMALS).normalize() if step else Decimal(1)
