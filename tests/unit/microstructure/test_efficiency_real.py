"""Real days: not what the numbers are, which nothing may know, but what any market shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nowake.data.day import Day
from nowake.data.load import load_day
from nowake.microstructure.efficiency import (
    EfficiencyMonitor,
    autocorrelations,
    even_mids,
    hurst_whittle,
    pricing_error,
    variance_ratios,
)
from nowake.microstructure.fusion import PriceFilter, Reports, filter_prices, innovations, learn_prices

DAYS = [
    ("lobster:AMZN:1", None),
    ("lobster:AAPL:50", None),
    ("lean:IBM:tick", "2013-10-09"),
    ("lean:BAC:tick", "2013-10-08"),
    ("dbn:ESH4", None),
    ("bitstamp:BTCUSD", None),
]
COIN = ("binance:BTCUSDT@BINANCE", "binance:BTCUSDT@BINANCE-USDM")
SECOND = 1_000_000_000


def loaded(spec: str, date: str | None, root: Path) -> Day:
    try:
        return load_day(spec, date, root=str(root))
    except LookupError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day[0]} {day[1] or ''}")
def day(request: pytest.FixtureRequest, data_root: Path) -> Day:
    return loaded(*request.param, data_root)


def test_mids_at_even_steps_are_near_a_random_walk(day: Day) -> None:
    """Ten seconds on, no liquid market is foretold by much: ratios within a third of 1, correlation under a quarter."""
    returns = np.diff(even_mids(day.quotes, step_ns=10 * SECOND))
    ratios = variance_ratios(returns, aggregations=(2, 4))
    assert all(2 / 3 < row.ratio.value < 4 / 3 for row in ratios.rows)
    assert abs(autocorrelations(returns).lags[0].correlation.value) < 0.25
    assert 0.2 < hurst_whittle(returns).value < 1.0


def test_prints_bounce_and_mids_do_not(day: Day) -> None:
    """Trade prices come back by the spread: their pricing error is of its size, that of mids is not."""
    prints = np.diff(day.trades.price_ticks[~day.trades.auction & ~day.trades.hidden].astype(float))[:20_000]
    sides = day.trades.aggressor[~day.trades.auction & ~day.trades.hidden].astype(float)[1:20_001]
    found = pricing_error(prints, sides if np.abs(sides).all() else None, lags=8, repeats=50)
    both = (day.quotes.bid_lots > 0) & (day.quotes.ask_lots > 0)
    spread = np.median((day.quotes.ask_ticks - day.quotes.bid_ticks)[both])
    assert autocorrelations(prints).lags[0].correlation.value < 0
    assert found.sd.value < 10 * spread
    assert found.sd.high > 0.05 * spread


def test_a_panel_can_be_kept_through_the_day(day: Day) -> None:
    monitor = EfficiencyMonitor(300)
    for each in np.diff(even_mids(day.quotes, step_ns=30 * SECOND)).tolist():
        monitor.update(each)
    panel = monitor.panel()
    assert panel.n == min(300, monitor.heard)
    assert 0 <= panel.still <= 1
    if panel.ratios is not None:
        assert 0 <= panel.ratios.p_value <= 1


def test_two_markets_of_one_coin_make_one_price(data_root: Path) -> None:
    """Mids are reports: learned is how far apart the markets are and who is noisier, and live is batch."""
    days = [loaded(spec, "2024-08-08", data_root) for spec in COIN]
    start = max(int(day.quotes.time_ns[0]) for day in days)
    columns = []
    for place, day in enumerate(days):
        own = day.instrument.tick_size
        mids = even_mids(day.quotes, step_ns=100_000_000, start_ns=start)[:2_000] * float(own)
        columns.append((np.full(len(mids), place), mids, start + np.arange(len(mids)) * 100_000_000))
    source, value, time_ns = (np.concatenate(each) for each in zip(*columns, strict=True))
    order = np.argsort(time_ns, kind="stable")
    reports = Reports(
        names=COIN,
        source=source[order],
        value=value[order],
        sd=np.full(len(order), np.nan),
        time_ns=time_ns[order],
    )
    learned = learn_prices(reports)
    filtered = filter_prices(reports, learned.model)
    basis = np.median(columns[1][1]) - np.median(columns[0][1])
    assert abs(filtered.offsets[COIN[1]].value - basis) < 0.001 * np.median(value)
    assert all(noise.value < 0.001 * np.median(value) for noise in learned.noise_sd.values())
    assert 0.9 < innovations(filtered, COIN).size.value < 1.1
    live = PriceFilter(learned.model)
    for row in range(len(reports)):
        live.on_report(int(reports.time_ns[row]), COIN[reports.source[row]], float(reports.value[row]))
    assert filtered.price[-1] == pytest.approx(live.value, rel=1e-12)
