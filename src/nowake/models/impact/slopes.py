"""Calculus the models share, right at an order of size 0 too."""

from __future__ import annotations

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Size, Terms


def log_or_zero(x: Size) -> Size:
    """log(x), and 0 where x is 0: in x^a log(x), whose limit there is 0."""
    return np.log(np.where(x > 0, x, 1.0))


def permanent_slope(permanent_bps: Size, terms: Terms) -> float:
    """Displacement for good per share, linear at the size of one order whose average cost of it is known.

    An order pays on average half of the move it leaves.

    Raises
    ------
    BadParameter
        When the quantity is 0: there is no slope to take.
    """
    if not terms.quantity > 0:
        raise BadParameter(f"quantity {terms.quantity} must be above 0: the response is that to one order")
    return float(2 * permanent_bps / terms.quantity)
