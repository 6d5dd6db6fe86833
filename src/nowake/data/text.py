"""Number columns out of delimited text, exactly, and the first line that is at fault when there is one."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from nowake.domain.errors import BadData, NotFound
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_SECOND, local_ns

SECONDS = re.compile(r"^[0-9]+(?:\.[0-9]*)?$")
INTEGER = re.compile(r"[+-]?[0-9]+")
SECONDS_AFTER_MIDNIGHT = 172_800  # Times of a session lie on its date or, after midnight, on the next.

_MOST_SECONDS = 2**63 // NS_PER_SECOND  # As nanoseconds more would not fit 64 bits.


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
    """The same, with null where a field is no number, and in every field of a line that has more or fewer of them.

    Never raises for what the file holds: bytes that are no text become signs that are no numbers.
    """
    require(path)
    text = path.read_bytes().decode("utf-8-sig", errors="replace").removesuffix("\n")
    lines = pl.Series("line", text.split("\n"), dtype=pl.String).str.strip_suffix("\r")
    fields = lines.str.split_exact(",", len(columns) - 1).struct.rename_fields(list(columns)).struct.unnest()
    whole = lines.str.count_matches(",", literal=True) == len(columns) - 1
    return fields.select(
        pl.when(whole).then(pl.col(name).str.strip_chars().cast(kind, strict=False)).alias(name)
        for name, kind in columns.items()
    )


def require(path: Path) -> None:
    """Refuse a file that is missing or empty, is none, or may not be read."""
    if path.is_dir():
        raise NotFound(f"{path} is a folder; give a file in it")
    if path.exists() and not path.is_file():
        raise NotFound(f"{path} is no regular file but a pipe or a device; write what it gives to a file first")
    if not path.exists():
        raise NotFound(f"{path} is not there")
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    if path.stat().st_size == 0:
        raise BadData(f"{path.name} is empty; copy it again")


def field_count(path: Path) -> int:
    """Fields in the first line."""
    require(path)
    with path.open("rb") as stream:
        return stream.readline().count(b",") + 1


def first_fault(path: Path, columns: Mapping[str, type[pl.DataType]]) -> BadData:
    """The error for the first line that does not have these columns; columns of text may hold anything."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="\n") as stream:
        for row, line in enumerate(stream, start=1):
            fields = line.rstrip("\r\n").split(",")
            if len(fields) != len(columns):
                cut = "; the file was cut short, copy it again" if not line.endswith("\n") else ""
                return BadData(
                    f"{path.name} row {row}: {len(fields)} fields instead of {len(columns)} in "
                    f"{shortened(line.strip())!r}{cut}"
                )
            for field, (name, kind) in zip(fields, columns.items(), strict=True):
                if what := _fault_of(name, kind, field):
                    return BadData(f"{path.name} row {row}: {name} {shortened(field)!r} {what}")
    return BadData(f"{path.name} cannot be read as {len(columns)} columns of numbers")


def _fault_of(name: str, kind: type[pl.DataType], field: str) -> str:
    """What is wrong with a field, empty when nothing is."""
    if name == "time" and SECONDS.fullmatch(field):
        late = float(field) >= SECONDS_AFTER_MIDNIGHT
        return f"is not below {SECONDS_AFTER_MIDNIGHT:,} seconds after midnight, two days" if late else ""
    if kind is pl.String and name != "time":
        return ""
    if name == "time" or not INTEGER.fullmatch(field):
        return "is not a number"
    return "" if -(2**63) <= int(field[:30]) < 2**63 else "does not fit 64 bits"


def printable(text: str) -> str:
    """A text that may be the name of a file, which need not be Unicode, with what is none written as \\udcff."""
    return text.encode(errors="backslashreplace").decode()


def shortened(text: str, longest: int = 60) -> str:
    """The beginning of a text, for a message, on one line: signs nobody can see become question marks."""
    text = "".join(sign if sign.isprintable() else "?" for sign in text[: longest + 1])
    return text if len(text) <= longest else f"{text[:longest]}..."


def seconds_to_ns(text: pl.Series) -> pl.Series:
    """Nanoseconds of seconds as text ("34200.017459617"), never through a float.

    Null where it is no such number or the nanoseconds would not fit. Decimals after the ninth are rounded away: files
    that went through a float once say 35821.088778456004.
    """
    text = text.str.strip_chars()
    parts = text.str.splitn(".", 2).struct.rename_fields(["whole", "fraction"]).struct.unnest()
    fraction = parts["fraction"].fill_null("").str.pad_end(10, "0")
    nines = fraction.str.slice(0, 9).cast(pl.Int64, strict=False)
    tenth = fraction.str.slice(9, 1).cast(pl.Int64, strict=False)
    whole = parts["whole"].cast(pl.Int64, strict=False)
    ns = whole * NS_PER_SECOND + nines + (tenth >= 5)
    fits = text.str.contains(SECONDS.pattern) & (whole < _MOST_SECONDS)
    return pl.select(pl.when(fits).then(ns)).to_series()


def after_midnight_ns(text: pl.Series, session: Session) -> pl.Series:
    """The instants of seconds after midnight as text; null where they are no number, or not within two days of it."""
    since = seconds_to_ns(text)
    soon = since < SECONDS_AFTER_MIDNIGHT * NS_PER_SECOND
    return pl.select(pl.when(soon).then(since + midnight_ns(session))).to_series()


def midnight_ns(session: Session) -> int:
    """What seconds after midnight are counted from: twelve hours before local noon, also on days the clocks change."""
    noon_ns = 12 * 3600 * NS_PER_SECOND
    return local_ns(session.date, session.timezone, noon_ns) - noon_ns


def numbered(names: Sequence[str], count: int) -> list[str]:
    """Names repeated for levels 1 to `count`: ask_1, bid_1, ask_2, ..."""
    return [f"{name}_{level}" for level in range(1, count + 1) for name in names]
