import itertools
import math

import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, MINUTE, SECOND, quotes, session, walk

from nowake.domain.errors import BadData, BadParameter
from nowake.models.volatility import realised_volatility, two_sided

DAY = session()


def test_volatility_of_a_walk_is_the_one_it_was_made_with() -> None:
    estimates = [realised_volatility(walk(seed=seed), DAY).value for seed in range(12)]
    assert math.sqrt(np.mean(np.square(estimates))) == pytest.approx(0.02, rel=0.06)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    found = [realised_volatility(walk(seed=seed, step_s=10), DAY) for seed in range(60)]
    covered = np.mean([each.low <= 0.02 <= each.high for each in found])
    # The grids' average is surer than the one grid the interval is made from.
    assert 0.9 <= covered <= 1.0
    assert np.mean([each.high / each.low for each in found]) < 1.5


def test_volatility_of_alternating_returns_is_computed_by_hand() -> None:
    # Every 5 minutes the log mid steps by +-1 %: each grid sees r^2 = 1e-4 in 78 returns of 5 minutes.
    up, down = 101_005, 100_000
    steps = range(0, DAY_SECONDS + 1, 300)
    day = quotes((s, (up if k % 2 else down) - 1, (up if k % 2 else down) + 1) for k, s in enumerate(steps))
    found = realised_volatility(day, DAY)
    r = math.log(up / down)
    assert found.value == pytest.approx(abs(r) * math.sqrt(78), rel=1e-9)
    assert found.n == 78
    # All r^4 equal: the variance of log variance is (2/3) / n.
    assert math.log(found.high / found.value) == pytest.approx(0.5 * 1.959964 * math.sqrt(2 / 3 / 78), rel=1e-6)


def test_volatility_agrees_with_a_slow_reading_of_its_definition() -> None:
    day = walk(seed=8, step_s=9)
    mids = day.mid_ticks.tolist()

    def mid_at(time_ns: int) -> float:
        return mids[max(k for k in range(time_ns // (9 * SECOND) + 1) if k < len(mids))]

    end, grids = int(day.time_ns[-1]), []
    for k in range(5):
        grid = list(range(k * MINUTE, end + 1, 5 * MINUTE))
        moves = [math.log(mid_at(b) / mid_at(a)) for a, b in itertools.pairwise(grid)]
        grids.append(sum(move**2 for move in moves) / len(moves))
    slow = math.sqrt(sum(grids) / 5 * DAY_SECONDS / 300)
    assert realised_volatility(day, DAY).value == pytest.approx(slow, rel=1e-12)


def test_bounce_between_bid_and_ask_does_not_count() -> None:
    # The mid moves by one tick in all; trades would bounce over a spread of 100.
    day = quotes([(0, 9_950, 10_050), (7200, 9_951, 10_051), (DAY_SECONDS, 9_951, 10_051)])
    assert realised_volatility(day, DAY).value == pytest.approx(1e-4, rel=0.01)


def test_part_of_the_day_is_scaled_to_the_session() -> None:
    day = walk(seed=3)
    whole = realised_volatility(day, DAY)
    half = realised_volatility(day, DAY, end_ns=DAY.close_ns // 2)
    assert half.value == pytest.approx(whole.value, rel=0.25)
    assert half.n == pytest.approx(whole.n / 2, abs=1)


def test_one_sided_and_crossed_quotes_are_passed_over() -> None:
    mixed = quotes([(0, 99, 101), (60, 0, 500), (61, 500, 99), (62, 99, 101), (3600, 100, 102)])
    times, mids = two_sided(mixed)
    assert times.tolist() == [0, 62 * SECOND, 3600 * SECOND]
    assert mids.tolist() == [100, 100, 101]


def test_short_window_takes_shorter_returns_and_says_so() -> None:
    found = realised_volatility(walk(), DAY, end_ns=10 * MINUTE)
    assert found.n == 12
    assert "50-second mid returns" in found.method


def test_market_that_never_moved_is_refused() -> None:
    with pytest.raises(BadData, match="never moved"):
        realised_volatility(quotes([(0, 99, 101), (DAY_SECONDS, 99, 101)]), DAY)


def test_day_without_quotes_is_refused() -> None:
    with pytest.raises(BadData, match="no two-sided quote"):
        realised_volatility(quotes([]), DAY)
    with pytest.raises(BadData, match="no two-sided quote"):
        realised_volatility(quotes([(0, 0, 101), (9, 99, 0)]), DAY)


def test_price_below_zero_is_refused() -> None:
    day = quotes([(0, 99, 101), (DAY_SECONDS, 99, 101)])
    below = type(day)(day.time_ns, day.bid_ticks - 200, day.bid_lots, day.ask_ticks - 200, day.ask_lots)
    with pytest.raises(BadData, match="prices above 0"):
        realised_volatility(below, DAY)


def test_too_few_returns_are_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match="fewer than 6 returns of 300 s; look at a longer time"):
        realised_volatility(walk(), DAY, end_ns=20 * MINUTE, step_ns=5 * MINUTE)


def test_single_quote_is_refused_not_nan() -> None:
    with pytest.raises(BadParameter, match="fewer than 6"):
        realised_volatility(quotes([(5, 99, 101)]), DAY)
