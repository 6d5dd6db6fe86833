"""Databento Binary Encoding: the header of a file and the layout of its records, versions 1 to 3 (Databento, "DBN
encoding" and the `dbn` crate's documentation, 2023-2025). All numbers are little-endian.

The header: "DBN", a byte of version, four bytes of length, then dataset (16 bytes), schema, start, end and limit of
the request, in version 1 a count of records, symbologies, and from version 2 on the length of a symbol; 100 bytes in
all, of which the rest is reserved. Then the length of a schema definition (always 0), the symbols asked for, those
found in part, those not found, and for each symbol the instrument ids it stood for, by date."""

from __future__ import annotations

import dataclasses
import datetime as dt
import struct

import numpy as np

from nowake.domain.errors import BadData
from nowake.domain.units import LATEST_NS

MAGIC = b"DBN"
UNDEFINED_PRICE = 2**63 - 1
PICTURE, BAD_RECEIPT = 32, 8  # Bits of a record's flags.
MBO, MBP_1, TRADES = "mbo", "mbp-1", "trades"
SCHEMAS = {0: MBO, 1: MBP_1, 2: "mbp-10", 3: "tbbo", 4: TRADES, 5: "ohlcv-1s", 6: "ohlcv-1m", 7: "ohlcv-1h"}

_FIXED = 100
_SYMBOL_BYTES_V1 = 22
_INSTRUMENT_ID = 0  # A symbology: numbers of the venue.

_HEADER: list[tuple[str, str]] = [
    ("length", "u1"),
    ("rtype", "u1"),
    ("publisher_id", "<u2"),
    ("instrument_id", "<u4"),
    ("ts_event", "<i8"),
]
_TRADE: list[tuple[str, str]] = [
    *_HEADER,
    ("price", "<i8"),
    ("size", "<u4"),
    ("action", "S1"),
    ("side", "S1"),
    ("flags", "u1"),
    ("depth", "u1"),
    ("ts_recv", "<i8"),
    ("ts_in_delta", "<i4"),
    ("sequence", "<u4"),
]
_BEST: list[tuple[str, str]] = [
    ("bid_px", "<i8"),
    ("ask_px", "<i8"),
    ("bid_sz", "<u4"),
    ("ask_sz", "<u4"),
    ("bid_ct", "<u4"),
    ("ask_ct", "<u4"),
]
# Schema -> (type of its records, their layout).
TABLES = {TRADES: (0, np.dtype(_TRADE)), MBP_1: (1, np.dtype([*_TRADE, *_BEST]))}


@dataclasses.dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    `start_ns` and `end_ns` are of what was asked for, 0 where the file does not say, as one recorded live. `names`
    maps an instrument id to (first date, date after the last, symbol), as often as it was given.
    """

    version: int
    dataset: str
    schema: str
    start_ns: int
    end_ns: int
    size_bytes: int
    symbols: tuple[str, ...]
    names: dict[int, tuple[tuple[dt.date, dt.date, str], ...]]

    def name_of(self, instrument_id: int, date: dt.date) -> str:
        """The symbol of an instrument on a date; its id where the file gives none."""
        spans = self.names.get(instrument_id, ())
        current = [symbol for first, after, symbol in spans if first <= date < after]
        return (current or [symbol for *_, symbol in spans] or [str(instrument_id)])[0]


def parse_header(content: bytes, name: str) -> Header:
    """The header of a file.

    Parameters
    ----------
    content
        The beginning of the file, unpacked; at least the whole header.
    name
        Of the file, for messages.

    Raises
    ------
    BadData
        When it is not DBN, of another version, or cut short.
    """
    if not content.startswith(MAGIC):
        raise BadData(f"{name} begins with {content[:4]!r}, not with {MAGIC!r}; it is no DBN file")
    if len(content) < 8:
        raise BadData(f"{name} ends inside its header; copy it again")
    version = content[3]
    if not 1 <= version <= 3:
        raise BadData(f"{name} is of DBN version {version}; versions 1 to 3 can be read")
    length = int.from_bytes(content[4:8], "little")
    body = content[8 : 8 + length]
    if length < _FIXED or len(body) < length:
        raise BadData(f"{name} ends inside its header of {length:,} bytes; copy it again")
    try:
        return _parse(version, body, 8 + length)
    except (struct.error, IndexError, ValueError, OverflowError):
        raise BadData(f"{name} has a damaged header; copy it again") from None


def _parse(version: int, body: bytes, size: int) -> Header:
    schema, start, end = struct.unpack_from("<HQQ", body, 16)
    place = 50 if version == 1 else 42  # Version 1 counts the records.
    stype_in, stype_out = body[place], body[place + 1]
    symbol_bytes = _SYMBOL_BYTES_V1 if version == 1 else struct.unpack_from("<H", body, place + 3)[0]
    reader = _Reader(body, _FIXED + 4 + struct.unpack_from("<I", body, _FIXED)[0], symbol_bytes)
    symbols = reader.symbols()
    reader.symbols()
    reader.symbols()
    names = reader.mappings(from_ids=stype_in == _INSTRUMENT_ID, to_ids=stype_out == _INSTRUMENT_ID)
    return Header(
        version=version,
        dataset=_text(body[:16]),
        schema=SCHEMAS.get(schema, f"number {schema}"),
        start_ns=start if start <= LATEST_NS else 0,
        end_ns=end if end <= LATEST_NS else 0,
        size_bytes=size,
        symbols=symbols,
        names=names,
    )


@dataclasses.dataclass(slots=True, eq=False)
class _Reader:
    body: bytes
    place: int
    symbol_bytes: int

    def number(self) -> int:
        value: int = struct.unpack_from("<I", self.body, self.place)[0]
        self.place += 4
        return value

    def symbol(self) -> str:
        if self.place + self.symbol_bytes > len(self.body):
            raise ValueError("a symbol beyond the header")
        text = _text(self.body[self.place : self.place + self.symbol_bytes])
        self.place += self.symbol_bytes
        return text

    def symbols(self) -> tuple[str, ...]:
        return tuple(self.symbol() for _ in range(self.number()))

    def mappings(self, *, from_ids: bool, to_ids: bool) -> dict[int, tuple[tuple[dt.date, dt.date, str], ...]]:
        names: dict[int, tuple[tuple[dt.date, dt.date, str], ...]] = {}
        for _ in range(self.number()):
            asked = self.symbol()
            for _ in range(self.number()):
                first, after, given = _date(self.number()), _date(self.number()), self.symbol()
                number, symbol = (asked, given) if from_ids and not to_ids else (given, asked)
                if number.isdigit():
                    names[int(number)] = (*names.get(int(number), ()), (first, after, symbol))
        return names


def first_receipt_ns(record: bytes, schema: str) -> int:
    """When the recorder had a record, 0 where there is none."""
    place = 40 if schema == MBO else 32
    return int.from_bytes(record[place : place + 8], "little") if len(record) >= place + 8 else 0


def _date(number: int) -> dt.date:
    return dt.date(number // 10_000, number // 100 % 100, number % 100)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("ascii", errors="replace")
