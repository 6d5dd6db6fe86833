"""Models as plausible as the one that was fitted: its parameters drawn from their covariance.

For what has no slope to put a covariance through: where a minimum lies. Draws are normal, and a parameter that leaves
its range is put on the end of it, so that intervals of parameters less than two standard errors inside are too
narrow on that side."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact


def plausible(model: Impact, *, draws: int, seed: int) -> list[Impact]:
    """Models drawn around one; the same seed gives the same ones. A model taken as exact gives none.

    Raises
    ------
    BadParameter
        When the number of draws is below 1.
    """
    if draws < 1:
        raise BadParameter(f"{draws} draws must be 1 or more")
    if not model.covariance or not np.any(model.covariance):
        return []
    scales, directions = np.linalg.eigh(np.array(model.covariance))
    normal = np.random.default_rng(seed).normal(size=(draws, len(scales)))
    values = np.array(model.doubted_values) + normal * np.sqrt(np.maximum(scales, 0.0)) @ directions.T
    low = np.array([parameter.low for parameter in model.doubted])
    high = np.array([parameter.high for parameter in model.doubted])
    return [model.with_values(row) for row in np.clip(values, low, high)]
