"""A Kalman filter of a random walk that several sources report, each with an offset and noise of its own.

One report is one number, so that a step is sums and products alone: no matrix is inverted. The first report starts the
price exactly, nothing known of it before. `nowake.microstructure.fusion.kalman` has the same step in Python."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

import numpy as np

from nowake.kernels.kalman_job import KALMAN, KALMAN_ROW
from nowake.kernels.memory import at

_WHOLE = np.dtype([("value", np.int64)])
_FLOAT = np.dtype([("value", np.float64)])


def filtered(address: int) -> int:
    """Tell the filter `count` reports; returns how many. The context is a KALMAN record."""
    c = at(address, 0, KALMAN)
    size = c.sources + 1
    price = at(c.mean, 0, _FLOAT)
    price_variance = at(c.covariance, 0, _FLOAT)
    for i in range(c.count):
        k = at(c.source, i, _WHOLE).value + 1
        value, noise = at(c.value, i, _FLOAT).value, at(c.noise, i, _FLOAT).value
        row = at(c.out, i, KALMAN_ROW)
        if i == 0:
            own = at(c.covariance, k * size + k, _FLOAT).value
            price.value = value
            price_variance.value = noise + own
            at(c.covariance, k, _FLOAT).value = -own
            at(c.covariance, k * size, _FLOAT).value = -own
            row.innovation, row.expected = np.nan, np.nan
        else:
            passed = at(c.time_ns, i, _WHOLE).value - at(c.time_ns, i - 1, _WHOLE).value
            price_variance.value += c.drift * (passed / 1e9)
            row.innovation = value - price.value - at(c.mean, k, _FLOAT).value
            own = at(c.covariance, k * size, _FLOAT).value + at(c.covariance, k * size + k, _FLOAT).value
            row.expected = price_variance.value + at(c.covariance, k, _FLOAT).value + own + noise
            for j in range(size):
                loads = at(c.covariance, j * size, _FLOAT).value + at(c.covariance, j * size + k, _FLOAT).value
                at(c.loads, j, _FLOAT).value = loads
            for j in range(size):
                gain = at(c.loads, j, _FLOAT).value / row.expected
                at(c.mean, j, _FLOAT).value += gain * row.innovation
                for m in range(size):
                    at(c.covariance, j * size + m, _FLOAT).value -= gain * at(c.loads, m, _FLOAT).value
        row.price, row.variance = price.value, price_variance.value
        if c.means != 0:
            for j in range(size):
                at(c.means, i * size + j, _FLOAT).value = at(c.mean, j, _FLOAT).value
            for j in range(size * size):
                at(c.covariances, i * size * size + j, _FLOAT).value = at(c.covariance, j, _FLOAT).value
    return c.count
