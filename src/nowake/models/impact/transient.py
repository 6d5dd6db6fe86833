"""Linear transient impact with any admissible kernel: multi-exponential, shifted power law, capped linear, your own.

    D_t = permanent sigma Q_t / V  +  transient sigma / V integral over s < t of v_s G(t - s) ds

Q_t are the shares traded until t, sigma and V a session's volatility and volume, G the kernel (Gatheral, Schied &
Slynko 2012, "Transient linear price impact and Fredholm integral equations", Mathematical Finance 22). An order of Q
shares traded evenly over T sessions pays on average

    permanent sigma Q / 2V  +  transient sigma Q / V  H(T) / T^2,     H the second antiderivative of G.

Of the shape of the kernel nothing is fitted: metaorders whose windows are alike cannot tell it. Fit a kernel's rate
with `ObizhaevaWang`, its exponent with `Propagator`; here the two prefactors.

Wrong for orders of very different size: measured impact is concave in size, and this is linear. Volume counts by the
clock: a busy hour forgets as fast as a quiet one."""

from __future__ import annotations

from typing import ClassVar

from nowake.models.impact.admissible import check_admissible, warnings_of
from nowake.models.impact.contract import Impact, Parameter
from nowake.models.impact.kernel import Kernel
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.terms import Size, Terms

PERMANENT = Parameter("permanent", "σ per V", "stays: what a day's volume moves the price for good", typical=0.3)
TRANSIENT = Parameter("transient", "σ per V", "decays: what a block of a day's volume moves it at once")


class Transient(Impact, frozen=True, kw_only=True):
    """Linear impact, part of which decays by a kernel of known shape.

    Parameters
    ----------
    permanent
        Displacement for good in volatilities, for an order of a session's volume; 0 or more.
    transient
        Displacement that decays, in the same unit, times G(0); 0 or more.
    kernel
        How much is left after a lag in sessions. Taken as exact.

    Raises
    ------
    BadParameter
        When a parameter is out of range, or the kernel pays for a round trip.

    Examples
    --------
    >>> from nowake.models.impact import kernels
    >>> fast_and_slow = kernels.MultiExponential(weights=(0.7, 0.3), rates=(200.0, 3.0))
    >>> model = Transient(permanent=0.2, transient=4.0, kernel=fast_and_slow)
    >>> round(float(model.total_bps(Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6))), 2)
    10.27
    """

    name: ClassVar[str] = "transient"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (PERMANENT, TRANSIENT)

    permanent: float
    transient: float
    kernel: Kernel

    def __post_init__(self) -> None:
        super().__post_init__()
        check_admissible(self.kernel, Power(self.transient, 1.0))

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a schedule made with this model may do that a desk would not want, one sentence each."""
        return warnings_of(self.kernel)

    def temporary_bps(self, terms: Terms) -> Size:
        """What the order pays for what decays."""
        return self.transient * self._met(terms)

    def permanent_bps(self, terms: Terms) -> Size:
        """Half of the move that stays."""
        return self.permanent * day_bps(terms) / 2

    def marginal_bps(self, terms: Terms) -> Size:
        """Twice the average: impact is linear."""
        return 2 * self.total_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By permanent and transient."""
        return day_bps(terms) / 2, self._met(terms)

    def response(self, terms: Terms) -> Response:
        """The model itself, in basis points a share."""
        return linear_response(terms, permanent=self.permanent, transient=self.transient, kernel=self.kernel)

    def _met(self, terms: Terms) -> Size:
        return day_bps(terms) * self.kernel.second(terms.days) / terms.days**2

    def __str__(self) -> str:
        return (
            f"D = σ/V [{self.permanent:.3g} Q + {self.transient:.3g} ∫ v G ds],  G = {self.kernel}   [t in sessions]\n"
            f"standard errors: permanent {self.se('permanent'):.2g}, transient {self.se('transient'):.2g}"
        )


def linear_response(terms: Terms, *, permanent: float, transient: float, kernel: Kernel) -> Response:
    """The response of a linear model whose parameters are in volatilities per session's volume."""
    unit = 1e4 * float(terms.volatility) / float(terms.daily_volume)
    return Response(permanent_bps_per_share=permanent * unit, kernel=kernel, pressure=Power(transient * unit, 1.0))


def day_bps(terms: Terms) -> Size:
    """sigma Q / V in basis points."""
    return 1e4 * terms.volatility * terms.share_of_day
