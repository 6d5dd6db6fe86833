"""How long one kind of message takes: always the same, as recorded, drawn from what was recorded, or behind a backlog.

A leg is a pure function of when a message leaves and of its number, so a run repeats byte for byte. Compiled code reads
the same legs as records (`nowake.kernels.legs`, `delays`); each `delay_ns` here is its plain twin.

Recorded delays are those of the recorder's place and machine, and of messages that did arrive. A backlog knows the
venue's own messages only: ours, and other symbols on the same machine, queue behind nothing."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Receipts
from nowake.domain.randomness import draw
from nowake.domain.units import NS_PER_MS, NS_PER_SECOND, NS_PER_US, parse_duration
from nowake.kernels.legs import CONSTANT, DRAWS, LEG, STEPS, TABLE

Ints = NDArray[np.int64]

LONGEST_NS = 3_600 * NS_PER_SECOND  # Of one message; a longer delay is a mistake of units or of clocks.

_UNITS = ((NS_PER_SECOND, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "us"))
_GAMMA = np.uint64(0x9E3779B97F4A7C15)


class Leg(Protocol):
    """How long messages of one kind take."""

    def delay_ns(self, time_ns: int, number: int, leg: int) -> int:
        """Of message `number` that leaves at `time_ns`; `leg` is the leg's number in `nowake.kernels.legs`."""
        ...

    def delays_ns(self, times_ns: Ints, leg: int) -> Ints:
        """Of messages 0, 1, ... that leave at these times, which are sorted."""
        ...

    @property
    def least_ns(self) -> int:
        """No message takes less."""
        ...

    def record(self, leg: int) -> NDArray[np.void]:
        """One LEG record. Its addresses are of arrays of this leg, which must live as long as it."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Constant:
    """Every message takes `ns` nanoseconds.

    Raises
    ------
    BadParameter
        When it is negative or longer than an hour.
    """

    ns: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "ns", duration_ns(self.ns, "delay"))

    def delay_ns(self, _time_ns: int, _number: int, _leg: int) -> int:
        """The constant."""
        return self.ns

    def delays_ns(self, times_ns: Ints, _leg: int) -> Ints:
        """The constant, as often as asked."""
        return np.full(len(times_ns), self.ns)

    @property
    def least_ns(self) -> int:
        """The constant."""
        return self.ns

    def record(self, leg: int) -> NDArray[np.void]:
        """One LEG record."""
        return _record(kind=CONSTANT, delay_ns=self.ns, number=leg)

    def __str__(self) -> str:
        return duration_text(self.ns)


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The delay of the last row at or before a message leaves; of the first row before that.

    Parameters
    ----------
    times_ns
        int64[n], sorted; of rows with one time the last counts.
    rows_ns
        int64[n], the delays.
    worn_off_ns
        Where given, a row's delay shrinks by one nanosecond in each that passes, down to this: a backlog that is
        worked off. Otherwise it stays until the next row.
    words
        How it prints.

    Raises
    ------
    BadData
        When there is no row, times go back, or a delay is negative or longer than an hour.
    """

    times_ns: Ints
    rows_ns: Ints
    worn_off_ns: int | None = None
    words: str = "a table"

    def __post_init__(self) -> None:
        object.__setattr__(self, "times_ns", np.ascontiguousarray(self.times_ns, np.int64))
        object.__setattr__(self, "rows_ns", np.ascontiguousarray(self.rows_ns, np.int64))
        if not len(self.times_ns) or len(self.times_ns) != len(self.rows_ns):
            raise BadData(f"{len(self.times_ns)} times and {len(self.rows_ns)} delays; a table needs one of each a row")
        back = np.flatnonzero(np.diff(self.times_ns) < 0)
        if len(back):
            row = int(back[0]) + 1
            raise BadData(
                f"row {row}: time {self.times_ns[row]} is before {self.times_ns[row - 1]} in the row above; "
                "sort the rows by time"
            )
        _check_delays(self.rows_ns)

    def delay_ns(self, time_ns: int, _number: int, _leg: int) -> int:
        """Of the last row at or before."""
        row = int(self.times_ns.searchsorted(time_ns, "right")) - 1
        worn_off_ns = self.worn_off_ns
        if row < 0:
            return int(self.rows_ns[0]) if worn_off_ns is None else worn_off_ns
        delay_ns = int(self.rows_ns[row])
        return delay_ns if worn_off_ns is None else max(delay_ns - (time_ns - int(self.times_ns[row])), worn_off_ns)

    def delays_ns(self, times_ns: Ints, _leg: int) -> Ints:
        """Of the last row at or before each time."""
        rows = np.searchsorted(self.times_ns, times_ns, "right") - 1
        delays = self.rows_ns[np.maximum(rows, 0)]
        if self.worn_off_ns is None:
            return delays
        worn = np.maximum(delays - (times_ns - self.times_ns[np.maximum(rows, 0)]), self.worn_off_ns)
        return np.where(rows < 0, self.worn_off_ns, worn)

    @property
    def least_ns(self) -> int:
        """The shortest of the rows, or what a backlog wears off to."""
        return int(self.rows_ns.min()) if self.worn_off_ns is None else self.worn_off_ns

    def record(self, leg: int) -> NDArray[np.void]:
        """One LEG record."""
        return _record(
            kind=TABLE,
            delay_ns=int(self.rows_ns[0]) if self.worn_off_ns is None else self.worn_off_ns,
            times=self.times_ns.ctypes.data,
            delays=self.rows_ns.ctypes.data,
            count=len(self.times_ns),
            least_ns=STEPS if self.worn_off_ns is None else self.worn_off_ns,
            number=leg,
        )

    def __str__(self) -> str:
        return self.words


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Each message takes one of the given delays, drawn by the seed, the leg and the message's number.

    Draws do not depend on each other: recorded delays come in bursts, these do not.

    Parameters
    ----------
    pool_ns
        int64[n], in any order.
    seed
        Another seed gives another run of luck.

    Raises
    ------
    BadData
        When there is none, or one is negative or longer than an hour.
    BadParameter
        When the seed is not from 0 to 2**63 - 1.
    """

    pool_ns: Ints
    seed: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "pool_ns", np.sort(np.asarray(self.pool_ns, np.int64)))
        if not len(self.pool_ns):
            raise BadData("no delays to draw from; give at least one")
        _check_delays(self.pool_ns)
        if not 0 <= self.seed < 1 << 63:
            raise BadParameter(f"seed {self.seed!r} must be a whole number from 0 to 2**63 - 1")

    def delay_ns(self, _time_ns: int, number: int, leg: int) -> int:
        """Of the drawn rank."""
        return int(self.pool_ns[int(draw(self.seed, leg, number) * len(self.pool_ns))])

    def delays_ns(self, times_ns: Ints, leg: int) -> Ints:
        """Of the drawn ranks of messages 0, 1, ..."""
        numbers = np.arange(len(times_ns), dtype=np.uint64)
        with np.errstate(over="ignore"):  # SplitMix64 counts modulo 2**64.
            state = _mix(_mix(_mix(np.uint64(self.seed)) ^ np.uint64(leg)) ^ numbers)
        ranks = (state >> np.uint64(11)).astype(np.float64) * 2.0**-53 * len(self.pool_ns)
        return self.pool_ns[ranks.astype(np.int64)]

    @property
    def least_ns(self) -> int:
        """The shortest."""
        return int(self.pool_ns[0])

    def record(self, leg: int) -> NDArray[np.void]:
        """One LEG record."""
        pool = self.pool_ns
        return _record(kind=DRAWS, delays=pool.ctypes.data, count=len(pool), seed=self.seed, number=leg)

    def __str__(self) -> str:
        low, middle, high = (duration_text(int(np.quantile(self.pool_ns, q, method="nearest"))) for q in (0, 0.5, 0.99))
        count = f"{len(self.pool_ns):,}"
        return f"drawn from {count} recorded (least {low}, median {middle}, 99th percentile {high}; seed {self.seed})"


@dataclasses.dataclass(frozen=True, slots=True)
class Backlog:
    """A venue that serves one message at a time: the way itself, and the wait behind the day's own messages.

    The wait of message n is W(n) = max(W(n-1) + service - gap, 0) (Lindley 1952, "The theory of queues with a single
    server", equation 1), gap being the time between the two. A market message is late by way + wait + service; one of
    ours arrives behind all that are waiting when it comes, and is not waited for by later ones.

    Parameters
    ----------
    way
        Without any wait: nanoseconds, or a text as "150us".
    service
        Of each message.

    Raises
    ------
    BadParameter
        When a duration cannot be.
    """

    way: int | str
    service: int | str

    def __post_init__(self) -> None:
        for name in ("way", "service"):
            object.__setattr__(self, name, duration_ns(getattr(self, name), name))

    def of_market(self, times_ns: Ints) -> Table:
        """The leg for the day's own messages, which leave at these times."""
        way_ns, service_ns = self._ns
        waits_ns = waits(times_ns, service_ns)
        return Table(times_ns, waits_ns + (way_ns + service_ns), words=str(self)) if len(times_ns) else self._idle()

    def of_ours(self, times_ns: Ints, *, way_first: bool) -> Table:
        """The leg for messages of ours: `way_first` when they go to the venue, False when they come from it."""
        if not len(times_ns):
            return self._idle()
        way_ns, service_ns = self._ns
        behind_ns = waits(times_ns, service_ns) + (way_ns + 2 * service_ns)
        arrive_ns = times_ns - way_ns if way_first else times_ns
        return Table(arrive_ns, behind_ns, worn_off_ns=way_ns + service_ns, words=str(self))

    @property
    def _ns(self) -> tuple[int, int]:
        assert isinstance(self.way, int)
        assert isinstance(self.service, int)
        return self.way, self.service

    def _idle(self) -> Table:
        return Table(np.zeros(1, np.int64), np.array([sum(self._ns)]), words=str(self))

    def __str__(self) -> str:
        way, service = (duration_text(ns) for ns in self._ns)
        return f"{way} and the backlog of a venue that takes {service} a message"


def waits(times_ns: Ints, service_ns: int) -> Ints:
    """How long each of a row of messages waits until a server of one at a time begins with it, exactly.

    Lindley's recursion unrolled: W(n) = S(n) - min over k <= n of S(k), S being the sum of service - gap.

    Parameters
    ----------
    times_ns
        int64[n] of arrivals, sorted.
    service_ns
        Of each message.
    """
    if not len(times_ns):
        return np.zeros(0, np.int64)
    sums = np.arange(len(times_ns)) * service_ns - (times_ns - times_ns[0])
    waits_ns: Ints = sums - np.minimum.accumulate(sums)
    return waits_ns


def recorded(receipts: Receipts) -> Table:
    """The delay recorded last at or before the moment.

    Raises
    ------
    BadData
        When there are no receipts, they were received out of order, or the venue's clock is ahead of ours.
    """
    venue_ns, delays_ns = _delays(receipts)
    order = np.argsort(venue_ns, kind="stable")
    return Table(venue_ns[order], delays_ns[order], words=f"as recorded at the moment ({len(venue_ns):,} messages)")


def drawn(receipts: Receipts, *, seed: int = 0) -> Draws:
    """Draws from the recorded delays; errors as for `recorded`."""
    return Draws(_delays(receipts)[1], seed)


def _delays(receipts: Receipts) -> tuple[Ints, Ints]:
    """Venue times and delays, where the two clocks can be believed."""
    venue_ns, local_ns = np.asarray(receipts.venue_ns, np.int64), np.asarray(receipts.local_ns, np.int64)
    if not len(venue_ns):
        raise BadData("no receipts: nothing tells how late messages were; give a constant latency")
    back = np.flatnonzero(np.diff(local_ns) < 0)
    if len(back):
        row = int(back[0]) + 1
        raise BadData(
            f"receipt {row} was received at {local_ns[row]}, before the one above it at {local_ns[row - 1]}; "
            "give receipts in the order received, from one clock"
        )
    ahead = np.flatnonzero(local_ns < venue_ns)
    if len(ahead):
        row, skew_ns = int(ahead[0]), int((venue_ns - local_ns).max())
        raise BadData(
            f"receipt {row} was received {duration_text(int(venue_ns[row] - local_ns[row]))} before it was sent: the "
            f"two clocks disagree; add at least {duration_text(skew_ns)} to every local time"
        )
    return venue_ns, local_ns - venue_ns


def duration_ns(value: object, name: str) -> int:
    """Nanoseconds of a whole number or a text as "200us".

    Raises
    ------
    BadParameter
        When it is neither, negative, or longer than an hour.
    """
    if isinstance(value, str):
        value = parse_duration(value)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise BadParameter(f"{name} {value!r} is not a duration; give whole nanoseconds or a text as '200us'")
    if not 0 <= value <= LONGEST_NS:
        raise BadParameter(f"{name} {value} must be from 0 ns to an hour")
    return int(value)


def duration_text(ns: int) -> str:
    """A duration in the largest unit of which it has at least one: 200 us, 1.5 ms."""
    for unit_ns, name in _UNITS:
        if ns >= unit_ns:
            return f"{ns / unit_ns:.12g} {name}"
    return f"{ns} ns"


def _check_delays(delays_ns: Ints) -> None:
    wrong = np.flatnonzero((delays_ns < 0) | (delays_ns > LONGEST_NS))
    if len(wrong):
        row = int(wrong[0])
        raise BadData(f"row {row}: a delay of {delays_ns[row]} ns must be from 0 ns to an hour; correct the clocks")


def _mix(state: NDArray[np.uint64] | np.uint64) -> NDArray[np.uint64]:
    """SplitMix64's step of `nowake.domain.randomness`, on arrays."""
    z = np.asarray(state + _GAMMA)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed


def _record(**fields: int) -> NDArray[np.void]:
    record = np.zeros(1, LEG)
    for name, value in fields.items():
        record[name] = value
    return record
