"""Run a journal again, turn by turn, and compare."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import msgspec

from nowake.algos import Algorithm
from nowake.domain.errors import BadJournal
from nowake.domain.version import VERSION
from nowake.engine import journal as journals
from nowake.engine.journal import Header
from nowake.engine.replay import Difference
from nowake.engine.replay import replay as replay_turns
from nowake.engine.run import RunRecord


class Replay(NamedTuple):
    """What a replay found. `same` is whether every turn came out as recorded, byte for byte."""

    path: str
    header: Header
    algorithm: Algorithm
    record: RunRecord
    recorded_hash: str
    is_complete: bool
    torn_bytes: int
    difference: Difference | None

    @property
    def replayed_hash(self) -> str:
        """The hash of the turns as they came out now."""
        return self.record.journal_hash

    @property
    def same(self) -> bool:
        """Whether the hashes agree."""
        return self.recorded_hash == self.replayed_hash

    def __str__(self) -> str:
        clock = self.header.order.instrument.session.clock
        rows = [
            f"journal   {self.path}",
            f"order     {self.header.order}",
            f"algorithm {self.header.algorithm.get('type')} in {self.header.world}, seed {self.header.seed}",
            f"turns     {self.record.decisions:,}, executed {self.record.executed_lots:,} lots, "
            f"left {self.record.residual_lots:,}",
            f"recorded  {self.recorded_hash}",
            f"replayed  {self.replayed_hash}",
        ]
        if self.torn_bytes:
            rows.append(f"torn      {self.torn_bytes:,} bytes after the last durable record were cut off")
        if not self.is_complete:
            rows.append("ended     the run was cut short: replayed up to its last durable record")
        if self.header.version != VERSION:
            rows.append(f"version   recorded by nowake {self.header.version}, replayed by {VERSION}")
        if self.difference is not None:
            rows += [
                f"DIFFERS   at turn {self.difference.turn:,}, {clock(self.difference.time_ns, fraction=True)}",
                f"  recorded  {self.difference.recorded}",
                f"  replayed  {self.difference.replayed}",
            ]
        else:
            rows.append("same      every turn came out as recorded" if self.same else "DIFFERS   in its first record")
        return "\n".join(rows)


def replay(path: str | os.PathLike[str]) -> Replay:
    """Take every turn of a journal again from its recorded events, and compare what was decided and sent.

    Raises
    ------
    NotFound
        When there is no such file.
    BadJournal
        When it is no journal, is damaged before its end, or names an algorithm this version does not have.
    """
    contents = journals.read(Path(path))
    try:
        decider = msgspec.convert(contents.header.algorithm, Algorithm)
    except msgspec.ValidationError as error:
        name = contents.header.algorithm.get("type")
        raise BadJournal(f"{path}: algorithm {name!r} cannot be made again: {error}") from None
    if decider.order != contents.header.order:
        raise BadJournal(f"{path}: its header is of {contents.header.order}, its algorithm of {decider.order}")
    result = replay_turns(contents, decider)
    return Replay(
        path=str(path),
        header=contents.header,
        algorithm=decider,
        record=msgspec.structs.replace(result.record, journal_path=str(path)),
        recorded_hash=contents.hash,
        is_complete=contents.footer is not None,
        torn_bytes=contents.torn_bytes,
        difference=result.difference,
    )
