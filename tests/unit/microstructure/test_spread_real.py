"""Spreads and mark-outs of real days: not what the numbers are, but what any open market shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nowake.data.day import Day
from nowake.data.load import load_day
from nowake.domain.market import Trades, select
from nowake.domain.units import NS_PER_SECOND
from nowake.microstructure.contract import play
from nowake.microstructure.spreads import SpreadGauge, effective_spreads, print_spreads, quoted_spread
from nowake.microstructure.toxicity.markouts import mark_outs, traded_prints

DAYS = [
    ("lobster:AMZN:1", None),
    ("lean:IBM:tick", "2013-10-07"),
    ("lean:BAC:tick", "2013-10-08"),
    ("dbn:ESH4", None),
    ("binance:BTCUSDT@BINANCE-USDM", "2024-08-08"),
]
TEN = 10 * NS_PER_SECOND


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day[0]} {day[1] or ''}")
def market(request: pytest.FixtureRequest, data_root: Path) -> tuple[Day, Trades]:
    spec, date = request.param
    try:
        day = load_day(spec, date, root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))
    session = day.instrument.session
    inside = (day.trades.time_ns >= session.open_ns) & (day.trades.time_ns < session.close_ns)
    return day, select(day.trades, inside)


def test_takers_pay_and_the_market_moves_their_way(market: tuple[Day, Trades]) -> None:
    day, trades = market
    found = effective_spreads(day.quotes, trades, horizons_ns=(TEN,))
    assert found.found > 0.99
    (group,) = found.groups
    assert group.effective_bps is not None
    assert group.effective_bps.low > 0
    at = group.at[0]
    assert at.impact_bps is not None
    assert at.impact_bps.low > 0
    whole, parts = at.effective_bps.value, at.realised_bps.value + at.impact_bps.value
    assert whole == pytest.approx(parts, rel=1e-12)


def test_prints_cost_about_the_spread_that_is_quoted(market: tuple[Day, Trades]) -> None:
    day, trades = market
    if day.instrument.venue.startswith("BINANCE"):
        pytest.skip("one tick wide, and swept: prints cost many times what is quoted")
    start, end = int(trades.time_ns[0]), int(min(trades.time_ns[-1], day.quotes.time_ns[-1]))
    quoted = quoted_spread(day.quotes, start_ns=start, end_ns=end).bps.value
    assert 0.4 * quoted < effective_spreads(day.quotes, trades).groups[0].effective_bps.value < 1.5 * quoted


def test_a_second_later_the_mid_has_gone_against_the_maker(market: tuple[Day, Trades]) -> None:
    day, trades = market
    traded = traded_prints(day.quotes, trades, horizons_ns=(NS_PER_SECOND,), view="maker")
    (moved,) = mark_outs(traded, anchor="mid").curves[0].mean_bps
    (earned,) = mark_outs(traded, anchor="price").curves[0].mean_bps
    assert moved is not None
    assert earned is not None
    assert moved.high < 0
    assert earned.value > moved.value


def test_venues_hold_all_prints_once(market: tuple[Day, Trades]) -> None:
    day, trades = market
    if trades.venue is None:
        pytest.skip("the feed names no places")
    whole = effective_spreads(day.quotes, trades)
    by_venue = effective_spreads(day.quotes, trades, by={"venue": trades.venue})
    assert len(by_venue.groups) > 5
    assert sum(group.prints for group in by_venue.groups) == whole.groups[0].prints
    told = [group for group in by_venue.groups if group.effective_bps is not None]
    assert all(0 < group.effective_bps.value < 2 * whole.groups[0].effective_bps.value for group in told)


def test_the_gauge_ends_where_the_history_does(market: tuple[Day, Trades]) -> None:
    day, trades = market
    few = select(trades, np.arange(len(trades)) < 1_500)
    quotes = select(day.quotes, day.quotes.time_ns < few.time_ns[-1])
    spreads = print_spreads(quotes, few, horizons_ns=(TEN,), side=few.aggressor if few.aggressor.any() else None)
    realised = spreads.in_bps(spreads.realised_ticks)[:, 0]
    known = np.isfinite(realised)
    gauge = SpreadGauge(TEN)
    # The gauge takes sides as told, and all prints it is told: tell it those used, with the sides used.
    told = select(few, np.isin(np.arange(len(few)), spreads.row))
    sided = Trades(
        told.time_ns, told.price_ticks, told.lots, spreads.side.astype(np.int8), told.hidden, told.auction
    )  # fmt: skip
    last_ns = max(int(few.time_ns[-1]), int(quotes.time_ns[-1]))
    play(gauge, quotes, sided)
    gauge.on_quote(last_ns, 1, 0, 1, 0)
    assert gauge.prints == known.sum()
    assert gauge.value == pytest.approx(np.average(realised[known], weights=spreads.lots[known]), rel=1e-10)
