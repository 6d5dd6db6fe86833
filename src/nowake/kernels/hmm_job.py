"""The context record of the passes over a hidden Markov chain: addresses and counts. No numba here."""

from __future__ import annotations

import numpy as np

# See `nowake.kernels.hmm`. All arrays of numbers are float64.
HMM = np.dtype(
    [
        ("count", np.int64),
        ("states", np.int64),
        ("first", np.int64),  # forward: the row to go on from.
        ("emission", np.int64),  # [count, states]: forward: densities over any factor of the row; best: their logs.
        ("begins", np.int64),  # uint8[count]: 1 where the chain starts anew.
        ("start", np.int64),  # [states]; best: logs.
        ("transition", np.int64),  # [states, states]; best: logs.
        ("filtered", np.int64),  # [count, states]. Out of forward, in of backward; best: scores, out.
        ("scale", np.int64),  # [count]. Out of forward: the row's density given the rows before, over its factor.
        ("smoothed", np.int64),  # [count, states]. Out of backward.
        ("moves", np.int64),  # [states, states], zeros. Out of backward: expected moves from state to state.
        ("back", np.int64),  # int64[count, states]. Out of best: the best state one row before.
        ("path", np.int64),  # int64[count]. Out of best.
        ("work", np.int64),  # [states].
    ]
)
