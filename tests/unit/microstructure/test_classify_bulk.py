"""Volume signed in bulk: the formula, its limits, and the bars it is taken over."""

import math

import numpy as np
import pytest
from tests.unit.microstructure.test_classify import prints

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Bars
from nowake.microstructure.classify import BulkBars, accuracy, bulk_bars, bulk_bought, time_bars, volume_bars
from nowake.microstructure.classify.bulk import running_deviation


def bars(*close: float) -> BulkBars:
    count = len(close)
    return BulkBars(end_ns=np.arange(count), lots=np.full(count, 10), close=np.array(close, np.float64))


def test_a_move_of_one_deviation_up_is_bought_by_the_normal_law() -> None:
    # Z(1) = 0.8413447460685429 (Abramowitz & Stegun, table 26.1), Z(-2) = 0.0227501319481792.
    assert [0.5, 0.8413447460685429, 0.0227501319481792] == pytest.approx(
        bulk_bought(bars(100, 102, 98), sigma=2.0).tolist(), rel=1e-12
    )


def test_with_one_degree_of_freedom_students_law_is_cauchys() -> None:
    # Cauchy's distribution function at 1 is 3/4, at -1 a quarter.
    assert [0.5, 0.75, 0.25] == pytest.approx(bulk_bought(bars(100, 101, 100), sigma=1.0, dof=1).tolist(), rel=1e-12)


def test_the_sample_deviation_is_of_changes_about_their_mean() -> None:
    close = [100.0, 101, 101, 99, 104]
    change = np.diff(close)
    z = change / change.std(ddof=1)
    wanted = [0.5, *(0.5 * (1 + math.erf(each / math.sqrt(2))) for each in z)]
    assert wanted == pytest.approx(bulk_bought(bars(*close)).tolist(), rel=1e-12)


def test_the_running_deviation_never_looks_ahead_and_is_numpys_of_each_beginning() -> None:
    rng = np.random.default_rng(3)
    numbers = rng.normal(5, 2, 50)
    wanted = [0.0, *(numbers[:k].std(ddof=1) for k in range(2, 51))]
    np.testing.assert_allclose(running_deviation(numbers), wanted, rtol=1e-12)
    close = np.cumsum(rng.normal(0, 1, 40))
    whole = bulk_bought(bars(*close), sigma="running")
    np.testing.assert_array_equal(bulk_bought(bars(*close[:17]), sigma="running"), whole[:17])


def test_a_constant_price_is_half_and_half() -> None:
    for sigma in ("sample", "running"):
        assert [0.5] * 4 == bulk_bought(bars(7, 7, 7, 7), sigma=sigma).tolist()  # type: ignore[arg-type]
    assert [0.5] == bulk_bought(bars(7)).tolist()
    assert [] == bulk_bought(bars()).tolist()


def test_shares_are_of_prices_in_any_unit_and_flip_with_them() -> None:
    close = np.array([100.0, 103, 101, 101, 108])
    told = bulk_bought(bars(*close), dof=0.25)
    np.testing.assert_allclose(bulk_bought(bars(*(0.01 * close)), dof=0.25), told, rtol=1e-9)
    np.testing.assert_allclose(bulk_bought(bars(*(-close)), dof=0.25), 1 - told, rtol=1e-12)
    assert ((told >= 0) & (told <= 1)).all()


def test_minutes_without_prints_are_no_bars_and_the_last_one_is_not_over() -> None:
    trades = prints((5, 100), (59, 101), (60, 102), (200, 103), (201, 104))
    found = time_bars(trades, width_ns=60)
    assert ([60, 120], [2, 1], [101, 102]) == (found.end_ns.tolist(), found.lots.tolist(), found.close.tolist())
    assert [60, 120, 240] == time_bars(trades, width_ns=60, until_ns=240).end_ns.tolist()


def test_volume_bars_split_a_print_to_the_lot_and_leave_the_rest_out() -> None:
    trades = prints((1, 100), (2, 101), (3, 102))
    trades.lots[:] = (3, 15, 1)
    found = volume_bars(trades, bar_lots=5)
    assert ([2, 2, 2], [5, 5, 5], [101, 101, 101]) == (
        found.end_ns.tolist(),
        found.lots.tolist(),
        found.close.tolist(),
    )
    assert 0 == len(volume_bars(prints(), bar_lots=5))
    assert 0 == len(time_bars(prints(), width_ns=60))


def feed(volume: list[float]) -> Bars:
    count = len(volume)
    price = np.arange(count) + 10.0
    nothing = np.full(count, -1)
    return Bars(
        time_ns=np.arange(count),
        end_ns=np.arange(count) + 1,
        open=price,
        high=price,
        low=price,
        close=price,
        volume=np.array(volume),
        vwap=price,
        trades=nothing,
    )


def test_bars_of_a_feed_become_whole_lots_and_empty_ones_are_left_out() -> None:
    found = bulk_bars(feed([0.03, 0.0, 0.051]), lot_size=0.01)
    assert ([3, 5], [10.0, 12.0], [1, 3]) == (found.lots.tolist(), found.close.tolist(), found.end_ns.tolist())
    for wrong in (math.nan, -1.0):
        with pytest.raises(BadData, match="bar 1: volume"):
            bulk_bars(feed([1, wrong]))


def test_what_means_nothing_is_refused() -> None:
    for sigma in (0.0, -1.0, math.nan, "all"):
        with pytest.raises(BadParameter, match="sigma"):
            bulk_bought(bars(1, 2), sigma=sigma)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="dof 0"):
        bulk_bought(bars(1, 2), dof=0)
    with pytest.raises(BadData, match="bar 1: last price nan"):
        bulk_bought(bars(1, math.nan))
    negative = prints((1, 2), (3, 4))
    negative.lots[1] = -7
    with pytest.raises(BadData, match="print 1: -7 lots"):
        time_bars(negative)
    with pytest.raises(BadData, match="print 1: -7 lots"):
        volume_bars(negative, bar_lots=1)
    with pytest.raises(BadParameter, match="width_ns 0"):
        time_bars(prints((1, 2)), width_ns=0)
    with pytest.raises(BadParameter, match="bar_lots 0"):
        volume_bars(prints((1, 2)), bar_lots=0)
    with pytest.raises(BadParameter, match="lot_size 0"):
        bulk_bars(feed([1.0]), lot_size=0)


def test_volume_that_no_whole_number_holds_is_refused_and_not_dropped() -> None:
    with pytest.raises(BadData, match=r"1e\+20 lots in all, 1e\+20 of them of bar 1; take larger lots"):
        bulk_bars(feed([1.0, 1e12]), lot_size=1e-8)
    huge = prints((1, 2), (3, 4))
    huge.lots[:] = 2**62
    for make in (time_bars, lambda trades: volume_bars(trades, bar_lots=10)):
        with pytest.raises(BadData, match=r"9.22e\+18 lots in all"):
            make(huge)
    with pytest.raises(BadData, match=r"9.22e\+18 lots in all"):
        accuracy(huge.aggressor, np.ones(2, np.int64), huge.lots)
