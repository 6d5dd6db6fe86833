"""The context record of `nowake.kernels.kalman`. No numba here."""

from __future__ import annotations

import numpy as np

KALMAN = np.dtype(
    [
        ("time_ns", np.int64),  # int64[count], never falls.
        ("source", np.int64),  # int64[count]: 0 ... sources - 1.
        ("value", np.int64),  # float64[count], finite.
        ("noise", np.int64),  # float64[count]: variance of each report, above 0.
        ("count", np.int64),
        ("sources", np.int64),
        ("drift", np.float64),  # Variance the price gains in a second.
        ("mean", np.int64),  # float64[sources + 1], in and out: the price, then each source's offset.
        ("covariance", np.int64),  # float64[(sources + 1)^2], in and out.
        ("loads", np.int64),  # float64[sources + 1]: room to work in.
        ("out", np.int64),  # KALMAN_ROW[count].
        ("means", np.int64),  # float64[count, sources + 1]: the state after each report; 0 where it is not wanted,
        ("covariances", np.int64),  # float64[count, (sources + 1)^2]; and its covariance.
    ]
)
KALMAN_ROW = np.dtype(
    [
        ("price", np.float64),
        ("variance", np.float64),
        ("innovation", np.float64),  # What the report differs from what was expected of it, NaN of the first.
        ("expected", np.float64),  # The variance it should have.
    ]
)
