"""Rows of an orders file as typed columns, and the account of what cannot be used in them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.columns import Source, TimeUnit, moments_ns
from nowake.data.text import shortened
from nowake.domain.errors import BadData
from nowake.domain.metaorder import OPTIONAL

NUMBERS = ("quantity", "arrival_price", "average_price", "volatility", "daily_volume", "spread_bps", "days", *OPTIONAL)

_FEW = 0.1  # Of the orders; what is lost for one reason is more than a wrong row here and there from here on.
_CHANCE = 9  # Orders; so few may be anything.
TOLD_TWICE = "stands in a row above, word for word the same"
Mask = npt.NDArray[np.bool_]


class LeftOut(NamedTuple):
    """Orders left out for one reason, and where the first of them is."""

    reason: str
    orders: int
    first: str

    def __str__(self) -> str:
        return f"{self.orders:,} whose {self.reason} (first: {self.first})"


class Faults:
    """Which orders of a file cannot be used, and why: of several reasons the first found counts."""

    def __init__(self, source: Source, rows: npt.NDArray[np.int64], *, strict: bool | None) -> None:
        self.source = source
        self.rows = rows
        self.strict = strict
        self.good: Mask = np.ones(len(rows), bool)
        self.found: list[LeftOut] = []

    def leave_out(self, bad: Mask, name: str, what: str) -> None:
        """Leave out the orders that are bad and were good so far.

        Raises
        ------
        BadData
            For the first of them, when the reader is strict.
        """
        bad = bad & self.good
        if not bad.any():
            return
        row = int(self.rows[np.argmax(bad)])
        first = self.source.row(row)
        if name in self.source.frame.columns:
            first += f": {name} {shortened(str(self.source.frame[name][row]))!r}"
        if self.strict:
            raise BadData(f"{first} {what}; repair the file, or do not be strict: such orders are left out then")
        self.good &= ~bad
        self.found.append(LeftOut(f"{name} {what}", int(bad.sum()), first))

    def check_few(self) -> None:
        """Refuse a file many of whose orders fail for one reason: it is hardly chance, and the rest not like them.

        Raises
        ------
        BadData
            With the reason, the count and the first of them.
        """
        if self.strict is False:
            return
        most = min(len(self.good) / 2, max(_CHANCE, _FEW * len(self.good)))
        for each in self.found:
            # Rows told twice lose nothing.
            if each.orders > most and not each.reason.endswith(TOLD_TWICE):
                raise BadData(
                    f"{each.orders:,} of {len(self.good):,} orders of {self.source.path.name} cannot be used for one "
                    f"reason: {each.reason} (first: {each.first}); the rest need not be like them: repair that, or "
                    "go on without them: strict=False, --keep-going"
                )


def parents_of_rows(source: Source, zone: str, unit: TimeUnit, *, strict: bool | None) -> tuple[pl.DataFrame, Faults]:
    """One order a row: typed columns, and the account begun with orders told twice."""
    rows = np.arange(source.frame.height)
    faults = Faults(source, rows, strict=strict)
    if "order_id" in source.frame.columns:
        copies, conflicts = _told_twice(source.frame)
        faults.leave_out(copies, "order_id", TOLD_TWICE)
        faults.leave_out(conflicts, "order_id", "stands in several rows that differ")
    return typed(source, zone, unit), faults


def typed(source: Source, zone: str, unit: TimeUnit) -> pl.DataFrame:
    """Times as `start_ns` and `end_ns`, numbers as float64 with null where they are none, the rest as it is."""
    frame = source.frame
    times = {
        f"{name}_ns": moments_ns(source, name, zone, unit) if name in frame.columns else _no_times(frame.height)
        for name in ("start", "end")
    }
    told = {f"{name}_told": _is_told(frame[name]) for name in OPTIONAL if name in frame.columns}
    there = [name for name in NUMBERS if name in frame.columns]
    return frame.with_columns(pl.col(there).cast(pl.Float64, strict=False)).with_columns(**times, **told)


def number(frame: pl.DataFrame, name: str) -> npt.NDArray[np.float64]:
    """A column of numbers; NaN where there is none, or an infinite one."""
    values = frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy(writable=True)
    values[~np.isfinite(values)] = np.nan
    return values


def _told_twice(frame: pl.DataFrame) -> tuple[Mask, Mask]:
    """Rows that repeat one above word for word, and rows whose id others have that say something else."""
    has_id = frame["order_id"] != ""
    copies = ~frame.select(pl.struct(pl.all()).is_first_distinct()).to_series() & has_id
    first = frame.with_columns(copies.alias("copy")).select(
        (pl.col("order_id").count().over("order_id") - pl.col("copy").cast(pl.Int64).sum().over("order_id")).alias("n")
    )["n"]
    return copies.to_numpy(), ((first > 1) & has_id).to_numpy()


def _is_told(column: pl.Series) -> pl.Series:
    """Whether something stands in a field; NaN is a number's way to say nothing."""
    if column.dtype == pl.String:
        return column != ""
    return column.is_not_null() & (column.is_not_nan() if column.dtype.is_float() else True)


def _no_times(height: int) -> pl.Series:
    return pl.select(pl.repeat(None, height, dtype=pl.Int64)).to_series()
