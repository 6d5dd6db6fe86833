"""Real days: not what the shares are, which no rule may know, but what any feed that tells the truth shows."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.data.day import Day
from nowake.data.load import load_day
from nowake.domain.market import Trades, select
from nowake.microstructure.classify import RULES, SideGauge, accuracy, classify
from nowake.microstructure.contract import play
from nowake.microstructure.toxicity import daily_bucket_lots, vpin, vpin_sensitivity

DAYS = [
    ("lobster:AMZN:1", None),
    ("lobster:AAPL:50", None),
    ("bitstamp:BTCUSD", None),
    ("dbn:ESH4", None),
    ("binance:BTCUSDT@BINANCE-USDM", "2024-08-08"),
]


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: day[0])
def day(request: pytest.FixtureRequest, data_root) -> Day:  # type: ignore[no-untyped-def]
    spec, date = request.param
    try:
        return load_day(spec, date, root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))


def visible(day: Day) -> Trades:
    return select(day.trades, ~day.trades.hidden & ~day.trades.auction)


def right(day: Day, rule: str, lag_ns: int = 0) -> float:
    trades = visible(day)
    found = classify(trades, day.quotes, rule=rule, lag_ns=lag_ns, keep_true=False)
    share = accuracy(found.side, trades.aggressor, trades.lots, place=found.place).overall.by_prints
    assert share is not None
    return share.value


def test_rules_that_ask_quotes_of_the_same_clock_are_nearly_always_right(day: Day) -> None:
    assert min(right(day, rule) for rule in ("quote", "lee-ready", "emo", "clnv")) > 0.99


def test_the_tick_test_is_right_in_most_but_not_all_prints(day: Day) -> None:
    assert 0.7 < right(day, "tick") < 0.99


def test_quotes_of_five_seconds_before_are_worse(day: Day) -> None:
    assert right(day, "lee-ready", 5_000_000_000) < right(day, "lee-ready") - 0.01


def test_vpin_of_lee_ready_is_that_of_the_truth_to_a_hundredth(day: Day) -> None:
    trades = visible(day)
    lots = daily_bucket_lots(float(trades.lots.sum()), buckets=100)
    rows = {row.sides: row.mean for row in vpin_sensitivity(trades, day.quotes, bucket_lots=[lots])}
    assert rows["true"] is not None
    assert rows["lee-ready"] is not None
    assert rows["true"].value == pytest.approx(rows["lee-ready"].value, abs=0.01)
    assert all(mean is None or 0 <= mean.value <= 1 for mean in rows.values())
    found = vpin(trades, bucket_lots=lots, window=20)
    assert found.bucket_lots * len(found) + found.left_over_lots == trades.lots.sum()


@pytest.mark.parametrize("rule", [name for name, rule in RULES.items() if not rule.looks_ahead])
def test_a_gauge_beside_the_feed_tells_the_same_sides(day: Day, rule: str) -> None:
    trades = select(visible(day), slice(0, 300))
    quotes = select(day.quotes, day.quotes.time_ns < trades.time_ns[-1])
    keep = rule == "true"
    live = play(SideGauge(rule, keep_true=keep), select(quotes, slice(0, 5_000)), trades)
    known = select(quotes, slice(0, 5_000))
    np.testing.assert_array_equal(live, classify(trades, known, rule=rule, keep_true=keep).side)
