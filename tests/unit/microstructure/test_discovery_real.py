"""Real markets of one asset: not what the shares are, which nothing here may know, but what must hold on any of them.

Found by content: whatever recordings of one day name one asset at several markets."""

from __future__ import annotations

import datetime as dt
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from nowake.data.load import load_day
from nowake.domain.errors import NowakeError, Unidentified
from nowake.microstructure.discovery import Market, align, clock_skew, discover, lead_lag, on_recorder_clock, sweep

MS, MINUTE_NS = 1_000_000, 60_000_000_000
BEFORE, DURING, AFTER = (5, 6, 7), (11, 12, 15), (17, 18)
COINS = ("binance:BTCUSDT@BINANCE", "binance:BTCUSDT@BINANCE-USDM", "binance:BTCUSD_PERP")


def loaded(spec: str, date: str, root: Path):  # type: ignore[no-untyped-def]
    try:
        return load_day(spec, date, root=str(root))
    except LookupError as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module", params=["2024-08-08"])
def days(request: pytest.FixtureRequest, data_root: Path):  # type: ignore[no-untyped-def]
    return [loaded(spec, request.param, data_root) for spec in COINS]


@pytest.fixture(scope="module")
def by_clock(days) -> dict[str, list[Market]]:  # type: ignore[no-untyped-def]
    """The three on the venues' clocks, and on the one recorder that heard them all."""
    venue = [Market.of_quotes(str(row), day.quotes) for row, day in enumerate(days)]
    recorder = [
        on_recorder_clock(market, day.receipts, skew_ns=round(day.findings.measures["clock_skew_ns"]))
        for market, day in zip(venue, days, strict=True)
    ]
    return {"venue": venue, "recorder": recorder}


@pytest.mark.parametrize("clock", ["venue", "recorder"])
def test_three_markets_of_one_coin_share_one_price(by_clock: dict[str, list[Market]], clock: str) -> None:
    found = discover(align(by_clock[clock], every_ns=50 * MS), repeats=100)
    assert found.cointegration.holds
    assert found.cointegration.trace > found.cointegration.trace_critical
    assert sum(market.modified.value for market in found.markets) == pytest.approx(1)
    assert all(market.modified.high - market.modified.low < 0.8 for market in found.markets)


def test_bounds_open_as_the_step_grows(by_clock: dict[str, list[Market]]) -> None:
    points = sweep(by_clock["recorder"], [50 * MS, 500 * MS], repeats=50, most_lags=5)
    widths = [
        np.mean([market.information_high.value - market.information_low.value for market in point.discovery.markets])
        for point in points
        if point.discovery
    ]
    assert len(widths) == 2
    assert widths[0] < widths[1]


def test_leads_are_within_what_a_network_takes_and_go_round_without_contradiction(
    by_clock: dict[str, list[Market]],
) -> None:
    """Leads over three markets add up as times do, within what is known of them."""
    shifts = [k * 5 * MS for k in range(1, 101)]
    leads = {
        pair: lead_lag(*(by_clock["recorder"][row] for row in pair), shifts_ns=shifts, mesh_ns=20 * MS).lead_ns
        for pair in combinations(range(3), 2)
    }
    assert all(abs(lead.value) <= 200 * MS for lead in leads.values())
    low = leads[0, 1].low + leads[1, 2].low - 20 * MS
    high = leads[0, 1].high + leads[1, 2].high + 20 * MS
    assert low <= leads[0, 2].high
    assert leads[0, 2].low <= high


def test_clocks_of_venue_and_recorder_hardly_drift_in_minutes(days) -> None:  # type: ignore[no-untyped-def]
    for day in days:
        skew = clock_skew(day.receipts)
        assert abs(skew.drift_ppm) < 50
        assert skew.median_above_ns > 0


def test_the_wrong_clock_moves_the_leads_by_its_skew(days, by_clock: dict[str, list[Market]]) -> None:  # type: ignore[no-untyped-def]
    first, second = by_clock["venue"][:2]
    shifts = [k * 10 * MS for k in range(1, 101)]
    right, wrong = (
        lead_lag(first, second.shifted(skew), shifts_ns=shifts, mesh_ns=20 * MS).lead_ns.value for skew in (0, 500 * MS)
    )
    assert wrong - right == pytest.approx(500 * MS, abs=60 * MS)


@pytest.fixture(scope="module")
def stress(data_root: Path) -> dict[int, list[Market]]:
    """One coin in dollars and in a stablecoin, minute bars, day by day."""
    found = {}
    for day in (*BEFORE, *DURING, *AFTER):
        date = dt.date(2023, 3, day).isoformat()
        bars = [loaded(spec, date, data_root).bars for spec in ("bars:BTCUSD", "bars:BTCUSDT")]
        found[day] = [Market.of_bars(name, table) for name, table in zip(("usd", "usdt"), bars, strict=True)]
    return found


def test_a_stablecoin_has_a_common_price_before_its_stress_and_none_in_it(stress: dict[int, list[Market]]) -> None:
    def told(day: int) -> bool:
        try:
            discover(align(stress[day], every_ns=MINUTE_NS), repeats=50)
        except Unidentified:
            return False
        return True

    assert [True] * 3 == [told(day) for day in BEFORE]
    assert [False] * 3 == [told(day) for day in DURING]
    assert any(told(day) for day in AFTER)


def test_two_consolidated_prices_of_two_stocks_are_no_one_price(data_root: Path) -> None:
    days = [loaded(spec, "2013-10-08", data_root) for spec in ("lean:IBM:tick", "lean:BAC:tick")]
    session = days[0].instrument.session
    markets = [Market.of_quotes(name, day.quotes) for name, day in zip(("ibm", "bac"), days, strict=True)]
    with pytest.raises(NowakeError, match="no common price"):
        discover(align(markets, every_ns=1_000 * MS, sessions=[(session.open_ns, session.close_ns)]), repeats=50)


def test_trades_and_quotes_of_one_stock_share_one_price_and_prints_bounce(data_root: Path) -> None:
    day = loaded("lobster:AMZN:1", "2012-06-21", data_root)
    markets = [Market.of_quotes("mids", day.quotes), Market.of_trades("prints", day.trades)]
    found = discover(align(markets, every_ns=1_000 * MS), repeats=100)
    mids, prints = found.markets
    assert mids.modified.low > prints.modified.high
