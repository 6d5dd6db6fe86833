"""What only a look at all records of a DBN recording tells, before any of them is used: the tick of each instrument,
the greatest that divides every price of it, whether prices fall to nothing or below, and how far the two clocks differ.

A DBN file of orders or quotes says no tick. Taken from the first records alone it is too coarse for an instrument that
has shown one price so far, and different when the same file is read in other pieces."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from nowake.data.readers.dbn_layout import MBO, PICTURE, TABLES, UNDEFINED_PRICE
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.tracking_state import DBN_MBO

_MBO_TYPE = 160
_ORDERS = np.frombuffer(b"ACFMT", np.uint8)  # Actions of market by order whose price is one.
_PRICES = ("price", "bid_px", "ask_px")


@dataclasses.dataclass(slots=True, eq=False)
class Survey:
    """By instrument id: the greatest common divisor of its prices and the lowest of them, in units of 1e-9.

    `far_ns` is how far a stamp of the venue may be ahead of the recorder's: a second more than is usual, for the clock
    of a recorder may run behind.
    """

    steps: dict[int, int] = dataclasses.field(default_factory=dict)
    lowest: dict[int, int] = dataclasses.field(default_factory=dict)
    far_ns: int = 0

    def add(self, records: npt.NDArray[np.void]) -> None:
        """Take records of any layout into account."""
        if not len(records):
            return
        if not self.far_ns:
            self.far_ns = NS_PER_SECOND + max(0, _usual_lead_ns(records))
        known, of = np.unique(records["instrument_id"], return_inverse=True)
        if records.dtype == DBN_MBO:
            priced = np.isin(records["action"], _ORDERS)
            records, of = records[priced], of[priced]
        for name in _PRICES:
            if name in (records.dtype.names or ()):
                there = records[name] != UNDEFINED_PRICE
                self._add_prices(known, records[name][there], of[there])

    def _add_prices(
        self, known: npt.NDArray[np.uint32], price: npt.NDArray[np.int64], of: npt.NDArray[np.intp]
    ) -> None:
        lowest = np.full(len(known), UNDEFINED_PRICE)
        np.minimum.at(lowest, of, price)
        steps = np.array([self.steps.get(number, 0) for number in known.tolist()], np.int64)
        off = np.flatnonzero(np.where(steps[of] == 0, price, price % np.maximum(steps, 1)[of]))
        off = off[np.argsort(of[off], kind="stable")]
        changed, begins = np.unique(of[off], return_index=True)
        if len(changed):
            steps[changed] = np.gcd(steps[changed], np.gcd.reduceat(price[off], begins))
        for number, step, low in zip(known.tolist(), steps.tolist(), lowest.tolist(), strict=True):
            if low != UNDEFINED_PRICE:
                self.steps[number] = step
                self.lowest[number] = min(low, self.lowest.get(number, low))


def layout_of(schema: str) -> tuple[int, np.dtype[np.void]]:
    """The type of the records of a schema, and their layout."""
    return (_MBO_TYPE, DBN_MBO) if schema == MBO else TABLES[schema]


def whole_records(content: bytes, rtype: int, layout: np.dtype[np.void]) -> tuple[npt.NDArray[np.void], int]:
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


def survey(parts: Iterable[tuple[bytes, int]], schema: str) -> Survey:
    """What the records of a recording show: bytes that follow one another, and -1 behind each file.

    Where a file is damaged the look at it ends; reading it says so.
    """
    rtype, layout = layout_of(schema)
    found, rest, used = Survey(), b"", 0
    for part, place in parts:
        if place < 0 or used < 0:
            rest, used = b"", 0 if place < 0 else used
            continue
        records, used = whole_records(rest + part, rtype, layout)
        rest = (rest + part)[max(used, 0) :]
        found.add(records)
    return found


def _usual_lead_ns(records: npt.NDArray[np.void]) -> int:
    """How far the venue's clock mostly is ahead of the recorder's."""
    told = records[(records["flags"] & PICTURE == 0) & (records["ts_event"] >= 0) & (records["ts_recv"] > 0)]
    return int(np.median(told["ts_event"] - told["ts_recv"])) if len(told) else 0
