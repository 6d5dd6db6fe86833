"""Your own tables of trades, quotes, bars and order events: CSV (plain, .gz or .zst) or Parquet, your column names.

Everything is converted exactly: decimals to ticks and lots by decimal arithmetic, times to nanoseconds by integers
(bars alone are floats, for they need not lie on ticks). A day without order events can be measured but no orders
simulated in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.columns import Names, Source, TimeUnit, instants, read, span_of
from nowake.data.day import Day, Events, no_events, no_quotes, outside_data, trades_of_events
from nowake.data.findings import NOTHING_FOUND
from nowake.data.readers.bar_days import noticed_in
from nowake.data.text import shortened
from nowake.data.touch import quotes_of_events
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Bars, Quotes, Trades
from nowake.kernels import layout
from nowake.kernels.layout import EVENT

TRADE_COLUMNS = Names(("time", "price", "quantity"), ("aggressor", "hidden", "auction", "venue"))
QUOTE_COLUMNS = Names(("time", "bid", "bid_size", "ask", "ask_size"))
BAR_COLUMNS = Names(("time", "open", "high", "low", "close", "volume"), ("vwap", "trades"))
EVENT_COLUMNS = Names(("time", "kind", "side", "price", "quantity"), ("order_id", "snapshot"))

AGGRESSORS = {"buy": 1, "b": 1, "1": 1, "+1": 1, "sell": -1, "s": -1, "-1": -1, "": 0, "0": 0, "unknown": 0, "n": 0}
TRUTHS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}
TRUTHS[""] = False
EVENT_KINDS = {
    "add": layout.ADD,
    "reduce": layout.REDUCE,
    "delete": layout.DELETE,
    "execute": layout.EXECUTE,
    "hidden": layout.PRINT_HIDDEN,
    "cross": layout.PRINT_CROSS,
    "halt": layout.HALT,
    "resume": layout.RESUME,
    "clear": layout.CLEAR,
    "level": layout.LEVEL,
    "trade": layout.TRADE,
}
RESTING_SIDES = {"bid": 1, "buy": 1, "b": 1, "1": 1, "+1": 1, "ask": -1, "sell": -1, "a": -1, "s": -1, "-1": -1}
RESTING_SIDES |= {"": 0, "0": 0}

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
        for unknown), hidden and auction (true or false), venue (any short text). Names that are ours already need no
        entry.
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
        venue=table.frame["venue"].to_numpy().astype(np.str_) if "venue" in table.frame.columns else None,
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


def read_bars(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    instrument: Instrument,
    length_ns: int | None = None,
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
) -> Bars:
    """Bars from a CSV or Parquet file, each named by the time it begins.

    Our names are time, open, high, low, close, volume, and if there are such vwap and trades (their number); an empty
    one is unknown. Other parameters and errors as for `read_trades`.

    Parameters
    ----------
    length_ns
        How long a bar lasts; by default the most frequent step from one to the next.

    Raises
    ------
    BadParameter
        When the length is not above 0, or is not given and one bar alone cannot tell it.
    BadData
        Also when a high is below a low, an open or close lies outside them, a volume is negative, or two bars overlap.
    """
    table = read(path, columns, BAR_COLUMNS)
    time_ns = _times(table, instrument, timezone, time_unit)
    length = length_ns if length_ns is not None else _most_frequent_step(table, time_ns)
    if length <= 0:
        raise BadParameter(f"length_ns {length} must be above 0")
    values = {name: _floats(table, name) for name in ("open", "high", "low", "close", "volume", "vwap")}
    opens, high, low, close, volume = (values[name] for name in ("open", "high", "low", "close", "volume"))
    _refuse(table, ("high", "low"), high < low, "high {} is below low {}")
    _refuse(table, ("open", "high"), (opens > high) | (opens < low), "open {} is outside low to high {}")
    _refuse(table, ("close", "high"), (close > high) | (close < low), "close {} is outside low to high {}")
    _refuse(table, ("volume",), volume < 0, "volume {} is below 0")
    overlap = np.append(np.diff(time_ns) < length, False)
    _refuse(table, ("time",), overlap, f"the bar at {{}} lasts {length} ns, beyond the beginning of the next")
    trades = _floats(table, "trades")
    count = np.where(np.isnan(trades), -1, trades).astype(np.int64)
    return Bars(time_ns=time_ns, end_ns=time_ns + length, trades=count, **values)


def read_events(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    instrument: Instrument,
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
) -> Events:
    """Order events, or levels and trades, from a CSV or Parquet file, in the order they happened.

    Our names are time, kind, side (of the RESTING order: bid or ask), price, quantity, and if there are such order_id
    (a whole number above 0) and snapshot (true in a picture of the book). A kind is one of add, reduce, delete,
    execute (these four need an order_id), hidden, cross, halt, resume, clear; or else level (quantity is all the
    level displays) and trade, which cannot stand beside the first four. Quantity is what is added, taken away or
    traded; of a delete it may be empty. Halts, resumptions and clears need neither side, price nor quantity.
    Parameters and errors otherwise as for `read_trades`.
    """
    table = read(path, columns, EVENT_COLUMNS)
    events = np.zeros(table.frame.height, EVENT)
    events["time_ns"] = _times(table, instrument, timezone, time_unit)
    kind = _lookup(table, "kind", EVENT_KINDS, pl.Int8).to_numpy()
    events["kind"] = kind
    events["side"] = _lookup(table, "side", RESTING_SIDES, pl.Int8).to_numpy()
    events["flags"] = np.where(_lookup(table, "snapshot", TRUTHS, pl.Boolean).to_numpy(), layout.SNAPSHOT, 0)
    has_price = ~np.isin(kind, (layout.HALT, layout.RESUME, layout.CLEAR))
    prices = _where(table, "price", has_price)
    ticks = _convert(table, prices, lambda price: instrument.ticks(price) if price else 0).to_numpy()
    is_exact = np.isin(kind, (layout.DELETE, layout.LEVEL))
    sizes = _where(table, "quantity", has_price)
    lots = _convert(table, sizes, lambda size: _lots_or_none(instrument, size)).to_numpy()
    ids = _order_ids(table)
    has_order = np.isin(kind, (layout.ADD, layout.REDUCE, layout.DELETE, layout.EXECUTE))
    _refuse(table, ("price",), has_price & (prices == "").to_numpy(), "price {!r} is missing")
    _refuse(table, ("price",), np.abs(ticks) >= 2**31, "price {} has too many ticks for an event")
    _refuse(table, ("quantity",), has_price & ~is_exact & (lots <= 0), "quantity {!r} must be above 0")
    _refuse(table, ("side",), (has_order | (kind == layout.LEVEL)) & (events["side"] == 0), "side {!r} is missing")
    _refuse(table, ("kind",), has_order & (ids == 0), "kind {} needs an order_id above 0")
    told = np.isin(kind, (layout.LEVEL, layout.TRADE))
    _refuse(table, ("kind",), told & bool(has_order.any()), "kind {} cannot stand beside events of single orders")
    events["price_ticks"], events["lots"], events["order_id"] = ticks, lots, ids
    return events


def day_from_tables(
    *,
    instrument: Instrument,
    trades: Trades | None = None,
    quotes: Quotes | None = None,
    bars: Bars | None = None,
    events: Events | None = None,
    source: str = "tables",
) -> Day:
    """A day made of your tables; quotes and trades that are not given come from the events where there are any."""
    events = events if events is not None else no_events()
    if quotes is None:
        quotes = quotes_of_events(events)[0] if len(events) else no_quotes()
    trades = trades if trades is not None else trades_of_events(events)
    times = [quotes.time_ns, trades.time_ns, events["time_ns"]]
    findings = NOTHING_FOUND
    if bars is not None:
        times += [bars.time_ns, bars.end_ns]
        findings = noticed_in(bars, instrument.session)
    return Day(
        instrument=instrument,
        source=source,
        events=events,
        quotes=quotes,
        trades=trades,
        depth=0 if len(events) else 1,
        warnings=(*findings.notes, *outside_data(instrument.session, np.concatenate(times))),
        bars=bars,
        findings=findings,
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


def _most_frequent_step(table: Source, time_ns: npt.NDArray[np.int64]) -> int:
    steps, counts = np.unique(np.diff(time_ns), return_counts=True)
    if not len(steps):
        raise BadParameter(f"{table.path.name} has one bar, which cannot tell how long it lasts; give length_ns")
    return int(steps[np.argmax(counts)])


def _floats(table: Source, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers; NaN for an empty field, which only vwap and trades may have, and without a column."""
    if name not in table.frame.columns:
        return np.full(table.frame.height, np.nan)
    text = table.frame[name]
    values = text.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy(writable=True)
    may_be_empty = (text == "").to_numpy() & (name in BAR_COLUMNS.optional)
    _refuse(table, (name,), ~np.isfinite(values) & ~may_be_empty, f"{name} {{!r}} is not a number")
    return values


def _where(table: Source, name: str, told: npt.NDArray[np.bool_]) -> pl.Series:
    """A column, empty in the rows that do not tell it."""
    rows = pl.Series(told)
    return table.frame.select(pl.when(rows).then(pl.col(name)).otherwise(pl.lit("")).alias(name))[name]


def _order_ids(table: Source) -> npt.NDArray[np.int64]:
    if "order_id" not in table.frame.columns:
        return np.zeros(table.frame.height, np.int64)
    text = table.frame["order_id"].replace({"": "0"})
    ids = text.cast(pl.Int64, strict=False)
    wrong = (ids.is_null() | (ids < 0).fill_null(True)).to_numpy()
    _refuse(table, ("order_id",), wrong, "order_id {!r} is not a whole number of 64 bits")
    return ids.to_numpy()


def _refuse(table: Source, names: tuple[str, ...], bad: npt.NDArray[np.bool_], text: str) -> None:
    """The error for the first bad row; `text` takes the row's values of `names`."""
    if bad.any():
        row = int(np.argmax(bad))
        values = [shortened(str(table.frame[name][row])) for name in names]
        raise BadData(f"{table.row(row)}: {text.format(*values)}")


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
