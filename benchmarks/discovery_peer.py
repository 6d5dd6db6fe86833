"""The same model fitted once by statsmodels, and a bootstrap of it as an analyst would. Nothing of nowake is imported.

`VECM.fit` estimates the cointegrating vector too (Johansen's reduced rank); given it, alpha, gamma and the covariance
are the same least squares as ours. Printed statistics are lazy there and not asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
from statsmodels.tsa.vector_ar.vecm import VECM

Array = Any


def fit(prices: Array, lags: int) -> dict[str, Array]:
    """Adjustment, short-run matrix, covariance and cointegrating vector of log prices (n, 2)."""
    found = VECM(prices, k_ar_diff=lags, coint_rank=1, deterministic="co").fit()
    return {"alpha": found.alpha, "gamma": found.gamma, "omega": found.sigma_u, "beta": found.beta}


def shares(found: dict[str, Array]) -> Array:
    """Bounds of the information share of two markets, (2 orders, 2 markets), by hand from a fit."""
    psi = np.array([found["alpha"][1, 0], -found["alpha"][0, 0]])
    psi = psi / psi.sum()
    omega, rows = found["omega"], []
    for order in ([0, 1], [1, 0]):
        moved = np.empty(2)
        moved[order] = psi[order] @ np.linalg.cholesky(omega[np.ix_(order, order)])
        rows.append(moved**2 / (psi @ omega @ psi))
    return np.array(rows)
