"""Which recordings of a folder a name like "dbn:ESH4" means.

A recording is named FORMAT:SYMBOL, and where that is not enough FORMAT:SYMBOL:DETAIL or FORMAT:SYMBOL@VENUE or both;
DETAIL is the reader's word (levels, resolution) or the name of a folder the files lie in."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from nowake.data.folder import Catalogue
from nowake.data.readers.contract import Recording
from nowake.domain.errors import BadParameter, NotFound, NowakeError

_FULLEST_WINS = {"lobster"}  # Depths of one day are cuts of the same messages: the longest, then the deepest, has all.
_LISTED = 12  # Names in a message.


class Choice(NamedTuple):
    """One day of one symbol in a recording; no date where the files and the caller say none."""

    recording: Recording
    symbol: str
    date: dt.date | None


class Name(NamedTuple):
    """What a caller says of a recording; empty where nothing is said."""

    symbol: str = ""
    detail: str = ""
    venue: str = ""


def choose(catalogue: Catalogue, name: Name, date: dt.date | None, *, format_name: str = "") -> Choice:
    """The one recording that a name and a date mean.

    Raises
    ------
    NotFound
        When none does, or several do for want of a date or a symbol; the message lists what is there.
    BadParameter
        When several do for want of a venue or detail; the message says what to write.
    """
    candidates = [each for each in catalogue.recordings if not format_name or each.format == format_name]
    if not candidates:
        raise _nothing_there(catalogue, format_name)
    symbol = name.symbol or _only_symbol(catalogue, candidates)
    of_symbol = [each for each in candidates if has(each, symbol)]
    if not of_symbol:
        raise _no_symbol(catalogue, symbol, candidates)
    wanted = [each for each in of_symbol if _fits(each, name, catalogue.root)]
    if not wanted:
        said = " ".join(filter(None, (name.detail and f"as {name.detail}", name.venue and f"at {name.venue}")))
        there = dict.fromkeys(specs(of_symbol, symbol))
        raise NotFound(f"{symbol} is not there {said}; there is {_listed(list(there))}")
    alone = {each.of_symbol(_spelled(each, symbol)): each for each in wanted}
    on_date = _on_date(list(alone), symbol, date)
    if len(on_date) > 1:
        on_date = _resolved(on_date, symbol)
    (one,) = on_date
    return Choice(alone[one], _spelled(one, symbol), date or one.first)


def names(text: str) -> Iterator[Name]:
    """What SYMBOL[:DETAIL][@VENUE] may mean, the plainest first: symbols may hold these signs themselves."""
    yield Name(text)
    rest, at, venue = text.rpartition("@")
    if at:
        yield Name(rest, "", venue)
    for body, where in ((rest, venue), (text, "")) if at else ((text, ""),):
        symbol, colon, detail = body.rpartition(":")
        if colon:
            yield Name(symbol, detail, where)


def chosen(catalogue: Catalogue, text: str, date: dt.date | None, *, format_name: str = "") -> Choice:
    """`choose` for SYMBOL[:DETAIL][@VENUE]; errors are of the reading whose symbol is there."""
    readings = list(names(text))
    there = [each for each in readings if any(has(recording, each.symbol) for recording in catalogue.recordings)]
    return choose(catalogue, (there or readings[-1:])[0], date, format_name=format_name)


def spelled(spec: str, choice: Choice) -> str:
    """FORMAT:SYMBOL[:DETAIL][@VENUE] with symbol and venue as the recording spells them, so that one day has one name;
    any other name as it is."""
    source, _, text = spec.partition(":")
    if source != choice.recording.format:
        return spec
    for name in names(text):
        if name.symbol.casefold() == choice.symbol.casefold():
            detail = f":{name.detail}" if name.detail else ""
            return f"{source}:{choice.symbol}{detail}{f'@{choice.recording.venue}' if name.venue else ''}"
    return spec


def all_of(catalogue: Catalogue, text: str, *, format_name: str = "") -> tuple[list[Recording], str]:
    """Every recording SYMBOL[:DETAIL][@VENUE] may mean, whatever its dates, and the symbol; errors as for `choose`."""
    candidates = [each for each in catalogue.recordings if not format_name or each.format == format_name]
    for name in names(text):
        found = [each for each in candidates if has(each, name.symbol) and _fits(each, name, catalogue.root)]
        if found:
            return found if name.detail else fullest(found), _spelled(found[0], name.symbol)
    chosen(catalogue, text, None, format_name=format_name)  # Says what is there instead.
    raise AssertionError(text)


def fullest(recordings: Sequence[Recording]) -> list[Recording]:
    """Recordings without those that are cuts of another one given, which holds all they hold."""
    kept = []
    for each in recordings:
        same = [
            other
            for other in recordings
            if (other.format, other.venue, other.symbols, other.first)
            == (each.format, each.venue, each.symbols, each.first)
        ]
        if each.format not in _FULLEST_WINS or each == max(same, key=_fullness):
            kept.append(each)
    return kept


def specs(recordings: Sequence[Recording], symbol: str) -> list[str]:
    """The shortest names of recordings of a symbol that tell those apart that share a date, or are of another kind, as
    bars of another length; paths where none do."""
    several_venues = len({each.venue for each in recordings}) > 1
    plain = [_plain_spec(each, symbol) for each in recordings]
    placed = [f"@{each.venue}" if several_venues else "" for each in recordings]
    for detailed in (
        [""] * len(recordings),
        [f":{each.detail}" if each.detail else "" for each in recordings],
        [f":{each.files[0].parent.name}" for each in recordings],
    ):
        tried = [one + two + three for one, two, three in zip(plain, detailed, placed, strict=True)]
        pairs = itertools.combinations(zip(tried, recordings, strict=True), 2)
        if not any(one == other and _differ(first, second) for (one, first), (other, second) in pairs):
            return tried
    return [str(each.files[0]) for each in recordings]


def _plain_spec(recording: Recording, symbol: str) -> str:
    """A day of a store is found through the store's folder."""
    if recording.format == "parquet":
        return f"parquet:{recording.files[0].parents[3]}:{symbol}"
    return f"{recording.format}:{symbol}"


def _differ(one: Recording, other: Recording) -> bool:
    """Whether one name for two recordings would say too little: a date does not tell them apart, or is not all."""
    return _overlap(one, other) or (one.detail != other.detail and one.format not in _FULLEST_WINS)


def _overlap(one: Recording, other: Recording) -> bool:
    if one.first is None or one.last is None or other.first is None or other.last is None:
        return True
    return one.first <= other.last and other.first <= one.last


def has(recording: Recording, symbol: str) -> bool:
    """Whether a symbol is, or may be, in a recording; upper and lower case are one."""
    return not recording.symbols or symbol.casefold() in {each.casefold() for each in recording.symbols}


def _spelled(recording: Recording, symbol: str) -> str:
    """A symbol as the recording spells it."""
    if symbol in recording.symbols:
        return symbol
    return next((each for each in recording.symbols if each.casefold() == symbol.casefold()), symbol)


def _fits(recording: Recording, name: Name, root: Path) -> bool:
    if name.venue and name.venue.casefold() != recording.venue.casefold():
        return False
    return not name.detail or name.detail in {recording.detail, *_folders(recording, root)}


def _folders(recording: Recording, root: Path) -> tuple[str, ...]:
    """Names of the folders between the root and the files."""
    path = recording.files[0]
    return path.relative_to(root).parts[:-1] if path.is_relative_to(root) else ()


def _on_date(recordings: list[Recording], symbol: str, date: dt.date | None) -> list[Recording]:
    if date is not None:
        found = [
            each
            for each in recordings
            if each.first is None or (each.first <= date and (each.last is None or date <= each.last))
        ]
        if not found:
            raise NotFound(f"{symbol} has nothing on {date}; there is {_listed(_spans(recordings))}")
        return found
    dated = {(each.first, each.last) for each in recordings if each.first is not None}
    if len(dated) > 1 or any(first != last for first, last in dated):
        by_name: dict[str, list[Recording]] = {}
        for spec, each in zip(specs(recordings, symbol), recordings, strict=True):
            by_name.setdefault(spec, []).append(each)
        if len(by_name) > 1:
            there = [f"{spec} for {_listed(_spans(alike))}" for spec, alike in by_name.items()]
            raise NotFound(f"{symbol} is there as {'; as '.join(there)}; give one of these dates, and names")
        raise NotFound(f"{symbol} is there for {_listed(_spans(recordings))}; give one of these dates")
    return recordings


def _spans(recordings: Iterable[Recording]) -> list[str]:
    """Dates, and spans of dates, in order."""
    spans = {(each.first, each.last) for each in recordings if each.first is not None}
    return [f"{first}" if first == last else f"{first} to {last}" for first, last in sorted(spans, key=str)]


def _resolved(several: list[Recording], symbol: str) -> list[Recording]:
    """The one that holds the others, where one does."""
    alike = {(each.format, each.venue) for each in several}
    if len(alike) == 1 and several[0].format in _FULLEST_WINS:
        return [max(several, key=_fullness)]
    raise BadParameter(f"{symbol} is there {len(several)} times; write {' or '.join(specs(several, symbol))}")


def _fullness(recording: Recording) -> tuple[int, int]:
    return recording.files[0].stat().st_size, int(recording.detail or 0)


def _only_symbol(catalogue: Catalogue, recordings: list[Recording]) -> str:
    symbols = sorted({symbol for each in recordings for symbol in each.symbols})
    if len(symbols) == 1 and all(each.symbols for each in recordings):
        return symbols[0]
    there = f"holds {len(symbols):,} symbols, {_listed(symbols)}" if symbols else "does not name its symbols"
    raise NotFound(f"{catalogue.root} {there}; say which, with --symbol or as {catalogue.root}:SYMBOL")


def _no_symbol(catalogue: Catalogue, symbol: str, candidates: list[Recording]) -> NotFound:
    formats = {each.format for each in candidates}
    symbols = sorted({one for each in candidates for one in each.symbols})
    said = [fault.error for fault in catalogue.faults if fault.format in formats and fault.is_about(symbol)]
    faults = "".join(f"; {error}" for error in said)
    return NotFound(f"symbol {symbol!r} is not in {catalogue.root}; there are {_listed(symbols)}{faults}")


def _nothing_there(catalogue: Catalogue, format_name: str) -> NowakeError:
    for fault in catalogue.faults:
        if format_name in {"", fault.format}:
            return fault.error
    what = f"{format_name} files" if format_name else "market data of a format that is known"
    seen = f"{catalogue.file_count:,} files were looked at; " if catalogue.file_count else ""
    return NotFound(
        f"{catalogue.root} holds no {what}; {seen}set NOWAKE_DATA, or --root, to the folder that holds them"
    )


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _LISTED:,} more" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more
