"""Planning a study: how many orders it takes to know a parameter well enough.

A pilot of generated orders is fitted, and its error shrinks with the square root of how many days like it are recorded,
as errors by cluster do. As good as the design is like the desk: sizes, windows, days and noise of `Design`."""

from __future__ import annotations

import math

from nowake.domain.errors import BadParameter
from nowake.models.calibration.fit import fit
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.impact.contract import Impact
from nowake.statistics.measurement import z_of


def orders_needed(
    model: Impact, name: str, *, within: float, level: float = 0.95, pilot: Design | None = None, seed: int = 0
) -> int:
    """Orders after which a parameter is known to a share of itself.

    Parameters
    ----------
    model
        What is believed to be true.
    name
        One of its parameters.
    within
        Half the interval over the value: 0.2 is ± 20 %.
    level
        Confidence of the interval.
    pilot
        How the desk trades; orders a day stay as they are there.
    seed
        Of the pilot.

    Raises
    ------
    BadParameter
        When the name is no parameter, or `within` is not above 0.
    Unidentified
        When even the pilot cannot tell; give it more orders.
    """
    names = [parameter.name for parameter in model.parameters]
    if name not in names:
        raise BadParameter(f"{model.name} has no parameter {name!r}; it has {', '.join(names)}")
    if not 0 < within < math.inf:
        raise BadParameter(f"within {within} must be above 0, for example 0.2 for ± 20 %")
    pilot = Design(orders=20_000, days=600) if pilot is None else pilot
    found = fit(model, generate_orders(model, seed, pilot), compare_outliers=False)
    share = z_of(level) * found.standard_errors[name] / abs(getattr(model, name))
    needed: int = math.ceil(pilot.orders * (share / within) ** 2)
    return needed
