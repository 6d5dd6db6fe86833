"""The quality of every day of many recordings, one in memory at a time."""

from __future__ import annotations

from collections.abc import Sequence

from nowake.data import assemble, quality, raw
from nowake.data.quality import QualityReport
from nowake.data.readers import lobster
from nowake.data.readers.contract import Progress, Recording, Wanted
from nowake.data.readers.registry import reader_of
from nowake.domain.errors import BadData, NowakeError


def check(
    recordings: Sequence[Recording], symbol: str = "", *, progress: Progress | None = None
) -> list[QualityReport]:
    """A report on each day, in order of the recordings.

    Parameters
    ----------
    recordings
        As a catalogue lists them.
    symbol
        Only this; empty for all.
    progress
        Called after each recording with bytes read and bytes in all.

    Raises
    ------
    BadData
        When one cannot be read; the others are not looked at, for there is no session to report it under.
    """
    total, done = sum(each.size_bytes for each in recordings), 0
    reports: list[QualityReport] = []
    for recording in recordings:
        try:
            reports += _check(recording, symbol)
        except NowakeError as error:
            raise BadData(f"{recording.files[0].name}: {error}") from None
        done += recording.size_bytes
        if progress is not None:
            progress(done, total)
    return reports


def _check(recording: Recording, symbol: str) -> list[QualityReport]:
    if recording.format == lobster.FORMAT:
        return [raw.check_recording(recording, source=f"{lobster.FORMAT}:{recording.symbols[0]}")]
    spelled = {each for each in recording.symbols if each.casefold() == symbol.casefold()} or {symbol}
    wanted = Wanted(symbols=frozenset(spelled if symbol else ()))
    pieces = reader_of(recording.format).pieces(recording, wanted)
    days = assemble.days(pieces, source=lambda piece: f"{recording.format}:{piece.instrument.symbol}")
    return [quality.check(day) for day in days]
