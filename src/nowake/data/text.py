"""Number columns out of delimited text, exactly, and the first line that is at fault when there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from nowake.domain.errors import BadData, NotFound
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_SECOND, local_ns

SECONDS = re.compile(r"^[0-9]+(?:\.[0-9]*)?$")
INTEGER = re.compile(r"[+-]?[0-9]+")


def read_numbers(path: Path, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """A headerless CSV file whose columns are integers (`pl.Int64`) or seconds as text (`pl.String`).

    Raises
    ------
    NotFound
        When the file is not there.
    BadData
        When it is empty, or a line has another number of fields or one that is no number; shows file, row, value.
    """
    require(path)
    try:
        table = pl.read_csv(path, has_header=False, schema=dict(columns), quote_char=None)
    except pl.exceptions.PolarsError:
        raise first_fault(path, columns) from None
    if any(table.null_count().row(0)):
        raise first_fault(path, columns)
    return table


def read_numbers_leniently(path: Path, columns: Mapping[str, type[pl.DataType]]) -> pl.DataFrame:
    """The same, with null where a field is missing or no number, and fields too many left out."""
    require(path)
    text = pl.read_csv(
        path,
        has_header=False,
        schema=dict.fromkeys(columns, pl.String),
        quote_char=None,
        truncate_ragged_lines=True,
    )
    return text.select(pl.col(name).str.strip_chars().cast(kind, strict=False) for name, kind in columns.items())


def require(path: Path) -> None:
    """Refuse a file that is missing or empty."""
    if not path.is_file():
        raise NotFound(f"{path} is not there")
    if path.stat().st_size == 0:
        raise BadData(f"{path.name} is empty; copy it again")


def field_count(path: Path) -> int:
    """Fields in the first line."""
    require(path)
    with path.open("rb") as stream:
        return stream.readline().count(b",") + 1


def first_fault(path: Path, columns: Mapping[str, type[pl.DataType]]) -> BadData:
    """The error for the first line that does not have these columns."""
    with path.open(encoding="utf-8", errors="replace") as stream:
        for row, line in enumerate(stream, start=1):
            fields = line.rstrip("\r\n").split(",")
            if len(fields) != len(columns):
                cut = "; the file was cut short, copy it again" if not line.endswith("\n") else ""
                return BadData(
                    f"{path.name} row {row}: {len(fields)} fields instead of {len(columns)} in {line.strip()!r}{cut}"
                )
            for field, (name, kind) in zip(fields, columns.items(), strict=True):
                pattern = SECONDS if kind is pl.String else INTEGER
                if not pattern.fullmatch(field):
                    return BadData(f"{path.name} row {row}: {name} {field!r} is not a number")
    return BadData(f"{path.name} cannot be read as {len(columns)} columns of numbers")


def seconds_to_ns(text: pl.Series) -> pl.Series:
    """Nanoseconds of seconds as text ("34200.017459617"), never through a float; null where it is no such number.

    Decimals after the ninth are rounded away: files that went through a float once say 35821.088778456004.
    """
    text = text.str.strip_chars()
    parts = text.str.splitn(".", 2).struct.rename_fields(["whole", "fraction"]).struct.unnest()
    fraction = parts["fraction"].fill_null("").str.pad_end(10, "0")
    nines = fraction.str.slice(0, 9).cast(pl.Int64, strict=False)
    tenth = fraction.str.slice(9, 1).cast(pl.Int64, strict=False)
    ns = parts["whole"].cast(pl.Int64, strict=False) * NS_PER_SECOND + nines + (tenth >= 5)
    return pl.select(pl.when(text.str.contains(SECONDS.pattern)).then(ns)).to_series()


def midnight_ns(session: Session) -> int:
    """What seconds after midnight are counted from: twelve hours before local noon, also on days the clocks change."""
    noon_ns = 12 * 3600 * NS_PER_SECOND
    return local_ns(session.date, session.timezone, noon_ns) - noon_ns


def numbered(names: Sequence[str], count: int) -> list[str]:
    """Names repeated for levels 1 to `count`: ask_1, bid_1, ask_2, ..."""
    return [f"{name}_{level}" for level in range(1, count + 1) for name in names]
