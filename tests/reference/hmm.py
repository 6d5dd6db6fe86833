"""Slow, obvious twins of `nowake.kernels.hmm`, and everything enumerated: all paths of a chain, all cuts of rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np


def all_paths(start, transition, log_emission):
    """Every path of states and its joint log probability with the rows."""
    n, states = log_emission.shape
    for path in itertools.product(range(states), repeat=n):
        joint = math.log(start[path[0]]) if start[path[0]] > 0 else -math.inf
        for before, after in itertools.pairwise(path):
            joint += math.log(transition[before, after]) if transition[before, after] > 0 else -math.inf
        yield path, joint + sum(log_emission[t, state] for t, state in enumerate(path))


def forward(start, transition, log_emission, begins=(0,)):
    """Filtered probabilities and log density of each row given those before, in logarithms throughout."""
    with np.errstate(divide="ignore"):
        log_start, log_transition = np.log(start), np.log(transition)
    filtered, density, last = [], [], None
    for t, row in enumerate(log_emission):
        if t == 0 or t in begins:
            expected = log_start
        else:
            expected = np.array([_log_sum(last + log_transition[:, j]) for j in range(len(start))])
        joint = expected + row
        density.append(_log_sum(joint))
        last = joint - density[-1]
        filtered.append(np.exp(last))
    return np.array(filtered), np.array(density)


def backward(start, transition, log_emission, begins=(0,)):
    """Smoothed probabilities and expected moves, from the textbook's beta."""
    filtered, _ = forward(start, transition, log_emission, begins)
    with np.errstate(divide="ignore"):
        log_transition, log_filtered = np.log(transition), np.log(filtered)
    n, states = log_emission.shape
    log_beta = np.zeros((n, states))
    moves = np.zeros((states, states))
    for t in range(n - 2, -1, -1):
        if t + 1 in begins:
            continue
        for i in range(states):
            log_beta[t, i] = _log_sum(log_transition[i] + log_emission[t + 1] + log_beta[t + 1])
        joint = log_filtered[t][:, None] + log_transition + log_emission[t + 1] + log_beta[t + 1]
        moves += np.exp(joint - _log_sum(joint.ravel()))
    joint = log_filtered + log_beta
    return np.exp(joint - np.array([_log_sum(row) for row in joint])[:, None]), moves


def cuts(rows: int) -> Iterator[list[range]]:
    """Every way to cut rows into segments."""
    for edges in itertools.product((False, True), repeat=rows - 1):
        borders = [0, *(k + 1 for k, is_cut in enumerate(edges) if is_cut), rows]
        yield [range(first, last) for first, last in itertools.pairwise(borders)]


def segment_evidence(values, mean: float, kappa: float, alpha: float, variance: float) -> float:
    """Log density of all numbers of a segment at once: normal-gamma integrated out (Murphy 2007, its marginal)."""
    x = np.asarray([value for value in values if not math.isnan(value)])
    if not len(x):
        return 0.0
    n, beta = len(x), alpha * variance
    after = beta + 0.5 * ((x - x.mean()) ** 2).sum() + kappa * n * (x.mean() - mean) ** 2 / (2 * (kappa + n))
    return (
        math.lgamma(alpha + n / 2)
        - math.lgamma(alpha)
        + alpha * math.log(beta)
        - (alpha + n / 2) * math.log(after)
        + 0.5 * math.log(kappa / (kappa + n))
        - n / 2 * math.log(2 * math.pi)
    )


def last_segments(rows: np.ndarray, hazard: float, evidence: Callable[[np.ndarray, int], float]):
    """Probability that the last segment has 1, 2, ... rows, and the log evidence, by enumeration."""
    n = len(rows)
    weights = np.zeros(n)
    for way in cuts(n):
        joint = (len(way) - 1) * math.log(hazard) + (n - len(way)) * math.log1p(-hazard)
        joint += sum(evidence(rows[part.start : part.stop], k) for part in way for k in range(rows.shape[1]))
        weights[len(way[-1]) - 1] += math.exp(joint)
    return weights / weights.sum(), math.log(weights.sum())


def _log_sum(logs) -> float:
    highest = np.max(logs)
    return float(highest if np.isinf(highest) else highest + np.log(np.exp(logs - highest).sum()))
