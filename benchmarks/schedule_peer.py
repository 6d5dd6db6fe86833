"""The same liquidation as an analyst writes it in cvxpy, solved by Clarabel. Nothing of nowake is imported.

Holdings are the variables, in units of the typical order so that the solver is well scaled, and risk goes through
factor exposures: of the ways to write it the quickest for the peer. A power of 3/2 is written both ways that cvxpy
knows (`approx`), for the benchmark to take the quicker."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import numpy as np

Array = Any


def optimum(case: dict[str, Any], *, approx: bool = True) -> tuple[float, Array]:
    """Objective in currency and (T, N) trades in shares."""
    quantities, impact, exponent = case["quantities"], case["impact"], case["exponent"]
    buckets, assets = impact.shape
    unit = float(np.abs(quantities).mean())
    side = np.sign(quantities)
    held = cp.Variable((buckets - 1, assets))
    path = cp.vstack([quantities[None, :] / unit, held, np.zeros((1, assets))])
    trades = path[:-1] - path[1:]
    sided = cp.multiply(np.tile(side, (buckets, 1)), trades)
    if exponent == 2:
        trading = cp.sum_squares(cp.multiply(np.sqrt(impact) * unit, trades))
    else:
        # Without reversals the size of a trade is the trade on its side, which spares the peer the absolute values.
        cost = impact * unit**exponent
        trading = cp.sum(cp.multiply(cost, cp.power(sided, exponent, approx=approx)))
    root = np.sqrt(case["risk_weights"][:-1, None]) * unit
    risk = cp.sum_squares(cp.multiply(np.tile(root, (1, case["loadings"].shape[1])), held @ case["loadings"]))
    risk += cp.sum_squares(cp.multiply(root * np.sqrt(case["specific"]), held))
    constraints = []
    if "upper" in case:
        constraints += [sided >= 0, sided <= np.maximum(case["upper"], -case["lower"]) / unit]
        exposure = held @ case["bands"].T
        constraints += [exposure >= case["band_low"][:-1] / unit, exposure <= case["band_high"][:-1] / unit]
    problem = cp.Problem(cp.Minimize(trading + risk), constraints)
    problem.solve(solver=cp.CLARABEL)
    left = np.vstack([quantities, held.value * unit, np.zeros(assets)])
    return float(problem.value), -np.diff(left, axis=0)
