"""One name for every day there is: "lobster:AMZN", "binance:BTCUSDT@BINANCE", "generated:7", or a path."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from nowake.data import catalogue as catalogues
from nowake.data.catalogue import Choice
from nowake.data.day import Day
from nowake.data.folder import Catalogue, Fault, Look, look
from nowake.data.quality import QualityReport
from nowake.data.readers.registry import FORMATS, pieces
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Instrument
from nowake.domain.units import check_date

if TYPE_CHECKING:
    from nowake.data.columns import TimeUnit
    from nowake.data.readers.contract import Progress, Recording

DEFAULT_ROOT = Path("../shared/data")  # From the project's root; the environment variable NOWAKE_DATA overrules it.
DEFAULT_SEED = 7
_SYMBOLS_SHOWN = 20  # Of a recording with more, the catalogue lists one row and no symbols.
_NUMBER = re.compile(r"[0-9]{1,18}")


class Entry(NamedTuple):
    """A row of the catalogue: what to ask `load_day` for, and what it is made of.

    Parameters
    ----------
    spec
        As for `load_day`; of a recording of very many symbols, or that names none, it has dots for the symbol.
    first, last
        Dates of the first and the last session; None where the files do not say.
    gives
        "orders", "levels", "tables": what the days of this format hold.
    """

    spec: str
    format: str
    venue: str
    symbol: str
    first: dt.date | None
    last: dt.date | None
    gives: str
    files: tuple[str, ...]
    size_bytes: int

    @property
    def dates(self) -> str:
        """For people."""
        if self.first is None:
            return "not said"
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


class Checked(NamedTuple):
    """Reports of the days that could be read, and a line on each file or recording that could not."""

    reports: list[QualityReport]
    left_out: tuple[str, ...] = ()


def load_day(
    spec: str,
    date: str | dt.date | None = None,
    *,
    root: str | Path | None = None,
    symbol: str = "",
    tick_size: str | Decimal | None = None,
    lot_size: str | Decimal | None = None,
    multiplier: int | str | Decimal | None = None,
    progress: Progress | None = None,
) -> Day:
    """The day a name stands for.

    Parameters and errors are those of the public `nowake.verbs.load.load_day`; `progress` is called now and then with
    bytes read and bytes in all.
    """
    from nowake.data import assemble  # noqa: PLC0415
    from nowake.data.readers.contract import Wanted  # noqa: PLC0415

    on = parse_date(date)
    source, _, rest = spec.partition(":")
    if source == "generated":
        from nowake.data.generated import MONDAY, generate_day  # noqa: PLC0415

        for given, value in (("tick_size", tick_size), ("lot_size", lot_size), ("multiplier", multiplier)):
            if value is not None:
                raise BadParameter(
                    f"{given} {value} means nothing to a generated day, which is of shares; leave it out"
                )
        return generate_day(_parse_seed(rest), date=on or MONDAY)
    here, choice = _find(spec, on, root=root, symbol=symbol)
    wanted = Wanted(
        symbols=frozenset({choice.symbol}),
        first=choice.date,
        last=choice.date,
        tick_size=parse_step("tick_size", tick_size),
        lot_size=parse_step("lot_size", lot_size),
        multiplier=parse_step("multiplier", multiplier),
        progress=progress,
    )
    name = f"{spec}:{choice.symbol}" if symbol else catalogues.spelled(spec, choice)
    found = list(assemble.days(pieces(choice.recording, wanted), source=lambda _: name))
    if not found:
        raise NotFound(
            f"{name} has nothing on {choice.date or 'any date'} for {choice.symbol}, or the venue was closed"
        )
    if len(found) > 1:
        there = ", ".join(str(day.instrument.session.date) for day in found)
        raise NotFound(f"{name} is there for {there}; give one of these dates")
    return dataclasses.replace(found[0], warnings=(*found[0].warnings, *_missing(here, choice)))


def find(spec: str, date: dt.date | None = None, *, root: str | Path | None = None, symbol: str = "") -> Choice:
    """The recording a name means, and which day of which symbol in it.

    Raises
    ------
    NotFound, BadParameter, BadData
        As `load_day`.
    """
    return _find(spec, date, root=root, symbol=symbol)[1]


def recordings(
    spec: str, *, root: str | Path | None = None, progress: Look | None = None
) -> tuple[Catalogue, list[Recording], str]:
    """What a name means when it may be several days: the catalogue, what of it is meant, and a symbol or nothing.

    A path means everything in it, FORMAT:SYMBOL every recording of that symbol; of LOBSTER's cuts of one day only the
    fullest, unless its levels are named.
    """
    if spec.partition(":")[0] == "generated":
        raise BadParameter(f"{spec} is made in a moment and is in no file; nowake.data.store.write_day can keep it")
    place, format_name, text = _located(spec, data_root(root))
    here = look(place, (format_name,) if format_name else (), progress=progress)
    if text:
        return here, *catalogues.all_of(here, text, format_name=format_name)
    if not here.recordings:
        catalogues.choose(here, catalogues.Name(), None)  # Says why there is nothing.
    return here, catalogues.fullest(here.recordings), ""


def default_day(root: str | Path | None = None) -> Day:
    """The day of the demo: NASDAQ's AMZN of 2012-06-21 where the data folder holds it, else the generated day."""
    try:
        return load_day("lobster:AMZN", "2012-06-21", root=root)
    except NotFound:
        return load_day("generated")


def catalogue(root: str | Path | None = None, *, progress: Look | None = None) -> list[Entry]:
    """Every recording under the data folder, by format, symbol and date; empty when there is none."""
    return listed(root=root, progress=progress)[0]


def entries(here: Catalogue, recordings: Sequence[Recording], only: str = "") -> list[Entry]:
    """A row for each symbol of recordings of a catalogue, or for only one symbol."""
    by_symbol: dict[tuple[str, str], list[Recording]] = {}
    for each in here.recordings:
        for symbol in _shown(each, only):
            by_symbol.setdefault((each.format, symbol), []).append(each)
    names = {key: catalogues.specs(alike, key[1] or "...") for key, alike in by_symbol.items()}
    rows = []
    for each in recordings:
        for symbol in _shown(each, only):
            alike = by_symbol[each.format, symbol]
            spec = names[each.format, symbol][alike.index(each)]
            about = (each.format, each.venue, symbol or f"{len(each.symbols):,} symbols" if each.symbols else "?")
            files = tuple(path.name for path in each.files)
            first, last = each.of_symbol(symbol).first, each.of_symbol(symbol).last
            rows.append(Entry(spec, *about, first, last, FORMATS[each.format][1], files, each.size_bytes))
    return rows


def listed(
    spec: str = "", *, root: str | Path | None = None, progress: Look | None = None
) -> tuple[list[Entry], list[Fault]]:
    """The rows of a name, or of the whole data folder, and the files there that could not be used.

    Errors as for `recordings`; a data folder that is not there has no rows.
    """
    if spec:
        here, found, of_symbol = recordings(spec, root=root, progress=progress)
        return entries(here, found, of_symbol), left_out(here, of_symbol)
    place = data_root(root)
    if not place.exists():
        return [], []
    here = look(place, progress=progress)
    return entries(here, here.recordings), left_out(here)


def left_out(here: Catalogue, symbol: str = "") -> list[Fault]:
    """The files of a catalogue that could not be used; of a symbol, those whose names say it."""
    return [fault for fault in here.faults if not symbol or fault.is_about(symbol)]


def describe(spec: str, date: str | dt.date | None = None, *, root: str | Path | None = None, symbol: str = "") -> str:
    """What a day holds, as a table for people; errors as for `load_day`."""
    day = load_day(spec, date, root=root, symbol=symbol)
    return f"{day}\n{'print':<10} {day.fingerprint[:16]} (SHA-256 of the data, shortened)"


def check_path(
    path_or_spec: str | Path,
    date: str | dt.date | None = None,
    *,
    root: str | Path | None = None,
    symbol: str = "",
    progress: Progress | None = None,
) -> QualityReport:
    """Count the faults of a day, of LOBSTER files also where `load_day` refuses it.

    Parameters
    ----------
    path_or_spec
        As for `load_day`; a LOBSTER message file need not have a book file of its number of rows.
    date, root, symbol, progress
        As for `load_day`.

    Raises
    ------
    NotFound, BadParameter
        As for `load_day`. Damaged LOBSTER rows do not raise, they are counted.
    """
    from nowake.data import quality, raw  # noqa: PLC0415
    from nowake.data.readers import lobster  # noqa: PLC0415

    spec, path = str(path_or_spec), Path(path_or_spec)
    if path.is_file() and lobster.recognises(path):
        return raw.check_message_file(path)
    if spec.partition(":")[0] == lobster.FORMAT:
        choice = find(spec, parse_date(date), root=root, symbol=symbol)
        if progress is not None:
            progress(0, choice.recording.size_bytes)
        return raw.check_recording(choice.recording, source=catalogues.spelled(spec, choice))
    return quality.check(load_day(spec, date, root=root, symbol=symbol, progress=progress))


def check_all(
    path_or_spec: str | Path,
    date: str | dt.date | None = None,
    *,
    root: str | Path | None = None,
    symbol: str = "",
    progress: Progress | None = None,
) -> Checked:
    """`check_path` for every day a name means, in order, and what could not be read.

    Parameters and errors as for `check_path`; an error of one of several recordings is told beside the others' reports.
    """
    spec = str(path_or_spec)
    if date is not None or spec.partition(":")[0] == "generated":
        return Checked([check_path(spec, date, root=root, symbol=symbol, progress=progress)])
    here, found, of_symbol = recordings(spec, root=root)
    if of_symbol and symbol:
        raise BadParameter(f"{spec} names a symbol already; leave out {symbol!r}")
    only = of_symbol or symbol
    found = [each for each in found if not only or not each.symbols or catalogues.has(each, only)]
    unread = tuple(str(fault) for fault in left_out(here, only))
    if len(found) == 1 and found[0].first == found[0].last and (only or len(found[0].symbols) == 1):
        return Checked([check_path(spec, None, root=root, symbol=symbol, progress=progress)], unread)
    if not found:
        catalogues.chosen(here, only, None)  # Says what is there instead.
    from nowake.data import check_days  # noqa: PLC0415

    reports, failures = check_days.check(found, only, progress=progress)
    if not reports:
        raise BadData("; ".join((*failures, *unread)) or f"{spec} holds no day, so nothing was checked")
    return Checked(reports, (*failures, *unread))


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


def parse_date(date: str | dt.date | None) -> dt.date | None:
    """A date from its text; None for None.

    Raises
    ------
    BadParameter
        When it is no date, or outside 1970-01-02 to 2200-12-31.
    """
    if date is None or isinstance(date, dt.date):
        return date if date is None else check_date(date)
    try:
        return check_date(dt.date.fromisoformat(date))
    except BadParameter:
        raise
    except ValueError:
        raise BadParameter(f"date {date!r} is not a date; write YYYY-MM-DD") from None


def parse_step(name: str, value: int | str | Decimal | None) -> Decimal | None:
    """A tick size, lot size or multiplier from its text; None for None.

    Raises
    ------
    BadParameter
        When it is no number above 0.
    """
    if value is None:
        return None
    try:
        step = Decimal(value)
    except InvalidOperation:
        raise BadParameter(f"{name} {value!r} is not a number; write for example 0.01") from None
    if not step.is_finite() or step <= 0:
        raise BadParameter(f"{name} {value} must be a finite number above 0")
    return step


def _find(spec: str, date: dt.date | None, *, root: str | Path | None, symbol: str) -> tuple[Catalogue, Choice]:
    place, format_name, text = _located(spec, data_root(root))
    if text and symbol:
        raise BadParameter(f"{spec} names a symbol already; leave out {symbol!r}")
    here = look(place, (format_name,) if format_name else ())
    return here, catalogues.chosen(here, text or symbol, date, format_name=format_name)


def _missing(here: Catalogue, choice: Choice) -> list[str]:
    """A sentence on each file beside those of a day that may be part of it and could not be read."""
    folder, format_name = choice.recording.files[0].parent, choice.recording.format
    if format_name == "lobster":
        return []  # Two files are a whole day there; what lies beside them is none of it.
    return [
        f"A file beside it could not be read, {fault}"
        for fault in left_out(here, choice.symbol)
        if (fault.path.parent, fault.format) == (folder, format_name) and isinstance(fault.error, BadData)
    ]


def _located(spec: str, root: Path) -> tuple[Path, str, str]:
    """Where to look, for which format (empty for any), and for which SYMBOL[:DETAIL][@VENUE] (empty for any)."""
    if spec and Path(spec).exists():
        return Path(spec), "", ""
    source, _, rest = spec.partition(":")
    if source == "parquet" and rest:
        folder, _, symbol = (rest, "", "") if Path(rest).exists() else rest.rpartition(":")
        if not Path(folder or rest).exists():
            raise NotFound(f"{rest} is not there; write parquet:FOLDER or parquet:FOLDER:SYMBOL")
        return Path(folder), source, symbol
    if source in FORMATS and rest:
        return root, source, rest
    folder, _, symbol = spec.rpartition(":")
    if folder and Path(folder).exists():
        return Path(folder), "", symbol
    if "/" in spec or os.sep in spec or (Path(spec).suffix and not symbol):
        raise NotFound(f"{spec} is not there")
    raise _no_source(spec, root)


def _shown(recording: Recording, only: str) -> tuple[str, ...]:
    """The symbols of a recording that get a row: one without a name stands for very many, or for unknown ones."""
    if only:
        return (only,) if catalogues.has(recording, only) else ()
    return recording.symbols if 0 < len(recording.symbols) <= _SYMBOLS_SHOWN else ("",)


def _parse_seed(text: str) -> int:
    if text and not _NUMBER.fullmatch(text):
        raise BadParameter(
            f"seed {text!r} must be a whole number of 0 or more, of 18 digits at most; write for example generated:7"
        )
    return int(text) if text else DEFAULT_SEED


def _no_source(text: str, root: Path) -> BadParameter:
    """The error for a name that is none, with the names that are there."""
    there = sorted({entry.spec for entry in catalogue(root)})
    shown = f"; there is {', '.join(there[:12])}" + (f" and {len(there) - 12} more" if len(there) > 12 else "")
    formats = ", ".join(name for name in FORMATS if name != "parquet")
    return BadParameter(
        f"data {text!r} is not a source of days; write FORMAT:SYMBOL (of {formats}), generated, generated:SEED, "
        f"parquet:FOLDER or a path{shown if there else ''}"
    )
