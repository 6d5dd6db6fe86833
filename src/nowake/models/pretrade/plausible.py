"""Models as plausible as the one that was fitted: its parameters drawn from their covariance.

For what has no slope to put a covariance through: where a minimum lies. Draws are normal. A parameter that leaves its
range is put on the end of it; parameters that the model refuses together (`Propagator`: gamma + delta below 1) are
drawn again. So intervals of parameters less than two standard errors inside are too narrow on that side."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact
from nowake.models.terms import Floats

_ROUNDS = 50


def plausible(model: Impact, *, draws: int, seed: int) -> list[Impact]:
    """Models drawn around one; the same seed gives the same ones. A model taken as exact gives none.

    Raises
    ------
    BadParameter
        When the number of draws is below 1, or the model refuses nearly all of what its covariance calls plausible.
    """
    if draws < 1:
        raise BadParameter(f"{draws} draws must be 1 or more")
    if not model.covariance or not np.any(model.covariance):
        return []
    scales, directions = np.linalg.eigh(np.array(model.covariance))
    spread = (np.sqrt(np.maximum(scales, 0.0)) * directions).T
    low = np.array([parameter.low for parameter in model.doubted])
    high = np.array([parameter.high for parameter in model.doubted])
    rng = np.random.default_rng(seed)
    found: list[Impact] = []
    for _ in range(_ROUNDS):
        values = np.array(model.doubted_values) + rng.normal(size=(draws, len(scales))) @ spread
        found += filter(None, (_admitted(model, row) for row in np.clip(values, low, high)))
        if len(found) >= draws:
            return found[:draws]
    raise BadParameter(
        f"of {_ROUNDS * draws} draws from the covariance of {model.name} it admits {len(found)} only; its standard "
        "errors are too large for its limits: fit it with an exponent held"
    )


def _admitted(model: Impact, values: Floats) -> Impact | None:
    try:
        return model.with_values(values)
    except BadParameter:
        return None
