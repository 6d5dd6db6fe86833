"""Sides of prints: each rule against its words, and what is decided at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.contracts.test_gauges import market
from tests.reference.vpin import prevailing, side_of

from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Quotes, Trades, select
from nowake.microstructure.classify import RULES, Ground, Place, SideGauge, classify, reverse_tick_test, tick_test
from nowake.microstructure.contract import play

LIVE = [name for name, rule in RULES.items() if not rule.looks_ahead and name != "true"]


def quotes(*rows: tuple[int, int, int]) -> Quotes:
    """(time, bid, ask), 10 lots a side."""
    table = np.array(rows, np.int64).reshape(-1, 3)
    lots = np.full(len(table), 10)
    return Quotes(time_ns=table[:, 0], bid_ticks=table[:, 1], bid_lots=lots, ask_ticks=table[:, 2], ask_lots=lots)


def prints(*rows: tuple[int, int], side: int = 0) -> Trades:
    """(time, price), one lot each."""
    table = np.array(rows, np.int64).reshape(-1, 2)
    flags = np.zeros(len(table), np.bool_)
    return Trades(
        time_ns=table[:, 0],
        price_ticks=table[:, 1],
        lots=np.ones(len(table), np.int64),
        aggressor=np.full(len(table), side, np.int8),
        hidden=flags,
        auction=flags,
    )


def side(rule: str, price: int, bid: int = 100, ask: int = 110, *, last: int | None = None) -> int:
    """The side of one print at a price, after one at `last`, in a market of 100 to 110."""
    trades = prints(*([] if last is None else [(5, last)]), (6, price))
    return int(classify(trades, quotes((1, bid, ask)), rule=rule).side[-1])


@pytest.mark.parametrize(
    ("price", "quote", "lee_ready", "emo", "clnv"),
    [
        # After an uptick: what the quotes leave open is a buy.
        (111, 1, 1, 1, 1),
        (110, 1, 1, 1, 1),
        (107, 1, 1, 1, 1),
        (105, 0, 1, 1, 1),
        (104, -1, -1, 1, 1),
        (103, -1, -1, 1, -1),
        (101, -1, -1, 1, -1),
        (100, -1, -1, -1, -1),
        (99, -1, -1, 1, 1),
    ],
)
def test_each_rule_listens_to_the_quotes_in_its_own_part_of_the_spread(
    price: int, quote: int, lee_ready: int, emo: int, clnv: int
) -> None:
    told = {rule: side(rule, price, last=90) for rule in ("quote", "lee-ready", "emo", "clnv")}
    assert {"quote": quote, "lee-ready": lee_ready, "emo": emo, "clnv": clnv} == told


def test_the_ends_of_a_band_belong_to_it_also_where_tenths_are_not_exact_in_binary() -> None:
    # 0.3 of a spread of 30 is 9 ticks: from 100 to 130, 109 and 121 are the ends.
    assert (-1, 1) == (side("clnv", 109, 100, 130, last=90), side("clnv", 121, 100, 130, last=200))
    assert (1, -1) == (side("clnv", 110, 100, 130, last=90), side("clnv", 120, 100, 130, last=200))


def test_a_print_at_the_mid_of_an_odd_spread_is_on_a_side() -> None:
    # Between 100 and 103 the mid is 101.5: no whole tick is at it.
    assert [-1, -1, 1, 1] == [side("quote", price, 100, 103) for price in range(100, 104)]


def test_in_a_locked_market_a_print_at_the_touch_goes_to_the_ticks() -> None:
    assert {"quote": 0, "lee-ready": 1, "emo": 1, "clnv": 1} == {
        rule: side(rule, 100, 100, 100, last=99) for rule in ("quote", "lee-ready", "emo", "clnv")
    }
    assert (1, -1) == (side("lee-ready", 101, 100, 100), side("lee-ready", 99, 100, 100))


def test_a_crossed_or_one_sided_quote_is_no_quote_and_the_one_before_it_stands() -> None:
    book = quotes((1, 100, 110), (2, 120, 90), (3, 50, 60))
    book.ask_lots[2] = 0
    found = classify(prints((9, 108)), book, rule="quote")
    assert (1, Place.INSIDE) == (found.side[0], found.place[0])
    crossed = classify(prints((9, 108), (10, 109)), quotes((1, 120, 90)))
    assert [Ground.NOTHING, Ground.TICKS] == crossed.ground.tolist()
    assert [Place.NO_QUOTE, Place.NO_QUOTE] == crossed.place.tolist()


def test_the_quote_of_a_prints_own_stamp_comes_after_it() -> None:
    book = quotes((1, 100, 110), (5, 80, 90))
    assert [1, 1] == classify(prints((5, 108), (6, 108)), book, rule="quote").side.tolist()
    assert [-1] == classify(prints((5, 102)), book, rule="quote").side.tolist()


def test_a_lag_looks_at_an_earlier_quote() -> None:
    book = quotes((1_000, 100, 110), (4_000, 120, 130))
    trades = prints((5_000, 115))
    assert (-1, 1) == tuple(classify(trades, book, rule="quote", lag_ns=lag).side[0] for lag in (0, 1_000))


def test_before_the_first_quote_the_ticks_decide_and_say_so() -> None:
    found = classify(prints((1, 100), (2, 101), (3, 101), (9, 130)), quotes((5, 100, 110)))
    assert [0, 1, 1, 1] == found.side.tolist()
    assert [Ground.NOTHING, Ground.TICKS, Ground.TICKS, Ground.QUOTES] == found.ground.tolist()
    assert (1, 2, 1) == tuple(found.decided_by[each] for each in (Ground.NOTHING, Ground.TICKS, Ground.QUOTES))
    assert "4 prints by lee-ready: 1 by nothing, 1 by quotes, 2 by ticks" == str(found)


def test_the_feeds_side_is_kept_unless_it_is_asked_not_to() -> None:
    trades = prints((6, 101), side=1)
    book = quotes((1, 100, 110))
    kept = classify(trades, book)
    assert (1, Ground.TRUE_SIDE) == (kept.side[0], kept.ground[0])
    assert [-1] == classify(trades, book, keep_true=False).side.tolist()
    assert [1] == classify(trades, rule="true").side.tolist()


def test_a_constant_price_leaves_the_tick_test_undecided() -> None:
    found = classify(prints(*((at, 100) for at in range(5))), rule="tick")
    assert (5, {Ground.NOTHING: 5}) == (found.undecided, {g: n for g, n in found.decided_by.items() if n})


def test_the_reverse_tick_test_is_the_tick_test_of_time_reversed() -> None:
    price = np.array([5, 5, 6, 4, 4, 4, 7])
    assert [-1, -1, 1, -1, -1, -1, 0] == reverse_tick_test(price).tolist()
    assert tick_test(price[::-1]).tolist() == reverse_tick_test(price)[::-1].tolist()


def test_a_day_without_prints_or_quotes_is_classified_as_nothing() -> None:
    assert 0 == len(classify(prints(), quotes()))
    assert "0 prints by lee-ready: none" == str(classify(prints(), quotes((1, 100, 110))))
    assert [0, 1] == classify(prints((1, 100), (2, 101)), quotes()).side.tolist()


@pytest.mark.parametrize("rule", LIVE)
@pytest.mark.parametrize("seed", range(4))
def test_every_rule_is_what_its_paper_says_of_each_print_of_a_wild_market(rule: str, seed: int) -> None:
    book, trades = market(seed)
    lag = 3_000_000 * (seed % 2)
    price = trades.price_ticks.tolist()
    wanted = [
        side_of(rule, price[row], prevailing(book, at - lag), price[:row])
        for row, at in enumerate(trades.time_ns.tolist())
    ]
    assert wanted == classify(trades, book, rule=rule, lag_ns=lag, keep_true=False).side.tolist()


@pytest.mark.parametrize("rule", LIVE)
def test_mirrored_prices_flip_every_side_and_larger_ticks_change_none(rule: str) -> None:
    book, trades = market(5)
    told = classify(trades, book, rule=rule, keep_true=False).side
    columns = {"time_ns": trades.time_ns, "lots": trades.lots, "aggressor": trades.aggressor}
    flags = {"hidden": trades.hidden, "auction": trades.auction}
    mirrored = Trades(price_ticks=-trades.price_ticks, **columns, **flags)
    back = Quotes(
        time_ns=book.time_ns,
        bid_ticks=-book.ask_ticks,
        bid_lots=book.ask_lots,
        ask_ticks=-book.bid_ticks,
        ask_lots=book.bid_lots,
    )
    assert (-told).tolist() == classify(mirrored, back, rule=rule, keep_true=False).side.tolist()
    scaled = Trades(price_ticks=7 * trades.price_ticks + 3, **columns, **flags)
    wide = Quotes(book.time_ns, 7 * book.bid_ticks + 3, book.bid_lots, 7 * book.ask_ticks + 3, book.ask_lots)
    assert told.tolist() == classify(scaled, wide, rule=rule, keep_true=False).side.tolist()


def test_later_events_change_no_side_told_before() -> None:
    book, trades = market(6)
    whole = classify(trades, book).side
    for count in (1, 17, 60):
        part = select(trades, slice(0, count))
        known = select(book, book.time_ns < part.time_ns[-1])
        assert whole[:count].tolist() == classify(part, known).side.tolist()


@given(st.lists(st.tuples(st.integers(95, 115), st.integers(95, 115), st.integers(0, 20)), min_size=1, max_size=30))
def test_places_are_what_they_say(rows: list[tuple[int, int, int]]) -> None:
    for price, bid, width in rows:
        found = classify(prints((6, price)), quotes((1, bid, bid + width)))
        ask = bid + width
        wanted = (
            Place.OUTSIDE
            if not bid <= price <= ask
            else Place.LOCKED
            if not width
            else Place.TOUCH
            if price in (bid, ask)
            else Place.MID
            if 2 * price == bid + ask
            else Place.INSIDE
        )
        assert wanted == found.place[0]


def test_tables_of_two_clocks_or_two_markets_are_refused() -> None:
    rng = np.random.default_rng(1)
    mid = 10_000 + 20 * np.cumsum(rng.choice([-1, 1], 500))
    at = np.arange(500) * 1_000
    book = quotes(*zip(at.tolist(), (mid - 1).tolist(), (mid + 1).tolist(), strict=True))
    good = [(int(t) + 500, int(m) + 1) for t, m in zip(at, mid, strict=True)]
    assert 500 == (classify(prints(*good), book).side == 1).sum()
    late = prints(*((t + 37_000, price) for t, price in good))
    with pytest.raises(BadData, match="not of one clock or one instrument"):
        classify(late, book)
    before = prints(*((t - 10_000_000, price) for t, price in good))
    with pytest.raises(BadData, match="come before the first quote"):
        classify(before, book)
    assert 500 == len(classify(late, book, rule="tick"))
    assert 500 == len(classify(prints(*good), book, lag_ns=37_000))


def test_a_rule_that_cannot_be_followed_is_refused_with_the_way_out() -> None:
    with pytest.raises(BadParameter, match=r"no rule is named 'lee'; take one of true, tick"):
        classify(prints((1, 2)), rule="lee")
    with pytest.raises(BadParameter, match="take the rule 'tick'"):
        classify(prints((1, 2)), rule="emo")
    for lag_ns in (-1, 0.5, math.nan, math.inf):
        with pytest.raises(BadParameter, match=f"lag_ns {lag_ns} must be whole nanoseconds, 0 or more"):
            classify(prints((1, 2)), quotes(), lag_ns=lag_ns)  # type: ignore[arg-type]
        with pytest.raises(BadParameter, match=f"lag_ns {lag_ns} must be whole nanoseconds, 0 or more"):
            SideGauge(lag_ns=lag_ns)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="signs nothing"):
        classify(prints((1, 2)), rule="true", keep_true=False)
    with pytest.raises(BadParameter, match="looks at later prints"):
        SideGauge("reverse-tick")
    with pytest.raises(BadData, match="aggressor 2 must be"):
        classify(prints((1, 2), side=2), rule="tick")
    half = prints((1, 2))
    with pytest.raises(BadData, match="give whole ticks"):
        classify(
            Trades(
                time_ns=half.time_ns,
                price_ticks=half.price_ticks + 0.5,
                lots=half.lots,
                aggressor=half.aggressor,
                hidden=half.hidden,
                auction=half.auction,
            ),
            rule="tick",
        )


def test_a_gauge_counts_what_decided_and_refuses_a_quote_of_the_past() -> None:
    book, trades = market(8)
    gauge = SideGauge()
    play(gauge, book, trades)
    assert classify(trades, book).decided_by == gauge.counts
    late = SideGauge()
    assert np.isnan(late.value)
    late.on_trade(5_000, 100, 1, 0)
    with pytest.raises(BadData, match="a quote at 4999 is before the last event, at 5000"):
        late.on_quote(4_999, 99, 1, 101, 1)
    with pytest.raises(BadData, match="side 3 must be"):
        late.on_trade(5_000, 100, 1, 3)
