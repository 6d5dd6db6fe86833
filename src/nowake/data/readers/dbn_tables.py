"""Quotes and trades out of DBN records that tell no orders: market by price of one level, and trades."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from nowake.data.day import quotes_of_touch
from nowake.data.findings import Findings
from nowake.data.readers.contract import Piece
from nowake.data.readers.dbn_layout import BAD_RECEIPT, PICTURE, UNDEFINED_PRICE
from nowake.data.readers.dbn_reading import Reading, Traded, receipts_of
from nowake.data.readers.dbn_survey import layout_of, whole_records
from nowake.domain.errors import BadData
from nowake.domain.market import Quotes, Trades
from nowake.kernels.tracking_state import TOLD

Ints = npt.NDArray[np.int64]
Converts = Callable[[Ints], Ints]


class Tables(Reading):
    """Market by price of one level, and trades."""

    def pieces(self) -> Iterator[Piece]:
        """The days of every wanted instrument."""
        rtype, layout = layout_of(self.header.schema)
        rest, begun = b"", 0
        traded: dict[tuple[dt.date, int, int], Traded] = {}
        for chunk, place in self.contents():
            if place < 0:
                if rest:
                    raise self.cut_short(begun)
                continue
            begun = place - len(rest)
            content = rest + chunk
            records, used = whole_records(content, rtype, layout)
            if used < 0:
                raise BadData(
                    f"{self.path.name} byte {begun - used - 1:,}: a record shorter than 16 bytes; it is damaged"
                )
            rest, begun = content[used:], begun + used
            yield from self.of_records(records, traded)

    def of_records(
        self, records: npt.NDArray[np.void], traded: dict[tuple[dt.date, int, int], Traded]
    ) -> Iterator[Piece]:
        """Pieces of some records, by trading date and instrument."""
        strays, agreed_ns = self.mend(records)
        while len(records):
            self.session = self.days.session_at(int(agreed_ns[0]))
            later = agreed_ns >= self.days.end_of(self.session)
            count = int(later.argmax()) if later.any() else len(records)
            for publisher, number in sorted(set(zip(*_ids(records[:count]), strict=True))):
                mine = (records["instrument_id"][:count] == number) & (records["publisher_id"][:count] == publisher)
                key = (self.session.date, publisher, number)
                symbol = self.header.name_of(number, self.session.date)
                if self.wanted.includes(symbol, self.session.date):
                    if key not in traded:
                        traded[key] = self.begun(symbol, publisher=publisher, instrument_id=number)
                    unreadable = int(np.count_nonzero(strays[:count][mine]))
                    yield from self.piece(traded[key], records[:count][mine], unreadable=unreadable)
            records, agreed_ns, strays = records[count:], agreed_ns[count:], strays[count:]

    def mend(self, records: npt.NDArray[np.void]) -> tuple[npt.NDArray[np.bool_], Ints]:
        """Give records a time that can be; which were stamped too far ahead, and what both clocks agree has passed.

        As `nowake.kernels.dbn` does for orders: such a record is of the last stamp that can be, one without a stamp of
        when it was received, and neither tells how long it was on its way.
        """
        event_ns, told_ns = records["ts_event"].copy(), records["ts_recv"]
        received_ns = np.where(told_ns > 0, told_ns, event_ns)
        strays, unstamped = event_ns - received_ns > self.survey.far_ns, event_ns < 0
        latest_ns = np.maximum.accumulate(np.where(strays, self.latest_ns, event_ns))
        latest_ns = np.maximum(latest_ns, self.latest_ns)
        records["ts_event"] = np.where(unstamped | (strays & (latest_ns < 0)), received_ns, event_ns)
        records["ts_event"][strays & (latest_ns >= 0)] = latest_ns[strays & (latest_ns >= 0)]
        records["flags"][strays | unstamped] |= BAD_RECEIPT
        self.latest_ns = int(latest_ns[-1]) if len(records) else self.latest_ns
        return strays, np.where(strays, records["ts_event"], np.minimum(records["ts_event"], received_ns))

    def piece(self, traded: Traded, records: npt.NDArray[np.void], *, unreadable: int) -> Iterator[Piece]:
        """Quotes, where the schema has them, and trades of one instrument."""
        if not traded.tick:
            return
        ordered, reversals = _in_order(records, traded.latest_ns)
        traded.latest_ns = int(ordered["ts_event"][-1])
        quotes = quotes_of(ordered, lambda price: self.ticks(traded, price), lambda size: self.lots(traded, size))
        trades = trades_of(ordered, lambda price: self.ticks(traded, price), lambda size: self.lots(traded, size))
        stamped = records[records["flags"] & (PICTURE | BAD_RECEIPT) == 0]
        told = np.zeros(len(stamped), TOLD)
        told["time_ns"], told["lots"] = stamped["ts_event"], stamped["ts_recv"]
        receipts, measures = receipts_of(told)
        counts = {"clock_reversals": reversals, "unreadable": unreadable}
        yield Piece(
            instrument=self.instrument(traded),
            quotes=quotes,
            trades=trades,
            receipts=receipts,
            depth=1 if quotes is not None else 0,
            findings=Findings(
                counts={name: count for name, count in counts.items() if count},
                measures=measures,
                notes=self.notes(traded),
            ),
        )


def quotes_of(records: npt.NDArray[np.void], ticks: Converts, lots: Converts) -> Quotes | None:
    """Best bid and ask after each record, one row a change; None where the schema has none."""
    if "bid_px" not in (records.dtype.names or ()):
        return None
    touch = np.zeros((len(records), 4), np.int64)
    for column, side in ((0, "bid"), (2, "ask")):
        price, size = records[f"{side}_px"], records[f"{side}_sz"].astype(np.int64)
        there = (price != UNDEFINED_PRICE) & (size > 0)
        touch[there, column], touch[there, column + 1] = ticks(price[there]), lots(size[there])
    return quotes_of_touch(records["ts_event"], touch)


def trades_of(records: npt.NDArray[np.void], ticks: Converts, lots: Converts) -> Trades:
    """The prints among records; who took is the side of the record, unknown where it has none."""
    prints = records[(records["action"] == b"T") & (records["price"] != UNDEFINED_PRICE) & (records["size"] > 0)]
    side = prints["side"]
    return Trades(
        time_ns=prints["ts_event"].copy(),
        price_ticks=ticks(prints["price"]),
        lots=lots(prints["size"].astype(np.int64)),
        aggressor=np.where(side == b"B", 1, np.where(side == b"A", -1, 0)).astype(np.int8),
        hidden=np.zeros(len(prints), np.bool_),
        auction=np.zeros(len(prints), np.bool_),
    )


def _ids(records: npt.NDArray[np.void]) -> tuple[list[int], list[int]]:
    return records["publisher_id"].tolist(), records["instrument_id"].tolist()


def _in_order(records: npt.NDArray[np.void], latest_ns: int) -> tuple[npt.NDArray[np.void], int]:
    """Records with `ts_event` never decreasing, and how many were earlier than one before."""
    told = records["ts_event"]
    time_ns = np.maximum(np.maximum.accumulate(told), latest_ns)
    ordered = records.copy()
    ordered["ts_event"] = time_ns
    return ordered, int(np.count_nonzero(time_ns != told))
