"""Stoikov 2018, "The micro-price: a high-frequency estimator of future prices", Quantitative Finance 18, 1959-1966.

The tables of the paper could not be confirmed from a source at hand, so what is held here is its recipe, carried out
the long way, and markets in which the answer is known in closed form."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from tests.unit.microstructure import flow_worlds as worlds

from nowake.domain.market import Quotes
from nowake.microstructure.flow import fit_microprice, microprice_of
from nowake.microstructure.flow.microprice_counts import Counts, Grid


def ruin_counts(buckets: int, back: int) -> Counts:
    """The very probabilities of `flow_worlds.ruin` as counts: a hundred steps each way out of each bucket."""
    stayed, went = np.zeros((2, 30, 2 * buckets, 2 * buckets), np.int64)
    moved = np.zeros((30, 2 * buckets), np.int64)
    for bucket in range(buckets):
        for step in (-1, 1):
            if 0 <= bucket + step < buckets:
                stayed[:, bucket, bucket + step] += 100
            else:
                went[:, bucket, back if step > 0 else buckets - 1 - back] += 100
                moved[:, bucket] += 200 * step
    return Counts(Grid((1,), buckets), 64, stayed, went, moved, 0)


@pytest.mark.parametrize(("buckets", "back"), [(5, 2), (9, 4), (9, 6), (9, 1), (11, 10)])
def test_a_random_walk_of_the_imbalance_has_the_adjustment_of_the_gamblers_ruin(buckets: int, back: int) -> None:
    found = microprice_of(ruin_counts(buckets, back))
    np.testing.assert_allclose(worlds.ruin_truth(buckets=buckets, back=back), found.adjustment_ticks[0], atol=1e-12)
    first_move = (2 * np.arange(buckets) - buckets + 1) / (buckets + 1)
    np.testing.assert_allclose(first_move, found.first_ticks[0], atol=1e-12)
    assert abs(first_move[back]) == pytest.approx(found.contraction, abs=1e-12)


def test_where_the_imbalance_begins_again_in_the_middle_the_micro_price_is_straight_in_it() -> None:
    found = microprice_of(ruin_counts(9, 4)).adjustment_ticks[0]
    np.testing.assert_allclose(np.diff(found), 2 / 10, atol=1e-12)


def by_the_recipe(quotes: Quotes, buckets: int, spreads: int) -> np.ndarray:
    """T, Q, R1, R2 from doubled data, K in half ticks, G1, B, and a thousand terms of the sum: quote by quote."""
    states = buckets * spreads
    rows = []
    for bid, bid_lots, ask, ask_lots in zip(
        *(column.tolist() for column in (quotes.bid_ticks, quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots)),
        strict=True,
    ):
        share = bid_lots / (bid_lots + ask_lots)
        rows.append((min(ask - bid, spreads) - 1, min(int(share * buckets), buckets - 1), (bid + ask) / 2))
    moves = sorted({later[2] - now[2] for now, later in itertools.pairwise(rows)} - {0.0})
    k = np.array(sorted({*moves, *(-each for each in moves)}))
    q, r2 = np.zeros((2, states, states))
    r1 = np.zeros((states, len(k)))
    for (spread, bucket, mid), (next_spread, next_bucket, next_mid) in itertools.pairwise(rows):
        for mirrored in (False, True):
            flip = (lambda b: buckets - 1 - b) if mirrored else (lambda b: b)
            here, there = spread * buckets + flip(bucket), next_spread * buckets + flip(next_bucket)
            move = (mid - next_mid) if mirrored else (next_mid - mid)
            if move == 0:
                q[here, there] += 1
            else:
                r2[here, there] += 1
                r1[here, np.flatnonzero(k == move)[0]] += 1
    visits = q.sum(axis=1) + r2.sum(axis=1)
    q, r1, r2 = q / visits[:, None], r1 / visits[:, None], r2 / visits[:, None]
    g = g1 = np.linalg.inv(np.eye(states) - q) @ r1 @ k
    b = np.linalg.inv(np.eye(states) - q) @ r2
    for _ in range(1_000):
        g = g1 + b @ g
    return np.asarray(g.reshape(spreads, buckets))


@pytest.mark.parametrize("seed", range(3))
def test_it_is_what_the_papers_recipe_gives_the_long_way(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 3_000
    bid = 10_000 + np.cumsum(rng.integers(-1, 2, size) * (rng.random(size) < 0.4))
    lots = rng.choice([1, 3, 7, 13, 29, 61], (2, size))  # No two of them lie on the edge of a fifth.
    quotes = Quotes(np.arange(size), bid, lots[0], bid + rng.choice([1, 1, 2, 3, 9], size), lots[1])
    found = fit_microprice(quotes, spread_ticks=(1, 2), buckets=5)
    wanted = by_the_recipe(quotes, 5, 3)
    np.testing.assert_allclose(wanted, found.adjustment_ticks, atol=1e-9)
