"""Whole lines of text files, plain or packed, a block at a time: what is held does not grow with the file.

A gzip is unpacked here, up to the last byte there is, because recorders are killed and leave gzips that were never
ended; other packings go through `nowake.data.readers.packed`, which refuses what was cut short."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from nowake.data.readers.packed import chunks, is_packed
from nowake.domain.errors import BadData

_BLOCK_BYTES = 1 << 18
_GZIP = b"\x1f\x8b"


def lines_of(path: Path, progress: Callable[[int], None] | None = None) -> Iterator[list[bytes]]:
    """Blocks of whole lines of a file, unpacked; the last line may lack its end.

    Parameters
    ----------
    progress
        Called with the bytes read of the file after each block.

    Raises
    ------
    BadData
        When its packing is damaged, or of another kind than gzip and cut short.
    EOFError
        When it is a gzip that was cut short, after all its whole lines.
    """
    rest = b""
    for text in texts(path, progress):
        *lines, rest = (rest + text).split(b"\n")
        if lines:
            yield lines
    if rest:
        yield [rest]


def first_lines(path: Path, most_bytes: int) -> list[bytes]:
    """The whole lines among the first bytes, unpacked; none where the file cannot be read."""
    text = b""
    try:
        for block in texts(path):
            text += block
            if len(text) >= most_bytes:
                break
    except (OSError, BadData, EOFError):
        pass
    return text[:most_bytes].split(b"\n")[:-1] if len(text) >= most_bytes else text.split(b"\n")


def last_lines(path: Path, most_bytes: int) -> list[bytes]:
    """The whole lines among the last bytes. Unpacks all of a packed file, at hundreds of megabytes a second."""
    text = b""
    try:
        if not is_packed(path):
            with path.open("rb") as stream:
                stream.seek(max(path.stat().st_size - most_bytes, 0))
                return stream.read().split(b"\n")[1:]
        for block in texts(path):
            text = (text + block)[-most_bytes:]
    except (OSError, BadData, EOFError):
        pass
    return text.split(b"\n")[1:]


def texts(path: Path, progress: Callable[[int], None] | None = None) -> Iterator[bytes]:
    """The unpacked content in blocks; parameters and errors as `lines_of`."""
    if is_packed(path) and not _is_gzip(path):
        yield from chunks(path, size=_BLOCK_BYTES * 4, progress=progress and (lambda done, _: progress(done)))
        return
    with path.open("rb") as stream:
        plain = iter(lambda: stream.read(_BLOCK_BYTES * 4), b"")
        for text in _unpacked(stream, path.name) if _is_gzip(path) else plain:
            yield text
            if progress is not None:
                progress(stream.tell())


def samples(path: Path, size: int, count: int) -> Iterator[bytes]:
    """Blocks of a plain file from its first to its last `size` bytes, evenly apart; all of a packed or short one."""
    whole = path.stat().st_size
    if is_packed(path) or whole <= size * count:
        yield from texts(path)
        return
    with path.open("rb") as stream:
        for number in range(count):
            stream.seek((whole - size) * number // (count - 1))
            yield stream.read(size)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == _GZIP


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
