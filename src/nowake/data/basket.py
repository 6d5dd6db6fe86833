"""A basket of orders out of a file, a row an order: CSV (.gz, .zst) or Parquet. No row is lost.

A row that cannot be planned comes back with the one reason it fails for first and where it stands in the file; whether
the rest may go on without it is the caller's to say, for a basket that lacks a leg is another basket. Which columns
there are is in docs/planning.md; nothing is guessed, but names that look alike are suggested."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from nowake.data.basket_text import check_text, field_fault, fields_of_rows, first_of
from nowake.data.column_names import MissingColumns, look_alikes
from nowake.data.columns import Names, Source, read_leniently
from nowake.data.orders import SIDES
from nowake.data.text import shortened
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import parse_number, without_separators

NEEDED = ("symbol", "side", "quantity", "price", "daily_volatility", "daily_volume", "spread_bps")
OPTIONAL = (
    "volatility", "lot_size", "tick_size", "multiplier", "currency", "sector", "beta", "start", "end", "days", "limit",
    "max_participation", "drift_bps",
)  # fmt: skip
_NAMES = Names(needed=(), optional=(*NEEDED, *OPTIONAL), times=())
_PARTS = {"fraction": 1.0, "percent": 100.0}
_MOST = 1e15  # Of any number of a row.
_LOST_IN_FLOATS = Decimal("1e-14")
_LONGEST = 64
_FORMULAS = ("=", "+", "-", "@")
_SHOWN = 20


class BasketRow(NamedTuple):
    """One order as its row says it. Texts that are empty and numbers that are None were not said.

    `side` is +1 or -1; `daily_volatility` a fraction of the price; `start`, `end` and `limit` as they were written.
    """

    row: int
    symbol: str
    side: int
    quantity: Decimal
    price: float
    daily_volatility: float
    daily_volume: float
    spread_bps: float
    lot_size: Decimal = Decimal(1)
    tick_size: Decimal = Decimal("0.01")
    multiplier: Decimal = Decimal(1)
    currency: str = ""
    sector: str = ""
    beta: float | None = None
    start: str = ""
    end: str = ""
    days: float | None = None
    limit: str = ""
    max_participation: float | None = None
    drift_bps: float = 0.0

    @property
    def lots(self) -> int:
        """Whole lots."""
        return int(self.quantity / self.lot_size)


class BadRow(NamedTuple):
    """A row that cannot be planned: its number in the file, its symbol as far as it has one, and why."""

    row: int
    symbol: str
    reason: str

    def __str__(self) -> str:
        return f"row {self.row}{f' ({self.symbol})' if self.symbol else ''}: {self.reason}"


class BasketFile(NamedTuple):
    """What a file says: its name, the rows that can be planned, those that cannot, and what to know of the file."""

    name: str
    rows: tuple[BasketRow, ...]
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...]


class BadRows(BadData):
    """Rows of a basket cannot be planned. The message has them all, or the first twenty; `bad` has them one by one."""

    def __init__(self, name: str, bad: tuple[BadRow, ...], count: int) -> None:
        self.bad = bad
        self.headline = f"{len(bad):,} of {count:,} rows of {name} cannot be planned"
        self.way_out = "repair them, or plan without them: strict=False, --keep-going"
        rest = f"; and {len(bad) - _SHOWN:,} more" if len(bad) > _SHOWN else ""
        super().__init__(f"{self.headline}: {'; '.join(map(str, bad[:_SHOWN]))}{rest}; {self.way_out}")


def read_basket(
    path: str | Path, columns: Mapping[str, str] | None = None, *, volatility_in: str = "fraction"
) -> BasketFile:
    """Every row of a basket file as an order, or as one that cannot be planned with the reason.

    Parameters
    ----------
    path
        CSV with a header (its name may end in .gz or .zst) or .parquet; a row an order.
    columns
        Your name -> ours. Names that are ours already need no entry.
    volatility_in
        "fraction" (0.02) or "percent" (2) of the price.

    Raises
    ------
    NotFound
        When the file is not there.
    BadParameter
        When columns are missing (all are named), or two are mapped to one.
    BadData
        When it is no such file or has no rows.
    """
    if not isinstance(columns, Mapping | None):
        raise BadParameter(f"columns {columns!r} must be a mapping: {{'your name': 'our name'}}")
    if volatility_in not in _PARTS:
        raise BadParameter(f"volatility_in {volatility_in!r} must be one of {', '.join(_PARTS)}")
    check_text(path)
    source = read_leniently(path, columns, _NAMES)
    _check_columns(source, columns or {})
    if not source.frame.height:
        raise BadData(f"{source.path.name} has a header and no rows")
    rows: list[BasketRow] = []
    bad: list[BadRow] = []
    seen: dict[str, int] = {}
    empty: list[int] = []
    for place, told in enumerate(source.frame.iter_rows(named=True)):
        number = place + source.first_row
        fields = {name: text for name, text in told.items() if text != ""}
        if not fields:
            empty.append(place)
            continue
        try:
            rows.append(_row(fields, number, _PARTS[volatility_in], seen))
        except (BadData, BadParameter) as error:
            bad.append(BadRow(number, shortened(fields.get("symbol", "")), str(error)))
    torn, skipped = _torn(source, empty)
    if not (rows or bad or torn):
        raise BadData(f"{source.path.name} has a header and no rows")
    notes = [*_notes(rows), *([f"{skipped:,} of the file's rows are empty, and skipped"] if skipped else [])]
    return BasketFile(source.path.name, tuple(rows), tuple(sorted((*bad, *torn))), tuple(notes))


def _torn(source: Source, empty: list[int]) -> tuple[list[BadRow], int]:
    """Of rows without a field those that have some in the file, but another number of them, and how many have none."""
    wanted, lines = fields_of_rows(source.path) if empty else (0, [])
    if len(lines) != source.frame.height:
        return [], len(empty)
    torn = [place for place in empty if any(field.strip() for field in lines[place])]
    bad = [
        BadRow(place + source.first_row, first_of(lines[place]), field_fault(wanted, lines[place])) for place in torn
    ]
    return bad, len(empty) - len(torn)


def _row(told: Mapping[str, str], number: int, part: float, seen: dict[str, int]) -> BasketRow:
    missing = [
        name for name in NEEDED if name not in told and not (name == "daily_volatility" and "volatility" in told)
    ]
    if missing:
        raise BadData(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing")
    symbol = _symbol(told["symbol"])
    if symbol in seen:
        raise BadData(f"symbol {symbol} stands in row {seen[symbol]} already; net the rows of a symbol into one")
    seen[symbol] = number
    side = SIDES.get(told["side"].lower().removesuffix(".0"))
    if side is None:
        raise BadData(f"side {shortened(told['side'])!r} is neither buy nor sell")
    lot_size = _exact(told, "lot_size", Decimal(1))
    return BasketRow(
        row=number,
        symbol=symbol,
        side=side,
        quantity=_quantity(told["quantity"], side, lot_size, has_lot="lot_size" in told),
        price=_above_zero(told, "price"),
        daily_volatility=_volatility(told, part),
        daily_volume=_above_zero(told, "daily_volume"),
        spread_bps=_spread(told),
        lot_size=lot_size,
        tick_size=_exact(told, "tick_size", Decimal("0.01")),
        multiplier=_exact(told, "multiplier", Decimal(1)),
        currency=_currency(told.get("currency", "")),
        sector=shortened(told.get("sector", "")),
        beta=float(_number(told["beta"], "beta")) if "beta" in told else None,
        days=_above_zero(told, "days") if "days" in told else None,
        max_participation=_above_zero(told, "max_participation") if "max_participation" in told else None,
        drift_bps=float(_number(told["drift_bps"], "drift_bps")) if "drift_bps" in told else 0.0,
        **{name: told.get(name, "") for name in ("start", "end", "limit")},
    )


def _symbol(text: str) -> str:
    if len(text) > _LONGEST or not text.isprintable():
        raise BadData(f"symbol {shortened(text)!r} has more than {_LONGEST} signs, or signs nobody can see")
    _no_formula(text)
    return text


def _no_formula(text: str) -> None:
    """Refuse what a spreadsheet that opens the trade list would work out."""
    if text.startswith(_FORMULAS):
        raise BadData(f"symbol {shortened(text)!r} begins like a formula of a spreadsheet; write the plain symbol")


def _number(text: str, name: str) -> Decimal:
    """A number that is finite and of a size some market has."""
    found = parse_number(without_separators(text, name), name)
    if not found.is_finite():
        raise BadData(f"{name} {shortened(text)} must be a finite number")
    if abs(found) > _MOST or 0 < abs(found) < 1 / Decimal(_MOST):
        raise BadData(f"{name} {shortened(text)} must be between {1 / _MOST:g} and {_MOST:g}; no market is like that")
    return found


def _currency(text: str) -> str:
    """A code as it is written everywhere; mixed letters are kept, for GBp is not GBP."""
    return shortened(text.upper() if text.islower() else text)


def _above_zero(told: Mapping[str, str], name: str) -> float:
    found = _number(told[name], name)
    if not found > 0:
        raise BadData(f"{name} {shortened(told[name])} must be above 0")
    return float(found)


def _exact(told: Mapping[str, str], name: str, default: Decimal) -> Decimal:
    if name not in told:
        return default
    found = _number(told[name], name)
    if not found > 0:
        raise BadData(f"{name} {shortened(told[name])} must be above 0")
    return found


def _quantity(text: str, side: int, lot_size: Decimal, *, has_lot: bool) -> Decimal:
    found = _number(text, "quantity")
    if found < 0 and side < 0:
        found = -found  # As some books write what is to be sold.
    if not found > 0:
        raise BadData(f"quantity {shortened(text)} must be above 0; the side says which way")
    nearest = round(found / lot_size)
    if nearest and abs(nearest * lot_size - found) <= _LOST_IN_FLOATS * found:
        return nearest * lot_size  # 0.30000000000000004, as floats write it.
    lots = math.floor(found / lot_size)
    if lots * lot_size != found:
        below, above = lots * lot_size, (lots + 1) * lot_size
        way_out = f"use {above:f}" if not below else f"use {below:f} or {above:f}"
        told = "" if has_lot else ", or give a column lot_size"
        raise BadData(f"quantity {shortened(text)} is not a multiple of lot size {lot_size:f}; {way_out}{told}")
    return found


def _volatility(told: Mapping[str, str], part: float) -> float:
    name = "daily_volatility" if "daily_volatility" in told else "volatility"
    found = _above_zero(told, name) / part
    if found > 1:
        raise BadData(
            f"{name} {told[name]} is above 1, 100 % a day; give a fraction, 0.02 for 2 %, or say that it is in percent "
            "(volatility_in=percent)"
        )
    return found


def _spread(told: Mapping[str, str]) -> float:
    found = _number(told["spread_bps"], "spread_bps")
    if found < 0:
        raise BadData(f"spread_bps {shortened(told['spread_bps'])} must be 0 or more")
    return float(found)


def _notes(rows: list[BasketRow]) -> list[str]:
    """What can be planned, but a desk should know."""
    large = [row for row in rows if float(row.quantity) > row.daily_volume]
    notes = []
    if large:
        worst = max(large, key=lambda row: float(row.quantity) / row.daily_volume)
        times = float(worst.quantity) / worst.daily_volume
        notes.append(
            f"{worst.symbol} is {times:.1f} times a day's volume"
            + (f", and {len(large) - 1:,} more are above it" if len(large) > 1 else "")
            + "; no impact model was fitted to such orders"
        )
    without = sum(row.beta is None for row in rows)
    if 0 < without < len(rows):
        notes.append(f"{without:,} of {len(rows):,} lines have no beta, and count as 1")
    return notes


def _check_columns(source: Source, columns: Mapping[str, str]) -> None:
    there = set(source.frame.columns)
    missing = [
        name for name in NEEDED if name not in there and not (name == "daily_volatility" and "volatility" in there)
    ]
    if not missing:
        return
    free = [name for name in source.headings if name not in {*columns, *there}]
    suggested = look_alikes(
        free, (*missing, *(name for name in OPTIONAL if name not in there and name != "volatility"))
    )
    raise MissingColumns(source.path.name, missing, source.headings, suggested)
