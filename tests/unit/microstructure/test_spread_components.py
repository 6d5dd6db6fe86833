import numpy as np
import pytest
from tests.unit.microstructure.spread_worlds import (
    glosten_harris_market,
    huang_stoll_market,
    madhavan_market,
    trades_of,
)

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Quotes
from nowake.microstructure.contract import play
from nowake.microstructure.toxicity.chain import orders_of, product, solve, sums_of
from nowake.microstructure.toxicity.glosten_harris import GlostenHarrisGauge, glosten_harris, glosten_harris_share
from nowake.microstructure.toxicity.huang_stoll import (
    HuangStollGauge,
    huang_stoll,
    huang_stoll_share,
    huang_stoll_two_way,
)
from nowake.microstructure.toxicity.madhavan import MadhavanGauge, madhavan, madhavan_share

NO_QUOTES = Quotes(*(np.zeros(0, np.int64) for _ in range(5)))
SIZE = 15.0
SHARES = {
    "glosten harris": (100 + 8 * SIZE) / (300 + 12 * SIZE),
    "madhavan": 120 / 300,
    "two ways": 0.5,
    "adverse": 0.3,
    "inventory": 0.2,
}


def estimates(seed: int, *, count: int):
    quotes, trades = huang_stoll_market(seed, count=count)
    three = huang_stoll(quotes, trades)
    return {
        "glosten harris": glosten_harris(glosten_harris_market(seed, count=count), at_lots=SIZE).adverse_share,
        "madhavan": madhavan(madhavan_market(seed, count=count)).adverse_share,
        "two ways": huang_stoll_two_way(huang_stoll_market(seed, count=count, reversal=0.5)[1]).informed_share,
        "adverse": three.adverse_share,
        "inventory": three.inventory_share,
    }


def coverage(repeats: int, *, count: int) -> dict[str, float]:
    rows = [estimates(seed, count=count) for seed in range(repeats)]
    return {name: np.mean([row[name].low <= truth <= row[name].high for row in rows]) for name, truth in SHARES.items()}


def test_intervals_hold_the_truth() -> None:
    held = coverage(60, count=1_500)
    assert min(held.values()) >= 0.87, held


@pytest.mark.study
def test_intervals_hold_the_truth_at_their_level() -> None:
    held = coverage(600, count=3_000)
    print(held)
    assert all(0.925 <= share <= 0.975 for share in held.values()), held


@pytest.mark.parametrize("seed", range(3))
def test_shares_sum_to_one(seed: int) -> None:
    one, two = glosten_harris(glosten_harris_market(seed)), madhavan(madhavan_market(seed))
    quotes, trades = huang_stoll_market(seed)
    ways, three = huang_stoll_two_way(trades), huang_stoll(quotes, trades)
    for shares in (
        (one.adverse_share, one.transitory_share),
        (two.adverse_share, two.processing_share),
        (ways.informed_share, ways.processing_share),
        (three.adverse_share, three.inventory_share, three.processing_share),
    ):
        assert pytest.approx(sum(share.value for share in shares), abs=1e-12) == 1


def changed(trades, **columns):
    parts = {name: getattr(trades, name) for name in ("price_ticks", "aggressor", "lots", "time_ns")} | columns
    return trades_of(parts["price_ticks"], parts["aggressor"], parts["lots"], parts["time_ns"])


@pytest.mark.parametrize("of", [glosten_harris, madhavan], ids=["glosten harris", "madhavan"])
def test_price_level_price_scale_and_the_flip_of_sides_leave_shares_alone(of) -> None:
    trades = glosten_harris_market(2)
    found = of(trades).adverse_share
    moved = of(changed(trades, price_ticks=trades.price_ticks - 2_000_000)).adverse_share
    scaled = of(changed(trades, price_ticks=1_000 * trades.price_ticks)).adverse_share
    flipped = of(changed(trades, price_ticks=-trades.price_ticks, aggressor=-trades.aggressor)).adverse_share
    for other in (moved, scaled, flipped):
        assert (found.value, found.low, found.high) == pytest.approx((other.value, other.low, other.high), rel=1e-9)


def test_sizes_of_billions_of_lots_stay_exact() -> None:
    trades = glosten_harris_market(2, count=500)
    large = changed(trades, lots=trades.lots * 10_000_000_000)
    assert glosten_harris(trades).adverse_share.value == pytest.approx(
        glosten_harris(large).adverse_share.value, rel=1e-9
    )
    columns = large.lots, large.price_ticks
    by_hand = sum(a * b for a, b in zip(large.lots.tolist(), large.price_ticks.tolist(), strict=True))
    assert by_hand == product(sums_of(columns), 2, 0, 1) == product(sums_of(columns), 2, 1, 0)


def test_sums_give_least_squares() -> None:
    rng = np.random.default_rng(1)
    columns = [rng.integers(-9, 10, 50) for _ in range(4)]
    wanted = np.linalg.lstsq(np.column_stack((columns[2], columns[0])).astype(float), columns[1].astype(float))[0]
    np.testing.assert_allclose(wanted, solve(sums_of(columns), 4, (2, 0), 1), rtol=1e-12)
    assert solve(sums_of([columns[0], 2 * columns[0], columns[1]]), 3, (0, 1), 2) is None


def test_prints_of_one_stamp_and_side_are_one_order_at_the_last_price() -> None:
    trades = trades_of([10, 11, 12, 9, 9, 8], [1, 1, -1, -1, 0, 0], [1, 2, 3, 4, 5, 6], [1, 1, 1, 2, 2, 2])
    merged = orders_of(trades)
    assert [11, 12, 9, 9, 8] == merged.price_ticks.tolist()
    assert [3, 3, 4, 5, 6] == merged.lots.tolist()
    assert [1, -1, -1, 0, 0] == merged.side.tolist()
    assert len(orders_of(trades, merge=False).side) == 6


def test_an_order_without_a_side_breaks_the_chain_and_is_counted() -> None:
    trades = glosten_harris_market(2)
    side = trades.aggressor.copy()
    side[1_000] = 0
    # What the unknown one did to the price must not matter.
    price = trades.price_ticks.copy()
    price[1_000] += 50_000
    found = glosten_harris(changed(trades, aggressor=side, price_ticks=price))
    assert (len(trades) - 3, 1) == (found.rows, found.unsigned)
    assert found.adverse_share.value == pytest.approx(glosten_harris(trades).adverse_share.value, rel=0.01)


def test_a_new_session_breaks_the_chain() -> None:
    gauge, joined = (MadhavanGauge() for _ in range(2))
    first, second = madhavan_market(1, count=400), madhavan_market(2, count=400)
    play(gauge, NO_QUOTES, first)
    gauge.new_session()
    later = changed(second, price_ticks=second.price_ticks + 10**9, time_ns=second.time_ns + 10**12)
    play(gauge, NO_QUOTES, later)
    play(joined, NO_QUOTES, first)
    play(joined, NO_QUOTES, later)
    assert gauge.value == pytest.approx(madhavan_share(madhavan_market(3, count=4_000)), abs=0.15)
    assert joined.value != pytest.approx(gauge.value, abs=0.15)


def test_gauges_end_with_the_numbers_of_the_whole_day() -> None:
    quotes, trades = huang_stoll_market(7)
    for gauge, share in (
        (GlostenHarrisGauge(by_size=False), glosten_harris(trades, by_size=False).adverse_share),
        (MadhavanGauge(), madhavan(trades).adverse_share),
        (HuangStollGauge(), huang_stoll(quotes, trades).adverse_share),
    ):
        assert share.value == play(gauge, quotes, trades)[-1]
    assert glosten_harris_share(trades, by_size=False) == glosten_harris(trades, by_size=False).adverse_share.value
    assert huang_stoll_share(quotes, trades) == huang_stoll(quotes, trades).adverse_share.value


def test_gauges_know_nothing_of_a_few_orders() -> None:
    quotes, trades = huang_stoll_market(7, count=150)
    for gauge in (GlostenHarrisGauge(by_size=False), MadhavanGauge(), HuangStollGauge()):
        values = play(gauge, quotes, trades)
        assert np.isnan(values[:99]).all()
        assert np.isfinite(values[-1])


def test_shares_outside_their_bounds_are_said_and_not_clamped() -> None:
    odd = glosten_harris(glosten_harris_market(1, c0=-50.0, c1=0.0, count=20_000), by_size=False)
    assert odd.adverse_share.value > 1
    assert not odd.sensible
    assert glosten_harris(glosten_harris_market(1)).sensible


def flat(count: int = 300, *, side=None, price=None, lots=None):
    rng = np.random.default_rng(1)
    side = rng.choice([-1, 1], count) if side is None else np.full(count, side)
    return trades_of(100 + side if price is None else np.full(count, price), side, lots)


@pytest.mark.parametrize("of", [glosten_harris, madhavan, huang_stoll_two_way], ids=lambda of: of.__name__)
@pytest.mark.parametrize(
    ("trades", "says"),
    [
        (trades_of([], []), "0 pairs of orders with sides are fewer than 100"),
        (flat(50), "49 pairs"),
        (flat(side=0), "0 pairs of orders"),
        (flat(price=100), "the price never changed over 299 pairs"),
        (trades_of(100 + np.arange(300) % 7, np.ones(300)), "hardly change over 299 pairs"),
    ],
    ids=["no trades", "few", "no sides", "constant price", "one-sided"],
)
def test_days_that_cannot_tell_are_refused_in_one_line(of, trades, says: str) -> None:
    with pytest.raises(Unidentified, match=says) as refused:
        of(trades)
    assert "\n" not in str(refused.value)


def test_sizes_that_never_change_are_refused_with_the_way_out() -> None:
    with pytest.raises(Unidentified, match="by_size=False"):
        glosten_harris(flat())
    assert pytest.approx(glosten_harris(flat(), by_size=False).half_spread_ticks.value) == 1


@pytest.mark.parametrize("of", [glosten_harris, madhavan, huang_stoll_two_way], ids=lambda of: of.__name__)
def test_sides_that_are_wrong_leave_no_spread_to_share(of) -> None:
    trades = glosten_harris_market(1, count=2_000)
    wrong = changed(trades, aggressor=np.random.default_rng(1).choice([-1, 1], 2_000))
    with pytest.raises(Unidentified, match="not surely above 0"):
        of(wrong)
    with pytest.raises(Unidentified, match="not surely above 0"):
        of(changed(trades, aggressor=-trades.aggressor))


def test_prints_and_sizes_that_are_none_are_refused() -> None:
    with pytest.raises(BadData, match="print 3 is of 0 lots"):
        madhavan(trades_of([1, 2, 3, 4], [1, 1, 1, 1], [5, 5, 5, 0]))
    for gauge in (GlostenHarrisGauge(), HuangStollGauge()):
        with pytest.raises(BadData, match="-1 lots"):
            gauge.on_trade(5, 100, -1, 1)
    for size in (0, -3, float("nan")):
        with pytest.raises(BadParameter, match="at_lots"):
            glosten_harris(flat(), at_lots=size)
        with pytest.raises(BadParameter, match="at_lots"):
            GlostenHarrisGauge(at_lots=size)


def test_quotes_and_trades_of_different_days_have_nothing_to_say() -> None:
    quotes, trades = huang_stoll_market(1, count=500)
    late = Quotes(*(getattr(quotes, name) for name in ("time_ns", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")))
    late.time_ns[:] += 10**15
    with pytest.raises(Unidentified, match="0 triples"):
        huang_stoll(late, trades)
    with pytest.raises(Unidentified, match="0 triples"):
        huang_stoll(NO_QUOTES, trades)
    late.time_ns[:] -= 2 * 10**15
    with pytest.raises(Unidentified, match="never moved"):
        huang_stoll(late, trades, bunch=False)


def test_orders_before_the_first_quote_and_one_sided_crossed_or_locked_quotes_are_no_trouble() -> None:
    quotes, trades = huang_stoll_market(1)
    quotes.bid_lots[:10] = 0
    quotes.bid_ticks[50] = quotes.ask_ticks[50] + 1
    quotes.bid_ticks[60] = quotes.ask_ticks[60]
    found = huang_stoll(quotes, trades, bunch=False)
    assert (10, 0) == (found.before_quotes, found.merged)
    assert (len(trades) - 12) == found.rows
    gauge = HuangStollGauge(bunch=False)
    assert found.adverse_share.value == play(gauge, quotes, trades)[-1]
