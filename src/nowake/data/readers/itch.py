"""NASDAQ TotalView-ITCH 5.0 (Nasdaq, "Nasdaq TotalView-ITCH 5.0"): the binary feed of a day, all symbols in one file,
each message after two bytes of its length; packed or plain. `nowake.kernels.itch` says how messages become events.

The file says neither its date nor its venue: the name does ("01302020.NASDAQ_ITCH50.gz", "S013020-v50.txt",
"20200130.BX_ITCH_50"), or the first date that is asked for. Times are nanoseconds since midnight in New York.

Prices are dollars x 10,000. The tick of a symbol is a cent, or 0.0001 where most of its first displayed prices lie
below a dollar or one in a hundred of the others lies between cents; its first 1,024 events decide, for the feed is read
once, whatever else of it is read.
Displayed prices between ticks (stub bids of a fraction of a cent) are moved away from the other side, prints to the
nearest tick, half to even; both are counted.

Wrong where a print is declared void later (counted, it stands in the tape), and from 2014-07-14 on about who took a
hidden order, for the venue no longer says."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nowake.data.day import Events
from nowake.data.findings import Findings
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.packed import beginning, chunks, each_that_opens, head
from nowake.data.readers.tracking import FIRST_EVENTS, Heaps, Told, Tracker, lacks_orders
from nowake.data.sessions import session_on
from nowake.data.text import midnight_ns
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument, Session
from nowake.kernels.layout import ADD, EVENT, EXECUTE, PRINT_CROSS, PRINT_HIDDEN
from nowake.kernels.tracking_state import BAD_LENGTH, DIRECTORY, ITCH_CONTEXT, WANTED

FORMAT = "itch"
UNITS_PER_CURRENCY = 10_000

# Bytes of each kind of message.
LENGTHS = {
    **{"S": 12, "R": 39, "H": 25, "Y": 20, "L": 26, "V": 35, "W": 12, "K": 28, "J": 35, "h": 21, "A": 36, "F": 40},
    **{"E": 31, "C": 36, "X": 23, "D": 19, "U": 35, "P": 44, "Q": 40, "B": 19, "I": 50, "N": 20, "O": 48},
}

_LOOKED_AT = 50  # Messages that must be right for a file to be recognised.
_DIRECTORY_BYTES = 1 << 24  # The names of all instruments come before the first orders, in the first megabytes.
_CHUNK_BYTES = 1 << 23
_LOCATES = 1 << 16
_SIDE_UNTOLD_FROM = dt.date(2014, 7, 14)  # From here on P messages say "B" whoever rested.
_END_OF_MESSAGES = ord("C")
_CENT, _UNIT = 100, 1  # Ticks in units of the feed.
_MOST_TICKS = np.iinfo(np.int32).max
_DATES = (  # Pattern of a name, and what its groups are.
    (re.compile(r"(?<!\d)(\d{4})[-_.]?(\d{2})[-_.]?(\d{2})(?!\d)"), "ymd"),
    (re.compile(r"(?<!\d)(\d{2})[-_.]?(\d{2})[-_.]?(\d{4})(?!\d)"), "mdy"),
    (re.compile(r"(?<!\d)(\d{2})(\d{2})(\d{2})(?!\d)"), "mdy"),
)
_VENUES = {"BX_ITCH": "XBOS", "PSX_ITCH": "XPHL"}


def recognises(path: Path) -> bool:
    """Whether the first messages of a file have the kinds and lengths of ITCH 5.0."""
    content, place, seen = head(path), 0, 0
    while place + 3 <= len(content) and seen < _LOOKED_AT:
        length, kind = int.from_bytes(content[place : place + 2], "big"), chr(content[place + 2])
        if length == 0 and seen and not any(content[place:]):
            break
        if LENGTHS.get(kind) != length:
            return False
        place += 2 + length
        seen += 1
    return seen > 0


def recordings(files: Sequence[Path]) -> list[Recording]:
    """One recording a file: a day of a venue. Damaged files are left out where others are not.

    Raises
    ------
    BadData
        When every file is cut short inside its packing before its first orders.
    """
    out = []
    for symbols, path in each_that_opens(sorted(files), _symbols):
        date, venue = date_in(path.name), _venue_in(path.name)
        out.append(Recording(FORMAT, venue, symbols, date, date, (path,)))
    return out


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """All that is wanted of a day, in one pass; memory is some hundred megabytes however long the file.

    Raises
    ------
    BadData
        When the file is cut short or damaged: shows the byte.
    BadParameter
        When neither the name nor `wanted.first` says the date, NASDAQ was closed on it, or a tick does not fit.
    """
    date = recording.first or wanted.first
    if date is None:
        raise BadParameter(
            f"{recording.files[0].name} does not say its date; give one, or name the file like "
            "01302020.NASDAQ_ITCH50.gz (month, day, year)"
        )
    if (wanted.first and date < wanted.first) or (wanted.last and date > wanted.last):
        return
    feed = _Feed(recording, wanted, session_on("XNAS", date))
    for told in feed.read():
        feed.heaps.add(told)
        for owner, heap in feed.heaps.full():
            yield feed.piece(owner, heap)
    for owner, heap in feed.heaps.rest():
        yield feed.piece(owner, heap, last=True)


def date_in(name: str) -> dt.date | None:
    """The date a file's name says, None where it says none."""
    for pattern, order in _DATES:
        for groups in pattern.findall(name):
            year, month, day = groups if order == "ymd" else (groups[2], groups[0], groups[1])
            try:
                date = dt.date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
            except ValueError:
                continue
            if 1990 <= date.year < 2100:
                return date
    return None


@dataclasses.dataclass(slots=True, eq=False)
class _Symbol:
    name: str
    tick_units: int = 0


class _Feed:
    """A file that is being read, and what is known of its instruments."""

    def __init__(self, recording: Recording, wanted: Wanted, session: Session) -> None:
        self._path, self._venue, self._session, self._wanted = recording.files[0], recording.venue, session, wanted
        self._symbols: dict[int, _Symbol] = {}
        self._watch = np.zeros(_LOCATES, np.uint8)
        self._latest = np.full(_LOCATES, -(1 << 62), np.int64)
        self._tracker = Tracker(
            "itch:parse",
            ITCH_CONTEXT,
            instruments=_LOCATES,
            watch=self._watch.ctypes.data,
            latest=self._latest.ctypes.data,
            midnight_ns=midnight_ns(session),
            names_side=int(session.date < _SIDE_UNTOLD_FROM),
        )
        self.heaps = Heaps()
        self._lot = int(wanted.lot_size or 1)
        if wanted.lot_size is not None and (self._lot != wanted.lot_size or self._lot < 1):
            raise BadParameter(f"lot_size {wanted.lot_size} is not a whole number of shares")

    def read(self) -> Iterator[Told]:
        """What is told, as it comes."""
        rest, done = b"", 0
        read = chunks(self._path, size=_CHUNK_BYTES, progress=self._wanted.progress)
        for chunk in itertools.chain(read, [b""]):
            self._tracker.set(final=int(not chunk))
            content = np.frombuffer(rest + chunk, np.uint8)
            for status, told in self._tracker.read(content):
                yield told
                if status == DIRECTORY:
                    self._name_instrument(content, self._tracker.position, done)
                elif status == BAD_LENGTH:
                    if not content[self._tracker.position :].any():  # Zeros close a file.
                        break
                    raise self._bad_length(content, self._tracker.position, done)
            rest = content[self._tracker.position :].tobytes()
            done += self._tracker.position
        if rest.strip(b"\0"):
            raise BadData(
                f"{self._path.name} is cut short: it ends inside the message at byte {done:,} of its content; copy it "
                "again"
            )

    def piece(self, owner: int, told: Told, *, last: bool = False) -> Piece:
        """What was told of an instrument, as events."""
        symbol = self._symbols[owner]
        if not symbol.tick_units:
            symbol.tick_units = self._tick_units(symbol.name, told)
        ticks, off = _ticks(told, symbol.tick_units)
        if len(ticks) and int(ticks.max()) > _MOST_TICKS:
            raise BadParameter(
                f"price {int(told['price'].max()) / UNITS_PER_CURRENCY:.4f} of {symbol.name} is above {_MOST_TICKS:,} "
                f"ticks of {_tick(symbol.tick_units)}; ask for tick_size 0.01"
            )
        return Piece(
            instrument=Instrument(
                symbol=symbol.name,
                venue=self._venue,
                session=self._session,
                tick_size=_tick(symbol.tick_units),
                lot_size=Decimal(self._lot),
            ),
            events=_events(told, ticks, self._lots(symbol.name, told)),
            findings=self._findings(owner, off, told, last=last),
        )

    def _name_instrument(self, content: npt.NDArray[np.uint8], place: int, done: int) -> None:
        body = content[place + 2 : place + 2 + int.from_bytes(content[place : place + 2].tobytes(), "big")].tobytes()
        if len(body) < LENGTHS["R"]:
            raise self._bad_length(content, place, done)
        locate, name = int.from_bytes(body[1:3], "big"), _name(body[11:19])
        if self._wanted.includes(name, self._session.date):
            self._symbols.setdefault(locate, _Symbol(name))
            self._watch[locate] |= WANTED
        self._tracker.skip(2 + len(body))

    def _bad_length(self, content: npt.NDArray[np.uint8], place: int, done: int) -> BadData:
        length, kind = int.from_bytes(content[place : place + 2].tobytes(), "big"), chr(content[place + 2])
        wanted = f"{LENGTHS[kind]}" if kind in LENGTHS else "at least 11"
        return BadData(
            f"{self._path.name} byte {done + place:,}: message {kind!r} of {length} bytes, not {wanted}; this is no "
            "ITCH 5.0, or the file is damaged"
        )

    def _tick_units(self, name: str, told: Told) -> int:
        if self._wanted.tick_size is not None:
            units = self._wanted.tick_size * UNITS_PER_CURRENCY
            if units != int(units) or units < 1:
                raise BadParameter(f"tick_size {self._wanted.tick_size} of {name} is not a multiple of 0.0001 above 0")
            return int(units)
        told = told[:FIRST_EVENTS]
        price = told["price"][told["kind"] == ADD]
        dear = price[price >= UNITS_PER_CURRENCY]
        between = int(np.count_nonzero(dear % _CENT))
        cheap = 2 * len(dear) < len(price)
        fits = not len(price) or int(price.max()) <= _MOST_TICKS
        return _UNIT if fits and (cheap or 100 * between > len(dear)) else _CENT

    def _lots(self, name: str, told: Told) -> npt.NDArray[np.int64]:
        lots, rest = np.divmod(told["lots"], self._lot)
        if rest.any():
            raise BadParameter(f"lot_size {self._lot} does not divide {told['lots'][rest.argmax()]} shares of {name}")
        return lots

    def _findings(self, owner: int, off: int, told: Told, *, last: bool) -> Findings:
        counts = self._tracker.noticed(owner)
        mixes = {}
        if unprinted := counts.pop("without_print", 0):
            mixes["executions"] = {
                "printed": int(np.count_nonzero(told["kind"] == EXECUTE)),
                "in a cross, not printed": unprinted,
            }
        if off:
            counts["off_tick"] = off
        notes: tuple[str, ...] = ()
        if last and self._tracker.get("system") != _END_OF_MESSAGES:
            notes = (
                "The file ends before the venue said that its messages end, so the end of the day may be missing.",
            )
        return Findings(counts=counts, mixes=mixes, notes=notes, refusal=lacks_orders(counts, len(told)))


def _ticks(told: Told, units: int) -> tuple[npt.NDArray[np.int64], int]:
    """Prices in ticks, and how many lay between two: those of orders go away from the other side, prints to even."""
    price, kind = told["price"], told["kind"]
    below, rest = np.divmod(price, units)
    printed = (kind == PRINT_HIDDEN) | (kind == PRINT_CROSS)
    nearest = (2 * rest > units) | ((2 * rest == units) & (below % 2 == 1))
    up = np.where(printed, nearest, (told["side"] < 0) & (rest > 0))
    ticks = below + up
    ordered = ~printed & (price > 0)
    return np.where(ordered, np.maximum(ticks, 1), ticks), int(np.count_nonzero(rest))


def _events(told: Told, ticks: npt.NDArray[np.int64], lots: npt.NDArray[np.int64]) -> Events:
    events = np.zeros(len(told), EVENT)
    for name in ("time_ns", "order_id", "kind", "side", "flags"):
        events[name] = told[name]
    events["price_ticks"], events["lots"] = ticks, lots
    return events


def _symbols(path: Path) -> tuple[str, ...]:
    """The instruments named before the first order."""
    content = beginning(path, _DIRECTORY_BYTES)
    place, names = 0, []
    while place + 3 <= len(content):
        length, kind = int.from_bytes(content[place : place + 2], "big"), content[place + 2]
        if kind in b"AF" or length == 0:
            break
        if kind == ord("R"):
            names.append(_name(content[place + 13 : place + 21]))
        place += 2 + length
    return tuple(sorted({name for name in names if name}))


def _name(field: bytes) -> str:
    return field.decode("ascii", errors="replace").strip()


def _venue_in(name: str) -> str:
    return next((venue for part, venue in _VENUES.items() if part in name.upper()), "XNAS")


def _tick(units: int) -> Decimal:
    return Decimal(units) / UNITS_PER_CURRENCY
