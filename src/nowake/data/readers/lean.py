"""Lean data folders (QuantConnect's layout; equities by AlgoSeek): ticks and bars of seconds to days, in zip files.

Equities. A day of ticks is the consolidated tape: every venue's prints and the national best bid and offer. Prints are
filtered by sale condition (`sale_conditions`): by default those the tape counts in the volume, which leaves out the
official opens and closes that repeat an auction. What brokers crossed off exchange or agreed at other prices is flagged
`hidden`, the prints of auctions `auction`. Prints outside the session stay in the day. Quoted prices decide the tick: a
cent, or 0.0001 below a dollar; prints between ticks are rounded half to even, counted and valued in a note, and exact
with `tick_size="0.0001"`. Size is in shares.

Bars are handed out as they are, those of the day outside its session included. Lean's own bars count one print of an
opening and one of a closing auction, so their volume is less than the tape's where an auction printed in parts. The
sides of a quote bar's close become a quote at the end of the bar, when it was known.

Futures and other assets come in plain prices and UTC; their hours are told from when they trade (`hours`)."""

from __future__ import annotations

import datetime as dt
import itertools
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np

from nowake.data.findings import Findings
from nowake.data.readers import lean_bars
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.delimited import Block, blocks, integers
from nowake.data.readers.lean_files import LeanFile, chunks, has_scaled_prices, parsed
from nowake.data.readers.lean_ticks import (
    QUOTE_COLUMNS,
    TRADE_COLUMNS,
    Clock,
    Prints,
    Tally,
    Touch,
    findings_of,
    quotes_of,
    trades_of,
)
from nowake.data.sessions import session_on
from nowake.data.text import midnight_ns
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.market import Quotes, Trades

FORMAT = "lean"
EQUITY_VENUE, EQUITY_CALENDAR = "SIP", "XNYS"  # The consolidated tape; all its venues keep New York's hours.

_UNITS = 10_000  # Of an equity's price in a dollar.
_CENT, _HUNDREDTH = Decimal("0.01"), Decimal("0.0001")
_DETAILS = {"tick": "tick", "second": "1s", "minute": "1m", "hour": "1h", "daily": "1d"}


def recognises(path: Path) -> bool:
    """Whether a file is a zip file whose names, or rows, are those of Lean."""
    return parsed(path) is not None


def recordings(files: Sequence[Path]) -> list[Recording]:
    """Trades and quotes of one day of an equity together; all days of other assets, which trade across midnight.

    Raises
    ------
    BadData
        When a zip file is damaged, or holds ticks of another asset than an equity.
    """
    groups: dict[tuple[str, str, str, dt.date | None], list[LeanFile]] = defaultdict(list)
    for path in sorted(files):
        file = parsed(path)
        if file is not None:
            is_equity = has_scaled_prices(file)
            if file.resolution == "tick" and not is_equity:
                raise BadData(f"{path.name} holds ticks of no equity, which are not read; its bars are")
            day = file.date if is_equity else None
            groups[file.symbol, file.resolution, "" if is_equity else str(path.parent), day].append(file)
    ordered = sorted(groups.items(), key=lambda item: str(item[0]))
    return [_recording(files) for _, group in ordered for files in _by_folder(group)]


def pieces(recording: Recording, wanted: Wanted, *, prints: Prints = "counted") -> Iterator[Piece]:
    """Quotes, then trades of a day; or bars.

    Parameters
    ----------
    recording, wanted
        As for every reader.
    prints
        Which prints of a tick file to hand out: "counted" in the volume of the consolidated tape, those that may set
        its "last" price, or "all".

    Raises
    ------
    BadData
        When a file is damaged or a row cannot be used; shows file, row and value.
    BadParameter
        When New York was closed on the date, or the tick does not fit a quoted price.
    """
    files = [file for file in map(parsed, recording.files) if file is not None]
    if any(file.resolution == "tick" for file in files):
        yield from _ticks(files, wanted, prints)
    elif has_scaled_prices(files[0]):
        yield from lean_bars.equity_pieces(files, wanted, (EQUITY_VENUE, EQUITY_CALENDAR))
    else:
        yield from lean_bars.plain_pieces(files, wanted)


def _by_folder(files: list[LeanFile]) -> list[list[LeanFile]]:
    """The files as one where none is there twice; else folder by folder, and of two in one folder the first by name."""
    if len({(file.date, file.kind) for file in files}) == len(files):
        return [files]
    folders: dict[Path, dict[tuple[dt.date | None, str], LeanFile]] = defaultdict(dict)
    for file in files:
        folders[file.path.parent].setdefault((file.date, file.kind), file)
    return [list(tables.values()) for tables in folders.values()]


def _recording(files: list[LeanFile]) -> Recording:
    first, is_equity = files[0], has_scaled_prices(files[0])
    symbols = sorted({file.symbol_of(member) for file in files for member in file.members})
    ordered = sorted(files, key=lambda file: (file.date or dt.date.min, file.kind))
    venue, by_symbol = EQUITY_VENUE, dict[str, tuple[dt.date, dt.date]]()
    if not is_equity:
        venue, by_symbol = lean_bars.plain_place(ordered)
        whole = min(begin for begin, _ in by_symbol.values()), max(end for _, end in by_symbol.values())
    else:
        whole = lean_bars.span_of(first) if first.date is None else (first.date, first.date)
    spans = tuple(by_symbol.get(symbol, whole) for symbol in symbols)
    return Recording(
        FORMAT,
        venue,
        tuple(symbols),
        *whole,
        tuple(file.path for file in ordered),
        detail=_DETAILS[first.resolution],
        spans=spans if set(spans) != {whole} else (),
    )


def _ticks(files: list[LeanFile], wanted: Wanted, prints: Prints) -> Iterator[Piece]:
    date, symbol = files[0].date, files[0].symbol
    assert date is not None
    if not wanted.includes(symbol, date):
        return
    if wanted.lot_size not in {None, Decimal(1)}:
        raise BadParameter(f"lot_size {wanted.lot_size} does not fit: the tape counts shares; use 1")
    tick, session = _tick(files, wanted), session_on(EQUITY_CALENDAR, date)
    instrument = Instrument(symbol=symbol, venue=EQUITY_VENUE, session=session, tick_size=tick)
    clock = Clock(midnight_ns(session), int(tick * _UNITS))
    done_bytes, all_bytes = 0, sum(file.path.stat().st_size for file in files)
    for file in sorted(files, key=lambda file: file.kind):  # Quotes before trades.
        found = _blocks(file, wanted, done_bytes, all_bytes)
        made = _quotes(found, instrument, clock) if file.kind == "quote" else _trades(found, instrument, clock, prints)
        yield from made
        done_bytes += file.path.stat().st_size
        if wanted.progress is not None:
            wanted.progress(done_bytes, all_bytes)


def _quotes(found: Iterator[Block], instrument: Instrument, clock: Clock) -> Iterator[Piece]:
    touch, last_ns, left_out = Touch(), 0, 0
    for block in itertools.chain(found, (None,)):
        quotes, out = quotes_of(block, clock, touch)
        left_out += out
        last_ns = _in_order(quotes, last_ns, block)
        yield Piece(instrument, quotes=quotes, depth=1)
    if left_out:
        note = f"Quote rows left out, for they are suspicious or tell neither side: {left_out:,}"
        yield Piece(instrument, depth=1, findings=Findings(counts={"left_out": left_out}, notes=(note,)))


def _trades(found: Iterator[Block], instrument: Instrument, clock: Clock, prints: Prints) -> Iterator[Piece]:
    tally, last_ns, session = Tally(), 0, instrument.session
    for block in found:
        trades = trades_of(block, clock, prints, tally)
        last_ns = _in_order(trades, last_ns, block)
        outside = (trades.time_ns < session.open_ns) | (trades.time_ns >= session.close_ns)
        tally.outside += int(np.count_nonzero(outside & ~trades.auction))
        tally.outside_shares += int(trades.lots[outside & ~trades.auction].sum())
        yield Piece(instrument, trades=trades, depth=1)
    yield Piece(instrument, depth=1, findings=findings_of(tally, prints, str(instrument.tick_size)))


def _tick(files: list[LeanFile], wanted: Wanted) -> Decimal:
    """What was asked for, else what the first quotes lie on; without quotes, a cent from a dollar up."""
    if wanted.tick_size is not None:
        return lean_bars.checked_step(wanted.tick_size, "tick_size", unit=_HUNDREDTH)
    kinds = {file.kind: file for file in files}
    is_quoted = "quote" in kinds
    file = kinds["quote"] if is_quoted else kinds["trade"]
    first = next(_blocks(file, Wanted(), 0, 0), None)
    if first is None:
        return _CENT
    prices = [integers(first, name).to_numpy() for name in (("bid", "ask") if is_quoted else ("price",))]
    if is_quoted:
        is_fine = any(np.any(price % int(_CENT * _UNITS)) for price in prices)
    else:
        is_fine = bool(np.median(prices[0]) < _UNITS)
    return _HUNDREDTH if is_fine else _CENT


def _blocks(file: LeanFile, wanted: Wanted, done_bytes: int, all_bytes: int) -> Iterator[Block]:
    columns = QUOTE_COLUMNS if file.kind == "quote" else TRADE_COLUMNS
    member = file.members[0]
    content = chunks(file, member, done_bytes=done_bytes, all_bytes=all_bytes, progress=wanted.progress)
    return blocks(content, name=member.name, columns=columns)


def _in_order(table: Quotes | Trades, last_ns: int, block: Block | None) -> int:
    """The latest time so far; refuses a block that begins before it."""
    if not len(table):
        return last_ns
    if int(table.time_ns[0]) < last_ns and block is not None:
        raise block.fault(0, "time", "is before the row above it; sort the rows by time")
    return int(table.time_ns[-1])
