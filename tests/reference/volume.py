"""The law of log volume as one dense Gaussian: no filter, no trick, cubic cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nowake.models.volume.state_space import Dynamics

Floats = npt.NDArray[np.float64]


def covariance(days_at: list[int], buckets: int, noise_scale: Floats, law: Dynamics) -> Floats:
    """Of log volume over days (numbers of sessions) and buckets, day after day."""
    n = len(days_at) * buckets
    C = np.empty((n, n))
    for p in range(n):
        for q in range(n):
            (d, i), (e, j) = divmod(p, buckets), divmod(q, buckets)
            C[p, q] = law.level_sd**2 * law.level_memory ** abs(days_at[d] - days_at[e])
            if d == e:
                C[p, q] += law.swing_sd**2 * law.swing_memory ** abs(i - j)
            if p == q:
                C[p, q] += noise_scale[i] * law.noise_sd**2
    return C


def restricted_log_density(residual: Floats, days_at: list[int], noise_scale: Floats, law: Dynamics) -> float:
    """Of what is known (not NaN), whatever the mean of the levels is: log |C| + log |X' C^-1 X| + y' P y."""
    y = residual.ravel()
    known = ~np.isnan(y)
    y, C = y[known], covariance(days_at, residual.shape[1], noise_scale, law)[np.ix_(known, known)]
    one = np.ones(len(y))
    inverse = np.linalg.inv(C)
    information = one @ inverse @ one
    _, log_det = np.linalg.slogdet(2 * np.pi * C)
    left = inverse - np.outer(inverse @ one, one @ inverse) / information
    return float(-0.5 * (log_det + np.log(information) + y @ left @ y))


def conditional(C: Floats, y: Floats, known: npt.NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Mean and covariance of the rest given what is known."""
    gain = np.linalg.solve(C[np.ix_(known, known)], C[np.ix_(known, ~known)]).T
    return gain @ y[known], C[np.ix_(~known, ~known)] - gain @ C[np.ix_(known, ~known)]
