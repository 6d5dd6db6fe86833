"""The buckets of a basket: even in time from its start to its last deadline, with auctions as buckets of no length.

Three clocks run in them. Risk runs by the session's time, with the hours' own volatility where a profile is given; cost
runs by volume where a curve is given, else by time; an auction has volume and no time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.models.volume import VolumeCurve
from nowake.schedules.portfolio.basket import Basket, Line

Flags = npt.NDArray[np.bool_]

MOST_BUCKETS = 20_000
A_SESSION = 26  # Buckets of a quarter of an hour in six and a half hours.
SAME = 1e-9  # Sessions within which two instants are one.


class Auction(msgspec.Struct, frozen=True, kw_only=True):
    """A call auction, held once in every session.

    Parameters
    ----------
    name
        "open", "close".
    at
        When, as a share of the session: 0 at its open, 1 at its close.
    volume_share
        Shares expected to trade in it as a fraction of the day's continuous volume.
    impact
        What trading in it costs in temporary impact, as a multiple of trading as much continuously among the same
        volume; below 1 where the auction is deeper.
    spread
        Part of the half-spread paid; nothing is crossed in an auction.
    max_participation
        Largest trade as a fraction of its volume; None for the basket's own limit.

    Raises
    ------
    BadParameter
        When a number is out of range.
    """

    name: str
    at: float
    volume_share: float
    impact: float = 1.0
    spread: float = 0.0
    max_participation: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.at <= 1:
            raise BadParameter(f"auction {self.name} at {self.at} must be between 0 (open) and 1 (close)")
        for field in ("volume_share", "impact"):
            if not 0 < getattr(self, field) < math.inf:
                raise BadParameter(f"{field} {getattr(self, field)} of auction {self.name} must be above 0 and finite")
        if not 0 <= self.spread < math.inf:
            raise BadParameter(f"spread {self.spread} of auction {self.name} must be 0 or more and finite")
        if self.max_participation is not None and not 0 < self.max_participation < math.inf:
            raise BadParameter(f"max_participation {self.max_participation} of auction {self.name} must be above 0")


class Timeline(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """T buckets in order.

    Parameters
    ----------
    starts_days, ends_days
        (T,) in sessions from the basket's start; equal for an auction.
    auctions
        T of them, None where trading is continuous.
    """

    starts_days: Floats
    ends_days: Floats
    auctions: tuple[Auction | None, ...]

    @property
    def days(self) -> Floats:
        """(T,) lengths in sessions; 0 for an auction."""
        return np.asarray(self.ends_days - self.starts_days)

    @property
    def is_auction(self) -> Flags:
        """(T,)."""
        return np.array([auction is not None for auction in self.auctions])

    @property
    def names(self) -> tuple[str, ...]:
        """T names of auctions, empty where trading is continuous."""
        return tuple("" if auction is None else auction.name for auction in self.auctions)

    def __len__(self) -> int:
        return len(self.starts_days)


def timeline_of(basket: Basket, buckets: int | None, auctions: tuple[Auction, ...] = ()) -> Timeline:
    """Even buckets to the last deadline, cut where an auction is held.

    Parameters
    ----------
    buckets
        How many, auctions apart and before they cut any; by default 26 a session, and ten at least.

    Raises
    ------
    BadParameter
        When there are too few or too many, or two auctions share a name.
    """
    horizon = basket.horizon_days
    count = max(10, round(A_SESSION * horizon)) if buckets is None else buckets
    if not 1 <= count <= MOST_BUCKETS:
        raise BadParameter(f"{count} buckets must be between 1 and {MOST_BUCKETS:,}")
    if len({auction.name for auction in auctions}) < len(auctions):
        raise BadParameter("two auctions share a name; each is held once a session and needs its own")
    held = sorted(_held(basket, auctions), key=lambda each: each[0])
    edges = [horizon * k / count for k in range(count + 1)]
    edges += [at for at, _ in held if min(abs(at - edge) for edge in edges) > SAME]
    edges.sort()
    rows: list[tuple[float, float, Auction | None]] = [(at, at, auction) for at, auction in held if at <= SAME]
    for start, end in itertools.pairwise(edges):
        rows.append((start, end, None))
        rows += [(end, end, auction) for at, auction in held if abs(at - end) <= SAME]
    starts, ends, kinds = zip(*rows, strict=True)
    return Timeline(starts_days=np.array(starts), ends_days=np.array(ends), auctions=kinds)


def _held(basket: Basket, auctions: tuple[Auction, ...]) -> list[tuple[float, Auction]]:
    """Every auction between the basket's start and its end, in sessions from the start."""
    last = math.ceil(basket.horizon_days + basket.offset_days + SAME)
    found = [
        (session + auction.at - basket.offset_days, auction) for session in range(last + 1) for auction in auctions
    ]
    end = basket.horizon_days
    return [(max(at, 0.0), each) for at, each in found if -SAME <= at <= end + (SAME if each.at > 0 else -SAME)]


def available(timeline: Timeline, lines: tuple[Line, ...]) -> Floats:
    """(T, N) sessions of each bucket inside each line's window; of an auction 1 where the line may take part, else 0.

    At the turn of a session a line that ends is in the close and not in the next open, and one that starts the reverse.
    """
    starts = np.array([line.start_days for line in lines])
    ends = np.array([line.end_days for line in lines])
    inside = np.minimum(timeline.ends_days[:, None], ends) - np.maximum(timeline.starts_days[:, None], starts)
    inside = np.where(inside > SAME, inside, 0.0)
    after = np.array([SAME if each is not None and each.at == 1 else -SAME for each in timeline.auctions])
    before = np.array([-SAME if each is not None and each.at == 0 else SAME for each in timeline.auctions])
    at = timeline.ends_days[:, None]
    takes_part = (at >= starts + after[:, None]) & (at <= ends + before[:, None])
    return np.where(timeline.is_auction[:, None], takes_part.astype(np.float64), inside)


def volume_days(timeline: Timeline, basket: Basket, curve: VolumeCurve | Mapping[str, VolumeCurve] | None) -> Floats:
    """(T, N) of continuous trading inside each line's window, in days of volume; 0 in auctions.

    Without a curve volume runs evenly. A curve is laid over each session, its first edge on the open and its last on
    the close.

    Raises
    ------
    BadParameter
        When a line has no curve, or no volume in its window.
    """
    inside = np.where(timeline.is_auction[:, None], 0.0, available(timeline, basket.lines))
    if curve is None:
        return inside
    shares = np.empty_like(inside)
    for i, line in enumerate(basket.lines):
        own = curve if isinstance(curve, VolumeCurve) else curve.get(line.symbol)
        if own is None:
            raise BadParameter(f"no volume curve is given for {line.symbol}; give one for each line, or one for all")
        starts = np.clip(timeline.starts_days, line.start_days, line.end_days) + basket.offset_days
        ends = np.clip(timeline.ends_days, line.start_days, line.end_days) + basket.offset_days
        shares[:, i] = np.where(inside[:, i] > 0, _until(own, ends) - _until(own, starts), 0.0)
        if not shares[:, i].sum() > 0:
            raise BadParameter(f"the volume curve of {line.symbol} has no volume in its window; use a smoothed curve")
    return shares


def _until(curve: VolumeCurve, days: Floats) -> Floats:
    """Days of volume from the first session's open to some instants, in sessions from it."""
    edges = np.array(curve.edges_ns, dtype=np.float64)
    places = (edges - edges[0]) / (edges[-1] - edges[0])
    done = np.concatenate(([0.0], np.cumsum(curve.shares)))
    whole = np.floor(days)
    return np.asarray(whole + np.interp(days - whole, places, done / done[-1]))


def risk_days(
    timeline: Timeline, basket: Basket, profile: tuple[float, ...], overnight: float
) -> tuple[Floats, Floats]:
    """(T,) variance of each bucket in sessions of it, by the hours' volatility, and (T,) that of nights after it.

    A night inside a bucket that the turn of the session does not cut is the bucket's own.

    Parameters
    ----------
    profile
        Volatility of equal parts of the session against each other; empty where it is even.
    overnight
        Variance from a close to the next open, in sessions of it; of what is left at the close.

    Raises
    ------
    BadParameter
        When a factor or the night is below 0 or not finite, or all factors are 0.
    """
    if not 0 <= overnight < math.inf:
        raise BadParameter(f"overnight {overnight} must be 0 or more and finite, in sessions of variance")
    starts, ends = timeline.starts_days + basket.offset_days, timeline.ends_days + basket.offset_days
    inside, after = (overnight * each for each in _nights(timeline, ends, basket.horizon_days + basket.offset_days))
    if not profile:
        return timeline.days + inside, after
    squares = np.square(np.asarray(profile, dtype=np.float64))
    if not (np.isfinite(squares).all() and min(profile) >= 0 and squares.sum() > 0):
        raise BadParameter(f"factors {profile[:8]} of a volatility profile must be finite, 0 or more and not all 0")
    done = np.concatenate(([0.0], np.cumsum(squares / squares.sum())))
    places = np.arange(len(done)) / len(squares)
    until = [np.floor(at) + np.interp(at - np.floor(at), places, done) for at in (starts, ends)]
    return until[1] - until[0] + inside, after


def _nights(timeline: Timeline, ends: Floats, last: float) -> tuple[Floats, Floats]:
    """(T,) and (T,) nights before the last deadline inside each bucket, and after it; opening auctions follow them.

    `ends` and `last` count from the first session's open.
    """
    inside, after = np.zeros(len(timeline)), np.zeros(len(timeline))
    opening = np.array([each is not None and each.at == 0 for each in timeline.auctions])
    for turn in range(1, math.ceil(last - SAME)):
        done = np.flatnonzero((ends <= turn + SAME) & ~opening)
        # A bucket across the turn holds the night itself.
        at_turn = len(done) > 0 and ends[done[-1]] >= turn - SAME
        if at_turn:
            after[done[-1]] += 1
        else:
            inside[int(np.argmax(ends > turn))] += 1
    return inside, after
