"""The append-only record of a run: what came in, what was decided, what was sent. Replaying it gives the same bytes.

A file is a magic line and frames of `length | check of length | check of payload | payload`, payloads in msgpack. Each
check is a CRC-32 that goes on from the one before, so a changed, missing, doubled or moved frame shows at its place.
The payloads are chained by SHA-256 as well, and the footer seals the chain. Frames are written in groups; what a group
commit has written survives `kill -9`, and with `sync=True` a power cut. A torn end is what a crash leaves and is cut
off; damage anywhere before it is refused."""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from nowake.domain.command import AnyCommand
from nowake.domain.decider import Reason
from nowake.domain.errors import BadJournal, BadParameter, NotFound
from nowake.domain.event import AnyEvent, DenyReason
from nowake.domain.order import ParentOrder
from nowake.engine.gate import Limits
from nowake.engine.reconcile import Patience

MAGIC = b"NOWAKE JOURNAL 1\n"
_LENGTH = struct.Struct("<I")
_FRAME = struct.Struct("<III")


class Header(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What was run: enough to run it again."""

    version: str
    order: ParentOrder
    algorithm: dict[str, Any]
    seed: int
    limits: Limits
    patience: Patience
    world: str
    data_source: str
    data_fingerprint: str
    assumptions: tuple[str, ...]


class Sent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A command, the reason of its child, and why the gate kept it back if it did."""

    command: AnyCommand
    reason: Reason
    denied: DenyReason | None = None


class Turn(msgspec.Struct, frozen=True, tag=True):
    """One turn of the loop: the events learned, the reason of the decision, the commands it led to."""

    events: tuple[AnyEvent, ...]
    reason: Reason
    sent: tuple[Sent, ...] = ()


class Footer(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """How it ended, and the hash of everything before it. A journal without one was cut short."""

    chain: str
    executed_lots: int
    residual_lots: int
    residual_reason: Reason | None


Record = Header | Turn | Footer
_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


class Journal:
    """Writer of one journal. Without a path it only keeps the hash.

    Parameters
    ----------
    path
        File to create; it must not exist, for a journal is never overwritten. Missing folders are made.
    commit_every
        Records in a group: 1 makes each durable before anything it says is acted on.
    sync
        Whether a commit also waits for the disk (power cuts), not only for the operating system (crashes).
    """

    def __init__(self, path: Path | None = None, *, commit_every: int = 64, sync: bool = False) -> None:
        if commit_every < 1:
            raise BadParameter(f"commit_every {commit_every} must be 1 or more")
        self.path = path
        self._commit_every = commit_every
        self._sync = sync
        self._chain = hashlib.sha256(MAGIC)
        self._check = 0
        self._pending: list[bytes] = [MAGIC]
        self._file: int | None = None
        self._is_open = path is not None
        if path is not None and path.exists():
            raise _exists(path)

    @property
    def hash(self) -> str:
        """Hash of every payload so far, in hexadecimal."""
        return self._chain.hexdigest()

    def append(self, record: Record) -> None:
        """Add a record; it is committed with its group."""
        payload = _encoder.encode(record)
        self._chain.update(payload)
        if self._is_open:
            head = zlib.crc32(_LENGTH.pack(len(payload)), self._check)
            self._check = zlib.crc32(payload, head)
            self._pending += (_FRAME.pack(len(payload), head, self._check), payload)
            if len(self._pending) >= 2 * self._commit_every:
                self.commit()

    def commit(self) -> None:
        """Make every record so far durable. The first commit makes the file, with its header in it or not at all."""
        if not self._is_open or not self._pending:
            return
        data = b"".join(self._pending)
        self._pending.clear()
        if self._file is None:
            assert self.path is not None
            self._file = _create(self.path, data, sync=self._sync)
        else:
            _write(self._file, data, sync=self._sync)

    def close(self) -> None:
        """Commit and let go of the file."""
        self.commit()
        self._is_open = False
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Contents(NamedTuple):
    """A journal as read: its records, its hash, and how many bytes of a torn tail were cut off."""

    header: Header
    turns: tuple[Turn, ...]
    footer: Footer | None
    hash: str
    torn_bytes: int


def read(path: Path) -> Contents:
    """Read a journal up to its last durable record.

    Raises
    ------
    NotFound
        When there is no such file.
    BadJournal
        When it is not a journal, or is damaged before its last frame; the message shows the offset.
    """
    try:
        data = path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        raise NotFound(f"journal {path} is not a file; give the path that the run printed") from None
    if not data.startswith(MAGIC):
        raise BadJournal(f"{path} is not a nowake journal: it begins with {data[:16]!r}")
    chain = hashlib.sha256(MAGIC)
    records: list[Record] = []
    end = len(MAGIC)
    for payload, end in _frames(data, path):
        record = _decode(payload, path, end)
        if isinstance(record, Footer) and record.chain != chain.hexdigest():
            raise BadJournal(f"{path}: its seal {record.chain[:16]} is not the hash of its records; restore a copy")
        records.append(record)
        chain.update(payload)
    if not records or not isinstance(records[0], Header):
        raise BadJournal(f"{path} was cut before its header was durable; there is nothing to replay")
    footer = records[-1] if isinstance(records[-1], Footer) else None
    body = records[1:-1] if footer else records[1:]
    turns = tuple(record for record in body if isinstance(record, Turn))
    if len(turns) != len(body):
        raise BadJournal(f"{path} holds a header or footer between its turns; it was joined from several files")
    return Contents(records[0], turns, footer, chain.hexdigest(), len(data) - end)


def _frames(data: bytes, path: Path) -> Iterator[tuple[bytes, int]]:
    """Payloads and the offset after each, until the end or a torn one."""
    at, check = len(MAGIC), 0
    while at + _FRAME.size <= len(data):
        length, head, body = _FRAME.unpack_from(data, at)
        start = at + _FRAME.size
        end = start + length
        is_head = zlib.crc32(_LENGTH.pack(length), check) == head
        payload = data[start:end]
        if not is_head or (end <= len(data) and zlib.crc32(payload, head) != body):
            if any(data[end:] if is_head else data[start:]):
                raise BadJournal(f"{path} is damaged at byte {at} with {len(data) - at} bytes after it; restore a copy")
            return  # Zeros, or nothing, follow: the end of a write that a crash cut short.
        if end > len(data):
            return
        yield payload, end
        at, check = end, body


def _decode(payload: bytes, path: Path, end: int) -> Record:
    try:
        return _decoder.decode(payload)
    except msgspec.DecodeError as error:
        raise BadJournal(f"{path}: the record ending at byte {end} cannot be read: {error}") from None


def _create(path: Path, data: bytes, *, sync: bool) -> int:
    """A new file that appears under its name with its first records in it, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        _write(file, data, sync=sync)
        os.fchmod(file, 0o644)  # A temporary file is private; a journal is to be read.
        os.link(unfinished, path)
    except BaseException as error:
        os.close(file)
        if isinstance(error, FileExistsError):
            raise _exists(path) from None
        raise
    finally:
        os.unlink(unfinished)
    return file


def _write(file: int, data: bytes, *, sync: bool) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]
    if sync:
        os.fdatasync(file)


def _exists(path: Path) -> BadParameter:
    return BadParameter(f"journal {path} already exists and is never overwritten; choose another name")
