"""The events a Hawkes process is fitted to: one window, stamps that differ, seconds from its begin.

Two events of one stamp are impossible in a point process and poison a fit: a kernel that may act at once explains them
with a decay without bound. Stamps coarser than the events come are therefore refused, or spread over the stamp's
resolution at random, from a seed, on purpose (Bowsher 2007, "Modelling security market events in continuous time",
Journal of Econometrics 141, section 5, spreads ties likewise). All events are spread then, not the ties alone, which
would leave a comb. What happens within one resolution can then not be told, and no decay beyond it should be believed.

Wrong where the ties are one event that a feed reports in parts: merge those first, as `market_orders.Tape` does."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.hawkes.model import Floats, Ints
from nowake.microstructure.market_orders import Tape, check_tape

_TOO_MANY_TIED = 0.5  # Share of events with another of their stamp from which the order is anybody's guess.


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class HawkesEvents:
    """Events of D kinds in a window.

    Parameters
    ----------
    time_s
        float64[n]: seconds from the begin of the window, increasing; below 0 is history, which excites but is not
        judged.
    kind
        int64[n]: 0 to D - 1.
    end_s
        Length of the window.
    dimensions
        D.
    resolution_s
        Length of a stamp where events were spread over it, else 0.
    tied
        Events that had another at their stamp, before spreading.
    names
        What the dimensions are.

    Raises
    ------
    BadData
        When stamps do not increase, or an event is after the end or of no kind.
    """

    time_s: Floats
    kind: Ints
    end_s: float
    dimensions: int
    resolution_s: float = 0.0
    tied: int = 0
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not (0 < self.end_s < np.inf and self.dimensions >= 1):
            raise BadParameter(f"end_s {self.end_s} must be above 0 and dimensions {self.dimensions} 1 or more")
        if len(self.time_s) != len(self.kind) or not np.isfinite(self.time_s).all():
            raise BadData(f"{len(self.time_s)} times and {len(self.kind)} kinds must be as many, and finite")
        if len(self.time_s) and self.time_s[-1] > self.end_s:
            raise BadData(f"an event at {self.time_s[-1]} s is after the window's end at {self.end_s} s; leave it out")
        if not np.isin(self.kind, np.arange(self.dimensions)).all():
            raise BadData(
                f"kinds {np.unique(self.kind).tolist()} must be whole numbers from 0 to {self.dimensions - 1}"
            )
        same = int((np.diff(self.time_s) <= 0).sum())
        if same:
            raise BadData(
                f"{same:,} of {len(self.time_s):,} events are not after the one before; sort, and spread ties"
            )

    def __len__(self) -> int:
        """Events inside the window."""
        return int((self.time_s >= 0).sum())

    @property
    def counts(self) -> Ints:
        """int64[D]: events inside the window, by kind."""
        return np.bincount(self.kind[self.time_s >= 0], minlength=self.dimensions).astype(np.int64)

    @property
    def rate(self) -> float:
        """Events a second."""
        return len(self) / self.end_s


def hawkes_events(
    times_ns: Sequence[Ints],
    *,
    start_ns: int,
    end_ns: int,
    history_ns: int = 0,
    resolution_ns: int | None = None,
    seed: int = 0,
    names: Sequence[str] = (),
) -> HawkesEvents:
    """Events from stamps, one array for each dimension.

    Parameters
    ----------
    times_ns
        int64 arrays, in any order; what is outside the window and the history is left out.
    start_ns, end_ns
        The window; its end is in it.
    history_ns
        How long before the window events still excite it.
    resolution_ns
        Length of a stamp, 1,000,000 for milliseconds: spread events over it. By default ties are refused.
    seed
        Of the spreading.

    Raises
    ------
    BadParameter
        When the window is empty or the resolution is not above 0.
    BadData
        When two events share a stamp and no resolution is given, or more than half of all do: then even spread they
        tell no order.
    """
    if end_ns <= start_ns or history_ns < 0:
        raise BadParameter(f"the window from {start_ns} to {end_ns} less {history_ns} of history must not be empty")
    if resolution_ns is not None and resolution_ns <= 0:
        raise BadParameter(f"resolution_ns {resolution_ns} must be above 0; leave it out where no stamps are tied")
    if not times_ns:
        raise BadParameter("no dimension is given; give one array of stamps for each")
    stamps = [np.asarray(each, np.int64) for each in times_ns]
    stamps = [each[(each >= start_ns - history_ns) & (each <= end_ns)] for each in stamps]
    time_ns = np.concatenate(stamps)
    kind = np.repeat(np.arange(len(stamps)), [len(each) for each in stamps])
    order = np.argsort(time_ns, kind="stable")
    time_ns, kind = time_ns[order], kind[order]
    tied = _tied(time_ns)
    if tied > _TOO_MANY_TIED * len(time_ns) or (tied and resolution_ns is None):
        raise BadData(
            f"{tied:,} of {len(time_ns):,} events share their stamp with another; merge what is one event, "
            "or give resolution_ns, the length of a stamp, to spread them (not where it is more than half of them)"
        )
    time_s = (time_ns - start_ns) / NS_PER_SECOND
    if resolution_ns is not None:
        time_s, kind = _spread(time_s, kind, resolution_ns / NS_PER_SECOND, seed)
    end_s = (end_ns - start_ns + (resolution_ns or 0)) / NS_PER_SECOND
    return HawkesEvents(
        time_s=time_s,
        kind=kind,
        end_s=end_s,
        dimensions=len(stamps),
        resolution_s=(resolution_ns or 0) / NS_PER_SECOND,
        tied=tied,
        names=tuple(names),
    )


def market_order_events(tape: Tape, *, resolution_ns: int | None = None, seed: int = 0) -> HawkesEvents:
    """Market orders of a tape: buyers' are dimension 0, sellers' dimension 1. See `hawkes_events`.

    Parameters
    ----------
    tape
        `market_orders.read_tape(day.quotes, day.trades, day.instrument.session)`.
    """
    check_tape(tape)
    return hawkes_events(
        [tape.time_ns[tape.sign > 0], tape.time_ns[tape.sign < 0]],
        start_ns=tape.start_ns,
        end_ns=tape.end_ns,
        resolution_ns=resolution_ns,
        seed=seed,
        names=("buys", "sells"),
    )


def _tied(time_ns: Ints) -> int:
    """How many events have another at their stamp."""
    _, counts = np.unique(time_ns, return_counts=True)
    return int(counts[counts > 1].sum())


def _spread(time_s: Floats, kind: Ints, resolution_s: float, seed: int) -> tuple[Floats, Ints]:
    """Each event anywhere within its stamp, sorted anew; a stamp is cut off, not rounded, so later, never earlier."""
    moved = time_s + np.random.default_rng(seed).uniform(0.0, resolution_s, len(time_s))
    order = np.argsort(moved, kind="stable")
    return moved[order], kind[order]
