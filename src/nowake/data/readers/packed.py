"""Files as bytes, whatever they are packed in: plain, gzip, bzip2, xz or zstandard, known by their first bytes.

The name of a file says nothing here. A file that ends inside its packing is refused, never read as a shorter one."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

from nowake.domain.errors import BadData, NotFound

HEAD_BYTES = 1 << 16
_CHUNK_BYTES = 1 << 22
_LITTLE_BYTES = 1 << 10
_GZIP, _BZIP2, _XZ, _ZSTD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"

Progress = Callable[[int, int], None]
T = TypeVar("T")


def head(path: Path) -> bytes:
    """The first 64 KiB, unpacked; less where the file is shorter, empty where it cannot be read at all."""
    content = b""
    try:
        with path.open("rb") as raw:
            stream = _unpacked(raw)
            while len(content) < HEAD_BYTES and (chunk := stream.read(_LITTLE_BYTES)):  # Keeps what precedes damage.
                content += chunk
    except (OSError, EOFError, zlib.error, lzma.LZMAError, _zstd_error()):
        return content
    return content[:HEAD_BYTES]


def each_that_opens(files: Iterable[Path], look: Callable[[Path], T]) -> list[tuple[T, Path]]:
    """What a look into each file gives, the damaged ones left out; all damaged, the first one's error."""
    found, error = [], None
    for path in files:
        try:
            found.append((look(path), path))
        except BadData as damaged:
            error = error or damaged
    if error is not None and not found:
        raise error
    return found


def beginning(path: Path, count: int) -> bytes:
    """The first `count` bytes, unpacked, fewer where the file has fewer; errors as for `chunks`."""
    content = b""
    for chunk in chunks(path, size=count):
        content += chunk
        if len(content) >= count:
            break
    return content[:count]


def chunks(
    path: Path,
    *,
    size: int = _CHUNK_BYTES,
    done_bytes: int = 0,
    all_bytes: int = 0,
    progress: Progress | None = None,
) -> Iterator[bytes]:
    """The unpacked content in pieces of about `size` bytes.

    Parameters
    ----------
    path
        The file.
    size
        Bytes of a piece; the last one is shorter.
    done_bytes, all_bytes
        What `progress` is told beside this file: packed bytes of the files before it, and of all.
    progress
        Called after each piece with the packed bytes read so far and the bytes in all.

    Raises
    ------
    NotFound
        When the file is not there.
    BadData
        When it is empty, ends inside its packing, or is damaged.
    """
    if not path.is_file():
        raise NotFound(f"{path} is not there")
    if path.stat().st_size == 0:
        raise BadData(f"{path.name} is empty; copy it again")
    whole = all_bytes or path.stat().st_size
    read = 0
    with path.open("rb") as raw:
        try:
            stream = _unpacked(raw)
            while chunk := stream.read(size):
                read += len(chunk)
                yield chunk
                if progress is not None:
                    progress(min(done_bytes + raw.tell(), whole), whole)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, _zstd_error()) as error:
            reason = str(error).rstrip(".") or "it ends too early"
            raise BadData(
                f"{path.name} cannot be unpacked beyond byte {read:,} of its content ({reason}); copy it again"
            ) from None


def is_packed(path: Path) -> bool:
    """Whether a file is packed in one of the ways above."""
    with path.open("rb") as raw:
        return raw.read(6).startswith((_GZIP, _BZIP2, _XZ, _ZSTD))


def _unpacked(raw: BinaryIO) -> BinaryIO:
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(_GZIP):
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    if magic.startswith(_BZIP2):
        return cast(BinaryIO, bz2.BZ2File(raw))
    if magic.startswith(_XZ):
        return cast(BinaryIO, lzma.LZMAFile(raw))
    if magic.startswith(_ZSTD):
        from backports import zstd  # noqa: PLC0415

        return cast(BinaryIO, zstd.ZstdFile(raw))
    return raw


def _zstd_error() -> type[Exception]:
    from backports import zstd  # noqa: PLC0415

    return cast(type[Exception], zstd.ZstdError)
