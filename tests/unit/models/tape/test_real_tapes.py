"""Real days: not what the numbers are, which no fit may know, but what any stock, future or coin shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from nowake.data.load import load_day
from nowake.models.tape import TapeCalibration, calibrate_tape

DAYS = [
    ("lobster:AMZN:1", None),
    ("lobster:AAPL:50", None),
    ("lean:IBM:tick", "2013-10-07"),
    ("lean:IBM:tick", "2013-10-09"),
    ("lean:BAC:tick", "2013-10-08"),
    ("dbn:ESH4", None),
    ("bitstamp:BTCUSD", None),
    ("binance:BTCUSDT@BINANCE-USDM", "2024-08-08"),
    ("binance:BTCUSDT@BINANCE", "2024-08-08"),
]


@pytest.fixture(scope="module", params=DAYS, ids=lambda day: f"{day[0]} {day[1] or ''}")
def found(request: pytest.FixtureRequest, data_root: Path) -> TapeCalibration:
    spec, date = request.param
    try:
        day = load_day(spec, date, root=str(data_root))
    except LookupError as missing:
        pytest.skip(str(missing))
    return calibrate_tape(day.quotes, day.trades, day.instrument, repeats=200)


def test_buying_moves_the_price_up_surely(found: TapeCalibration) -> None:
    shortest = found.kyle[0]
    assert shortest.per_share.low > 0
    assert found.orderflow is not None
    assert found.orderflow.slope.low > 0


def test_order_flow_explains_more_of_a_stocks_moves_than_trades_do(found: TapeCalibration) -> None:
    if found.instrument.venue not in {"XNAS", "SIP", "GLBX"}:
        pytest.skip("the law is of markets whose tick binds")
    assert found.orderflow is not None
    assert found.orderflow.r2 > max(0.45, found.orderflow.trade_r2)


def test_an_order_leaves_less_than_it_and_its_followers_move(found: TapeCalibration) -> None:
    assert found.propagator is not None
    lag = 9
    assert 0 < found.propagator.kernel_bps.value[lag] < found.propagator.response_bps.value[lag]
    assert found.propagator.kernel_bps.low[lag] > 0
    assert found.propagator.memory.low[0] > 0
