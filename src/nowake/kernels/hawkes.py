"""Walks over the events of a Hawkes process with exponential kernels: intensity, compensator, likelihood and slopes.

A cell is a source of events and a decay; its memory R = sum of exp(-decay (t - t_j)) over the source's events so far is
all that the past leaves (Ozaki 1979, "Maximum likelihood estimation of Hawkes' self-exciting point processes", Annals
of the Institute of Statistical Mathematics 31). Beside R stand the sums of (t - t_j) exp(...) and (t - t_j)^2 exp(...),
its slopes in the decay, so that a pass of O(events x cells) gives both slopes of the likelihood exactly.

Stamps must differ, which `nowake.microstructure.hawkes.events` sees to: of two events at one instant the later row
would be taken to follow from the earlier."""

# mypy: disable-error-code="no-any-return"

from __future__ import annotations

import numpy as np

from nowake.kernels.runtime import njit

VALUE, SLOPE, CURVATURE = 0, 1, 2  # How far `row_likelihood` goes.


@njit
def walk(
    times: np.ndarray,
    kinds: np.ndarray,
    edges: np.ndarray,
    baseline: np.ndarray,
    source: np.ndarray,
    decay: np.ndarray,
    weight: np.ndarray,
    memory: np.ndarray,
    before: np.ndarray,
    compensator: np.ndarray,
) -> None:
    """Intensities just before each event, and their integrals from 0 up to it.

    Parameters
    ----------
    times, kinds
        float64[n] seconds, not decreasing, those below 0 are history; int64[n].
    edges, baseline
        float64[pieces - 1] inner edges in seconds, increasing; float64[dimensions, pieces] events a second.
    source, decay, weight
        int64[cells], float64[cells] per second, float64[dimensions, cells]: what one event adds to an intensity.
    memory
        float64[cells], zeros: the sums just after the last event on return.
    before, compensator
        Out, float64[n, dimensions]; the compensator of history is 0.
    """
    cells, dimensions, pieces = len(source), baseline.shape[0], baseline.shape[1]
    running = np.zeros(dimensions)
    faded = np.zeros(cells)
    clock, piece, keep = 0.0, 0, 1.0
    if len(times) and times[0] < 0.0:
        clock = times[0]
    for n in range(len(times)):
        if clock < 0.0 <= times[n]:
            for c in range(cells):
                memory[c] *= np.exp(decay[c] * clock)
            clock = 0.0
        gap = times[n] - clock
        for c in range(cells):
            keep = np.exp(-decay[c] * gap) if c == 0 or decay[c] != decay[c - 1] else keep
            faded[c] = memory[c] * (1.0 - keep) / decay[c]
            memory[c] *= keep
        if times[n] >= 0.0:
            at = clock
            while piece + 1 < pieces and edges[piece] <= times[n]:
                for i in range(dimensions):
                    running[i] += baseline[i, piece] * (max(edges[piece], at) - at)
                at = max(edges[piece], at)
                piece += 1
            for i in range(dimensions):
                running[i] += baseline[i, piece] * (times[n] - at)
                for c in range(cells):
                    running[i] += weight[i, c] * faded[c]
        for i in range(dimensions):
            level = baseline[i, piece]
            for c in range(cells):
                level += weight[i, c] * memory[c]
            before[n, i] = level
            compensator[n, i] = running[i]
        for c in range(cells):
            if source[c] == kinds[n]:
                memory[c] += 1.0
        clock = times[n]


@njit
def row_likelihood(
    times: np.ndarray,
    kinds: np.ndarray,
    span: np.ndarray,
    target: int,
    edges: np.ndarray,
    baseline: np.ndarray,
    source: np.ndarray,
    decay: np.ndarray,
    alpha: np.ndarray,
    memory: np.ndarray,
    order: int,
    slope: np.ndarray,
    curvature: np.ndarray,
) -> float:
    """What one stretch of time adds to the log-likelihood of one dimension, and to its slopes.

    Parameters
    ----------
    times, kinds
        float64[n], int64[n]: the events of the stretch, of all dimensions.
    span
        float64[2]: begin and end of the stretch in seconds.
    target
        The dimension; -1 of none, to build memory only.
    edges, baseline
        float64[pieces - 1], float64[pieces].
    source, decay, alpha
        int64[cells], float64[cells], float64[cells]: the kernel of a cell is alpha decay exp(-decay t).
    memory
        float64[3, cells]: at the begin of the stretch; at its end on return.
    order
        VALUE, SLOPE or CURVATURE.
    slope, curvature
        float64[p], float64[p, p], p = pieces + 2 cells (baseline, alpha, decay), added to; only the upper triangle.
    """
    cells, pieces = len(source), len(baseline)
    size = 1 + 2 * cells
    first = np.zeros(size)
    place = np.zeros(size, np.int64)
    for c in range(2 * cells):
        place[1 + c] = pieces + c
    opening = memory.copy()
    born = np.zeros(cells)
    clock, piece, total, keep = span[0], 0, 0.0, 1.0
    for n in range(len(times) + 1):
        now = times[n] if n < len(times) else span[1]
        gap = now - clock
        for c in range(cells):
            keep = np.exp(-decay[c] * gap) if c == 0 or decay[c] != decay[c - 1] else keep
            memory[2, c] = keep * (memory[2, c] + gap * (2.0 * memory[1, c] + gap * memory[0, c]))
            memory[1, c] = keep * (memory[1, c] + gap * memory[0, c])
            memory[0, c] *= keep
        clock = now
        if n == len(times):
            break
        if kinds[n] == target:
            while piece + 1 < pieces and edges[piece] <= now:
                piece += 1
            level = baseline[piece]
            for c in range(cells):
                level += alpha[c] * decay[c] * memory[0, c]
            total += np.log(level)
            if order >= SLOPE:
                place[0] = piece
                first[0] = 1.0 / level
                for c in range(cells):
                    first[1 + c] = decay[c] * memory[0, c] / level
                    first[1 + cells + c] = alpha[c] * (memory[0, c] - decay[c] * memory[1, c]) / level
                for a in range(size):
                    slope[place[a]] += first[a]
            if order >= CURVATURE:
                for a in range(size):
                    for b in range(a, size):
                        curvature[place[a], place[b]] -= first[a] * first[b]
                for c in range(cells):
                    mixed = (memory[0, c] - decay[c] * memory[1, c]) / level
                    bent = alpha[c] * (decay[c] * memory[2, c] - 2.0 * memory[1, c]) / level
                    curvature[pieces + c, pieces + cells + c] += mixed
                    curvature[pieces + cells + c, pieces + cells + c] += bent
        for c in range(cells):
            if source[c] == kinds[n]:
                memory[0, c] += 1.0
                born[c] += 1.0
    for p in range(pieces):
        begin = span[0] if p == 0 else max(span[0], edges[p - 1])
        end = span[1] if p == pieces - 1 else min(span[1], edges[p])
        total -= baseline[p] * max(end - begin, 0.0)
        slope[p] -= max(end - begin, 0.0)
    for c in range(cells):
        mass = opening[0, c] + born[c] - memory[0, c]
        tilt = memory[1, c] - opening[1, c]
        total -= alpha[c] * mass
        slope[pieces + c] -= mass
        slope[pieces + cells + c] -= alpha[c] * tilt
        curvature[pieces + c, pieces + cells + c] -= tilt
        curvature[pieces + cells + c, pieces + cells + c] -= alpha[c] * (opening[2, c] - memory[2, c])
    return total
