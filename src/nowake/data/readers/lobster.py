"""LOBSTER days (Huang and Polak 2011, "LOBSTER: Limit Order Book Reconstruction System"; format of lobsterdata.com).

A message file says what happened, a book file of the same rows what was displayed after each message; the two are
kept together by `nowake.kernels.resync`. Prices come as dollars x 10,000, times as seconds after midnight in New
York, `direction` as the side of the resting order.

Displayed prices decide the tick: a cent, or 0.0001 where any displayed price is off the cent grid. Hidden orders
trade between the ticks (at mids): such prints are rounded half to even to the tick, counted and valued in a warning;
ask for `tick_size="0.0001"` to have them exactly, at the price of a book in steps nobody may quote in.

Depth L files know nothing beyond level L, and nothing says who queued before the file began."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.day import Events, Resyncs, quotes_of_touch
from nowake.data.findings import Findings
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.lobster_files import Pair, pair_of, pairs_of, parsed, why_unpaired
from nowake.data.sessions import session_on
from nowake.data.text import after_midnight_ns, field_count, first_fault, numbered, read_numbers
from nowake.domain.errors import BadData, BadParameter, OutOfCapacity
from nowake.domain.instrument import LARGEST_COUNT, Instrument, Session
from nowake.kernels.layout import ADD, EVENT, EXECUTE, HALT, PRINT_CROSS, PRINT_HIDDEN, RESUME

Ints = npt.NDArray[np.int64]

FORMAT = "lobster"
UNITS_PER_CURRENCY = 10_000  # Prices in the files are dollars times this.
MESSAGE_COLUMNS: dict[str, type[pl.DataType]] = {
    "time": pl.String,
    "type": pl.Int64,
    "order_id": pl.Int64,
    "size": pl.Int64,
    "price": pl.Int64,
    "direction": pl.Int64,
}
HALT_TYPE = 7  # Types 1 to 5 are our ADD to PRINT_HIDDEN already; 6 is a cross.
_CROSS_TYPE = 6
_RESUME_TRADING = 1  # The "price" of a halt message: -1 halt, 0 quoting resumes, 1 trading resumes.
_TICKS = (Decimal("0.01"), Decimal("0.0001"))
_HIGHEST = np.iinfo(np.int32).max  # In the files' units, so that ticks of 0.0001 fit an event.
_EXAMPLES = 5
_TYPES = "add, partial cancel, delete, execution, hidden execution, cross, halt"
_WAY_OUT = "copy the file again, or take the row out of both files"


def recognises(path: Path) -> bool:
    """Whether a file is named as LOBSTER names its files: only the name says symbol, date and depth."""
    return parsed(path) is not None


def recordings(files: Sequence[Path]) -> list[Recording]:
    """One for each message file with its book file.

    Raises
    ------
    NotFound, BadData
        When no message file has a book file, saying why the first has none.
    """
    known = [file for file in map(parsed, files) if file is not None]
    found = [
        Recording(
            format=FORMAT,
            venue="XNAS",
            symbols=(pair.messages.symbol,),
            first=pair.messages.date,
            last=pair.messages.date,
            files=(pair.messages.path, pair.book.path),
            detail=str(pair.messages.levels),
        )
        for pair in pairs_of(known)
    ]
    if known and not found:
        raise why_unpaired(known)
    return found


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """The day in a message file and its book file, as one piece, for a book is compared with all of its messages.

    Raises
    ------
    BadData
        When a file is damaged or the two do not fit together; shows file, row and value.
    BadParameter
        When `tick_size` does not fit the displayed prices, or NASDAQ was closed on the date.
    """
    pair = pair_of(*recording.files)
    if wanted.includes(pair.messages.symbol, pair.messages.date):
        yield read_pair(pair, tick_size=wanted.tick_size)
        if wanted.progress is not None:
            wanted.progress(recording.size_bytes, recording.size_bytes)


def read_pair(pair: Pair, *, tick_size: Decimal | None = None) -> Piece:
    """The day of a pair; `tick_size` in dollars, a multiple of 0.0001. Errors as for `pieces`."""
    session = session_on("XNAS", pair.messages.date)
    messages = _read_messages(pair, session)
    book = _read_book(pair, rows=len(messages))
    tick, notes = _tick_size(messages, book, tick_size)
    units = int(tick * UNITS_PER_CURRENCY)
    raw_events = _events(messages, units)
    np.floor_divide(book[:, ::2], units, out=book[:, ::2])
    events, resyncs = resynced(raw_events, book, pair.messages.levels)
    touch = _touch(book)
    if crossed := int(np.count_nonzero((touch[:, 0] >= touch[:, 2]) & (touch[:, 1] > 0) & (touch[:, 3] > 0))):
        notes.append(f"{crossed} rows of the book are crossed or locked, as in a halt or an auction")
    if resyncs.unexplained:
        notes.append(f"{resyncs.unexplained} displayed levels changed without a message (first: {resyncs.examples[0]})")
    return Piece(
        instrument=Instrument(symbol=pair.messages.symbol, venue="XNAS", session=session, tick_size=tick),
        events=events,
        quotes=quotes_of_touch(raw_events["time_ns"], touch),
        depth=book.shape[1] // 4,
        findings=Findings(notes=tuple(notes)),
        resyncs=resyncs,
    )


def columns_of(path: Path) -> dict[str, type[pl.DataType]]:
    """Columns of a message file: newer ones carry a seventh, the participant, which is not read."""
    extra: dict[str, type[pl.DataType]] = {"participant": pl.String} if field_count(path) == 7 else {}
    return MESSAGE_COLUMNS | extra


def book_columns(path: Path) -> dict[str, type[pl.DataType]]:
    """Columns of a book file: ask price and size, bid price and size, level after level."""
    count = field_count(path)
    if count % 4:
        raise BadData(f"{path.name} has {count} columns; a book has four for each level, so some are missing")
    return dict.fromkeys(numbered(("ask", "ask_size", "bid", "bid_size"), count // 4), pl.Int64)


def _read_messages(pair: Pair, session: Session) -> pl.DataFrame:
    path = pair.messages.path
    table = read_numbers(path, columns_of(path))
    table = table.with_columns(after_midnight_ns(table["time"], session).alias("time"))
    if table["time"].has_nulls():
        raise first_fault(path, columns_of(path))
    _refuse_bad_messages(path, table, session)
    return table


def _refuse_bad_messages(path: Path, table: pl.DataFrame, session: Session) -> None:
    kind, price, size = (table[name].to_numpy() for name in ("type", "price", "size"))
    direction, time = table["direction"].to_numpy(), table["time"].to_numpy()
    cross, halt = kind == _CROSS_TYPE, kind == HALT_TYPE
    order = (kind >= ADD) & (kind <= PRINT_HIDDEN)
    traded = order | (cross & (size != 0))  # A cross in which nobody traded has no price and no side.
    wrong_side = (order & (abs(direction) != 1)) | (cross & (abs(direction) > 1))
    wrong_halt = halt & ((price < -1) | (price > 1))
    _refuse(path, ~(order | cross | halt), f"type {{}} is not 1 to 7 ({_TYPES}); {_WAY_OUT}", (kind,))
    _refuse(path, traded & (price <= 0), f"price {{}} must be above 0; {_WAY_OUT}", (price,))
    _refuse(path, traded & (price > _HIGHEST), f"price {{}} is above {_HIGHEST}, the highest there is", (price,))
    _refuse(path, traded & (size <= 0), f"size {{}} must be above 0; {_WAY_OUT}", (size,))
    _refuse(path, traded & (size > LARGEST_COUNT), f"size {{}} is above {LARGEST_COUNT}, the largest there is", (size,))
    _refuse(path, wrong_side, f"direction {{}} is neither 1 (buy) nor -1 (sell); {_WAY_OUT}", (direction,))
    _refuse(path, wrong_halt, "halt {} is not -1 (halt), 0 (quoting resumes) or 1 (trading resumes)", (price,))
    back = np.flatnonzero(np.diff(time) < 0) + 1
    if len(back):
        row = int(back[0])
        now, before = (session.clock(int(time[k]), fraction=True) for k in (row, row - 1))
        raise BadData(f"{path.name} row {row + 1}: time {now} is before {before} in the row above; {_WAY_OUT}")


def _read_book(pair: Pair, *, rows: int) -> Ints:
    path = pair.book.path
    book = np.ascontiguousarray(read_numbers(path, book_columns(path)).to_numpy())
    if len(book) != rows:
        raise BadData(f"{path.name} has {len(book):,} rows and {pair.messages.path.name} {rows:,}; they must be equal")
    sizes = book[:, 1::2]
    wrong = (sizes < 0) | (sizes > LARGEST_COUNT)
    if wrong.any():
        row, level = np.unravel_index(int(np.argmax(wrong)), sizes.shape)
        raise BadData(f"{path.name} row {row + 1}: size {sizes[row, level]} must be from 0 to {LARGEST_COUNT}")
    occupied = sizes > 0
    bad = occupied & ((book[:, ::2] <= 0) | (book[:, ::2] > _HIGHEST))
    if bad.any():
        row, level = np.unravel_index(int(np.argmax(bad)), bad.shape)
        raise BadData(f"{path.name} row {row + 1}: price {book[row, 2 * level]} must be above 0, up to {_HIGHEST}")
    _refuse_disorder(path, book)
    return book


def _refuse_disorder(path: Path, book: Ints) -> None:
    """Levels must come best first, without holes."""
    for column in range(0, book.shape[1] - 4, 2):
        better, worse = book[:, column], book[:, column + 4]
        sign = 1 if column % 4 == 0 else -1
        wrong = (book[:, column + 5] > 0) & ((sign * (worse - better) <= 0) | (book[:, column + 1] == 0))
        _refuse(path, wrong, "level price {} follows {}, which is not better", (worse, better))


def _refuse(path: Path, bad: npt.NDArray[np.bool_], text: str, values: tuple[Ints, ...]) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise BadData(f"{path.name} row {row + 1}: " + text.format(*(value[row] for value in values)))


def _tick_size(messages: pl.DataFrame, book: Ints, asked: Decimal | None) -> tuple[Decimal, list[str]]:
    """The tick, and what to say about prices that are not on the cent grid or not on the tick."""
    kind, price, size = (messages[name].to_numpy() for name in ("type", "price", "size"))
    cent = int(_TICKS[0] * UNITS_PER_CURRENCY)
    displayed = np.concatenate([price[kind <= EXECUTE], book[:, ::2][book[:, 1::2] > 0]])
    warnings: list[str] = []
    if asked is not None:
        tick = asked
        units = int(tick * UNITS_PER_CURRENCY)
        if units <= 0 or units != tick * UNITS_PER_CURRENCY or np.any(displayed % units):
            raise BadParameter(f"tick_size {asked} does not divide every displayed price; use 0.01 or 0.0001")
    else:
        off = int(np.count_nonzero(displayed % cent))
        tick = _TICKS[1] if off else _TICKS[0]
        if off:
            warnings.append(f"{off} displayed prices are off the cent grid, so the tick of this day is {tick}")
    units = int(tick * UNITS_PER_CURRENCY)
    prints = (kind == PRINT_HIDDEN) | (kind == _CROSS_TYPE)
    between = prints & (price % units != 0)
    if between.any():
        traded = prints | (kind == EXECUTE)
        paid = float(np.sum(price[traded] * size[traded]))
        moved = float(np.sum((_to_ticks(price[between], units) * units - price[between]) * size[between]))
        warnings.append(
            f"{np.count_nonzero(between)} hidden or auction prints between ticks are rounded to the tick of {tick}; "
            f"it moves the average traded price by {1e4 * moved / paid:.4f} basis points"
        )
    return tick, warnings


def _to_ticks(price: Ints, units: int) -> Ints:
    """Whole ticks, half to even."""
    whole, rest = np.divmod(price, units)
    whole += (2 * rest > units) | ((2 * rest == units) & (whole % 2 == 1))
    return whole


def _events(messages: pl.DataFrame, units: int) -> Events:
    kind, price = messages["type"].to_numpy(), messages["price"].to_numpy()
    halt = kind == HALT_TYPE
    events = np.zeros(len(messages), EVENT)
    events["time_ns"] = messages["time"].to_numpy()
    events["order_id"] = np.where(halt, 0, messages["order_id"].to_numpy())
    events["lots"] = np.where(halt, 0, messages["size"].to_numpy())
    events["price_ticks"] = np.where(halt, 0, _to_ticks(price, units))
    events["side"] = np.where(halt, 0, messages["direction"].to_numpy())
    ours = np.where(kind == _CROSS_TYPE, PRINT_CROSS, kind)
    events["kind"] = np.where(halt, np.where(price == _RESUME_TRADING, RESUME, HALT), ours)
    return events


def _touch(book: Ints) -> Ints:
    """Bid ticks, bid lots, ask ticks, ask lots of the best level; 0 for what is not there."""
    touch = book[:, [2, 3, 0, 1]]
    touch[:, 0][touch[:, 1] == 0] = 0
    touch[:, 2][touch[:, 3] == 0] = 0
    return touch


def resynced(messages: Events, book: Ints, message_levels: int) -> tuple[Events, Resyncs]:
    """Messages with RESYNC events wherever the displayed book says other than they do, and how often that was."""
    from nowake.kernels import resync, runtime  # noqa: PLC0415

    grid = _prices(messages, book)
    capacity = 2 * len(messages) + 4 * book.shape[1]
    for _ in range(8):
        events, causes = np.zeros(capacity, EVENT), np.zeros(capacity, np.int8)
        notes = np.zeros((capacity, 2), np.int64)
        runtime.announce_njit(resync.resync, "compiling the LOBSTER reader")
        count = resync.resync(messages, book, grid, message_levels, events, causes, notes)
        if count != resync.FULL:
            events, causes, notes = _restated(events[:count], causes[:count], notes[:count])
            traded = (events["kind"] != PRINT_CROSS) | (events["lots"] > 0)
            return events[traded], _summary(events, causes, notes)
        capacity *= 2
    raise OutOfCapacity(f"the book differs from the messages more than {capacity // 2:,} times; the files do not match")


def _restated(events: Events, causes: npt.NDArray[np.int8], notes: Ints) -> tuple[Events, npt.NDArray[np.int8], Ints]:
    from nowake.kernels import resync  # noqa: PLC0415

    orders = np.unique(events["order_id"], return_inverse=True)[1]
    orders[events["order_id"] == 0] = -1
    ranks = np.unique(events["price_ticks"], return_inverse=True)[1]
    out, out_causes = np.zeros(2 * len(events), EVENT), np.zeros(2 * len(events), np.int8)
    out_notes = np.zeros((2 * len(events), 2), np.int64)
    count = resync.restate(events, orders, ranks, causes, notes, out, out_causes, out_notes)
    return out[:count].copy(), out_causes[:count], out_notes[:count]


def _prices(messages: Events, book: Ints) -> Ints:
    """Every price in messages and book, increasing; book columns are asked only where they change."""
    kind = messages["kind"]
    parts = [messages["price_ticks"][(kind >= ADD) & (kind <= EXECUTE)].astype(np.int64)]
    for column in range(0, book.shape[1], 2):
        price, size = book[:, column], book[:, column + 1]
        new = size > 0
        new[1:] &= (price[1:] != price[:-1]) | (size[:-1] == 0)
        parts.append(np.unique(price[new]))
    return np.unique(np.concatenate(parts))


def _summary(events: Events, causes: npt.NDArray[np.int8], notes: Ints) -> Resyncs:
    from nowake.kernels import resync  # noqa: PLC0415

    row, before = notes[:, 0] + 1, notes[:, 1]
    unexplained = np.flatnonzero(causes == resync.UNEXPLAINED)
    transitions = int(row[-1]) - 1
    examples = tuple(
        f"row {row[i]}: {'bid' if events['side'][i] > 0 else 'ask'} at {events['price_ticks'][i]} ticks shows "
        f"{events['lots'][i]} lots where the messages left {before[i]}"
        for i in unexplained[:_EXAMPLES]
    )
    return Resyncs(
        first_sight=int(np.count_nonzero(causes == resync.FIRST_SIGHT)),
        restated=int(np.count_nonzero(causes == resync.RESTATED)),
        revealed=int(np.count_nonzero(causes == resync.REVEALED)),
        unexplained=len(unexplained),
        transitions=transitions,
        transitions_explained=transitions - len(np.unique(row[unexplained])),
        examples=examples,
    )
