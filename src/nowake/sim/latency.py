"""How long messages take between the venue and us: six legs, each with its own delay.

    feed     the venue's event -> we know                 market data
    decide   we know -> our command leaves                our own machine
    send     it leaves -> it reaches the matching engine  new orders
    cancel   the same for cancels and reductions          a fill may come first: the cancel loses the race
    ack      the engine's answer -> we know               accepted, rejected, cancelled, reduced
    fill     the engine's fill -> we know

Messages of one direction do not overtake: one that would is held until the one before it has arrived. Market data,
what we send, and news of our orders are three directions.

Ignores that messages get lost and that a venue may answer on several sessions. A larger latency makes taking dearer,
but not resting: while a cancel is under way an order stands where the market was, and what then reaches it fills it,
at prices history never paid. So try several before believing a passive run."""

from __future__ import annotations

import dataclasses
from typing import Any, Never, Self

import numpy as np
from numpy.typing import NDArray

from nowake.domain.errors import BadParameter
from nowake.domain.market import Receipts
from nowake.domain.units import NS_PER_US
from nowake.kernels.legs import LEG
from nowake.sim import legs
from nowake.sim.legs import Backlog, Constant, Draws, Ints, Table

Leg = Constant | Table | Draws
Given = int | str | Leg | Backlog  # What a user may give for a leg.

NAMES = ("feed", "decide", "send", "ack", "fill", "cancel")  # In the order of `nowake.kernels.legs`.
DEFAULT_NS = 200 * NS_PER_US  # A server in the same city as the venue and no special hardware.


@dataclasses.dataclass(frozen=True, slots=True, init=False)
class Latency:
    """The six legs between a venue and us.

    Parameters
    ----------
    feed, decide, send, ack
        Nanoseconds, a text as "200us", or a leg of `nowake.sim.legs`: Constant, Table, Draws or Backlog. 200
        microseconds unless given, and no time to decide.
    fill, cancel
        As `ack` and `send` unless given.

    Raises
    ------
    BadParameter
        When a leg is negative, longer than an hour, no duration or none of the six, or decide is a backlog.

    Examples
    --------
    >>> print(Latency(feed="1ms", send=300_000))
    market data 1 ms, orders and cancels 300 us, answers and fills 200 us
    """

    feed: Leg | Backlog
    decide: Leg | Backlog
    send: Leg | Backlog
    ack: Leg | Backlog
    fill: Leg | Backlog
    cancel: Leg | Backlog

    def __init__(
        self,
        *,
        feed: Given = DEFAULT_NS,
        decide: Given = 0,
        send: Given = DEFAULT_NS,
        ack: Given = DEFAULT_NS,
        fill: Given | None = None,
        cancel: Given | None = None,
        **unknown: Never,
    ) -> None:
        if unknown:
            raise BadParameter(f"no leg {min(unknown)!r}; there are {', '.join(NAMES)}")
        given = (feed, decide, send, ack, ack if fill is None else fill, send if cancel is None else cancel)
        for name, value in zip(NAMES, given, strict=True):
            object.__setattr__(self, name, _leg(value, name))

    @classmethod
    def of(cls, given: Latency | str | None) -> Latency:
        """As given, of a text as by `parse`, or unless given 200 microseconds each way.

        Raises
        ------
        BadParameter
            When it is none of these, or as `parse`.
        """
        if given is None:
            return cls()
        if isinstance(given, str):
            return cls.parse(given)
        if not isinstance(given, Latency):
            raise BadParameter(
                f"latency {given!r} is neither a text as '200us' nor a Latency; say Latency.constant(...)"
            )
        return given

    @classmethod
    def constant(cls, one_way: int | str) -> Self:
        """The same time for every message of every kind; deciding takes none."""
        return cls(feed=one_way, send=one_way, ack=one_way)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Latency of a text: "200us" for every way, or legs by name as "feed=1ms,send=300us".

        Raises
        ------
        BadParameter
            When a leg is not one of ours, is given twice, or its duration cannot be.
        """
        if "=" not in text:
            return cls.constant(text)
        given: dict[str, Any] = {}
        for part in text.split(","):
            name, _, duration = (word.strip() for word in part.partition("="))
            if name not in NAMES:
                raise BadParameter(f"no leg {name!r} in latency {text!r}; there are {', '.join(NAMES)}")
            if name in given:
                raise BadParameter(f"latency {text!r} gives {name} twice; give it once")
            given[name] = duration
        return cls(**given)

    @classmethod
    def recorded(cls, receipts: Receipts, *, draws: bool = False, seed: int = 0, **others: Given) -> Self:
        """As a feed was recorded by two clocks: market data, and every other way too unless said otherwise.

        Parameters
        ----------
        receipts
            When messages left the venue and when the recorder had them.
        draws
            False for the delay at that moment (of the latest record at or before), True for draws from all of them.
        seed
            Of the draws.
        others
            Legs that differ, by name. Nothing in a feed's record says how long orders take; without better knowledge
            the way there takes as long as the way back.

        Raises
        ------
        BadData
            When there are no receipts, they were received out of order, or the two clocks disagree.
        BadParameter
            When the day was stamped by one clock and has none to give, or a leg is none of ours.
        """
        if not isinstance(receipts, Receipts):
            raise BadParameter(
                f"receipts {receipts!r} are not of two clocks; give day.receipts of a day that has them, or a constant "
                "latency"
            )
        leg = legs.drawn(receipts, seed=seed) if draws else legs.recorded(receipts)
        chosen: dict[str, Any] = {"feed": leg, "send": leg, "ack": leg} | others
        return cls(**chosen)

    def over(self, times_ns: Ints) -> tuple[Leg, ...]:
        """The six legs in the order of `NAMES`, any backlog being that of a venue with events at these times."""
        return tuple(
            _of_backlog(leg, name, times_ns) if isinstance(leg, Backlog) else leg
            for name, leg in zip(NAMES, self._legs, strict=True)
        )

    @property
    def _legs(self) -> tuple[Leg | Backlog, ...]:
        return self.feed, self.decide, self.send, self.ack, self.fill, self.cancel

    def __str__(self) -> str:
        """Legs that are alike are told together, and deciding only where it takes time."""
        parts = [f"market data {self.feed}"]
        if self.decide != Constant(0):
            parts.append(f"deciding {self.decide}")
        parts += _together(("orders", self.send), ("cancels", self.cancel))
        parts += _together(("answers", self.ack), ("fills", self.fill))
        return ", ".join(parts)

    __repr__ = __str__


def records(latency_legs: tuple[Leg, ...]) -> NDArray[np.void]:
    """LEG records of the six legs, for compiled code; their addresses hold as long as the legs live."""
    return np.concatenate([leg.record(number) for number, leg in enumerate(latency_legs)]).astype(LEG)


def _leg(value: Given, name: str) -> Leg | Backlog:
    if name == "decide" and isinstance(value, Backlog):
        raise BadParameter(f"decide {value} is a venue's backlog, and deciding is ours; give a duration")
    if isinstance(value, (Constant, Table, Draws, Backlog)):
        return value
    return Constant(legs.duration_ns(value, name))


def _together(*told: tuple[str, Leg | Backlog]) -> list[str]:
    (one, leg), (other, another) = told
    return [f"{one} and {other} {leg}"] if leg == another else [f"{one} {leg}", f"{other} {another}"]


def _of_backlog(backlog: Backlog, name: str, times_ns: Ints) -> Leg:
    if name == "feed":
        return backlog.of_market(times_ns)
    return backlog.of_ours(times_ns, way_first=name in {"send", "cancel"})
