"""LOBSTER files as they are, faults and all: what `nowake data check` counts where the reader refuses.

Prices stay in the files' own units (dollars x 10,000) here, so a price between ticks is no fault."""

from __future__ import annotations

from pathlib import Path

import msgspec
import polars as pl

from nowake.data import quality
from nowake.data.assemble import day_of
from nowake.data.quality import QualityReport
from nowake.data.readers import lobster
from nowake.data.readers.contract import Recording
from nowake.data.readers.lobster_files import LobsterFile, Pair, list_files, pair_of
from nowake.data.sessions import session_on
from nowake.data.text import after_midnight_ns, read_numbers_leniently
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Session
from nowake.kernels.layout import HALT, PRINT_CROSS, PRINT_HIDDEN, RESUME

_UNKNOWN_KIND = 0


def check_recording(recording: Recording, *, source: str) -> QualityReport:
    """Count the faults of a day whose files are found."""
    return _check(pair_of(*recording.files), source)


def check_message_file(path: Path) -> QualityReport:
    """Count the faults of one message file, and of the book file of the same name beside it.

    Raises
    ------
    NotFound
        When it is not there.
    BadParameter
        When it is a book file.
    """
    if not path.is_file():
        raise NotFound(f"{path} is not there")
    files = list_files(path.parent)
    messages = next((file for file in files if file.path.name == path.name and file.is_message), None)
    if messages is None:
        raise BadParameter(f"{path.name} holds what was displayed; give the message file of its day")
    return _check(Pair(messages, _book_beside(messages, files)), f"lobster:{messages.symbol}")


def _book_beside(messages: LobsterFile, files: list[LobsterFile]) -> LobsterFile:
    same_day = [
        file
        for file in files
        if not file.is_message
        and (file.symbol, file.date, file.levels) == (messages.symbol, messages.date, messages.levels)
    ]
    if not same_day:
        raise NotFound(f"no orderbook file stands beside {messages.path.name}; LOBSTER days need both")
    return min(same_day, key=lambda file: (file.span, file.note) != (messages.span, messages.note))


def _check(pair: Pair, source: str) -> QualityReport:
    """The strict reading where it works, for it alone compares book and messages; else counts of the raw rows."""
    session = session_on("XNAS", pair.messages.date)
    try:
        return quality.check(day_of([lobster.read_pair(pair)], source=source))
    except BadData as refusal:
        reason = str(refusal)
    times, events = _raw_events(pair.messages.path, session)
    tables = {"events": events}
    notes = [f"the reader refuses it: {reason}"]
    try:
        book = _raw_quotes(pair.book.path)
    except BadData as unreadable:
        notes.append(str(unreadable))
    else:
        if book.height == times.len():
            tables["quotes"] = book.with_columns(times.alias("time_ns"))
    report = quality.check_tables(tables, session=session, source=source, notes=tuple(notes))
    return msgspec.structs.replace(report, refused=True, cannot_replay_because=notes[0])


def _raw_events(path: Path, session: Session) -> tuple[pl.Series, pl.DataFrame]:
    try:
        columns = lobster.columns_of(path)
    except BadData:
        return pl.Series(dtype=pl.Int64), pl.DataFrame()
    raw = read_numbers_leniently(path, columns)
    times = after_midnight_ns(raw["time"], session)
    kind, price = pl.col("type"), pl.col("price")
    ours = (
        pl.when(kind == lobster.HALT_TYPE)
        .then(pl.when(price == 1).then(RESUME).otherwise(HALT))
        .when(kind == PRINT_HIDDEN + 1)
        .then(PRINT_CROSS)
        .when(kind.is_between(1, PRINT_HIDDEN))
        .then(kind)
        .when(kind.is_not_null())
        .then(_UNKNOWN_KIND)
    )
    events = raw.select(
        times.alias("time_ns"),
        "order_id",
        pl.col("size").alias("lots"),
        price.alias("price_ticks"),
        ours.alias("kind"),
        pl.col("direction").alias("side"),
    )
    return times, events


def _raw_quotes(path: Path) -> pl.DataFrame:
    raw = read_numbers_leniently(path, lobster.book_columns(path))
    return raw.select(
        pl.col("bid_1").alias("bid_ticks"),
        pl.col("bid_size_1").alias("bid_lots"),
        pl.col("ask_1").alias("ask_ticks"),
        pl.col("ask_size_1").alias("ask_lots"),
    )
