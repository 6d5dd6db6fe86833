import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import Impact, Linear, SquareRoot
from nowake.models.impact.linear import linearised
from nowake.models.impact.square_root import Reading
from nowake.models.market import MarketState

# The market of Almgren & Chriss 2000, section 3.4.
MARKET = MarketState.given(price=50, daily_volatility=0.019, daily_volume=5e6, spread_bps=25)
LINEAR = Linear(gamma=2.5e-7, eta=2.5e-6, epsilon=0.0625).known_to(gamma=1e-7, eta=1e-6, epsilon=0.01)
MODELS: list[Impact] = [LINEAR, SquareRoot(), SquareRoot(reading=Reading.PEAK, relaxed=0.25)]


def test_rule_of_thumb_gives_the_coefficients_the_paper_prints() -> None:
    model = Linear.from_market(MARKET)
    assert (model.eta, model.gamma, model.epsilon) == pytest.approx((2.5e-6, 2.5e-7, 0.0625))


def test_trading_one_percent_of_the_day_costs_a_spread_and_ten_percent_moves_it_one() -> None:
    model = Linear.from_market(MARKET)
    assert model.temporary_bps(MARKET.terms(0.01 * 5e6, 1.0)) == pytest.approx(25)
    # The order pays half of the move it leaves.
    assert model.permanent_bps(MARKET.terms(0.10 * 5e6, 1.0)) == pytest.approx(25 / 2)


def test_linear_cost_is_equation_10_without_step() -> None:
    X, T = 1e6, 5.0
    cost = (LINEAR.total_bps(MARKET.terms(X, T)) + LINEAR.half_spread_bps(MARKET.terms(1.0, 1.0))) / 1e4 * 50 * X
    assert cost == pytest.approx(2.5e-7 * X**2 / 2 + 0.0625 * X + 2.5e-6 * X**2 / T)


def test_linear_temporary_cost_falls_with_time_and_permanent_does_not() -> None:
    assert LINEAR.temporary_bps(MARKET.terms(1e5, 2.0)) == LINEAR.temporary_bps(MARKET.terms(1e5, 1.0)) / 2
    assert LINEAR.permanent_bps(MARKET.terms(1e5, 2.0)) == LINEAR.permanent_bps(MARKET.terms(1e5, 1.0))


def test_linear_parameter_doubt_matches_a_simulation_of_it() -> None:
    rng = np.random.default_rng(3)
    gammas, etas, epsilons = (
        rng.normal(mean, se, 200_000) for mean, se in ((2.5e-7, 1e-7), (2.5e-6, 1e-6), (0.0625, 0.01))
    )
    X, T = 1e5, 0.5
    costs = (epsilons + etas * X / T + gammas * X / 2) / 50 * 1e4
    assert LINEAR.parameter_sd_bps(MARKET.terms(X, T)) == pytest.approx(float(costs.std()), rel=0.01)


def test_square_root_of_one_percent_of_the_day_costs_a_tenth_of_the_volatility() -> None:
    assert SquareRoot().impact_bps(MARKET.terms(0.01 * 5e6, 1.0)) == pytest.approx(0.1 * 190)
    assert SquareRoot().total_bps(MARKET.terms(0.01 * 5e6, 0.5)) == pytest.approx(19)


def test_a_days_volume_costs_a_days_volatility() -> None:
    assert SquareRoot().total_bps(MARKET.terms(5e6, 1.0)) == pytest.approx(190)


def test_square_root_read_as_the_peak_costs_two_thirds_of_it() -> None:
    peak = SquareRoot(reading=Reading.PEAK)
    # The average of sqrt(q/Q) over the order.
    average = float(np.mean(np.sqrt((np.arange(100_000) + 0.5) / 100_000)))
    assert peak.total_bps(MARKET.terms(1e5, 1.0)) == pytest.approx(
        average * peak.impact_bps(MARKET.terms(1e5, 1.0)), rel=1e-5
    )


@pytest.mark.parametrize("reading", list(Reading))
def test_square_root_relaxes_to_two_thirds_of_its_peak_by_default_which_is_what_was_paid(reading: Reading) -> None:
    model, terms = SquareRoot(reading=reading), MARKET.terms(1e5, 1.0)
    left = float(model.response(terms).path(np.array([1e5]), np.array([0.0, 1.0]), np.array([1e12]))[0])
    assert left == pytest.approx(2 / 3 * float(model.peak_bps(terms)))
    assert left == pytest.approx(float(model.total_bps(terms)))


def test_square_root_doubt_is_in_proportion_to_that_of_y() -> None:
    model = SquareRoot(y=0.8).known_to(y=0.2)
    assert model.parameter_sd_bps(MARKET.terms(1e5, 1.0)) == pytest.approx(
        model.total_bps(MARKET.terms(1e5, 1.0)) * 0.2 / 0.8
    )
    assert SquareRoot(y=0.0).known_to(y=0.3).parameter_sd_bps(MARKET.terms(5e6, 1.0)) == pytest.approx(0.3 * 190)


def test_linearised_square_root_costs_the_same_for_the_order() -> None:
    model = SquareRoot(y=0.9, relaxed=0.4)
    terms = MARKET.terms(3e5, 0.7)
    line = linearised(model, terms)
    for part in ("temporary_bps", "permanent_bps", "total_bps"):
        assert getattr(line, part)(MARKET.terms(3e5, 0.7)) == pytest.approx(
            getattr(model, part)(MARKET.terms(3e5, 0.7))
        )
    assert line.half_spread_bps(MARKET.terms(1.0, 1.0)) == pytest.approx(12.5)


def test_linear_model_linearised_is_itself() -> None:
    assert linearised(LINEAR, MARKET.terms(1e5, 1.0)) is LINEAR


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_arrays_cost_what_each_number_costs(model: Impact) -> None:
    sizes = np.array([0.0, 1.0, 1e4, 2e6])
    for part in (model.temporary_bps, model.permanent_bps, model.total_bps, model.parameter_sd_bps):
        assert part(MARKET.terms(sizes, 0.5)).tolist() == pytest.approx(
            [part(MARKET.terms(float(size), 0.5)) for size in sizes]
        )


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_parts_sum_to_the_whole_and_grow_with_size(model: Impact) -> None:
    sizes = np.linspace(0, 1e6, 50)
    total = model.total_bps(MARKET.terms(sizes, 0.5))
    parts = model.temporary_bps(MARKET.terms(sizes, 0.5)) + model.permanent_bps(MARKET.terms(sizes, 0.5))
    assert total == pytest.approx(parts)
    assert total[0] == 0
    assert np.all(np.diff(total) > 0)


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize(("quantity", "days"), [(-1.0, 1.0), (np.nan, 1.0), (np.inf, 1.0), (1.0, 0.0), (1.0, -1.0)])
def test_trade_that_cannot_be_is_refused(model: Impact, quantity: float, days: float) -> None:
    with pytest.raises(BadParameter):
        model.total_bps(MARKET.terms(quantity, days))


@pytest.mark.parametrize("field", ["gamma", "eta", "epsilon"])
@pytest.mark.parametrize("value", [-1e-9, np.nan, np.inf])
def test_linear_coefficient_below_zero_or_not_finite_is_refused(field: str, value: float) -> None:
    good = {"gamma": 1e-7, "eta": 1e-6, "epsilon": 0.01}
    with pytest.raises(BadParameter, match=field):
        Linear(**(good | {field: value}))


@pytest.mark.parametrize("change", [{"y": -0.1}, {"relaxed": 1.1}, {"relaxed": -0.1}, {"y": np.nan}])
def test_square_root_parameter_out_of_range_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match=next(iter(change))):
        SquareRoot(**change)


def test_square_root_of_nothing_has_no_slope() -> None:
    with pytest.raises(BadParameter, match="above 0 to take the slope"):
        linearised(SquareRoot(), MARKET.terms(0.0, 1.0))


def test_models_print_as_formulas() -> None:
    assert str(SquareRoot()).startswith("I(Q) = (1 ± 0.3) σ √(Q/V)")
    assert "h(v) = 0.0625 + 2.5e-06 v" in str(LINEAR)
