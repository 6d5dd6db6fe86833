"""The slow, obvious twins of `nowake.kernels.hawkes`: every event looks at every event before it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nowake.microstructure.hawkes import Hawkes

Array = np.ndarray[Any, Any]


def kernel(model: Hawkes, i: int, j: int, after_s: float) -> float:
    terms = zip(model.alpha[i, j], model.decay[i, j], strict=True)
    return float(sum(alpha * decay * math.exp(-decay * after_s) for alpha, decay in terms))


def offspring(model: Hawkes, i: int, j: int, begin_s: float, end_s: float) -> float:
    """Integral of a kernel."""
    terms = zip(model.alpha[i, j], model.decay[i, j], strict=True)
    return float(sum(alpha * (math.exp(-decay * begin_s) - math.exp(-decay * end_s)) for alpha, decay in terms))


def baseline(model: Hawkes, i: int, time_s: float) -> float:
    piece = sum(edge <= time_s for edge in model.edges_s)
    return float(model.baseline[i, piece])


def immigrants(model: Hawkes, i: int, end_s: float) -> float:
    """Integral of the baseline from 0."""
    edges = [0.0, *model.edges_s.tolist(), math.inf]
    return sum(
        rate * max(0.0, min(after, end_s) - before)
        for rate, before, after in zip(model.baseline[i].tolist(), edges[:-1], edges[1:], strict=True)
    )


def intensity(model: Hawkes, time_s: Array, kind: Array, at: int, i: int) -> float:
    """Just before an event, after the rows above."""
    past = zip(time_s[:at].tolist(), kind[:at].tolist(), strict=True)
    now = float(time_s[at])
    return baseline(model, i, now) + sum(kernel(model, i, j, now - then) for then, j in past)


def integral(model: Hawkes, time_s: Array, kind: Array, end_s: float, i: int) -> float:
    """Of an intensity from 0 to an instant."""
    past = [(then, j) for then, j in zip(time_s.tolist(), kind.tolist(), strict=True) if then < end_s]
    return immigrants(model, i, end_s) + sum(offspring(model, i, j, max(-then, 0.0), end_s - then) for then, j in past)


def log_likelihood(model: Hawkes, time_s: Array, kind: Array, end_s: float) -> float:
    logs = sum(
        math.log(intensity(model, time_s, kind, at, int(kind[at]))) for at in range(len(time_s)) if time_s[at] >= 0
    )
    return logs - sum(integral(model, time_s, kind, end_s, i) for i in range(model.dimensions))
