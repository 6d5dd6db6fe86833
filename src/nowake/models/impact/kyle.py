"""Kyle's lambda: each share traded moves the price by lambda, for good (Kyle 1985, "Continuous auctions and insider
trading", Econometrica 53).

    Delta P = lambda Q sigma^k        k = 0: his own form;  k = 1/2: flow times the square root of volatility

In an auction all of the order trades at the price it makes, so a single auction costs lambda Q a share: the whole move.
Split evenly over N auctions, share by share later ones pay more and earlier ones less, on average (N + 1) / (2N) of
that; traded continuously, half. All of the move stays. What is called permanent cost here is lambda Q / 2, what any
order pays for a move it leaves; the rest, lambda Q / (2N), is what auctions charge on top for making the price before
they trade at it. It is gone with finer slicing, so it stands as temporary cost, and `response` charges any schedule
what auctions T / N apart would.

With k = 0 lambda holds for one market only; with k = 1/2 it follows volatility, less than in proportion. Wrong for
large orders: measured impact is concave in size. It has no memory, and trading slower does not make it cheaper beyond
the split. `kyle_equilibrium` derives lambda from the information in the market instead of measuring it."""

from __future__ import annotations

from typing import ClassVar

from nowake.domain.errors import BadParameter
from nowake.models.impact.contract import Impact, Parameter
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.models.terms import Size, Terms


class Kyle(Impact, frozen=True, kw_only=True):
    """Permanent impact proportional to size.

    Parameters
    ----------
    kyle_lambda
        Move per share: currency per share², when `volatility_exponent` is 0; currency per share² per
        (volatility of a session)^(1/2), when it is 1/2, volatility being a fraction of the price.
    volatility_exponent
        k: 0 or 1/2. Taken as exact.
    periods
        N, the auctions an order is split over evenly; 1 is Kyle's single auction. Taken as exact.

    Raises
    ------
    BadParameter
        When a parameter is out of range.

    Examples
    --------
    A lambda of a millionth of a dollar: 100,000 shares move the price by ten cents, and pay all of it at 50 dollars in
    one auction, 11/20 of it in ten.

    >>> market = Terms(quantity=1e5, days=1, volatility=0.02, daily_volume=1e6, price=50)
    >>> [round(float(Kyle(kyle_lambda=1e-6, periods=n).total_bps(market)), 3) for n in (1, 10)]
    [20.0, 11.0]
    """

    name: ClassVar[str] = "Kyle's lambda"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (
        Parameter("kyle_lambda", "currency/share²", "move per share traded, for good", typical=1e-7),
    )

    kyle_lambda: float
    volatility_exponent: float = 0.0
    periods: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.volatility_exponent not in {0.0, 0.5}:
            raise BadParameter(
                f"volatility_exponent {self.volatility_exponent} must be 0 (a move per share) or 0.5 "
                "(a move per share and square root of volatility)"
            )
        if not (isinstance(self.periods, int) and self.periods >= 1):
            raise BadParameter(f"periods {self.periods} must be a whole number, 1 or more: the auctions of an order")

    def move_bps(self, terms: Terms) -> Size:
        """lambda Q sigma^k: how far the order moves the price, for good."""
        return self.kyle_lambda * self._per_lambda(terms)

    def permanent_bps(self, terms: Terms) -> Size:
        """Half of the move."""
        return self.move_bps(terms) / 2

    def temporary_bps(self, terms: Terms) -> Size:
        """The other half of each auction's own move: 1 / (2N) of the whole."""
        return self.move_bps(terms) / (2 * self.periods)

    def marginal_bps(self, terms: Terms) -> Size:
        """Twice the average."""
        return 2 * self.total_bps(terms)

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        """By lambda."""
        return (self._per_lambda(terms) * (self.periods + 1) / (2 * self.periods),)

    def response(self, terms: Terms) -> Response:
        """The move share by share, and half of an auction's own on top."""
        slope = self.kyle_lambda * float(terms.volatility**self.volatility_exponent / terms.price) * 1e4
        return Response(
            permanent_bps_per_share=slope,
            temporary=Power(slope * float(terms.days) / (2 * self.periods), 1.0),
        )

    def _per_lambda(self, terms: Terms) -> Size:
        return terms.quantity * terms.volatility**self.volatility_exponent / terms.price * 1e4

    def __str__(self) -> str:
        flow = "Q" if self.volatility_exponent == 0 else "Q √σ"
        auctions = "a single auction" if self.periods == 1 else f"{self.periods} auctions"
        return (
            f"ΔP = ({self.kyle_lambda:.3g} ± {self.se('kyle_lambda'):.2g}) {flow}   [currency a share]\n"
            f"{auctions}: the order pays {(self.periods + 1) / (2 * self.periods):.3g} of the move; all of it stays"
        )
