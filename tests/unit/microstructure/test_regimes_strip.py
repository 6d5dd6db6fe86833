"""Regimes through time: five probabilities that sum to 1, what each word means, memory, and no look ahead at all."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.units import NS_PER_MINUTE
from nowake.microstructure.regimes import (
    DESK_REGIMES,
    DeskRules,
    Features,
    RegimeGauge,
    Scaling,
    desk_weights,
    fit_regimes,
    regime_strip,
)
from nowake.microstructure.regimes.desk import CRISIS, QUIET, RECOVERY, TRENDING, VOLATILE, desk_path

NAMES = ("volatility", "trend", "spread", "depth")


def history(seed: int, days: int = 6, rows: int = 80) -> Features:
    """Days of calm and wild spells, some features missing; a crisis on the last day but one."""
    rng = np.random.default_rng(seed)
    total = days * rows
    wild = (np.sin(np.arange(total) / 13) > 0.4).astype(np.float64)
    crash = (np.arange(total) // rows == days - 2) & (np.arange(total) % rows > 40)
    level = wild + 4 * crash
    values = np.column_stack(
        (
            level + rng.normal(0, 0.5, total),
            np.abs(rng.normal(0.8, 0.4, total)),
            0.5 + 0.7 * level + rng.normal(0, 0.3, total),
            5.0 - 0.6 * level + rng.normal(0, 0.3, total),
        )
    )
    values[np.arange(total) % 6 != 5, 1] = np.nan
    values[rng.random(total) < 0.05, 2] = np.nan
    day, minute = np.divmod(np.arange(total), rows)
    time_ns = day * 24 * 60 * NS_PER_MINUTE + minute * 5 * NS_PER_MINUTE
    return Features(time_ns, values, NAMES, np.arange(days) * rows, np.zeros(total, np.int8))


def weights(**levels: float) -> np.ndarray:
    """What a state at these levels, 0 where not said, counts as."""
    return desk_weights(np.array([[levels.get(name, 0.0) for name in NAMES]]), NAMES).weights[0]


def test_the_five_words_mean_what_the_page_says() -> None:
    assert QUIET == weights(volatility=-1.0).argmax()
    assert VOLATILE == weights(volatility=1.5).argmax()
    assert TRENDING == weights(trend=1.5, volatility=1.0).argmax()
    assert CRISIS == weights(volatility=3.0, spread=3.0, depth=-2.5).argmax()
    # Wild alone is no crisis where spread and depth are as ever.
    assert VOLATILE == weights(volatility=3.0).argmax()
    assert 0 == weights(volatility=3.0)[RECOVERY]


def test_a_state_at_a_threshold_counts_half_and_far_from_all_of_them_whole() -> None:
    assert 0.5 == pytest.approx(weights(volatility=2.0, spread=2.0, depth=-2.0)[CRISIS])
    assert 0.5 == pytest.approx(weights(trend=0.75, volatility=-9.0)[TRENDING])
    half = weights(volatility=0.5, trend=-9.0)
    assert half[QUIET] == pytest.approx(half[VOLATILE])
    assert 1.0 == pytest.approx(weights(volatility=-9.0, trend=-9.0)[QUIET])


def test_more_stress_is_never_less_of_a_crisis() -> None:
    told = [weights(volatility=x, spread=x, depth=-x)[CRISIS] for x in np.linspace(-4, 6, 40)]
    assert np.all(np.diff(told) >= 0)


def test_recovery_needs_a_crisis_before_it_fades_by_half_and_ends_where_it_is_calm() -> None:
    means = np.array([[-2.0, 0, 0, 0], [0.8, 0, 0, 0], [5.0, 0, 5.0, -5.0]])
    mapping = desk_weights(means, NAMES, DeskRules(memory_bars=10))
    calm, raised, crisis = np.eye(3)
    told = desk_path(mapping, np.array([raised] * 30 + [crisis] * 5 + [raised] * 30 + [calm]))
    assert told[:30, RECOVERY].max() < 1e-3
    assert told[30:35, CRISIS].min() > 0.99
    after = told[35:65, RECOVERY]
    assert after[0] > 0.85
    assert np.all(np.diff(after) < 0)
    assert 0.5 == pytest.approx(after[20] / after[10], rel=1e-9)
    assert told[65, QUIET] > 0.9
    np.testing.assert_allclose(told.sum(axis=1), 1.0, atol=1e-12)


def test_many_rows_that_are_hardly_a_crisis_do_not_add_up_to_one() -> None:
    mapping = desk_weights(np.array([[1.0, 0, 1.0, -1.0]]), NAMES)
    told = desk_path(mapping, np.ones((500, 1)))
    assert told[-1, RECOVERY] <= told[-1, CRISIS]


def test_typical_is_the_median_of_the_time_of_day_and_width_that_of_a_normal() -> None:
    rng = np.random.default_rng(0)
    slot = np.tile(np.repeat([0.0, 5.0, 1.0], 6), 40)
    values = (slot + rng.normal(0, 2, len(slot)))[:, None]
    times = np.concatenate([day * 86_400 * 10**9 + np.arange(1, 19) * 5 * NS_PER_MINUTE for day in range(40)])
    table = Features(times, values, ("volatility",), np.arange(40) * 18, np.zeros(len(times), np.int8))
    found = Scaling.of(table)
    np.testing.assert_allclose(found.centre[:3, 0], [0.0, 5.0, 1.0], atol=0.5)
    np.testing.assert_array_equal(found.centre[3:, 0], np.median(values))  # Half hours without a row.
    assert 2.0 == pytest.approx(found.width[0], rel=0.1)
    few = Scaling.of(table.head(54))
    assert (1, 1) == few.centre.shape


def by_clock(seed: int, *, days: int = 8, offset_hours: tuple[int, ...] = (14,), with_open: bool = True) -> Features:
    """Days of six hours whose first two are wild, in a market that opens at these hours of UTC, day after day."""
    rng = np.random.default_rng(seed)
    bars = np.tile(np.arange(1, 73), days)
    opens = 24 * 60 * NS_PER_MINUTE * np.arange(days) + 60 * NS_PER_MINUTE * np.resize(offset_hours, days)
    level = np.where(bars <= 24, 4.0, 0.0)
    values = np.column_stack([level, level * 0, level, -level]) + rng.normal(0, 0.5, (len(bars), 4))
    time_ns = np.repeat(opens, 72) + bars * 5 * NS_PER_MINUTE
    none = np.zeros(len(bars), np.int8)
    return Features(time_ns, values, NAMES, np.arange(days) * 72, none, opens if with_open else None)


def afternoon(table: Features) -> Features:
    """The last day's rows from the third hour on."""
    rows = slice(len(table) - 48, None)
    opens = None if table.opens_ns is None else table.opens_ns[-1:]
    return Features(table.time_ns[rows], table.values[rows], NAMES, np.zeros(1, np.int64), table.direction[rows], opens)


@pytest.mark.parametrize("with_open", [True, False])
def test_a_window_of_the_afternoon_is_held_against_afternoons_wherever_its_rows_begin(with_open: bool) -> None:
    past, today = by_clock(1, with_open=with_open), by_clock(2, with_open=with_open)
    scaling, part = Scaling.of(past), afternoon(today)
    np.testing.assert_array_equal(scaling.scaled(part), scaling.scaled(today)[-48:])
    assert np.abs(np.median(scaling.scaled(part), axis=0)).max() < 0.5
    model = fit_regimes(past, states=2, starts=1)
    opened = None if part.opens_ns is None else int(part.opens_ns[0])
    gauge = RegimeGauge(model, open_ns=opened)
    told = [gauge.update(int(time_ns), row) for time_ns, row in zip(part.time_ns, part.values, strict=True)]
    np.testing.assert_allclose(model.read(part).probability, told, rtol=1e-12, atol=1e-14)
    assert np.array(told)[:, CRISIS].mean() < 0.05


def test_opens_keep_the_clock_of_a_market_whose_country_changes_its_clocks() -> None:
    past = by_clock(1, offset_hours=(14, 14, 14, 14, 13, 13, 13, 13))
    scaled = Scaling.of(past).scaled(past)
    assert np.abs(scaled).max() < 5
    blind = by_clock(1, offset_hours=(14, 14, 14, 14, 13, 13, 13, 13), with_open=False)
    assert np.abs(Scaling.of(blind).scaled(blind)).max() > 5


def test_rows_on_another_clock_than_the_history_are_refused() -> None:
    model = fit_regimes(by_clock(1), states=2, starts=1)
    with pytest.raises(BadData, match=r"history's time of day is the open's and these rows' UTC's; give open_ns"):
        model.read(by_clock(2, with_open=False))
    gauge = RegimeGauge(model)
    with pytest.raises(BadData, match="give open_ns"):
        gauge.update(1, np.zeros(4))
    days = [by_clock(1, days=1), by_clock(2, days=2, with_open=False)]
    with pytest.raises(BadData, match="of all or of none"):
        Features.of_days([days[0], dataclasses.replace(days[1], time_ns=days[1].time_ns + 10**15)])
    with pytest.raises(BadData, match="2 opens for 1 days"):
        dataclasses.replace(days[0], opens_ns=np.zeros(2, np.int64))


def test_a_feature_that_never_changes_is_left_out_and_said() -> None:
    table = history(1)
    values = table.values.copy()
    values[:, 2] = 0.7
    model = fit_regimes(Features(table.time_ns, values, NAMES, table.begins, table.direction), states=2, starts=2)
    assert ("volatility", "trend", "depth") == model.scaling.names
    assert "spread is left out" in model.notes[0]
    flat = Features(table.time_ns, 0 * values[:, :1], ("volatility",), table.begins, table.direction)
    with pytest.raises(Unidentified, match="none of volatility"):
        fit_regimes(flat)


def test_the_past_of_a_strip_never_changes_to_the_last_bit_when_the_future_is_added() -> None:
    whole = history(2)
    ways = {"warm_up": 160, "refit_rows": 120, "states": 2, "starts": 1}
    told = regime_strip(whole, **ways)
    assert (160, 280, 400) == told.fitted_rows
    for rows in (100, 161, 280, 281):
        np.testing.assert_array_equal(told.probability[:rows], regime_strip(whole.head(rows), **ways).probability)
    # And whatever the future is: here it is another.
    other = Features(whole.time_ns, whole.values.copy(), NAMES, whole.begins, whole.direction)
    other.values[290:] += 17.0
    np.testing.assert_array_equal(told.probability[:290], regime_strip(other.head(300), **ways).probability[:290])


def test_each_stretch_is_told_by_the_fit_on_the_rows_before_it_and_no_other() -> None:
    whole, ways = history(2), {"states": 2, "starts": 1}
    told = regime_strip(whole, warm_up=160, refit_rows=120, **ways).probability
    for first in (160, 280):
        alone = fit_regimes(whole.head(first), **ways).read(whole.head(first + 120)).probability
        np.testing.assert_array_equal(alone[first:], told[first : first + 120])


def test_probabilities_sum_to_one_and_rows_before_the_first_fit_are_not_told() -> None:
    told = regime_strip(history(3), warm_up=160, states=3, starts=1)
    assert np.isnan(told.probability[:160]).all()
    np.testing.assert_allclose(told.probability[160:].sum(axis=1), 1.0, atol=1e-12)
    assert told.probability[160:].min() >= 0
    assert DESK_REGIMES == told.names
    assert 1.0 == pytest.approx(sum(told.shares.values()))
    assert "crisis" in str(told)
    for state in told.states:
        assert 1.0 == pytest.approx(sum(state.weights.values()))
    assert 1.0 == pytest.approx(sum(state.share for state in told.states))


def test_a_crisis_is_seen_when_it_comes_and_recovery_after_it() -> None:
    whole = history(4)
    model = fit_regimes(whole, states=3, starts=2)
    told = model.read(whole).probability
    crash = slice(4 * 80 + 45, 5 * 80)
    assert told[crash, CRISIS].mean() > 0.9
    assert told[: 4 * 80, CRISIS].mean() < 0.05
    assert told[5 * 80 :, RECOVERY].max() > 0.3
    assert told[: 4 * 80, RECOVERY].max() < 0.2


def test_told_row_by_row_the_regimes_are_those_of_the_strip() -> None:
    model = fit_regimes(history(5), states=3, starts=1)
    later = history(6)
    told = model.read(later).probability
    gauge = RegimeGauge(model)
    for k, row in enumerate(later.values):
        if k in later.begins:
            gauge.new_day()
        if k == 100:
            gauge = pickle.loads(pickle.dumps(gauge))
        np.testing.assert_allclose(told[k], gauge.update(int(later.time_ns[k]), row), rtol=1e-12, atol=1e-14)
    assert gauge.value == gauge.probability[CRISIS]


def test_a_gauge_refuses_to_go_back_and_stays_as_it_was() -> None:
    gauge = RegimeGauge(fit_regimes(history(5), states=2, starts=2))
    assert np.isnan(gauge.value)
    gauge.update(10**12, np.zeros(4))
    before = pickle.dumps(gauge)
    for time_ns, row in ((10**12, np.zeros(4)), (10**12 + 1, np.zeros(3)), (10**12 + 1, np.full(4, np.inf))):
        with pytest.raises(BadData):
            gauge.update(time_ns, row)
    assert before == pickle.dumps(gauge)


def test_units_of_features_do_not_change_the_regimes() -> None:
    whole = history(7)
    other = Features(whole.time_ns, whole.values * [1, 10, 3, 0.1] + 4.0, NAMES, whole.begins, whole.direction)
    one, two = (fit_regimes(table, states=2, starts=2).read(table).probability for table in (whole, other))
    np.testing.assert_allclose(one, two, atol=1e-4)


def test_a_table_no_longer_than_the_warm_up_is_told_nothing_and_says_so() -> None:
    told = regime_strip(history(8).head(50))
    assert not told.known.any()
    assert "nothing is told" in told.notes[-1]
    empty = regime_strip(history(8).head(0))
    assert (0, 5) == empty.probability.shape


def test_rows_too_few_for_a_fit_are_not_told_and_later_ones_are() -> None:
    told = regime_strip(history(9).head(200), warm_up=6, refit_rows=120, states=2, tails="normal", starts=2)
    assert "rows 6 to 125 are not told" in told.notes[0]
    assert 126 == int(np.flatnonzero(told.known)[0])


def test_parameters_out_of_range_are_refused() -> None:
    whole = history(1)
    for wrong in ({"warm_up": 1}, {"refit_rows": 0}, {"states": 0, "warm_up": 200}):
        with pytest.raises(BadParameter):
            regime_strip(whole, **wrong)
    for wrong in ({"softness": 0.0}, {"memory_bars": -1.0}, {"crisis": 0.2}, {"raised": np.nan}):
        with pytest.raises(BadParameter):
            DeskRules(**wrong)
    with pytest.raises(BadParameter, match="lack volatility"):
        fit_regimes(whole.only(["spread", "depth"]), states=2)


def test_a_crisis_that_no_earlier_day_had_is_seen_when_it_comes() -> None:
    whole = history(10)
    model = fit_regimes(whole.head(4 * 80), states=2, starts=2)
    assert 3 == model.states.states
    assert "crisis" == model.describe()[-1].name
    told = model.read(whole).probability
    assert told[4 * 80 + 45 : 5 * 80, CRISIS].mean() > 0.8
    assert told[: 4 * 80, CRISIS].mean() < 0.05


def test_a_history_with_a_crisis_gets_no_second_one_put_in() -> None:
    model = fit_regimes(history(4), states=3, starts=3)
    assert model.states is model.fit.model


def test_the_state_put_in_is_entered_and_left_as_often_as_the_page_says() -> None:
    model = fit_regimes(history(10).head(4 * 80), states=2, starts=2)
    chain = model.states.chain
    np.testing.assert_allclose(chain.transition[:-1, -1], 1e-3)
    np.testing.assert_allclose(chain.transition.sum(axis=1), 1.0)
    assert 20.0 == pytest.approx(model.states.durations[-1])
    # In the long run the others are there in the ratio they were.
    ratio = model.states.shares[:-1] / model.fit.model.shares
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
