"""What a fit of an impact model to metaorders hands back."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from nowake.models.impact.contract import Impact
from nowake.models.measurement import Measurement

Model = TypeVar("Model", bound=Impact)


class Fit(msgspec.Struct, Generic[Model], frozen=True, kw_only=True):
    """A fitted model and how far to trust it. Prints as a table.

    Parameters
    ----------
    model
        The model at the estimates, with their clustered covariance.
    estimates
        Each parameter with its interval at `level`, by name.
    orders, clusters, dropped
        Rows used, day-and-symbol clusters among them, rows left out.
    r2, cv_r2
        Share of the weighted variance of cost explained: in sample, and on later days not fitted to.
    method
        How it was fitted and how the intervals were made, in words.
    data_hash
        Of the columns fitted to, so that parameters can be told apart by what made them.
    notes
        What a user must know to trust it, one sentence each.
    """

    model: Model
    estimates: dict[str, Measurement]
    level: float
    orders: int
    clusters: int
    dropped: int
    r2: float
    cv_r2: float
    method: str
    data_hash: str
    notes: tuple[str, ...] = ()
