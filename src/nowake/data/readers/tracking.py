"""The Python end of the readers' order tables: memory, growth, and what was told sorted by instrument.

What is told waits by instrument until it makes a piece. When all that waits grows beyond `WAITING`, the largest heaps
are handed out first: a few busy names make most of a feed, so thousands of quiet ones need no small pieces. The first
piece of an instrument holds at least `FIRST_EVENTS` records, or all there are, so that what is decided by those does
not depend on what else is read."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from nowake.data.readers.contract import PIECE_EVENTS
from nowake.kernels import runtime
from nowake.kernels.tracking_state import (
    FULL_TABLE,
    READ,
    REHASH_CONTEXT,
    TALLY,
    TOLD,
    TRACKED,
)

Told = npt.NDArray[np.void]

WAITING = 3 * PIECE_EVENTS  # Records of 40 bytes.
FIRST_EVENTS = 1 << 10
_FEW_UNKNOWN, _SHARE_UNKNOWN = 100, 0.1  # More messages than these about unknown orders spoil a replay.
_WORDS = np.dtype(f"V{TOLD.itemsize}")  # A record as one lump: numpy copies fields one by one.


class Tracker:
    """A kernel that reads bytes and tells what orders did, with the memory it works in.

    Parameters
    ----------
    entry
        Of `nowake.kernels.runtime`, "itch:parse".
    context
        The record of its context, whose first words are `nowake.kernels.tracking_state.TRACKING`.
    instruments
        How many there can be; they are numbered from 0.
    told_at_once, first_bits
        How many records are told before Python takes them, and of how many bits a place in the first table is; it
        grows.
    settings
        Other words of the context.
    """

    def __init__(
        self,
        entry: str,
        context: np.dtype[Any],
        *,
        instruments: int,
        told_at_once: int = 1 << 19,
        first_bits: int = 16,
        **settings: int,
    ) -> None:
        self._kernel, self._rehash = runtime.load(entry), runtime.load("tracking:rehash")
        self._context = np.zeros(1, context)
        self._begin = 0
        self._table = np.zeros(1 << first_bits, TRACKED)
        self._told = np.zeros(told_at_once, TOLD)
        self.tallies = np.zeros(instruments, TALLY)
        self._seen = self.tallies.copy()
        self.set(
            table=self._table.ctypes.data,
            table_bits=first_bits,
            told=self._told.ctypes.data,
            told_capacity=len(self._told),
            tallies=self.tallies.ctypes.data,
            **settings,
        )

    def set(self, **words: int) -> None:
        """Set words of the context."""
        for name, value in words.items():
            self._context[name] = value

    def get(self, name: str) -> int:
        """A word of the context."""
        return int(self._context[name][0])

    def read(self, content: npt.NDArray[np.uint8]) -> Iterator[tuple[int, Told]]:
        """Read bytes from their beginning: (why it stopped, what was told), again and again until all is read.

        What was told lies in memory that the next round writes over.
        Where it stops for the caller, the caller steps over what it read (`skip`) before taking the next. What is
        left at the end, from `position` on, is part of a message and belongs before the next bytes.
        """
        self._begin = content.ctypes.data
        self.set(start=self._begin, end=self._begin + len(content))
        status = None
        while status != READ:
            status = self._kernel(self._context.ctypes.data)
            told = self._told[: self.get("told_count")]
            self.set(told_count=0)
            if status == FULL_TABLE:
                self._grow()
            yield status, told

    @property
    def position(self) -> int:
        """Where in the bytes it stopped."""
        return self.get("start") - self._begin

    def skip(self, count: int) -> None:
        """Step over bytes that Python has read."""
        self.set(start=self.get("start") + count)

    def noticed(self, owner: int) -> dict[str, int]:
        """How often what could not be taken at its word since the last asking, for one instrument."""
        now, before = self.tallies[owner], self._seen[owner]
        new = {name: int(now[name] - before[name]) for name in TALLY.names or ()}
        self._seen[owner] = now
        return {name: count for name, count in new.items() if count}

    def standing(self) -> npt.NDArray[np.void]:
        """The orders in the table, those first in the queue first."""
        live: npt.NDArray[np.void] = self._table[self._table["side"] != 0]
        ordered: npt.NDArray[np.void] = live[np.argsort(live["place"])]
        return ordered

    def _grow(self) -> None:
        bits = self.get("table_bits") + 1
        larger, context = np.zeros(1 << bits, TRACKED), np.zeros(1, REHASH_CONTEXT)
        context["table"], context["table_bits"] = larger.ctypes.data, bits
        context["old_table"], context["old_bits"] = self._table.ctypes.data, bits - 1
        self._rehash(context.ctypes.data)
        self._table = larger
        self.set(table=larger.ctypes.data, table_bits=bits, tracked=int(context["tracked"][0]))


def lacks_orders(counts: dict[str, int], told: int) -> str:
    """Why a replay would lie where many messages are about orders that were never introduced; empty where few are."""
    unknown = counts.get("unknown_orders", 0)
    if unknown <= max(_FEW_UNKNOWN, _SHARE_UNKNOWN * told):
        return ""
    return (
        f"{unknown:,} messages beside {told:,} others are about orders that were never introduced, as those older than "
        "the file, so the book would lack much of what stood; use a file from the begin of the day, or with a snapshot"
    )


@dataclasses.dataclass(slots=True, eq=False)
class Heaps:
    """What was told, waiting by instrument."""

    waiting: int = 0
    _heaps: dict[int, list[Told]] = dataclasses.field(default_factory=dict)
    _sizes: dict[int, int] = dataclasses.field(default_factory=dict)
    _begun: set[int] = dataclasses.field(default_factory=set)  # Those that gave a piece.

    def add(self, told: Told) -> None:
        """Take what was told of many instruments."""
        if not len(told):
            return
        owners = told["owner"].astype(np.uint16)  # Of 16 bits it sorts by radix.
        order = np.argsort(owners, kind="stable")
        ordered = told.view(_WORDS).take(order, axis=0)
        cuts = [0, *(np.flatnonzero(np.diff(owners[order])) + 1).tolist(), len(told)]
        for begin, end in itertools.pairwise(cuts):
            owner = int(owners[order[begin]])
            part = ordered[begin:end].copy()  # A view would keep all the others alive.
            self._heaps.setdefault(owner, []).append(part)
            self._sizes[owner] = self._sizes.get(owner, 0) + end - begin
        self.waiting += len(told)

    def full(self) -> Iterator[tuple[int, Told]]:
        """The heaps that make a piece, and the largest ones while too much waits in all."""
        for owner in [owner for owner, size in self._sizes.items() if size >= PIECE_EVENTS]:
            yield owner, self.take(owner)
        if self.waiting > WAITING:
            for owner in sorted(self._sizes, key=lambda one: -self._sizes[one]):
                if self.waiting <= WAITING // 2:
                    break
                if owner in self._begun or self._sizes[owner] >= FIRST_EVENTS:
                    yield owner, self.take(owner)

    def rest(self) -> Iterator[tuple[int, Told]]:
        """All that waits."""
        for owner in sorted(self._sizes):
            yield owner, self.take(owner)

    def take(self, owner: int) -> Told:
        """All of one instrument."""
        self._begun.add(owner)
        self.waiting -= self._sizes.pop(owner)
        told: Told = np.concatenate(self._heaps.pop(owner)).view(TOLD)
        return told
