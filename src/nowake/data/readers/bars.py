"""Tables of bars of many makes, CSV plain or packed: seconds, minutes, hours or days of open, high, low, close, volume.

The columns are told by `bar_columns`, the hours by `hours`, what is wrong in a day by `bar_days`. Bars outside the
session are left out and counted; bars that are not there, because nothing traded, are no fault. A file is held as
columns of numbers (80 bytes a bar) for its days are compared with each other. The smallest step all its prices lie
on is the tick, a cent for New York hours. A bar is taken to begin at its time: a make that names the end of a bar
cannot be told apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl

from nowake.data.findings import Findings
from nowake.data.readers.bar_columns import Layout, layout_of, length_ns, read_bars
from nowake.data.readers.bar_days import days_of
from nowake.data.readers.contract import Piece, Progress, Recording, Wanted
from nowake.data.readers.hours import (
    ALWAYS,
    GLOBEX,
    NEW_YORK,
    Seen,
    Told,
    dates_of,
    multiplier_on,
    sessions_as_seen,
    sessions_in,
    told_by,
)
from nowake.data.readers.table_names import UNKNOWN_VENUE, named, quoted_in
from nowake.domain.errors import BadData
from nowake.domain.instrument import Instrument, Session
from nowake.domain.units import NS_PER_DAY, NS_PER_MINUTE, NS_PER_SECOND

FORMAT = "bars"
_LENGTHS = ((NS_PER_DAY, "d"), (60 * NS_PER_MINUTE, "h"), (NS_PER_MINUTE, "m"), (NS_PER_SECOND, "s"))
_CENT, _SHARE = Decimal("0.01"), Decimal(1)
_DECIMALS = 8  # Of prices and sizes that are looked at for a tick or lot; what has more is no step but a quotient.
_ROUNDING = 1e-14  # Relative; floats of plain decimals are nearer.
_VENUES = {NEW_YORK: "XNYS", GLOBEX: "XCME"}


def recognises(path: Path) -> bool:
    """Whether a file is a table of bars, by its header or by its first rows."""
    return layout_of(path) is not None


def recordings(files: Sequence[Path]) -> list[Recording]:
    """One recording a file.

    Raises
    ------
    BadData
        When a file is damaged.
    """
    found = []
    for path in files:
        layout = _layout(path)
        _, told, length = _told(path, layout, None)
        symbol, venue = _symbol_and_venue(path, layout, told.hours.calendar)
        dates = dates_of(told._replace(time_ns=np.sort(told.time_ns)))
        found.append(Recording(FORMAT, venue, (symbol,), *dates, (path,), detail=length_in_words(length)))
    return found


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """The sessions of a file, a piece for each.

    Raises
    ------
    BadData
        When a field is no number or time; shows file, row and value.
    """
    for path in recording.files:
        layout = _layout(path)
        frame, told, length = _told(path, layout, wanted.progress)
        seen = _with_sessions(told, length)
        symbol, venue = _symbol_and_venue(path, layout, told.hours.calendar)
        tick, lot = _steps(frame, seen, wanted)
        notes = Findings(notes=(seen.hours.note,) if seen.hours.note else ())
        for day in days_of(frame, seen, length_ns=length):
            if not wanted.includes(symbol, day.session.date):
                continue
            findings = day.findings.merged(notes)
            instrument = instrument_of((symbol, venue), day.session, (tick, lot), seen)
            yield Piece(instrument, bars=day.bars, findings=findings)


def length_in_words(length: int) -> str:
    """ "1m", "5m", "1h", "1d"; empty where the length is unknown."""
    unit = next(((ns, word) for ns, word in _LENGTHS if length and length % ns == 0), None)
    return f"{length // unit[0]}{unit[1]}" if unit else ""


def instrument_of(name: tuple[str, str], session: Session, steps: tuple[Decimal, Decimal], seen: Seen) -> Instrument:
    """The instrument of one session: symbol and venue, tick and lot."""
    (symbol, venue), (tick, lot) = name, steps
    currency = quoted_in(symbol) if seen.hours.calendar in {ALWAYS, ""} else "USD"
    return Instrument(
        symbol=symbol,
        venue=venue,
        session=session,
        tick_size=tick,
        lot_size=lot,
        currency=currency,
        multiplier=multiplier_on(seen.hours.calendar),
    )


def venue_of(hours_calendar: str) -> str:
    """The venue that a calendar speaks for, where no name says one."""
    return _VENUES.get(hours_calendar, UNKNOWN_VENUE)


def smallest_step(values: pl.Series) -> Decimal | None:
    """The largest decimal step that all values are multiples of; None where they are no plain decimals."""
    distinct = values.drop_nans().drop_nulls().unique()
    scaled = (distinct * 10**_DECIMALS).round()
    rest = (scaled / 10**_DECIMALS - distinct).abs()
    if not distinct.len() or (scaled.abs() >= 2**53).any() or (rest > _ROUNDING * distinct.abs()).any():
        return None
    step = math.gcd(*(int(value) for value in scaled.to_list()))
    return Decimal(step).scaleb(-_DECIMALS).normalize() if step else None


def _layout(path: Path) -> Layout:
    layout = layout_of(path)
    if layout is None:
        raise BadData(
            f"{path.name} is no table of bars: its columns time, open, high, low, close, volume are not found"
        )
    return layout


def _told(path: Path, layout: Layout, progress: Progress | None) -> tuple[pl.DataFrame, Told, int]:
    """The bars as they stand in the file, whose hours they keep and their instants, and how long each lasts."""
    frame, is_wall = read_bars(path, layout, progress)
    if not frame.height:
        raise BadData(f"{path.name} has no bars")
    time_ns = frame["time_ns"].to_numpy()
    order = np.argsort(time_ns, kind="stable")
    weight = np.maximum(np.nan_to_num(frame["volume"].to_numpy()[order]), 0)
    told = told_by(time_ns[order], weight, is_wall=is_wall, says_utc=layout.says_utc)
    in_file = np.empty_like(time_ns)
    in_file[order] = told.time_ns
    return frame, told._replace(time_ns=in_file), length_ns(time_ns)


def _with_sessions(told: Told, length: int) -> Seen:
    ordered = np.sort(told.time_ns)
    calendar = told.hours.calendar
    sessions = sessions_in(calendar, ordered) if calendar else sessions_as_seen(ordered, length)
    return Seen(sessions, told.hours, told.time_ns)


def _symbol_and_venue(path: Path, layout: Layout, calendar: str) -> tuple[str, str]:
    name = named(path)
    venue = name.venue if name.venue != UNKNOWN_VENUE else venue_of(calendar)
    return layout.symbol or name.symbol, venue


def _steps(frame: pl.DataFrame, seen: Seen, wanted: Wanted) -> tuple[Decimal, Decimal]:
    tick, lot = wanted.tick_size, wanted.lot_size
    if tick is None and seen.hours.calendar != NEW_YORK:
        tick = smallest_step(pl.concat([frame[name] for name in ("open", "high", "low", "close")]))
    if lot is None and seen.hours.calendar in {ALWAYS, ""}:
        lot = smallest_step(frame["volume"])
    return tick or _CENT, lot or _SHARE
