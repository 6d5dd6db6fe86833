import numpy as np
import pytest
from tests.unit.models.makers import SECOND, quotes

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.spreads.quoted import quoted_spread


def test_each_quote_weighs_until_the_next_one() -> None:
    found = quoted_spread(
        quotes([(0, 9_999, 10_001), (1, 9_990, 10_010), (59, 9_995, 10_005)]), start_ns=0, end_ns=60 * SECOND
    )
    assert found.ticks.value == pytest.approx((2 * 1 + 20 * 58 + 10 * 1) / 60)
    assert found.bps.value == pytest.approx(found.ticks.value)
    assert (found.quotes, found.covered) == (3, 1.0)


def test_quote_from_before_the_window_stands_in_it() -> None:
    found = quoted_spread(quotes([(0, 99, 101), (100, 95, 105)]), start_ns=50 * SECOND, end_ns=60 * SECOND)
    assert found.ticks.value == 2
    assert (found.ticks.low, found.ticks.high) == (2, 2)


def test_quote_after_the_window_says_nothing() -> None:
    with pytest.raises(BadData, match="no two-sided quote"):
        quoted_spread(quotes([(70, 99, 101)]), start_ns=0, end_ns=60 * SECOND)


def test_one_sided_and_crossed_states_are_left_out_and_counted() -> None:
    found = quoted_spread(
        quotes([(0, 99, 101), (10, 0, 101), (20, 105, 101), (30, 100, 100), (40, 99, 101)]),
        start_ns=0,
        end_ns=50 * SECOND,
    )
    assert found.ticks.value == pytest.approx((2 * 20 + 0 * 10) / 30)
    assert (found.one_sided, found.crossed, found.quotes) == (1, 1, 3)
    assert found.covered == pytest.approx(0.6)


def test_depth_is_weighted_by_time_too() -> None:
    table = quotes([(0, 99, 101), (30, 99, 101)])
    table.bid_lots[1] = 300
    found = quoted_spread(table, start_ns=0, end_ns=40 * SECOND)
    assert (found.bid_lots, found.ask_lots) == (150, 100)


def test_only_the_last_of_quotes_with_one_stamp_stood() -> None:
    found = quoted_spread(quotes([(0, 90, 110), (0, 99, 101)]), start_ns=0, end_ns=SECOND)
    assert (found.ticks.value, found.quotes) == (2, 1)


def test_interval_covers_the_mean_of_a_random_spread() -> None:
    rng = np.random.default_rng(2)
    covered = []
    for _ in range(200):
        half = rng.integers(1, 6, 1200)
        found = quoted_spread(
            quotes((k, 1000 - h, 1000 + h) for k, h in enumerate(half.tolist())), start_ns=0, end_ns=1200 * SECOND
        )
        covered.append(found.ticks.low <= 6 <= found.ticks.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.05)


def test_spread_agrees_with_looking_every_second() -> None:
    rng = np.random.default_rng(9)
    for _ in range(20):
        stamps = np.sort(rng.integers(0, 200, 40)).tolist()
        rows = [(s, int(bid), int(ask)) for s, bid, ask in zip(stamps, *rng.integers(90, 110, (2, 40)), strict=True)]
        rows = [(s, bid if bid > 92 else 0, ask) for s, bid, ask in rows]
        seen = []
        for second in range(50, 250):
            stood = [row for row in rows if row[0] <= second]
            if stood and 0 < stood[-1][1] <= stood[-1][2]:
                seen.append(stood[-1])
        found = quoted_spread(quotes(rows), start_ns=50 * SECOND, end_ns=250 * SECOND)
        assert found.ticks.value == pytest.approx(np.mean([ask - bid for _, bid, ask in seen]))
        assert found.bps.value == pytest.approx(np.mean([2e4 * (ask - bid) / (ask + bid) for _, bid, ask in seen]))
        assert found.covered == pytest.approx(len(seen) / 200)


def test_empty_window_is_refused() -> None:
    with pytest.raises(BadParameter, match="empty"):
        quoted_spread(quotes([(0, 99, 101)]), start_ns=5, end_ns=5)
