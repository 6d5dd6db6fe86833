"""Quotes and prints of two clocks are told; those of one are not accused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from nowake.data.day import Day, no_quotes, no_trades
from nowake.data.load import load_day
from nowake.domain.errors import NowakeError
from nowake.microstructure.classify.clocks import clocks_apart

SECOND = 1_000_000_000


@pytest.mark.parametrize("shift_s", [-10, 10])
def test_prints_stamped_by_another_clock_are_told_and_by_how_much(generated_day: Day, shift_s: int) -> None:
    moved = dataclasses.replace(generated_day.trades, time_ns=generated_day.trades.time_ns + shift_s * SECOND)
    found = clocks_apart(moved, generated_day.quotes)
    assert found is not None
    assert found.shift_ns == shift_s * SECOND
    assert found.share > found.share_now


def test_one_clock_is_not_accused(generated_day: Day) -> None:
    assert clocks_apart(generated_day.trades, generated_day.quotes) is None
    assert clocks_apart(generated_day.trades, no_quotes()) is None
    assert clocks_apart(no_trades(), generated_day.quotes) is None


def test_a_price_that_stands_still_accuses_nobody(generated_day: Day) -> None:
    quotes = dataclasses.replace(
        generated_day.quotes,
        bid_ticks=np.full(len(generated_day.quotes), 99),
        ask_ticks=np.full(len(generated_day.quotes), 100),
    )
    price = np.where(generated_day.trades.aggressor > 0, 100, 99)
    assert clocks_apart(dataclasses.replace(generated_day.trades, price_ticks=price), quotes) is None


@pytest.mark.parametrize("source", ["lobster:AMZN:1", "lean:IBM:tick", "lean:BAC:tick", "bitstamp:BTCUSD"])
def test_real_days_of_one_clock_are_not_accused(source: str, data_root) -> None:
    try:
        day = load_day(source, root=data_root)
    except NowakeError as reason:
        pytest.skip(str(reason))
    assert clocks_apart(day.trades, day.quotes) is None
