import numpy as np
import pytest

from nowake.statistics import blocks


def test_blocks_are_as_many_as_their_length_allows() -> None:
    assert [len(blocks.block_edges(count, length)) - 1 for count, length in ((1_000, 1), (1_000, 25), (100, 50))] == [
        60,
        40,
        12,
    ]


def test_every_repeat_draws_as_many_blocks_as_there_are() -> None:
    weights = blocks.resampled(20, 50, seed=1)
    assert (weights.sum(axis=1) == 20).all()
    assert (weights == blocks.resampled(20, 50, seed=1)).all()
    assert (weights != blocks.resampled(20, 50, seed=2)).any()


def test_few_blocks_widen_an_interval_as_students_quantile_does() -> None:
    assert blocks.widening(12, 0.95) == pytest.approx(2.201 / 1.96 * np.sqrt(12 / 11), rel=1e-3)
    assert blocks.widening(100_000, 0.95) == pytest.approx(1, abs=1e-4)


def test_the_interval_of_a_mean_holds_it() -> None:
    held = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sums = rng.normal(size=(20, 10)).sum(axis=1)
        repeats = blocks.resampled(20, 300, seed) @ sums / 200
        found = blocks.with_interval(sums.sum() / 200, repeats, level=0.95, blocks=20, n=200, method="")
        held.append(found.low <= 0 <= found.high)
    assert 0.92 <= np.mean(held) <= 0.98
