"""What a basket is exposed to on its way, and the bands it must keep: each is a weight for every line."""

from __future__ import annotations

import math
from typing import Literal, cast

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.terms import Floats
from nowake.schedules.portfolio.basket import Basket
from nowake.schedules.portfolio.costing import Costing
from nowake.schedules.portfolio.limits import Band, Limits

Kind = Literal["dollar", "beta", "sector", "factor", "cash"]


class Exposure(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One exposure through time, in currency.

    Parameters
    ----------
    name
        "dollar", "beta", "sector Energy", "factor 1", "cash".
    weights
        (N,) currency of exposure for each unit left; of "cash" currency paid for each unit no longer left.
    low, high
        (T,) its band after each bucket, infinite where there is none.
    """

    name: str
    weights: Floats
    low: Floats
    high: Floats

    @property
    def kind(self) -> Kind:
        """What it is of, without which sector or factor."""
        return cast(Kind, self.name.split()[0])

    @property
    def is_limited(self) -> bool:
        """Whether it has a band."""
        return bool(np.isfinite(self.low).any() or np.isfinite(self.high).any())

    def values(self, quantities: Floats, left: Floats) -> Floats:
        """(T + 1,) the exposure of (T + 1, N) units left; of cash what was bought less what was sold."""
        return np.asarray((quantities - left if self.name == "cash" else left) @ self.weights)

    def bounds_of_left(self, quantities: Floats) -> tuple[Floats, Floats]:
        """(T,) and (T,) between which weights times what is left must lie."""
        if self.name != "cash":
            return self.low, self.high
        whole = float(quantities @ self.weights)
        return whole - self.high, whole - self.low


def exposures_of(basket: Basket, costs: Costing, limits: Limits) -> tuple[Exposure, ...]:
    """Net value and cash always, beta where any is not 1, sectors where lines have them, factors where they are banded.

    Raises
    ------
    BadParameter
        When sectors are to be banded and no line has one, factors and the covariance has none, or the cash cannot pay
        for a basket that buys more than it sells.
    """
    even = _even_path(basket, costs)
    found = [_exposure(basket, "dollar", basket.worths, limits.band("dollar"), even)]
    betas = np.array([line.beta for line in basket.lines])
    if (betas != 1).any() or limits.beta_band is not None:
        found.append(_exposure(basket, "beta", basket.worths * betas, limits.band("beta"), even))
    found += [
        _exposure(basket, f"sector {name}", basket.worths * inside, limits.band("sector"), even)
        for name, inside in _sectors(basket, limits)
    ]
    if limits.factor_band is not None:
        found += _factors(basket, costs, limits, even)
    return (*found, _cash(basket, limits.band("cash"), even))


def _exposure(
    basket: Basket, name: str, weights: Floats, band: Band | None, even: Floats, *, gross: float | None = None
) -> Exposure:
    """An exposure with its band around the even path or 0; without one it is as wide as can be."""
    t = len(even)
    if band is None:
        return Exposure(name=name, weights=weights, low=np.full(t, -math.inf), high=np.full(t, math.inf))
    width = band.in_currency(basket.gross if gross is None else gross)
    middle = even @ weights if band.around == "path" else np.zeros(t)
    return Exposure(name=name, weights=weights, low=middle - width, high=middle + width)


def _factors(basket: Basket, costs: Costing, limits: Limits, even: Floats) -> list[Exposure]:
    """Each factor of the covariance, banded by its own gross: returns of a factor are not of a currency's size."""
    if not costs.loadings.shape[1] or not basket.covariance.has_factors:
        raise BadParameter(
            f"factor_band needs a covariance with factors; this one ({basket.covariance.method}) has none. Make it by "
            "Covariance.factors, one_factor, or from_returns(..., factors=k)"
        )
    sizes = np.abs(basket.quantities)
    return [
        _exposure(basket, f"factor {k + 1}", weights, limits.band("factor"), even, gross=float(np.abs(weights) @ sizes))
        for k, weights in enumerate(costs.loadings.T)
    ]


def _cash(basket: Basket, band: Band | None, even: Floats) -> Exposure:
    """Purchases so far less sales so far, limited from above."""
    t = len(even)
    free = np.full(t, -math.inf)
    if band is None:
        return Exposure(name="cash", weights=basket.worths, low=free, high=np.full(t, math.inf))
    width = band.in_currency(basket.gross)
    if band.around == "path":
        high = np.maximum((basket.quantities - even) @ basket.worths, 0.0) + width
        return Exposure(name="cash", weights=basket.worths, low=free, high=high)
    if basket.net > width * (1 + 1e-9):
        raise BadParameter(
            f"the basket buys {basket.net:,.0f} {basket.currency} more than it sells, and purchases may exceed sales "
            f"by {width:,.0f} only: give cash_band of that or more, or Band(width=..., around='path')"
        )
    return Exposure(name="cash", weights=basket.worths, low=free, high=np.full(t, width))


def _sectors(basket: Basket, limits: Limits) -> list[tuple[str, Floats]]:
    names = sorted({line.sector for line in basket.lines if line.sector})
    if limits.sector_band is not None and not names:
        raise BadParameter("sector_band needs lines with a sector; none has one")
    return [(name, np.array([float(line.sector == name) for line in basket.lines])) for name in names]


def _even_path(basket: Basket, costs: Costing) -> Floats:
    """(T, N) units left after each bucket where each line is traded evenly through its window."""
    ends = costs.timeline.ends_days[:, None]
    starts = np.array([line.start_days for line in basket.lines])
    days = np.array([line.days for line in basket.lines])
    return np.asarray(basket.quantities * (1 - np.clip((ends - starts) / days, 0.0, 1.0)))
