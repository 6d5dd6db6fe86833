"""Lillo, Mike & Farmer 2005, "Theory for long memory in supply and demand", Physical Review E 71, 066122: metaorders
whose sizes have P(V > v) ~ v^-alpha, cut into equal pieces, give signs with C(l) ~ l^-(alpha - 1)."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.errors import BadData
from nowake.microstructure.flow import splitting_exponent


def split_orders(seed: int, alpha: float, pieces: int, at_once: int = 10) -> np.ndarray:
    """Their model: a number of metaorders at work, one of them, drawn evenly, trades its next piece; a finished one
    is followed by another with a sign of its own. (Those at the start are drawn as ones that last, size-biased.)"""
    rng = np.random.default_rng(seed)

    def sizes(count: int, tail: float) -> np.ndarray:
        return np.ceil(rng.random(count) ** (-1 / tail)).astype(np.int64)

    left = sizes(at_once, alpha - 1)
    left = np.ceil(rng.random(at_once) * left).astype(np.int64)
    sign = rng.choice([-1, 1], at_once)
    new_sizes, new_signs, used = sizes(pieces, alpha), rng.choice([-1, 1], pieces), 0
    signs = np.empty(pieces)
    for k, who in enumerate(rng.integers(0, at_once, pieces).tolist()):
        signs[k] = sign[who]
        left[who] -= 1
        if left[who] == 0:
            left[who], sign[who], used = new_sizes[used], new_signs[used], used + 1
    return signs


@pytest.mark.parametrize("alpha", [1.3, 1.5, 1.7])
def test_the_tail_of_the_sizes_is_read_off_the_memory_of_the_signs(alpha: float) -> None:
    found = [splitting_exponent(split_orders(seed, alpha, 30_000)) for seed in range(6)]
    assert sum(each.low <= alpha <= each.high for each in found) >= 4
    assert alpha == pytest.approx(np.mean([each.value for each in found]), abs=0.15)


def test_orders_that_nobody_splits_tell_no_tail() -> None:
    with pytest.raises(BadData, match="cannot be told from chance"):
        splitting_exponent(np.random.default_rng(1).choice([-1.0, 1.0], 5_000))
