from __future__ import annotations

import functools
import math

import msgspec
import numpy as np
import pytest

from nowake.domain.errors import BadParameter, Unidentified
from nowake.domain.metaorder import Metaorders
from nowake.models.calibration.cluster import doubt_of
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.online import Alarm, Recalibration
from nowake.models.calibration.problem import Problem
from nowake.models.calibration.solve import solve
from nowake.models.impact import Impact, Linear, PowerLaw, SquareRoot


@functools.cache
def orders(days: int = 60, seed: int = 1, y: float = 1.0) -> Metaorders:
    return generate_orders(SquareRoot(y=y), seed, Design(orders=12 * days, days=days, symbols=6))


def first(record: Metaorders, days: int) -> Metaorders:
    return record.take(record.day < int(record.day[0]) + days)


def rest(record: Metaorders, days: int) -> Metaorders:
    return record.take(record.day >= int(record.day[0]) + days)


@pytest.mark.parametrize("model", [SquareRoot, PowerLaw])
@pytest.mark.parametrize("spread", ["half", "estimate"])
def test_days_folded_in_one_by_one_end_where_one_fit_to_all_of_them_does(model: type[Impact], spread: str) -> None:
    record = orders()
    found = Recalibration.begin(model, first(record, 20), spread=spread).fold(rest(record, 20))  # type: ignore[arg-type]
    problem = Problem.of(model, record, spread=spread, later=False)  # type: ignore[arg-type]
    batch = solve(problem)
    se = doubt_of(problem, batch).se
    assert len(found.history) == 40
    assert (np.abs(found.solution.values - batch.values) < 1e-3 * se).all()
    np.testing.assert_allclose(se, found.doubt.se, rtol=1e-3)


def test_with_a_half_life_days_one_by_one_end_where_one_weighted_fit_does() -> None:
    record = orders()
    found = Recalibration.begin(PowerLaw, first(record, 20), spread="half", half_life_days=15).fold(rest(record, 20))
    problem = Problem.of(PowerLaw, record, spread="half", later=False)
    weights = 0.5 ** ((record.day[-1] - record.day) / 15)
    batch = solve(problem, weights)
    assert (np.abs(found.solution.values - batch.values) < 1e-3 * doubt_of(problem, batch).se).all()


def test_days_that_no_longer_count_are_let_go_and_hardly_missed() -> None:
    record = orders(days=120)
    found = Recalibration.begin(SquareRoot, first(record, 40), spread="half", half_life_days=3).fold(rest(record, 40))
    problem = Problem.of(SquareRoot, record, spread="half", later=False)
    batch = solve(problem, 0.5 ** ((record.day[-1] - record.day) / 3))
    assert len(found.orders) < len(record) / 2
    assert np.abs(found.solution.values - batch.values) < 0.02 * doubt_of(problem, batch).se


def test_folding_in_changes_nothing_of_what_was_there() -> None:
    record = orders()
    before = Recalibration.begin(SquareRoot, first(record, 20), spread="half")
    values, count = before.solution.values.copy(), len(before.orders)
    before.fold(rest(record, 20))
    np.testing.assert_array_equal(values, before.solution.values)
    assert (count, before.history, before.alarm.days) == (len(before.orders), (), 0)


def test_a_day_is_judged_by_the_fit_made_before_it() -> None:
    record = orders()
    before = Recalibration.begin(SquareRoot, first(record, 30), spread="half")
    day = record.take(record.day == int(record.day[0]) + 30)
    result = before.fold(day).history[0]
    problem = Problem.of(SquareRoot, day, spread="half", later=False)
    assert result.forecast_bps == pytest.approx(float(problem.predict(before.solution.values).mean()))
    assert result.cost_bps == pytest.approx(float(problem.cost_bps.mean()))
    assert result.orders == len(day)


def watched(seed: int, *, change: float = 1.0, days: int = 80, begin: int = 30) -> Recalibration:
    """A model begun on days of its own law, then shown days of a law dearer by a factor."""
    then = orders(days, seed, change)
    return Recalibration.begin(SquareRoot, first(orders(days, seed), begin), spread="half").fold(rest(then, begin))


def test_scores_of_days_are_unit_normal_while_the_model_holds() -> None:
    u = np.array([each.u for seed in range(4) for each in watched(seed).history])
    assert len(u) == 200
    assert abs(u.mean()) < 3 / math.sqrt(200)
    assert u.std() == pytest.approx(1.0, abs=0.15)


def test_the_alarm_rings_when_impact_gets_dearer_and_says_so() -> None:
    for seed in range(3):
        found = watched(seed, change=1.5)
        assert found.alarm.rings
        assert found.alarm.direction == 1
        assert "RINGS: impact is dearer than forecast" in str(found)
    assert "alarm quiet" in str(watched(0))


def test_the_alarm_rings_in_no_more_periods_than_it_says() -> None:
    """Ville's inequality, by 2,000 periods of 250 days while the model holds."""
    rng = np.random.default_rng(1)
    rang = 0
    for _ in range(2_000):
        alarm = Alarm(alpha=0.05)
        for u in rng.standard_normal(250):
            alarm = alarm.after(float(u))
        rang += alarm.rings
    assert 0.015 <= rang / 2_000 <= 0.055


@pytest.mark.study
@pytest.mark.parametrize("design", [Design(), Design(shared=0.3, market=0.2, tails=4.0)])
def test_a_right_model_rings_in_at_most_five_of_a_hundred_records(design: Design) -> None:
    rang = 0
    for seed in range(100):
        record = generate_orders(
            SquareRoot(y=1.0), seed, msgspec.structs.replace(design, orders=800, days=100, symbols=6)
        )
        rang += Recalibration.begin(SquareRoot, first(record, 20), spread="half").fold(rest(record, 20)).alarm.rings
    assert rang <= 8


def test_the_evidence_is_a_mean_one_bet_and_begins_anew_each_period() -> None:
    rng = np.random.default_rng(2)
    ends = []
    for _ in range(4_000):
        alarm = Alarm()
        for u in rng.standard_normal(3):
            alarm = alarm.after(float(u))
        ends.append(alarm.evidence)
    assert float(np.mean(ends)) == pytest.approx(1.0, abs=0.05)
    alarm = Alarm(period_days=2).after(50.0).after(0.0)
    assert alarm.rings
    assert not alarm.after(0.1).rings
    assert alarm.after(0.1).days == 1


def test_a_model_with_a_spread_of_its_own_is_followed_too() -> None:
    record = generate_orders(Linear(gamma=1e-7, eta=2e-7, epsilon=0.02), 3, Design(orders=1_500, days=40))
    found = Recalibration.begin(Linear, first(record, 20)).fold(rest(record, 20))
    batch = solve(Problem.of(Linear, record, later=False))
    np.testing.assert_allclose(batch.values, found.solution.values, rtol=1e-3)


def test_what_cannot_be_followed_is_refused() -> None:
    record = orders()
    begun = Recalibration.begin(SquareRoot, first(record, 20))
    with pytest.raises(BadParameter, match=r"day 2020-01-01 is not after 2020-01-20"):
        begun.fold(first(record, 5))
    with pytest.raises(Unidentified, match="5 days are too few to begin with"):
        Recalibration.begin(SquareRoot, first(record, 5))
    with pytest.raises(BadParameter, match="half_life_days -1 must be above 0"):
        Recalibration.begin(SquareRoot, record, half_life_days=-1)
    with pytest.raises(BadParameter, match="alpha 2 must be between 0 and 1"):
        Alarm(alpha=2)
