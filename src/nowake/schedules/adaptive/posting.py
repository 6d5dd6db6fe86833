"""How deep to post: a large order worked by limit orders alone, one clip at a time.

Gueant, Lehalle & Fernandez-Tapia, "Optimal portfolio liquidation with limit orders", SIAM Journal on Financial
Mathematics 3, 2012 (arXiv 1106.3279). A clip posted a distance delta from the mid is filled at the rate A e^(-k delta).
With q clips left, the drift mu of the price in the order's favour and a cost b for each clip left at the end, the most
of E[-exp(-gamma wealth)] is had (their proposition 1 and theorem 1) at

    delta(t, q) = ln(w_q / w_{q-1}) / k + ln(1 + gamma/k) / gamma
    dw_q/dt = (alpha q^2 - beta q) w_q - eta w_{q-1},   w_q(T) = e^(-k q b),   w_0 = 1
    alpha = k gamma sigma^2 / 2,   beta = k mu,   eta = A (1 + gamma/k)^-(1 + k/gamma)

w spans hundreds of orders of magnitude. Solved here is its logarithm's slope in q, r_q = ln(w_q / w_{q-1}), which does
not: with tau to go, dr_q/dtau = eta (e^(-r_q) - e^(-r_{q-1})) - alpha (2 q - 1) + beta, r_q(0) = -k b, the term of r_0
being none. It is stiff and solved as such. Far from the end r_q = ln(eta / (alpha q^2 - beta q)).

Wrong where fills do not fall off exponentially with distance, where they come in bursts, where our own order moves the
price, and for whoever is not filled at once: a depth below 0 asks to take, which this model does not price."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import numpy as np

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.domain.units import NS_PER_SECOND
from nowake.models.market import MarketState, days_of
from nowake.models.terms import Floats
from nowake.schedules.adaptive.contract import Situation
from nowake.schedules.adaptive.expected import expected_plan, lengths_days
from nowake.schedules.buckets import bucket_edges
from nowake.schedules.schedule import Schedule

if TYPE_CHECKING:
    from nowake.models.fills.intensity import Intensity

MOST_CLIPS = 2_000
_STEEPEST = 600.0  # k b and the like, whose exponential must be a number.


class PostingDepth(msgspec.Struct, frozen=True, kw_only=True, tag=True, dict=True):
    """Policy: post one clip at the best distance; its rate is the one at which such clips are filled.

    Parameters
    ----------
    fills_at_mid
        A: clips a session filled where they are posted at the mid.
    decay
        k: per currency of distance, above 0. `fit_intensity` measures both: `from_intensity`.
    volatility
        Currency per share per sqrt(session).
    risk_aversion
        gamma of the exponential utility, per currency of wealth; 0 or more.
    clip
        Shares of a clip.
    most_clips
        Clips of the largest order it is asked for.
    horizon_days
        The longest window it is asked for, sessions.
    end_cost
        b: currency per share beyond the mid that what is left costs at the end.
    favourable_drift
        mu: currency per share per session the price moves for the order: up for a sale, down for a purchase.
    bucket_ns, n
        Of `plan`, as for `twap`.
    """

    title: ClassVar[str] = "Posting depth"

    fills_at_mid: float
    decay: float
    volatility: float
    risk_aversion: float
    clip: float
    most_clips: int
    end_cost: float
    horizon_days: float = 1.0
    favourable_drift: float = 0.0
    bucket_ns: int | None = None
    n: int | None = None

    def __post_init__(self) -> None:
        for name in ("fills_at_mid", "decay", "clip", "horizon_days"):
            if not 0 < getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} of PostingDepth must be above 0 and finite")
        for name in ("volatility", "risk_aversion"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} of PostingDepth must be 0 or more and finite")
        for name in ("end_cost", "favourable_drift"):
            if not math.isfinite(getattr(self, name)):
                raise BadParameter(f"{name} {getattr(self, name)} of PostingDepth must be finite")
        if not isinstance(self.most_clips, int) or not 1 <= self.most_clips <= MOST_CLIPS:
            raise BadParameter(
                f"most_clips {self.most_clips} must be a whole number, 1 to {MOST_CLIPS:,}; choose a larger clip"
            )
        if abs(self.decay * self.end_cost) > _STEEPEST:
            raise BadParameter(
                f"end_cost {self.end_cost:g} is {self.decay * self.end_cost:.3g} times 1 / decay, beyond "
                f"{_STEEPEST:g}: no fill is so dear; give what the last clips really cost at the end"
            )
        self._check_scale()

    def _check_scale(self) -> None:
        """Refuse what no market shows, for which the depths cannot be solved in a moment."""
        days, says = self.horizon_days, "check units: currency, shares and sessions"
        fills, aversion = self.fills_at_mid * days, self.risk_aversion * self.clip / self.decay
        if not 1e-12 <= fills <= 1e12:
            raise BadParameter(
                f"fills_at_mid {self.fills_at_mid:g} over horizon_days {days:g} makes {fills:.3g} fills at the mid, "
                f"not from 1e-12 to 1e12; {says}"
            )
        if not aversion <= 1e12:
            raise BadParameter(
                f"risk_aversion {self.risk_aversion:g} times clip {self.clip:g} over decay {self.decay:g} is "
                f"{aversion:.3g}, above 1e12; {says}"
            )
        for name, value in (
            ("volatility", self.decay * aversion * self.decay * self.volatility * self.volatility / 2 * days),
            ("favourable_drift", abs(self.decay * self.favourable_drift * days)),
        ):
            if not value <= 1e8:
                raise BadParameter(
                    f"{name} {getattr(self, name):g} makes a clip's wait over horizon_days {days:g} cost {value:.3g} "
                    f"times 1 / decay, above 1e8; {says}"
                )

    @classmethod
    def of(
        cls, order: ParentOrder, market: MarketState, *, clip: float, risk_aversion: float, **parameters: Any
    ) -> PostingDepth:
        """The policy of one order in a market; `clip` in shares, other parameters as they are.

        Half the spread is the cost at the end unless `end_cost` is given.
        """
        if not 0 < clip < math.inf:
            raise BadParameter(f"clip {clip} of PostingDepth must be above 0 and finite, in shares")
        return cls(
            volatility=market.volatility,
            risk_aversion=risk_aversion * float(order.instrument.multiplier or 1),
            clip=clip,
            most_clips=max(1, math.ceil(order.quantity / clip - 1e-9)),
            horizon_days=days_of(order),
            **({"end_cost": market.spread / 2} | parameters),
        )

    @classmethod
    def from_intensity(
        cls,
        order: ParentOrder,
        market: MarketState,
        intensity: Intensity,
        *,
        clip: float,
        risk_aversion: float,
        **parameters: Any,
    ) -> PostingDepth:
        """As `of`, with A and k as `fit_intensity` has measured them, there per second and per tick.

        They are those of a clip of the size that was probed: a larger one takes longer.

        Raises
        ------
        BadParameter
            When fills of the other side were measured, or do not get rarer with distance.
        """
        if intensity.side != order.side:
            raise BadParameter(
                f"fills of side {intensity.side:+d} were measured, and the order is of side {order.side:+d}; fit the "
                "side it posts on"
            )
        if not intensity.decay.value > 0:
            raise BadParameter(
                f"decay {intensity.decay.value:g} per tick must be above 0: these fills do not get rarer with distance"
            )
        session = order.instrument.session
        measured = {
            "fills_at_mid": intensity.rate.value * (session.close_ns - session.open_ns) / NS_PER_SECOND,
            "decay": intensity.decay.value / order.instrument.price(1),
        }
        return cls.of(order, market, clip=clip, risk_aversion=risk_aversion, **(measured | parameters))

    @property
    def aversion(self) -> float:
        """gamma / k of one clip: what a clip gains is `clip` times the distance."""
        return self.risk_aversion * self.clip / self.decay

    @property
    def eta(self) -> float:
        """A (1 + gamma/k)^-(1 + k/gamma); A/e without risk aversion."""
        g = self.aversion
        return self.fills_at_mid * math.exp(-(1 + g) * _log1p_over(g))

    @property
    def alpha(self) -> float:
        """k gamma sigma^2 / 2, per session."""
        return self.decay**2 * self.aversion * self.volatility**2 / 2

    @property
    def beta(self) -> float:
        """k mu, per session."""
        return self.decay * self.favourable_drift

    def depth(self, situation: Situation) -> float:
        """Currency per share from the mid at which to post, away from the other side; below 0 beyond the mid.

        Raises
        ------
        BadParameter
            When more is left, or more time, than the policy was made for.
        """
        clips, days = self._clips(situation.left), self._days(situation.left_days)
        return float(self._depth_of(float(self.slopes(days)[clips - 1])))

    def asymptotic_depth(self, left: float) -> float:
        """The depth far from the end, ln(A / (1 + gamma/k) / (alpha q^2 - beta q)) / k.

        Raises
        ------
        BadParameter
            Where it grows for ever: without risk (aversion, volatility), or where the drift outweighs it.
        """
        q = self._clips(left)
        rate = self.alpha * q**2 - self.beta * q
        if not rate > 0:
            raise BadParameter(
                f"alpha q^2 - beta q = {rate:.3g} of {q} clips must be above 0: where waiting costs nothing, the depth "
                "has no limit far from the end; use depth(situation)"
            )
        return math.log(self.fills_at_mid / (1 + self.aversion) / rate) / self.decay

    def rate(self, situation: Situation) -> float:
        """Shares per session expected to be filled at the best depth; infinite at the end, where the rest is taken."""
        if situation.left == 0:
            return 0.0
        if situation.left_days == 0:
            return math.inf
        return self.fills_at(self.depth(situation)) * min(self.clip, situation.left)

    def fills_at(self, depth: float) -> float:
        """Clips a session filled at a distance from the mid."""
        return self.fills_at_mid * math.exp(-self.decay * depth)

    def worth(self, left: float, left_days: float) -> float:
        """Currency per share of a clip that q clips are worth beyond the mid for sure: ln(w_q) / k.

        The value function is -exp(-gamma (cash + q clip (mid + worth / q))).
        """
        return float(self.slopes(self._days(left_days))[: self._clips(left)].sum()) / self.decay

    def slopes(self, left_days: float) -> Floats:
        """(most_clips,) ln(w_q / w_{q-1}) for q from 1."""
        return np.asarray(self._solution(left_days), dtype=np.float64)

    @functools.cached_property
    def _solution(self) -> Any:
        from scipy.integrate import solve_ivp  # noqa: PLC0415

        eta = self.eta
        loss = self.alpha * (2 * np.arange(1, self.most_clips + 1) - 1) - self.beta

        def slope(_: float, r: Floats) -> Floats:
            pull = eta * np.exp(-np.clip(r, -700.0, 700.0))
            return np.asarray(pull - np.concatenate(([0.0], pull[:-1])) - loss)

        found = solve_ivp(
            slope,
            (0.0, self.horizon_days),
            np.full(self.most_clips, -self.decay * self.end_cost),
            method="LSODA",
            dense_output=True,
            rtol=1e-9,
            atol=1e-10,
            lband=min(1, self.most_clips - 1),
            uband=0,
        )
        if not found.success:
            raise BadParameter(f"the depths of {self} were not found ({found.message}); use fewer, larger clips")
        return found.sol

    def _depth_of(self, slope: Any) -> Any:
        return (slope + _log1p_over(self.aversion)) / self.decay

    def _clips(self, left: float) -> int:
        clips = max(math.ceil(left / self.clip - 1e-9), 1 if left > 0 else 0)
        if not 1 <= clips <= self.most_clips:
            raise BadParameter(
                f"{left:g} shares are {clips} clips of {self.clip:g}; this policy was made for 1 to {self.most_clips}"
            )
        return clips

    def _days(self, left_days: float) -> float:
        if left_days > self.horizon_days * (1 + 1e-9):
            raise BadParameter(
                f"{left_days:g} sessions left are more than horizon_days {self.horizon_days:g}; make it that long"
            )
        return min(left_days, self.horizon_days)

    def expected_left(self, quantity: float, times_days: Floats, *, days: float) -> Floats:
        """Mean shares left at instants of a window of `days`, the rest at its end not yet taken.

        The chances of each number of clips are followed: a clip goes at the rate of its depth then.
        """
        from scipy.integrate import solve_ivp  # noqa: PLC0415

        clips, total = self._clips(quantity), self._days(days)
        first = self.fills_at(self._depth_of(0.0))
        slopes_at = self._solution  # Solved before: the solver must not be called from within itself.

        def flow(t: float, chances: Floats) -> Floats:
            slopes = slopes_at(max(0.0, total - t))[:clips]
            out = np.concatenate(([0.0], first * np.exp(-np.clip(slopes, -700.0, 700.0)))) * chances
            return np.concatenate((out[1:], [0.0])) - out

        start = np.zeros(clips + 1)
        start[clips] = 1.0
        times = np.asarray(times_days, dtype=np.float64)
        if not len(times):
            return times
        found = solve_ivp(flow, (0.0, total), start, "LSODA", t_eval=times, rtol=1e-8, atol=1e-11, lband=0, uband=1)
        sizes = np.minimum(np.arange(clips + 1) * self.clip, quantity)
        return np.asarray(sizes @ found.y)

    def plan(self, order: ParentOrder, market: MarketState | None = None) -> Schedule:
        """The mean path as a schedule, the last bucket with what is expected to be left; it has no cost.

        Raises
        ------
        BadParameter
            Without a market, when the buckets are out of range, or the order is beyond what the policy was made for.
        """
        if market is None:
            raise BadParameter("Posting depth needs the market to plan; pass a MarketState (volatility, spread)")
        edges = bucket_edges(order, bucket_ns=self.bucket_ns, n=self.n)
        days = lengths_days(order, edges)
        left = self.expected_left(order.quantity, np.cumsum(days)[:-1], days=days_of(order))
        numbers = {name: getattr(self, name) for name in self.__struct_fields__ if name not in ("bucket_ns", "n")}
        trades = -np.diff(np.concatenate(([order.quantity], left, [0.0])))
        inputs = {name: float(value) for name, value in numbers.items()}
        return expected_plan(order, market, edges, trades, name=self.title, costs=None, inputs=inputs)


def _log1p_over(x: float) -> float:
    """ln(1 + x) / x."""
    return 1.0 if x == 0 else math.log1p(x) / x
