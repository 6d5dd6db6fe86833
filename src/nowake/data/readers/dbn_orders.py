"""Market by order out of DBN records: what `nowake.kernels.dbn` tells, sorted by instrument and trading date."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from nowake.data.day import Events
from nowake.data.findings import Findings
from nowake.data.readers.contract import Piece, Recording, Wanted
from nowake.data.readers.dbn_layout import PICTURE, Header
from nowake.data.readers.dbn_reading import Reading, Traded, receipts_of
from nowake.data.readers.preopen import PreOpen
from nowake.data.readers.tracking import Heaps, Told, Tracker, lacks_orders
from nowake.domain.errors import BadData, OutOfCapacity
from nowake.kernels.layout import ADD, EVENT, PRINT_HIDDEN, SNAPSHOT
from nowake.kernels.tracking_state import BAD_LENGTH, BOUNDARY, DBN_CONTEXT, DIRECTORY, OWNER, RECEIPT, TOLD

_INSTRUMENTS = 1 << 15
_OWNER_BITS = 16  # Places in the table of instruments.


class Orders(Reading):
    """Market by order."""

    def __init__(self, recording: Recording, wanted: Wanted, header: Header) -> None:
        super().__init__(recording, wanted, header)
        self.owners = np.zeros(1 << _OWNER_BITS, OWNER)
        self.traded: dict[int, Traded] = {}
        self.keys: dict[int, int] = {}  # Number of an instrument -> its id.
        self.seen = 0  # Instruments in the file so far, wanted or not.
        self.heaps = Heaps()
        self.tracker = Tracker(
            "dbn:translate",
            DBN_CONTEXT,
            instruments=_INSTRUMENTS,
            owners=self.owners.ctypes.data,
            owner_bits=_OWNER_BITS,
            boundary_ns=self.days.end_of(self.session),
            latest_ns=-(1 << 62),
        )

    def pieces(self) -> Iterator[Piece]:
        """The days of every wanted instrument."""
        rest, begun = b"", 0
        for chunk, place in self.contents():
            self.tracker.set(far_ns=self.survey.far_ns)
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
        self.heaps.add(self.open_trade())
        self.tracker.set(trade_on=0)
        yield from self.end()
        begin_ns = self.tracker.get("boundary_ns")
        start = self.tracker.position
        event_ns, recv_ns = (int(content[start + at : start + at + 8].view(np.int64)[0]) for at in (8, 40))
        picture = int(content[start + 36]) & PICTURE
        self.session = self.days.session_at(recv_ns if picture or event_ns < 0 else min(event_ns, recv_ns))
        self.tracker.set(boundary_ns=self.days.end_of(self.session))
        for owner, traded in self.traded.items():
            symbol = self.header.name_of(self.keys[owner], self.session.date)
            self.traded[owner] = self.begun(symbol, publisher=traded.publisher, instrument_id=self.keys[owner])
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
        self.seen += 1
        if self.seen > _INSTRUMENTS:
            raise OutOfCapacity(
                f"{self.path.name} holds more than {_INSTRUMENTS:,} instruments; ask the vendor for files of fewer"
            )
        instrument_id, publisher = key & 0xFFFFFFFF, (key >> 32) - 1
        symbol = self.header.name_of(instrument_id, self.session.date)
        names = {symbol, *(name for *_, name in self.header.names.get(instrument_id, ()))}
        self.owners["key"][place], self.owners["latest_ns"][place] = key, -(1 << 62)
        if self.wanted.symbols and not names & self.wanted.symbols:
            self.owners["owner"][place] = -1
            return
        self.owners["owner"][place] = number
        self.traded[number] = self.begun(symbol, publisher=publisher, instrument_id=instrument_id)
        self.keys[number] = instrument_id

    def piece(self, owner: int, told: Told) -> Iterator[Piece]:
        """What was told of an instrument, as events and receipts."""
        traded = self.traded[owner]
        receipt = told["kind"] == RECEIPT
        happened = told[~receipt]
        counts = self.tracker.noticed(owner)
        if not traded.tick or not self.wanted.includes(traded.symbol, self.session.date):
            return
        events = self.events(traded, happened)
        if traded.before is None:
            traded.before = PreOpen(self.session.open_ns if self.days.opens_with_auction else None)
        events, crossed = traded.before.apply(events)
        if crossed:
            counts["auction_crossed_instants"] = crossed
        receipts, measures = receipts_of(told[receipt])
        findings = Findings(
            counts=counts, measures=measures, notes=self.notes(traded), refusal=_refusal(counts, len(happened))
        )
        yield Piece(instrument=self.instrument(traded), events=events, receipts=receipts, findings=findings)

    def events(self, traded: Traded, told: Told) -> Events:
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
