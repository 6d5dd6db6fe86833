"""What a broker or a venue charges for an order: so much a share, so many basis points, and a least amount.

Tiers by month, rebates that depend on which side was taken and taxes of one side only are not in it: give the rate
that holds for the order at hand."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Size, Terms


class Fees(msgspec.Struct, frozen=True, kw_only=True):
    """A tariff.

    Parameters
    ----------
    per_share
        Currency a share, contract or coin; below 0 for a rebate.
    bps
        Of the order's value; below 0 for a rebate.
    minimum
        Least currency charged for the whole order, 0 or more; charged where the rest comes to less.

    Raises
    ------
    BadParameter
        When a number is not finite, or the minimum is negative.
    """

    per_share: float = 0.0
    bps: float = 0.0
    minimum: float = 0.0

    def __post_init__(self) -> None:
        for name in ("per_share", "bps", "minimum"):
            if not math.isfinite(getattr(self, name)):
                raise BadParameter(f"{name} {getattr(self, name)} of the fees must be a finite number")
        if self.minimum < 0:
            raise BadParameter(
                f"minimum {self.minimum} of the fees must be 0 or more; a rebate is a negative per_share"
            )

    def cost_bps(self, terms: Terms, multiplier: Size = 1.0) -> Size:
        """The charge in basis points of the order's value; 0 for an order of nothing.

        Parameters
        ----------
        terms
            One order or many.
        multiplier
            Currency that one unit is worth for one unit of price; NaN where it is not known.

        Raises
        ------
        BadParameter
            When the value of the order is not known and the tariff is not in basis points alone.
        """
        if not (self.per_share or self.minimum):
            return self.bps * (terms.quantity > 0)
        if np.isnan(multiplier).any():
            raise BadParameter("fees a share need to know what one is worth; give the multiplier, or fees in bps alone")
        value = terms.price * terms.quantity * multiplier
        charge = self.per_share * terms.quantity + self.bps / 1e4 * value
        if self.minimum:  # Without one a rebate stays what it is.
            charge = np.maximum(charge, self.minimum)
        return np.where(value > 0, charge / np.where(value > 0, value, 1.0) * 1e4, 0.0)

    def __str__(self) -> str:
        parts = [f"{self.per_share:g} a share"] if self.per_share else []
        parts += [f"{self.bps:g} bps"] if self.bps else []
        least = [f"at least {self.minimum:g}"] if self.minimum else []
        return ", ".join([*([" + ".join(parts)] if parts else []), *least]) or "none"


NO_FEES = Fees()
