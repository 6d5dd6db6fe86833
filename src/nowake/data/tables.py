"""Your own tables of trades and quotes: CSV (plain, .gz or .zst) or Parquet, under your own column names.

Everything is converted exactly: decimals to ticks and lots by decimal arithmetic, times to nanoseconds by integers.
A day made of tables has no order-by-order events, so costs can be measured on it but no orders simulated in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.columns import Names, Source, TimeUnit, instants, read, span_of
from nowake.data.day import Day, no_events, no_quotes, no_trades, outside_data
from nowake.data.text import shortened
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Quotes, Trades

TRADE_COLUMNS = Names(("time", "price", "quantity"), ("aggressor", "hidden", "auction"))
QUOTE_COLUMNS = Names(("time", "bid", "bid_size", "ask", "ask_size"))

AGGRESSORS = {"buy": 1, "b": 1, "1": 1, "+1": 1, "sell": -1, "s": -1, "-1": -1, "": 0, "0": 0, "unknown": 0, "n": 0}
TRUTHS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}
TRUTHS[""] = False

_ZERO = re.compile(r"[+-]?(?:0+\.?0*|\.0+)(?:[eE][+-]?[0-9]+)?")

_Value = TypeVar("_Value", int, bool)


def read_trades(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    instrument: Instrument,
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
) -> Trades:
    """Trades from a CSV or Parquet file.

    Parameters
    ----------
    path
        CSV with a header (its name may end in .gz or .zst) or .parquet.
    columns
        Your name -> ours: time, price, quantity, and if there are such aggressor (buy or sell, +1 or -1, empty or 0
        for unknown), hidden and auction (true or false). Names that are ours already need no entry.
    instrument
        Its tick and lot make integers of prices (currency) and quantities (shares).
    timezone
        Of times that name none, such as "America/New_York"; by default that of the instrument's session.
    time_unit
        "iso" (2024-01-02T09:30:00.123456789, with or without offset, or a Parquet timestamp), "ns", "us", "ms" or "s"
        since the epoch, or "seconds_after_midnight" of the session's date.

    Raises
    ------
    NotFound
        When the file is not there.
    BadParameter
        When a column, time zone or time unit is not known, or two columns are mapped to one.
    BadData
        When a value cannot be used; shows file, row and value.
    """
    table = read(path, columns, TRADE_COLUMNS)
    time = _times(table, instrument, timezone, time_unit)
    prices = _convert(table, table.frame["price"], instrument.ticks)
    lots = _convert(table, table.frame["quantity"], instrument.lots)
    return Trades(
        time_ns=time,
        price_ticks=prices.to_numpy(writable=True),
        lots=lots.to_numpy(writable=True),
        aggressor=_lookup(table, "aggressor", AGGRESSORS, pl.Int8).to_numpy(writable=True),
        hidden=_lookup(table, "hidden", TRUTHS, pl.Boolean).to_numpy(writable=True),
        auction=_lookup(table, "auction", TRUTHS, pl.Boolean).to_numpy(writable=True),
    )


def read_quotes(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    instrument: Instrument,
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
) -> Quotes:
    """Best bids and asks from a CSV or Parquet file, a row for each change.

    Our names are time, bid, bid_size, ask and ask_size; a side whose size is 0 or empty is not there. Parameters and
    errors as for `read_trades`.
    """
    table = read(path, columns, QUOTE_COLUMNS)
    time = _times(table, instrument, timezone, time_unit)
    sides = {}
    for side in ("bid", "ask"):
        lots = _convert(table, table.frame[f"{side}_size"], lambda size: _lots_or_none(instrument, size))
        shown = table.frame.select(pl.when(lots > 0).then(pl.col(side)).otherwise(pl.lit("")).alias(side))[side]
        ticks = _convert(table, shown, lambda price: instrument.ticks(price) if price else 0)
        sides[f"{side}_lots"] = lots.to_numpy(writable=True)
        sides[f"{side}_ticks"] = ticks.to_numpy(writable=True)
    return Quotes(time_ns=time, **sides)


def day_from_tables(
    *, instrument: Instrument, trades: Trades | None = None, quotes: Quotes | None = None, source: str = "tables"
) -> Day:
    """A day of quotes and trades without order-by-order events."""
    quotes = quotes if quotes is not None else no_quotes()
    trades = trades if trades is not None else no_trades()
    return Day(
        instrument=instrument,
        source=source,
        events=no_events(),
        quotes=quotes,
        trades=trades,
        depth=1,
        warnings=outside_data(instrument.session, np.concatenate([quotes.time_ns, trades.time_ns])),
    )


def _times(table: Source, instrument: Instrument, timezone: str | None, unit: TimeUnit) -> npt.NDArray[np.int64]:
    column = table.frame["time"]
    times = instants(table, instrument.session, timezone, unit)
    if times.has_nulls():
        row = int(times.is_null().arg_max() or 0)
        raise BadData(f"{table.row(row)}: time {shortened(str(column[row]))!r} cannot be read as {span_of(unit)}")
    back = times.diff() < 0
    if back.any():
        row = int(back.arg_max() or 0)
        raise BadData(
            f"{table.row(row)}: time {column[row]} is before {column[row - 1]} in the row above; sort the rows by time"
        )
    return times.to_numpy(writable=True)


def _convert(table: Source, column: pl.Series, exact: Callable[[str], int]) -> pl.Series:
    """A column of decimals as integers, each distinct text converted once."""
    converted: dict[str, int] = {}
    for text in column.unique(maintain_order=True).to_list():
        try:
            converted[text] = exact(text)
        except BadParameter as error:
            raise BadData(f"{table.row(int(column.index_of(text) or 0))}: {column.name}: {error}") from None
    return column.replace_strict(converted, return_dtype=pl.Int64)


def _lookup(table: Source, name: str, known: Mapping[str, _Value], kind: type[pl.DataType]) -> pl.Series:
    found = looked_up(table, name, known, kind)
    if found.has_nulls():
        row = int(found.is_null().arg_max() or 0)
        shown = shortened(table.frame[name][row])
        raise BadData(f"{table.row(row)}: {name} {shown!r} is none of {', '.join(filter(None, known))}")
    return found


def looked_up(table: Source, name: str, known: Mapping[str, _Value], kind: type[pl.DataType]) -> pl.Series:
    """What the words of a column mean, null where they are not known; the word of an empty field without a column."""
    if name not in table.frame.columns:
        return pl.select(pl.repeat(known[""], table.frame.height, dtype=kind)).to_series()
    return table.frame[name].str.to_lowercase().replace_strict(dict(known), default=None, return_dtype=kind)


def _lots_or_none(instrument: Instrument, size: str) -> int:
    """Lots of a displayed size, 0 where it is empty or zero; nonsense is for the instrument to refuse."""
    return 0 if not size or is_zero(size) else instrument.lots(size)


def is_zero(text: str) -> bool:
    """Whether a text spells zero in plain digits: 0, 0.00, -0."""
    return _ZERO.fullmatch(text) is not None
