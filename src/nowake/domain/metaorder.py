"""Executed parent orders as columns: what impact models are fitted to."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData

if TYPE_CHECKING:
    import polars as pl

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OPTIONAL = ("window_volume", "trade_size", "shares_outstanding", "last_price", "later_price", "spread_paid_bps")
_EPOCH = dt.date(1970, 1, 1)
_POSITIVE = ("quantity", "days", "arrival_price", "average_price", "volatility", "daily_volume")


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Metaorders:
    """One row an executed parent order, in time order of their starts. Prints as a summary.

    All arrays have one length n. float64 unless said otherwise; optional columns are arrays with NaN where a row does
    not know, or None where no row does.

    Parameters
    ----------
    symbols
        Names; `symbol` (int64) counts into them.
    start_ns
        When each began, int64 nanoseconds since the epoch, never going back.
    day
        Its trading date, int64 days since 1970-01-01: with the symbol, the cluster of its error.
    side
        +1 buy, -1 sell, int64.
    quantity
        Shares executed.
    days
        From start to last fill (or the window's end) in trading sessions by the clock.
    arrival_price, average_price
        Mid when it began, and average price of its fills.
    volatility
        Fraction of the price per sqrt(session), known before the order.
    daily_volume
        Shares of a session, known before the order or of the day: say which in your study.
    spread_bps
        Quoted spread.
    window_volume
        Shares the market traded in the window without the order.
    trade_size, shares_outstanding
        As for `Terms`.
    last_price
        Mid at the last fill: the peak.
    later_price
        Mid long after the last fill, when the price has relaxed: what tells permanent from temporary.
    spread_paid_bps
        What the fills paid against the mid at each fill, where known; half the spread when all were takers.

    Raises
    ------
    BadData
        When columns differ in length, rows go back in time, or a value is out of range; the row is named.
    """

    symbols: tuple[str, ...]
    symbol: Ints
    start_ns: Ints
    day: Ints
    side: Ints
    quantity: Floats
    days: Floats
    arrival_price: Floats
    average_price: Floats
    volatility: Floats
    daily_volume: Floats
    spread_bps: Floats
    window_volume: Floats | None = None
    trade_size: Floats | None = None
    shares_outstanding: Floats | None = None
    last_price: Floats | None = None
    later_price: Floats | None = None
    spread_paid_bps: Floats | None = None

    def __post_init__(self) -> None:
        columns = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)[1:]}
        lengths = {name: len(column) for name, column in columns.items() if column is not None}
        if len(set(lengths.values())) > 1:
            raise BadData(f"columns of metaorders differ in length: {lengths}")
        for name in _POSITIVE:
            _refuse(name, columns[name], ~((columns[name] > 0) & (columns[name] < np.inf)), "above 0 and finite")
        _refuse("spread_bps", self.spread_bps, ~((self.spread_bps >= 0) & (self.spread_bps < np.inf)), "0 or more")
        _refuse("side", self.side, np.abs(self.side) != 1, "+1 or -1")
        _refuse("symbol", self.symbol, (self.symbol < 0) | (self.symbol >= len(self.symbols)), "one of the symbols")
        back = np.concatenate(([False], np.diff(self.start_ns) < 0))
        _refuse("start_ns", self.start_ns, back, "at or after that of the row above; sort by start")
        for name in ("window_volume", "trade_size", "shares_outstanding", "last_price", "later_price"):
            if columns[name] is not None:
                _refuse(name, columns[name], columns[name] <= 0, "above 0, or NaN where it is not known")

    def __str__(self) -> str:
        if not len(self):
            return "no orders"
        days = len(np.unique(self.day))
        columns = {
            "size, % of day": (100 * self.quantity / self.daily_volume, ".3g"),
            "sessions": (self.days, ".3g"),
            "cost bps": (self.cost_bps, ".1f"),
            "volatility, %": (100 * self.volatility, ".3g"),
            "spread bps": (self.spread_bps, ".3g"),
        }
        also = [name for name in OPTIONAL if getattr(self, name) is not None]
        return "\n".join(
            [
                f"{len(self):,} orders of {len(np.unique(self.symbol)):,} symbols on {days:,} days, "
                f"{self.first_date} to {self.last_date}",
                f"  {'':<16}{'5 %':>10}{'median':>10}{'95 %':>10}",
                *(
                    f"  {name:<16}" + "".join(f"{at:>10{form}}" for at in np.quantile(values, [0.05, 0.5, 0.95]))
                    for name, (values, form) in columns.items()
                ),
                f"also known, where not empty: {', '.join(also) or 'nothing'}",
            ]
        )

    __repr__ = __str__

    def to_frame(self) -> pl.DataFrame:
        """One row an order: symbol, date, side, start in UTC, cost_bps, and every column there is, NaN as null."""
        import polars as pl  # noqa: PLC0415

        columns: dict[str, Any] = {
            "symbol": [self.symbols[place] for place in self.symbol],
            "date": pl.Series(self.day).cast(pl.Int32).cast(pl.Date),
            "side": self.side,
            "start": pl.Series(self.start_ns).cast(pl.Datetime("ns", "UTC")),
            "cost_bps": self.cost_bps,
        }
        for field in dataclasses.fields(self)[5:]:
            if (column := getattr(self, field.name)) is not None:
                columns[field.name] = column
        return pl.DataFrame(columns).with_columns(pl.col(pl.Float64).fill_nan(None))

    def __len__(self) -> int:
        return len(self.quantity)

    @property
    def first_date(self) -> dt.date:
        """The earliest trading date."""
        return _EPOCH + dt.timedelta(days=int(self.day.min()))

    @property
    def last_date(self) -> dt.date:
        """The latest trading date."""
        return _EPOCH + dt.timedelta(days=int(self.day.max()))

    def known_date(self, *, later: bool = False) -> dt.date:
        """The date by whose end the last fill of every order was known, and the later prices a session after it.

        Sessions are business days here: an order of more than one session ends that many, rounded up, after its start.
        """
        sessions = np.where(self.days > 1, np.ceil(self.days), 0).astype(np.int64)
        if later and self.later_price is not None:
            sessions = sessions + np.isfinite(self.later_price)
        days = self.day.astype("datetime64[D]")
        ends = np.where(sessions > 0, np.busday_offset(days, sessions, roll="forward"), days)
        last: dt.date = ends.max().astype("datetime64[D]").item()
        return last

    @property
    def cost_bps(self) -> Floats:
        """Average price against arrival in basis points of arrival, positive when bad: spread and impact."""
        return np.asarray(self.side * (self.average_price / self.arrival_price - 1) * 1e4)

    def moved_bps(self, price: Floats) -> Floats:
        """How far a price lies from arrival on the order's side, in basis points of arrival."""
        return np.asarray(self.side * (price / self.arrival_price - 1) * 1e4)

    def take(self, rows: Ints | npt.NDArray[np.bool_]) -> Metaorders:
        """Some of the rows: a mask, or places in increasing order."""
        columns: dict[str, Any] = {
            field.name: None if (column := getattr(self, field.name)) is None else column[rows]
            for field in dataclasses.fields(self)[1:]
        }
        return Metaorders(symbols=self.symbols, **columns)

    @classmethod
    def joined(cls, parts: Sequence[Metaorders]) -> Metaorders:
        """The orders of several records as one, in time order; a symbol of one name is one symbol.

        An optional column that some of the parts lack is NaN in their rows.
        """
        symbols = tuple(sorted({symbol for part in parts for symbol in part.symbols}))
        place = {symbol: code for code, symbol in enumerate(symbols)}
        order = np.argsort(np.concatenate([part.start_ns for part in parts]), kind="stable")
        codes = [np.array([place[name] for name in part.symbols], dtype=np.int64)[part.symbol] for part in parts]
        columns: dict[str, Any] = {"symbol": np.concatenate(codes)[order]}
        for field in dataclasses.fields(cls)[2:]:
            found = [getattr(part, field.name) for part in parts]
            if all(column is None for column in found):
                continue
            known = [np.full(len(p), np.nan) if c is None else c for p, c in zip(parts, found, strict=True)]
            columns[field.name] = np.concatenate(known)[order]
        return cls(symbols=symbols, **columns)


def _refuse(name: str, column: npt.NDArray[np.float64 | np.int64], bad: npt.NDArray[np.bool_], wanted: str) -> None:
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise BadData(f"row {row}: {name} {column[row]:g} must be {wanted} ({int(bad.sum())} such rows)")
