"""Days in the canonical store, as `nowake data convert` writes them; the layout is in `nowake.data.parquet`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from nowake.data.parquet import ABOUT, named, read_piece
from nowake.data.readers.contract import Piece, Recording, Wanted

FORMAT = "parquet"


def recognises(path: Path) -> bool:
    """Whether a file is what says that a folder is a stored day."""
    return path.name == ABOUT and named(path.parent) is not None


def recordings(files: Sequence[Path]) -> list[Recording]:
    """One for each day; its files are `day.json` and the parts of its tables."""
    found = []
    for path in files:
        name = named(path.parent)
        if name is not None:
            symbol, venue, date = name
            parts = sorted(path.parent.glob("*.parquet"))
            found.append(Recording(FORMAT, venue, (symbol,), date, date, (path, *parts)))
    return found


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """The day as one piece.

    Raises
    ------
    BadData
        When a part is missing or damaged.
    """
    (symbol,), date = recording.symbols, recording.first
    if date is not None and wanted.includes(symbol, date):
        yield read_piece(recording.files[0].parent)
        if wanted.progress is not None:
            wanted.progress(recording.size_bytes, recording.size_bytes)
