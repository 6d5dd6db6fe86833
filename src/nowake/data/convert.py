"""Recordings of any format into a store of days: one pass each, in bounded memory, and what became of each day."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from nowake.data.parquet import MadeOf
from nowake.data.readers.contract import Recording, Wanted
from nowake.data.readers.registry import pieces
from nowake.data.store import Kept, Origin, Writer
from nowake.data.text import printable
from nowake.domain.errors import NowakeError

Heard = Callable[[Recording, int, int], None]  # A recording, bytes of it read, and bytes of it in all.


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a recording: the days now in the store, or why there are none."""

    recording: Recording
    days: tuple[Kept, ...] = ()
    failure: str = ""


def convert(
    asked: Iterable[tuple[Recording, Wanted]],
    to: str | Path,
    *,
    overwrite: bool = False,
    hear: Heard | None = None,
) -> list[Outcome]:
    """Write the days that are wanted of recordings into a store.

    A recording that is damaged, or whose day is there from something else, is left out, saying why; the others are
    written. A second time the same files change nothing.

    Parameters
    ----------
    asked
        Recordings as a catalogue lists them, each with its symbols, dates, tick, lot and multiplier; `progress` is not
        called, `hear` is.
    to
        The store's folder, made if it is not there.
    overwrite
        Whether days that are there, made of something else, give way.
    hear
        Called now and then.

    Raises
    ------
    OSError
        When the store cannot be written, as on a full disk; days finished before are there.
    """
    outcomes = []
    with Writer(to, overwrite=overwrite) as writer:
        for recording, wanted in asked:
            try:
                _read(recording, wanted, writer, hear)
                outcomes.append(Outcome(recording, tuple(writer.publish())))
            except NowakeError as error:
                writer.discard()
                outcomes.append(Outcome(recording, (), str(error)))
    return outcomes


def fits(recording: Recording, symbols: frozenset[str], first: dt.date | None, last: dt.date | None) -> bool:
    """Whether a recording may hold something of symbols and dates; empty and None are all."""
    if symbols and recording.symbols and not symbols & set(recording.symbols):
        return False
    if len(symbols) == 1:
        recording = recording.of_symbol(*symbols)
    if recording.first is None or recording.last is None:
        return True
    return (first is None or first <= recording.last) and (last is None or recording.first <= last)


def _read(recording: Recording, wanted: Wanted, writer: Writer, hear: Heard | None) -> None:
    made_of = tuple(_made_of(path) for path in recording.files)
    steps = {"tick_size": wanted.tick_size, "lot_size": wanted.lot_size, "multiplier": wanted.multiplier}
    asked = {name: str(value) for name, value in steps.items() if value is not None}
    if hear is not None:
        told = hear
        wanted = dataclasses.replace(wanted, progress=lambda done, total: told(recording, done, total))
    for piece in pieces(recording, wanted):
        writer.add(piece, Origin(f"{recording.format}:{piece.instrument.symbol}", made_of, asked))


def _made_of(path: Path) -> MadeOf:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return MadeOf(printable(path.name), path.stat().st_size, digest[:32])
