"""Models with a permanent part of their own: two-part, Kyle's lambda, Almgren 2005 and I-star."""

import math

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Almgren2005, IStar, Kyle, Linear, Reference, SquareRoot, TwoPart
from nowake.models.impact.shapes import CrowdShape, LogShape, Power, SaturatingShape, Shape
from nowake.models.terms import Terms

ISTAR = IStar(a1=700, a2=0.55, a3=0.7, a4=0.5, b1=0.95)


def terms(quantity: object = 1e5, days: object = 0.5, **changed: object) -> Terms:
    market = {"volatility": 0.02, "daily_volume": 1e6, "price": 50.0, "shares_outstanding": 1e8}
    return Terms(quantity=quantity, days=days, **(market | changed))


# Two-part.


def test_only_the_volume_of_the_window_makes_slower_trading_cheaper() -> None:
    def saved(reference: Reference) -> float:
        model = TwoPart(alpha=0.2, gamma=0.3, reference=reference)
        fast, slow = (model.total_bps(terms(days=days, trade_size=200.0)) for days in (0.25, 1.0))
        return float(fast - slow)

    assert saved(Reference.WINDOW) == pytest.approx(0.2 * 200 * (math.sqrt(0.4) - math.sqrt(0.1)))
    assert saved(Reference.DAY) == saved(Reference.TRADE) == 0


def test_the_average_trade_as_reference_gives_alpha_sigma_root_of_trades() -> None:
    model = TwoPart(alpha=0.01, gamma=0.0, reference=Reference.TRADE)
    assert 0.01 * 200 * math.sqrt(500) == pytest.approx(model.temporary_bps(terms(trade_size=200.0)))
    with pytest.raises(BadParameter, match="needs trade_size"):
        model.total_bps(terms())


def test_a_days_volume_moves_the_price_by_gamma_volatilities_and_the_order_pays_half() -> None:
    model = TwoPart(alpha=0.0, gamma=0.3)
    assert 0.3 * 200 == pytest.approx(model.move_bps(terms(1e6)))
    assert 0.3 * 100 == pytest.approx(model.permanent_bps(terms(1e6)))
    left = model.response(terms()).path(np.array([1e6]), np.array([0.0, 1.0]), np.array([2.0]))
    assert 0.3 * 200 == pytest.approx(float(left[0]))


def test_two_part_with_exponent_one_is_the_linear_model() -> None:
    two = TwoPart(alpha=0.2, beta=1.0, gamma=0.3)
    per_bp = 50 / 1e4
    line = Linear(gamma=0.3 * 200 / 1e6 * per_bp, eta=0.2 * 200 / 1e6 * per_bp, epsilon=0.0)
    for asked in (terms(1e4, 0.1), terms(3e5, 2.0)):
        assert two.temporary_bps(asked) == pytest.approx(line.temporary_bps(asked))
        assert two.permanent_bps(asked) == pytest.approx(line.permanent_bps(asked))
        assert two.marginal_bps(asked) == pytest.approx(line.marginal_bps(asked))


def test_the_window_reference_prices_any_schedule_and_not_only_the_even_one() -> None:
    """Two halves at different rates cost what two models of half the order say, and what is moved in between."""
    model = TwoPart(alpha=0.2, gamma=0.3)
    cost = model.response(terms()).cost_of(np.array([5e4, 5e4]), np.array([0.0, 0.1, 0.5]))
    fast, slow = (model.temporary_bps(terms(5e4, days)) for days in (0.1, 0.4))
    assert (fast + slow) / 2 == pytest.approx(cost.temporary_bps)
    assert model.permanent_bps(terms()) == pytest.approx(cost.permanent_bps)


# Kyle.


def test_a_single_auction_pays_all_of_the_move_and_n_auctions_n_plus_one_over_two_n() -> None:
    move = 1e-6 * 1e5 / 50 * 1e4
    for periods in (1, 2, 5, 1_000):
        model = Kyle(kyle_lambda=1e-6, periods=periods)
        one_by_one = np.mean(move * np.arange(1, periods + 1) / periods)
        assert one_by_one == pytest.approx(model.total_bps(terms()))
        assert move == pytest.approx(model.move_bps(terms()))


def test_kyles_response_is_the_sum_over_auctions_for_any_schedule() -> None:
    model = Kyle(kyle_lambda=1e-6, periods=4)
    shares = np.array([5e4, 0.0, 2e4, 3e4])
    paid = float((shares * 1e-6 * np.cumsum(shares)).sum() / 1e5 / 50 * 1e4)
    response, edges = model.response(terms()), np.linspace(0, 0.5, 5)
    assert paid == pytest.approx(response.cost_of(shares, edges).total_bps)
    left = response.path(shares, edges, np.array([0.5, 100.0]))
    assert [float(model.move_bps(terms()))] * 2 == pytest.approx(left.tolist())


def test_with_exponent_one_half_impact_follows_the_root_of_volatility() -> None:
    plain, rooted = (Kyle(kyle_lambda=1e-6, volatility_exponent=k) for k in (0.0, 0.5))
    calm, wild = terms(volatility=0.01), terms(volatility=0.04)
    assert plain.total_bps(wild) == plain.total_bps(calm)
    assert 2 == pytest.approx(rooted.total_bps(wild) / rooted.total_bps(calm))
    assert 0.1 == pytest.approx(rooted.total_bps(calm) / plain.total_bps(calm))


def test_after_a_split_in_two_lambda_is_a_quarter_for_the_same_cost() -> None:
    split = terms(2e5, price=25.0, daily_volume=2e6)
    assert Kyle(kyle_lambda=1e-6 / 4).total_bps(split) == pytest.approx(Kyle(kyle_lambda=1e-6).total_bps(terms()))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"kyle_lambda": -1e-9}, "kyle_lambda"),
        ({"volatility_exponent": 1.0}, "must be 0 .* or 0.5"),
        ({"periods": 0}, "periods 0 must be a whole number"),
        ({"periods": 1.5}, "periods 1.5 must be a whole number"),
    ],
)
def test_a_kyle_model_that_cannot_be_is_refused(change: dict[str, float], match: str) -> None:
    with pytest.raises(BadParameter, match=match):
        Kyle(**({"kyle_lambda": 1e-6} | change))


# Almgren 2005 and I-star.


def test_permanent_impact_of_2005_does_not_depend_on_speed_and_temporary_does() -> None:
    model = Almgren2005()
    fast, slow = terms(days=0.1), terms(days=0.4)
    assert model.permanent_bps(fast) == model.permanent_bps(slow)
    assert 4**0.6 == pytest.approx(model.temporary_bps(fast) / model.temporary_bps(slow))


def test_istar_spends_all_of_the_instant_cost_when_nobody_else_trades_and_its_permanent_part_when_all_do() -> None:
    alone, crowd = terms(window_volume=1e-6), terms(window_volume=1e15)
    assert ISTAR.instant_bps(alone) == pytest.approx(ISTAR.total_bps(alone))
    assert 0.05 * ISTAR.instant_bps(crowd) == pytest.approx(ISTAR.total_bps(crowd), rel=1e-3)


def test_istar_takes_annual_volatility_of_the_sessions_it_names() -> None:
    crypto = IStar(a1=700, a2=0.55, a3=0.7, a4=0.5, b1=0.95, sessions_per_year=365)
    assert (365 / 250) ** 0.35 == pytest.approx(crypto.total_bps(terms()) / ISTAR.total_bps(terms()))


def test_counting_one_side_of_the_volume_costs_more() -> None:
    one_side = IStar(a1=700, a2=0.55, a3=0.7, a4=1.0, b1=1.0, counted_volume=0.5)
    both = IStar(a1=700, a2=0.55, a3=0.7, a4=1.0, b1=1.0)
    assert (1e5 + 5e5) / (1e5 + 2.5e5) == pytest.approx(one_side.total_bps(terms()) / both.total_bps(terms()))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"b1": 1.1}, "b1 1.1 of I-star must be between 0 and 1"),
        ({"a2": 3.0}, "a2"),
        ({"sessions_per_year": 0.0}, "sessions_per_year"),
        ({"counted_volume": 0.0}, "counted_volume"),
        ({"counted_volume": 1.5}, "counted_volume"),
    ],
)
def test_an_istar_that_cannot_be_is_refused(change: dict[str, float], match: str) -> None:
    with pytest.raises(BadParameter, match=match):
        IStar(**({"a1": 700.0, "a2": 0.55, "a3": 0.7, "a4": 0.5, "b1": 0.95} | change))


@pytest.mark.parametrize("sessions", [0, -250.0, math.nan])
def test_printed_parameters_of_a_year_without_sessions_are_refused(sessions: float) -> None:
    with pytest.raises(BadParameter, match="sessions_per_year"):
        IStar.from_percent_and_bps(a1=25, a2=0.38, a3=0.28, sessions_per_year=sessions)


def test_a_printed_volatility_of_no_sessions_is_refused() -> None:
    with pytest.raises(BadParameter, match="volatility_sessions 0"):
        IStar.from_percent_and_bps(a1=25, a2=0.38, a3=0.28, volatility_sessions=0)


@pytest.mark.parametrize(
    "model", [TwoPart(alpha=0.2, gamma=0.3), Kyle(kyle_lambda=1e-6), Almgren2005(), ISTAR], ids=lambda m: m.name
)
def test_an_order_of_nothing_costs_nothing_and_has_finite_slopes(model: object) -> None:
    asked = terms(np.array([0.0, 1e4]))
    assert model.total_bps(asked)[0] == 0  # type: ignore[attr-defined]
    assert all(np.isfinite(slope).all() for slope in model.gradient_bps(asked))  # type: ignore[attr-defined]


# Shapes.


@pytest.mark.parametrize(
    ("shape", "at_scale"),
    [
        (Power(3.0, 0.5), 3.0 * 10.0),
        (LogShape(3.0, 100.0), 3.0 * math.log(2)),
        (SaturatingShape(3.0, 100.0), 3.0 * (1 - math.exp(-1))),
        (CrowdShape(3.0, 100.0, 2.0), 3.0 * 0.25),
    ],
)
def test_shapes_are_odd_in_the_rate_and_cost_nothing_at_rest(shape: Shape, at_scale: float) -> None:
    rates = np.array([0.0, 1.0, 100.0, 1e7])
    assert shape(-rates) == pytest.approx(-shape(rates))
    assert (shape(0.0), shape(100.0)) == pytest.approx((0.0, at_scale))


def test_models_print_as_formulas_with_numbers_and_standard_errors() -> None:
    assert str(TwoPart(alpha=0.2, gamma=0.3).known_to(alpha=0.05)) == (
        "temporary (0.2 ± 0.05) σ (Q/V)^(0.5 ± 0),  permanent move (0.3 ± 0) σ Q/ADV, half of it paid   "
        "[V: the market's volume in the window]"
    )
    assert str(Kyle(kyle_lambda=1e-6, volatility_exponent=0.5, periods=4)) == (
        "ΔP = (1e-06 ± 0) Q √σ   [currency a share]\n4 auctions: the order pays 0.625 of the move; all of it stays"
    )
    assert str(Almgren2005()) == (
        "J = I/2 + K,  I = (0.314 ± 0.041) σ X/V (Θ/V)^(0.25 ± 0),  K = (0.142 ± 0.0062) σ |X/(VT)|^(0.6 ± 0)   "
        "[T in days of volume]"
    )
    assert str(ISTAR.known_to(a1=50, b1=0.02)) == (
        "I* = (700 ± 50) (Q/ADV)^(0.55 ± 0) σ^(0.7 ± 0) bps,  MI = b1 I* POV^(0.5 ± 0) + (1 - b1) I*,  "
        "b1 = 0.95 ± 0.02   [σ annual, 250 sessions]"
    )


def test_a_standard_error_whose_square_is_no_number_is_refused() -> None:
    with pytest.raises(BadParameter, match=r"standard error 1e\+200 of y must be 0 or more and finite"):
        SquareRoot(y=1.0).known_to(y=1e200)
