"""Which files of one feed belong together, and the order in which the messages of several were received.

Recorders keep one file for everything or one for each stream, a new one each day or hour. Files that share a kind of
message ("depth", "trade") and follow one another are one strand; where they lie side by side in time they are two
recordings of the same market, which must not be mixed. Strands of different kinds belong together.

Wrong where a recorder's clock was set by more than the time between its files."""

from __future__ import annotations

import dataclasses
import datetime as dt
import heapq
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from nowake.data.readers.clock_skew import Ints
from nowake.data.readers.contract import Recording, Wanted
from nowake.domain.units import NS_PER_MINUTE

_MAY_OVERLAP_NS = NS_PER_MINUTE  # A recorder that begins a new file may end the old one a little later.


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What the ends of a file say.

    `market` is what must be equal in files that belong together; `kinds` are the kinds of messages, `begin_ns` and
    `end_ns` the local times of the first and the last, `first` and `last` the dates of whole days in it.
    """

    path: Path
    market: tuple[str, ...]
    kinds: frozenset[str]
    begin_ns: int
    end_ns: int
    first: dt.date
    last: dt.date


AnyPart = TypeVar("AnyPart", bound=Part)
Message = TypeVar("Message")


def together(parts: Sequence[AnyPart], *, rank: Callable[[AnyPart], int]) -> list[list[AnyPart]]:
    """The files of each recording, by when they begin.

    Parameters
    ----------
    rank
        Which kinds others are put beside: low for those that tell the book.
    """
    strands: list[list[AnyPart]] = []
    for part in sorted(parts, key=lambda part: (part.market, part.begin_ns, part.path)):
        going_on = [strand for strand in strands if _goes_on(strand, part)]
        if going_on:
            max(going_on, key=lambda strand: _is_alike(strand[-1], part)).append(part)
        else:
            strands.append([part])
    whole: list[list[AnyPart]] = []
    for strand in sorted(strands, key=lambda strand: (strand[0].market, rank(strand[0]))):
        beside = [others for others in whole if _belongs(others, strand)]
        if beside:
            max(beside, key=lambda others: others[0].path.parent == strand[0].path.parent).extend(strand)
        else:
            whole.append(strand)
    return [sorted(group, key=lambda part: (part.begin_ns, part.path)) for group in whole]


def recorded(format_name: str, groups: Sequence[Sequence[AnyPart]], venue_of: Callable[[str], str]) -> list[Recording]:
    """The recordings that the groups of `together` are; a market names its exchange first, then its symbols."""
    return [
        Recording(
            format_name,
            venue_of(group[0].market[0]),
            group[0].market[1:],
            min(part.first for part in group),
            max(part.last for part in group),
            tuple(part.path for part in group),
            detail,
        )
        for group, detail in zip(groups, details(groups), strict=True)
    ]


def details(groups: Sequence[Sequence[AnyPart]]) -> list[str]:
    """What tells recordings apart: the name of the first file where another is of the same market and days."""
    found = []
    for group in groups:
        rivals = [other for other in groups if other is not group and other[0].market == group[0].market]
        found.append(_stem(group[0].path) if any(_days_meet(group, other) for other in rivals) else "")
    return found


class BytesRead:
    """Adds up what is read of several files for the caller's progress."""

    def __init__(self, files: Sequence[Path], wanted: Wanted) -> None:
        self._progress, self._total = wanted.progress, sum(path.stat().st_size for path in files)
        self._of_file: dict[Path, int] = {}

    def of(self, path: Path) -> Callable[[int], None]:
        """What to call with the bytes read of one file."""

        def tell(count: int) -> None:
            self._of_file[path] = count
            if self._progress is not None:
                self._progress(sum(self._of_file.values()), self._total)

        return tell


class Reading(NamedTuple, Generic[Message]):
    """A file that is read: when its first message was received, and blocks of (local time in ns, message)."""

    begin_ns: int
    blocks: Iterator[list[tuple[int, Message]]]


def as_received(readings: Sequence[Reading[Message]]) -> Iterator[list[tuple[int, Message]]]:
    """The messages of files that may lie side by side, in the order they were received, some at a time.

    Parameters
    ----------
    readings
        By `begin_ns`; of each nothing is read before the others have come to where it begins.
    """
    closed = deque(readings)
    opened: list[_Opened[Message]] = []
    while closed or opened:
        if not opened:
            opened.append(_Opened(closed.popleft()))
        opened = [one for one in opened if one.has_more()]
        until_ns = min((one.newest_ns for one in opened), default=0)
        if closed and closed[0].begin_ns <= until_ns:
            opened.append(_Opened(closed.popleft()))
        elif opened:
            taken = [one.take_until(until_ns) for one in opened]
            merged = taken[0] if len(taken) == 1 else list(heapq.merge(*taken, key=itemgetter(0)))
            yield [message for _, message in merged]


class _Opened(Generic[Message]):
    """What was read of a file and waits for the others: messages, and by which time each is due."""

    def __init__(self, reading: Reading[Message]) -> None:
        self._blocks = reading.blocks
        self._held: list[tuple[int, Message]] = []
        self._due_ns: Ints = np.zeros(0, np.int64)

    def has_more(self) -> bool:
        """Whether something is held, after reading on where nothing was."""
        while not self._held:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._held, self._due_ns = block, _due_ns(np.array([local_ns for local_ns, _ in block], np.int64))
        return True

    @property
    def newest_ns(self) -> int:
        """When the last message held is due."""
        return int(self._due_ns[-1])

    def take_until(self, until_ns: int) -> list[tuple[int, tuple[int, Message]]]:
        """The messages due up to a time, each behind when it is due."""
        count = int(np.searchsorted(self._due_ns, until_ns, side="right"))
        taken = list(zip(self._due_ns[:count].tolist(), self._held[:count], strict=True))
        self._held, self._due_ns = self._held[count:], self._due_ns[count:]
        return taken


def _due_ns(local_ns: Ints) -> Ints:
    """Local times that never go back, without single ones that are damaged."""
    before, after = np.r_[local_ns[:1], local_ns[:-1]], np.r_[local_ns[1:], local_ns[-1:]]
    middle = np.maximum(np.minimum(before, local_ns), np.minimum(np.maximum(before, local_ns), after))
    due_ns: Ints = np.maximum.accumulate(middle)
    return due_ns


def _goes_on(strand: Sequence[Part], part: Part) -> bool:
    """Whether a file is the next one of a strand, whose files begin and end one after the other."""
    last = strand[-1]
    return (
        last.market == part.market
        and bool((strand[0].kinds | last.kinds) & part.kinds)
        and (part.first - last.last).days <= 1
        and not _lie_side_by_side(last, part)
    )


def _is_alike(one: Part, other: Part) -> tuple[bool, bool]:
    """How much two names look like those of one recorder."""
    return one.path.parent == other.path.parent, _without_digits(one.path) == _without_digits(other.path)


def _belongs(others: Sequence[Part], strand: Sequence[Part]) -> bool:
    """Whether a strand tells other messages of the market and days of a recording."""
    if others[0].market != strand[0].market or not _days_meet(others, strand):
        return False
    kinds = frozenset[str]().union(*(each.kinds for each in others))
    return not any(each.kinds & kinds for each in strand)


def _days_meet(some: Sequence[Part], others: Sequence[Part]) -> bool:
    return min(each.first for each in some) <= max(each.last for each in others) and min(
        each.first for each in others
    ) <= max(each.last for each in some)


def _lie_side_by_side(one: Part, other: Part) -> bool:
    both_ns = min(one.end_ns, other.end_ns) - max(one.begin_ns, other.begin_ns)
    shorter_ns = min(one.end_ns - one.begin_ns, other.end_ns - other.begin_ns)
    return one.begin_ns == other.begin_ns or both_ns > min(_MAY_OVERLAP_NS, shorter_ns // 2)


def _without_digits(path: Path) -> str:
    return "".join(sign for sign in path.name if not sign.isdigit())


def _stem(path: Path) -> str:
    return path.name.partition(".")[0]
