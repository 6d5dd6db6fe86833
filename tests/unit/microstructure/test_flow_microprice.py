"""The micro-price: known truth inside its intervals, counting one by one, invariances, and what is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.microstructure import flow_worlds as worlds
from tests.unit.microstructure.test_flow_monitor import market

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Quotes
from nowake.microstructure.flow import (
    MicroPriceCounts,
    MicroPriceGauge,
    fit_microprice,
    microprice_errors,
    microprice_of,
    spread_classes,
)

NAMES = ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")


def rows(quotes: Quotes) -> list[tuple[int, ...]]:
    return list(zip(*(getattr(quotes, name).tolist() for name in NAMES), strict=True))


def best(seed: int, quotes: int = 400) -> Quotes:
    book, _ = market(seed, levels=1, quotes=quotes)
    return Quotes(book.time_ns, *(getattr(book, name)[:, 0] for name in NAMES[1:]))


def assert_same(left, right) -> None:
    assert left.grid == right.grid
    for ours, theirs in zip(left[1:], right[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.integers(0, 400))
def test_counting_one_by_one_counting_all_and_counting_in_two_parts_are_the_same(seed: int, cut: int) -> None:
    quotes = best(seed)
    whole, single, parts = (MicroPriceCounts((1, 3), 5) for _ in range(3))
    whole.on_quotes(quotes)
    for row in rows(quotes):
        single.on_quote(*row)
    parts.on_quotes(Quotes(*(getattr(quotes, name)[:cut] for name in NAMES)))
    for row in rows(quotes)[cut : cut + 5]:
        parts.on_quote(*row)
    parts.on_quotes(Quotes(*(getattr(quotes, name)[cut + 5 :] for name in NAMES)))
    assert_same(whole.counts, single.counts)
    assert_same(whole.counts, parts.counts)


def test_blocks_join_when_there_are_too_many_and_nothing_is_lost() -> None:
    quotes = worlds.ruin(1, 20_000, buckets=5, back=2)
    whole, single = MicroPriceCounts((1,), 5), MicroPriceCounts((1,), 5)
    whole.on_quotes(quotes)
    for row in rows(quotes):
        single.on_quote(*row)
    assert_same(whole.counts, single.counts)
    assert (19_999, 256, 79) == (whole.counts.transitions, whole.counts.block, len(whole.counts.stayed))
    ours, theirs = microprice_of(single.counts), fit_microprice(quotes, spread_ticks=(1,), buckets=5)
    np.testing.assert_array_equal(ours.adjustment_ticks, theirs.adjustment_ticks)
    np.testing.assert_array_equal(ours.low_ticks, theirs.low_ticks)


def held(seed: int, *, steps: int, buckets: int, back: int) -> np.ndarray:
    found = fit_microprice(
        worlds.ruin(seed, steps, buckets=buckets, back=back), buckets=buckets, repeats=100, seed=seed
    )
    truth = worlds.ruin_truth(buckets=buckets, back=back)
    inside = (found.low_ticks[0] <= truth) & (truth <= found.high_ticks[0])
    return inside[: buckets // 2]


def test_intervals_hold_the_adjustment_in_closed_form() -> None:
    share = np.mean([held(seed, steps=6_000, buckets=5, back=3) for seed in range(40)], axis=0)
    assert (share >= 0.85).all()


@pytest.mark.study
@pytest.mark.parametrize("back", [1, 2, 3])
def test_intervals_hold_the_adjustment_at_their_level_over_five_hundred_days(back: int) -> None:
    share = np.mean([held(seed, steps=10_000, buckets=5, back=back) for seed in range(500)], axis=0)
    assert (np.abs(share - 0.95) < 0.03).all()


def test_a_balanced_book_has_its_mid_and_the_mirror_image_the_opposite() -> None:
    found = fit_microprice(worlds.ruin(3, 5_000, buckets=7, back=4), buckets=7)
    np.testing.assert_array_equal(found.adjustment_ticks[0], -found.adjustment_ticks[0, ::-1])
    assert 0.0 == found.adjustment_ticks[0, 3]
    assert found.adjustment(spread_ticks=1, bid_lots=5, ask_lots=5).value == 0.0
    pair = [found.adjustment(spread_ticks=1, bid_lots=a, ask_lots=b) for a, b in ((9, 2), (2, 9))]
    assert pair[0].value == -pair[1].value > 0
    assert (pair[0].low, pair[0].high) == pytest.approx((-pair[1].high, -pair[1].low))


def test_neither_price_level_nor_size_of_lots_changes_it_and_flipping_the_sides_does_not() -> None:
    quotes = worlds.ruin(4, 4_000, buckets=5, back=3)
    table = fit_microprice(quotes, buckets=5).adjustment_ticks
    moved = Quotes(
        quotes.time_ns, quotes.bid_ticks - 50_000, 9 * quotes.bid_lots, quotes.ask_ticks - 50_000, 9 * quotes.ask_lots
    )
    flipped = Quotes(quotes.time_ns, -quotes.ask_ticks, quotes.ask_lots, -quotes.bid_ticks, quotes.bid_lots)
    np.testing.assert_allclose(table, fit_microprice(moved, buckets=5).adjustment_ticks, atol=1e-12)
    np.testing.assert_allclose(table, fit_microprice(flipped, buckets=5).adjustment_ticks, atol=1e-12)


def test_wider_spreads_than_the_table_have_a_class_of_their_own_and_any_tick_will_do() -> None:
    rng = np.random.default_rng(5)
    bid = 10_000 + 25 * np.cumsum(rng.integers(-1, 2, 3_000))
    lots = rng.integers(1, 50, (2, 3_000))
    quotes = Quotes(np.arange(3_000), bid, lots[0], bid + 25 * rng.choice([1, 2, 40], 3_000), lots[1])
    assert (25, 50, 1_000) == spread_classes(quotes)
    found = fit_microprice(quotes, spread_ticks=(25, 50), buckets=3)
    assert (3, 3) == found.adjustment_ticks.shape
    assert np.isfinite(found.adjustment_ticks).all()
    fine = Quotes(quotes.time_ns, bid // 25, lots[0], quotes.ask_ticks // 25, lots[1])
    np.testing.assert_allclose(
        found.adjustment_ticks / 25, fit_microprice(fine, spread_ticks=(1, 2), buckets=3).adjustment_ticks, atol=1e-12
    )


def test_it_foretells_the_mid_better_than_the_mid_and_the_weighted_mid_out_of_sample() -> None:
    table = fit_microprice(worlds.ruin(6, 20_000, buckets=7, back=5), buckets=7)
    other = worlds.ruin(7, 20_000, buckets=7, back=5)
    other = dataclasses.replace(other, time_ns=other.time_ns * worlds.SECOND)
    found = microprice_errors(table, other, horizon_s=40)
    assert found.micro < min(found.mid, found.weighted_mid)
    assert found.saved_of_mid.low > 0
    assert found.saved_of_weighted.low > 0
    assert 1 - (found.micro / found.mid) ** 2 == pytest.approx(found.saved_of_mid.value)
    assert 0 == found.unknown


def test_a_state_never_seen_has_no_price_and_no_adjustment() -> None:
    table = fit_microprice(worlds.ruin(8, 2_000, buckets=5, back=2), spread_ticks=(1, 2), buckets=5)
    assert np.isnan(table.adjustment_ticks[1:]).all()
    quotes = Quotes(*(np.array(column) for column in ([1, 2, 3], [10, 10, 10], [5, 5, 0], [11, 12, 11], [5, 5, 5])))
    np.testing.assert_array_equal([10.5, np.nan, np.nan], table.prices(quotes))
    with pytest.raises(Unidentified, match="spread class 1, bucket 2 was seen 0 times"):
        table.adjustment(spread_ticks=2, bid_lots=5, ask_lots=5)
    gauge = MicroPriceGauge(table)
    gauge.on_quote(1, 10, 5, 11, 5)
    gauge.on_quote(2, 10, 0, 11, 5)
    assert (10.5, 1) == (gauge.value, gauge.passed_over)
    gauge.on_quote(3, 11, 5, 11, 5)
    assert np.isnan(gauge.value)


def test_states_from_which_the_mid_never_moves_are_refused() -> None:
    quotes = worlds.ruin(9, 2_000, buckets=5, back=2)
    # Then the spread opens to three ticks, and stays: the mid moves once, into states it is never left from.
    tail = np.arange(200)
    stuck = Quotes(
        np.append(quotes.time_ns, 2_000 + tail),
        np.append(quotes.bid_ticks, np.full(200, quotes.bid_ticks[-1] - 1)),
        np.append(quotes.bid_lots, 1 + tail % 7),
        np.append(quotes.ask_ticks, np.full(200, quotes.bid_ticks[-1] + 2)),
        np.append(quotes.ask_lots, 1 + tail % 5),
    )
    with pytest.raises(Unidentified, match="the mid never moved, and 4 more states are like it"):
        fit_microprice(stuck, spread_ticks=(1, 3), buckets=5)


def test_what_cannot_be_is_refused() -> None:
    quotes = worlds.ruin(1, 500, buckets=5, back=2)
    with pytest.raises(BadParameter, match="buckets 10 must be odd"):
        fit_microprice(quotes, buckets=10)
    with pytest.raises(BadParameter, match=r"spread_ticks \(2, 1\)"):
        fit_microprice(quotes, spread_ticks=(2, 1))
    with pytest.raises(BadParameter, match="repeats 3"):
        fit_microprice(quotes, repeats=3)
    still = Quotes(np.arange(500), *(np.full(500, each) for each in (10, 5, 11, 5)))
    with pytest.raises(BadData, match="the mid moved 0 times in 499 quotes"):
        fit_microprice(still)
    nothing = np.zeros(0, np.int64)
    with pytest.raises(BadData, match="the mid moved 0 times in 0 quotes"):
        fit_microprice(Quotes(nothing, nothing, nothing, nothing, nothing))
    table = fit_microprice(worlds.ruin(2, 5_000, buckets=5, back=2), buckets=5)
    with pytest.raises(BadData, match="0 of 500 quotes have a known state"):
        microprice_errors(table, quotes, horizon_s=10)
    with pytest.raises(BadData, match="the mid never moves"):
        microprice_errors(table, dataclasses.replace(still, time_ns=still.time_ns * 10**9), horizon_s=1)
    counts = MicroPriceCounts()
    counts.on_quote(5, 10, 1, 11, 1)
    with pytest.raises(BadData, match="an event at 4 is before"):
        counts.on_quote(4, 10, 1, 11, 1)
