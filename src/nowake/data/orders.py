"""A desk's executed parent orders out of a file: one row an order, or one row a fill. CSV (.gz, .zst) or Parquet.

What a row may say, and what becomes of rows that cannot be used, is decided here on purpose: such an order is left
out, counted and told with the first of its kind; `strict` raises instead. An order with an extraordinary cost is never
left out: whether to trust it is the fit's question. What is unknown of an optional column is NaN.

Knows nothing of the market: volatility, volume and spread must be in the file, as they were known before each order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.column_names import MissingColumns, look_alikes, looks_of_fills
from nowake.data.columns import Names, Source, TimeUnit, read, read_leniently
from nowake.data.order_fills import FILL_COLUMNS, is_of_fills, parents_of_fills
from nowake.data.order_rows import NUMBERS, Faults, LeftOut, number, parents_of_rows
from nowake.data.order_sessions import SessionClock, zone_of
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.metaorder import OPTIONAL, Metaorders

MARKET = ("volatility", "daily_volume", "spread_bps")
ROW_COLUMNS = ("symbol", "side", "start", "quantity", "arrival_price", "average_price", *MARKET)
ALL_COLUMNS = Names(
    needed=(),  # Told all at once by `_check_columns`, with what the market columns are.
    optional=(*ROW_COLUMNS, "end", "days", "date", "order_id", "fill_time", "fill_price", "fill_quantity", *OPTIONAL),
    times=("start", "end", "fill_time"),
    numbers=("fill_price", "fill_quantity", *NUMBERS),
)
SIDES = {"buy": 1, "b": 1, "1": 1, "+1": 1, "buy to cover": 1, "bc": 1, "cover": 1}
SIDES |= {"sell": -1, "s": -1, "-1": -1, "2": -1, "sell short": -1, "ss": -1, "short": -1, "sl": -1, "5": -1}
_HOW_TO_ADD = (
    "volatility (fraction of the price per sqrt(session), 0.02 for 2 %), daily_volume (shares of a session) and "
    "spread_bps (ask less bid) must be what was known before each order; MarketState.measure(order, quotes, trades, "
    "end_ns=order.start_ns) measures them from a day"
)
_PARTS = {"fraction": 1.0, "percent": 100.0}
_PERCENT = "is above 1; give a fraction, 0.02 for 2 % a day, or say that it is in percent (volatility_in=percent)"
_POSITIVE = ("quantity", "arrival_price", "average_price", "volatility", "daily_volume")
_EXTRAORDINARY_SDS = 10.0
_WILD_VOLATILITY = 0.2
VolatilityUnit = Literal["fraction", "percent"]


class OrdersRead(NamedTuple):
    """The orders of a file, and what was left out of it and why."""

    orders: Metaorders
    rows: int
    parents: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def dropped(self) -> int:
        """Orders left out."""
        return sum(each.orders for each in self.left_out)

    @property
    def message(self) -> str:
        """One paragraph for a person; empty where there is nothing to tell."""
        return "; ".join([*_told(self.parents, self.left_out), *self.notes])


def read_orders(
    path: str | Path,
    columns: Mapping[str, str] | None = None,
    *,
    calendar: str = "XNYS",
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
    volatility_in: VolatilityUnit = "fraction",
    strict: bool | None = None,
) -> OrdersRead:
    """Executed parent orders from a file; docs/orders-file.md describes its columns.

    Parameters
    ----------
    path
        CSV with a header (its name may end in .gz or .zst) or .parquet; a row an order, or a row a fill.
    columns
        Your name -> ours. Names that are ours already need no entry; nothing is guessed.
    calendar
        Whose sessions count an order's length in days ("XNYS", "XLON", "24/7"); not asked where the file has `days`.
    timezone
        Of times that name none; by default the calendar's.
    time_unit
        "iso", or "ns", "us", "ms", "s" since the epoch.
    volatility_in
        "fraction" (0.02) or "percent" (2) of the price.
    strict
        True refuses the file at its first order that cannot be used; False leaves such orders out however many they
        are; None leaves them out where they are few, and those left can stand for all.

    Raises
    ------
    NotFound
        When the file or the calendar is not there.
    BadParameter
        When columns are missing (all are named), two are mapped to one, or a time zone or unit is not known.
    BadData
        When it is no such file, more than a tenth of its orders (10 or more; of few orders more than half) cannot be
        used for one and the same reason, none can for any, or with `strict` at the first that cannot.
    """
    if volatility_in not in _PARTS:
        raise BadParameter(f"volatility_in {volatility_in!r} must be one of {', '.join(_PARTS)}")
    source = (read if strict else read_leniently)(path, columns, ALL_COLUMNS)
    of_fills = _check_columns(source, columns or {})
    if not source.frame.height:
        raise BadData(f"{source.path.name} has a header and no rows")
    zone = timezone or zone_of(source, calendar, time_unit)
    take = parents_of_fills if of_fills else parents_of_rows
    parents, faults = take(source, zone, time_unit, strict=strict)
    parents = parents.with_columns(pl.col("volatility") / _PARTS[volatility_in])
    clock = None if "days" in source.frame.columns else SessionClock.of(calendar, parents)
    return _orders(source, parents, faults, clock, zone)


def write_orders(orders: Metaorders, path: str | Path) -> Path:
    """Write orders to a .parquet or .csv file that `read_orders` reads back as they are, without a calendar."""
    path = Path(path)
    columns = {
        "symbol": pl.Series([orders.symbols[place] for place in orders.symbol], dtype=pl.String),
        "date": pl.Series(orders.day).cast(pl.Int32).cast(pl.Date),
        "side": pl.Series(orders.side).replace_strict({1: "buy", -1: "sell"}, return_dtype=pl.String),
        "start": pl.Series(orders.start_ns).cast(pl.Datetime("ns", "UTC")),
        **{name: getattr(orders, name) for name in ("days", *_POSITIVE, "spread_bps", *OPTIONAL)},
    }
    frame = pl.DataFrame({name: column for name, column in columns.items() if column is not None})
    frame = frame.with_columns(pl.col(pl.Float64).fill_nan(None))
    if path.suffix == ".parquet":
        frame.write_parquet(path, compression="zstd")
    elif path.suffix == ".csv":
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.9fZ")
    else:
        raise BadParameter(f"orders cannot be written to {path.name}; end its name in .parquet or .csv")
    return path


def _orders(
    source: Source,
    parents: pl.DataFrame,
    faults: Faults,
    clock: SessionClock | None,
    zone: str,
) -> OrdersRead:
    """Parents with typed columns, checked, in order of their starts."""
    side = parents["side"].str.to_lowercase().replace_strict(SIDES, default=0, return_dtype=pl.Int64).to_numpy()
    faults.leave_out((parents["symbol"] == "").to_numpy(), "symbol", "is missing")
    faults.leave_out(side == 0, "side", "is neither buy nor sell")
    parents, notes = _sizes(parents, side)
    for name in (*_POSITIVE, "spread_bps"):
        values = number(parents, name)
        faults.leave_out(np.isnan(values), name, "is missing or no number")
        if name != "spread_bps":
            faults.leave_out(values <= 0, name, "must be above 0")
    faults.leave_out(number(parents, "volatility") > 1, "volatility", _PERCENT)
    faults.leave_out(number(parents, "spread_bps") < 0, "spread_bps", "must be 0 or more")
    start, end = (parents[name].fill_null(0).to_numpy() for name in ("start_ns", "end_ns"))
    has_end = parents["end_ns"].is_not_null().to_numpy()
    faults.leave_out(parents["start_ns"].is_null().to_numpy(), "start", "is missing or no time")
    faults.leave_out(has_end & (end < start), "end", "is before the start")
    days, date = _days(parents, faults, clock), _dates(parents, faults, clock, zone)
    good = np.flatnonzero(faults.good)
    faults.check_few()
    if not len(good):
        raise BadData(f"{source.path.name}: " + "; ".join(_told(len(faults.good), tuple(faults.found))))
    place = good[np.argsort(start[good], kind="stable")]
    optional, unknown = _optional(parents, place)
    notes += unknown
    symbols, symbol = np.unique(parents["symbol"].to_numpy()[place].astype(str), return_inverse=True)
    orders = Metaorders(
        symbols=tuple(map(str, symbols)),
        symbol=symbol.astype(np.int64),
        start_ns=start[place],
        day=date[place],
        side=side[place],
        days=days[place],
        **{name: number(parents, name)[place] for name in (*_POSITIVE, "spread_bps")},
        **optional,
    )
    if (np.diff(place) < 0).any():
        notes = [*notes, "rows were not in order of their starts and were sorted"]
    return OrdersRead(
        orders, source.frame.height, len(faults.good), tuple(faults.found), (*notes, *_extraordinary(orders))
    )


def _sizes(parents: pl.DataFrame, side: npt.NDArray[np.int64]) -> tuple[pl.DataFrame, list[str]]:
    """Quantities without the sign some books give to what was sold; of what was bought a sign contradicts the side."""
    quantity = number(parents, "quantity")
    signed = (quantity < 0) & (side < 0)
    if not signed.any():
        return parents, []
    told = f"the quantity of {int(signed.sum()):,} sells is negative, and taken as its size"
    return parents.with_columns(quantity=pl.Series(np.where(signed, -quantity, quantity))), [told]


def _days(parents: pl.DataFrame, faults: Faults, clock: SessionClock | None) -> npt.NDArray[np.float64]:
    """Length in sessions: what the file says, else what the clock of sessions says."""
    if clock is None:
        days = number(parents, "days")
        faults.leave_out(~(days > 0), "days", "must be a number above 0")
        return days
    faults.leave_out(parents["end_ns"].is_null().to_numpy(), "end", "is missing or no time")
    start, end = (parents[name].fill_null(0).to_numpy() for name in ("start_ns", "end_ns"))
    days = clock.between(start, end)
    faults.leave_out(~(days > 0), "end", f"leaves no time of a session of {clock.calendar} after the start")
    return days


def _dates(parents: pl.DataFrame, faults: Faults, clock: SessionClock | None, zone: str) -> npt.NDArray[np.int64]:
    """Trading dates: what the file says, else of the session, else local ones."""
    start = parents["start_ns"].fill_null(0)
    if "date" in parents.columns:
        date = parents["date"].str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32)
        faults.leave_out(date.is_null().to_numpy(), "date", "is no date as 2024-01-31")
    elif clock is not None:
        return clock.date(start.to_numpy())
    else:
        date = start.cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone).dt.date().cast(pl.Int32)
    return date.fill_null(0).cast(pl.Int64).to_numpy()


def _optional(parents: pl.DataFrame, place: npt.NDArray[np.int64]) -> tuple[dict[str, Any], list[str]]:
    """Optional columns, NaN where a value is none or out of its range; None where no row knows."""
    columns: dict[str, Any] = {}
    notes = []
    for name in (name for name in OPTIONAL if name in parents.columns):
        values = number(parents, name)[place]
        told = parents[f"{name}_told"].to_numpy()[place]
        if name != "spread_paid_bps":
            values = np.where(values > 0, values, np.nan)
        unusable = int((told & np.isnan(values)).sum())
        if unusable:
            notes.append(f"{name} of {unusable:,} orders cannot be used and is taken as unknown")
        columns[name] = values if np.isfinite(values).any() else None
    return columns, notes


def _extraordinary(orders: Metaorders) -> list[str]:
    """Orders whose cost luck and impact hardly explain: mostly a wrong price, a split, a wrong unit. They are kept."""
    usual_bps = 1e4 * orders.volatility * np.sqrt(np.maximum(orders.days, 0.01)) + orders.spread_bps
    count = int((np.abs(orders.cost_bps) > _EXTRAORDINARY_SDS * usual_bps).sum())
    middle, notes = float(np.median(orders.volatility)), []
    if middle > _WILD_VOLATILITY:
        notes.append(f"the median volatility is {middle:.0%} a session; is it in percent, or of a year?")
    if not count:
        return notes
    return [
        *notes,
        f"{count:,} orders cost more than {_EXTRAORDINARY_SDS:.0f} standard deviations of the price over their time; "
        "they are kept, but look for splits and wrong prices",
    ]


def _told(parents: int, left_out: tuple[LeftOut, ...]) -> list[str]:
    if not left_out:
        return []
    dropped = sum(each.orders for each in left_out)
    return [f"{dropped:,} of {parents:,} orders left out: " + ", ".join(map(str, left_out))]


def _check_columns(source: Source, columns: Mapping[str, str]) -> bool:
    """Whether it has a row a fill; refused where it lacks columns, naming all of them, and what may be they."""
    there = set(source.frame.columns)
    says_order = there & {"quantity", "average_price", "end", "days"}
    of_fills = is_of_fills(source) or (not says_order and looks_of_fills(source.headings))
    needed = FILL_COLUMNS if of_fills else ROW_COLUMNS
    missing = [name for name in needed if name not in there]
    wanted = [*missing]
    if not of_fills and not there & {"end", "days"}:
        missing.append("end (or days)")
        wanted.append("end")
    if missing:
        wanted += [name for name in ("order_id", "start") if name not in {*there, *wanted}]
        free = [name for name in source.headings if name not in {*columns, *there}]
        suggested = look_alikes(free, wanted)
        rest = _HOW_TO_ADD if {*missing} & {*MARKET} - {*suggested.values()} else ""
        raise MissingColumns(source.path.name, missing, source.headings, suggested, rest)
    return of_fills
