"""Mark-outs: worked by hand, their sign, their anchors, our own fills, and the gauge that completes them in time."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.microstructure.small_tapes import SECOND, quotes_of, trades_of, walk

from nowake.domain.decider import Reason
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.event import Liquidity
from nowake.domain.fill import Fill
from nowake.microstructure.contract import play
from nowake.microstructure.spreads.effective import print_spreads
from nowake.microstructure.toxicity.markout_gauge import MarkoutGauge
from nowake.microstructure.toxicity.markouts import liquidity_names, mark_outs, traded, traded_fills, traded_prints

QUOTES = quotes_of((0, 99, 101), (10, 101, 103), (20, 103, 105), (60, 103, 105))
TEN = (10 * SECOND,)


def test_a_buy_before_a_rise_is_marked_out_with_a_gain():
    traded = traded_prints(QUOTES, trades_of((5, 101, 1, 1)), horizons_ns=TEN)
    assert [[1.0]] == traded.ticks("price").tolist()  # Bought at 101, mid 102 later.
    assert [[2.0]] == traded.ticks("mid").tolist()  # The mid was 100.
    assert [[pytest.approx(1 / 101 * 1e4)]] == traded.bps("price").tolist()
    assert [[pytest.approx(200.0)]] == traded.bps("mid").tolist()


def test_a_sell_before_a_rise_is_marked_out_with_a_loss():
    traded = traded_prints(QUOTES, trades_of((5, 99, 1, -1)), horizons_ns=TEN)
    assert [[-3.0]] == traded.ticks("price").tolist()
    assert [[-2.0]] == traded.ticks("mid").tolist()


def test_impact_and_mark_out_of_one_rise_have_one_sign():
    trades = trades_of((5, 101, 1, 1))
    impact = print_spreads(QUOTES, trades, horizons_ns=TEN).impact_ticks
    assert impact.tolist() == (2 * traded_prints(QUOTES, trades, horizons_ns=TEN).ticks("mid")).tolist()


def test_the_maker_loses_what_the_taker_gains():
    trades = trades_of((5, 101, 1, 1), (6, 99, 2, -1))
    taker, maker = (traded_prints(QUOTES, trades, horizons_ns=TEN, view=view) for view in ("taker", "maker"))
    for anchor in ("price", "mid"):
        np.testing.assert_array_equal(taker.bps(anchor), -maker.bps(anchor))


def test_mark_outs_past_the_end_are_not_known_and_counted():
    trades = trades_of((5, 101, 1, 1), (55, 105, 1, 1))
    curve = mark_outs(traded_prints(QUOTES, trades, horizons_ns=TEN)).curves[0]
    assert (2, (1,), (None,)) == (curve.trades, curve.known, curve.mean_bps)


def test_horizons_of_a_millisecond_and_stamps_of_a_nanosecond_are_exact():
    start = 1_700_000_000_000_000_000
    size = np.full(3, 1)
    quotes = type(QUOTES)(
        np.array([start, start + 1_000_001, start + 1_000_002]), np.array([99, 109, 119]), size,
        np.array([101, 111, 121]), size,
    )  # fmt: skip
    trade = trades_of((0, 101, 1, 1))
    for shift, mid in ((1, 110.0), (0, 100.0)):
        moved = type(trade)(np.array([start + shift]), *(getattr(trade, name) for name in
                            ("price_ticks", "lots", "aggressor", "hidden", "auction")))  # fmt: skip
        if shift:
            found = traded_prints(quotes, moved, horizons_ns=(1_000_000,)).later_ticks
        else:
            found = traded_prints(quotes, moved, horizons_ns=(1_000_000,), clock="at").later_ticks
        assert [[mid]] == found.tolist()


def fill(venue_s: float, price: int, liquidity: Liquidity, lots: int = 5) -> Fill:
    venue_ns = int(venue_s * SECOND)
    return Fill(
        time_ns=venue_ns + 7, venue_ns=venue_ns, child_id=1, execution_id=1, lots=lots, price_ticks=price,
        liquidity=liquidity, reason=next(iter(Reason)),
    )  # fmt: skip


def test_our_own_fills_are_marked_out_from_our_side_at_the_venues_time():
    fills = [fill(5, 101, Liquidity.TAKER), fill(6, 99, Liquidity.MAKER), fill(0, 99, Liquidity.MAKER)]
    traded = traded_fills(QUOTES, fills, side=1, horizons_ns=TEN)
    assert [[1.0], [3.0]] == traded.ticks("price").tolist()
    assert (3, 1) == (traded.given, traded.without_quote)
    names = liquidity_names(fills)
    found = mark_outs(traded, by={"liquidity": names})
    assert [("maker",), ("taker",)] == [curve.labels for curve in found.curves]
    assert "own" == found.view
    assert found.found == pytest.approx(2 / 3)
    sold = traded_fills(QUOTES, fills, side=np.array([-1, -1, -1]), horizons_ns=TEN)
    np.testing.assert_array_equal(-traded.ticks("price"), sold.ticks("price"))


def test_means_by_group_are_weighted_means_of_the_group():
    quotes, trades = walk(3, impact=0.5)
    venue = np.array(["P", "Q", "N"])[np.arange(len(trades)) % 3]
    traded = traded_prints(quotes, trades, horizons_ns=(SECOND, 30 * SECOND))
    found = mark_outs(traded, anchor="mid", by={"venue": venue})
    assert ["N", "P", "Q"] == [curve.labels[0] for curve in found.curves]
    values = traded.bps("mid")
    for curve in found.curves:
        mine = venue[traded.row] == curve.labels[0]
        for h, mean in enumerate(curve.mean_bps):
            known = mine & np.isfinite(values[:, h])
            wanted = np.average(values[known, h], weights=traded.lots[known])
            assert mean.value == pytest.approx(wanted, rel=1e-12)
            assert known.sum() == curve.known[h] == mean.n


def test_the_gauge_ends_with_the_means_of_the_history():
    quotes, trades = walk(4, prints=400, seconds=900, impact=0.5)
    horizons = (1_000_000, SECOND, 60 * SECOND)
    for anchor in ("price", "mid"):
        for view in ("taker", "maker"):
            gauge = MarkoutGauge(horizons, anchor=anchor, view=view)
            play(gauge, quotes, trades)
            traded = traded_prints(quotes, trades, horizons_ns=horizons, view=view)
            values = traded.bps(anchor)
            known = np.isfinite(values)
            wanted = [np.average(values[k, h], weights=traded.lots[k]) for h, k in enumerate(known.T)]
            np.testing.assert_allclose(gauge.curve_bps, wanted, rtol=1e-12)
            assert gauge.known == tuple(known.sum(axis=0).tolist())


def test_the_gauge_counts_what_it_could_not_use():
    gauge = MarkoutGauge(TEN)
    gauge.on_trade(0, 100, 1, 1)
    gauge.on_quote(1, 99, 1, 101, 1)
    gauge.on_trade(2, 100, 1, 0)
    assert (1, 1) == (gauge.without_quote, gauge.unsigned)
    assert np.isnan(gauge.value)


@pytest.mark.parametrize(("price", "lots", "side"), [(0, 1, 1), (100, 0, 1), (100, 1, 3)])
def test_the_gauge_refuses_a_print_that_is_none_and_is_as_before(price, lots, side):
    gauge = MarkoutGauge(TEN)
    gauge.on_quote(1, 99, 1, 101, 1)
    with pytest.raises(BadData):
        gauge.on_trade(5, price, lots, side)
    gauge.on_trade(2, 100, 1, 1)


def test_bad_choices_are_refused():
    traded = traded_prints(QUOTES, trades_of((5, 101, 1, 1)), horizons_ns=TEN)
    with pytest.raises(BadParameter, match="anchor"):
        mark_outs(traded, anchor="vwap")
    with pytest.raises(BadParameter, match="view"):
        traded_prints(QUOTES, trades_of((5, 101, 1, 1)), view="ours")
    with pytest.raises(BadParameter, match="anchor"):
        MarkoutGauge(TEN, anchor="vwap")
    with pytest.raises(BadParameter, match="view"):
        MarkoutGauge(TEN, view="ours")
    with pytest.raises(BadParameter, match="empty"):
        MarkoutGauge(())
    with pytest.raises(BadData, match="no fills"):
        traded_fills(QUOTES, [], side=1)
    with pytest.raises(BadData, match=r"\+1 or -1"):
        traded_fills(QUOTES, [fill(5, 101, Liquidity.TAKER)], side=0)
    with pytest.raises(BadData, match="above 0"):
        traded_fills(QUOTES, [fill(5, -1, Liquidity.TAKER)], side=1)
    with pytest.raises(BadData, match="quote before"):
        traded_fills(QUOTES, [fill(0, 101, Liquidity.TAKER)], side=1)


def test_fills_as_columns_are_those_of_a_run():
    fills = [fill(5, 101, Liquidity.TAKER), fill(15, 101, Liquidity.MAKER, lots=2)]
    columns = {
        "time_ns": np.array([5, 15]) * SECOND,
        "price_ticks": np.array([101, 101]),
        "lots": np.array([5, 2]),
    }
    ours = traded(QUOTES, **columns, side=np.array([1, -1]), horizons_ns=TEN)
    run = traded_fills(QUOTES, fills, side=np.array([1, -1]), horizons_ns=TEN)
    np.testing.assert_array_equal(run.bps("price"), ours.bps("price"))
    assert [[1.0], [-3.0]] == ours.ticks("price").tolist()  # Bought at 101, mid 102 later; sold at 101, mid 104 later.
    assert ([5, 2], "own") == (ours.lots.tolist(), ours.view)
    assert "sides our own" in str(mark_outs(ours))


def test_fills_as_columns_that_do_not_fit_are_refused():
    columns = {"time_ns": np.array([5, 15]) * SECOND, "price_ticks": np.array([101.0, 101.5]), "lots": np.array([5, 2])}
    for wrong, told in (
        ({"lots": np.array([5])}, "2 times, 2 prices, 1 sizes"),
        ({"side": 0}, "must be"),
        ({"side": np.array([1, 1, 1])}, "must be"),
        ({"price_ticks": np.array([101.0, np.nan])}, "above 0"),
        ({"time_ns": np.array([-5, -1])}, "quote before it"),
    ):
        with pytest.raises(BadData, match=told):
            traded(QUOTES, **{"side": 1, **columns, **wrong}, horizons_ns=TEN)


def test_sides_that_were_guessed_are_said_to_be():
    guessed = trades_of((5, 101, 1, 0), (6, 99, 1, 0))
    assert "sides by Lee-Ready on the quote strictly before" in str(mark_outs(traded_prints(QUOTES, guessed)))
    assert "sides as told" in str(mark_outs(traded_prints(QUOTES, trades_of((5, 101, 1, 1)))))
