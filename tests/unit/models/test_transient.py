"""Transient models: limits, units, and what one says of the other."""

import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Linear, ObizhaevaWang, Propagator, SquareRoot, Transient
from nowake.models.impact.kernels import CappedLinear, Exponential, MultiExponential, PowerLaw, ShiftedPowerLaw
from nowake.models.impact.size_law import Reading
from nowake.models.terms import Terms

MARKET = {"volatility": 0.02, "daily_volume": 1e6}
DAY_BPS = 0.1 * 200.0  # sigma Q / V of 100,000 shares.


def terms(quantity: float = 1e5, days: float = 0.5, **changed: float) -> Terms:
    return Terms(quantity=quantity, days=days, **(MARKET | changed))


def test_obizhaeva_wang_costs_what_its_closed_form_says() -> None:
    model = ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)
    x = 20.0 * 0.5
    assert model.permanent_bps(terms()) == pytest.approx(0.3 / 2 * DAY_BPS)
    assert model.temporary_bps(terms()) == pytest.approx(3.0 * DAY_BPS * (x - 1 + math.exp(-x)) / x**2)


def test_without_resilience_what_decays_is_permanent() -> None:
    slow = ObizhaevaWang(permanent=0.0, transient=3.0, resilience=1e-3)
    stays = ObizhaevaWang(permanent=3.0, transient=0.0, resilience=1e-3)
    assert slow.total_bps(terms(days=1e-3)) == pytest.approx(stays.total_bps(terms(days=1e-3)), rel=1e-6)


def test_with_much_resilience_what_decays_is_the_temporary_impact_of_almgren_and_chriss() -> None:
    """eta = kappa sigma / (V rho): each share meets what was traded within 1 / rho before it."""
    model = ObizhaevaWang(permanent=0.3, transient=3e4, resilience=1e5)
    unit = 0.02 * 50.0 / 1e6
    limit = Linear(gamma=0.3 * unit, eta=3e4 * unit / 1e5, epsilon=0.0)
    for asked in (terms(price=50.0), terms(3e5, 2.0, price=50.0)):
        assert model.temporary_bps(asked) == pytest.approx(limit.temporary_bps(asked), rel=1e-4)
        assert model.permanent_bps(asked) == pytest.approx(limit.permanent_bps(asked))


def test_half_of_what_decays_is_left_after_the_half_life() -> None:
    model = ObizhaevaWang(permanent=0.0, transient=3.0, resilience=20.0)
    edges = np.array([0.0, 1e-5])
    at = np.array([1e-5, 1e-5 + model.half_life_days])
    peak, later = model.response(terms()).path(np.array([1e5]), edges, at)
    assert later / peak == pytest.approx(0.5)
    assert peak == pytest.approx(3.0 * DAY_BPS, rel=1e-3)


def test_any_kernel_with_one_exponential_is_obizhaeva_wang() -> None:
    one = ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)
    other = Transient(permanent=0.3, transient=3.0, kernel=Exponential(20.0))
    for asked in (terms(), terms(2e4, 3.0)):
        assert other.total_bps(asked) == pytest.approx(one.total_bps(asked))
        assert other.gradient_bps(asked) == pytest.approx(one.gradient_bps(asked)[:2])


def test_two_exponentials_cost_the_sum_of_each() -> None:
    both = Transient(permanent=0.0, transient=2.0, kernel=MultiExponential((0.75, 0.25), (100.0, 2.0)))
    parts = [ObizhaevaWang(permanent=0.0, transient=2 * w, resilience=rate) for w, rate in ((0.75, 100.0), (0.25, 2.0))]
    assert both.total_bps(terms()) == pytest.approx(sum(part.total_bps(terms()) for part in parts))


def test_impact_that_ends_with_a_horizon_costs_like_speed_when_traded_much_longer() -> None:
    """Each share meets what was traded within the horizon before it, half of it left on average."""
    model = Transient(permanent=0.0, transient=2.0, kernel=CappedLinear(0.01))
    assert model.temporary_bps(terms(days=10.0)) == pytest.approx(2.0 * DAY_BPS / 10.0 * 0.01 / 2, rel=1e-3)


def test_a_power_law_propagator_is_the_limit_of_a_shifted_one() -> None:
    cutoff, gamma = 1e-9, 0.4
    shifted = Transient(permanent=0.0, transient=cutoff**-gamma, kernel=ShiftedPowerLaw(gamma, cutoff))
    assert shifted.total_bps(terms()) == pytest.approx(
        Transient(permanent=0.0, transient=1.0, kernel=PowerLaw(gamma)).total_bps(terms()), rel=1e-4
    )


def test_a_linear_propagator_is_a_power_law_kernel() -> None:
    one = Propagator(y=1.2, gamma=0.3, delta=1.0)
    other = Transient(permanent=0.0, transient=1.2 * 0.7, kernel=PowerLaw(0.3))
    for asked in (terms(), terms(2e4, 3.0)):
        assert one.total_bps(asked) == pytest.approx(other.total_bps(asked))


def test_the_square_root_dynamic_costs_what_the_square_root_law_read_as_the_peak_costs() -> None:
    dynamic, law = Propagator.square_root_dynamic(0.9), SquareRoot(y=0.9, reading=Reading.PEAK)
    for asked in (terms(), terms(2e4, 3.0)):
        assert dynamic.total_bps(asked) == pytest.approx(law.total_bps(asked))
        assert dynamic.peak_bps(asked) == pytest.approx(law.impact_bps(asked))


def test_a_days_volume_over_a_day_moves_the_price_by_y_volatilities() -> None:
    for gamma, delta in ((0.5, 0.6), (0.45, 0.9), (0.2, 1.0)):
        assert Propagator(y=0.8, gamma=gamma, delta=delta).peak_bps(terms(1e6, 1.0)) == pytest.approx(0.8 * 200)


def test_the_peak_is_where_the_path_ends() -> None:
    model, asked = Propagator(y=0.8, gamma=0.45, delta=0.7), terms()
    path = model.response(asked).path(np.array([1e5]), np.array([0.0, 0.5]), np.array([0.5]))
    assert path[0] == pytest.approx(model.peak_bps(asked))


def test_an_order_of_nothing_has_no_slopes_but_those_of_its_prefactor() -> None:
    slopes = Propagator(y=0.8, gamma=0.5, delta=0.6).gradient_bps(terms(0.0))
    assert [float(slope) for slope in slopes] == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ObizhaevaWang(permanent=-0.1, transient=1.0, resilience=1.0), "permanent -0.1"),
        (lambda: ObizhaevaWang(permanent=0.1, transient=1.0, resilience=0.0), "resilience 0.0"),
        (lambda: Propagator(y=1.0, gamma=0.3, delta=0.5), r"gamma 0.3 \+ delta 0.5 must be 1 or more"),
        (lambda: Propagator(y=1.0, gamma=0.3, delta=0.8), "gamma 0.3 must be 0.4150374993 or more"),
        (lambda: Propagator(y=1.0, gamma=1.0, delta=0.8), "gamma 1.0 of propagator must be between 0.01 and 0.99"),
        (
            lambda: Transient(permanent=0.1, transient=1.0, kernel=MultiExponential((-1.0, 2.0), (1.0, 3.0))),
            "not positive definite",
        ),
    ],
)
def test_a_model_that_pays_for_a_round_trip_or_is_out_of_range_is_refused(make: object, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        make()


def test_models_warn_of_what_schedules_made_with_them_may_do() -> None:
    assert Propagator(y=1.0, gamma=0.5, delta=1.0).warnings == ()
    assert "negative cost" in Propagator(y=1.0, gamma=0.5, delta=0.6).warnings[0]
    assert Transient(permanent=0.1, transient=1.0, kernel=Exponential(1.0)).warnings == ()
    uneasy = Transient(permanent=0.1, transient=1.0, kernel=MultiExponential((1.49, -0.49), (1.0, 3.0)))
    assert "sells in between" in uneasy.warnings[0]


def test_models_print_their_formula_with_numbers_and_errors() -> None:
    assert str(ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0).known_to(resilience=5.0)) == (
        "D = σ/V [0.3 Q + 3 ∫ v exp(-20 t) ds]   [t in sessions]\n"
        "standard errors: permanent 0, transient 0, resilience 5; half-life 0.0347 sessions"
    )
    assert str(Propagator(y=0.8, gamma=0.5, delta=0.6)) == (
        "D = 0.4 σ ∫ (v/V)^0.6 t^-0.5 ds   [t in sessions]\nstandard errors: y 0, gamma 0, delta 0"
    )
    assert str(Transient(permanent=0.1, transient=1.0, kernel=PowerLaw(0.6))) == (
        "D = σ/V [0.1 Q + 1 ∫ v G ds],  G = t^-0.6   [t in sessions]\nstandard errors: permanent 0, transient 0"
    )
