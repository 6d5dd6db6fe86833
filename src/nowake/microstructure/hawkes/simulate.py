"""Events of a Hawkes process, drawn exactly: immigrants of the baseline, their children, and children's children
(Hawkes & Oakes 1974, "A cluster process representation of a self-exciting process", Journal of Applied Probability 11).

An event of j has a Poisson number of children in i, of mean alpha_ijk for each term, each exponentially later. Drawn
generation by generation, so no bound, no thinning and no step of time enters. It starts from nothing unless there is a
warm-up or a history.

Wrong as a market: nothing in it but time clusters."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter, OutOfCapacity
from nowake.microstructure.hawkes.events import HawkesEvents
from nowake.microstructure.hawkes.model import Floats, Hawkes, Ints


def simulate_hawkes(
    model: Hawkes,
    *,
    end_s: float,
    seed: int,
    warmup_s: float = 0.0,
    history: HawkesEvents | None = None,
    allow_explosive: bool = False,
    capacity: int = 10_000_000,
) -> HawkesEvents:
    """Draw the events of a window.

    Parameters
    ----------
    end_s
        Length of the window.
    seed
        Same seed, same events.
    warmup_s
        How long the process ran before the window; those events are kept as history. Some multiples of the slowest
        term's life over 1 less the branching ratio make it settle.
    history
        Instead of a warm-up: events before 0 that excite the window.
    allow_explosive
        Whether a branching ratio of 1 or above is drawn from.
    capacity
        Most events drawn.

    Raises
    ------
    BadParameter
        When the branching ratio is 1 or above and that is not allowed, or times are out of range.
    OutOfCapacity
        When more events come than there is room for.
    """
    if not (0 < end_s < np.inf and 0 <= warmup_s < np.inf):
        raise BadParameter(f"end_s {end_s} must be above 0 and warmup_s {warmup_s} 0 or more, both finite")
    if model.branching_ratio >= 1 and not allow_explosive:
        raise BadParameter(
            f"a branching ratio of {model.branching_ratio:.4g} is not below 1: events would never cease to multiply; "
            "lower alpha, or say allow_explosive=True"
        )
    rng = np.random.default_rng(seed)
    time, kind = _immigrants(model, -warmup_s, end_s, rng)
    if history is not None:
        past = history.time_s < 0
        time, kind = np.concatenate((history.time_s[past], time)), np.concatenate((history.kind[past], kind))
    born = 0 if history is None else int(past.sum())
    times, kinds, total = [time], [kind], len(time)
    while len(time):
        time, kind = _children(model, time, kind, rng)
        inside = (time <= end_s) & ((time >= 0) if history is not None else True)
        time, kind = time[inside], kind[inside]
        total += len(time)
        if total - born > capacity:
            raise OutOfCapacity(f"more than {capacity:,} events come in {end_s:g} s; give more capacity or less time")
        times.append(time)
        kinds.append(kind)
    time, kind = np.concatenate(times), np.concatenate(kinds)
    order = np.argsort(time, kind="stable")
    return HawkesEvents(time_s=time[order], kind=kind[order], end_s=end_s, dimensions=model.dimensions)


def _immigrants(model: Hawkes, start_s: float, end_s: float, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """A Poisson process for each dimension and piece; the first piece reaches back to the begin."""
    inner = model.edges_s[(model.edges_s > 0) & (model.edges_s < end_s)]
    edges = np.concatenate(([start_s], inner, [end_s]))
    times, kinds = [], []
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        for i, rate in enumerate(model.baseline_at(max(begin, 0.0)).tolist()):
            count = int(rng.poisson(rate * (end - begin)))
            times.append(rng.uniform(begin, end, count))
            kinds.append(np.full(count, i, np.int64))
    return np.concatenate(times), np.concatenate(kinds)


def _children(model: Hawkes, time: Floats, kind: Ints, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """The direct offspring of events, whenever they come."""
    times, kinds = [], []
    for j in range(model.dimensions):
        parents = time[kind == j]
        for i in range(model.dimensions):
            for k in range(model.terms):
                if model.alpha[i, j, k] == 0:
                    continue
                counts = rng.poisson(model.alpha[i, j, k], len(parents))
                later = rng.exponential(1.0 / model.decay[i, j, k], int(counts.sum()))
                times.append(np.repeat(parents, counts) + later)
                kinds.append(np.full(len(later), i, np.int64))
    if not times:
        return np.zeros(0), np.zeros(0, np.int64)
    return np.concatenate(times), np.concatenate(kinds)
