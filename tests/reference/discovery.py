"""Price discovery told as it is meant: one return with one return, one row after another."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def overlapping_products(
    first: Sequence[tuple[int, float]], second: Sequence[tuple[int, float]], shift_ns: int
) -> float:
    """Hayashi & Yoshida's sum of (time, log price) rows, the second's intervals moved earlier by a shift."""
    total = 0.0
    for (start, before), (end, after) in pairwise(first):
        for (other_start, other_before), (other_end, other_after) in pairwise(second):
            if max(start, other_start - shift_ns) < min(end, other_end - shift_ns):
                total += (after - before) * (other_after - other_before)
    return total


def previous_ticks(rows: Sequence[tuple[int, float]], instants: Sequence[int]) -> list[float]:
    """The last price told at or before each instant."""
    return [[price for time, price in rows if time <= instant][-1] for instant in instants]


def regression_rows(prices: np.ndarray, stretch: np.ndarray, lags: int) -> tuple[list[list[float]], list[list[float]]]:
    """Causes (1, bases before, past steps) and steps of every row whose lags are in its own stretch."""
    causes, steps = [], []
    for row in range(lags + 1, len(prices)):
        if len(set(stretch[row - lags - 1 : row + 1].tolist())) > 1:
            continue
        past = [prices[row - lag] - prices[row - lag - 1] for lag in range(1, lags + 1)]
        basis = [prices[row - 1][0] - other for other in prices[row - 1][1:]]
        causes.append([1.0, *basis, *(step for steps_ in past for step in steps_)])
        steps.append(list(prices[row] - prices[row - 1]))
    return causes, steps
