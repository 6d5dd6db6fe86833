"""One name for every day there is: "lobster:AMZN", "generated:7", "parquet:days/amzn"."""

from __future__ import annotations

import datetime as dt
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from nowake.data.day import Day
from nowake.data.quality import QualityReport
from nowake.domain.errors import BadParameter, NotFound
from nowake.domain.instrument import Instrument
from nowake.domain.units import check_date

if TYPE_CHECKING:
    from nowake.data.columns import TimeUnit

DEFAULT_ROOT = Path("../shared/data")  # From the project's root; the environment variable NOWAKE_DATA overrules it.
DEFAULT_SEED = 7
_SOURCES = "lobster:SYMBOL, generated, generated:SEED or parquet:FOLDER"
_NUMBER = re.compile(r"[0-9]{1,18}")


class Entry(NamedTuple):
    """One day of the catalogue: what to ask `load_day` for, and the files it is made of."""

    spec: str
    date: dt.date
    files: tuple[str, ...]
    size_bytes: int

    def __str__(self) -> str:
        return f"{self.spec:<16} {self.date}  {self.size_bytes / 1e6:8.1f} MB  {', '.join(self.files)}"


def load_day(spec: str, date: str | dt.date | None = None, *, root: str | Path | None = None) -> Day:
    """The day a name stands for, without a word when kernels must be compiled first.

    Parameters and errors are those of the public `nowake.verbs.load.load_day`.
    """
    source, _, rest = spec.partition(":")
    day = _parse_date(date)
    if source == "lobster" and rest:
        return _load_lobster(rest, day, data_root(root))
    if source == "generated":
        from nowake.data.generated import MONDAY, generate_day  # noqa: PLC0415

        return generate_day(_parse_seed(rest), date=day or MONDAY)
    if source == "parquet" and rest:
        return _load_parquet(rest, day)
    raise _no_source(spec, data_root(root))


def default_day(root: str | Path | None = None) -> Day:
    """The day of the demo: NASDAQ's AMZN of 2012-06-21 where the data folder holds it, else the generated day."""
    try:
        return load_day("lobster:AMZN", "2012-06-21", root=root)
    except NotFound:
        return load_day("generated")


def catalogue(root: str | Path | None = None) -> list[Entry]:
    """Every LOBSTER day under the data folder, by symbol and date; empty when there is none."""
    from nowake.data.lobster_files import list_files, pairs  # noqa: PLC0415

    entries = []
    for pair, _ in pairs(list_files(data_root(root) / "lobster")):
        files = (pair.messages.path, pair.book.path)
        spec = f"lobster:{pair.messages.symbol}:{pair.messages.levels}"
        size = sum(path.stat().st_size for path in files)
        entries.append(Entry(spec, pair.messages.date, tuple(path.name for path in files), size))
    return sorted(entries)


def describe(spec: str, date: str | dt.date | None = None, *, root: str | Path | None = None) -> str:
    """What a day holds, as a table for people; errors as for `load_day`."""
    day = load_day(spec, date, root=root)
    return f"{day}\n{'print':<10} {day.fingerprint[:16]} (SHA-256 of the data, shortened)"


def check_path(
    path_or_spec: str | Path, date: str | dt.date | None = None, *, root: str | Path | None = None
) -> QualityReport:
    """Count the faults of a day or of a LOBSTER message file, also where `load_day` refuses it.

    Parameters
    ----------
    path_or_spec
        A spec as for `load_day`, a LOBSTER message file (its book file is found beside it), or a folder of our
        Parquet files.
    date, root
        As for `load_day`.

    Raises
    ------
    NotFound, BadParameter
        As for `load_day`. Damaged LOBSTER rows do not raise, they are counted.
    """
    from nowake.data import quality, raw  # noqa: PLC0415

    path, text = Path(path_or_spec), str(path_or_spec)
    if path.is_dir():
        return quality.check(_load_parquet(text, _parse_date(date)))
    if path.suffix == ".csv":
        return raw.check_message_file(path)
    source, _, rest = text.partition(":")
    if source == "lobster" and rest:
        symbol, levels = _symbol_and_levels(rest)
        return raw.check_lobster(data_root(root) / "lobster", symbol, _parse_date(date), levels)
    if source in {"generated", "parquet"}:
        return quality.check(load_day(text, date, root=root))
    if not path.exists() and (path.suffix or "/" in text):
        raise NotFound(f"{path} is not there")
    raise _no_source(text, data_root(root), also=" and no LOBSTER message file")


def check_tables_file(
    path: str | Path,
    *,
    kind: Literal["trades", "quotes"] = "trades",
    columns: Mapping[str, str] | None = None,
    instrument: Instrument,
    timezone: str | None = None,
    time_unit: TimeUnit = "iso",
) -> QualityReport:
    """Count the faults of your own table of trades or quotes, also where the reader refuses it.

    Parameters
    ----------
    path
        CSV with a header (its name may end in .gz or .zst) or .parquet.
    kind
        What the rows are.
    columns, timezone, time_unit
        As for `nowake.data.tables.read_trades` and `read_quotes`.
    instrument
        Its tick and lot say which prices and sizes there can be, its session which times are out of session.

    Returns
    -------
    QualityReport
        Of one table, named by `kind`. `refused` says whether the reader refuses the file, the first of `notes` why,
        the others how many cells of which column cannot be used.

    Raises
    ------
    NotFound
        When the file is not there.
    BadParameter
        When `kind`, a column, the time zone or the time unit is not known.
    BadData
        When the file is no table at all: empty, cut short inside its compression, or no Parquet.
    """
    from nowake.data import raw_tables  # noqa: PLC0415

    return raw_tables.check_file(
        path, kind=kind, columns=columns, instrument=instrument, timezone=timezone, time_unit=time_unit
    )


def data_root(root: str | Path | None = None) -> Path:
    """The data folder: the one given, the environment variable NOWAKE_DATA, or ../shared/data."""
    if root is not None:
        return Path(root)
    return Path(os.environ.get("NOWAKE_DATA") or DEFAULT_ROOT)


def _load_lobster(rest: str, date: dt.date | None, root: Path) -> Day:
    from nowake.data.lobster import read_lobster  # noqa: PLC0415

    symbol, levels = _symbol_and_levels(rest)
    return read_lobster(root / "lobster", symbol, date, levels=levels)


def _load_parquet(folder: str, date: dt.date | None) -> Day:
    from nowake.data.parquet import read_day  # noqa: PLC0415

    day = read_day(folder)
    if date is not None and day.instrument.session.date != date:
        raise NotFound(f"{folder} holds {day.instrument.session.date}, not {date}")
    return day


def _symbol_and_levels(rest: str) -> tuple[str, int | None]:
    symbol, _, levels = rest.partition(":")
    if levels and not _NUMBER.fullmatch(levels):
        raise BadParameter(f"levels {levels!r} must be a whole number of 1 or more; write for example lobster:AMZN:10")
    return symbol, int(levels) if levels else None


def _parse_date(date: str | dt.date | None) -> dt.date | None:
    if date is None or isinstance(date, dt.date):
        return date
    try:
        return check_date(dt.date.fromisoformat(date))
    except BadParameter:
        raise
    except ValueError:
        raise BadParameter(f"date {date!r} is not a date; write YYYY-MM-DD") from None


def _parse_seed(text: str) -> int:
    if text and not _NUMBER.fullmatch(text):
        raise BadParameter(
            f"seed {text!r} must be a whole number of 0 or more, of 18 digits at most; write for example generated:7"
        )
    return int(text) if text else DEFAULT_SEED


def _no_source(text: str, root: Path, *, also: str = "") -> BadParameter:
    """The error for a name that is none, with the symbols that are there."""
    from nowake.data.lobster_files import list_files  # noqa: PLC0415

    symbols = sorted({file.symbol for file in list_files(root / "lobster")})
    there = f"; there is lobster:{', lobster:'.join(symbols)}" if symbols else ""
    return BadParameter(f"data {text!r} is not a source of days{also}; write {_SOURCES}{there}")
