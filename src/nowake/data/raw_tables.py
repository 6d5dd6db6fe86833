"""Your own tables as they are, faults and all: counted where `nowake.data.tables` refuses them.

A cell that is missing, no number, no multiple of the tick or lot, or too large to count makes its row unreadable; a
price or size of zero or below is counted as what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec
import polars as pl

from nowake.data import quality
from nowake.data.columns import Source, TimeUnit, instants, read_leniently
from nowake.data.quality import QualityReport
from nowake.data.tables import (
    AGGRESSORS,
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    TRUTHS,
    day_from_tables,
    is_zero,
    looked_up,
    read_quotes,
    read_trades,
)
from nowake.data.text import shortened
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument

Kind = Literal["trades", "quotes"]

# Canonical column -> the column of the file it is made of, where their names differ.
_MADE_OF = {
    "time_ns": "time",
    "price_ticks": "price",
    "lots": "quantity",
    "bid_ticks": "bid",
    "bid_lots": "bid_size",
    "ask_ticks": "ask",
    "ask_lots": "ask_size",
}


def check_file(
    path: str | Path,
    *,
    kind: Kind,
    columns: Mapping[str, str] | None = None,
    instrument: Instrument,
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
) -> QualityReport:
    """Count the faults of a file of trades or quotes; parameters and errors as `nowake.data.load.check_tables_file`."""
    if kind not in {"trades", "quotes"}:
        raise BadParameter(f"kind {kind!r} is neither trades nor quotes")
    name = Path(path).name
    try:
        if kind == "trades":
            trades = read_trades(path, columns, instrument=instrument, timezone=timezone, time_unit=time_unit)
            return quality.check(day_from_tables(instrument=instrument, trades=trades, source=name))
        quotes = read_quotes(path, columns, instrument=instrument, timezone=timezone, time_unit=time_unit)
        return quality.check(day_from_tables(instrument=instrument, quotes=quotes, source=name))
    except BadData as refusal:
        reason = f"the reader refuses it: {refusal}"
    source = read_leniently(path, columns, TRADE_COLUMNS if kind == "trades" else QUOTE_COLUMNS)
    times = instants(source, instrument.session, timezone, time_unit).alias("time_ns")
    frame = pl.DataFrame([times, *(_trades if kind == "trades" else _quotes)(source, instrument)])
    notes = (reason, *_unreadable_cells(source, frame))
    report = quality.check_tables({kind: frame}, session=instrument.session, source=name, notes=notes)
    why = f"{name!r} holds {kind} and no order-by-order events, so nothing says who queues at a price"
    return msgspec.structs.replace(report, refused=True, cannot_replay_because=why)


def _trades(source: Source, instrument: Instrument) -> list[pl.Series]:
    return [
        _integers(source.frame["price"], instrument.ticks).alias("price_ticks"),
        _integers(source.frame["quantity"], instrument.lots).alias("lots"),
        looked_up(source, "aggressor", AGGRESSORS, pl.Int8).alias("aggressor"),
        looked_up(source, "hidden", TRUTHS, pl.Boolean).alias("hidden"),
        looked_up(source, "auction", TRUTHS, pl.Boolean).alias("auction"),
    ]


def _quotes(source: Source, instrument: Instrument) -> list[pl.Series]:
    """A side without size needs no price, as in strict reading."""
    columns = []
    for side in ("bid", "ask"):
        lots = _integers(source.frame[f"{side}_size"].replace({"": "0"}), instrument.lots)
        shown = pl.select(pl.when(lots == 0).then(pl.lit("0")).otherwise(source.frame[side])).to_series()
        columns += [_integers(shown, instrument.ticks).alias(f"{side}_ticks"), lots.alias(f"{side}_lots")]
    return columns


def _integers(column: pl.Series, exact: Callable[[str], int]) -> pl.Series:
    """A column of decimals as integers, zero and below included, null where it cannot be."""
    converted = {text: _signed(text, exact) for text in column.unique().to_list()}
    return column.replace_strict(converted, return_dtype=pl.Int64)


def _signed(text: str, exact: Callable[[str], int]) -> int | None:
    magnitude = text.removeprefix("-")
    if is_zero(text) or magnitude[:1] in {"-", "+"}:
        return 0 if is_zero(text) else None
    try:
        return exact(magnitude) * (1 if magnitude == text else -1)
    except BadParameter:
        return None


def _unreadable_cells(source: Source, frame: pl.DataFrame) -> list[str]:
    """A sentence on each column of the file that has any."""
    sentences = []
    for column in frame.iter_columns():
        if column.has_nulls():
            name, count = _MADE_OF.get(column.name, column.name), column.null_count()
            row = int(column.is_null().arg_max() or 0)
            shown = shortened(str(source.frame[name][row]))
            cells = "1 cell" if count == 1 else f"{count:,} cells"
            sentences.append(f"{cells} of {name} cannot be used, the first in {source.row(row)}: {shown!r}")
    return sentences
