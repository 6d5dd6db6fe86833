"""A file of your own as columns under our names: CSV (plain, .gz or .zst) or Parquet, and its times as instants.

Values stay text until someone knows their tick and lot; times become nanoseconds by integers. A time that is none, or
lies outside 1970-01-02 to 2200-12-31, is null: with another unit than was meant, most times do."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple, TextIO, cast

import polars as pl

from nowake.data.text import after_midnight_ns, require, seconds_to_ns, shortened
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session
from nowake.domain.units import FIRST_DATE, LAST_DATE, LATEST_NS, NS_PER_DAY, NS_PER_MS, NS_PER_SECOND, NS_PER_US

TimeUnit = Literal["iso", "ns", "us", "ms", "s", "seconds_after_midnight"]

_UNITS_NS = {"ns": 1, "us": NS_PER_US, "ms": NS_PER_MS, "s": NS_PER_SECOND}
_EARLIEST_NS = NS_PER_DAY
_MOMENTS = (pl.Datetime, pl.Date)
_RENAMED = re.compile(r"(.*)_duplicated_\d+")  # What polars calls the second column of a name.


class Names(NamedTuple):
    """Our names of the columns of a table.

    `times` hold instants; they, and `numbers` that need not be exact, keep their type where the file has one.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    times: tuple[str, ...] = ("time",)
    numbers: tuple[str, ...] = ()


class Source(NamedTuple):
    """A file's columns under our names, as text where they are not times, how to name its rows, and its own names."""

    path: Path
    frame: pl.DataFrame
    first_row: int
    headings: tuple[str, ...] = ()

    def row(self, index: int) -> str:
        """How a person finds a row of the frame in the file."""
        return f"{self.path.name} row {index + self.first_row}"


def read(path: str | Path, columns: Mapping[str, str] | None, names: Names) -> Source:
    """The columns of a file, text stripped of blanks.

    Parameters
    ----------
    path
        CSV with a header (its name may end in .gz or .zst) or .parquet.
    columns
        Their name -> ours; names that are ours already need no entry.

    Raises
    ------
    NotFound
        When the file is not there.
    BadParameter
        When a column is not there, or two are mapped to one of ours.
    BadData
        When it is no such file, or has no rows.
    """
    path = Path(path)
    require(path)
    if path.suffix != ".parquet":
        _check_text(path)
    source = _source(path, _parquet(path) if path.suffix == ".parquet" else _csv(path), columns, names)
    if source.frame.columns and not source.frame.height:
        raise BadData(f"{path.name} has a header and no rows")
    return source


def read_leniently(path: str | Path, columns: Mapping[str, str] | None, names: Names) -> Source:
    """The same, with empty fields in every row of a CSV file that has another number of them than the header."""
    path = Path(path)
    require(path)
    if path.suffix == ".parquet":
        return _source(path, _parquet(path), columns, names)
    _check_text(path)
    try:
        frame = _csv(path)
    except BadData:
        frame = _csv_row_by_row(path)
    return _source(path, frame, columns, names)


def instants(source: Source, session: Session, timezone: str | None, unit: TimeUnit) -> pl.Series:
    """Nanoseconds of the column "time", int64, null where it is no time of its unit (see `span_of`).

    Raises
    ------
    BadParameter
        When the unit or the time zone is not known, or timestamps are said to be numbers.
    """
    column = source.frame["time"]
    if unit == "seconds_after_midnight" and not column.dtype.is_temporal():
        times = after_midnight_ns(column.cast(pl.String), session)
        return pl.select(pl.when(times.is_between(_EARLIEST_NS, LATEST_NS)).then(times)).to_series()
    return moments_ns(source, "time", timezone or session.timezone, unit)


def moments_ns(source: Source, name: str, timezone: str, unit: TimeUnit) -> pl.Series:
    """Nanoseconds of a column whose times need no session to be told; errors as for `instants`."""
    column = source.frame[name]
    if unit not in {"iso", "seconds_after_midnight", *_UNITS_NS}:
        raise BadParameter(f"time_unit {unit!r} is not one of iso, {', '.join(_UNITS_NS)}, seconds_after_midnight")
    if unit == "iso":
        times = iso_ns(column, timezone)
    elif column.dtype.is_temporal():
        raise BadParameter(f"time_unit {unit!r} is for numbers, and {source.path.name} holds timestamps; use 'iso'")
    elif unit == "seconds_after_midnight":
        raise BadParameter(f"time_unit {unit!r} does not say of which date; give instants, for example with 'iso'")
    elif unit == "s":
        times = seconds_to_ns(column.cast(pl.String))
    else:
        times = _counted_ns(column, _UNITS_NS[unit])
    return pl.select(pl.when(times.is_between(_EARLIEST_NS, LATEST_NS)).then(times)).to_series()


def span_of(unit: TimeUnit) -> str:
    """What times of a unit are, for a message."""
    return f"{unit}, below two days" if unit == "seconds_after_midnight" else f"{unit} from {FIRST_DATE} to {LAST_DATE}"


def _parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _unreadable(path, error) from None


def _check_text(path: Path) -> None:
    """Refuse a text whose encoding or line ends would make one line of it."""
    if path.suffix in {".gz", ".zst"}:
        return
    with path.open("rb") as stream:
        beginning = stream.read(1 << 16)
    if beginning.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise BadData(f"{path.name} is written in UTF-16; save it as UTF-8")
    if b"\r" in beginning and b"\n" not in beginning:
        raise BadData(f"{path.name} ends its lines with carriage returns alone; save it with line feeds")


def _csv(path: Path) -> pl.DataFrame:
    try:
        frame = pl.read_csv(path, infer_schema=False)
        if any(map(_RENAMED.fullmatch, frame.columns)):
            header = pl.read_csv(path, infer_schema=False, has_header=False, n_rows=1)
            frame.columns = _unique([name or "" for name in header.row(0)])
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _first_ragged(path) or _unreadable(path, error) from None
    return frame


def _csv_row_by_row(path: Path) -> pl.DataFrame:
    """Slow, and gets through whatever lines there are."""
    try:
        with _lines(path) as lines:
            header, *rows = csv.reader(lines)
    except (OSError, EOFError, ValueError, csv.Error) as error:
        raise _unreadable(path, error) from None
    table = [row if len(row) == len(header) else [""] * len(header) for row in rows]
    return pl.DataFrame(table, schema=dict.fromkeys(_unique(header), pl.String), orient="row")


def _first_ragged(path: Path) -> BadData | None:
    """The error for the first row with more fields than the header, None where that is not what is wrong."""
    try:
        with _lines(path) as lines:
            rows = csv.reader(lines)
            wanted = len(next(rows, []))
            for number, row in enumerate(rows, start=2):
                if len(row) > wanted:
                    return BadData(f"{path.name} row {number}: {len(row)} fields instead of {wanted}; repair the row")
    except (OSError, EOFError, csv.Error):
        pass  # Compressed otherwise, cut short, or no table at all: the first error says it.
    return None


def _lines(path: Path) -> TextIO:
    """A text file, unpacked where its name ends in .gz; bytes that are no text become signs that say so."""
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline=""))
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _unique(header: list[str]) -> list[str]:
    """Names that differ: of columns with one name each is told by its place, so that none is taken for the other."""
    count = Counter(header)
    return [name if count[name] == 1 else f"{name} (column {place})" for place, name in enumerate(header, start=1)]


def _unreadable(path: Path, error: Exception) -> BadData:
    reason = (str(error).strip() or type(error).__name__).splitlines()[0]
    return BadData(f"{path.name} cannot be read: {shortened(reason)}; copy it again")


def _source(path: Path, frame: pl.DataFrame, columns: Mapping[str, str] | None, names: Names) -> Source:
    kept, headings = _kept(path, frame, dict(columns or {}), names), tuple(frame.columns)
    try:
        frame = frame.select(pl.col(theirs).alias(ours) for ours, theirs in kept.items())
        frame = frame.with_columns(_possible(pl.col(_MOMENTS)))
        kinds = {name: frame[name].dtype for name in names.times + names.numbers if name in frame.columns}
        counts = [name for name, kind in kinds.items() if kind.is_numeric() or kind in _MOMENTS]
        frame = frame.with_columns(pl.exclude(counts).cast(pl.String).fill_null("").str.strip_chars())
    except pl.exceptions.PolarsError as error:
        raise _unreadable(path, error) from None
    return Source(path, frame, 1 if path.suffix == ".parquet" else 2, headings)


def _kept(path: Path, frame: pl.DataFrame, mapping: dict[str, str], names: Names) -> dict[str, str]:
    """Our name -> theirs, for the columns to keep."""
    known, there = names.needed + names.optional, shortened(", ".join(frame.columns), 400)
    kept: dict[str, str] = {}
    for theirs, ours in mapping.items():
        if ours not in known:
            raise BadParameter(f"column {ours!r} is not one of ours: {', '.join(known)}")
        if theirs not in frame.columns:
            raise BadParameter(f"column {theirs!r} is not in {path.name}; it has {there}")
        if ours in kept:
            raise BadParameter(f"columns {kept[ours]!r} and {theirs!r} are both mapped to {ours!r}; choose one of them")
        kept[ours] = theirs
    kept |= {name: name for name in frame.columns if name in known and name not in kept}
    for name in names.needed:
        if name not in kept:
            raise BadParameter(f"{path.name} has no {name}; map one of its columns ({there}) to {name!r}")
    return kept


def _counted_ns(column: pl.Series, unit_ns: int) -> pl.Series:
    """Nanoseconds of whole numbers of a unit, null where they are not whole or as nanoseconds would not fit 64 bits."""
    text = column.cast(pl.String).str.strip_chars().str.replace(r"\.0*$", "")
    count = text.cast(pl.Int64, strict=False)
    return pl.select(pl.when(count.is_between(0, LATEST_NS // unit_ns)).then(count * unit_ns)).to_series()


def iso_ns(column: pl.Series, timezone: str) -> pl.Series:
    """Nanoseconds of ISO texts or timestamps, those without an offset in a time zone.

    Null where there is no such time, and for local times the clocks skip or show twice.

    Raises
    ------
    BadParameter
        When the time zone is not known.
    """
    if column.dtype in _MOMENTS:
        near = pl.select(pl.when(_fits(column.dt.year())).then(column)).to_series()
        moments = near.cast(pl.Datetime("ns", getattr(column.dtype, "time_zone", None)))
        return _placed(moments, timezone) if moments.dtype.time_zone is None else moments.dt.epoch("ns")  # type: ignore[attr-defined]
    text = column.cast(pl.String).str.strip_chars().str.replace(" ", "T", literal=True)
    text = text.str.replace(r"Z$", "+00:00").str.replace(r"T(\d{2}:\d{2})($|[+-])", "T${1}:00${2}")
    near = pl.select(pl.when(_fits(text.str.extract(r"^(\d{4})-").cast(pl.Int32, strict=False))).then(text)).to_series()
    has_offset = near.str.contains(r"[+-]\d{2}:?\d{2}$") & near.str.contains("T", literal=True)
    naive = near.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ns", strict=False)
    aware = near.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="ns", strict=False).dt.epoch("ns")
    return pl.select(pl.when(has_offset).then(aware).otherwise(_placed(naive, timezone))).to_series()


def _possible(moment: pl.Expr) -> pl.Expr:
    """Null for timestamps of years Python does not know (those of a wrong unit), which polars fails to hand over."""
    return pl.when(moment.dt.year().is_between(1, 9999)).then(moment)


def _fits(year: pl.Series) -> pl.Series:
    """Whether nanoseconds of a year, and of the days around it, fit 64 bits: beyond, polars wraps them silently."""
    return year.is_between(FIRST_DATE.year, LAST_DATE.year)


def _placed(naive: pl.Series, timezone: str) -> pl.Series:
    try:
        local = naive.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    except pl.exceptions.PolarsError:
        raise BadParameter(f"time zone {timezone!r} is not known; write for example America/New_York") from None
    return local.dt.epoch("ns")
