"""The log-likelihood of a Hawkes process with its exact first and second slopes, in O(events x dimensions x terms).

    log L = sum_i [ sum_n log lambda_i(t_n) - integral of lambda_i over the window ]

(Ogata 1978, "The asymptotic behaviour of maximum likelihood estimators for stationary point processes", Annals of the
Institute of Statistical Mathematics 30; Ozaki 1979, ibid. 31, for the recursion.) A `Layout` says which numbers are
free: baselines, alphas (or one scale a pair where the shape is a `PowerLaw`) and logarithms of decays, of all pairs
together, of each pair, or none."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from nowake.microstructure.hawkes.events import HawkesEvents
from nowake.microstructure.hawkes.model import Floats, Hawkes, Ints, PowerLaw

Decays = Literal["shared", "pair"] | Sequence[float] | PowerLaw


class Likelihood(NamedTuple):
    """Value, first slopes float64[p] and second slopes float64[p, p] in the free numbers."""

    value: float
    slope: Floats
    curvature: Floats


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Which numbers of a process are free, and how a vector of them is one.

    `given` are decays that are fixed, `shares` the fixed parts of each kernel, where they are.
    """

    dimensions: int
    edges_s: Floats
    terms: int
    per_pair: bool = False
    given: Floats | None = None
    shares: Floats | None = None

    @property
    def pieces(self) -> int:
        """Pieces of the baseline."""
        return len(self.edges_s) + 1

    @property
    def baselines(self) -> int:
        """How many free numbers are baselines; they come first."""
        return self.dimensions * self.pieces

    @property
    def scales(self) -> int:
        """How many free numbers are alphas, or scales of kernels; they come second."""
        return self.dimensions**2 * (self.terms if self.shares is None else 1)

    @property
    def decays(self) -> int:
        """How many free numbers are logarithms of decays; they come last."""
        if self.given is not None:
            return 0
        return self.dimensions**2 * self.terms if self.per_pair else self.terms

    @property
    def size(self) -> int:
        """How many free numbers there are."""
        return self.baselines + self.scales + self.decays

    def model(self, free: Floats) -> Hawkes:
        """The process that a vector means."""
        square = (self.dimensions, self.dimensions)
        scales = free[self.baselines : self.baselines + self.scales]
        alpha = scales.reshape(*square, -1)
        if self.shares is not None:
            alpha = alpha * self.shares
        decay = self.given
        if decay is None:
            decay = np.exp(free[self.baselines + self.scales :])
            decay = decay.reshape(*square, self.terms) if self.per_pair else decay
        baseline = free[: self.baselines].reshape(self.dimensions, self.pieces)
        return Hawkes(baseline=baseline, alpha=alpha, decay=decay, edges_s=self.edges_s)

    def free(self, model: Hawkes) -> Floats:
        """The vector that means a process of this layout."""
        alpha = model.alpha if self.shares is None else model.branching
        parts = [model.baseline.ravel(), alpha.ravel()]
        if self.given is None:
            parts.append(np.log(model.decay if self.per_pair else model.decay[0, 0]).ravel())
        return np.concatenate(parts)

    def names(self) -> list[str]:
        """What each free number is, for notes."""
        size, pairs = range(self.dimensions), [(i, j) for i in range(self.dimensions) for j in range(self.dimensions)]
        of_terms = range(self.terms)
        names = [f"baseline[{i},{p}]" for i in size for p in range(self.pieces)]
        if self.shares is None:
            names += [f"alpha[{i},{j},{k}]" for i, j in pairs for k in of_terms]
        else:
            names += [f"branching[{i},{j}]" for i, j in pairs]
        if self.given is None and self.per_pair:
            names += [f"decay[{i},{j},{k}]" for i, j in pairs for k in of_terms]
        elif self.given is None:
            names += [f"decay[{k}]" for k in of_terms]
        return names

    def row(self, target: int, decay: Floats) -> Floats:
        """float64[p_row, size]: how a row's own numbers (baseline, alpha and decay of each cell) follow."""
        cells = self.dimensions * self.terms
        follow = np.zeros((self.pieces + 2 * cells, self.size))
        follow[np.arange(self.pieces), target * self.pieces + np.arange(self.pieces)] = 1.0
        cell = np.arange(cells)
        own = self.pieces + cell
        if self.shares is None:
            follow[own, self.baselines + target * cells + cell] = 1.0
        else:
            pair = target * self.dimensions + cell // self.terms
            follow[own, self.baselines + pair] = self.shares[cell % self.terms]
        if self.given is None:
            place = target * cells + cell if self.per_pair else cell % self.terms
            follow[own + cells, self.baselines + self.scales + place] = decay[target].ravel()
        return follow


def log_likelihood(model: Hawkes, events: HawkesEvents | Sequence[HawkesEvents]) -> float:
    """The log-likelihood of a process, summed over windows."""
    windows = (events,) if isinstance(events, HawkesEvents) else events
    layout = Layout(model.dimensions, model.edges_s, model.terms, per_pair=True)
    return sum(_total(layout, model, window, order=0).value for window in windows)


def slopes(layout: Layout, free: Floats, windows: Sequence[HawkesEvents]) -> Likelihood:
    """Value and both slopes over all windows."""
    model = layout.model(free)
    parts = [_total(layout, model, window, order=2) for window in windows]
    return Likelihood(
        sum(part.value for part in parts),
        np.sum([part.slope for part in parts], axis=0),
        np.sum([part.curvature for part in parts], axis=0),
    )


def block_scores(layout: Layout, free: Floats, windows: Sequence[HawkesEvents], blocks: int) -> Floats:
    """float64[about blocks, p]: first slopes of stretches of equal length, which add up to the whole's."""
    model = layout.model(free)
    length = sum(window.end_s for window in windows) / blocks
    rows = []
    for window in windows:
        edges = np.linspace(0.0, window.end_s, max(1, round(window.end_s / length)) + 1)
        rows += [part.slope for part in _stretches(layout, model, window, edges, 1)]
    return np.array(rows)


def _total(layout: Layout, model: Hawkes, window: HawkesEvents, order: int) -> Likelihood:
    (whole,) = _stretches(layout, model, window, np.array([0.0, window.end_s]), order)
    return whole


def _stretches(layout: Layout, model: Hawkes, window: HawkesEvents, edges: Floats, order: int) -> Iterator[Likelihood]:
    """Value and slopes of one stretch after another, memory carried on from history and from stretch to stretch."""
    walk, sizes = _kernel(), range(layout.dimensions)
    rows = [_Row(layout, model, target) for target in sizes]
    cuts = np.searchsorted(window.time_s, edges, side="left")
    cuts[-1] = len(window.time_s)  # The end of the window is in it.
    if cuts[0]:
        begin = np.array([window.time_s[0], 0.0])
        for row in rows:
            row.add(walk, (window.time_s[: cuts[0]], window.kind[: cuts[0]]), begin, order=0, target=-1)
    for s in range(len(edges) - 1):
        part = slice(cuts[s], cuts[s + 1])
        result = Likelihood(0.0, np.zeros(layout.size), np.zeros((layout.size, layout.size)))
        for row in rows:
            own = row.add(walk, (window.time_s[part], window.kind[part]), edges[s : s + 2], order)
            result = Likelihood(result.value + own.value, result.slope + own.slope, result.curvature + own.curvature)
        yield result


class _Row:
    """One dimension's part of the likelihood, and what it remembers."""

    def __init__(self, layout: Layout, model: Hawkes, target: int) -> None:
        self.layout, self.target = layout, target
        order = np.argsort(model.decay[target].ravel(), kind="stable")  # Cells of one decay share an exponential.
        self.order = order
        self.alpha, self.decay = model.alpha[target].ravel()[order], model.decay[target].ravel()[order]
        self.source = (order // layout.terms).astype(np.int64)
        self.baseline = np.ascontiguousarray(model.baseline[target])
        self.follow = layout.row(target, model.decay)
        self.memory = np.zeros((3, len(order)))

    def add(
        self, walk: Any, events: tuple[Floats, Ints], span: Floats, order: int, target: int | None = None
    ) -> Likelihood:
        size, pieces, cells = len(self.follow), self.layout.pieces, len(self.order)
        slope, curvature = np.zeros(size), np.zeros((size, size))
        value = walk(
            *events,
            span,
            self.target if target is None else target,
            self.layout.edges_s,
            self.baseline,
            self.source,
            self.decay,
            self.alpha,
            self.memory,
            order,
            slope,
            curvature,
        )
        curvature = curvature + np.triu(curvature, 1).T
        place = np.concatenate((np.arange(pieces), pieces + self.order, pieces + cells + self.order))
        follow = self.follow[place]
        second = follow.T @ curvature @ follow
        # A decay is free in its logarithm: its second slope has a part from its first.
        tail = slice(self.layout.baselines + self.layout.scales, None)
        second[tail, tail] += np.diag((follow[pieces + cells :].T @ slope[pieces + cells :])[tail])
        return Likelihood(float(value), follow.T @ slope, second)


def _kernel() -> Any:
    from nowake.kernels import hawkes, runtime  # noqa: PLC0415

    runtime.announce_njit(hawkes.row_likelihood, "compiling Hawkes processes")
    return hawkes.row_likelihood
