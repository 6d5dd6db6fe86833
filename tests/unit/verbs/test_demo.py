"""The demo buys what a day has room for, and says so where there is none."""

from __future__ import annotations

import dataclasses

import pytest

from nowake.data.day import Day, no_events
from nowake.domain.errors import BadParameter
from nowake.domain.market import select
from nowake.tca.benchmarks import tape_volume
from nowake.verbs.demo import order_of


def between(day: Day, start: str, end: str) -> Day:
    """The same day recorded only from one time of day to another."""
    start_ns, end_ns = (day.instrument.session.at(text) for text in (start, end))
    trades = day.trades
    inside = (trades.time_ns >= start_ns) & (trades.time_ns <= end_ns)
    return dataclasses.replace(day, trades=select(trades, inside))


def test_a_whole_day_of_a_large_share_is_shown_with_twenty_thousand_from_ten_to_half_past_three(
    generated_day: Day,
) -> None:
    order = order_of(generated_day)
    assert (20_000, "10:00:00", "15:30:00") == (
        order.lots,
        generated_day.instrument.session.clock(order.start_ns),
        generated_day.instrument.session.clock(order.end_ns),
    )


def test_an_hour_of_data_is_shown_with_two_percent_of_the_volume_of_its_middle_half(generated_day: Day) -> None:
    day = between(generated_day, "11:00", "12:00")
    order = order_of(day)
    session = day.instrument.session
    assert session.at("11:14:30") <= order.start_ns < session.at("11:15:30")
    assert session.at("11:44:30") <= order.end_ns < session.at("11:45:30")
    share = order.lots / tape_volume(day.trades, order.start_ns, order.end_ns).lots
    assert share == pytest.approx(0.02, rel=0.05)  # Two digits are kept.


def test_a_day_that_cannot_be_replayed_or_hardly_trades_is_refused_at_once(generated_day: Day) -> None:
    tables = dataclasses.replace(generated_day, events=no_events())
    with pytest.raises(BadParameter, match=r"no order-by-order events.*`nowake data info` lists"):
        order_of(tables)
    with pytest.raises(BadParameter, match="trades over less than four minutes, too few"):
        order_of(between(generated_day, "11:00", "11:03"))
