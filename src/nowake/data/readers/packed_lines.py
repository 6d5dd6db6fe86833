"""Whole lines of text files, plain or gzip, a block at a time: what is held does not grow with the file."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from nowake.domain.errors import BadData

_BLOCK_BYTES = 1 << 18
_GZIP = b"\x1f\x8b"


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
            text = (text + block)[-most_bytes:]
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
                text = member.decompress(packed, 4 * _BLOCK_BYTES)  # Bounded: some files shrink a hundredfold.
            except zlib.error as error:
                where = stream.tell() - len(packed)
                raise BadData(f"{name} is no sound gzip after byte {where:,} ({error}); copy it again") from None
            packed, begun = member.unused_data if member.eof else member.unconsumed_tail, not member.eof
            if member.eof:
                member = zlib.decompressobj(zlib.MAX_WBITS | 16)
            if text:
                yield text
    while begun and (text := member.decompress(b"", 4 * _BLOCK_BYTES)):
        yield text
    if begun and not member.eof:
        raise EOFError(f"{name} was cut short")
