"""Fitting an impact model to executed parent orders: the whole way from orders to parameters with intervals."""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.cluster import doubt_of
from nowake.models.calibration.loss import Loss
from nowake.models.calibration.problem import Clusters, Problem, Spread
from nowake.models.calibration.result import Fit
from nowake.models.calibration.solve import solve
from nowake.models.impact.contract import Impact
from nowake.models.measurement import Measurement, t_of

Model = TypeVar("Model", bound=Impact)


def fit(
    model: type[Model] | Model,
    orders: Metaorders,
    *,
    level: float = 0.95,
    spread: Spread | None = None,
    hold: dict[str, float] | None = None,
    loss: Loss | None = None,
    cluster: Clusters = "day-symbol",
) -> Fit[Model]:
    """A model fitted to orders."""
    problem = Problem.of(model, orders, spread=spread, hold=hold)
    solution = solve(problem, loss=loss)
    doubt = doubt_of(problem, solution, cluster)
    halves = [t_of(level, max(1, int(degrees))) * se for degrees, se in zip(doubt.degrees, doubt.se, strict=True)]
    estimates = {
        name: Measurement(
            value=float(value), low=float(value - half), high=float(value + half), level=level, n=len(problem)
        )
        for name, value, half in zip(solution.names, solution.values, halves, strict=True)
    }
    weight = 1 / solution.scale_bps**2
    centre = float(np.average(problem.cost_bps, weights=weight))
    r2 = 1 - float(weight @ solution.residuals**2) / float(weight @ (problem.cost_bps - centre) ** 2)
    return Fit(
        model=problem.model_at(solution.values, doubt.covariance),
        estimates=estimates,
        level=level,
        orders=len(problem),
        clusters=doubt.clusters,
        dropped=sum(problem.dropped.values()),
        r2=r2,
        cv_r2=float("nan"),
        method="",
        data_hash="",
    )
