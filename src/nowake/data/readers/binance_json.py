"""Lines `<local time> <json>` as websocket recorders of Binance write them, and the JSON in them.

The local time is in nanoseconds (or micro- or milliseconds) since the epoch. The JSON is a message of a stream, as
it is or wrapped as {"stream": ..., "data": ...}, or the answer to a request for the whole book ({"lastUpdateId": ...}).
Field names are the venue's (developers.binance.com, "WebSocket Streams", "Order Book"): E when it was sent, T when it
was matched (futures; trades everywhere), U to u the range of updates in a change of the book, pu the end of the range
before (futures), m whether the buyer is the maker."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from nowake.data.text import shortened
from nowake.domain.errors import BadData

NOTHING = msgspec.Raw(b"")

_BLOCK_BYTES = 1 << 18
_GZIP = b"\x1f\x8b"
_PARTIAL = re.compile(r"@depth\d+(@|$)")  # The best few levels, again and again: not what changes chain up to.


class Message(msgspec.Struct, gc=False):
    """Any message; what it does not have keeps its default. Prices and sizes stay text."""

    e: str = ""
    E: int = 0
    T: int = 0
    s: str = ""
    U: int = 0
    u: int = 0
    pu: int = -1
    b: msgspec.Raw = NOTHING
    a: msgspec.Raw = NOTHING
    B: msgspec.Raw = NOTHING
    A: msgspec.Raw = NOTHING
    t: int = -1
    f: int = -1
    l: int = -1  # noqa: E741
    p: msgspec.Raw = NOTHING
    q: msgspec.Raw = NOTHING
    m: bool = False
    M: msgspec.Raw = NOTHING
    X: str = "MARKET"
    ps: str = ""
    lastUpdateId: int = -1  # noqa: N815
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
        When the line is no such thing.
    """
    stamp, _, text = line.partition(b" ")
    if not (13 <= len(stamp) <= 19 and stamp.isdigit()):
        raise ValueError("no time before the message")
    outer: Message = _decode(text)
    if outer.data is None:
        return to_ns(int(stamp)), outer
    if outer.data.lastUpdateId >= 0 or (outer.data.e == "depthUpdate" and _PARTIAL.search(outer.stream)):
        outer.data.e, outer.data.lastUpdateId = "partial", -1
    return to_ns(int(stamp)), outer.data


def to_ns(stamp: int) -> int:
    """Nanoseconds of a stamp in milli-, micro- or nanoseconds since the epoch, told apart by their size."""
    if stamp < 10**14:
        return stamp * 1_000_000
    return stamp * 1_000 if stamp < 10**17 else stamp


def kind_of(message: Message) -> str:
    """ "depth", "trade", "aggTrade", "bookTicker", "picture", or empty for what is of no use here."""
    if kind := _KINDS.get(message.e):
        return kind
    if message.lastUpdateId >= 0:
        return "picture"
    return "bookTicker" if not message.e and message.u and len(message.B) > 2 else ""


def lines_of(path: Path, progress: Callable[[int], None] | None = None) -> Iterator[list[bytes]]:
    """Blocks of whole lines of a file, unpacked where it is gzip; the last line may lack its end.

    Parameters
    ----------
    progress
        Called with the bytes read of the file after each block.

    Raises
    ------
    BadData
        When it is no sound gzip.
    EOFError
        When it is a gzip that was cut short, after all its whole lines.
    """
    rest = b""
    for text in _texts(path, progress):
        *lines, rest = (rest + text).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def first_lines(path: Path, most_bytes: int) -> list[bytes]:
    """The whole lines among the first bytes, unpacked; none where the file cannot be read."""
    text = b""
    try:
        for block in _texts(path, None):
            text += block
            if len(text) >= most_bytes:
                break
    except (OSError, BadData, EOFError):
        pass
    return text[:most_bytes].split(b"\n")[:-1] if len(text) >= most_bytes else text.split(b"\n")


def last_lines(path: Path, most_bytes: int) -> list[bytes]:
    """The whole lines among the last bytes. Unpacks all of a gzip, at hundreds of megabytes a second."""
    text = b""
    try:
        if path.open("rb").read(2) != _GZIP:
            with path.open("rb") as stream:
                stream.seek(max(path.stat().st_size - most_bytes, 0))
                return stream.read().split(b"\n")[1:]
        for block in _texts(path, None):
            text = (text + block)[-most_bytes:] if len(block) < most_bytes else block
    except (OSError, BadData, EOFError):
        pass
    return text.split(b"\n")[1:]


def _texts(path: Path, progress: Callable[[int], None] | None) -> Iterator[bytes]:
    with path.open("rb") as stream:
        packed = stream.read(2) == _GZIP
        stream.seek(0)
        for text in _unpacked(stream, path.name) if packed else iter(lambda: stream.read(_BLOCK_BYTES * 4), b""):
            yield text
            if progress is not None:
                progress(stream.tell())


def _unpacked(stream: BinaryIO, name: str) -> Iterator[bytes]:
    """The text of a gzip of one or more members."""
    member, begun = zlib.decompressobj(zlib.MAX_WBITS | 16), False
    while packed := stream.read(_BLOCK_BYTES):
        while packed:
            try:
                text = member.decompress(packed)
            except zlib.error as error:
                where = stream.tell() - len(packed)
                raise BadData(f"{name} is no sound gzip after byte {where:,} ({error}); copy it again") from None
            packed, begun = member.unused_data, not member.eof
            if member.eof:
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            if text:
                yield text
    if begun:
        raise EOFError(f"{name} was cut short")


def shown(line: bytes) -> str:
    """The beginning of a line, for a message."""
    return shortened(line.decode("utf-8", errors="replace"))
