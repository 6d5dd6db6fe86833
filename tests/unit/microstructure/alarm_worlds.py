"""Markets whose flow is quiet, with memory, and toxic in an episode that is known."""

from __future__ import annotations

import numpy as np

PRINTS_A_BUCKET = 40


def sides(rng, prints, *, persistence):
    """Signs that repeat the one before with a probability: 0.5 is a coin, 0.7 has the memory of split orders."""
    turns = np.where(rng.random(prints) < persistence, 1, -1)
    return np.cumprod(turns)


def imbalance(rng, buckets, *, persistence=0.7, informed=0.0, episode=slice(0, 0)):
    """|bought - sold| / V of buckets of 40 prints of one size; in the episode some prints all go one way."""
    signs = sides(rng, buckets * PRINTS_A_BUCKET, persistence=persistence).reshape(buckets, PRINTS_A_BUCKET)
    toxic = rng.random((buckets, PRINTS_A_BUCKET)) < informed
    way = rng.choice([-1, 1])
    signs[episode] = np.where(toxic[episode], way, signs[episode])
    return np.abs(signs.sum(axis=1)) / PRINTS_A_BUCKET
