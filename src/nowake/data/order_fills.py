"""Fills of parent orders added up to one row an order: quantity, average price, last fill."""

from __future__ import annotations

import numpy as np
import polars as pl

from nowake.data.columns import Source, TimeUnit, moments_ns
from nowake.data.order_rows import Faults, number, typed

OF_FILLS = ("fill_time", "fill_price", "fill_quantity")
FILL_COLUMNS = (
    "order_id", *OF_FILLS, "symbol", "side", "arrival_price", "volatility", "daily_volume", "spread_bps",
)  # fmt: skip


def is_of_fills(source: Source) -> bool:
    """Whether a file has a row a fill: it names a price or a quantity of fills."""
    return bool({"fill_price", "fill_quantity"} & set(source.frame.columns))


def parents_of_fills(source: Source, zone: str, unit: TimeUnit, *, strict: bool | None) -> tuple[pl.DataFrame, Faults]:
    """One order an id, in order of first appearance: typed columns, and the account begun.

    An order with a fill that cannot be used is left out whole, for its average price would be wrong; so is one whose
    fills disagree about the order. Without a column `start` it began at its first fill; without `end` it ended at its
    last one.
    """
    fills = source.frame.with_columns(
        moments_ns(source, "fill_time", zone, unit).alias("fill_ns"),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in ("fill_price", "fill_quantity")),
    )
    fills = fills.with_row_index("row").with_columns(_usable(fills).alias("usable"))
    about = [name for name in source.frame.columns if name not in {*OF_FILLS, "order_id"}]
    parents = fills.group_by("order_id", maintain_order=True).agg(
        pl.col("row").first(),
        pl.col("usable").all(),
        pl.any_horizontal(pl.col(name).n_unique() > 1 for name in about).alias("differ"),
        pl.col(about).first(),
        pl.col("fill_ns").min().alias("first_ns"),
        pl.col("fill_ns").max().alias("last_ns"),
        pl.col("fill_quantity").sum().alias("quantity"),
        ((pl.col("fill_price") * pl.col("fill_quantity")).sum() / pl.col("fill_quantity").sum()).alias("average_price"),
    )
    rows = parents["row"].to_numpy().astype(np.int64)
    faults = Faults(source, rows, strict=strict)
    faults.leave_out((parents["order_id"] == "").to_numpy(), "order_id", "is missing")
    faults.leave_out(~parents["usable"].to_numpy(), "order_id", "has a fill without a time, price or quantity above 0")
    faults.leave_out(parents["differ"].to_numpy(), "order_id", "has fills that disagree about the order")
    return _with_times(typed(Source(source.path, parents, source.first_row), zone, unit)), faults


def _usable(fills: pl.DataFrame) -> pl.Series:
    numbers = [number(fills, name) > 0 for name in ("fill_price", "fill_quantity")]
    return pl.Series(numbers[0] & numbers[1] & fills["fill_ns"].is_not_null().to_numpy())


def _with_times(parents: pl.DataFrame) -> pl.DataFrame:
    start = "start_ns" if "start" in parents.columns else "first_ns"
    end = "end_ns" if "end" in parents.columns else "last_ns"
    return parents.with_columns(pl.col(start).alias("start_ns"), pl.col(end).alias("end_ns"))
