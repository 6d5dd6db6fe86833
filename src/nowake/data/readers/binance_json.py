"""Lines `<local time> <json>` as websocket recorders of Binance write them, and the JSON in them.

The local time is in nanoseconds (or micro- or milliseconds) since the epoch. The JSON is a message of a stream, as
it is or wrapped as {"stream": ..., "data": ...}, or the answer to a request for the whole book ({"lastUpdateId": ...}).
Field names are the venue's (developers.binance.com, "WebSocket Streams", "Order Book"): E when it was sent, T when it
was matched (futures; trades everywhere), U to u the range of updates in a change of the book, pu the end of the range
before (futures), m whether the buyer is the maker."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec
import numpy as np

from nowake.data.readers.decimals import Ints
from nowake.data.text import shortened

NOTHING = msgspec.Raw(b"")

Id = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]
Stamp = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]

_PARTIAL = re.compile(r"@depth\d+(@|$)")  # The best few levels, again and again: not what changes chain up to.

_EARLIEST_NS, _LATEST_NS = 946_684_800 * 10**9, 4_102_444_800 * 10**9  # The years 2000 to 2099.
_LATEST_MS = _LATEST_NS // 10**6


class Message(msgspec.Struct, gc=False):
    """Any message; what it does not have keeps its default. Prices and sizes stay text."""

    e: str = ""
    E: Stamp = 0
    T: Stamp = 0
    s: str = ""
    U: Id = 0
    u: Id = 0
    pu: Id = -1
    b: msgspec.Raw = NOTHING
    a: msgspec.Raw = NOTHING
    B: msgspec.Raw = NOTHING
    A: msgspec.Raw = NOTHING
    t: Id = -1
    f: Id = -1
    l: Id = -1  # noqa: E741
    p: msgspec.Raw = NOTHING
    q: msgspec.Raw = NOTHING
    m: bool = False
    M: msgspec.Raw = NOTHING
    X: str = "MARKET"
    ps: str = ""
    lastUpdateId: Id = -1  # noqa: N815
    symbol: str = ""
    pair: str = ""
    bids: msgspec.Raw = NOTHING
    asks: msgspec.Raw = NOTHING
    stream: str = ""
    data: Message | None = None


_KINDS = {"bookTicker": "bookTicker", "depthUpdate": "depth", "trade": "trade", "aggTrade": "aggTrade"}
_decode = msgspec.json.Decoder(Message).decode


def message_of(line: bytes) -> tuple[int, Message]:
    """Local time in nanoseconds and the message of a line.

    Raises
    ------
    ValueError
        When the line is no such thing, or stamped outside the years 2000 to 2099.
    """
    stamp, _, text = line.partition(b" ")
    if not stamp.isdigit() or len(stamp) < 13:
        raise ValueError("no time before the message")
    local_ns = to_ns(int(stamp))
    outer = _decode(text)
    message = outer.data or outer
    if not _EARLIEST_NS <= local_ns < _LATEST_NS or not (_is_time(message.E) and _is_time(message.T)):
        raise ValueError("a time of another age")
    if message is outer:
        return local_ns, outer
    if message.lastUpdateId >= 0 or (message.e == "depthUpdate" and _PARTIAL.search(outer.stream)):
        message.e, message.lastUpdateId = "partial", -1
    return local_ns, message


def to_ns(stamp: int) -> int:
    """Nanoseconds of a stamp in milli-, micro- or nanoseconds since the epoch, told apart by their size."""
    if stamp < 10**14:
        return stamp * 1_000_000
    return stamp * 1_000 if stamp < 10**17 else stamp


def all_ns(stamps: list[int]) -> Ints:
    """`to_ns` of many."""
    times = np.array(stamps, np.int64)
    return np.where(times < 10**14, times * 1_000_000, np.where(times < 10**17, times * 1_000, times))


def _is_time(stamp: int) -> bool:
    """Whether a stamp is of this age, or none."""
    if stamp <= _LATEST_MS:  # Nearly all are in milliseconds.
        return stamp == 0 or stamp * 1_000_000 >= _EARLIEST_NS
    return _EARLIEST_NS <= to_ns(stamp) < _LATEST_NS


def kind_of(message: Message) -> str:
    """ "depth", "trade", "aggTrade", "bookTicker", "picture", or empty for what is of no use here."""
    if kind := _KINDS.get(message.e):
        return kind
    if message.lastUpdateId >= 0:
        return "picture"
    return "bookTicker" if not message.e and message.u and len(message.B) > 2 else ""


def shown(line: bytes) -> str:
    """The beginning of a line, for a message."""
    return shortened(line.decode("utf-8", errors="replace"))
