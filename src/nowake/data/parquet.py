"""Days kept as Parquet files in the canonical columns; the instrument travels in the files' metadata.

A day written and read back is the same bytes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from nowake.data.day import Day, Resyncs
from nowake.data.schema import COLUMNS, Table
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Quotes, Trades
from nowake.kernels.layout import EVENT

VERSION = "1"
_TABLES: tuple[Table, ...] = ("events", "quotes", "trades")


def write_day(day: Day, folder: str | Path) -> Path:
    """Write a day as events.parquet, quotes.parquet and trades.parquet into a folder, made if it is not there."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    about = _about(day)
    for which in _TABLES:
        day.to_frame(which).write_parquet(folder / f"{which}.parquet", metadata=about)
    return folder


def read_day(folder: str | Path) -> Day:
    """The day a folder written by `write_day` holds.

    Raises
    ------
    NotFound
        When a file is missing.
    BadData
        When a file has other columns, another version, or no description of its instrument.
    """
    folder = Path(folder)
    frames = {which: _read(folder / f"{which}.parquet", which) for which in _TABLES}
    about = pl.read_parquet_metadata(folder / "events.parquet")
    if about.get("nowake.version") != VERSION:
        raise BadData(
            f"{folder / 'events.parquet'} has layout {about.get('nowake.version')!r}, not {VERSION!r}; "
            "write it with nowake.data.parquet.write_day"
        )
    events = np.zeros(len(frames["events"]), EVENT)
    for name in COLUMNS["events"]:
        events[name] = frames["events"][name].to_numpy()
    return Day(
        instrument=_instrument(about),
        source=about["nowake.source"],
        events=events,
        quotes=Quotes(**_arrays(frames["quotes"])),
        trades=Trades(**_arrays(frames["trades"])),
        depth=int(about["nowake.depth"]),
        warnings=tuple(filter(None, about["nowake.warnings"].split("\n"))),
        resyncs=_resyncs(about),
    )


def _arrays(table: pl.DataFrame) -> dict[str, Any]:
    return {name: table[name].to_numpy(writable=True) for name in table.columns}


def _read(path: Path, which: str) -> pl.DataFrame:
    if not path.is_file():
        raise NotFound(f"{path} is not there; a stored day needs events.parquet, quotes.parquet and trades.parquet")
    try:
        table = pl.read_parquet(path)
    except pl.exceptions.PolarsError as error:
        raise BadData(f"{path} is not a readable Parquet file: {str(error).splitlines()[0]}") from None
    wanted = {name: kind for name, (kind, _) in COLUMNS[which].items()}
    if dict(table.schema) != wanted:
        got = ", ".join(f"{name} {kind}" for name, kind in table.schema.items())
        raise BadData(f"{path} has columns {got}; the canonical ones are in nowake.data.schema.COLUMNS")
    return table


def _about(day: Day) -> dict[str, str]:
    instrument, session = day.instrument, day.instrument.session
    about = {
        "version": VERSION,
        "source": day.source,
        "depth": str(day.depth),
        "warnings": "\n".join(day.warnings),
        "symbol": instrument.symbol,
        "venue": instrument.venue,
        "date": session.date.isoformat(),
        "timezone": session.timezone,
        "open_ns": str(session.open_ns),
        "close_ns": str(session.close_ns),
        "tick_size": str(instrument.tick_size),
        "lot_size": str(instrument.lot_size),
        "currency": instrument.currency,
        "negative_prices": str(instrument.negative_prices),
    }
    if day.resyncs is not None:
        for field in dataclasses.fields(Resyncs):
            value = getattr(day.resyncs, field.name)
            about[f"resyncs.{field.name}"] = "\n".join(value) if field.name == "examples" else str(value)
    return {f"nowake.{name}": value for name, value in about.items()}


def _instrument(about: dict[str, str]) -> Instrument:
    try:
        return Instrument(
            symbol=about["nowake.symbol"],
            venue=about["nowake.venue"],
            session=Session(
                date=dt.date.fromisoformat(about["nowake.date"]),
                timezone=about["nowake.timezone"],
                open_ns=int(about["nowake.open_ns"]),
                close_ns=int(about["nowake.close_ns"]),
            ),
            tick_size=Decimal(about["nowake.tick_size"]),
            lot_size=Decimal(about["nowake.lot_size"]),
            currency=about["nowake.currency"],
            negative_prices=about["nowake.negative_prices"] == "True",
        )
    except (KeyError, ArithmeticError, ValueError) as error:
        if isinstance(error, BadParameter):
            raise
        raise BadData(f"the metadata of events.parquet do not describe an instrument: {error}") from None


def _resyncs(about: dict[str, str]) -> Resyncs | None:
    if "nowake.resyncs.first_sight" not in about:
        return None
    values = {name: about[f"nowake.resyncs.{name}"] for name in (f.name for f in dataclasses.fields(Resyncs))}
    examples = tuple(filter(None, values.pop("examples").split("\n")))
    return Resyncs(**{name: int(value) for name, value in values.items()}, examples=examples)
