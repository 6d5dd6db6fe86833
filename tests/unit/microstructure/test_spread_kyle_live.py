"""Lambda by its sums: the slope and the error of a regression package, and a market of known lambda."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from tests.unit.microstructure.small_tapes import SECOND, quotes_of, trades_of

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.contract import play
from nowake.microstructure.spreads.kyle_live import KyleGauge, kyle_by_bars


def world(seed: int, *, bars: int = 400, slope: float = 0.02):
    """Ten prints a bar of ten seconds; after its last the mid moves by flow times `slope`, and noise."""
    rng = np.random.default_rng(seed)
    times = (np.arange(bars)[:, None] * 10 + np.sort(rng.uniform(0.1, 9, (bars, 10)), axis=1)).ravel()
    side, lots = rng.choice([-1, 1], (bars, 10)), rng.integers(1, 200, (bars, 10))
    flow = (side * lots).sum(axis=1)
    mid = 100_000 + np.cumsum(np.round(slope * flow + rng.normal(0, 5, bars))).astype(np.int64)
    quotes = quotes_of((-1, 99_999, 100_001), *((k * 10 + 9.5, m - 1, m + 1) for k, m in enumerate(mid.tolist())))
    rows = zip(times.tolist(), [100_000] * len(times), lots.ravel().tolist(), side.ravel().tolist(), strict=True)
    return quotes, trades_of(*rows), flow, np.diff(mid, prepend=100_000)


def test_slope_and_error_are_those_of_a_regression_package():
    quotes, trades, flow, moves = world(1)
    gauge = KyleGauge(10 * SECOND)
    play(gauge, quotes, trades)
    # The last bar has not ended; the one before the first trade is empty and known.
    fitted = sm.OLS(moves[: gauge.bars], sm.add_constant(flow[: gauge.bars].astype(float))).fit(cov_type="HC1")
    assert len(moves) - 1 == gauge.bars
    assert fitted.params[1] == pytest.approx(gauge.value, rel=1e-9)
    assert fitted.bse[1] == pytest.approx(gauge.standard_error, rel=1e-8)


def test_the_batch_gives_the_same_slope_with_an_interval():
    quotes, trades, *_ = world(2)
    gauge = KyleGauge(10 * SECOND)
    play(gauge, quotes, trades)
    found = kyle_by_bars(quotes, trades, bar_ns=10 * SECOND)
    assert found.slope.value == pytest.approx(gauge.value, rel=1e-12)
    assert found.rows == gauge.bars
    assert found.slope.low <= 0.02 <= found.slope.high


def test_a_known_lambda_is_inside_the_interval_as_often_as_it_says():
    held = 0
    for seed in range(100):
        quotes, trades, *_ = world(seed, bars=100)
        found = kyle_by_bars(quotes, trades, bar_ns=10 * SECOND).slope
        held += found.low <= 0.02 <= found.high
    assert 88 <= held <= 100


def test_roots_of_sizes_enter_print_by_print():
    quotes, trades, *_ = world(3)
    plain = Trades(trades.time_ns, trades.price_ticks, trades.lots**2, trades.aggressor, trades.hidden, trades.auction)
    rooted = kyle_by_bars(quotes, plain, bar_ns=10 * SECOND, root=True).slope.value
    assert kyle_by_bars(quotes, trades, bar_ns=10 * SECOND).slope.value == pytest.approx(rooted, rel=1e-9)


def test_a_long_silence_counts_its_empty_bars_at_once():
    quotes = quotes_of((0, 99, 101), (1, 100, 102), (1e6, 100, 102))
    gauge = KyleGauge(SECOND, least=3)
    play(gauge, quotes, trades_of((0.5, 101, 10, 1), (2.5, 101, 3, -1)))
    assert (
        999_999
        == gauge.bars
        == kyle_by_bars(quotes, trades_of((0.5, 101, 10, 1), (2.5, 101, 3, -1)), bar_ns=SECOND).rows
    )


@pytest.mark.parametrize("root", [False, True])
@pytest.mark.parametrize(("mean", "spread"), [(0, 10), (10**5, 10**3), (10**8, 100), (10**9, 10)])
def test_one_sided_flow_loses_no_digit_of_the_slope_nor_of_its_error(mean, spread, root):
    rng = np.random.default_rng(mean + spread)
    flow = mean + np.round(rng.normal(0, spread, 200)).astype(np.int64)
    flow[flow == 0] = 1
    moves = np.round((flow - mean) / spread * 5 + rng.normal(0, 2, 200)).astype(np.int64)
    gauge, mid = KyleGauge(10, root=root), 10**6
    gauge.on_quote(5, mid - 1, 1, mid + 1, 1)
    for k, (lots, move) in enumerate(zip(flow.tolist(), moves.tolist(), strict=True)):
        gauge.on_trade(10 * k + 13, mid, abs(lots), 1 if lots > 0 else -1)
        mid += move
        gauge.on_quote(10 * k + 14, mid - 1, 1, mid + 1, 1)
    gauge.on_trade(10 * 201 + 1, mid, 1, 0)
    pushes = np.sign(flow) * np.sqrt(np.abs(flow)) if root else flow
    # Two passes, about the first and then the mean: raw sums of flow to the fourth would keep no digit here.
    x, y = pushes - pushes[0], moves - moves.mean()
    x = x - x.mean()
    slope = (x @ y) / (x @ x)
    error = np.sqrt(((x * (y - slope * x)) ** 2).sum() * 200 / 198) / (x @ x)
    assert 200 == gauge.bars
    tolerance = 1e-9 if not root else 1e-7  # Of the two passes: roots of 1e9 differ by 1e-4 in 3e4.
    assert slope == pytest.approx(gauge.value, rel=tolerance)
    assert error == pytest.approx(gauge.standard_error, rel=tolerance)


def test_moves_that_are_a_line_exactly_have_no_error():
    gauge, mid = KyleGauge(10, least=3), 10**6
    gauge.on_quote(5, mid - 1, 1, mid + 1, 1)
    for k, lots in enumerate((7, 3, 9, 4, 8)):
        gauge.on_trade(10 * k + 13, mid, lots, 1)
        mid += 3 * lots
        gauge.on_quote(10 * k + 14, mid - 1, 1, mid + 1, 1)
    gauge.on_trade(61, mid, 1, 0)
    assert (3.0, 0.0) == (gauge.value, gauge.standard_error)


def test_what_tells_nothing_is_refused_or_not_known():
    quotes = quotes_of((0, 99, 101), (100, 99, 101))
    with pytest.raises(BadData, match="two sides"):
        kyle_by_bars(quotes_of(), trades_of(), bar_ns=SECOND)
    with pytest.raises(BadData):
        kyle_by_bars(quotes, trades_of((5, 100, 1, 1)), bar_ns=SECOND)
    gauge = KyleGauge(SECOND)
    play(gauge, quotes, trades_of((5, 100, 1, 1)))
    assert np.isnan(gauge.value)
    assert np.isnan(gauge.standard_error)
    one_sided = Quotes(quotes.time_ns, quotes.bid_ticks, 0 * quotes.bid_lots, quotes.ask_ticks, quotes.ask_lots)
    with pytest.raises(BadData, match="none of 2"):
        kyle_by_bars(one_sided, trades_of((5, 100, 1, 1)), bar_ns=SECOND)


def test_parameters_and_prints_that_are_none_are_refused():
    for bad in (0, -1, 1.5, float("nan"), float("inf")):
        with pytest.raises(BadParameter, match="bar_ns"):
            KyleGauge(bad)
    with pytest.raises(BadParameter, match="least"):
        KyleGauge(SECOND, least=2)
    with pytest.raises(BadData, match="size"):
        KyleGauge(SECOND).on_trade(0, 100, 0, 1)
