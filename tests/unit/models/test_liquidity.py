"""Liquidity of drawn books, and scores that rank among what the user gave."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.unit.models.makers import instrument, quotes

from nowake.domain.errors import BadParameter
from nowake.models.liquidity import SCORES, Books, Liquidity, liquidity, ranks, scores
from nowake.models.market import MarketState

MARKET = MarketState.given(price=100.0, daily_volatility=0.02, daily_volume=1e6, spread_bps=2.0, window_volume=50_000.0)
SECOND = 1_000_000_000


def books(looks: int = 24, *, shown: int = 3) -> Books:
    """Every look the same: 100 at 99.99 and 100.01, 200 a tick behind, 300 eleven ticks out."""
    bid, ask, lots = [9_999, 9_998, 9_988], [10_001, 10_002, 10_012], [100, 200, 300]
    rows = lambda row: np.tile(np.array(row, dtype=np.int64), (looks, 1))  # noqa: E731
    return Books(
        time_ns=np.arange(looks, dtype=np.int64), bid_ticks=rows(bid), bid_lots=rows(lots), ask_ticks=rows(ask),
        ask_lots=rows(lots), shown=shown,
    )  # fmt: skip


def ask_for(quantity: float, side: int = 1, **changed: object) -> Liquidity:
    table = quotes([(k * 60.0, 9_999, 10_001) for k in range(60)])
    wanted = {"start_ns": 0, "end_ns": 3600 * SECOND, "books": books()} | changed
    return liquidity(quantity, side, instrument(), MARKET, table, **wanted)  # type: ignore[arg-type]


def test_depth_within_counts_levels_by_their_distance_from_the_mid() -> None:
    found = ask_for(100, within_bps=(1.0, 2.0, 12.0))
    assert [(each.bid.value, each.ask.value) for each in found.within] == [(100, 100), (300, 300), (600, 600)]


def test_depth_within_is_comparable_with_the_touch_as_it_stood() -> None:
    """The touch stood at 400 for three quarters of the time, which looks at a heavy-tailed book may well miss."""
    table = quotes([(0.0, 9_999, 10_001), (2_700.0, 9_999, 10_001)])
    table.bid_lots[:], table.ask_lots[:] = (400, 100), 100
    found = liquidity(
        100, 1, instrument(), MARKET, table, start_ns=0, end_ns=3600 * SECOND, books=books(), within_bps=(1.0, 12.0)
    )
    assert found.bid_touch == pytest.approx(325)
    assert [each.bid.value for each in found.within] == pytest.approx([325, 6 * 325])
    assert [each.ask.value for each in found.within] == pytest.approx([100, 600])


def test_the_interval_of_depth_within_holds_the_truth_when_depth_goes_with_the_touch() -> None:
    rng, held, level = np.random.default_rng(5), 0, 1_000.0
    for _ in range(300):
        drawn = books(360)
        drawn.bid_lots[:, 0] = rng.lognormal(4.0, 1.0, 360).astype(np.int64) + 1
        drawn.bid_lots[:, 1] = (drawn.bid_lots[:, 0] * rng.uniform(0.5, 1.5, 360)).astype(np.int64)
        table = quotes([(0.0, 9_999, 10_001)])
        table.bid_lots[:] = level
        (within,) = liquidity(
            100, 1, instrument(), MARKET, table, start_ns=0, end_ns=3600 * SECOND, books=drawn, within_bps=(2.0,)
        ).within
        held += within.bid.low < 2 * level < within.bid.high  # The second level is as deep as the first on average.
    assert 0.91 < held / 300 < 0.985


def test_a_book_that_ends_within_the_distance_is_counted_as_cut() -> None:
    found = ask_for(100, within_bps=(2.0, 12.0))
    assert [each.cut for each in found.within] == [0.0, 1.0]


def test_taking_it_all_walks_the_levels() -> None:
    """250 from the ask: 100 at one tick, 150 at two, so 1.6 ticks of 0.01 on 100 from the mid."""
    for side in (1, -1):
        sweep = ask_for(250, side).sweep
        assert sweep is not None
        assert sweep.cost_bps is not None
        assert (sweep.possible, sweep.cost_bps.value) == (1.0, pytest.approx(1.6))


def test_more_than_is_displayed_has_no_cost_of_taking_it() -> None:
    sweep = ask_for(601).sweep
    assert sweep is not None
    assert (sweep.possible, sweep.cost_bps) == (0.0, None)


def test_the_order_is_held_against_touch_day_and_window() -> None:
    found = ask_for(25_000, cap=0.2)
    assert (found.times_touch, found.share_of_day, found.share_of_window) == (250, 0.025, 0.5)
    assert found.days_at_cap == pytest.approx(0.1)  # A quarter of the others' volume.


def test_imbalance_weighs_states_by_how_long_they_stood() -> None:
    table = quotes([(0.0, 9_999, 10_001), (2_700.0, 9_999, 10_001)])
    table.bid_lots[0], table.ask_lots[0] = 300, 100
    found = liquidity(100, 1, instrument(), MARKET, table, start_ns=0, end_ns=3600 * SECOND)
    assert found.imbalance.value == pytest.approx(0.75 * 0.5)
    assert found.within == ()
    assert found.sweep is None


def test_a_score_is_the_share_of_the_reference_below() -> None:
    others = [
        MarketState.given(price=100, daily_volatility=0.01 * k, daily_volume=1e5 * k, spread_bps=k)
        for k in range(1, 11)
    ]
    found = {score.name: score for score in scores(MARKET, others)}
    assert tuple(found) == SCORES
    ranked = {name: score.rank.value for name, score in found.items() if score.rank is not None}
    # Volatility 2 % ties with the second of ten, as does a spread of 2; a volume of 1e6 ties with the last.
    assert ranked["volatility"] == pytest.approx(0.15)
    assert ranked["spread"] == pytest.approx(0.15)
    assert ranked["volume"] == pytest.approx(0.95)
    assert ranked["liquidity"] == 1.0  # Theirs is all 1e7 a percent, its own 5e7.
    assert found["volatility"].rank is not None
    assert found["volatility"].rank.n == 10
    assert 0 < found["volatility"].rank.low < 0.15 < found["volatility"].rank.high < 0.5


def test_with_few_references_scores_are_withheld_with_the_reason() -> None:
    found = scores(MARKET, [MARKET] * 4)
    assert all(score.rank is None for score in found)
    assert "needs 5 or more markets to compare with, not 4" in found[0].withheld_because


def test_ranks_of_a_list_are_the_scores_of_each_among_all() -> None:
    rng = np.random.default_rng(1)
    markets = [
        MarketState.given(price=float(p), daily_volatility=float(v), daily_volume=float(n), spread_bps=float(round(s)))
        for p, v, n, s in rng.uniform([10, 0.01, 1e5, 1], [90, 0.04, 1e6, 5], (20, 4))
    ]
    table = ranks(markets)
    for market, row in zip(markets, table, strict=True):
        assert row.tolist() == pytest.approx([score.rank.value for score in scores(market, markets) if score.rank])
    assert np.isnan(ranks(markets[:4])).all()


def test_a_market_that_stands_still_is_more_liquid_than_any() -> None:
    still = MarketState.given(price=100, daily_volatility=0.0, daily_volume=1e6, spread_bps=2)
    (found, *_) = scores(still, [MARKET] * 5)
    assert math.isinf(found.value)
    assert found.rank is not None
    assert found.rank.value == 1.0


def test_caps_and_distances_out_of_range_are_refused() -> None:
    with pytest.raises(BadParameter, match=r"cap 1\.5"):
        ask_for(1, cap=1.5)
    with pytest.raises(BadParameter, match="distances"):
        ask_for(1, within_bps=(0.0,))
