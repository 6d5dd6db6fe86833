"""Three passes over a hidden Markov chain: forward (what was known at each row), backward (what is known in the end)
and the best path (Rabiner 1989, "A tutorial on hidden Markov models", Proceedings of the IEEE 77, sections III.A-B;
the backward pass in the form of Kim 1994, "Dynamic linear models with Markov-switching", equation 2.20, which needs no
densities).

Probabilities are scaled row by row, so that nothing underflows as rows add up, and no logarithm is taken here.
`forward` stops at a row whose density under the states that can be reached is too small to divide by; the caller gives
that row another factor and goes on."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any.

from __future__ import annotations

from typing import Any

import numpy as np

from nowake.kernels.hmm_job import HMM
from nowake.kernels.memory import at, leaf, tiny

_FLOAT = np.dtype([("value", np.float64)])
_WHOLE = np.dtype([("value", np.int64)])
_BYTE = np.dtype([("value", np.uint8)])
_TINY = 1e-250


def forward(address: int) -> int:
    """Filtered probabilities and scales from row `first` on; the row it stopped at, `count` at the end."""
    c = at(address, 0, HMM)
    states = c.states
    for t in range(c.first, c.count):
        _predict(c, t)
        total = 0.0
        for j in range(states):
            joint = _get(c.work, j) * _get(c.emission, t * states + j)
            at(c.filtered, t * states + j, _FLOAT).value = joint
            total += joint
        if not total > _TINY:
            return t
        at(c.scale, t, _FLOAT).value = total
        for j in range(states):
            at(c.filtered, t * states + j, _FLOAT).value /= total
    return c.count


def backward(address: int) -> int:
    """Smoothed probabilities, and how often each state is expected to follow each."""
    c = at(address, 0, HMM)
    states = c.states
    for t in range(c.count - 1, -1, -1):
        is_last = t + 1 == c.count or at(c.begins, t + 1, _BYTE).value != 0
        if is_last:
            for i in range(states):
                at(c.smoothed, t * states + i, _FLOAT).value = _get(c.filtered, t * states + i)
            continue
        _predict(c, t + 1)
        for j in range(states):  # What came later, over what was expected of it.
            expected = _get(c.work, j)
            later = _get(c.smoothed, (t + 1) * states + j)
            at(c.work, j, _FLOAT).value = later / expected if expected > 0 else 0.0
        for i in range(states):
            now, total = _get(c.filtered, t * states + i), 0.0
            for j in range(states):
                joint = now * _get(c.transition, i * states + j) * _get(c.work, j)
                at(c.moves, i * states + j, _FLOAT).value += joint
                total += joint
            at(c.smoothed, t * states + i, _FLOAT).value = total
    return c.count


def best(address: int) -> int:
    """The path of highest probability (Viterbi 1967), from logarithms; of ties the lowest state."""
    c = at(address, 0, HMM)
    states = c.states
    for t in range(c.count):
        begins = t == 0 or at(c.begins, t, _BYTE).value != 0
        for j in range(states):
            if begins:
                source = 0 if t == 0 else _highest(c, t - 1)
                score = _get(c.start, j) + (0.0 if t == 0 else _get(c.filtered, (t - 1) * states + source))
            else:
                source, score = 0, -np.inf
                for i in range(states):
                    reached = _get(c.filtered, (t - 1) * states + i) + _get(c.transition, i * states + j)
                    if reached > score:
                        source, score = i, reached
            at(c.back, t * states + j, _WHOLE).value = source
            at(c.filtered, t * states + j, _FLOAT).value = score + _get(c.emission, t * states + j)
    state = _highest(c, c.count - 1)
    for t in range(c.count - 1, -1, -1):
        at(c.path, t, _WHOLE).value = state
        state = at(c.back, t * states + state, _WHOLE).value
    return c.count


@tiny
def _get(address: int, index: int) -> float:
    return at(address, index, _FLOAT).value


@leaf
def _predict(c: Any, t: int) -> None:
    """Into `work`: the probability of each state at row t before it is looked at."""
    states = c.states
    begins = t == 0 or at(c.begins, t, _BYTE).value != 0
    for j in range(states):
        total = 0.0
        if begins:
            total = _get(c.start, j)
        else:
            for i in range(states):
                total += _get(c.filtered, (t - 1) * states + i) * _get(c.transition, i * states + j)
        at(c.work, j, _FLOAT).value = total


@leaf
def _highest(c: Any, t: int) -> int:
    """The state of the highest score at row t, the first of them."""
    found = 0
    for j in range(1, c.states):
        if _get(c.filtered, t * c.states + j) > _get(c.filtered, t * c.states + found):
            found = j
    return found
