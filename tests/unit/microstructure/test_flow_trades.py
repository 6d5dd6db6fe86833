"""Trade imbalance over three kinds of window: worked by hand, bounds and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.microstructure.flow_worlds import trades_of

from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.flow import FlowMonitor, SignAutocorrelation, TradeImbalance, trade_imbalance

TRADES = trades_of([10, 20, 20, 30, 50], [1, -1, 0, 1, -1], [4, 2, 100, 6, 3])
AT = np.array([5, 10, 20, 30, 50, 70, 71])


def test_a_window_of_time_is_signed_lots_over_lots_and_sides_nobody_told_do_not_count() -> None:
    np.testing.assert_allclose([np.nan, 1, 2 / 6, 8 / 12, 3 / 9, -1, np.nan], trade_imbalance(TRADES, AT, window_ns=21))


def test_a_window_of_prints_is_known_when_it_is_full() -> None:
    np.testing.assert_allclose(
        [np.nan, np.nan, 2 / 6, 4 / 8, 3 / 9, 3 / 9, 3 / 9], trade_imbalance(TRADES, AT, prints=2)
    )


def test_a_window_of_lots_splits_its_oldest_print() -> None:
    # Of the last 5: 4 bought is too few; 3 bought, 2 sold; 5 of 6 bought; 2 bought, 3 sold.
    np.testing.assert_allclose([np.nan, np.nan, 1 / 5, 1, -1 / 5, -1 / 5, -1 / 5], trade_imbalance(TRADES, AT, lots=5))


@given(st.integers(0, 2**32), st.integers(1, 400))
def test_it_is_between_minus_one_and_one_flips_with_the_sides_and_knows_no_unit(seed: int, window: int) -> None:
    rng = np.random.default_rng(seed)
    count = int(rng.integers(0, 40))
    columns = np.sort(rng.integers(0, 100, count)), rng.choice([-1, 0, 1], count), rng.integers(1, 60, count)
    at = np.arange(110)
    for kind in ({"window_ns": window}, {"prints": 1 + window % 9}, {"lots": window}):
        found = trade_imbalance(trades_of(*columns), at, **kind)
        assert (np.isnan(found) | (np.abs(found) <= 1)).all()
        flipped = trade_imbalance(trades_of(columns[0], -columns[1], columns[2]), at, **kind)
        np.testing.assert_array_equal(-found, flipped)
        scale = {name: 3 * size for name, size in kind.items()} if "lots" in kind else kind
        np.testing.assert_allclose(found, trade_imbalance(trades_of(*columns[:2], 3 * columns[2]), at, **scale))


def test_one_sided_prints_are_all_of_it_and_none_are_not_known() -> None:
    bought = trades_of([1, 2], [1, 1], [5, 9])
    assert [1.0] == trade_imbalance(bought, np.array([2]), window_ns=5).tolist()
    nothing = trades_of([], [], [])
    for kind in ({"window_ns": 5}, {"prints": 1}, {"lots": 1}):
        assert np.isnan(trade_imbalance(nothing, np.array([2]), **kind)).all()


def test_windows_and_prints_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadParameter, match="windows given: none; give one of"):
        TradeImbalance()
    with pytest.raises(BadParameter, match="give one of window_ns, prints and lots"):
        trade_imbalance(TRADES, AT, window_ns=5, prints=2)
    with pytest.raises(BadParameter, match="must be 1 or more"):
        TradeImbalance(prints=0)
    with pytest.raises(BadData, match="a print of 0 lots"):
        TradeImbalance(lots=5).on_trade(1, 100, 0, 1)
    for hear in (TradeImbalance(lots=5), SignAutocorrelation(1), FlowMonitor(5)):
        with pytest.raises(BadData, match="a print of side 2"):
            hear.on_trade(1, 100, 5, 2)
    with pytest.raises(BadData, match="a print of side 7"):
        trade_imbalance(trades_of([1, 2], [1, 7], [2, 2]), AT, lots=5)
    with pytest.raises(BadData, match="a print of -2 lots"):
        trade_imbalance(trades_of([1], [1], [-2]), AT, lots=5)
