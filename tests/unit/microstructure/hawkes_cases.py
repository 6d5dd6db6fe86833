"""Random processes and events that the tests of Hawkes processes share."""

from __future__ import annotations

import numpy as np

from nowake.microstructure.hawkes import Hawkes, HawkesEvents, simulate_hawkes


def random_process(rng: np.random.Generator, *, dimensions: int, terms: int, pieces: int) -> Hawkes:
    """Any process that settles, with decays of its own for each pair, some alphas 0."""
    shape = (dimensions, dimensions, terms)
    alpha = rng.random(shape) * (rng.random(shape) > 0.2)
    return Hawkes(
        baseline=rng.uniform(0.2, 2.0, (dimensions, pieces)),
        alpha=0.7 * alpha / max(alpha.sum(axis=(0, 2)).max(), 1e-9),
        decay=np.exp(rng.uniform(-1, 4, shape)),
        edges_s=np.sort(rng.uniform(1, 15, pieces - 1)),
    )


def random_events(rng: np.random.Generator, model: Hawkes) -> HawkesEvents:
    """Some twenty seconds with a history."""
    return simulate_hawkes(model, end_s=20.0, seed=int(rng.integers(1 << 30)), warmup_s=3.0)
