from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from tests.unit.microstructure.hawkes_cases import random_events, random_process

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Trades
from nowake.microstructure.hawkes import (
    Hawkes,
    HawkesGauge,
    hawkes_intensity,
    hawkes_state,
    hawkes_state_of_trades,
    simulate_hawkes,
    single,
)

SECOND = 1_000_000_000
BUY_SELL = Hawkes(np.array([1.0, 2.0]), np.array([[0.5, 0.25], [0.0, 0.5]]), np.array(2.0))


def prints(*rows: tuple[float, int]) -> Trades:
    count = len(rows)
    flags = np.zeros(count, np.bool_)
    return Trades(
        time_ns=np.array([round(row[0] * SECOND) for row in rows], np.int64),
        price_ticks=np.full(count, 100, np.int64),
        lots=np.ones(count, np.int64),
        aggressor=np.array([row[1] for row in rows], np.int8),
        hidden=flags,
        auction=flags,
    )


def test_one_buy_lifts_buys_by_alpha_beta_and_fades_at_its_decay() -> None:
    gauge = HawkesGauge(BUY_SELL, start_ns=0)
    assert math.isnan(gauge.value)
    assert gauge.state is None
    gauge.on_trade(SECOND, 100, 1, +1)
    assert gauge.state is not None
    np.testing.assert_allclose(gauge.state.intensity, [2.0, 2.0])
    gauge.on_quote(SECOND + SECOND // 2, 99, 1, 101, 1)
    np.testing.assert_allclose(gauge.state.intensity, [1.0 + np.exp(-1.0), 2.0])
    np.testing.assert_allclose(gauge.state.endogenous_share, [1 - 1 / (1 + np.exp(-1.0)), 0.0])
    assert gauge.value == pytest.approx(3.0 + np.exp(-1.0))


def test_prints_in_a_row_of_one_stamp_and_side_are_one_market_order_and_unknown_sides_are_counted() -> None:
    gauge = HawkesGauge(BUY_SELL, start_ns=0)
    for side in (+1, +1, 0, +1, -1, +1):
        gauge.on_trade(SECOND, 100, 1, side)
    assert gauge.state is not None
    np.testing.assert_allclose(gauge.state.intensity, [1.0 + 2 * 1.0 + 0.5, 2.0 + 1.0])
    assert gauge.unsigned == 1


def test_the_gauge_and_the_history_say_the_same_also_late_in_a_day_and_with_fast_decays() -> None:
    rng = np.random.default_rng(1)
    model = Hawkes(
        np.array([[0.2, 0.1], [0.1, 0.3]]), np.full((2, 2, 2), 0.1), np.array([0.5, 3_000.0]), np.array([4e4])
    )
    time_ns = np.sort(rng.integers(0, 80_000 * SECOND, 3_000))
    time_ns[1::2] = time_ns[::2] + rng.integers(0, SECOND // 1_000, 1_500)
    time_ns.sort()
    rows = [(float(t) / SECOND, int(side)) for t, side in zip(time_ns, rng.choice([-1, 1], 3_000), strict=True)]
    trades = prints(*rows)
    gauge = HawkesGauge(model, start_ns=0)
    for t, side in zip(trades.time_ns.tolist(), trades.aggressor.tolist(), strict=True):
        gauge.on_trade(t, 100, 1, side)
    state = hawkes_state_of_trades(model, trades, start_ns=0)
    assert state is not None
    assert gauge.state is not None
    np.testing.assert_allclose(gauge.state.intensity, state.intensity, rtol=1e-12)
    np.testing.assert_allclose(gauge.state.expected(1.0), state.expected(1.0), rtol=1e-10)


def test_asking_more_often_changes_nothing() -> None:
    quiet, asked = HawkesGauge(BUY_SELL, start_ns=0), HawkesGauge(BUY_SELL, start_ns=0)
    for n in range(50):
        for gauge in (quiet, asked):
            gauge.on_trade(n * n * 10_000_000, 100, 1, 1 if n % 3 else -1)
        for k in range(3):
            asked.on_quote(n * n * 10_000_000 + k * 1_000_000, 1, 1, 2, 1)
            assert asked.value > 0
    quiet.on_quote(30 * SECOND, 1, 1, 2, 1)
    asked.on_quote(30 * SECOND, 1, 1, 2, 1)
    assert quiet.value == asked.value


def test_events_of_any_dimension_can_be_told() -> None:
    rng = np.random.default_rng(2)
    model = random_process(rng, dimensions=3, terms=2, pieces=2)
    events = random_events(rng, model)
    gauge = HawkesGauge(model, start_ns=5)
    wanted = hawkes_intensity(model, events.time_s, events.kind)
    for at, (time_s, kind) in enumerate(zip(events.time_s.tolist(), events.kind.tolist(), strict=True)):
        time_ns = round(time_s * 1e9) + 5
        gauge.on_quote(time_ns, 1, 1, 2, 1)
        assert gauge.value == pytest.approx(wanted[at].sum(), rel=1e-6)  # Stamps were rounded.
        gauge.on_event(time_ns, kind)
    with pytest.raises(BadData, match="3 dimensions has no buys and sells"):
        gauge.on_trade(10**12, 100, 1, 1)
    with pytest.raises(BadData, match="kind 3 must be from 0 to 2"):
        gauge.on_event(10**12, 3)


def test_a_gauge_refuses_time_that_goes_back_and_stays_as_it_was() -> None:
    gauge = HawkesGauge(BUY_SELL, start_ns=0)
    gauge.on_trade(SECOND, 100, 1, 1)
    before = pickle.dumps(gauge)
    for late in (
        lambda: gauge.on_quote(1, 1, 1, 2, 1),
        lambda: gauge.on_trade(1, 1, 1, 1),
        lambda: gauge.on_event(1, 0),
    ):
        with pytest.raises(BadData, match="before the last one"):
            late()
    assert pickle.dumps(gauge) == before


def test_a_copied_gauge_goes_its_own_way() -> None:
    gauge = HawkesGauge(BUY_SELL, start_ns=0)
    gauge.on_trade(SECOND, 100, 1, 1)
    other = copy.deepcopy(gauge)
    other.on_trade(SECOND + 1, 100, 1, -1)
    assert gauge.value != other.value


def test_a_day_without_prints_has_no_state() -> None:
    assert hawkes_state_of_trades(BUY_SELL, prints(), start_ns=0) is None


def test_what_comes_later_does_not_change_the_state() -> None:
    rng = np.random.default_rng(3)
    model = random_process(rng, dimensions=2, terms=2, pieces=1)
    events = random_events(rng, model)
    past = events.time_s <= 8.0
    whole = hawkes_state(model, events.time_s, events.kind, at_s=8.0)
    known = hawkes_state(model, events.time_s[past], events.kind[past], at_s=8.0)
    np.testing.assert_array_equal(whole.memory, known.memory)


def test_expected_events_of_one_exponential_are_the_closed_form() -> None:
    # dE/ds = beta mu - beta (1 - n) E, so E decays to mu / (1 - n) at the rate beta (1 - n).
    mu, n, beta, horizon = 2.0, 0.6, 1.5, 3.0
    state = hawkes_state(single(baseline=mu, branching=n, decay=beta), np.array([0.0, 0.1]), np.array([0, 0]), at_s=0.2)
    now, level, speed = float(state.intensity[0]), mu / (1 - n), beta * (1 - n)
    wanted = level * horizon + (now - level) * (1 - np.exp(-speed * horizon)) / speed
    assert state.expected(horizon)[0] == pytest.approx(wanted, rel=1e-12)
    assert state.expected(0.0)[0] == 0.0
    assert state.expected(1e-7)[0] == pytest.approx(now * 1e-7, rel=1e-6)


def test_expected_events_follow_the_pieces_of_the_baseline() -> None:
    model = Hawkes(np.array([[1.0, 5.0]]), np.zeros((1, 1)), np.array(1.0), np.array([10.0]))
    state = hawkes_state(model, np.zeros(0), np.zeros(0, np.int64), at_s=8.0)
    assert state.expected(3.0)[0] == pytest.approx(2 * 1.0 + 1 * 5.0)


def test_expected_events_are_the_mean_of_what_is_drawn() -> None:
    rng = np.random.default_rng(5)
    model = random_process(rng, dimensions=2, terms=2, pieces=1)
    past = random_events(rng, model)
    state = hawkes_state(model, past.time_s, past.kind, at_s=past.end_s)
    history = type(past)(past.time_s - past.end_s - 1e-12, past.kind, 1.0, 2)
    counts = np.array([simulate_hawkes(model, end_s=2.0, seed=s, history=history).counts for s in range(1_000)])
    errors = 4 * counts.std(axis=0) / np.sqrt(len(counts))
    assert (np.abs(counts.mean(axis=0) - state.expected(2.0)) < errors).all()


@pytest.mark.parametrize("horizon_s", [-1.0, math.nan, math.inf])
def test_a_horizon_out_of_range_is_refused(horizon_s: float) -> None:
    state = hawkes_state(BUY_SELL, np.zeros(0), np.zeros(0, np.int64), at_s=0.0)
    with pytest.raises(BadParameter, match="horizon_s"):
        state.expected(horizon_s)


@pytest.mark.parametrize(
    ("time_s", "kind", "says"),
    [([1.0, 0.5], [0, 1], "row 1: time 0.5"), ([1.0, math.nan], [0, 1], "row 1"), ([1.0], [2], "from 0 to 1")],
)
def test_events_that_do_not_fit_are_refused(time_s: list[float], kind: list[int], says: str) -> None:
    with pytest.raises(BadData, match=says):
        hawkes_intensity(BUY_SELL, np.array(time_s), np.array(kind))
