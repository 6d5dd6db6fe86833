"""Laws of size: impact as volatility times a function of the order over the day's volume, whatever its duration.

    I(Q) = sigma f(x),   x = Q / V,   sigma and V of the same period, here a session

Two readings are in use and differ by a factor, so each model names which: the law gives the average cost of the order
(`Reading.COST`), or the price move from the first to the last fill (`Reading.PEAK`), of which the average cost is the
mean over the order, (1 / x) int_0^x f. Either way the last share pays the peak, which is the slope of the whole cost:

    peak = d(Q cost) / dQ

What stays afterwards is `relaxed` of the peak. Fair pricing (Farmer, Gerig, Lillo, Waelbroeck 2013, "How efficiency
shapes market impact", Quantitative Finance 13) says that the price comes back to what was paid on average: 2/3 of the
peak for f = sqrt. The order pays on average half of the move it leaves behind, so under fair pricing half of its cost
is permanent for any f, and the other half temporary.

Wrong for very fast and very slow orders: without a duration, urgency is free. A concave law is no model of many trades
at once: a permanent part that is concave in size could be pumped (Huberman & Stanzl 2004), so the response to a
schedule is linear at the size of its order."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Self

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact, check_written
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Shape
from nowake.models.impact.slopes import mean_until, permanent_slope, slope_at, slope_by_log
from nowake.models.terms import Size, Terms


class Reading(enum.Enum):
    """What a law of size stands for."""

    COST = "average cost of the order"
    PEAK = "price move from first to last fill"


class LawShape(msgspec.Struct, frozen=True):
    """coefficient f(|v| / scale) sign(v): a law of size in the rate, f being that of `law`."""

    coefficient: float
    scale: float
    law: SizeLaw

    def __call__(self, rate: Size) -> Size:
        """Basis points at a rate in shares a session, of the rate's sign."""
        return self.coefficient * np.sign(rate) * self.law.law(np.abs(rate) / self.scale)


class SizeLaw(Impact, frozen=True, kw_only=True):
    """The base of all laws of size.

    Parameters
    ----------
    relaxed
        Share of the peak that stays, in [0, 1]; None for fair pricing. Taken as exact.
    reading
        Whether the law gives the average cost (default) or the peak.

    Raises
    ------
    BadParameter
        When a parameter is out of range.
    """

    relaxed: float | None = None
    reading: Reading = Reading.COST

    def __post_init__(self) -> None:
        check_written(self, SizeLaw, ("law",))
        super().__post_init__()
        if self.relaxed is not None and not 0 <= self.relaxed <= 1:
            raise BadParameter(
                f"relaxed {self.relaxed} must be between 0 and 1, the share of the peak that stays, "
                "or None for fair pricing"
            )

    # What a law writes, as functions of x = Q / V in units of volatility. Only `law` must be; the rest is found by
    # quadrature and differences to about ten digits where no formula is given, and slower.

    def law(self, x: Size) -> Size:
        """f(x)."""
        raise NotImplementedError

    def mean(self, x: Size) -> Size:
        """(1 / x) int_0^x f: the average over an order that moves the price along the law; 0 at 0."""
        return mean_until(self.law, x)

    def steepness(self, x: Size) -> Size:
        """x f'(x)."""
        return slope_by_log(self.law, x)

    def law_slopes(self, x: Size) -> tuple[Size, ...]:
        """Derivative of f(x) by each of `parameters`."""
        return self._by_each_parameter(lambda model: model.law(x))

    def mean_slopes(self, x: Size) -> tuple[Size, ...]:
        """Derivative of `mean` by each of `parameters`."""
        return self._by_each_parameter(lambda model: model.mean(x))

    def shape(self, at_bps: float, terms: Terms) -> Shape:
        """Temporary impact of the law's form in the rate, worth `at_bps` at the even rate of these terms."""
        worth = float(self.law(float(terms.share_of_day)))
        return LawShape(at_bps / worth if worth else 0.0, float(terms.daily_volume / terms.days), self)

    # What all laws get from it.

    def impact_bps(self, terms: Terms) -> Size:
        """The law as it is written."""
        return 1e4 * terms.volatility * self.law(terms.share_of_day)

    def peak_bps(self, terms: Terms) -> Size:
        """The price move from the first to the last fill."""
        return self.marginal_bps(terms)

    def total_bps(self, terms: Terms) -> Size:
        """Average cost of the order: the law itself, or its mean where it is read as the peak."""
        read = self.mean if self.reading is Reading.PEAK else self.law
        return 1e4 * terms.volatility * read(terms.share_of_day)

    def permanent_bps(self, terms: Terms) -> Size:
        """Half of the move that stays."""
        stays = self.total_bps(terms) if self.relaxed is None else self.relaxed * self.peak_bps(terms)
        return stays / 2

    def temporary_bps(self, terms: Terms) -> Size:
        """What is left of the cost; the other half under fair pricing."""
        total = self.total_bps(terms)
        return total / 2 if self.relaxed is None else total - self.permanent_bps(terms)

    def marginal_bps(self, terms: Terms) -> Size:
        """The peak, which the last share pays."""
        x = terms.share_of_day
        steeper = 0.0 if self.reading is Reading.PEAK else self.steepness(x)
        return 1e4 * terms.volatility * (self.law(x) + steeper)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By each of `parameters`."""
        read = self.mean_slopes if self.reading is Reading.PEAK else self.law_slopes
        return tuple(1e4 * terms.volatility * slope for slope in read(terms.share_of_day))

    def response(self, terms: Terms) -> Response:
        """What stays, linear at the size of the order; what relaxes, of the law's form in the rate."""
        return Response(
            permanent_bps_per_share=permanent_slope(self.permanent_bps(terms), terms),
            # Where all of it stays, what is left of the cost may come out a rounding below 0.
            temporary=self.shape(max(float(self.temporary_bps(terms)), 0.0), terms),
        )

    def _by_each_parameter(self, f: Callable[[Self], Size]) -> tuple[Size, ...]:
        return tuple(
            slope_at(
                lambda value, name=each.name: f(msgspec.structs.replace(self, **{name: value})),  # type: ignore[misc]
                getattr(self, each.name),
                low=each.low,
                high=each.high,
                unit=each.typical,
            )
            for each in self.parameters
        )

    def reading_line(self) -> str:
        """What the law is read as and what stays, for print."""
        comes_back = "the price it paid" if self.relaxed is None else f"{self.relaxed:.3g} of the peak"
        return f"[{self.reading.value}; relaxes to {comes_back}]"
