"""The history dependent impact model from the tape: what earlier orders do to one that moves the mid.

    r_t = c_t sum_{n >= 0} [k_1(n) c_{t-n} + k_0(n) (1 - c_{t-n})] epsilon_{t-n} + noise,    k_0(0) = 0

c_t = 1 where order t moves the mid (Eisler, Bouchaud & Kockelkoren 2012, "The price impact of order book events",
Quantitative Finance 12; two kinds of orders as in Taranto and others 2018, Quantitative Finance 18). Least squares over
the orders that move it, on all earlier signs at once: they solve it through products of two-point correlations, which
is an approximation. Errors from resampled blocks of orders.

Wrong where: whether an order moves the mid depends on the past, as it does; the model takes it as given, so it
explains moves and does not forecast them."""

from __future__ import annotations

import itertools

import numpy as np

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.market_orders import Floats, Ints, Tape
from nowake.models.impact.propagator_events import HDIM
from nowake.models.tape.propagator import moves_of
from nowake.statistics.blocks import block_edges, resampled, widening

_MOVES_PER_PARAMETER = 20
LONGEST, SHORTEST = 50, 5


def fit_hdim(tape: Tape, *, lags: int | None = None, repeats: int = 200, seed: int = 0) -> HDIM:
    """Both kernels of a tape, with standard errors.

    Parameters
    ----------
    lags
        L, in market orders; by default as many as leave 20 moves a parameter, from 5 to 50.

    Raises
    ------
    BadParameter
        When lags are below 2.
    BadData
        When too few orders move the mid, or too few leave it, or they are too far from each other.
    """
    moves_bps = moves_of(tape)
    moved = moves_bps != 0
    rarer = int(min(moved.sum(), (~moved).sum()))
    count = min(LONGEST, rarer // (2 * _MOVES_PER_PARAMETER)) if lags is None else lags
    if lags is not None and lags < 2:
        raise BadParameter(f"lags {lags} must be 2 or more")
    needed = 2 * _MOVES_PER_PARAMETER * (SHORTEST if lags is None else lags)
    if rarer < needed:
        raise BadData(
            f"{int(moved.sum()):,} orders that move the mid and {int((~moved).sum()):,} that leave it must be {needed} "
            "each for two kernels; look at a longer time, or take the one kernel of fit_propagator"
        )
    edges = block_edges(len(moved), 2 * count)
    products, answers = _normal_equations(tape.sign, moves_bps, moved, count, edges)
    seen = np.diagonal(products.sum(axis=0))
    if seen.min() < _MOVES_PER_PARAMETER:
        raise BadData(
            f"only {int(seen.min())} orders that move the mid have another of one kind at some lag up to {count}; "
            "take fewer lags"
        )
    weights = np.vstack((np.ones(len(edges) - 1), resampled(len(edges) - 1, repeats, seed)))
    gram, right = np.tensordot(weights, products, axes=1), np.tensordot(weights, answers, axes=1)
    try:
        kernels = np.linalg.solve(gram, right[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        raise BadData(f"orders that move the mid come too clustered for {count} lags; take fewer lags") from None
    errors = kernels[1:].std(axis=0, ddof=1) * widening(len(edges) - 1, 0.95)
    best = kernels[0]
    rows = moved[count - 1 :]
    explained = 2 * best @ answers.sum(axis=0) - best @ products.sum(axis=0) @ best
    unexplained = float(np.sum(moves_bps[count - 1 :] ** 2) - explained) / int(rows.sum())
    return HDIM(
        after_changing_bps=best[:count],
        after_unchanging_bps=np.append(0.0, best[count:]),
        changing_se_bps=errors[:count],
        unchanging_se_bps=np.append(0.0, errors[count:]),
        noise_bps=float(np.sqrt(max(unexplained, 0.0))),
        trades=len(moved),
    )


def _normal_equations(
    sign: Floats, moves_bps: Floats, moved: np.ndarray, count: int, edges: Ints
) -> tuple[Floats, Floats]:
    """X'X and X'r of each block of orders: (M, 2L-1, 2L-1) and (M, 2L-1), over its orders that move the mid."""
    width = 2 * count - 1
    products, answers = np.zeros((len(edges) - 1, width, width)), np.zeros((len(edges) - 1, width))
    pushed, leaned = sign * moved, sign * ~moved
    back = np.arange(count)
    for block, (first, last) in enumerate(itertools.pairwise(edges.tolist())):
        rows = np.flatnonzero(moved[max(first, count - 1) : last]) + max(first, count - 1)
        seen = rows[:, None] - back
        design = np.hstack((pushed[seen], leaned[seen[:, 1:]]))
        products[block], answers[block] = design.T @ design, design.T @ moves_bps[rows]
    return products, answers
