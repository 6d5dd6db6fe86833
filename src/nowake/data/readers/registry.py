"""The readers there are, in the order they are asked whether a file is theirs; each is imported when first needed.

A format whose files say what they are comes before one that is known by the look of a table."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import cast

import msgspec

from nowake.data.readers.contract import Piece, Reader, Recording, Wanted
from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Instrument

# Format -> (module, what its days hold, for people).
FORMATS = {
    "parquet": ("parquet", "what was stored"),
    "lobster": ("lobster", "orders"),
    "itch": ("itch", "orders"),
    "dbn": ("dbn", "orders or tables"),
    "bitstamp": ("bitstamp", "orders"),
    "binance": ("binance", "levels"),
    "tardis": ("tardis", "levels or tables"),
    "lean": ("lean", "tables"),
    "trades": ("trade_tape", "trades"),
    "bars": ("bars", "bars"),
}


def reader_of(format_name: str) -> Reader:
    """The reader of a format.

    Raises
    ------
    BadParameter
        When there is none of that name.
    """
    if format_name not in FORMATS:
        raise BadParameter(f"format {format_name!r} is not known; there are {', '.join(FORMATS)}")
    module = importlib.import_module(f"nowake.data.readers.{FORMATS[format_name][0]}")
    return cast(Reader, module)


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """What is wanted of a recording, by the reader of its format and with the multiplier that is wanted.

    Raises
    ------
    BadData, BadParameter
        As the reader's `pieces`.
    """
    read = reader_of(recording.format).pieces(recording, wanted)
    if wanted.multiplier is None:
        return read
    return (dataclasses.replace(piece, instrument=_valued(piece.instrument, wanted.multiplier)) for piece in read)


def _valued(instrument: Instrument, multiplier: Decimal) -> Instrument:
    return msgspec.structs.replace(instrument, multiplier=multiplier)


def format_of(path: Path) -> str | None:
    """The format of a file, None where no reader knows it."""
    return next((name for name in FORMATS if reader_of(name).recognises(path)), None)
