"""Market orders of real days: not what the numbers are, but what buyers and sellers of anything show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nowake.data.load import load_day
from nowake.domain.errors import BadData
from nowake.domain.market import Trades
from nowake.microstructure.hawkes import (
    HawkesEvents,
    HawkesFit,
    HawkesGauge,
    hawkes_goodness,
    hawkes_intensity,
    market_order_events,
    select_hawkes,
)
from nowake.microstructure.market_orders import Tape, read_tape

DAYS = [
    ("lobster:AMZN:1", None),
    ("lobster:AAPL:50", None),
    ("bitstamp:BTCUSD", None),
    ("lean:IBM:tick", "2013-10-07"),
    ("binance:BTCUSDT@BINANCE", "2024-08-08"),
]


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day[0]} {day[1] or ''}")
def tape(request: pytest.FixtureRequest, data_root: Path) -> Tape:
    spec, date = request.param
    try:
        day = load_day(spec, date, root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))
    return read_tape(day.quotes, day.trades, day.instrument.session)


@pytest.fixture(scope="module")
def events(tape: Tape) -> HawkesEvents:
    """Where buys and sells share stamps, those are of milliseconds."""
    if (np.diff(tape.time_ns) > 0).all():
        return market_order_events(tape)
    with pytest.raises(BadData, match="resolution_ns"):
        market_order_events(tape)
    return market_order_events(tape, resolution_ns=1_000_000, seed=1)


@pytest.fixture(scope="module")
def fits(events: HawkesEvents) -> dict[int, HawkesFit]:
    found = select_hawkes(events, most_terms=2, pieces=6, errors="robust")
    return {fit.model.terms: fit for fit in found}


def test_market_orders_excite_each_other_and_do_not_explode(fits: dict[int, HawkesFit]) -> None:
    for fit in fits.values():
        assert fit.gain_over_poisson > 50
        assert fit.branching_ratio.low > 0.1
        assert fit.branching_ratio.value < 1


def test_buys_follow_buys_and_sells_sells(fits: dict[int, HawkesFit]) -> None:
    (buy_buy, buy_sell), (sell_buy, sell_sell) = fits[1].branching
    assert min(buy_buy.low, sell_sell.low) > max(buy_sell.high, sell_buy.high)


def test_more_than_one_scale_of_time_is_at_work(fits: dict[int, HawkesFit]) -> None:
    assert fits[2].aic < fits[1].aic
    assert fits[1].branching_ratio.value < fits[2].branching_ratio.value
    assert fits[2].model.decay.max() / fits[2].model.decay.min() > 5


def test_a_second_scale_brings_residuals_nearer_to_what_they_should_be(fits: dict[int, HawkesFit]) -> None:
    one, two = (hawkes_goodness(fits[terms]) for terms in (1, 2))
    for before, after in zip(one.dimensions, two.dimensions, strict=True):
        assert after.mean == pytest.approx(1.0, abs=0.05)
        assert abs(after.dispersion) < max(abs(before.dispersion), 2.0)
    assert "too large" in two.method


def test_beside_the_market_it_says_what_the_history_says(tape: Tape, fits: dict[int, HawkesFit]) -> None:
    model = fits[2].model
    gauge = HawkesGauge(model, start_ns=tape.start_ns)
    last = slice(0, 1_000)
    trades = _prints(tape.time_ns[last], tape.sign[last])
    before = hawkes_intensity(model, (trades.time_ns - tape.start_ns) / 1e9, (trades.aggressor < 0).astype(np.int64))
    said = []
    for time_ns, side in zip(trades.time_ns.tolist(), trades.aggressor.tolist(), strict=True):
        gauge.on_quote(time_ns, 1, 1, 2, 1)
        said.append(gauge.value)
        gauge.on_trade(time_ns, 1, 1, side)
    np.testing.assert_allclose(said, before.sum(axis=1), rtol=1e-12)


def _prints(time_ns: np.ndarray[tuple[int], np.dtype[np.int64]], sign: object) -> Trades:
    ones, flags = np.ones(len(time_ns), np.int64), np.zeros(len(time_ns), np.bool_)
    return Trades(
        time_ns=time_ns,
        price_ticks=ones,
        lots=ones,
        aggressor=np.asarray(sign).astype(np.int8),
        hidden=flags,
        auction=flags,
    )
