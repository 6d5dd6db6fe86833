"""How assets move together, out of a file: a matrix with symbols above and beside it, or returns by date.

CSV (.gz, .zst) or Parquet. Every number must be there and finite: what a gap means is not for a reader to say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.basket_text import check_text
from nowake.data.text import shortened
from nowake.domain.errors import BadData

_SHOWN = 8
_REPEATED = re.compile(r"_duplicated_\d+$")  # What polars adds to the second column of a name.
_PERCENT = 0.5  # Half of all returns beyond 50 % a session are percent, not fractions.


class Table(NamedTuple):
    """Symbols of the columns, and a row of numbers for each row of the file."""

    symbols: tuple[str, ...]
    rows: npt.NDArray[np.float64]


def read_matrix(path: str | Path) -> Table:
    """A covariance of returns a session: symbols in the header from the second column on, and in the first column.

    Rows may stand in another order than columns.

    Raises
    ------
    NotFound
        When the file is not there.
    BadData
        When a symbol stands twice, rows and columns are of other symbols, or a number is missing or none.
    """
    name, labels, symbols, frame = _labelled(path)
    _refuse_twice(name, labels, "rows")
    if set(labels) != set(symbols):
        odd = sorted(set(labels) ^ set(symbols))
        raise BadData(
            f"{name}: rows and columns of a covariance must be of the same symbols; {_named(odd)} stand in one of the "
            "two only"
        )
    table = _numbers(name, labels, frame, "row")
    places = {label: place for place, label in enumerate(labels)}
    return Table(symbols, table[[places[symbol] for symbol in symbols]])


def read_returns(path: str | Path, symbols: Sequence[str] = ()) -> Table:
    """Returns a session, fractions: a date in the first column, a column for each symbol; one row a session.

    Parameters
    ----------
    symbols
        Those wanted: gaps of others do not matter. All of them by default.

    Raises
    ------
    NotFound, BadData
        As for `read_matrix`; also when a date stands twice, a wanted symbol is not there, or returns are in percent.
    """
    name, dates, there, frame = _labelled(path)
    _refuse_twice(name, dates, "dates")
    missing = [symbol for symbol in symbols if symbol not in there]
    if missing:
        raise BadData(f"{name} has no returns of {_named(missing)} ({len(missing)} of {len(symbols)} missing)")
    wanted = tuple(symbols) or there
    table = _numbers(name, dates, frame.select(wanted), "date")
    typical = float(np.median(np.abs(table)))
    if typical > _PERCENT:
        raise BadData(f"{name}: half of the returns are beyond {typical:.0%}; give fractions, 0.01 for 1 %")
    return Table(wanted, table)


def _labelled(path: str | Path) -> tuple[str, list[str], tuple[str, ...], pl.DataFrame]:
    """A file's name, its first column as text, the names of the others, and these."""
    path = Path(path)
    frame = _read(path)
    if frame.width < 2 or not frame.height:
        raise BadData(f"{path.name} must have a first column of names and a column a symbol, and a row or more")
    symbols = tuple(_REPEATED.sub("", column).strip() for column in frame.columns[1:])
    _refuse_twice(path.name, symbols, "columns")
    labels = [str(label or "").strip() for label in frame.to_series(0).to_list()]
    rest = frame.select(frame.columns[1:])
    rest.columns = list(symbols)
    return path.name, labels, symbols, rest


def _read(path: Path) -> pl.DataFrame:
    check_text(path)
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BadData(f"{path.name} cannot be read: {shortened(reason)}; repair it, or copy it again") from None


def _numbers(name: str, labels: Sequence[str], frame: pl.DataFrame, what: str) -> npt.NDArray[np.float64]:
    """A table of numbers; the first field that is none is named with its row and column."""
    stripped = frame.with_columns(pl.col(pl.String).str.strip_chars())
    table = stripped.select(pl.all().cast(pl.Float64, strict=False)).to_numpy().astype(np.float64)
    bad = ~np.isfinite(table)
    if bad.any():
        row, column = (int(place) for place in np.argwhere(bad)[0])
        told = frame[row, column]
        raise BadData(
            f"{name}: {what} {labels[row]} of {frame.columns[column]} is {shortened(str(told))!r}, no finite number "
            f"({int(bad.sum()):,} fields are); repair them, or leave the {what}s or symbols out"
        )
    return table


def _refuse_twice(name: str, labels: Sequence[str], what: str) -> None:
    twice = (
        sorted({label for label in labels if list(labels).count(label) > 1}) if len(set(labels)) < len(labels) else []
    )
    if twice:
        raise BadData(f"{name}: {_named(twice)} stand(s) twice among its {what}; each must be there once")


def _named(symbols: Sequence[str]) -> str:
    more = f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else ""
    return f"{', '.join(map(shortened, symbols[:_SHOWN]))}{more}"
