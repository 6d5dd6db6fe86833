"""Impact that is forgotten as a power of time (Bouchaud, Gefen, Potters & Wyart 2004, "Fluctuations and response in
financial markets", Quantitative Finance 4; in continuous time Gatheral 2010, "No-dynamic-arbitrage and market impact",
Quantitative Finance 10).

    D_t = y (1 - gamma) sigma integral over s < t of |v_s / V|^delta sign(v_s) (t - s)^-gamma ds

sigma and V are a session's volatility and volume, times in sessions. An order of Q shares traded evenly over T ends
with the price moved by y sigma (Q / VT)^delta T^(1 - gamma), its peak; it pays on average the share 1 / (2 - gamma) of
it. With gamma = delta = 1/2 the peak is y sigma sqrt(Q / V) whatever the duration, the average 2/3 of it, and z
durations after the start sqrt(z) - sqrt(z - 1) of it is left (`square_root_dynamic`).

All impact is forgotten in the end; the cost is therefore all temporary. Refused: exponents that pay for a round trip
(`admissible`). Wrong for blocks, which cost infinitely much; for very short windows, where the power law is cut off;
and for delta below 1 on fine grids, where schedules of negative cost are known (see `warnings`). A fit whose best
exponents lie on gamma + delta = 1 meets the refusal there and may not come to rest: hold both at 1/2 and fit y."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from nowake.models.impact.admissible import check_exponents, fine_grid_warning
from nowake.models.impact.contract import Covariance, Impact, Parameter
from nowake.models.impact.kernel_power import PowerLaw
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.terms import Size, Terms


class Propagator(Impact, frozen=True, kw_only=True):
    """Power of the rate, forgotten as a power of time.

    Parameters
    ----------
    y
        Peak in volatilities of an order of a session's volume traded evenly over a session.
    gamma
        Exponent of decay, in [0.01, 0.99].
    delta
        Exponent of the rate, in [0.05, 1]; 1 is linear.

    Raises
    ------
    BadParameter
        When a parameter is out of range, or delta is below 1 and gamma + delta < 1 or gamma < 0.415.

    Examples
    --------
    >>> model = Propagator.square_root_dynamic(1.5)
    >>> round(float(model.total_bps(Terms(quantity=1e5, days=0.5, volatility=0.02, daily_volume=1e6))), 2)
    63.25
    """

    name: ClassVar[str] = "propagator"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("y", "", "peak of a day's volume traded over a day, in σ"),
        Parameter("gamma", "", "γ, exponent of decay", low=0.01, high=0.99, typical=0.5),
        Parameter("delta", "", "δ, exponent of the rate", low=0.05, high=1.0, typical=0.6),
    )

    y: float
    gamma: float
    delta: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_exponents(self.gamma, self.delta)

    @classmethod
    def square_root_dynamic(cls, y: float = 1.0, *, covariance: Covariance = ()) -> Self:
        """Both exponents 1/2: the square-root law, with a path in time."""
        return cls(y=y, gamma=0.5, delta=0.5, covariance=covariance)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a schedule made with this model may do that a desk would not want, one sentence each."""
        return () if self.delta == 1 else (fine_grid_warning(self.gamma, self.delta),)

    def peak_bps(self, terms: Terms) -> Size:
        """The price move from the first to the last fill."""
        return self.y * self._unit(terms)

    def temporary_bps(self, terms: Terms) -> Size:
        """All of the cost: the peak over 2 - gamma."""
        return self.peak_bps(terms) / (2 - self.gamma)

    def permanent_bps(self, terms: Terms) -> Size:
        """Nothing stays."""
        return 0.0 * self._unit(terms)

    def marginal_bps(self, terms: Terms) -> Size:
        """1 + delta times the average."""
        return (1 + self.delta) * self.temporary_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By y, gamma and delta."""
        unit = self._unit(terms) / (2 - self.gamma)
        speed = np.asarray(terms.share_of_day / terms.days)
        # An order of nothing costs nothing whatever the exponent.
        log_speed = np.log(np.where(speed > 0, speed, 1.0))
        by_gamma = self.y * unit * (1 / (2 - self.gamma) - np.log(terms.days))
        return unit, by_gamma, self.y * unit * log_speed

    def response(self, terms: Terms) -> Response:
        """The model itself, in basis points a session at a rate of shares a session."""
        push = self.y * (1 - self.gamma) * 1e4 * float(terms.volatility) / float(terms.daily_volume) ** self.delta
        return Response(kernel=PowerLaw(self.gamma), pressure=Power(push, self.delta))

    def _unit(self, terms: Terms) -> Size:
        """The peak where y is 1."""
        speed = terms.share_of_day / terms.days
        return 1e4 * terms.volatility * speed**self.delta * terms.days ** (1 - self.gamma)

    def __str__(self) -> str:
        return (
            f"D = {self.y * (1 - self.gamma):.3g} σ ∫ (v/V)^{self.delta:.3g} t^-{self.gamma:.3g} ds   [t in sessions]\n"
            f"standard errors: y {self.se('y'):.2g}, gamma {self.se('gamma'):.2g}, delta {self.se('delta'):.2g}"
        )
