"""The closed loop of a linear-quadratic order: the best rate is linear in what is left and in the price's drift.

Cartea, Jaimungal & Penalva, "Algorithmic and High-Frequency Trading", 2015, sections 6.5 and 7.3; Cartea & Jaimungal,
"Incorporating order-flow into optimal execution", Mathematics and Financial Economics 10, 2016. With Q shares left, tau
to go, temporary impact k, permanent impact b, running penalty phi, terminal penalty alpha and an adverse drift d that
decays at kappa, the least of

    E [ integral of (k v^2 + phi Q^2 + d Q) dt + (alpha - b/2) Q_T^2 ]

is at v = hold(tau) Q + lean(tau) d. Their form is

    hold = gamma (zeta e^(gamma tau) + e^(-gamma tau)) / (zeta e^(gamma tau) - e^(-gamma tau)),   gamma = sqrt(phi / k)
    zeta = (alpha - b/2 + sqrt(k phi)) / (alpha - b/2 - sqrt(k phi))                                        (7.6)
    lean = l(tau) / (2 k),   l(tau) = integral from 0 to tau of e^(-kappa (tau - u)) y(u) / y(tau) du

with y(u) = zeta e^(gamma u) - e^(-gamma u). Written here with tanh and decaying exponentials, nothing overflows, and
phi may be 0, zeta and alpha infinite. Wrong where impact is not linear or what is traded leaves a decaying wake."""

from __future__ import annotations

import math

import msgspec

from nowake.domain.errors import BadParameter

FLAT = 1e-5  # gamma tau below which sinh(gamma tau) is gamma tau to 2e-11.


class ClosedLoop(msgspec.Struct, frozen=True, kw_only=True):
    """The gains of the best rate.

    Parameters
    ----------
    eta
        k: temporary impact, currency per share per (share per session), above 0.
    running
        phi: currency per share^2 per session, 0 or more; risk aversion times volatility squared prices risk.
    terminal
        alpha - b/2: currency per share^2 of what is left at the end, 0 or more; infinite where nothing may be.
    decay
        kappa: at which the drift dies away, per session, 0 or more.

    Raises
    ------
    BadParameter
        When a number is out of range.
    """

    eta: float
    running: float = 0.0
    terminal: float = math.inf
    decay: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < self.eta < math.inf:
            raise BadParameter(f"eta {self.eta} must be finite and above 0: without temporary impact a block is best")
        for name in ("running", "decay"):
            if not 0 <= getattr(self, name) < math.inf:
                raise BadParameter(f"{name} {getattr(self, name)} must be finite and 0 or more")
        if not self.terminal >= 0:
            raise BadParameter(
                f"terminal penalty less half the permanent impact, {self.terminal}, must be 0 or more, else leaving "
                "shares at the end pays; raise the terminal penalty, or give None where the order must be done"
            )

    @property
    def urgency(self) -> float:
        """gamma = sqrt(phi / k), per session: kappa of Almgren & Chriss in continuous time."""
        return math.sqrt(self.running / self.eta)

    def hold(self, left_days: float) -> float:
        """Fraction of what is left to trade per session, some time before the end; infinite at the end if all must be.

        (a + s t) / (a tau t/x + k) with a the terminal penalty, s = sqrt(k phi), x = gamma tau and t = tanh x.
        """
        x = self.urgency * left_days
        t = math.tanh(x)
        mean = left_days if x == 0 else left_days * (t / x)
        if math.isinf(self.terminal):
            return 1 / mean if mean > 0 else math.inf
        return (self.terminal + self.eta * self.urgency * t) / (self.terminal * mean + self.eta)

    def lean(self, left_days: float) -> float:
        """Shares per session to trade for an adverse drift of 1 currency per share per session."""
        return self.reach(left_days, self.decay) / (2 * self.eta)

    def reach(self, left_days: float, decay: float) -> float:
        """l(tau): sessions for which what decays at a rate still matters, weighted by what will be left by then."""
        return self._weighted(_decayed(self.urgency, decay, left_days), left_days)

    def delayed(self, left_days: float) -> float:
        """Integral over s from 0 to tau of s y(tau - s) / y(tau): as `reach`, of what grows evenly with time."""
        return self._weighted(_grown(self.urgency, left_days), left_days)

    def _weighted(self, parts: tuple[float, float], left_days: float) -> float:
        """Integrals against sinh(gamma u) / gamma and cosh(gamma u), put together as y is, over y(tau)."""
        sine, cosine = _scaled(self.urgency, left_days)
        if math.isinf(self.terminal):
            return parts[0] / sine if left_days > 0 else 0.0
        return (self.terminal * parts[0] + self.eta * parts[1]) / (self.terminal * sine + self.eta * cosine)

    def cost_to_go(self, left_days: float) -> float:
        """What the best rate is expected to cost from here, per share^2 left, where nothing drifts: k hold(tau).

        Of `eta` and both penalties; the permanent impact's b/2 comes on top.
        """
        return self.eta * self.hold(left_days)

    def in_step(self, steps: int, left_days: float) -> float:
        """Fraction of what is left to trade in the first of the even steps that remain.

        The same problem where the rate is constant in each step and holdings are penalised after it, as in Almgren &
        Chriss 2000: `eta` is then their eta - gamma tau/2. With 2 (cosh(kappa tau) - 1) = phi tau^2 / eta,
        x_j is proportional to (a + phi tau/2) sinh(kappa (T-t_j)) + eta sinh(kappa tau)/tau cosh(kappa (T-t_j)).

        Raises
        ------
        BadParameter
            When there is no step left.
        """
        if steps < 1:
            raise BadParameter(f"{steps} steps left must be 1 or more")
        step_days = left_days / steps
        kappa = 2 * math.asinh(0.5 * self.urgency * step_days) / step_days
        weights = (1.0, 0.0)
        if not math.isinf(self.terminal):
            ratio = _scaled(kappa, step_days)[0] * math.exp(kappa * step_days) / step_days  # sinh(x) / x.
            weights = (self.terminal + 0.5 * self.running * step_days, self.eta * ratio)
        after, before = (
            sum(weight * part for weight, part in zip(weights, _scaled(kappa, days), strict=True))
            for days in (left_days - step_days, left_days)
        )
        return 1 - math.exp(-kappa * step_days) * after / before if steps > 1 or weights[1] else 1.0


def _scaled(rate: float, days: float) -> tuple[float, float]:
    """sinh(rate days) / rate and cosh(rate days), both times e^(-rate days)."""
    twice = 2 * rate * days
    sine = days if twice == 0 else -math.expm1(-twice) / (2 * rate)
    return sine, 0.5 * (1 + math.exp(-twice))


def _decayed(rate: float, decay: float, days: float) -> tuple[float, float]:
    """Integrals over u from 0 to `days` of e^(-decay (days - u)) times sinh(rate u) / rate and times cosh(rate u),
    both times e^(-rate days)."""
    up = _held(decay + rate, days)
    down = _held(abs(decay - rate), days) * math.exp(-(min(rate, decay) + rate) * days)
    if rate * days < FLAT:
        # sinh(rate u) / rate is u, and what would be a difference of two equal numbers an integral of it.
        return math.exp(-rate * days) * days**2 * _ramp(decay * days), 0.5 * (up + down)
    return 0.5 * (up - down) / rate, 0.5 * (up + down)


def _grown(rate: float, days: float) -> tuple[float, float]:
    """Integrals over u from 0 to `days` of (days - u) times sinh(rate u) / rate and times cosh(rate u), both times
    e^(-rate days)."""
    x = rate * days
    if x < 1e-2:  # Three terms of the series of (sinh x - x) / x^3 and (cosh x - 1) / x^2.
        shrink = math.exp(-x)
        cubic = 1 / 6 + x**2 / 120 + x**4 / 5040
        square = 1 / 2 + x**2 / 24 + x**4 / 720
        return shrink * days**3 * cubic, shrink * days**2 * square
    sine, cosine = _scaled(rate, days)
    return (sine - math.exp(-x) * days) / rate**2, (cosine - math.exp(-x)) / rate**2


def _held(rate: float, days: float) -> float:
    """(1 - e^(-rate days)) / rate."""
    return days if rate * days == 0 else -math.expm1(-rate * days) / rate


def _ramp(x: float) -> float:
    """(x - 1 + e^-x) / x^2, the integral of e^(-x (1 - u)) u."""
    if x < 1e-3:
        return 0.5 - x / 6 + x**2 / 24 - x**3 / 120
    return (x + math.expm1(-x)) / x**2


def decay_of(half_life_days: float) -> float:
    """The rate per session at which something halves in some sessions; 0 where it never does.

    Raises
    ------
    BadParameter
        When the half-life is not above 0.
    """
    if not half_life_days > 0:
        raise BadParameter(f"half_life_days {half_life_days} must be above 0; math.inf where nothing decays")
    return math.log(2) / half_life_days
