"""Bars of many makes as one table: whose column is the open, what a time means, how long a bar lasts.

A file is known by its header, through a table of synonyms, or without one by its columns: a time since the epoch,
then open, high, low, close and volume with low <= open, close <= high (also with the number of trades, as Kraken
writes them, with vwap and number, or as the klines of Binance). Times name the beginning of a bar."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.columns import iso_ns
from nowake.data.readers.contract import Progress
from nowake.data.readers.delimited import Block, Head, blocks, look, scaled
from nowake.data.readers.packed import chunks
from nowake.domain.errors import BadData
from nowake.domain.units import LATEST_NS, NS_PER_DAY

# Ours -> what others call it, without signs and in small letters, the better first.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "time": (
        *("timestamputc", "datetimeutc", "timeutc", "opentime", "windowstart", "barstart", "starttime", "timestamp"),
        *("datetime", "tsevent", "gmttime", "unix", "epoch", "bartime", "time", "date", "ts", "t"),
    ),
    "open": ("open", "openprice", "priceopen", "o"),
    "high": ("high", "highprice", "pricehigh", "h"),
    "low": ("low", "lowprice", "pricelow", "l"),
    "close": ("close", "closeprice", "priceclose", "c", "last"),
    "volume": ("volume", "vol", "totalvolume", "quantity", "qty", "v"),
    "vwap": ("vwap", "vw", "wap", "averageprice", "average"),
    "trades": ("trades", "transactions", "tradecount", "numberoftrades", "numtrades", "count", "n"),
    "symbol": ("symbol", "ticker", "sym", "instrument", "code"),
}
NEEDED = ("time", "open", "high", "low", "close", "volume")
_PRICES = ("open", "high", "low", "close")
_HEADERLESS = {
    6: NEEDED,
    7: (*NEEDED, "trades"),
    8: ("time", *_PRICES, "vwap", "volume", "trades"),
    12: (*NEEDED, "closetime", "quotevolume", "trades", "takervolume", "takerquotevolume", "ignored"),
}
_EPOCH = re.compile(r"[0-9]{9,19}(?:\.[0-9]+)?")
_ISO = re.compile(r"\d{4}-?\d{2}-?\d{2}(?:[T ]\d{2}:?\d{2}.*)?")
# Digits that times since the epoch have at most -> decimals that make nanoseconds of them: s, ms, us, ns.
_EPOCH_DECIMALS = {10: 9, 13: 6, 16: 3, 19: 0}
_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "time_ns": pl.Int64,
    **dict.fromkeys((*_PRICES, "volume", "vwap"), pl.Float64),
    "trades": pl.Int64,
    "row": pl.Int64,
}


class Layout(NamedTuple):
    """Where the columns of a file are: all its columns in order, ours under our names; and rows before the data."""

    separator: str
    columns: tuple[str, ...]
    skip_rows: int
    symbol: str
    time_name: str

    @property
    def says_utc(self) -> bool:
        """Whether the name of the time column says its zone."""
        return self.time_name.endswith("utc") or self.time_name.startswith("gmt")


def layout_of(path: Path) -> Layout | None:
    """How the bars of a file are laid out, None where it holds none. Never raises."""
    seen = look(path)
    if seen is None or len(seen.rows) < 2:
        return None
    named = _by_header(seen)
    return named if named is not None else _by_content(seen)


def read_bars(path: Path, layout: Layout, progress: Progress | None = None) -> tuple[pl.DataFrame, bool]:
    """The bars of a file in its order, and whether its times name no zone.

    Returns
    -------
    frame
        time_ns (int64; a wall clock where no zone is named), open, high, low, close, volume, vwap (NaN unknown),
        trades (int64, -1 unknown) and row, the row of the file. A field that is empty, "nan" or "null" is NaN.

    Raises
    ------
    BadData
        When a field is no number or time, or several symbols are in one file.
    """
    frames, walls = [pl.DataFrame(schema=_SCHEMA)], set()
    for block in blocks(
        chunks(path, progress=progress),
        name=path.name,
        columns=layout.columns,
        separator=layout.separator,
        skip_rows=layout.skip_rows,
    ):
        _refuse_another_symbol(block, layout)
        times, is_wall = times_of(block, "time")
        walls.add(is_wall)
        frames.append(_typed(block, times))
    if len(walls) > 1:
        raise BadData(f"{path.name}: some times name their zone and others do not; write all of them the same way")
    return pl.concat(frames), True in walls


def times_of(block: Block, column: str) -> tuple[pl.Series, bool]:
    """Nanoseconds of times since the epoch in any unit, or of ISO texts, and whether they are a wall clock's.

    Raises
    ------
    BadData
        At the first that is none; shows file, row and value.
    """
    text = block.frame[column]
    first = next((each for each in text.to_list()[:100] if each), "")
    if _EPOCH.fullmatch(first):
        times, is_wall = _epoch_ns(text, first), False
    else:
        iso = _iso_text(text)
        is_wall = re.search(r"(?:[+-]\d{2}:?\d{2}|Z)$", str(_iso_text(pl.Series([first]))[0])) is None
        has_zone = iso.str.contains(r"T.*(?:[+-]\d{2}:?\d{2}|Z)$")
        times = iso_ns(iso, "UTC")
        times = pl.select(pl.when(has_zone != is_wall).then(times)).to_series()
    times = pl.select(pl.when(times.is_between(NS_PER_DAY, LATEST_NS)).then(times)).to_series()
    if times.has_nulls():
        raise block.fault(int(times.is_null().arg_max() or 0), column, "is not a time like those above it")
    return times, is_wall


def placed(wall_ns: pl.Series, timezone: str) -> pl.Series:
    """Instants of a wall clock; null for times it skips or shows twice."""
    naive = wall_ns.cast(pl.Datetime("ns"))
    return naive.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null").dt.epoch("ns")


def length_ns(time_ns: npt.NDArray[np.int64]) -> int:
    """How long bars last: the most frequent step between them, or a shorter one that is not rare; 0 where unknown."""
    steps, counts = np.unique(np.diff(np.unique(time_ns)), return_counts=True)
    if not len(steps):
        return 0
    frequent = counts >= max(0.02 * counts.sum(), 1)
    return int(min(steps[frequent].min(), steps[np.argmax(counts)]))


def is_time(text: str) -> bool:
    """Whether a text may be a time: since the epoch, or ISO."""
    return bool(_EPOCH.fullmatch(text) or _ISO.fullmatch(text))


def plain(name: str) -> str:
    """A column's name without signs, in small letters."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def named(header: Sequence[str], synonyms: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Our name -> the place of the column that is meant."""
    there = [plain(name) for name in header]
    found: dict[str, int] = {}
    for ours, theirs in synonyms.items():
        place = next((there.index(name) for name in theirs if name in there), None)
        if place is not None and place not in found.values():
            found[ours] = place
    return found


def _by_header(seen: Head) -> Layout | None:
    header, first = seen.rows[0], seen.rows[1]
    places = named(header, SYNONYMS)
    if any(name not in places for name in NEEDED) or len(first) != len(header):
        return None
    if not is_time(first[places["time"]]) or _numbers(first, [places[name] for name in _PRICES]) is None:
        return None
    columns = [f"unused_{place}" for place in range(len(header))]
    for ours, place in places.items():
        columns[place] = ours
    symbol = first[places["symbol"]] if "symbol" in places else ""
    return Layout(seen.separator, tuple(columns), 1, symbol, plain(header[places["time"]]))


def _by_content(seen: Head) -> Layout | None:
    columns = _HEADERLESS.get(len(seen.rows[0]))
    if columns is None:
        return None
    for row in seen.rows[:50]:
        if len(row) != len(columns) or not _EPOCH.fullmatch(row[0]):
            return None
        numbers = _numbers(row, range(1, len(row)))
        if (
            numbers is None
            or not numbers[2] <= min(numbers[0], numbers[3]) <= max(numbers[0], numbers[3]) <= numbers[1]
        ):
            return None
        if numbers[columns.index("volume") - 1] < 0:
            return None
    return Layout(seen.separator, columns, 0, "", "")


def _numbers(row: Sequence[str], places: Sequence[int]) -> list[float] | None:
    try:
        return [float(row[place]) if row[place] else float("nan") for place in places]
    except ValueError:
        return None


def _typed(block: Block, times: pl.Series) -> pl.DataFrame:
    height = block.frame.height
    columns = {"time_ns": times}
    for name in (*_PRICES, "volume", "vwap"):
        columns[name] = _floats(block, name) if name in block.frame.columns else pl.repeat(None, height, eager=True)
    if "trades" in block.frame.columns:
        columns["trades"] = _floats(block, "trades").fill_nan(-1).cast(pl.Int64, strict=False)
    else:
        columns["trades"] = pl.repeat(-1, height, dtype=pl.Int64, eager=True)
    columns["row"] = pl.int_range(block.first_row, block.first_row + height, eager=True)
    frame = pl.DataFrame(columns).select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
    return frame.with_columns(pl.col(*_PRICES, "volume", "vwap").fill_null(float("nan")))


def _floats(block: Block, name: str) -> pl.Series:
    text = block.frame[name]
    missing = text.str.to_lowercase().is_in(["", "nan", "null", "none", "na"])
    values = text.cast(pl.Float64, strict=False)
    wrong = (values.is_null() | values.is_infinite().fill_null(False)) & ~missing
    if wrong.any():
        raise block.fault(int(wrong.arg_max() or 0), name, "is not a number")
    return pl.select(pl.when(missing).then(float("nan")).otherwise(values)).to_series()


def _refuse_another_symbol(block: Block, layout: Layout) -> None:
    if layout.symbol:
        other = block.frame["symbol"] != layout.symbol
        if other.any():
            raise block.fault(
                int(other.arg_max() or 0), "symbol", f"follows {layout.symbol!r}: split the file, one symbol in each"
            )


def _epoch_ns(text: pl.Series, first: str) -> pl.Series:
    digits = len(first.partition(".")[0])
    decimals = next(decimals for most, decimals in _EPOCH_DECIMALS.items() if digits <= most)
    return scaled(text, decimals)


def _iso_text(text: pl.Series) -> pl.Series:
    """2024-01-02T09:30:00 of 20240102 09:30, 2024-01-02 09:30 and 2024-01-02."""
    text = text.str.replace(r"^(\d{4})(\d{2})(\d{2})", "$1-$2-$3").str.replace(r"^(\d{4}-\d{2}-\d{2}) ", "${1}T")
    text = text.str.replace(r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00:00")
    return text.str.replace(r"T(\d{2}:\d{2})($|[+Z-])", "T${1}:00$2")
