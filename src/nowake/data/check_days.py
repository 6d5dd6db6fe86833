"""The quality of every day of many recordings, one in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nowake.data import assemble, catalogue, quality, raw
from nowake.data.folder import blamed
from nowake.data.quality import QualityReport
from nowake.data.readers import lobster
from nowake.data.readers.contract import Piece, Progress, Recording, Wanted
from nowake.data.readers.registry import reader_of
from nowake.domain.errors import BadParameter, NowakeError

MOST_ROWS = 10_000_000  # Of several symbols in memory at once: about half a gigabyte.


def check(
    recordings: Sequence[Recording], symbol: str = "", *, progress: Progress | None = None
) -> tuple[list[QualityReport], list[str]]:
    """A report on each day, in order of the recordings, and a line on each recording that could not be read to its end.

    Parameters
    ----------
    recordings
        As a catalogue lists them.
    symbol
        Only this; empty for all.
    progress
        Called now and then with bytes read and bytes in all.
    """
    total, done = sum(each.size_bytes for each in recordings), 0
    reports: list[QualityReport] = []
    failures: list[str] = []
    for recording in recordings:
        heard = _beyond(progress, done, recording.size_bytes, total)
        try:
            for report in _reports(recording, recordings, Wanted(symbols=_spelled(recording, symbol), progress=heard)):
                reports.append(report)
        except NowakeError as error:
            failures.append(blamed(recording.files[0], str(error)))
        done += recording.size_bytes
        if progress is not None:
            progress(done, total)
    return reports, failures


def _reports(recording: Recording, beside: Sequence[Recording], wanted: Wanted) -> Iterator[QualityReport]:
    if recording.format == lobster.FORMAT:
        yield raw.check_recording(recording, source=_name(recording, recording.symbols[0], beside))
        return
    pieces = _bounded(reader_of(recording.format).pieces(recording, wanted), recording)
    for day in assemble.days(pieces, source=lambda piece: _name(recording, piece.instrument.symbol, beside)):
        yield quality.check(day)


def _bounded(pieces: Iterator[Piece], recording: Recording) -> Iterator[Piece]:
    """The pieces, as long as all the days they are part of may wait in memory."""
    held: dict[str, tuple[object, int]] = {}
    rows = 0
    for piece in pieces:
        symbol, date = piece.instrument.symbol, piece.instrument.session.date
        that, before = held.get(symbol, (date, 0))
        rows -= 0 if that == date else before  # The reader went on to another day, so the last one is checked.
        came = sum(len(table) for table in (piece.events, piece.quotes, piece.trades) if table is not None)
        held[symbol] = date, came + (before if that == date else 0)
        rows += came
        if rows > MOST_ROWS and len(held) > 1:
            raise BadParameter(
                f"{recording.files[0].name} is too large to check all its symbols at once; give --symbol, or convert "
                "it with nowake data convert and check the days that makes"
            )
        yield piece


def _spelled(recording: Recording, symbol: str) -> frozenset[str]:
    """The symbol as a recording spells it; none for all."""
    spelled = {each for each in recording.symbols if each.casefold() == symbol.casefold()}
    return frozenset(spelled or ({symbol} if symbol else ()))


def _name(recording: Recording, symbol: str, beside: Sequence[Recording]) -> str:
    """The shortest name that tells it from the others that are checked."""
    alike = [each for each in beside if each.format == recording.format and catalogue.has(each, symbol)]
    return catalogue.specs(alike, symbol)[alike.index(recording)]


def _beyond(progress: Progress | None, done: int, size: int, total: int) -> Progress | None:
    """A recording's own progress as bytes of all recordings."""
    if progress is None:
        return None
    return lambda read, of: progress(done + (size * read // of if of else size), total)
