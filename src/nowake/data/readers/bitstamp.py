"""Order logs as kept of Bitstamp: a row for every order created, changed or deleted (format of the R package
obAnalytics, Stubbings 2016), CSV, packed or plain, with the columns

    id, timestamp, exchange.timestamp, price, volume, action, direction

`timestamp` is the recorder's clock in milliseconds, `exchange.timestamp` the second the order was created in, so of
the two only the first can order events: it is the time of ours. `volume` is what the order has left, in units of 1e-8
coins, or in coins where one of the first some ten thousand has a decimal point; 0 on a deletion means filled, more
means cancelled. `bitstamp_orders` says how rows become events.

The log names no instrument: the name of the file does ("btcusd"), else the one symbol that is asked for. Logs of a
symbol whose times do not overlap are one recording. A day is a UTC day; each begins with a picture of the orders that
stand then. Orders older than the log are unknown: they are counted, never invented, so the book fills up over the
first minutes."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import datetime as dt
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.day import Events
from nowake.data.findings import EXAMPLES, Findings
from nowake.data.readers.bitstamp_orders import CHANGED, CREATED, DAY_MS, DELETED, OrderLog, Row, Told
from nowake.data.readers.contract import PIECE_EVENTS, Piece, Recording, Wanted
from nowake.data.readers.packed import HEAD_BYTES, chunks, each_that_opens, head, is_packed
from nowake.data.readers.tracking import lacks_orders
from nowake.data.text import shortened
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import LARGEST_COUNT, Instrument, Session
from nowake.domain.units import LATEST_NS, NS_PER_DAY, NS_PER_MS
from nowake.kernels.layout import EVENT

FORMAT = "bitstamp"
VENUE = "BITSTAMP"
COLUMNS = ("id", "timestamp", "exchange.timestamp", "price", "volume", "action", "direction")

_ACTIONS = {"created": CREATED, "changed": CHANGED, "deleted": DELETED}
_SIDES = {"bid": 1, "ask": -1}
_UNITS = 8  # Decimals of a unit of price and volume.
_MOST_TICKS = np.iinfo(np.int32).max
_LATEST_MS = LATEST_NS // NS_PER_MS
_PAIR = re.compile(r"(?<![a-z])([a-z]{3,5}?)[-_/]?(usdt|usdc|usd|eur|gbp|btc|eth)(?![a-z])")
_TOLD = np.dtype([(name, np.int64) for name in ("time_ms", "order_id", "lots", "price", "kind", "side", "flags")])


def recognises(path: Path) -> bool:
    """Whether a file begins with the columns of an order log."""
    first = head(path).partition(b"\n")[0].decode("utf-8-sig", errors="replace")
    names = {name.strip().strip('"') for name in first.split(",")}
    return set(COLUMNS) <= names


def recordings(files: Sequence[Path]) -> list[Recording]:
    """One recording for each symbol the names tell, files in order of time; those that overlap stand apart. Damaged
    ones are left out where others are not.

    Raises
    ------
    BadData
        When the first row of every file says nothing.
    """
    logs = [log for log, _ in each_that_opens(files, _log)]
    out = []
    for symbol, members in itertools.groupby(sorted(logs), key=lambda log: log.symbol):
        of_symbol = list(members)  # Those without one may be of several.
        for group in _that_follow(of_symbol) if symbol else [[one] for one in of_symbol]:
            first, last = _date_of(group[0].first_ms), _date_of(group[-1].last_ms)
            paths = tuple(one.path for one in group)
            out.append(Recording(FORMAT, VENUE, (symbol,) if symbol else (), first, last, paths))
    return out


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """All that is wanted of a log, in one pass.

    Raises
    ------
    BadData
        When a row cannot be read: shows file, row and value.
    BadParameter
        When neither the name nor `wanted` says the one symbol, or a tick or lot does not fit the data.
    """
    symbol = _symbol_of(recording, wanted)
    if wanted.symbols and symbol not in wanted.symbols:
        return
    log, book = OrderLog(), _Days(symbol, wanted)
    for frame in _frames(recording, wanted):
        book.measure(frame)
        for told in _in_parts(log.read(book.rows(frame))):
            yield from book.add(told, log)
    for told in _in_parts(log.close()):
        yield from book.add(told, log)
    yield from book.flush(log)


class _Log(NamedTuple):
    """A file, and when its first and its last row were written."""

    symbol: str
    first_ms: int
    last_ms: int
    path: Path


def _that_follow(logs: Iterable[_Log]) -> list[list[_Log]]:
    """Logs in order of time as few rows of logs that follow one another; a copy of one follows nothing."""
    rows: list[list[_Log]] = []
    for log in logs:
        for row in rows:
            last = row[-1]
            if last.last_ms <= log.first_ms and (last.first_ms, last.last_ms) != (log.first_ms, log.last_ms):
                row.append(log)
                break
        else:
            rows.append([log])
    return rows


@dataclasses.dataclass(slots=True, eq=False)
class _Days:
    """Collects what is told into pieces of UTC days."""

    symbol: str
    wanted: Wanted
    tick_units: int = 0
    lot_units: int = 0
    date: dt.date | None = None
    waiting: list[npt.NDArray[np.void]] = dataclasses.field(default_factory=list)
    told_counts: dict[str, int] = dataclasses.field(default_factory=dict)
    reversals: int = 0
    examples: list[str] = dataclasses.field(default_factory=list)
    latest_ms: int = 0
    told_fills: dict[str, int] = dataclasses.field(default_factory=dict)

    def measure(self, frame: pl.DataFrame) -> None:
        """Tick and lot: the ones asked for, else a power of ten that fits the prices of the first rows."""
        prices, lots = frame["price"], frame["volume"]
        if not self.tick_units:
            self.tick_units = _in_units(self.wanted.tick_size, "tick_size") or _power_of_ten(prices.to_numpy())
            self.lot_units = _in_units(self.wanted.lot_size, "lot_size") or 1
        for name, column, units in (("tick_size", prices, self.tick_units), ("lot_size", lots, self.lot_units)):
            off = column.filter(column % units != 0)
            if off.len():
                finer = int(np.gcd(np.gcd.reduce(off.to_numpy()), units))
                raise BadParameter(
                    f"{name} {_shown(units):f} does not divide {_shown(off[0]):f}, which is in the data; use "
                    f"{_shown(finer):f}"
                )
        highest = int(prices.to_numpy().max(initial=0))
        if highest // self.tick_units > _MOST_TICKS:
            raise BadParameter(f"price {_shown(highest):f} is above {_MOST_TICKS:,} ticks; use a larger tick_size")

    def rows(self, frame: pl.DataFrame) -> Iterator[Row]:
        """The rows of a frame in ticks and lots, none earlier than the one before it."""
        columns = frame.select(
            "id", "timestamp", pl.col("price") // self.tick_units, pl.col("volume") // self.lot_units, "action", "side"
        )
        for order_id, time_ms, *rest in columns.iter_rows():
            if time_ms < self.latest_ms:
                self.reversals += 1
                if len(self.examples) < EXAMPLES:
                    self.examples.append(f"order {order_id} at {time_ms} ms after {self.latest_ms} ms")
            self.latest_ms = max(self.latest_ms, time_ms)
            yield Row(order_id, self.latest_ms, *rest)

    def add(self, told: list[Told], log: OrderLog) -> Iterator[Piece]:
        """Take what was told; hand out a piece where one is full or a day ends."""
        for date, group in itertools.groupby(told, key=lambda one: _date_of(one[0])):
            if date != self.date:
                yield from self.flush(log)
                self.date = date
            self.waiting.append(np.array(list(group), _TOLD))
            if sum(map(len, self.waiting)) >= PIECE_EVENTS:
                yield from self.flush(log)

    def flush(self, log: OrderLog) -> Iterator[Piece]:
        """What waits, as a piece."""
        if not self.waiting or self.date is None:
            return
        told, self.waiting = np.concatenate(self.waiting), []
        findings = self._findings(log, len(told))
        if self.wanted.includes(self.symbol, self.date):
            yield Piece(instrument=self._instrument(self.date), events=_events(told), findings=findings)

    def _findings(self, log: OrderLog, told: int) -> Findings:
        """What was noticed since the last piece."""
        now = {**log.counts, "clock_reversals": self.reversals}
        new = {name: count - self.told_counts.get(name, 0) for name, count in now.items()}
        self.told_counts = now
        examples = {"clock_reversals": tuple(self.examples)} if self.examples else {}
        self.examples = []
        halves = {"with both halves": log.matched, "without the other half": log.unmatched}
        fills = {name: count - self.told_fills.get(name, 0) for name, count in halves.items()}
        self.told_fills = halves
        counts = {name: count for name, count in new.items() if count}
        return Findings(
            counts=counts,
            examples=examples,
            mixes={"fills": fills} if any(fills.values()) else {},
            notes=("Times are the recorder's, in milliseconds; the venue's are whole seconds.",),
            refusal=lacks_orders(counts, told),
        )

    def _instrument(self, date: dt.date) -> Instrument:
        opens = _midnight_ms(date) * NS_PER_MS
        return Instrument(
            symbol=self.symbol,
            venue=VENUE,
            session=Session(date=date, timezone="UTC", open_ns=opens, close_ns=opens + NS_PER_DAY),
            tick_size=_shown(self.tick_units),
            lot_size=_shown(self.lot_units),
            currency=_currency(self.symbol),
        )


def _frames(recording: Recording, wanted: Wanted) -> Iterator[pl.DataFrame]:
    """The files as frames of some ten thousand rows, numbers as units of 1e-8."""
    done, size, in_coins = 0, recording.size_bytes, None
    for path in recording.files:
        header, rest, row = b"", b"", 1
        for chunk in chunks(path, done_bytes=done, all_bytes=size, progress=wanted.progress):
            whole, cut, rest = (rest + chunk).rpartition(b"\n")
            if not cut:
                continue
            if not header:
                header, _, whole = whole.partition(b"\n")
            if whole.strip():
                raw = _cells(path, header, whole, row)
                if in_coins is None:
                    in_coins = not _with_point(raw).is_empty()
                frame = _numbers(path, raw, row, in_coins=in_coins)
                row += frame.height
                yield frame
        if rest.strip():
            raise BadData(f"{path.name} ends inside row {row + 1:,}: {shortened(rest.decode(errors='replace'))!r}")
        done += path.stat().st_size


def _cells(path: Path, header: bytes, lines: bytes, rows_before: int) -> pl.DataFrame:
    """Rows of the log as texts."""
    try:
        raw = pl.read_csv(header + b"\n" + lines, infer_schema=False, truncate_ragged_lines=False)
        return raw.rename({name: name.lstrip("\ufeff").strip() for name in raw.columns}).select(COLUMNS)
    except pl.exceptions.PolarsError as error:
        reason = shortened(str(error).splitlines()[0])
        raise BadData(f"{path.name} after row {rows_before:,}: no order log ({reason}); copy the file again") from None


def _with_point(raw: pl.DataFrame) -> pl.Series:
    """The volumes that have a decimal point."""
    return raw["volume"].filter(raw["volume"].str.contains(".", literal=True).fill_null(value=False))


def _numbers(path: Path, raw: pl.DataFrame, rows_before: int, *, in_coins: bool) -> pl.DataFrame:
    """Rows of the log as numbers, prices and volumes in units of 1e-8."""
    pointed = _with_point(raw)
    if not in_coins and not pointed.is_empty():
        raise BadData(
            f"{path.name} after row {rows_before:,}: volume {shortened(pointed[0])!r} is in coins, those before it are "
            "whole numbers as of units of 1e-8; write all of them in the same unit"
        )
    frame = raw.select(
        pl.col("id").cast(pl.Int64, strict=False),
        pl.col("timestamp").cast(pl.Int64, strict=False),
        _decimal("price"),
        _decimal("volume") if in_coins else pl.col("volume").cast(pl.Int64, strict=False),
        pl.col("action").replace_strict(_ACTIONS, default=None, return_dtype=pl.Int64),
        pl.col("direction").replace_strict(_SIDES, default=None, return_dtype=pl.Int64).alias("side"),
    )
    _refuse_bad_cells(path, frame, raw, rows_before)
    return frame


def _decimal(name: str) -> pl.Expr:
    """A column of decimals as whole units of 1e-8, null where it is no such number."""
    text = pl.col(name)
    parts = text.str.extract_groups(r"^([0-9]{1,10})(?:\.([0-9]{0,8})0*)?$")
    whole = parts.struct.field("1").cast(pl.Int64, strict=False)
    fraction = parts.struct.field("2").fill_null("").str.pad_end(_UNITS, "0").cast(pl.Int64, strict=False)
    units: pl.Expr = (whole * 10**_UNITS + fraction).alias(name)
    return units


def _refuse_bad_cells(path: Path, frame: pl.DataFrame, raw: pl.DataFrame, rows_before: int) -> None:
    limits = {
        "id": (1, 2**63 - 1),
        "timestamp": (0, _LATEST_MS),
        "price": (1, 2**63 - 1),
        "volume": (0, LARGEST_COUNT),
        "action": (0, 2),
        "side": (-1, 1),
    }
    for name, (least, most) in limits.items():
        good = frame[name].is_between(least, most).fill_null(value=False)
        if not good.all():
            row = int((~good).arg_max() or 0)
            column = "direction" if name == "side" else name
            shown = shortened(str(raw[column][row]))
            raise BadData(f"{path.name} row {rows_before + row + 1:,}: {column} {shown!r} cannot be; mend the row")


def _events(table: npt.NDArray[np.void]) -> Events:
    events = np.zeros(len(table), EVENT)
    events["time_ns"], events["price_ticks"] = table["time_ms"] * NS_PER_MS, table["price"]
    for name in ("order_id", "lots", "kind", "side", "flags"):
        events[name] = table[name]
    return events


def _in_parts(told: Iterator[Told], size: int = 1 << 16) -> Iterator[list[Told]]:
    while part := list(itertools.islice(told, size)):
        yield part


def _symbol_of(recording: Recording, wanted: Wanted) -> str:
    if recording.symbols:
        return recording.symbols[0]
    if len(wanted.symbols) == 1:
        return next(iter(wanted.symbols))
    raise BadParameter(
        f"{recording.files[0].name} does not name its symbol; say which, with --symbol or as {FORMAT}:BTCUSD"
    )


def _symbol_in(path: Path) -> str:
    """The pair of coins a file's name tells, "BTCUSD"; empty where it tells none."""
    found = _PAIR.search(path.name.lower())
    return "".join(found.groups()).upper() if found else ""


def _currency(symbol: str) -> str:
    found = _PAIR.search(symbol.lower())
    return found[2].upper() if found else "USD"


def _log(path: Path) -> _Log:
    """What the first row and the last whole one say; a packed file is read through for it."""
    header, _, lines = head(path).partition(b"\n")
    first, cut, _ = lines.partition(b"\n")
    if not cut:
        collections.deque(chunks(path), maxlen=0)  # A file that cannot be unpacked says so.
        raise BadData(f"{path.name} has no rows; copy it again")
    first_ms = last_ms = _time_ms(path, header, first)
    with contextlib.suppress(BadData):  # Reading the rows will say where it is damaged.
        last, rest = first, b""
        for chunk in chunks(path) if is_packed(path) else _tail(path):
            whole, _, rest = (rest + chunk).rpartition(b"\n")
            last = whole.rpartition(b"\n")[2] or last
        last_ms = max(first_ms, _time_ms(path, header, last))
    return _Log(_symbol_in(path), first_ms, last_ms, path)


def _time_ms(path: Path, header: bytes, line: bytes) -> int:
    raw = _cells(path, header, line, 1)
    return int(_numbers(path, raw, 1, in_coins=not _with_point(raw).is_empty())["timestamp"][0])


def _tail(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - HEAD_BYTES))
        yield stream.read()


def _date_of(time_ms: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=time_ms // DAY_MS)


def _midnight_ms(date: dt.date) -> int:
    return (date - dt.date(1970, 1, 1)).days * DAY_MS


def _in_units(size: Decimal | None, name: str) -> int:
    """A tick or lot in units of 1e-8, 0 where none is given."""
    if size is None:
        return 0
    units = size.scaleb(_UNITS)
    if units <= 0 or units != int(units):
        raise BadParameter(f"{name} {size} is not a multiple of 0.00000001 above 0")
    return int(units)


def _power_of_ten(prices: npt.NDArray[np.int64]) -> int:
    """The largest power of ten that divides every price."""
    divisor, units = int(np.gcd.reduce(prices)), 1
    while divisor % (10 * units) == 0 and divisor:
        units *= 10
    return units


def _shown(units: int) -> Decimal:
    return Decimal(int(units)).scaleb(-_UNITS).normalize()
