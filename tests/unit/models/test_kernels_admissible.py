"""What impact can be traded against: kernels of a third party that fail, kernels that are only warned of."""

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact.admissible import (
    SMALLEST_GAMMA,
    cheapest_round_trip,
    cheapest_trades,
    check_admissible,
    check_exponents,
    trades_against_itself,
    two_step_trip,
    warnings_of,
)
from nowake.models.impact.kernel import Kernel, transient_cost
from nowake.models.impact.kernels import CappedLinear, Exponential, MultiExponential, PowerLaw, ShiftedPowerLaw
from nowake.models.impact.shapes import Power

LINEAR = Power(1.0, 1.0)


class Boxcar(Kernel, frozen=True):
    """All is left for a tenth of a session, then nothing: its spectrum is a sine over its argument."""

    def __call__(self, lag_days: np.ndarray) -> np.ndarray:
        return np.where(np.asarray(lag_days) < 0.1, 1.0, 0.0)

    def first(self, lag_days: np.ndarray) -> np.ndarray:
        return np.minimum(lag_days, 0.1)

    def second(self, lag_days: np.ndarray) -> np.ndarray:
        near = np.minimum(lag_days, 0.1)
        return near**2 / 2 + 0.1 * (lag_days - near)

    def __str__(self) -> str:
        return "boxcar"


class Swinging(Kernel, frozen=True):
    """exp(-t) cos(w t): its spectrum is two Lorentz curves, positive, but it falls below 0."""

    w: float

    def __call__(self, lag_days: np.ndarray) -> np.ndarray:
        return np.exp(self._power * np.asarray(lag_days)).real

    def first(self, lag_days: np.ndarray) -> np.ndarray:
        return ((np.exp(self._power * np.asarray(lag_days)) - 1) / self._power).real

    def second(self, lag_days: np.ndarray) -> np.ndarray:
        lag = np.asarray(lag_days)
        return ((np.exp(self._power * lag) - 1 - self._power * lag) / self._power**2).real

    @property
    def _power(self) -> complex:
        return complex(-1.0, self.w)

    def __str__(self) -> str:
        return "swinging"


@pytest.mark.parametrize(
    "kernel",
    [
        Boxcar(),
        MultiExponential(weights=(-1.0, 2.0), rates=(1.0, 3.0)),  # Falls below 0 for good.
        MultiExponential(weights=(1.6, -0.6), rates=(1.0, 3.0)),  # Rises at first.
    ],
    ids=str,
)
def test_a_kernel_that_pays_for_a_round_trip_is_refused_showing_it(kernel: Kernel) -> None:
    with pytest.raises(BadParameter, match=r"is not positive definite: trading .* sessions earns"):
        check_admissible(kernel, LINEAR)


def test_the_round_trip_shown_ends_flat_and_earns() -> None:
    """Three blocks 0.08 apart: the outer two are forgotten by each other, not by the middle one."""
    found = cheapest_round_trip(Boxcar(), span_days=0.16, trades=3)
    assert found.trades.sum() == pytest.approx(0, abs=1e-12)
    gap = found.starts_days[:, None] - found.starts_days
    cost = sum(found.trades[i] * found.trades[j] * (abs(gap[i, j]) < 0.1) / 2 for i in range(3) for j in range(3))
    assert found.cost == pytest.approx(cost)
    assert found.cost < -0.1
    assert str(found) in (
        "trading -0.4082 at 0 then +0.8165 at 0.08 then -0.4082 at 0.16 sessions earns 0.167",
        "trading +0.4082 at 0 then -0.8165 at 0.08 then +0.4082 at 0.16 sessions earns 0.167",
    )


def test_negative_weights_are_refused_exactly_where_the_spectrum_turns_negative() -> None:
    """(1 + w) / (1 + o^2) - 3 w / (9 + o^2) >= 0 for all o as long as w <= 1/2."""
    check_admissible(MultiExponential(weights=(1.5 - 1e-7, -0.5 + 1e-7), rates=(1.0, 3.0)), LINEAR)
    with pytest.raises(BadParameter, match="not positive definite"):
        check_admissible(MultiExponential(weights=(1.5 + 1e-7, -0.5 - 1e-7), rates=(1.0, 3.0)), LINEAR)


def test_a_buy_that_would_earn_by_itself_is_refused_though_no_round_trip_on_a_grid_does() -> None:
    """2.5 / 155 < 0.45 / 17.5: negative at frequency 0, so a long even order would cost less than nothing."""
    kernel = MultiExponential((2.5, -0.45), (155.0, 17.5))
    assert float(kernel.second(10.0)) < 0
    with pytest.raises(BadParameter, match="its spectrum is negative somewhere"):
        check_admissible(kernel, LINEAR)


def test_the_roots_decide_as_a_fine_grid_of_frequencies_does() -> None:
    rng = np.random.default_rng(4)
    squares = np.concatenate(([0.0], np.geomspace(1e-10, 1e16, 20_001)))[:, None]
    admitted = 0
    for _ in range(150):
        rates, weights = np.exp(rng.normal(2, 3, size := int(rng.integers(2, 6)))), rng.normal(0.4, 1, size)
        if weights.sum() <= 0:
            continue
        terms = weights * rates / (rates**2 + squares)
        wanted = bool((terms.sum(axis=1) >= 0).all())
        assert MultiExponential(tuple(weights), tuple(rates)).positive_definite == wanted
        admitted += wanted and weights.min() < 0
    assert admitted > 10


@pytest.mark.parametrize(
    "kernel",
    [
        Exponential(3.0),
        PowerLaw(0.4),
        ShiftedPowerLaw(0.5, 0.01),
        CappedLinear(0.3),
        MultiExponential((0.5, 0.5), (1.0, 9.0)),
    ],
    ids=str,
)
def test_convex_kernels_pass_and_never_sell_to_buy(kernel: Kernel) -> None:
    """Alfonsi, Schied & Slynko 2012."""
    check_admissible(kernel, LINEAR)
    assert warnings_of(kernel) == ()
    assert not trades_against_itself(kernel)
    assert cheapest_trades(kernel, span_days=1.0, trades=9).min() >= 0


def test_a_convex_kernel_that_does_not_say_so_is_tried_and_passes() -> None:
    """A third party's exponential."""
    kernel = Swinging(0.0)
    assert not kernel.convex
    check_admissible(kernel, LINEAR)
    assert warnings_of(kernel) == ()


def test_a_kernel_that_is_admissible_but_sells_to_buy_is_warned_of() -> None:
    kernel = Swinging(20.0)
    check_admissible(kernel, LINEAR)
    (warning,) = warnings_of(kernel)
    assert "the cheapest way to buy sells in between" in warning
    trades = cheapest_trades(kernel, span_days=0.3, trades=11)
    assert trades.sum() == pytest.approx(1)
    assert trades.min() < 0


@pytest.mark.parametrize(
    ("gamma", "delta", "words"),
    [
        (0.3, 0.5, r"gamma 0.3 \+ delta 0.5 must be 1 or more, or round trips earn .* earns"),
        (0.5, 0.49, r"\+ delta 0.49 must be 1 or more"),
        (0.41, 0.8, "gamma 0.41 must be 0.4150374993 or more where delta"),
        (0.42, 3.0, "delta 3 of the pressure under .* must be 1 or less"),
        (0.9, 1.01, "delta 1.01 of the pressure"),
    ],
)
def test_exponents_that_break_gatherals_conditions_are_refused(gamma: float, delta: float, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        check_exponents(gamma, delta)
    with pytest.raises(BadParameter, match=words):
        check_admissible(PowerLaw(gamma), Power(1.0, delta))


def test_exponents_on_the_edge_and_linear_pressure_pass() -> None:
    check_exponents(0.5, 0.5)
    check_exponents(SMALLEST_GAMMA, 0.9)
    check_exponents(0.1, 1.0)


@pytest.mark.parametrize("kernel", [Exponential(1.0), ShiftedPowerLaw(0.5, 0.01), CappedLinear(0.5), Boxcar()], ids=str)
@pytest.mark.parametrize("delta", [0.5, 1.5])
def test_a_kernel_finite_at_0_takes_only_linear_pressure(kernel: Kernel, delta: float) -> None:
    with pytest.raises(BadParameter, match=r"must be linear.* then .* sessions earns"):
        check_admissible(kernel, Power(1.0, delta))


def test_a_round_trip_that_was_found_earns_when_added_up_again() -> None:
    trip = two_step_trip(PowerLaw(0.3), 0.5)
    assert trip is not None
    edges = np.append(trip.starts_days, trip.starts_days[-1] + trip.lengths_days[-1])
    assert transient_cost(PowerLaw(0.3), Power(1.0, 0.5), trip.trades, edges) == pytest.approx(trip.cost)
    assert trip.cost < 0
    assert two_step_trip(PowerLaw(0.5), 0.6) is None


def test_a_short_burst_under_convex_pressure_pays_for_what_was_bought_before_it() -> None:
    """The refusal's reason: delta (1 - gamma) > 1, so a push of 100 in a millionth of a session is nearly free."""
    burst, push = 1e-6, 100.0
    shares = push ** (1 / 3) * burst ** (2 / 3)
    trades, edges = np.array([1.0, shares, -1.0 - shares]), np.array([0.0, 1.0, 1.0 + burst, 2.0 + burst])
    assert transient_cost(PowerLaw(0.42), Power(1.0, 3.0), trades, edges) < -10


def test_pressure_against_the_trade_or_that_is_no_number_is_refused() -> None:
    with pytest.raises(BadParameter, match="pressure -1 must be 0 or more"):
        check_admissible(Exponential(1.0), Power(-1.0, 1.0))
    with pytest.raises(BadParameter, match="pressure nan must be 0 or more and finite"):
        check_admissible(Exponential(1.0), Power(float("nan"), 1.0))
    with pytest.raises(BadParameter, match="exponent 0 of the pressure must be above 0"):
        check_admissible(PowerLaw(0.5), Power(1.0, 0.0))
