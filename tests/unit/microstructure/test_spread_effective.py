"""Effective spread, realised spread and impact: worked by hand, the errors others made, and a market of known truth."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.microstructure.small_tapes import SECOND, quotes_of, trades_of, walk

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades
from nowake.microstructure.spreads.effective import effective_spreads, print_spreads
from nowake.microstructure.spreads.means import side_names, size_classes, time_classes

QUOTES = quotes_of((0, 99, 101), (10, 101, 103), (20, 105, 107), (600, 105, 107))
BUY, SELL = trades_of((5, 101, 10, 1)), trades_of((5, 99, 10, -1))


def one(quotes, trades, horizon_s=10, **options):
    return print_spreads(quotes, trades, horizons_ns=(horizon_s * SECOND,), **options)


def test_a_buy_at_the_ask_before_a_rise_costs_its_spread_and_its_maker_more():
    found = one(QUOTES, BUY)
    # Mid 100, price 101, mid ten seconds later 102.
    assert [2.0] == found.effective_ticks.tolist()
    assert [[-2.0]] == found.realised_ticks.tolist()
    assert [[4.0]] == found.impact_ticks.tolist()
    assert [200.0] == found.in_bps(found.effective_ticks).tolist()


def test_a_sell_before_a_rise_has_negative_impact():
    found = one(QUOTES, SELL)
    assert [2.0] == found.effective_ticks.tolist()
    assert [[6.0]] == found.realised_ticks.tolist()
    assert [[-4.0]] == found.impact_ticks.tolist()


def test_impact_is_twice_the_move_of_the_mid_and_not_the_move():
    assert 2 * (102.0 - 100.0) == one(QUOTES, BUY).impact_ticks[0, 0]


def test_a_horizon_is_time_and_not_rows():
    # 300 seconds after second 5 the fourth quote is still to come; 300 rows on there is none.
    assert [[2 * (101 - 106.0)]] == one(QUOTES, BUY, 300).realised_ticks.tolist()


def test_the_later_mid_is_the_one_that_stands_and_not_the_next_to_come():
    quotes = quotes_of((0, 99, 101), (7, 101, 103), (16, 199, 201), (30, 199, 201))
    assert [[102.0]] == one(quotes, BUY).later_ticks.tolist()


def test_a_later_mid_past_the_end_of_the_quotes_is_not_known():
    found = one(QUOTES, BUY, 900)
    assert np.isnan(found.later_ticks).all()
    assert [2.0] == found.effective_ticks.tolist()


def test_a_later_mid_past_the_close_given_is_not_known():
    assert np.isnan(one(QUOTES, BUY, until_ns=15 * SECOND).later_ticks).all()
    assert [[102.0]] == one(QUOTES, BUY, until_ns=15 * SECOND + 1).later_ticks.tolist()


@pytest.mark.parametrize(("clock", "mid"), [("before", 100.0), ("at", 102.0)])
def test_a_quote_of_the_very_stamp_counts_only_where_asked_for(clock, mid):
    assert [mid] == one(QUOTES, trades_of((10, 103, 1, 1)), clock=clock).mid_ticks.tolist()


def test_a_quote_of_the_very_stamp_of_a_later_instant_counts():
    quotes = quotes_of((0, 99, 101), (15, 101, 103), (60, 101, 103))
    assert [[102.0]] == one(quotes, BUY).later_ticks.tolist()


def test_of_quotes_that_share_a_stamp_the_last_one_stands():
    quotes = quotes_of((0, 99, 101), (15, 199, 201), (15, 101, 103), (60, 101, 103))
    assert [[102.0]] == one(quotes, BUY).later_ticks.tolist()


def test_crossed_and_one_sided_quotes_do_not_count_and_locked_ones_do():
    quotes = quotes_of((0, 99, 101), (6, 103, 102), (12, 104, 104), (60, 99, 101))
    assert [[100.0, 104.0]] == print_spreads(quotes, BUY, horizons_ns=(SECOND, 8 * SECOND)).later_ticks.tolist()
    empty = np.array([100, 0, 100])
    size = np.full(3, 100)
    seconds = np.array([0, 6, 60]) * SECOND
    one_sided = Quotes(seconds, np.array([99, 103, 99]), size, np.array([101, 105, 101]), empty)
    assert [[100.0]] == one(one_sided, BUY, 8).later_ticks.tolist()


def test_a_quote_older_than_the_limit_is_not_used_and_counted():
    late = trades_of((5, 101, 1, 1), (300, 107, 1, 1))
    found = one(QUOTES, late, stale_ns=60 * SECOND)
    assert [0] == found.row.tolist()
    assert 1 == found.stale
    table = effective_spreads(QUOTES, late, stale_ns=60 * SECOND)
    assert (2, 0.5, 1) == (table.prints, table.found, table.stale)


def test_prints_without_use_are_counted_by_reason():
    trades = trades_of((0, 101, 1, 1), (5, 101, 1, 1), (6, 101, 1, 1), (7, 101, 1, 1), (8, 100, 1, 0))
    hidden = Trades(
        time_ns=trades.time_ns,
        price_ticks=trades.price_ticks,
        lots=trades.lots,
        aggressor=trades.aggressor,
        hidden=np.array([False, True, False, False, False]),
        auction=np.array([False, False, True, False, False]),
    )
    found = one(QUOTES, hidden, side=hidden.aggressor)
    assert [3] == found.row.tolist()
    left = found.left_out
    assert (1, 1, 1, 1) == (left.before_quotes, left.hidden, left.auction, left.unsigned)


def test_sides_that_nobody_tells_are_guessed_and_counted():
    trades = trades_of((5, 101, 1, 0), (6, 99, 1, 0), (7, 101, 1, 1))
    found = one(QUOTES, trades)
    assert [1.0, -1.0, 1.0] == found.side.tolist()
    assert 2 == found.guessed
    assert "sides as told, 67% by Lee-Ready" in str(effective_spreads(QUOTES, trades))


def test_effective_is_realised_plus_impact_of_each_print_and_of_each_mean():
    quotes, trades = walk(5, impact=0.4)
    found = print_spreads(quotes, trades)
    parts = found.realised_ticks + found.impact_ticks
    whole = np.where(np.isfinite(parts), found.effective_ticks[:, None], np.nan)
    np.testing.assert_allclose(parts, whole, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.in_bps(found.realised_ticks) + found.in_bps(found.impact_ticks),
                               found.in_bps(whole), rtol=1e-12, atol=1e-12)  # fmt: skip
    classes = size_classes(trades.lots, (100, 300))
    for weight in ("equal", "share", "value"):
        table = effective_spreads(quotes, trades, weight=weight, by={"size": classes})
        assert 3 == len(table.groups)
        for at in (at for group in table.groups for at in group.at):
            for unit in ("ticks", "bps"):
                whole, kept, moved = (
                    getattr(at, f"{part}_{unit}").value for part in ("effective", "realised", "impact")
                )
                assert whole == pytest.approx(kept + moved, rel=1e-12, abs=1e-12)


def test_weights_are_what_they_say():
    trades = trades_of(*((5 + k, 101, 1, 1) for k in range(50)), *((60 + k, 108, 3, 1) for k in range(50)))
    means = {
        weight: effective_spreads(QUOTES, trades, weight=weight).groups[0].effective_ticks.value
        for weight in ("equal", "share", "value")
    }
    by_hand = print_spreads(QUOTES, trades).effective_ticks
    lots, price = trades.lots, trades.price_ticks
    assert means["equal"] == pytest.approx(by_hand.mean(), rel=1e-12)
    assert means["share"] == pytest.approx((by_hand * lots).sum() / lots.sum(), rel=1e-12)
    assert means["value"] == pytest.approx((by_hand * lots * price).sum() / (lots * price).sum(), rel=1e-12)


def test_groups_hold_all_prints_once_and_name_what_they_share():
    quotes, trades = walk(6)
    by = {"side": np.where(trades.aggressor > 0, "buy", "sell"), "size": size_classes(trades.lots, (250,))}
    table = effective_spreads(quotes, trades, by=by)
    assert ("side", "size") == table.names
    labels = [group.labels for group in table.groups]
    assert labels == [(side, size) for side in ("buy", "sell") for size in ("250 and more", "below 250")]
    assert len(trades) == sum(group.prints for group in table.groups)
    assert int(trades.lots.sum()) == sum(group.lots for group in table.groups)


def test_classes_of_size_side_and_time_say_what_they_hold(generated_day):
    assert ["below 100", "100 to 499", "500 and more"] == size_classes(np.array([99, 100, 500]), (100, 500)).tolist()
    assert ["buy", "sell"] == side_names(np.array([1, -1])).tolist()
    session = generated_day.instrument.session
    times = np.array([session.at(clock) for clock in ("09:59:59", "10:00", "15:29", "15:30")])
    names = time_classes(times, session, ("10:00", "15:30")).tolist()
    assert ["to 10:00", "10:00 to 15:30", "10:00 to 15:30", "from 15:30"] == names
    for wrong in ((), (500, 100), (100, 100)):
        with pytest.raises(BadParameter, match="rise"):
            size_classes(np.array([1]), wrong)
    with pytest.raises(BadParameter, match="rise"):
        time_classes(times, session, ("15:30", "10:00"))


def test_flipping_the_market_flips_nothing():
    quotes, trades = walk(7, impact=0.3)
    mirror = 40_000
    flipped = Quotes(
        quotes.time_ns, mirror - quotes.ask_ticks, quotes.ask_lots, mirror - quotes.bid_ticks, quotes.bid_lots
    )
    back = Trades(trades.time_ns, mirror - trades.price_ticks, trades.lots, -trades.aggressor, trades.hidden,
                  trades.auction)  # fmt: skip
    here, there = print_spreads(quotes, trades), print_spreads(flipped, back)
    np.testing.assert_array_equal(here.realised_ticks, there.realised_ticks)
    np.testing.assert_array_equal(here.impact_ticks, there.impact_ticks)


def test_a_finer_tick_changes_no_basis_point():
    quotes, trades = walk(8, impact=0.3)
    finer = Quotes(quotes.time_ns, 10 * quotes.bid_ticks, quotes.bid_lots, 10 * quotes.ask_ticks, quotes.ask_lots)
    prints = Trades(trades.time_ns, 10 * trades.price_ticks, trades.lots, trades.aggressor, trades.hidden,
                    trades.auction)  # fmt: skip
    here, there = effective_spreads(quotes, trades), effective_spreads(finer, prints)
    assert here.groups[0].effective_bps.value == pytest.approx(there.groups[0].effective_bps.value, rel=1e-12)


def test_intervals_hold_the_known_impact_of_a_simulated_market():
    truth = 2 * 0.4  # A print moves the mid one tick with probability 0.4; spreads are twice that.
    held = 0
    for seed in range(20):
        quotes, trades = walk(seed, prints=1_000, impact=0.4)
        impact = effective_spreads(quotes, trades, horizons_ns=(SECOND,), weight="equal").groups[0].at[0].impact_ticks
        held += impact.low <= truth <= impact.high
    assert 17 <= held


@pytest.mark.study
@pytest.mark.parametrize("horizon_s", [1, 30, 300])
def test_intervals_hold_the_truth_as_often_as_they_say(horizon_s):
    held = 0
    for seed in range(600):
        quotes, trades = walk(seed, prints=2_000, impact=0.4)
        spreads = effective_spreads(quotes, trades, horizons_ns=(horizon_s * SECOND,), weight="share")
        impact = spreads.groups[0].at[0].impact_ticks
        held += impact.low <= 0.8 <= impact.high
    print(f"horizon {horizon_s} s: {held / 600:.3f}")
    assert 0.92 <= held / 600 <= 0.99


def test_groups_of_few_prints_have_no_mean_and_say_how_many():
    table = effective_spreads(QUOTES, BUY)
    assert table.groups[0].effective_bps is None
    assert 1 == table.groups[0].prints
    assert "not known" in str(table)


@pytest.mark.parametrize(
    ("quotes", "trades", "options", "words"),
    [
        (QUOTES, trades_of(), {}, "no prints"),
        (quotes_of(), BUY, {}, "none of 0 quotes"),
        (quotes_of((0, 103, 101)), BUY, {}, "none of 1 quotes"),
        (quotes_of((0, -3, 1)), BUY, {}, "above 0"),
        (QUOTES, trades_of((5, -4, 1, 1)), {}, "above 0"),
        (QUOTES, trades_of((5, 101, 0, 1)), {}, "above 0"),
        (QUOTES, trades_of((0, 101, 1, 1)), {}, "none of 1 prints"),
        (QUOTES, BUY, {"side": np.array([2])}, "sides"),
        (QUOTES, BUY, {"by": {"venue": np.array(["Q", "P"])}}, "venue"),
        (QUOTES, trades_of(*((5 + k / 100, 100_000, 1, 1) for k in range(200))), {}, "one clock"),
    ],
)
def test_data_without_meaning_is_refused_in_one_line(quotes, trades, options, words):
    with pytest.raises(BadData, match=words) as refused:
        effective_spreads(quotes, trades, **options)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "options",
    [
        {"horizons_ns": (0,)},
        {"horizons_ns": (2 * SECOND, SECOND)},
        {"horizons_ns": (1.5,)},
        {"weight": "dollars"},
        {"clock": "after"},
        {"stale_ns": 0},
        {"level": 1.0},
    ],
)
def test_parameters_out_of_range_are_refused(options):
    with pytest.raises(BadParameter):
        effective_spreads(QUOTES, BUY, **options)
