from __future__ import annotations

import dataclasses
import math
from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.cluster import doubt_of
from nowake.models.calibration.compare import Comparison, compare, holm, log_likelihood, nested_test, vuong
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.loss import Loss, Student
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import solve
from nowake.models.impact import Almgren2005, Impact, Linear, Parameter, PowerLaw, SquareRoot
from nowake.models.terms import Size, Terms


class ByPrice(Impact, frozen=True, kw_only=True):
    """Half of a truth that neither of two models knows whole: cost by the odd digit of the price."""

    name: ClassVar[str] = "by price"
    version: ClassVar[str] = "1"
    parameters: ClassVar[tuple[Parameter, ...]] = (Parameter("y", "", "bps"),)
    y: float = 1.0

    def what(self, terms: Terms) -> Size:
        return 1.0 + (terms.price > 50)

    def temporary_bps(self, terms: Terms) -> Size:
        return self.y * self.what(terms)

    def permanent_bps(self, terms: Terms) -> Size:
        return 0.0 * terms.quantity

    def gradient_bps(self, terms: Terms) -> tuple[Size, ...]:
        return (self.what(terms),)


class BySpread(ByPrice, frozen=True, kw_only=True):
    name: ClassVar[str] = "by spread"

    def what(self, terms: Terms) -> Size:
        return 1.0 + (terms.spread_bps > 5)


class Twin(SquareRoot, frozen=True, kw_only=True):
    name: ClassVar[str] = "twin"


def equally_wrong(seed: int, *, tilt: float = 0.0, count: int = 600) -> Metaorders:
    """Costs that go as much with the price as with the spread, with errors shared by day and symbol."""
    rng = np.random.default_rng(seed)
    day, symbol = np.sort(rng.integers(0, 40, count)), rng.integers(0, 5, count)
    # Alike in a day and symbol, so that what tells the models apart comes in clusters too.
    high, wide = (rng.random((40, 5)) > 0.5)[day, symbol], (rng.random((40, 5)) > 0.5)[day, symbol]
    noise = 15 * (0.8 * rng.normal(size=count) + 0.6 * rng.normal(size=(40, 5))[day, symbol])
    cost = 20 + (5 + tilt) * high + 5 * wide + noise
    price = np.where(high, 80.0, 20.0)
    return Metaorders(
        symbols=tuple("ABCDE"),
        symbol=symbol,
        start_ns=day * 86_400_000_000_000 + np.arange(count),
        day=day,
        side=np.ones(count, np.int64),
        quantity=np.full(count, 1e4),
        days=np.full(count, 0.5),
        arrival_price=price,
        average_price=price * (1 + cost / 1e4),
        volatility=np.full(count, 0.02),
        daily_volume=np.full(count, 1e6),
        spread_bps=np.where(wide, 8.0, 2.0),
    )


def told_apart(seed: int, **design: float) -> Comparison:
    return compare([ByPrice, BySpread], equally_wrong(seed, **design), spread="none", blocks=0)  # type: ignore[arg-type]


def test_two_models_that_are_as_wrong_as_each_other_are_seldom_told_apart() -> None:
    apart = sum(told_apart(seed).verdicts[0].told_apart for seed in range(50))
    assert apart <= 6


@pytest.mark.study
def test_five_of_a_hundred_pairs_of_equally_good_models_are_told_apart_by_mistake() -> None:
    apart = sum(told_apart(seed).verdicts[0].p < 0.05 for seed in range(100, 700))
    assert 0.025 <= apart / 600 <= 0.075


def test_a_model_that_is_better_is_found_to_be() -> None:
    found = told_apart(1, tilt=20.0)
    assert found.verdicts[0].test == "Vuong"
    assert found.best == ("by price",)
    assert found.statement == "by price explains the costs better than every other (at 0.05)"


def test_the_law_that_made_the_orders_beats_the_linear_one_in_sample_and_out_of_it() -> None:
    orders = generate_orders(SquareRoot(y=1.0), 1, Design(orders=2_000, days=80, shared=0.2))
    found = compare([Linear, SquareRoot], orders)
    verdict = found.verdicts[0]
    assert (verdict.better, verdict.told_apart, verdict.forecasts_agree) == ("square root", True, True)
    assert verdict.forecast_p < 0.01


def test_a_comparison_prints_the_best_first_and_ends_with_the_statement() -> None:
    found = compare([Linear, SquareRoot], generate_orders(SquareRoot(y=1.0), 1, Design(orders=800, days=60)))
    lines = str(found).split("\n")
    assert lines[1].split()[:2] == ["square", "root"]
    assert lines[-1] == found.statement
    frame = found.to_frame()
    assert frame["model"].to_list() == ["square root", "linear (Almgren-Chriss)"]
    assert frame["p"].to_list() == [None, found.verdicts[0].adjusted_p]


def test_a_nested_law_is_judged_by_its_extra_parameter() -> None:
    orders = generate_orders(PowerLaw(y=1.0, exponent=0.8), 2, Design(orders=2_000))
    found = compare([SquareRoot, PowerLaw], orders, blocks=0)
    assert found.verdicts[0].test == "Wald"
    assert found.best == ("power law",)
    orders = generate_orders(SquareRoot(y=1.0), 2, Design(orders=300))
    found = compare([SquareRoot, PowerLaw], orders, blocks=0)
    assert found.statement.endswith("cannot be told apart at 0.05")


@pytest.mark.study
def test_a_free_exponent_is_called_better_than_a_true_square_root_five_times_of_a_hundred() -> None:
    design = Design(orders=500, days=50, shared=0.3)
    wrong = sum(
        compare([SquareRoot, PowerLaw], generate_orders(SquareRoot(y=1.0), seed, design), blocks=0).verdicts[0].p < 0.05
        for seed in range(400)
    )
    assert 0.02 <= wrong / 400 <= 0.08


def test_that_two_models_say_the_same_is_denied_five_times_of_a_hundred_where_they_do() -> None:
    """A square root is a power law too: at its truth the larger model says nothing more."""
    denied = 0
    for seed in range(150):
        orders = generate_orders(SquareRoot(y=1.0), seed, Design(orders=300, days=40))
        problems = [Problem.of(model, orders, spread="half", later=False) for model in (SquareRoot, PowerLaw)]
        one, other = (solve(problem, loss=Loss()) for problem in problems)
        rows = log_likelihood(one) - log_likelihood(other)
        denied += vuong(one, other, rows, problems[0].cell, advantage=0.0)[0] < 0.05
    assert 1 <= denied <= 15


def test_models_that_say_the_same_cannot_be_told_apart() -> None:
    orders = generate_orders(SquareRoot(y=1.0), 3, Design(orders=500))
    found = compare([SquareRoot, Twin], orders)
    assert found.verdicts[0].p == 1.0
    assert set(found.best) == {"square root", "twin"}
    assert "cannot be told apart" in found.statement


def test_the_wald_test_of_one_parameter_is_students() -> None:
    problem = Problem.of(PowerLaw, generate_orders(PowerLaw(y=1.0, exponent=0.6), 4, Design(orders=800)), spread="half")
    solution = solve(problem)
    doubt = doubt_of(problem, solution)
    found = nested_test(solution, doubt, exponent=0.5)
    place = solution.names.index("exponent")
    t = (solution.values[place] - 0.5) / doubt.se[place]
    assert found.p == pytest.approx(2 * stats.t.sf(abs(t), doubt.degrees[place]))
    with pytest.raises(BadParameter, match="'gamma' was not fitted"):
        nested_test(solution, doubt, gamma=0.0)


def test_the_wald_test_of_all_parameters_at_their_estimates_finds_nothing() -> None:
    problem = Problem.of(PowerLaw, generate_orders(PowerLaw(y=1.0, exponent=0.6), 4, Design(orders=800)), spread="half")
    solution = solve(problem)
    assert nested_test(solution, doubt_of(problem, solution), **solution.named()).p == pytest.approx(1.0)


@pytest.mark.parametrize("loss", [Loss(), Student(degrees=4.0), Student()])
def test_the_log_likelihood_is_that_of_the_noise_s_density(loss: Loss) -> None:
    orders = generate_orders(SquareRoot(y=1.0), 5, Design(orders=300))
    solution = solve(Problem.of(SquareRoot, orders, spread="half", later=False), loss=loss)
    if isinstance(solution.loss, Student):
        expected = stats.t.logpdf(solution.residuals, solution.loss.nu, scale=solution.scale_bps)
    else:
        expected = stats.norm.logpdf(solution.residuals, scale=solution.scale_bps)
    np.testing.assert_allclose(expected, log_likelihood(solution))


def test_the_penalty_of_a_right_model_with_independent_noise_is_its_number_of_parameters() -> None:
    orders = generate_orders(PowerLaw(y=1.0, exponent=0.6), 6, Design(orders=20_000, shared=0.0, days=400))
    scores = compare([PowerLaw, Linear], orders, spread="half", blocks=0).scores
    assert next(each for each in scores if each.name == "power law").penalty == pytest.approx(2.0, abs=0.2)


def test_holm_gives_the_numbers_of_a_hand_calculation() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_orders_that_one_model_cannot_use_are_left_out_for_all() -> None:
    orders = generate_orders(SquareRoot(y=1.0), 7, Design(orders=400))
    paid = orders.spread_paid_bps
    assert paid is not None
    paid = np.where(np.arange(400) < 100, np.nan, paid)
    found = compare([SquareRoot, PowerLaw], dataclasses.replace(orders, spread_paid_bps=paid), spread="paid", blocks=0)
    assert found.orders == 300
    assert found.notes == ("100 orders that not every model can use are left out",)
    assert math.isnan(found.verdicts[0].forecast_p)


def test_a_model_that_cannot_be_fitted_is_left_out_with_its_reason() -> None:
    orders = generate_orders(SquareRoot(y=1.0), 7, Design(orders=400))
    unknown = dataclasses.replace(orders, shares_outstanding=None)
    found = compare([SquareRoot, Almgren2005, PowerLaw], unknown, blocks=0)
    assert {score.name for score in found.scores} == {"square root", "power law"}
    assert found.orders == 400
    assert found.notes[0].startswith(
        "Almgren et al. 2005 is left out: Almgren et al. 2005 needs shares_outstanding not known"
    )
    with pytest.raises(Unidentified, match="fewer than 2 models"):
        compare([SquareRoot, Almgren2005], unknown, blocks=0)


def test_what_cannot_be_compared_is_refused() -> None:
    orders = generate_orders(SquareRoot(y=1.0), 8, Design(orders=100))
    for models in ([SquareRoot], [SquareRoot, SquareRoot], []):
        with pytest.raises(BadParameter, match="two or more of different names"):
            compare(models, orders)
    with pytest.raises(BadParameter, match="clusters of one kind"):
        compare([SquareRoot, PowerLaw], orders, cluster="two-way")
