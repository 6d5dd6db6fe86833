"""The model of Almgren, Thum, Hauptmann, Li 2005, "Direct estimation of equity market impact", Risk 18 (July).

    I = gamma sigma (X / V) (Theta / V)^delta        the move that stays after the order
    K = eta sigma |X / (V T)|^beta                   temporary, by the rate
    J = I / 2 + K                                    the average cost of the order

sigma and V of a session, Theta shares outstanding, T in days of VOLUME time: V T is what the market trades in the
window. They fitted the orders of one bank in US equities, 2001 to 2003, and rejected the square root for beta:
alpha .891 ± .10 (the exponent of X / V in I), delta .267 ± .22, beta .600 ± .038. They then set alpha to 1, which no
profitable round trip asks for, delta to 1/4 and beta to 3/5, and with those fitted gamma .314 ± .041 and eta
.142 ± .0062, the defaults here; only those two are doubted unless a covariance is given. alpha is fixed at 1.

J is a cost, not the move seen after the trade. Wrong outside of what was fitted: US shares of twenty years ago, orders
up to 10 % of a day's volume. Constants of 2005 are a start; fit your own."""

from __future__ import annotations

from typing import ClassVar

from nowake.models.impact.contract import Covariance, Impact, Parameter
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.impact.slopes import log_or_zero
from nowake.models.terms import Size, Terms

_PRINTED: Covariance = (
    (0.041**2, 0.0, 0.0, 0.0),
    (0.0, 0.0062**2, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0),
)


class Almgren2005(Impact, frozen=True, kw_only=True):
    """Permanent impact with turnover, temporary impact with the rate.

    Parameters
    ----------
    gamma
        Permanent, without unit.
    eta
        Temporary, without unit.
    beta
        Exponent of the rate, in [0, 2].
    delta
        Exponent of inverse turnover, shares outstanding over daily volume, in [-2, 2].

    Raises
    ------
    BadParameter
        When a parameter is out of range; by a cost, when the market's shares outstanding are not known.

    Examples
    --------
    IBM, 10 % of a day's volume in a tenth of a day:

    >>> ibm = Terms(
    ...     quantity=656_100, days=0.1, volatility=0.0157, daily_volume=6.561e6, shares_outstanding=1.728e9
    ... )
    >>> round(float(Almgren2005().total_bps(ibm)))
    32
    """

    name: ClassVar[str] = "Almgren et al. 2005"
    version: ClassVar[str] = "1"
    needs: ClassVar[tuple[str, ...]] = ("shares_outstanding",)
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("gamma", "", "permanent, in σ per day's volume", typical=0.314),
        Parameter("eta", "", "temporary, in σ at the market's own rate", typical=0.142),
        Parameter("beta", "", "exponent of the rate", high=2.0, typical=0.6),
        Parameter("delta", "", "exponent of inverse turnover", low=-2.0, high=2.0, typical=0.25),
    )

    gamma: float = 0.314
    eta: float = 0.142
    beta: float = 0.6
    delta: float = 0.25
    covariance: Covariance = _PRINTED

    def move_bps(self, terms: Terms) -> Size:
        """I: the move that stays."""
        return self.gamma * self._per_gamma(terms)

    def permanent_bps(self, terms: Terms) -> Size:
        """I / 2: the order pays on average half of the move it leaves."""
        return self.move_bps(terms) / 2

    def temporary_bps(self, terms: Terms) -> Size:
        """K."""
        return self.eta * 1e4 * terms.volatility * terms.speed**self.beta

    def marginal_bps(self, terms: Terms) -> Size:
        """1 + beta times the temporary part, twice the permanent one."""
        return (1 + self.beta) * self.temporary_bps(terms) + 2 * self.permanent_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By gamma, eta, beta and delta."""
        power = 1e4 * terms.volatility * terms.speed**self.beta
        by_beta = self.eta * power * log_or_zero(terms.speed)
        return (
            self._per_gamma(terms) / 2,
            power,
            by_beta,
            self.permanent_bps(terms) * log_or_zero(self._turnover(terms)),
        )

    def response(self, terms: Terms) -> Response:
        """The model itself: linear and permanent, a power of the rate and temporary."""
        sigma_bps = 1e4 * terms.volatility
        # |X / (V T)| of one share a session, traded for the whole window.
        unit = terms.days / terms.market_volume
        return Response(
            permanent_bps_per_share=float(
                self.gamma * sigma_bps / terms.daily_volume * self._turnover(terms) ** self.delta
            ),
            temporary=Power(float(self.eta * sigma_bps * unit**self.beta), self.beta),
        )

    def _per_gamma(self, terms: Terms) -> Size:
        return 1e4 * terms.volatility * terms.share_of_day * self._turnover(terms) ** self.delta

    def _turnover(self, terms: Terms) -> Size:
        """Theta / V: days the market needs to trade all shares."""
        return terms.need("shares_outstanding", self.name) / terms.daily_volume

    def __str__(self) -> str:
        gamma, eta, beta, delta = (
            f"{getattr(self, name):.3g} ± {self.se(name):.2g}" for name in ("gamma", "eta", "beta", "delta")
        )
        return (
            f"J = I/2 + K,  I = ({gamma}) σ X/V (Θ/V)^({delta}),  K = ({eta}) σ |X/(VT)|^({beta})   "
            "[T in days of volume]"
        )
