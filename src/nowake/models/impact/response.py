"""How the price answers a schedule: what stays, what is paid and gone at once, and what decays.

The displacement of the mid from where it would have been is

    D_t = permanent * sum of trades until t  +  integral over s < t of pressure(v_s) kernel(t - s) ds

and a trade at rate v pays, a share, the displacement in the middle of itself plus temporary(v). A permanent part that
is linear in size leaves no profitable round trip (Huberman & Stanzl 2004, "Price manipulation and quasi-arbitrage",
Econometrica 72), so it is linear here; a law of size that is concave is linear at the size of its order. What decays is
checked when a response is made (`admissible`)."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.models.impact.admissible import ROUNDING, check_admissible, fine_grid_warning, warnings_of
from nowake.models.impact.kernel import Exponentials, Kernel, transient_cost
from nowake.models.impact.kernel_exponential import mean_left
from nowake.models.impact.kernel_power import PowerLaw
from nowake.models.impact.shapes import Power, Shape
from nowake.models.terms import Floats


class ScheduleCost(NamedTuple):
    """Average cost per share of a schedule in basis points of the price before it, by what becomes of it."""

    temporary_bps: float
    permanent_bps: float

    @property
    def total_bps(self) -> float:
        """Both together."""
        return self.temporary_bps + self.permanent_bps


class Displaced(NamedTuple):
    """Where a simulation stands: what has been traded, and what of it the price still remembers.

    Parameters
    ----------
    shares
        Signed shares traded so far.
    levels
        (K,) displacement in basis points that each rate of `memory` still holds.
    memory
        The kernel as exponentials.
    """

    shares: float
    levels: Floats
    memory: Exponentials


NO_MEMORY = Exponentials(np.zeros(0), np.ones(0))


class Response(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of the price to one order's trades.

    Parameters
    ----------
    permanent_bps_per_share
        Displacement for good, per signed share.
    temporary
        Paid at a rate of shares a session, at once gone.
    kernel
        How much of a displacement is left after a lag; None where nothing decays.
    pressure
        Basis points a session that a rate of shares a session adds to what decays.

    Raises
    ------
    BadParameter
        When a part is negative or not a number, or kernel and pressure pay for a round trip.
    """

    permanent_bps_per_share: float = 0.0
    temporary: Shape = Power(0.0, 1.0)
    kernel: Kernel | None = None
    pressure: Power = Power(0.0, 1.0)

    def __post_init__(self) -> None:
        stays, gone = self.permanent_bps_per_share, float(self.temporary(1.0))
        if not 0 <= stays < math.inf:
            raise BadParameter(f"permanent_bps_per_share {stays} must be 0 or more and finite")
        if not 0 <= gone < math.inf:
            raise BadParameter(
                f"temporary {self.temporary} must cost 0 or more and finite, not {gone:g} at a rate of 1"
            )
        if self.kernel is not None:
            check_admissible(self.kernel, self.pressure)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a schedule made with this may do that a desk would not want, one sentence each."""
        if self.kernel is None:
            return ()
        nothing_gone = self.temporary(1.0) <= ROUNDING * self.pressure(1.0)
        if isinstance(self.kernel, PowerLaw) and self.pressure.exponent != 1 and nothing_gone:
            return (fine_grid_warning(self.kernel.exponent, self.pressure.exponent),)
        return warnings_of(self.kernel)

    def cost_of(self, quantities: Floats, edges_days: Floats) -> ScheduleCost:
        """Average cost per share of a schedule; what decays is part of the temporary cost.

        Parameters
        ----------
        quantities
            (N,) signed shares of each bucket, traded evenly inside it; buys above 0.
        edges_days
            (N+1,) increasing instants in trading sessions.

        Raises
        ------
        BadParameter
            When edges do not increase, numbers are not finite or nothing is traded.
        """
        quantities, edges = check_schedule(quantities, edges_days)
        traded = float(np.abs(quantities).sum())
        paid = float((quantities * self.temporary(quantities / np.diff(edges))).sum())
        if self.kernel is not None:
            paid += transient_cost(self.kernel, self.pressure, quantities, edges)
        before = np.cumsum(quantities) - quantities
        moved = self.permanent_bps_per_share * float((quantities * (before + quantities / 2)).sum())
        return ScheduleCost(paid / traded, moved / traded)

    def path(self, quantities: Floats, edges_days: Floats, at_days: Floats) -> Floats:
        """Expected displacement of the mid in basis points at instants during and after a schedule, (M,).

        What is temporary is paid off the mid and never seen in it; what decays is.
        """
        quantities, edges = check_schedule(quantities, edges_days)
        done = np.concatenate(([0.0], np.cumsum(quantities)))
        moved = self.permanent_bps_per_share * np.interp(at_days, edges, done)
        if self.kernel is None:
            return np.asarray(moved)
        pressure = np.asarray(self.pressure(quantities / np.diff(edges)))
        return np.asarray(moved + self.kernel.left_of(edges, np.asarray(at_days, dtype=np.float64)) @ pressure)

    def start(self, *, shortest_days: float = 1e-9, longest_days: float = 10.0) -> Displaced:
        """A price nobody has moved yet, from where `step` goes on.

        Parameters
        ----------
        shortest_days, longest_days
            Lags in sessions between which a kernel that is no sum of exponentials is kept to 1e-6; beyond the longest
            it is forgotten faster than it should be. 1e-9 of a session of 6.5 hours is 23 microseconds.

        Raises
        ------
        BadParameter
            When the kernel cannot be followed without its whole history.
        """
        memory = NO_MEMORY
        if self.kernel is not None:
            memory = self.kernel.exponentials(shortest_days=shortest_days, longest_days=longest_days)
        return Displaced(0.0, np.zeros(len(memory.weights)), memory)

    def step(self, state: Displaced, quantity: float, days: float) -> tuple[Displaced, float, float]:
        """Trade a signed quantity evenly over some time, or wait with a quantity of 0.

        Returns
        -------
        state, paid_bps, displacement_bps
            Where the simulation then stands; what the shares paid on average over the undisturbed price, signed
            (a seller's is negative); the displacement of the mid at the end. Steps of a schedule cost what `cost_of`
            says of it.

        Raises
        ------
        BadParameter
            When the time is not above 0 and finite: a block is a short step, and costs what its speed costs.
        """
        if not 0 < days < math.inf:
            raise BadParameter(
                f"a step of {days} sessions must take some time, not for ever; trade a block over a second"
            )
        rate = quantity / days
        if not math.isfinite(rate):
            raise BadParameter(f"{quantity} in {days} sessions is no rate: give a finite quantity and a longer step")
        stays = self.permanent_bps_per_share
        paid = _at(self.temporary, rate) + stays * (state.shares + quantity / 2)
        shares = state.shares + quantity
        if self.kernel is None:
            return state._replace(shares=shares), paid, stays * shares
        levels, met, left = self._decay(state, _at(self.pressure, rate), days)
        return Displaced(shares, levels, state.memory), paid + met, stays * shares + left

    def _decay(self, state: Displaced, push: float, days: float) -> tuple[Floats, float, float]:
        """Levels after a step, the mean displacement met in it, and that left at its end, permanent part apart."""
        assert self.kernel is not None
        weights, rates = state.memory
        x = rates * days
        gone = -np.expm1(-x)
        kept = gone / x  # Mean of exp(-rate t) over the step.
        own = (push * days) * weights
        from_own = own * kept
        levels = state.levels - state.levels * gone + from_own
        met, left = float(state.levels @ kept), float(levels.sum())
        if not self.kernel.bursts:
            return levels, met + float(own @ mean_left(x)), left
        # What the sum of exponentials misses at lags near 0 is in the step's own push.
        missed = push * float(self.kernel.first(days)) - float(from_own.sum())
        return levels, met + push * float(self.kernel.second(days)) / days, left + missed


def _at(shape: Shape, rate: float) -> float:
    """A shape at one rate; numpy's way of raising one number to a power would take most of a step."""
    if isinstance(shape, Power):
        return math.copysign(shape.coefficient * abs(rate) ** shape.exponent, rate) if rate else 0.0
    return float(shape(rate))


def check_schedule(quantities: Floats, edges_days: Floats) -> tuple[Floats, Floats]:
    """A schedule as float arrays, refused where it is none."""
    quantities, edges = np.asarray(quantities, dtype=np.float64), np.asarray(edges_days, dtype=np.float64)
    if quantities.ndim != 1 or edges.shape != (len(quantities) + 1,):
        raise BadParameter(f"{quantities.size} quantities need {quantities.size + 1} edges, not {edges.size}")
    if not (np.isfinite(quantities).all() and np.isfinite(edges).all()):
        raise BadParameter("quantities and edges of a schedule must be finite")
    if not (np.diff(edges) > 0).all():
        raise BadParameter("edges of a schedule must increase; two are equal or out of order")
    if not np.abs(quantities).sum() > 0:
        raise BadParameter("a schedule without a trade has no cost")
    return quantities, edges
