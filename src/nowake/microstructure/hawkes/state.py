"""Where a Hawkes process stands at an instant: its rates now, what it will do on average, how much of it is echo.

Given the past, the mean of the memory R of each cell moves as dR/ds = -beta R + lambda_source, lambda = mu + W R, which
is linear; the mean number of events over a horizon is its integral (Dassios & Zhao 2011, "A dynamic contagion process",
Advances in Applied Probability 43, for one dimension). Exact, by the exponential of the matrix.

Stamps may be equal here: each event then adds to what those told before it left. Nothing after the instant counts."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Trades
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.hawkes.events import HawkesEvents
from nowake.microstructure.hawkes.model import Floats, Hawkes, Ints
from nowake.microstructure.whole import whole


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class HawkesState:
    """A process at an instant.

    Parameters
    ----------
    model
        The process.
    time_s
        The instant, in seconds from the begin of the window.
    memory
        float64[cells]: sums of exponentials of `model.cells`.
    """

    model: Hawkes
    time_s: float
    memory: Floats

    @property
    def intensity(self) -> Floats:
        """float64[D]: events a second, now."""
        return np.asarray(self.model.baseline_at(self.time_s) + self.model.cells.weight @ self.memory)

    @property
    def endogenous_share(self) -> Floats:
        """float64[D]: part of the intensity that earlier events made, from 0 to 1."""
        return np.asarray(1.0 - self.model.baseline_at(self.time_s) / self.intensity)

    def expected(self, horizon_s: float) -> Floats:
        """float64[D]: mean number of events in the next seconds, children of those to come included.

        Raises
        ------
        BadParameter
            When the horizon is negative or not finite.
        """
        if not 0 <= horizon_s < np.inf:
            raise BadParameter(f"horizon_s {horizon_s} must be 0 or more and finite")
        from scipy.linalg import expm  # noqa: PLC0415

        cells, size = self.model.cells, self.model.dimensions
        count = len(cells.decay)
        fed = (cells.source[:, None] == np.arange(size)).astype(np.float64)  # Which dimension feeds a cell.
        end = self.time_s + horizon_s
        inner = self.model.edges_s[(self.model.edges_s > self.time_s) & (self.model.edges_s < end)]
        at = np.concatenate((self.memory, np.zeros(size), [1.0]))  # Memory, counts, and 1 that carries the baseline.
        edges = [self.time_s, *inner.tolist(), end]
        for begin, until in itertools.pairwise(edges):
            baseline = self.model.baseline_at(begin)
            flow = np.zeros((count + size + 1,) * 2)
            flow[:count, :count] = fed @ cells.weight - np.diag(cells.decay)
            flow[:count, -1] = fed @ baseline
            flow[count:-1, :count] = cells.weight
            flow[count:-1, -1] = baseline
            at = expm(flow * (until - begin)) @ at
        return np.asarray(at[count:-1])


def hawkes_state(model: Hawkes, time_s: Floats, kind: Ints, *, at_s: float) -> HawkesState:
    """The state at an instant after these events, those of that very stamp included.

    Parameters
    ----------
    time_s, kind
        float64[n] seconds from the begin of the window, not decreasing; int64[n].

    Raises
    ------
    BadData
        When times go back, or kinds are not the model's.
    """
    _check(model, time_s, kind)
    past = int(np.searchsorted(time_s, at_s, side="right"))
    memory, _, _ = _walk(model, time_s[:past], kind[:past])
    if past:
        memory = memory * np.exp(-model.cells.decay * (at_s - time_s[past - 1]))
    return HawkesState(model, at_s, memory)


def hawkes_state_of_trades(model: Hawkes, trades: Trades, *, start_ns: int) -> HawkesState | None:
    """The state just after the last print, as `HawkesGauge` tells it; None where there is no print.

    Prints in a row of one stamp and one side count once, those without a side not at all.

    Raises
    ------
    BadData
        When the process has no two dimensions.
    """
    _check_two_sided(model)
    if not len(trades):
        return None
    told = trades.aggressor != 0
    time_ns, kind = trades.time_ns[told], (trades.aggressor[told] < 0).astype(np.int64)
    first = np.append(True, (np.diff(time_ns) > 0) | (np.diff(kind) != 0))[: len(kind)]
    time_s = (time_ns[first] - start_ns) / NS_PER_SECOND
    at_s = (int(trades.time_ns[-1]) - start_ns) / NS_PER_SECOND
    return hawkes_state(model, time_s, kind[first], at_s=at_s)


def hawkes_intensity(model: Hawkes, time_s: Floats, kind: Ints) -> Floats:
    """float64[n, D]: intensities just before each event, in events a second.

    Raises
    ------
    BadData
        When times go back, or kinds are not the model's.
    """
    _check(model, time_s, kind)
    return _walk(model, time_s, kind)[1]


def hawkes_residuals(model: Hawkes, events: HawkesEvents) -> tuple[Floats, ...]:
    """For each dimension, what its intensity added up to from one of its events to the next, the first from 0.

    If the process is the true one they are independent and exponential of mean 1 (Papangelou 1972; Ogata 1988,
    "Statistical models for earthquake occurrences and residual analysis for point processes", Journal of the American
    Statistical Association 83).
    """
    if model.dimensions != events.dimensions:
        raise BadParameter(f"a process of {model.dimensions} dimensions does not fit events of {events.dimensions}")
    _, _, integral = _walk(model, events.time_s, events.kind)
    inside = events.time_s >= 0
    return tuple(np.diff(integral[inside & (events.kind == i), i], prepend=0.0) for i in range(model.dimensions))


class HawkesGauge:
    """A process beside a live market: dimension 0 is told of buyers' market orders, dimension 1 of sellers'.

    Prints in a row of one stamp and one side are one market order, as in `market_orders.Tape`. A print without a side
    is passed over and counted in `unsigned`. Its value is the intensity of all dimensions together, events a second, at
    the last stamp told; quotes move the time only. For other dimensions tell `on_event`.

    Parameters
    ----------
    model
        A process, for instance a fitted one.
    start_ns
        Where its window begins: the pieces of its baseline count from there.

    Examples
    --------
    >>> from nowake.microstructure.hawkes.model import Hawkes
    >>> gauge = HawkesGauge(Hawkes(np.ones(2), np.full((2, 2), 0.25), 2.0), start_ns=0)
    >>> gauge.on_trade(1_000_000_000, 100, 5, 1)
    >>> gauge.value
    3.0
    """

    def __init__(self, model: Hawkes, *, start_ns: int) -> None:
        self.model = model
        self.start_ns = start_ns
        self.unsigned = 0
        cells = model.cells
        self._decays: list[float] = cells.decay.tolist()
        self._sources: list[int] = cells.source.tolist()
        self._weights: list[float] = cells.weight.sum(axis=0).tolist()
        self._memory = [0.0] * len(self._decays)
        self._clock_ns: int | None = None
        self._event_ns: int | None = None
        self._last_print: tuple[int, int] | None = None

    def on_quote(self, time_ns: int, bid_ticks: int, bid_lots: int, ask_ticks: int, ask_lots: int) -> None:  # noqa: ARG002
        """The best quotes changed: only the time counts.

        Raises
        ------
        BadData
            When it is earlier than what was told before.
        """
        self._check_time(time_ns)
        self._clock_ns = time_ns

    def on_trade(self, time_ns: int, price_ticks: int, lots: int, side: int) -> None:  # noqa: ARG002
        """A print.

        Raises
        ------
        BadData
            When it is earlier than what was told before, or the process has no two dimensions.
        """
        time_ns, side = whole(time_ns=time_ns, side=side)
        self._check_time(time_ns)
        _check_two_sided(self.model)
        self._clock_ns = time_ns
        if side == 0:
            self.unsigned += 1
            return
        kind = 0 if side > 0 else 1
        if self._last_print != (time_ns, kind):
            self.on_event(time_ns, kind)
            self._last_print = time_ns, kind

    def on_event(self, time_ns: int, kind: int) -> None:
        """An event of a dimension, 0 to D - 1, each one counted.

        Raises
        ------
        BadData
            When it is earlier than what was told before, or there is no such dimension.
        """
        self._check_time(time_ns)
        if not 0 <= kind < self.model.dimensions:
            raise BadData(f"kind {kind} must be from 0 to {self.model.dimensions - 1}")
        memory = self._faded(time_ns)
        for c, source in enumerate(self._sources):
            if source == kind:
                memory[c] += 1.0
        self._memory, self._event_ns, self._clock_ns = memory, time_ns, time_ns

    @property
    def value(self) -> float:
        """Events a second of all dimensions, now; NaN before anything was told."""
        if self._clock_ns is None:
            return math.nan
        baseline = float(self.model.baseline_at(self._seconds(self._clock_ns)).sum())
        memory = self._faded(self._clock_ns)
        return baseline + sum(weight * each for weight, each in zip(self._weights, memory, strict=True))

    @property
    def state(self) -> HawkesState | None:
        """Rates, expected events and share of echo now; None before anything was told."""
        if self._clock_ns is None:
            return None
        return HawkesState(self.model, self._seconds(self._clock_ns), np.array(self._faded(self._clock_ns)))

    def _seconds(self, time_ns: int) -> float:
        return (time_ns - self.start_ns) / NS_PER_SECOND

    def _faded(self, time_ns: int) -> list[float]:
        """The memory at a stamp; itself is left, so that rounding does not depend on who asks when."""
        if self._event_ns is None:
            return list(self._memory)
        gap = self._seconds(time_ns) - self._seconds(self._event_ns)
        return [each * math.exp(-decay * gap) for each, decay in zip(self._memory, self._decays, strict=True)]

    def _check_time(self, time_ns: int) -> None:
        if self._clock_ns is not None and time_ns < self._clock_ns:
            raise BadData(f"an event at {time_ns} is before the last one, at {self._clock_ns}; sort by time")


def _check_two_sided(model: Hawkes) -> None:
    if model.dimensions != 2:
        raise BadData(f"a process of {model.dimensions} dimensions has no buys and sells; tell on_event of its own")


def _check(model: Hawkes, time_s: Floats, kind: Ints) -> None:
    back = np.flatnonzero(~(np.diff(time_s) >= 0))
    if len(back):
        row = int(back[0]) + 1
        raise BadData(f"row {row}: time {time_s[row]} s is not at or after {time_s[row - 1]} s; sort by time")
    if len(kind) != len(time_s) or (len(kind) and not 0 <= kind.min() <= kind.max() < model.dimensions):
        raise BadData(
            f"{len(kind)} kinds for {len(time_s)} times must be as many, and whole from 0 to {model.dimensions - 1}"
        )


def _walk(model: Hawkes, time_s: Floats, kind: Ints) -> tuple[Floats, Floats, Floats]:
    """Memory after the last event; intensities before each, and their integrals up to it, (n, D)."""
    from nowake.kernels import hawkes, runtime  # noqa: PLC0415

    runtime.announce_njit(hawkes.walk, "compiling Hawkes processes")
    cells, shape = model.cells, (len(time_s), model.dimensions)
    memory, before, integral = np.zeros(len(cells.decay)), np.empty(shape), np.empty(shape)
    hawkes.walk(
        np.asarray(time_s, np.float64),
        np.asarray(kind, np.int64),
        model.edges_s,
        np.ascontiguousarray(model.baseline),
        *cells,
        memory,
        before,
        integral,
    )
    return memory, before, integral
