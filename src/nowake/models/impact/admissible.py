"""Whether a law of transient impact can be traded against: what is refused, and what is only warned of.

Refused, with a round trip that earns as evidence:
- a kernel that is not positive definite, under linear pressure (Bochner; Gatheral, Schied & Slynko 2012, "Transient
  linear price impact and Fredholm integral equations", Mathematical Finance 22);
- a pressure that is not linear with a kernel that is finite at 0: over short times such impact is permanent, and
  permanent impact must be linear (Huberman & Stanzl 2004). Exponential decay is the case of Gatheral 2010;
- |v|^delta with t^-gamma unless gamma + delta >= 1 and gamma >= 2 - ln 3 / ln 2 = 0.415 (Gatheral 2010); for the second
  bound alone we show no round trip;
- pressure that grows faster than the rate (delta above 1), whatever the kernel. A burst of length e that pushes by P
  trades P^(1/delta) e^(1 - 1/delta) shares, each for about P e^-gamma: where delta (1 - gamma) > 1 it costs nothing as
  e falls, and what was bought slowly before is sold slowly after it. Between there and 1 we know of none that is safe.

Warned of: a positive definite kernel under which the best way to buy sells in between, transaction-triggered price
manipulation (Alfonsi, Schied & Slynko 2012, "Order book resilience, price manipulation, and the positive portfolio
problem", SIAM J. Financial Math. 3); kernels that fall and are convex do not.

Not safe, and warned of: concave pressure. Gatheral's conditions are necessary, and Curato, Gatheral & Lillo 2017
("Optimal execution with non-linear transient market impact", Quantitative Finance 17) still found schedules of negative
cost by brute force. So did we: none in 24 slices, but with gamma = delta = 1/2 round trips of 400 and 800 slices that
cost -0.7 and -1.9 bps of what is traded, where an even order of a tenth of a day's volume costs 63.

A kernel that does not know whether it is positive definite is tried on grids from 1e-4 to 10 sessions: one that fails
only on other scales passes."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernel import Kernel
from nowake.models.impact.kernel_power import PowerLaw
from nowake.models.impact.shapes import Power
from nowake.models.terms import Floats

SMALLEST_GAMMA = 2 - math.log(3) / math.log(2)
SPANS_DAYS = 10.0 ** np.arange(-4, 1.5, 0.5)
TRADES = (2, 3, 4, 6, 10, 40)
ROUNDING = 1e-9  # Of the largest eigenvalue: below this a sign is noise.


class RoundTrip(NamedTuple):
    """Trades that sum to 0, when each begins, how long it takes, and what they cost all together (below 0: earn).

    A trade that takes no time is a block.
    """

    trades: Floats
    starts_days: Floats
    lengths_days: Floats
    cost: float

    def __str__(self) -> str:
        steps = " then ".join(
            f"{trade:+.4g} over {length:.3g}" if length else f"{trade:+.4g} at {start:.3g}"
            for trade, start, length in zip(self.trades, self.starts_days, self.lengths_days, strict=True)
        )
        return f"trading {steps} sessions earns {-self.cost:.3g}"


def check_admissible(kernel: Kernel, pressure: Power) -> None:
    """Refuse a law of impact that pays for a round trip.

    Raises
    ------
    BadParameter
        With the reason, and the round trip where one was found.
    """
    if not 0 <= pressure.coefficient < math.inf:
        raise BadParameter(
            f"pressure {pressure.coefficient:g} must be 0 or more and finite: buying does not push the price down"
        )
    if not 0 < pressure.exponent < math.inf:
        raise BadParameter(f"exponent {pressure.exponent:g} of the pressure must be above 0 and finite")
    if pressure.exponent == 1:
        _check_positive_definite(kernel)
    else:
        _check_not_linear(kernel, pressure.exponent)


def warnings_of(kernel: Kernel) -> tuple[str, ...]:
    """What a schedule made with an admissible kernel may do that a desk would not want, one sentence each."""
    if kernel.convex or not trades_against_itself(kernel):
        return ()
    return (
        f"Under {kernel} the cheapest way to buy sells in between (transaction-triggered manipulation); a kernel that "
        "falls and is convex would not. Forbid sales in a schedule made with it.",
    )


def fine_grid_warning(gamma: float, delta: float) -> str:
    """What to know of concave pressure that Gatheral's conditions let pass."""
    return (
        f"Impact |v|^{delta:.3g} passes what no-arbitrage is known to ask of t^-{gamma:.3g}, but schedules of negative "
        "cost exist on fine grids (Curato, Gatheral & Lillo 2017; ours of 400 slices): count the spread too."
    )


def check_exponents(gamma: float, delta: float) -> None:
    """Refuse exponents of t^-gamma and |v|^delta that pay for a round trip (Gatheral 2010).

    Raises
    ------
    BadParameter
        When delta is above 1, or below it and gamma + delta < 1 or gamma < 0.415.
    """
    if delta == 1:
        return
    if delta > 1:
        raise BadParameter(_convex(PowerLaw(gamma), delta))
    if gamma + delta < 1 - ROUNDING:
        found = two_step_trip(PowerLaw(gamma), delta)
        because = f": {found}" if found else ""
        raise BadParameter(
            f"gamma {gamma:.10g} + delta {delta:.10g} must be 1 or more, or round trips earn (Gatheral 2010){because}"
        )
    if gamma < SMALLEST_GAMMA - ROUNDING:
        raise BadParameter(
            f"gamma {gamma:.10g} must be {SMALLEST_GAMMA:.10g} or more where delta ({delta:.10g}) is not 1 "
            "(Gatheral 2010)"
        )


def cheapest_round_trip(kernel: Kernel, *, span_days: float, trades: int) -> RoundTrip:
    """The round trip of unit length that costs least under linear pressure: blocks, or even trading where G bursts."""
    matrix = _costs(kernel, span_days, trades)
    flat = np.eye(trades) - 1 / trades
    # Trades that sum to 0 are those left alone by `flat`; the vector of ones is lifted out of the way.
    _, vectors = np.linalg.eigh(flat @ matrix @ flat + np.abs(matrix).sum() * (np.eye(trades) - flat))
    best = flat @ vectors[:, 0]
    length = span_days / trades if kernel.bursts else 0.0
    starts = np.linspace(0, span_days, trades, endpoint=not kernel.bursts, dtype=np.float64)
    return RoundTrip(best, starts, np.full(trades, length), float(best @ matrix @ best / 2))


def cheapest_trades(kernel: Kernel, *, span_days: float, trades: int) -> Floats:
    """Shares of an order that cost least under linear pressure, sales allowed: G^-1 1 / 1' G^-1 1.

    Blocks at even instants, both ends included, or even trading in as many slices where G bursts.
    """
    best = np.linalg.lstsq(_costs(kernel, span_days, trades), np.ones(trades), rcond=None)[0]
    return np.asarray(best / best.sum())


def trades_against_itself(kernel: Kernel) -> bool:
    """Whether on some grid the cheapest way to buy sells more than a hundredth of the order."""
    return any(
        cheapest_trades(kernel, span_days=float(span), trades=trades).min() < -0.01
        for span in SPANS_DAYS
        for trades in (6, 10)
        # Where trades are too close to be told apart their signs are noise.
        if np.linalg.cond(_costs(kernel, float(span), trades)) < 1e9
    )


def two_step_trip(kernel: Kernel, delta: float) -> RoundTrip | None:
    """A share bought at one rate and sold at another under |v|^delta, where that earns; the best of a table."""
    first = SPANS_DAYS[:, None] / (1 + np.geomspace(1e-4, 1e4, 33))
    last = SPANS_DAYS[:, None] - first
    buying, selling = np.asarray(kernel.second(first)), np.asarray(kernel.second(last))
    # Each pays half of its own move, and the sale what is left of the purchase, at rates of 1 over their lengths.
    left = (np.asarray(kernel.second(first + last)) - buying - selling) / last / first**delta
    own = buying / first ** (1 + delta) + selling / last ** (1 + delta)
    costs = np.where(own - left < -ROUNDING * (own + left), own - left, np.inf)
    best = np.unravel_index(int(np.argmin(costs)), costs.shape)
    if costs[best] == np.inf:
        return None
    lengths = np.array([first[best], last[best]])
    return RoundTrip(np.array([1.0, -1.0]), np.array([0.0, lengths[0]]), lengths, float(costs[best]))


def _costs(kernel: Kernel, span_days: float, trades: int) -> Floats:
    """The matrix of which trades x cost x' matrix x / 2."""
    if kernel.bursts:
        return kernel.matrix(np.linspace(0, span_days, trades + 1))
    return kernel.gram(np.linspace(0, span_days, trades))


def _check_positive_definite(kernel: Kernel) -> None:
    known = kernel.positive_definite
    if known:
        return
    for trades in TRADES:
        for span in SPANS_DAYS:
            found = cheapest_round_trip(kernel, span_days=float(span), trades=trades)
            scale = float(np.abs(_costs(kernel, float(span), trades)).max())
            if found.cost < -ROUNDING * scale * trades:
                raise BadParameter(f"kernel {kernel} is not positive definite: {found}")
    if known is False:
        raise BadParameter(
            f"kernel {kernel} is not positive definite: its spectrum is negative somewhere (Bochner), so some schedule "
            "costs less than nothing; give the weight below 0 less weight"
        )


def _check_not_linear(kernel: Kernel, delta: float) -> None:
    if isinstance(kernel, PowerLaw):
        check_exponents(kernel.exponent, delta)
        return
    if kernel.bursts:
        if delta > 1:
            raise BadParameter(_convex(kernel, delta))
        return
    found = two_step_trip(kernel, delta)
    because = f": {found}" if found else ""
    raise BadParameter(
        f"kernel {kernel} is finite at lag 0, so pressure must be linear, not |v|^{delta:.4g} (Gatheral 2010){because}"
    )


def _convex(kernel: Kernel, delta: float) -> str:
    return (
        f"delta {delta:.10g} of the pressure under {kernel} must be 1 or less: buying slowly, pushing the price in a "
        "short burst and selling slowly can earn"
    )
