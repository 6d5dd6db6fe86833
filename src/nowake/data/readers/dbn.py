"""Databento's DBN files: market by order as events, market by price of one level and trades as tables; packed or plain,
several files that follow one another as one recording. `dbn_layout` knows the bytes, `nowake.kernels.dbn` what
market-by-order records mean.

`ts_event` is the venue's time, `ts_recv` the recorder's; both stand in the receipts. Prices are in units of 1e-9; the
tick is the greatest that divides the prices of the first piece of an instrument. A day is a trading date of the
venue's calendar; at CME it begins in the break of the afternoon before, and before the session opens the book may
be crossed as in any auction: trading is halted there (HALT) until the first instant after the open at which it is
not (RESUME), for market by order does not tell the state of the market. Where no calendar is known, days are UTC days.

Sequence numbers count the messages of a channel, of which a file holds some instruments, so that they skip says
nothing; a gap is where the flag "maybe bad book" says so."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nowake.data.day import Events
from nowake.data.findings import Findings
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.dbn_layout import MAGIC, MBO, TABLES, UNDEFINED_PRICE, Header, first_receipt_ns, parse_header
from nowake.data.readers.dbn_tables import quotes_of, trades_of
from nowake.data.readers.packed import beginning, chunks, each_that_opens, head
from nowake.data.readers.preopen import PreOpen
from nowake.data.readers.tracking import Heaps, Told, Tracker, lacks_orders
from nowake.data.readers.trading_dates import TradingDates
from nowake.domain.errors import BadData, BadParameter, OutOfCapacity
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Receipts
from nowake.kernels.layout import ADD, EVENT, PRINT_HIDDEN, SNAPSHOT
from nowake.kernels.tracking_state import BAD_LENGTH, BOUNDARY, DBN_CONTEXT, DIRECTORY, OWNER, RECEIPT, TOLD

FORMAT = "dbn"

_SCALE = 9  # Decimals of a unit of price.
_HEADER_BYTES = 1 << 24  # The largest header there may be; one of all symbols of a venue takes some megabytes.
_CHUNK_BYTES = 1 << 23
_SOME_NS = 1_700_000_000_000_000_000  # For a file without a single record.
_PICTURE, _BAD_RECEIPT = 32, 8  # Bits of a record's flags.
_OWNERS = 1 << 15
_OWNER_BITS = 16
_MOST_TICKS = np.iinfo(np.int32).max
_NEGATIVE = frozenset({"GLBX", "IFEU", "IFUS", "NDEX", "XEUR"})  # Where futures and spreads may cost less than nothing.


def recognises(path: Path) -> bool:
    """Whether a file, unpacked, begins as DBN does."""
    return head(path).startswith(MAGIC)


def recordings(files: Sequence[Path]) -> list[Recording]:
    """Files of one dataset, schema and set of symbols that follow one another without a gap, as one recording.

    Damaged files, and those of other schemas, are left out where others are not.

    Raises
    ------
    BadData
        When the header of every file is damaged, or its schema none that can be read.
    """
    found = sorted(each_that_opens(files, _header_of), key=lambda one: (one[0].start_ns, one[1]))
    groups: list[list[tuple[Header, Path]]] = []
    for header, path in found:
        for group in groups:
            last = group[-1][0]
            if _kind(last) == _kind(header) and last.end_ns == header.start_ns:
                group.append((header, path))
                break
        else:
            groups.append([(header, path)])
    return [_recording(group) for group in groups]


def pieces(recording: Recording, wanted: Wanted) -> Iterator[Piece]:
    """All that is wanted of a recording, in one pass and bounded memory.

    Raises
    ------
    BadData
        When a file is cut short or damaged: shows the byte.
    BadParameter
        When a tick or lot does not fit the data.
    """
    header = _header_of(recording.files[0])
    feed = _Orders(recording, wanted, header) if header.schema == MBO else _Tables(recording, wanted, header)
    yield from feed.pieces()


def _header_of(path: Path) -> Header:
    content = head(path)
    length = 8 + int.from_bytes(content[4:8], "little")
    if content.startswith(MAGIC) and length > len(content):
        content = beginning(path, min(length, _HEADER_BYTES))
    header = parse_header(content, path.name)
    if header.schema not in {MBO, *TABLES}:
        raise BadData(
            f"{path.name} has schema {header.schema}; of DBN files mbo, mbp-1 and trades can be read, so ask for one "
            "of those"
        )
    if header.start_ns:
        return header
    first = beginning(path, length + 64)[length:]
    return dataclasses.replace(header, start_ns=first_receipt_ns(first, header.schema))


def _kind(header: Header) -> tuple[str, str, tuple[str, ...]]:
    return header.dataset, header.schema, header.symbols


def _recording(group: list[tuple[Header, Path]]) -> Recording:
    header, last = group[0][0], group[-1][0]
    days = TradingDates(header.dataset)
    names = {symbol for one, _ in group for spans in one.names.values() for *_, symbol in spans}
    first = days.session_at(header.start_ns).date if header.start_ns else None
    last_ns = max(last.end_ns - 1, last.start_ns)
    return Recording(
        format=FORMAT,
        venue=_venue(header.dataset),
        symbols=tuple(sorted(names)),
        first=first,
        last=days.session_at(last_ns).date if first else None,
        files=tuple(path for _, path in group),
        detail="" if header.schema == MBO else header.schema,
    )


def _venue(dataset: str) -> str:
    return dataset.partition(".")[0]


@dataclasses.dataclass(slots=True, eq=False)
class _Traded:
    """An instrument on a trading date."""

    symbol: str
    publisher: int
    tick: int = 0  # In units of 1e-9.
    negative: bool = False
    before: PreOpen | None = None
    latest_ns: int = -(1 << 62)


class _Reading:
    """What reading records of any schema shares: files, instruments, dates, ticks."""

    def __init__(self, recording: Recording, wanted: Wanted, header: Header) -> None:
        self.recording, self.wanted, self.header = recording, wanted, header
        self.venue = _venue(header.dataset)
        self.days = TradingDates(header.dataset)
        self.session: Session = self.days.session_at(header.start_ns or _SOME_NS)
        self.first_publisher = -1
        self.lot = int(wanted.lot_size or 1)
        if wanted.lot_size is not None and (self.lot != wanted.lot_size or self.lot < 1):
            raise BadParameter(f"lot_size {wanted.lot_size} is not a whole number of shares or contracts")

    def contents(self) -> Iterator[tuple[bytes, int]]:
        """Bytes of records, and where in their file they begin; each file is begun with its header read."""
        done, size = 0, self.recording.size_bytes
        for path in self.recording.files:
            header, place = _header_of(path), 0
            for chunk in chunks(
                path, size=_CHUNK_BYTES, done_bytes=done, all_bytes=size, progress=self.wanted.progress
            ):
                self.header, self.path = header, path
                skipped = min(max(header.size_bytes - place, 0), len(chunk))
                yield chunk[skipped:], place + skipped
                place += len(chunk)
            done += path.stat().st_size
            yield b"", -1  # The file ends here.

    def cut_short(self, place: int) -> BadData:
        """The error for a file that ends inside a record."""
        return BadData(f"{self.path.name} is cut short inside the record at byte {place:,}; copy it again")

    def instrument(self, traded: _Traded) -> Instrument:
        """Reference data of an instrument on the date being read."""
        return Instrument(
            symbol=traded.symbol,
            venue=self.venue if traded.publisher == self.first_publisher else f"{self.venue}.{traded.publisher}",
            session=self.session,
            tick_size=Decimal(traded.tick).scaleb(-_SCALE).normalize(),
            lot_size=Decimal(self.lot),
            negative_prices=traded.negative,
        )

    def publisher(self, number: int) -> int:
        """Remember the first publisher: it is the venue itself; others of a consolidated feed get their number."""
        if self.first_publisher < 0:
            self.first_publisher = number
        return number

    def settle(self, traded: _Traded, price: npt.NDArray[np.int64]) -> None:
        """Decide the tick of an instrument, once."""
        if traded.tick:
            return
        traded.negative = self.venue in _NEGATIVE or bool(np.any(price <= 0))
        if self.wanted.tick_size is not None:
            tick = self.wanted.tick_size.scaleb(_SCALE)
            if tick != int(tick) or tick <= 0:
                raise BadParameter(f"tick_size {self.wanted.tick_size} is not a multiple of 1e-9 above 0")
            traded.tick = int(tick)
        else:
            traded.tick = int(np.gcd.reduce(price)) or 10**7

    def ticks(self, traded: _Traded, price: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Prices in ticks."""
        ticks, rest = np.divmod(price, traded.tick)
        if rest.any():
            off, tick = (
                Decimal(int(value)).scaleb(-_SCALE).normalize() for value in (price[rest.argmax()], traded.tick)
            )
            finer = Decimal(int(np.gcd(np.gcd.reduce(price), traded.tick))).scaleb(-_SCALE).normalize()
            raise BadParameter(
                f"price {off:f} of {traded.symbol} is not a multiple of tick_size {tick:f}; ask for tick_size {finer:f}"
            )
        if len(ticks) and int(np.abs(ticks).max()) > _MOST_TICKS:
            raise BadParameter(
                f"prices of {traded.symbol} are more than {_MOST_TICKS:,} ticks of "
                f"{Decimal(traded.tick).scaleb(-_SCALE).normalize():f}; ask for a larger tick_size"
            )
        return ticks

    def lots(self, traded: _Traded, size: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Sizes in lots."""
        lots, rest = np.divmod(size, self.lot)
        if rest.any():
            raise BadParameter(f"lot_size {self.lot} does not divide {size[rest.argmax()]} of {traded.symbol}")
        return lots

    def notes(self, traded: _Traded) -> tuple[str, ...]:
        """What a user should know of any day read here."""
        tick = Decimal(traded.tick).scaleb(-_SCALE).normalize()
        known = (
            () if self.wanted.tick_size else (f"The tick of {tick:f} is the greatest that divides the first prices.",)
        )
        return (*known, *self.days.notes)


class _Orders(_Reading):
    """Market by order."""

    def __init__(self, recording: Recording, wanted: Wanted, header: Header) -> None:
        super().__init__(recording, wanted, header)
        self.owners = np.zeros(1 << _OWNER_BITS, OWNER)
        self.traded: dict[int, _Traded] = {}
        self.keys: dict[int, int] = {}  # Number of an instrument -> its id.
        self.heaps = Heaps()
        self.tracker = Tracker(
            "dbn:translate",
            DBN_CONTEXT,
            instruments=_OWNERS,
            owners=self.owners.ctypes.data,
            owner_bits=_OWNER_BITS,
            boundary_ns=self.days.end_of(self.session),
        )

    def pieces(self) -> Iterator[Piece]:
        """The days of every wanted instrument."""
        rest, begun = b"", 0
        for chunk, place in self.contents():
            if place < 0:
                if rest:
                    raise self.cut_short(begun)
                continue
            begun = place - len(rest)
            content = np.frombuffer(rest + chunk, np.uint8)
            for status, told in self.tracker.read(content):
                self.heaps.add(told)
                for owner, heap in self.heaps.full():
                    yield from self.piece(owner, heap)
                if status == DIRECTORY:
                    self.name_instrument()
                elif status == BOUNDARY:
                    yield from self.next_date(content)
                elif status == BAD_LENGTH:
                    raise BadData(
                        f"{self.path.name} byte {begun + self.tracker.position:,}: a record that is shorter than its "
                        "kind must be; the file is damaged"
                    )
            rest = content[self.tracker.position :].tobytes()
            begun += self.tracker.position
        self.heaps.add(self.open_trade())
        yield from self.end()

    def end(self) -> Iterator[Piece]:
        """What waits when a trading date or the recording ends."""
        for owner, heap in self.heaps.rest():
            yield from self.piece(owner, heap)

    def open_trade(self) -> Told:
        """What no fill explained of a trade that was the last record."""
        left = self.tracker.get("trade_left") * self.tracker.get("trade_on")
        told = np.zeros(int(left > 0), TOLD)
        told["lots"], told["kind"], told["side"] = left, PRINT_HIDDEN, -self.tracker.get("trade_side")
        for name in ("owner", "price"):
            told[name] = self.tracker.get(f"trade_{name}")
        told["time_ns"] = self.tracker.get("trade_ns")
        return told

    def next_date(self, content: npt.NDArray[np.uint8]) -> Iterator[Piece]:
        """A new trading date begins with a picture of the orders that stand."""
        yield from self.end()
        begin_ns = self.tracker.get("boundary_ns")
        start = self.tracker.position
        event_ns, recv_ns = (int(content[start + at : start + at + 8].view(np.int64)[0]) for at in (8, 40))
        picture = int(content[start + 36]) & _PICTURE
        self.session = self.days.session_at(recv_ns if picture or event_ns < 0 else event_ns)
        self.tracker.set(boundary_ns=self.days.end_of(self.session))
        for owner, traded in self.traded.items():
            symbol = self.header.name_of(self.keys[owner], self.session.date)
            self.traded[owner] = _Traded(symbol, traded.publisher)
        standing = self.tracker.standing()
        told = np.zeros(len(standing), TOLD)
        for name in ("lots", "price", "owner", "side"):
            told[name] = standing[name]
        told["order_id"], told["kind"], told["flags"] = standing["id"], ADD, SNAPSHOT
        told["time_ns"] = begin_ns
        self.heaps.add(told[told["lots"] > 0])

    def name_instrument(self) -> None:
        """Number the instrument of the record that is next."""
        key, place = self.tracker.get("key"), self.tracker.get("place")
        number = len(self.traded)
        if number >= _OWNERS:
            raise OutOfCapacity(f"{self.path.name} holds more than {_OWNERS:,} instruments; ask for some of them")
        instrument_id, publisher = key & 0xFFFFFFFF, (key >> 32) - 1
        symbol = self.header.name_of(instrument_id, self.session.date)
        names = {symbol, *(name for *_, name in self.header.names.get(instrument_id, ()))}
        self.owners["key"][place], self.owners["latest_ns"][place] = key, -(1 << 62)
        if self.wanted.symbols and not names & self.wanted.symbols:
            self.owners["owner"][place] = -1
            return
        self.owners["owner"][place] = number
        self.traded[number], self.keys[number] = _Traded(symbol, self.publisher(publisher)), instrument_id

    def piece(self, owner: int, told: Told) -> Iterator[Piece]:
        """What was told of an instrument, as events and receipts."""
        traded = self.traded[owner]
        receipt = told["kind"] == RECEIPT
        happened = told[~receipt]
        priced = happened["price"][happened["lots"] > 0]
        if len(priced):
            self.settle(traded, priced)
        counts = self.tracker.noticed(owner)
        if not traded.tick or not self.wanted.includes(traded.symbol, self.session.date):
            return
        events = self.events(traded, happened)
        if traded.before is None:
            traded.before = PreOpen(self.session.open_ns if self.days.opens_with_auction else None)
        events, crossed = traded.before.apply(events)
        if crossed:
            counts["auction_crossed_instants"] = crossed
        receipts, measures = _receipts(told[receipt])
        findings = Findings(
            counts=counts, measures=measures, notes=self.notes(traded), refusal=_refusal(counts, len(happened))
        )
        yield Piece(instrument=self.instrument(traded), events=events, receipts=receipts, findings=findings)

    def events(self, traded: _Traded, told: Told) -> Events:
        """Records of what was told, as events."""
        events = np.zeros(len(told), EVENT)
        for name in ("time_ns", "order_id", "kind", "side", "flags"):
            events[name] = told[name]
        events["price_ticks"], events["lots"] = self.ticks(traded, told["price"]), self.lots(traded, told["lots"])
        return events


def _refusal(counts: dict[str, int], told: int) -> str:
    """Why a replay would lie; empty where it would not."""
    if gaps := counts.get("sequence_gaps", 0):
        times = "once" if gaps == 1 else f"{gaps:,} times"
        return (
            f"messages were lost {times}, as the flag 'maybe bad book' says, so orders that left may still stand; "
            "ask for the data again"
        )
    return lacks_orders(counts, told)


def _receipts(told: Told) -> tuple[Receipts | None, dict[str, float]]:
    if not len(told):
        return None, {}
    venue, local = np.ascontiguousarray(told["time_ns"]), np.ascontiguousarray(told["lots"])
    least = int((local - venue).min())
    measures = {"least_latency_ns": float(least)}
    return Receipts(venue, np.maximum(local, venue)), measures


class _Tables(_Reading):
    """Market by price of one level, and trades."""

    def pieces(self) -> Iterator[Piece]:
        """The days of every wanted instrument."""
        rtype, layout = TABLES[self.header.schema]
        rest, begun = b"", 0
        traded: dict[tuple[dt.date, int, int], _Traded] = {}
        for chunk, place in self.contents():
            if place < 0:
                if rest:
                    raise self.cut_short(begun)
                continue
            begun = place - len(rest)
            content = rest + chunk
            records, used = _records(content, rtype, layout)
            if used < 0:
                raise BadData(
                    f"{self.path.name} byte {begun - used - 1:,}: a record shorter than 16 bytes; it is damaged"
                )
            rest, begun = content[used:], begun + used
            yield from self.of_records(records, traded)

    def of_records(
        self, records: npt.NDArray[np.void], traded: dict[tuple[dt.date, int, int], _Traded]
    ) -> Iterator[Piece]:
        """Pieces of some records, by trading date and instrument."""
        time_ns = np.where(records["ts_event"] < 0, records["ts_recv"], records["ts_event"])
        while len(records):
            self.session = self.days.session_at(int(time_ns[0]))
            later = time_ns >= self.days.end_of(self.session)
            count = int(later.argmax()) if later.any() else len(records)
            for publisher, number in sorted(set(zip(*_ids(records[:count]), strict=True))):
                mine = (records["instrument_id"][:count] == number) & (records["publisher_id"][:count] == publisher)
                key = (self.session.date, publisher, number)
                symbol = self.header.name_of(number, self.session.date)
                if self.wanted.includes(symbol, self.session.date):
                    one = traded.setdefault(key, _Traded(symbol, self.publisher(publisher)))
                    yield from self.piece(one, records[:count][mine])
            records, time_ns = records[count:], time_ns[count:]

    def piece(self, traded: _Traded, records: npt.NDArray[np.void]) -> Iterator[Piece]:
        """Quotes, where the schema has them, and trades of one instrument."""
        names = [name for name in ("price", "bid_px", "ask_px") if name in (records.dtype.names or ())]
        priced = np.concatenate([records[name][records[name] != UNDEFINED_PRICE] for name in names])
        if not len(priced):
            return
        self.settle(traded, priced)
        ordered, reversals = _in_order(records, traded.latest_ns)
        traded.latest_ns = int(ordered["ts_event"][-1])
        quotes = quotes_of(ordered, lambda price: self.ticks(traded, price), lambda size: self.lots(traded, size))
        trades = trades_of(ordered, lambda price: self.ticks(traded, price), lambda size: self.lots(traded, size))
        stamped = records[(records["flags"] & (_PICTURE | _BAD_RECEIPT) == 0) & (records["ts_event"] >= 0)]
        told = np.zeros(len(stamped), TOLD)
        told["time_ns"], told["lots"] = stamped["ts_event"], stamped["ts_recv"]
        receipts, measures = _receipts(told)
        yield Piece(
            instrument=self.instrument(traded),
            quotes=quotes,
            trades=trades,
            receipts=receipts,
            depth=1 if quotes is not None else 0,
            findings=Findings(
                counts={"clock_reversals": reversals} if reversals else {}, measures=measures, notes=self.notes(traded)
            ),
        )


def _records(content: bytes, rtype: int, layout: np.dtype[np.void]) -> tuple[npt.NDArray[np.void], int]:
    """The whole records of a type, and how many bytes were used; -1 - place where a record cannot be so short."""
    alike, places, place, size = np.zeros(0, layout), [], 0, len(content)
    length = 4 * content[0] if content else 0
    if length >= layout.itemsize and rtype == content[1]:
        rows = np.frombuffer(content, np.uint8, size // length * length).reshape(-1, length)
        if (rows[:, 0] == rows[0, 0]).all() and (rows[:, 1] == rtype).all():
            alike, place = rows[:, : layout.itemsize].copy().view(layout)[:, 0], rows.size
    while place < size and place + (length := 4 * content[place]) <= size:
        if length < 16:
            return alike, -1 - place
        if content[place + 1] == rtype and length >= layout.itemsize:
            places.append(place)
        place += length
    picked = b"".join(content[one : one + layout.itemsize] for one in places)
    return np.concatenate([alike, np.frombuffer(picked, layout)]), place


def _ids(records: npt.NDArray[np.void]) -> tuple[list[int], list[int]]:
    return records["publisher_id"].tolist(), records["instrument_id"].tolist()


def _in_order(records: npt.NDArray[np.void], latest_ns: int) -> tuple[npt.NDArray[np.void], int]:
    """Records with `ts_event` never decreasing, and how many were earlier than one before."""
    told = np.where(records["ts_event"] < 0, records["ts_recv"], records["ts_event"])
    time_ns = np.maximum(np.maximum.accumulate(told), latest_ns)
    ordered = records.copy()
    ordered["ts_event"] = time_ns
    return ordered, int(np.count_nonzero(time_ns != told))
