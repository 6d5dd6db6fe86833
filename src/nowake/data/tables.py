"""Your own tables of trades and quotes: CSV (plain, .gz or .zst) or Parquet, under your own column names.

Everything is converted exactly: decimals to ticks and lots by decimal arithmetic, times to nanoseconds by integers.
A day made of tables has no order-by-order events, so costs can be measured on it but no orders simulated in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import polars as pl

from nowake.data.day import Day, no_events, no_quotes, no_trades
from nowake.data.text import midnight_ns, require, seconds_to_ns
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Quotes, Trades
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND, NS_PER_US

TimeUnit = Literal["iso", "ns", "us", "ms", "s", "seconds_after_midnight"]

TRADE_COLUMNS = ("time", "price", "quantity")
TRADE_OPTIONS = ("aggressor", "hidden", "auction")
QUOTE_COLUMNS = ("time", "bid", "bid_size", "ask", "ask_size")

_UNITS_NS = {"ns": 1, "us": NS_PER_US, "ms": NS_PER_MS, "s": NS_PER_SECOND}
_AGGRESSORS = {"buy": 1, "b": 1, "1": 1, "+1": 1, "sell": -1, "s": -1, "-1": -1, "": 0, "0": 0, "unknown": 0, "n": 0}
_TRUTHS = {"true": True, "t": True, "1": True, "yes": True, "false": False, "f": False, "0": False, "no": False}
_TRUTHS[""] = False

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
        When a column, time zone or time unit is not known.
    BadData
        When a value cannot be used; shows file, row and value.
    """
    table = _read(path, columns, TRADE_COLUMNS)
    time = _times(table, instrument, timezone, time_unit)
    prices = _convert(table, table.frame["price"], instrument.ticks)
    lots = _convert(table, table.frame["quantity"], instrument.lots)
    return Trades(
        time_ns=time.to_numpy(writable=True),
        price_ticks=prices.to_numpy(writable=True),
        lots=lots.to_numpy(writable=True),
        aggressor=_lookup(table, "aggressor", _AGGRESSORS, pl.Int8).to_numpy(writable=True),
        hidden=_lookup(table, "hidden", _TRUTHS, pl.Boolean).to_numpy(writable=True),
        auction=_lookup(table, "auction", _TRUTHS, pl.Boolean).to_numpy(writable=True),
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
    table = _read(path, columns, QUOTE_COLUMNS)
    time = _times(table, instrument, timezone, time_unit)
    sides = {}
    for side in ("bid", "ask"):
        lots = _convert(table, table.frame[f"{side}_size"], lambda size: _lots_or_none(instrument, size))
        shown = table.frame.select(pl.when(lots > 0).then(pl.col(side)).otherwise(pl.lit("")).alias(side))[side]
        ticks = _convert(table, shown, lambda price: instrument.ticks(price) if price else 0)
        sides[f"{side}_lots"] = lots.to_numpy(writable=True)
        sides[f"{side}_ticks"] = ticks.to_numpy(writable=True)
    return Quotes(time_ns=time.to_numpy(writable=True), **sides)


def day_from_tables(
    *, instrument: Instrument, trades: Trades | None = None, quotes: Quotes | None = None, source: str = "tables"
) -> Day:
    """A day of quotes and trades without order-by-order events."""
    return Day(
        instrument=instrument,
        source=source,
        events=no_events(),
        quotes=quotes if quotes is not None else no_quotes(),
        trades=trades if trades is not None else no_trades(),
        depth=1,
    )


class _Source(NamedTuple):
    """A file's columns under our names, as text where they are not times, and how to name its rows."""

    path: Path
    frame: pl.DataFrame
    first_row: int

    def fault(self, row: int, what: str) -> BadData:
        return BadData(f"{self.path.name} row {row + self.first_row}: {what}")


def _read(path: str | Path, columns: Mapping[str, str] | None, needed: tuple[str, ...]) -> _Source:
    path = Path(path)
    require(path)
    is_parquet = path.suffix == ".parquet"
    try:
        frame = pl.read_parquet(path) if is_parquet else pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise BadData(f"{path.name} cannot be read: {str(error).strip().splitlines()[0]}") from None
    known = (*needed, *(TRADE_OPTIONS if "price" in needed else ()))
    mapping = dict(columns or {})
    for theirs, ours in mapping.items():
        if ours not in known:
            raise BadParameter(f"column {ours!r} is not one of ours: {', '.join(known)}")
        if theirs not in frame.columns:
            raise BadParameter(f"column {theirs!r} is not in {path.name}; it has {', '.join(frame.columns)}")
    kept = {ours: theirs for theirs, ours in mapping.items()}
    kept |= {name: name for name in frame.columns if name in known and name not in kept}
    for name in needed:
        if name not in kept:
            raise BadParameter(
                f"{path.name} has no {name}; map one of its columns ({', '.join(frame.columns)}) to {name!r}"
            )
    frame = frame.select(pl.col(theirs).alias(ours) for ours, theirs in kept.items())
    frame = frame.with_columns(pl.exclude("time").cast(pl.String).fill_null("").str.strip_chars())
    if not frame.height:
        raise BadData(f"{path.name} has a header and no rows")
    return _Source(path, frame, 1 if is_parquet else 2)


def _times(table: _Source, instrument: Instrument, timezone: str | None, unit: TimeUnit) -> pl.Series:
    column, session = table.frame["time"], instrument.session
    if unit == "iso":
        times = _iso_ns(column, timezone or session.timezone)
    elif unit == "seconds_after_midnight":
        times = seconds_to_ns(column.cast(pl.String)) + midnight_ns(session)
    elif unit == "s":
        times = seconds_to_ns(column.cast(pl.String))
    elif unit in _UNITS_NS:
        times = column.cast(pl.Int64, strict=False) * _UNITS_NS[unit]
    else:
        raise BadParameter(f"time_unit {unit!r} is not one of iso, {', '.join(_UNITS_NS)}, seconds_after_midnight")
    if times.has_nulls():
        row = int(times.is_null().arg_max() or 0)
        raise table.fault(row, f"time {column[row]!r} cannot be read as {unit}")
    back = times.diff() < 0
    if back.any():
        row = int(back.arg_max() or 0)
        raise table.fault(
            row, f"time {column[row]} is before {column[row - 1]} in the row above; sort the rows by time"
        )
    return times


def _iso_ns(column: pl.Series, timezone: str) -> pl.Series:
    """Nanoseconds of ISO texts or timestamps; local times the clocks skip, or show twice, become null."""
    if column.dtype.is_temporal():
        moments = column.cast(pl.Datetime("ns", getattr(column.dtype, "time_zone", None)))
        return _placed(moments, timezone) if moments.dtype.time_zone is None else moments.dt.epoch("ns")  # type: ignore[attr-defined]
    text = column.cast(pl.String).str.strip_chars().str.replace(" ", "T", literal=True)
    text = text.str.replace(r"Z$", "+00:00")
    has_offset = text.str.contains(r"[+-]\d{2}:?\d{2}$") & text.str.contains("T", literal=True)
    naive = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ns", strict=False)
    aware = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ns", strict=False).dt.epoch("ns")
    return pl.select(pl.when(has_offset).then(aware).otherwise(_placed(naive, timezone))).to_series()


def _placed(naive: pl.Series, timezone: str) -> pl.Series:
    try:
        local = naive.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    except pl.exceptions.PolarsError:
        raise BadParameter(f"time zone {timezone!r} is not known; write for example America/New_York") from None
    return local.dt.epoch("ns")


def _convert(table: _Source, column: pl.Series, exact: Callable[[str], int]) -> pl.Series:
    """A column of decimals as integers, each distinct text converted once."""
    converted: dict[str, int] = {}
    for text in column.unique().to_list():
        try:
            converted[text] = exact(text)
        except BadParameter as error:
            raise table.fault(int(column.index_of(text) or 0), f"{column.name}: {error}") from None
    return column.replace_strict(converted, return_dtype=pl.Int64)


def _lookup(table: _Source, name: str, known: Mapping[str, _Value], kind: type[pl.DataType]) -> pl.Series:
    if name not in table.frame.columns:
        return pl.select(pl.repeat(known[""], table.frame.height, dtype=kind)).to_series()
    column = table.frame[name].str.to_lowercase()
    found = column.replace_strict(dict(known), default=None, return_dtype=kind)
    if found.has_nulls():
        row = int(found.is_null().arg_max() or 0)
        raise table.fault(row, f"{name} {table.frame[name][row]!r} is none of {', '.join(filter(None, known))}")
    return found


def _lots_or_none(instrument: Instrument, size: str) -> int:
    """Lots of a displayed size, 0 where it is empty or zero; nonsense is for the instrument to refuse."""
    try:
        nothing = not size or Decimal(size) == 0
    except InvalidOperation:
        nothing = False
    return 0 if nothing else instrument.lots(size)
