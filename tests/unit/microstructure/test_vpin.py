"""VPIN: exact buckets, bounds, what it is on flow whose truth is known, and what it refuses."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.test_gauges import market
from tests.reference import vpin as slow

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Trades
from nowake.microstructure.classify import BulkBars, classify, time_bars
from nowake.microstructure.toxicity import (
    BulkVpinGauge,
    Vpin,
    VpinGauge,
    daily_bucket_lots,
    vpin,
    vpin_of_bars,
    vpin_sensitivity,
)
from nowake.microstructure.toxicity.buckets import Filler, pour_bars, pour_prints


def tape(lots: list[int] | np.ndarray, side: list[int] | np.ndarray) -> Trades:
    """One print a second, at a price that follows the side."""
    flow = np.asarray(side, np.int8)
    flags = np.zeros(len(flow), np.bool_)
    return Trades(
        time_ns=np.arange(len(flow)) * 1_000_000_000,
        price_ticks=1_000 + np.cumsum(flow.astype(np.int64)),
        lots=np.asarray(lots, np.int64),
        aggressor=flow,
        hidden=flags,
        auction=flags,
    )


def test_a_print_that_straddles_buckets_is_split_to_the_lot() -> None:
    # Buckets of 10: 7 bought + 3 sold; 10 sold; 2 sold + 8 unknown; 4 unknown are left over.
    found = vpin(tape([7, 15, 12], [1, -1, 0]), bucket_lots=10, window=3)
    assert [4, -10, -2] == found.signed.tolist()
    assert [1, 1, 2] == found.filled_by.tolist()
    assert [1_000_000_000, 1_000_000_000, 2_000_000_000] == found.end_ns.tolist()
    assert (12, 4) == (found.undecided_lots, found.left_over_lots)
    assert (4 + 10 + 2) / 30 == found.value[-1]
    assert np.isnan(found.value[:2]).all()
    assert [0.4, 1.0, 0.2] == found.imbalance.tolist()


def test_the_window_rolls() -> None:
    found = vpin(tape([5, 5, 5, 5, 5, 5], [1, -1, 1, 1, -1, -1]), bucket_lots=10, window=2)
    assert [0, 10, -10] == found.signed.tolist()
    assert [0.5, 1.0] == found.value[1:].tolist()
    assert (2 / 3, 1.0) == (pytest.approx(found.mean.value), found.latest.value)


flows = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([-1, 0, 1])), max_size=40)


@given(flows, st.integers(1, 30))
def test_the_compiled_pass_is_lots_poured_one_by_one(rows: list[tuple[int, int]], bucket_lots: int) -> None:
    lots, sides = [row[0] for row in rows], [row[1] for row in rows]
    found = pour_prints(np.array(lots, np.int64), np.array(sides, np.int8), bucket_lots)
    full, undecided, left_over = slow.pour(lots, sides, bucket_lots)
    assert full == list(zip(found.signed.tolist(), found.filled_by.tolist(), strict=True))
    assert (undecided, left_over) == (found.undecided_lots, found.left_over_lots)
    filler = Filler(bucket_lots)
    assert [signed for signed, _ in full] == [each for volume, side in rows for each in filler.pour(volume, side)]
    assert len(full) == filler.filled


@given(flows, st.integers(1, 30), st.integers(1, 5))
def test_it_is_between_nought_and_one_flips_with_sides_and_scales_with_lots(
    rows: list[tuple[int, int]], bucket_lots: int, window: int
) -> None:
    lots, sides = np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.int8)
    if lots.sum() // bucket_lots < window:
        return
    found = vpin(tape(lots, sides), bucket_lots=bucket_lots, window=window)
    known = found.value[window - 1 :]
    assert ((known >= 0) & (known <= 1)).all()
    assert (found.mean.low >= 0, found.mean.high <= 1) == (True, True)
    np.testing.assert_array_equal(vpin(tape(lots, -sides), bucket_lots=bucket_lots, window=window).value, found.value)
    scaled = vpin(tape(3 * lots, sides), bucket_lots=3 * bucket_lots, window=window)
    np.testing.assert_allclose(scaled.value, found.value, rtol=1e-15)


def test_cutting_prints_in_pieces_changes_nothing() -> None:
    rng = np.random.default_rng(2)
    lots, sides = 2 * rng.integers(1, 200, 300), rng.choice([-1, 1], 300)
    whole = vpin(tape(lots, sides), bucket_lots=711, window=9)
    halves = vpin(tape(np.repeat(lots // 2, 2), np.repeat(sides, 2)), bucket_lots=711, window=9)
    np.testing.assert_array_equal(whole.value, halves.value)


def test_one_way_flow_is_one_and_alternating_flow_nought() -> None:
    assert 1.0 == vpin(tape([7] * 40, [-1] * 40), bucket_lots=10, window=20).latest.value
    assert 0.0 == vpin(tape([5] * 40, [1, -1] * 20), bucket_lots=10, window=20).latest.value
    assert 0.0 == vpin(tape([5] * 40, [0] * 40), bucket_lots=10, window=20).latest.value


def coin(prints: int) -> float:
    """E|S| / k of k = `prints` fair coins, exactly: C(k, k/2) / 2^k for an even k."""
    return float(Fraction(math.comb(prints, prints // 2), 2**prints))


def test_balanced_flow_has_the_vpin_of_coins() -> None:
    rng = np.random.default_rng(11)
    found = vpin(tape(np.ones(40_000, np.int64), rng.choice([-1, 1], 40_000)), bucket_lots=20, window=50)
    assert found.mean.low < coin(20) < found.mean.high
    assert math.sqrt(2 / (math.pi * 20)) == pytest.approx(coin(20), rel=0.02)


def coverage(repeats: int, *, buckets: int, memory: float) -> float:
    """How often the mean's interval holds the truth, of informed flow that comes and goes with a memory."""
    held = 0
    for seed in range(repeats):
        rng = np.random.default_rng(seed)
        renewed = rng.random(buckets) >= memory
        last = np.maximum.accumulate(np.where(renewed, np.arange(buckets), 0))
        toxic = (rng.random(buckets) < 0.3)[last]
        signs = np.where(toxic[:, None], 1, rng.choice([-1, 1], (buckets, 20)))
        found = vpin(tape(np.ones(20 * buckets, np.int64), signs.ravel()), bucket_lots=20, window=20)
        held += found.mean.low <= 0.3 + 0.7 * coin(20) <= found.mean.high
    return held / repeats


def test_the_interval_of_the_mean_holds_the_truth() -> None:
    assert coverage(80, buckets=300, memory=0.5) > 0.84


def test_buckets_that_come_in_runs_make_the_interval_wider() -> None:
    runs = vpin(tape([10] * 60, np.repeat([1, 0, 1, 0, 1, 0], 10)), bucket_lots=10, window=60).mean
    shuffled = vpin(tape([10] * 60, [1, 0] * 30), bucket_lots=10, window=60).mean
    assert shuffled.value == runs.value
    assert runs.high - runs.low > 2 * (shuffled.high - shuffled.low)


@pytest.mark.study
@pytest.mark.parametrize(("buckets", "memory"), [(50, 0.0), (200, 0.0), (200, 0.5), (1_000, 0.5), (1_000, 0.8)])
def test_the_interval_of_the_mean_holds_the_truth_at_its_level(buckets: int, memory: float) -> None:
    found = coverage(600, buckets=buckets, memory=memory)
    print(f"{buckets} buckets, memory {memory}: {found:.3f} of 0.95")
    assert 0.88 < found < 0.99


def test_a_rank_is_the_share_of_the_history_at_or_below() -> None:
    found = vpin(tape([5, 5, 5, 5, 5, 5], [1, -1, 1, 1, -1, -1]), bucket_lots=10, window=1)
    assert [1 / 3, 1.0, 1.0] == found.rank().tolist()
    assert [0.0, 0.5, 0.5] == found.rank(np.array([np.nan, 0.7, 1.2])).tolist()
    with pytest.raises(BadData, match="ranks nothing"):
        found.rank(np.array([np.nan]))


def test_one_minute_bars_are_split_over_buckets_in_proportion() -> None:
    bars = BulkBars(end_ns=np.array([60, 120, 180]), lots=np.array([10, 30, 10]), close=np.array([100.0, 101.0, 100.0]))
    found = vpin_of_bars(bars, bucket_lots=20, window=2, sigma=1.0)
    up = 2 * 0.8413447460685429 - 1
    # 10 half and half + 10 of the rise; 20 of the rise; 10 of the fall are left over.
    assert [10 * up, 20 * up] == pytest.approx(found.signed.tolist(), rel=1e-12)
    assert (30 * up / 40, 10) == (pytest.approx(found.value[-1], rel=1e-12), found.left_over_lots)
    assert [1, 1] == found.filled_by.tolist()


def test_a_constant_price_has_no_bulk_vpin_whatever_the_flow() -> None:
    bars = BulkBars(end_ns=np.arange(9), lots=np.full(9, 10), close=np.full(9, 5.0))
    assert 0.0 == vpin_of_bars(bars, bucket_lots=10, window=9).latest.value


def test_a_price_rescaled_changes_no_bulk_vpin() -> None:
    _, trades = market(3)
    bars = time_bars(trades, width_ns=5_000_000)
    wide = BulkBars(bars.end_ns, bars.lots, 50 * bars.close)
    ours, theirs = (vpin_of_bars(each, bucket_lots=600, window=5).value for each in (bars, wide))
    np.testing.assert_allclose(theirs, ours, rtol=1e-9)


def test_every_way_of_signing_is_shown_and_refusals_with_them() -> None:
    book, trades = market(4)
    rows = vpin_sensitivity(trades, book, bucket_lots=[500, 5_000_000], window=8)
    names = ["true", "tick", "quote", "lee-ready", "emo", "clnv", "bulk, minutes", "bulk, tenths of a bucket"]
    assert names == [row.sides for row in rows[:8]]
    told = classify(trades, book, rule="emo", keep_true=False)
    emo = rows[names.index("emo")]
    assert emo.mean == vpin(trades, told.side, bucket_lots=500, window=8).mean
    assert trades.lots[told.side == 0].sum() / trades.lots.sum() == pytest.approx(emo.undecided)
    assert [None] * 8 == [row.mean for row in rows[8:]]
    assert all("fewer than the window" in str(row.refused) for row in rows[8:])
    unsigned = Trades(
        **{name: getattr(trades, name) for name in ("time_ns", "price_ticks", "lots", "hidden", "auction")},
        aggressor=0 * trades.aggressor,
    )
    assert ["tick", "bulk, minutes"] == [row.sides for row in vpin_sensitivity(unsigned, bucket_lots=[500], window=8)][
        :2
    ]


def test_fewer_buckets_than_the_window_are_refused_with_the_size_that_would_do() -> None:
    trades = tape([10] * 10, [1, -1] * 5)
    with pytest.raises(
        BadData,
        match=r"^3 full buckets of 30 lots are fewer than the window of 50; take buckets of at most 2 lots, or a "
        r"window of at most 3$",
    ):
        vpin(trades, bucket_lots=30)
    assert 50 == len(vpin(trades, bucket_lots=2))
    with pytest.raises(BadData, match=r"give a longer history$"):
        vpin(tape([], []), bucket_lots=30)


def test_what_is_no_volume_or_no_side_is_refused() -> None:
    trades = tape([10, 10], [1, -1])
    with pytest.raises(BadParameter, match="bucket_lots 0 must be a whole number, 1 or more"):
        vpin(trades, bucket_lots=0)
    with pytest.raises(BadParameter, match="window 0 must be a whole number"):
        vpin(trades, bucket_lots=1, window=0)
    with pytest.raises(BadData, match="print 1: 10 lots of side 3"):
        vpin(trades, np.array([1, 3], np.int8), bucket_lots=1, window=1)
    with pytest.raises(BadData, match="print 0: -5 lots"):
        vpin(tape([-5, 100], [1, 1]), bucket_lots=1, window=1)
    with pytest.raises(BadData, match="bar 0: -5 lots"):
        vpin_of_bars(BulkBars(np.arange(2), np.array([-5, 100]), np.ones(2)), bucket_lots=1, window=1)
    with pytest.raises(BadData, match="2 prints and 1 sides"):
        vpin(trades, np.array([1], np.int8), bucket_lots=1)
    with pytest.raises(BadData, match="lots are float64"):
        pour_prints(np.array([1.5]), np.array([1], np.int8), 1)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="more than 50,000,000; take larger ones"):
        vpin(tape([10**12], [1]), bucket_lots=1)
    with pytest.raises(BadParameter, match="level 1"):
        vpin(trades, bucket_lots=1, level=1)


def test_sides_are_judged_before_they_become_bytes() -> None:
    for wrong in (np.array([1, 255], np.uint8), np.array([1, 257], np.int64)):
        with pytest.raises(BadData, match=f"print 1: 10 lots of side {wrong[1]}"):
            pour_prints(np.array([10, 10]), wrong, 1)


def test_lots_beyond_what_can_be_summed_are_refused() -> None:
    huge = np.array([2**62, 2**62])
    with pytest.raises(BadData, match=r"9.22e\+18 lots in all"):
        pour_prints(huge, np.array([1, -1]), 10**15)
    with pytest.raises(BadData, match=r"9.22e\+18 lots in all"):
        pour_bars(huge, np.array([0.5, 0.5]), 10**15)


def test_shares_of_bars_that_are_none_are_refused() -> None:
    lots = np.array([10, 10])
    for wrong in (math.nan, 2.0, -0.1):
        with pytest.raises(BadData, match=f"bar 1: a share of {wrong} bought"):
            pour_bars(lots, np.array([0.5, wrong]), 5)
    with pytest.raises(BadData, match="2 bars and 1 shares"):
        pour_bars(lots, np.array([0.5]), 5)
    with pytest.raises(BadParameter, match=r"window 2\.5 must be a whole number"):
        VpinGauge(bucket_lots=1, window=2.5)  # type: ignore[arg-type]


def test_a_bucket_is_a_fiftieth_of_a_day() -> None:
    assert (200, 1) == (daily_bucket_lots(10_049), daily_bucket_lots(3))
    for wrong in (0.0, math.nan, math.inf):
        with pytest.raises(BadParameter, match="lots a day"):
            daily_bucket_lots(wrong)


def test_of_one_bucket_the_interval_is_everything() -> None:
    found = vpin(tape([10], [1]), bucket_lots=10, window=1)
    assert (0.0, 1.0, 1.0) == (found.latest.low, found.latest.value, found.latest.high)


@pytest.mark.parametrize("buckets", [2, 4])
def test_of_few_buckets_that_are_alike_the_interval_is_everything_too(buckets: int) -> None:
    found = vpin(tape([8, 2] * buckets, [1, -1] * buckets), bucket_lots=10, window=buckets)
    assert (0.0, 0.6, 1.0) == (found.latest.low, pytest.approx(found.latest.value), found.latest.high)
    assert "fewer than 5 buckets" in found.latest.method


def test_it_prints_what_it_is() -> None:
    shown = str(vpin(tape([7, 15, 12], [1, -1, 0]), bucket_lots=10, window=3, sides="words"))
    assert shown.startswith("VPIN of 3 buckets of 10 lots, window 3, by words\n  all     0.533333 [")
    assert shown.endswith("undecided 12 lots, left over 4")


def test_gauges_count_and_refuse() -> None:
    gauge = VpinGauge(bucket_lots=10, window=2)
    for at, (lots, side) in enumerate([(7, 1), (15, -1), (12, 0)]):
        gauge.on_trade(at, 100, lots, side)
    assert (3, 12, 12 / 20) == (gauge.buckets, gauge.undecided_lots, gauge.value)
    with pytest.raises(BadData, match="-1 lots"):
        gauge.on_trade(9, 100, -1, 1)
    with pytest.raises(BadParameter, match="looks at later prints"):
        VpinGauge(bucket_lots=1, rule="reverse-tick")
    for wrong in ({"sigma": "sample"}, {"bar_ns": 1, "bar_lots": 1}, {"bar_ns": 0}, {"dof": -1}, {"window": 0}):
        with pytest.raises(BadParameter):
            BulkVpinGauge(bucket_lots=1, **wrong)  # type: ignore[arg-type]


def test_a_print_of_a_million_buckets_costs_a_gauge_no_more_than_a_window() -> None:
    gauge = VpinGauge(bucket_lots=10, window=5)
    gauge.on_trade(1, 100, 10**13, 1)
    assert (10**12, 1.0) == (gauge.buckets, gauge.value)


def test_the_value_of_a_history_does_not_change_when_it_goes_on() -> None:
    _, trades = market(9)
    whole: Vpin = vpin(trades, bucket_lots=300, window=5)
    part = tape(trades.lots[:50], trades.aggressor[:50])
    early = vpin(part, bucket_lots=300, window=5)
    np.testing.assert_array_equal(whole.value[: len(early)], early.value)
