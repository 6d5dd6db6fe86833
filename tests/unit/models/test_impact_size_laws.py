"""Laws of size: their limits, their two readings and what stays."""

import math
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.integrate import quad

from nowake.domain.errors import BadParameter
from nowake.models.impact import Impact, Logarithmic, Parameter, PowerLaw, Reading, Saturating, SquareRoot
from nowake.models.impact.concave import SMALL
from nowake.models.impact.size_law import SizeLaw
from nowake.models.impact.slopes import slope_at
from nowake.models.terms import Size, Terms

LAWS: list[SizeLaw] = [
    SquareRoot(y=0.8),
    PowerLaw(y=0.9, exponent=0.6),
    PowerLaw(y=0.9, exponent=1.5),
    Logarithmic(a=0.06, b=0.002),
    Saturating(a=0.3, b=0.05),
]
every_law = pytest.mark.parametrize("law", LAWS, ids=str)


def terms(quantity: object, days: object = 0.5) -> Terms:
    return Terms(quantity=quantity, days=days, volatility=0.02, daily_volume=1e6)


def read(law: SizeLaw, reading: Reading, relaxed: float | None = None) -> SizeLaw:
    fields: dict[str, Any] = {
        parameter.name: value for parameter, value in zip(law.parameters, law.values, strict=True)
    }
    return type(law)(**fields, reading=reading, relaxed=relaxed)


@every_law
def test_read_as_the_peak_the_order_pays_the_mean_of_the_law_over_itself(law: SizeLaw) -> None:
    peak = read(law, Reading.PEAK)
    for quantity in (10.0, 1e4, 5e5):
        mean, _ = quad(lambda q: float(peak.impact_bps(terms(q))), 0, quantity, epsabs=0, epsrel=1e-11)
        assert mean / quantity == pytest.approx(float(peak.total_bps(terms(quantity))), rel=1e-8)


@every_law
def test_the_peak_is_the_law_read_as_the_peak_and_the_last_shares_cost_in_both(law: SizeLaw) -> None:
    asked = terms(1e5)
    peak = read(law, Reading.PEAK)
    assert peak.impact_bps(asked) == pytest.approx(peak.peak_bps(asked))
    for each in (law, peak):
        assert each.peak_bps(asked) == pytest.approx(each.marginal_bps(asked))
        assert each.peak_bps(asked) > each.total_bps(asked)


@every_law
@pytest.mark.parametrize("reading", list(Reading))
def test_by_fair_pricing_the_price_comes_back_to_what_was_paid(law: SizeLaw, reading: Reading) -> None:
    model, asked = read(law, reading), terms(1e5)
    shares, edges = np.full(50, 2e3), np.linspace(0, 0.5, 51)
    response = model.response(asked)
    left = float(response.path(shares, edges, np.array([1e12]))[0])
    assert response.cost_of(shares, edges).total_bps == pytest.approx(left)
    assert float(model.total_bps(asked)) == pytest.approx(left)


@every_law
def test_what_stays_is_the_share_of_the_peak_asked_for(law: SizeLaw) -> None:
    asked = terms(1e5)
    for relaxed in (0.0, 0.3, 0.7):
        model = read(law, Reading.PEAK, relaxed)
        left = float(model.response(asked).path(np.array([1e5]), np.array([0.0, 0.5]), np.array([1e12]))[0])
        assert relaxed * float(model.impact_bps(asked)) == pytest.approx(left, abs=1e-3)


@every_law
@pytest.mark.parametrize("reading", list(Reading))
@pytest.mark.parametrize("relaxed", [None, 0.0, 0.5, 0.8])
def test_neither_part_is_ever_below_zero_and_both_make_the_whole(
    law: SizeLaw, reading: Reading, relaxed: float | None
) -> None:
    model, asked = read(law, reading, relaxed), terms(np.geomspace(1e-3, 1e8, 60))
    temporary, permanent = model.temporary_bps(asked), model.permanent_bps(asked)
    assert np.all(temporary >= -1e-9)
    assert np.all(permanent >= 0)
    assert temporary + permanent == pytest.approx(model.total_bps(asked))


@every_law
def test_an_order_of_nothing_has_no_cost_no_doubt_and_no_response(law: SizeLaw) -> None:
    asked = terms(0.0)
    assert law.temporary_bps(asked) == law.permanent_bps(asked) == law.marginal_bps(asked) == 0
    assert all(slope == 0 for slope in law.gradient_bps(asked))
    with pytest.raises(BadParameter, match="above 0: the response is that to one order"):
        law.response(asked)


@every_law
def test_a_law_of_size_has_no_duration(law: SizeLaw) -> None:
    assert law.total_bps(terms(1e5, 0.01)) == law.total_bps(terms(1e5, 5.0))


@pytest.mark.parametrize("reading", list(Reading))
def test_power_law_with_one_half_is_the_square_root(reading: Reading) -> None:
    power, root = PowerLaw(y=0.7, exponent=0.5, reading=reading), SquareRoot(y=0.7, reading=reading)
    asked = terms(np.geomspace(1, 1e6, 9))
    for part in ("impact_bps", "total_bps", "temporary_bps", "permanent_bps", "marginal_bps"):
        assert getattr(power, part)(asked) == pytest.approx(getattr(root, part)(asked))
    assert power.gradient_bps(asked)[0] == pytest.approx(root.gradient_bps(asked)[0])


def test_power_law_read_as_the_peak_pays_one_over_one_plus_delta_of_it() -> None:
    model = PowerLaw(y=1.0, exponent=0.6, reading=Reading.PEAK)
    assert model.impact_bps(terms(1e5)) / 1.6 == pytest.approx(model.total_bps(terms(1e5)))


def test_twice_the_order_costs_two_to_the_delta_as_much() -> None:
    model = PowerLaw(y=1.0, exponent=0.6)
    assert 2**0.6 == pytest.approx(model.total_bps(terms(2e5)) / model.total_bps(terms(1e5)))


def test_a_days_volume_costs_y_volatilities_whatever_the_exponent() -> None:
    assert [160.0] * 3 == pytest.approx([PowerLaw(y=0.8, exponent=e).total_bps(terms(1e6)) for e in (0.2, 0.5, 1.0)])


def test_square_root_is_the_same_in_any_unit_of_time_and_other_powers_are_not() -> None:
    """Volatility and volume of half a session: sigma / sqrt(2), V / 2."""
    half = Terms(quantity=1e5, days=1.0, volatility=0.02 / math.sqrt(2), daily_volume=5e5)
    assert SquareRoot().total_bps(half) == pytest.approx(SquareRoot().total_bps(terms(1e5)))
    other = PowerLaw(y=1.0, exponent=0.6)
    assert 2**0.1 == pytest.approx(other.total_bps(half) / other.total_bps(terms(1e5)))


def test_correlated_prefactor_and_exponent_doubt_what_a_simulation_of_them_does() -> None:
    covariance = ((4e-4, 1.5e-4), (1.5e-4, 1e-4))
    model = PowerLaw(y=0.9, exponent=0.6, covariance=covariance)
    drawn = np.random.default_rng(2).multivariate_normal((0.9, 0.6), covariance, 200_000)
    for share in (1e-4, 0.01, 1.0):
        costs = 200 * drawn[:, 0] * share ** drawn[:, 1]
        assert float(costs.std()) == pytest.approx(float(model.parameter_sd_bps(terms(share * 1e6))), rel=0.02)


def test_correlation_as_a_fit_has_it_makes_the_doubt_smallest_where_the_orders_were() -> None:
    """y and delta of one fit rise together: what they say of orders of 1 % of volume is better known than either."""
    alone = PowerLaw(y=0.9, exponent=0.6).known_to(y=0.2, exponent=0.05)
    together = PowerLaw(y=0.9, exponent=0.6, covariance=((0.04, 0.0095), (0.0095, 0.0025)))
    least, most = (float(each.parameter_sd_bps(terms(1e4)) / each.total_bps(terms(1e4))) for each in (together, alone))
    assert 4 * least < most


def test_logarithm_is_linear_for_small_orders() -> None:
    model = Logarithmic(a=0.06, b=0.002)
    assert 200 * 0.06 * 1e-8 / 0.002 == pytest.approx(model.total_bps(terms(0.01)), rel=1e-5)


def test_logarithm_adds_the_same_for_each_doubling_of_a_block() -> None:
    model = Logarithmic(a=0.06, b=1e-6)
    doublings = np.diff(model.total_bps(terms(np.array([1e5, 2e5, 4e5, 8e5]))))
    assert [200 * 0.06 * math.log(2)] * 3 == pytest.approx(doublings.tolist(), rel=1e-4)


def test_saturation_is_linear_for_small_orders_and_never_above_its_bound() -> None:
    model = Saturating(a=0.3, b=0.05)
    assert 200 * 0.3 * 1e-8 / 0.05 == pytest.approx(model.total_bps(terms(0.01)), rel=1e-5)
    assert 200 * 0.3 * (1 - math.exp(-1)) == pytest.approx(model.total_bps(terms(0.05e6)))
    assert 200 * 0.3 == pytest.approx(model.total_bps(terms(1e8)))


def test_read_as_the_peak_a_huge_block_pays_the_bound_on_average_too() -> None:
    model = Saturating(a=0.3, b=0.05, reading=Reading.PEAK)
    assert 200 * 0.3 == pytest.approx(model.total_bps(terms(1e9)), rel=1e-4)


@pytest.mark.parametrize("law", [Logarithmic(a=1.0, b=1.0), Saturating(a=1.0, b=1.0)], ids=str)
def test_mean_over_a_tiny_order_has_no_step_where_its_series_ends(law: SizeLaw) -> None:
    for u in (SMALL * (1 - 1e-9), SMALL * (1 + 1e-9)):
        mean, _ = quad(lambda v: float(law.law(v)), 0, u, epsabs=0, epsrel=1e-13)
        assert mean / u == pytest.approx(float(law.mean(u)), rel=1e-10)
    assert float(law.mean(1e-12)) == pytest.approx(0.5e-12, rel=1e-9)


@pytest.mark.parametrize("law", LAWS[3:], ids=str)
def test_marginal_impact_of_concave_laws_falls_with_size(law: SizeLaw) -> None:
    impact = law.impact_bps(terms(np.linspace(0, 1e6, 200)))
    assert np.all(np.diff(impact, 2) < 0)


@every_law
def test_temporary_part_keeps_the_laws_form_in_the_rate_and_is_odd(law: SizeLaw) -> None:
    """Twice the rate for this order costs what the law says of twice the order."""
    asked, response = terms(1e5), law.response(terms(1e5))
    grows = float(law.impact_bps(terms(2e5)) / law.impact_bps(asked))
    even = asked.rate
    assert grows == pytest.approx(float(response.temporary(2 * even) / response.temporary(even)))
    rates = np.array([0.0, 1.0, even, 50 * even])
    assert response.temporary(-rates) == pytest.approx(-response.temporary(rates))
    assert response.temporary(0.0) == 0.0


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: PowerLaw(exponent=2.1), "exponent 2.1 of power law must be between 0 and 2"),
        (lambda: PowerLaw(exponent=-0.1), "exponent -0.1"),
        (lambda: PowerLaw(y=-1.0), "y -1.0"),
        (lambda: PowerLaw(relaxed=1.5), "relaxed 1.5 must be between 0 and 1"),
        (lambda: PowerLaw(exponent=1.5, relaxed=0.9), "at most 0.8"),
        (lambda: Logarithmic(a=0.1, b=0.0), "b 0.0 of logarithmic"),
        (lambda: Saturating(a=-0.1, b=0.1), "a -0.1 of saturating"),
        (lambda: PowerLaw(covariance=((1.0,),)), "2 rows of 2"),
        (lambda: PowerLaw(covariance=((1.0, 2.0), (2.0, 1.0))), "positive semi-definite"),
    ],
)
def test_a_law_that_cannot_be_is_refused_when_made(make: object, match: str) -> None:
    with pytest.raises(BadParameter, match=match):
        make()  # type: ignore[operator]


def test_laws_print_as_formulas_with_numbers_and_standard_errors() -> None:
    assert str(PowerLaw(y=0.9, exponent=0.6).known_to(y=0.2, exponent=0.05)) == (
        "I(Q) = (0.9 ± 0.2) σ (Q/V)^(0.6 ± 0.05)   [average cost of the order; relaxes to the price it paid]"
    )
    assert str(Logarithmic(a=0.06, b=0.002, reading=Reading.PEAK, relaxed=0.5)) == (
        "I(Q) = (0.06 ± 0) σ log(1 + Q / ((0.002 ± 0) V))   "
        "[price move from first to last fill; relaxes to 0.5 of the peak]"
    )
    assert str(Saturating(a=0.3, b=0.05).known_to(a=0.1)).startswith(
        "I(Q) = (0.3 ± 0.1) σ (1 - exp(-Q / ((0.05 ± 0) V)))"
    )


def test_a_square_root_of_which_little_stays_warns_of_fine_grids_and_the_default_is_quiet() -> None:
    """Round trips of 800 slices are known that earn where less than 0.06 of the peak stays."""
    assert "negative cost exist on fine grids" in SquareRoot(relaxed=0.1).warnings[0]
    assert SquareRoot().warnings == SquareRoot(relaxed=0.5).warnings == ()
    assert "fine grids" in SquareRoot(relaxed=0.0).response(terms(1e5)).warnings[0]


class Bare(SizeLaw, frozen=True, kw_only=True):
    """A law of one's own that says no more than itself."""

    name: ClassVar[str] = "bare"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = Logarithmic.parameters

    a: float
    b: float

    def law(self, x: Size) -> Size:
        return self.a * np.log1p(x / self.b)


@pytest.mark.parametrize("reading", Reading)
@pytest.mark.parametrize("relaxed", [None, 0.3])
def test_a_law_of_one_s_own_needs_its_formula_alone(reading: Reading, relaxed: float | None) -> None:
    """The rest, by quadrature and differences, is what the same law's closed forms say."""
    about: dict[str, Any] = {
        "a": 0.06,
        "b": 0.03,
        "reading": reading,
        "relaxed": relaxed,
        "covariance": ((1e-4, 2e-5), (2e-5, 1e-4)),
    }
    own, closed = Bare(**about), Logarithmic(**about)
    sizes = terms(np.array([0.0, 1.0, 1e3, 1e5, 2e6]))
    for part in ("total_bps", "permanent_bps", "marginal_bps", "parameter_sd_bps"):
        assert getattr(own, part)(sizes) == pytest.approx(getattr(closed, part)(sizes), rel=1e-8, abs=1e-10)
    for one, other in zip(own.gradient_bps(sizes), closed.gradient_bps(sizes), strict=True):
        assert one == pytest.approx(other, rel=1e-8, abs=1e-9)
    edges, trades = np.array([0.0, 0.1, 0.5]), np.array([5e4, 5e4])
    costs = [law.response(terms(1e5)).cost_of(trades, edges) for law in (own, closed)]
    assert costs[0] == pytest.approx(costs[1], rel=1e-8)


def test_the_mean_of_a_steep_law_is_that_of_its_formula() -> None:
    for exponent in (0.3, 0.5, 1.0):
        law = PowerLaw(y=1.0, exponent=exponent)
        x = np.geomspace(1e-6, 1.0, 7)
        assert SizeLaw.mean(law, x) == pytest.approx(law.mean(x), rel=1e-8)
        assert SizeLaw.steepness(law, x) == pytest.approx(law.steepness(x), rel=1e-10)
        for one, other in zip(SizeLaw.law_slopes(law, x), law.law_slopes(x), strict=True):
            assert one == pytest.approx(other, rel=1e-8, abs=1e-10)


def test_slopes_at_the_end_of_a_range_are_taken_from_inside_it() -> None:
    for at, low, high in ((0.0, 0.0, 2.0), (2.0, 0.0, 2.0), (1.0, 0.0, 2.0)):
        seen: list[float] = []
        slope = slope_at(lambda v, seen=seen: seen.append(v) or math.exp(v), at, low=low, high=high, unit=1.0)  # type: ignore[misc]
        assert slope == pytest.approx(math.exp(at), rel=1e-9)
        assert low <= min(seen) <= max(seen) <= high


def test_a_model_of_one_s_own_writes_little_and_what_it_lacks_is_said_in_one_line() -> None:
    class Empty(SizeLaw, frozen=True, kw_only=True):
        name: ClassVar[str] = "empty"
        version: ClassVar[str] = "1"
        parameters: ClassVar[tuple[Parameter, ...]] = ()

    class Plain(Impact, frozen=True, kw_only=True):
        name: ClassVar[str] = "plain"
        version: ClassVar[str] = "1"
        parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("y", "", ""),)
        y: float = 2.0

        def temporary_bps(self, terms: Terms) -> Size:
            return self.y**2 * terms.quantity**0.5

        def permanent_bps(self, terms: Terms) -> Size:
            return 0.0 * terms.quantity

    class Half(Impact, frozen=True, kw_only=True):
        name: ClassVar[str] = "half"
        version: ClassVar[str] = "1"
        parameters: ClassVar[tuple[Parameter, ...]] = ()

    with pytest.raises(BadParameter, match="Empty does not write law, which a model built on SizeLaw must"):
        Empty()
    with pytest.raises(BadParameter, match="Half does not write temporary_bps, permanent_bps, which a model"):
        Half()
    asked = terms(np.array([0.0, 4.0, 1e6]))
    assert Plain().marginal_bps(asked) == pytest.approx(1.5 * 4.0 * asked.quantity**0.5, rel=1e-9)
    assert Plain().gradient_bps(asked)[0] == pytest.approx(4.0 * asked.quantity**0.5, rel=1e-9)
    with pytest.raises(BadParameter, match="Plain does not write response"):
        Plain().response(asked)


@pytest.mark.parametrize(
    ("given", "lacking"),
    [
        ({}, "name"),
        ({"name": "cube"}, "version"),
        ({"name": "cube", "version": 1}, "version"),
        ({"name": "cube", "version": "1"}, "parameters"),
    ],
)
def test_a_law_of_one_s_own_without_its_names_says_what_to_write(given: dict[str, object], lacking: str) -> None:
    class Nameless(SizeLaw, frozen=True, kw_only=True):
        def law(self, x: Size) -> Size:
            return x

    for name, value in given.items():
        setattr(Nameless, name, value)
    with pytest.raises(BadParameter, match=f"Nameless needs .*{lacking}"):
        Nameless()
