import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.models.makers import DAY_SECONDS, SECOND, instrument, order
from tests.unit.schedules.portfolio.desk import line, two_sided

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models.covariance import Covariance
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import twap, vwap
from nowake.schedules.portfolio import (
    Auction,
    Band,
    Basket,
    BasketPlan,
    EvenBasket,
    Limits,
    OptimalBasket,
    Rounding,
    Setting,
)
from nowake.schedules.portfolio.build import caps_in_lots
from nowake.schedules.rounding import whole_caps, with_minimum, within_caps
from nowake.schedules.solvers import solve

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
CURVE = VolumeCurve(edges_ns=tuple(DAY_SECONDS * SECOND * k // 4 for k in range(5)), shares=(0.4, 0.15, 0.15, 0.3))
T = 8


def of_orders(*rows: tuple[str, int, int, int], lot: str = "1") -> Basket:
    """Rows of (symbol, signed lots, start second, end second)."""
    orders = [
        order(
            abs(lots),
            side=Side(1 if lots > 0 else -1),
            start_s=start,
            end_s=end,
            of=msgspec.structs.replace(instrument(lot=lot), symbol=symbol),
        )
        for symbol, lots, start, end in rows
    ]
    return Basket.of(orders, [MARKET] * len(orders), covariance=Covariance.alike([0.02] * len(orders), 0.5))


# What a plan holds.


def test_parts_sum_to_the_cost_and_contributions_to_the_risk() -> None:
    plan = OptimalBasket(risk_aversion=1e-6, buckets=T).plan(two_sided())
    assert plan.expected_cost == pytest.approx(sum(float(part.sum()) for part in plan.line_costs.values()))
    assert plan.expected_cost_bps == pytest.approx(sum(plan.cost_parts_bps.values()))
    assert plan.risk == pytest.approx(plan.risk_by_line.sum())
    worths, matrix = plan.basket.worths, plan.basket.covariance.matrix
    pairs = itertools.pairwise(plan.left * worths)
    variance = sum(a @ matrix @ a + a @ matrix @ b + b @ matrix @ b for a, b in pairs) / 3 / T
    assert plan.risk == pytest.approx(math.sqrt(variance))
    np.testing.assert_allclose(
        plan.risk_left.sum(axis=1), [math.sqrt(x @ matrix @ x) for x in plan.left * worths], atol=1e-6
    )


def test_cost_and_risk_are_of_the_whole_lots_and_rounding_is_told() -> None:
    coarse = Basket(
        lines=tuple(
            msgspec.structs.replace(each, lots=each.lots // 5_000, lot_size=5_000.0) for each in two_sided().lines
        ),
        covariance=two_sided().covariance,
    )
    policy = OptimalBasket(risk_aversion=1e-6, buckets=T)
    plan = policy.plan(coarse)
    n = plan.lots * 5_000 * np.array([each.side for each in coarse.lines])
    value = sum(float(part.sum()) for part in plan.costs.parts(coarse.quantities, n).values())
    assert plan.expected_cost == pytest.approx(value)
    assert plan.rounding.after == pytest.approx(value + 1e-6 * plan.costs.variance(coarse.quantities, n))
    assert plan.rounding.before == pytest.approx(plan.certificate.objective, rel=1e-9)
    assert plan.rounding.cost > 0


def test_exposures_are_what_is_left_times_its_weight() -> None:
    plan = OptimalBasket(risk_aversion=1e-6, buckets=T).plan(two_sided())
    worths = plan.basket.worths
    betas = np.array([each.beta for each in plan.basket.lines])
    np.testing.assert_allclose(plan.exposure("dollar"), plan.left @ worths)
    np.testing.assert_allclose(plan.exposure("beta"), plan.left @ (worths * betas))
    banks = np.array([each.sector == "Banks" for each in plan.basket.lines])
    np.testing.assert_allclose(plan.exposure("sector Banks"), plan.left[:, banks] @ worths[banks])
    np.testing.assert_allclose(plan.exposure("cash"), np.concatenate(([0], np.cumsum(plan.trades @ worths))))
    with pytest.raises(BadParameter, match="no exposure 'momentum'; there are dollar, beta, sector Banks"):
        plan.exposure("momentum")


def test_schedules_serve_their_orders_inside_their_windows() -> None:
    half = DAY_SECONDS // 2
    basket = of_orders(("A", 6_000, 0, half), ("B", -9_001, 1_801, DAY_SECONDS), ("C", 77, half, half + 600))
    plan = OptimalBasket(risk_aversion=1e-6, buckets=13).plan(basket)
    for i, (schedule, each) in enumerate(zip(plan.schedules, basket.lines, strict=True)):
        assert schedule.order == each.order
        assert sum(schedule.lots) == each.lots
        assert schedule.times_ns[0] == each.order.start_ns
        assert schedule.times_ns[-1] == each.order.end_ns
        assert [n for n in schedule.lots if n] == [int(n) for n in plan.lots[:, i] if n]
        assert schedule.inputs["buckets"] == len(schedule.lots)
        assert schedule.certificate == plan.certificate
    parts = sum(
        schedule.expected_cost_bps * each.value for schedule, each in zip(plan.schedules, basket.lines, strict=True)
    )
    assert parts / 1e4 == pytest.approx(plan.expected_cost)


def test_an_auction_takes_a_nanosecond_of_a_schedule() -> None:
    basket = of_orders(("A", 60_000, 0, DAY_SECONDS))
    auctions = (
        Auction(name="open", at=0, volume_share=0.05),
        Auction(name="noon", at=0.5, volume_share=0.05),
        Auction(name="close", at=1, volume_share=0.2),
    )
    plan = OptimalBasket(risk_aversion=0, buckets=2, auctions=auctions).plan(basket)
    schedule, day = plan.schedules[0], DAY_SECONDS * SECOND
    assert schedule.times_ns == (0, 1, day // 2, day // 2 + 1, day - 1, day)
    assert list(schedule.lots) == plan.lots[:, 0].tolist()
    assert min(schedule.lots) > 0


def test_a_plan_without_orders_has_no_schedules() -> None:
    with pytest.raises(BadParameter, match=r"S0, S1.* \(6\) stand\(s\) for no parent order"):
        _ = OptimalBasket(risk_aversion=0).plan(two_sided()).schedules


def test_the_frame_has_a_row_for_each_trade() -> None:
    plan = OptimalBasket(risk_aversion=1e-6, buckets=T).plan(two_sided())
    frame = plan.to_frame()
    assert frame.height == np.count_nonzero(plan.lots)
    assert frame["value"].sum() == pytest.approx(plan.basket.gross)
    last = frame.filter(frame["symbol"] == "S3").tail(1)
    assert last["left"].item() == 0
    assert last["side"].item() == "buy"


def test_a_plan_whose_lots_do_not_sum_is_refused() -> None:
    plan = OptimalBasket(risk_aversion=1e-6, buckets=T).plan(two_sided())
    lots = plan.lots.copy()
    lots[0, 2] += 1
    with pytest.raises(BadParameter, match="lots of S2 sum to"):
        BasketPlan(
            name="wrong",
            basket=plan.basket,
            lots=lots,
            costs=plan.costs,
            line_costs=plan.line_costs,
            risk=plan.risk,
            exposures=plan.exposures,
            rounding=Rounding(before=0, after=0),
        )


def test_a_plan_prints_cost_risk_and_certificate() -> None:
    shown = str(OptimalBasket(risk_aversion=1e-6, buckets=T).plan(two_sided()))
    assert "expected cost" in shown
    assert "certificate" in shown
    assert max(len(each) for each in shown.splitlines()) <= 120


@pytest.mark.parametrize("profile", [(), (2.0, 1.0, 1.0, 1.5)])
def test_the_risk_is_that_of_trading_evenly_inside_buckets(profile: tuple[float, ...]) -> None:
    """Against equation 30 of the same trades cut into four hundred."""
    basket = two_sided(end_days=2.0)
    setting = Setting(buckets=T, volatility_profile=profile, overnight=0.3)
    fine = msgspec.structs.replace(setting, buckets=400 * T)
    trades = OptimalBasket(risk_aversion=1e-6, buckets=T).plan(basket).trades
    costs, x = setting.costing(basket), basket.quantities
    by_hand = math.sqrt(fine.costing(basket).variance(x, np.repeat(trades / 400, 400, axis=0)))
    assert costs.risk(x, trades) == pytest.approx(by_hand, rel=2e-3)
    assert costs.risk_by_line(x, trades).sum() == pytest.approx(costs.risk(x, trades))
    step = 1e-3 * x[2]  # Euler: a line's part is what the risk grows by as the line does.
    more = trades.copy()
    more[:, 2] *= 1 + 1e-3
    growth = costs.risk(x + step * (np.arange(len(x)) == 2), more) - costs.risk(x, trades)
    assert costs.risk_by_line(x, trades)[2] == pytest.approx(growth / 1e-3, rel=1e-2)


def test_the_even_plan_is_as_risky_in_one_bucket_as_in_many() -> None:
    basket = two_sided()
    one, many = (EvenBasket(buckets=n).plan(basket) for n in (1, 26))
    assert one.risk == pytest.approx(many.risk, rel=1e-4)
    assert one.risk == pytest.approx(basket.covariance.risk(basket.values) / math.sqrt(3))


# The even plan.


def test_the_even_plan_is_twap_of_each_order() -> None:
    basket = of_orders(("A", 6_007, 0, DAY_SECONDS // 2), ("B", -9_001, DAY_SECONDS // 2, DAY_SECONDS))
    plan = EvenBasket(buckets=8).plan(basket)
    for schedule in plan.schedules:
        even = twap(schedule.order, n=4)
        assert (even.lots, even.times_ns) == (schedule.lots, schedule.times_ns)


def test_the_even_plan_with_a_curve_is_vwap_of_each_order() -> None:
    basket = of_orders(("A", 6_007, 0, DAY_SECONDS))
    plan = EvenBasket(buckets=8, curve=CURVE).plan(basket)
    assert vwap(basket.lines[0].order, CURVE, n=8).lots == plan.schedules[0].lots


def test_the_even_plan_says_which_limits_it_breaks_and_does_not_keep_them() -> None:
    plan = EvenBasket(buckets=T, limits=Limits(max_participation=0.001, dollar_band=0.0)).plan(two_sided())
    assert any("trade more in a bucket than the limits allow" in note for note in plan.notes)
    free = EvenBasket(buckets=T).plan(two_sided())
    np.testing.assert_array_equal(free.lots, plan.lots)


def test_the_even_plan_costs_no_less_in_the_objective_than_the_optimum() -> None:
    even = EvenBasket(buckets=T, risk_aversion=1e-5).plan(two_sided())
    best = OptimalBasket(buckets=T, risk_aversion=1e-5).plan(two_sided())
    assert even.rounding.after > best.rounding.after * 1.05
    assert even.risk > best.risk


# Whole lots.


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("lot_size", [1.0, 100.0, 0.001])
def test_lots_sum_and_keep_caps_and_windows(seed: int, lot_size: float) -> None:
    base = two_sided(7, seed=seed)
    lines = tuple(
        msgspec.structs.replace(each, lots=max(1, round(each.quantity / lot_size)), lot_size=lot_size)
        for each in base.lines
    )
    basket = Basket(lines=lines, covariance=base.covariance)
    plan = OptimalBasket(risk_aversion=1e-5, buckets=T, limits=Limits(max_participation=0.3)).plan(basket)
    assert plan.lots.sum(axis=0).tolist() == [each.lots for each in lines]
    assert plan.lots.min() >= 0
    assert plan.participation.max() <= 0.3 * (1 + 1e-9)


def test_a_cap_below_a_lot_is_broken_by_as_little_as_can_be_and_said() -> None:
    basket = Basket(
        lines=(line("A", lots=3, lot_size=100.0, daily_volume=4_000.0),), covariance=Covariance.uncorrelated([0.02])
    )
    plan = OptimalBasket(risk_aversion=1e-6, buckets=T, limits=Limits(max_participation=0.1)).plan(basket)
    assert sorted(plan.lots[:, 0].tolist()) == [0, 0, 0, 0, 0, 1, 1, 1]
    assert plan.rounding.above_cap == pytest.approx(1.0)
    assert any(
        "whole lots of A (1) trade more in a bucket than its cap allows" in note and "at most 1 for 0.5 (A, " in note
        for note in plan.notes
    )
    assert "a cap is exceeded by 100.0%" in str(plan)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(("lots", "share", "most"), [(100, 3.846, 4), (18, 0.49, 1), (19, 0.95, 1)])
def test_lots_that_caps_have_no_room_for_are_spread_one_by_one(
    lots: int, share: float, most: int, reverse: bool
) -> None:
    """Caps of 3.846 lots hold 78 of 100; those of half a lot hold none, and must hold 18 in 40 buckets."""
    buckets = math.ceil(lots / share)
    basket = Basket(
        lines=(line("A", -1, lots, lot_size=100.0, daily_volume=share * 1_000 * buckets),),
        covariance=Covariance.uncorrelated([0.02]),
    )
    limits = Limits(max_participation=0.1, no_reversal=not reverse)
    policy = OptimalBasket(risk_aversion=1e-4, buckets=buckets, limits=limits)
    plan = policy.plan(basket)
    assert plan.lots.max() == most
    assert plan.lots.min() >= most - 1
    assert plan.rounding.above_cap == pytest.approx(most / share - 1, rel=1e-6)
    # Along the path of the optimum, never a lot away from it.
    solved = -np.cumsum(solve(policy.programme(basket)).trades[:, 0]) / 100
    assert np.abs(np.cumsum(plan.lots[:, 0]) - solved).max() < 1


def test_bands_are_kept_by_the_lots_that_caps_allow() -> None:
    """Caps rounded down after the optimum let a line fall behind its hedge by a lot more in every bucket."""
    basket = Basket(
        lines=(
            line("A", 1, 800, price=500.0, daily_volume=9_900.0),
            line("B", -1, 8_000, price=50.0, daily_volume=1e6),
        ),
        covariance=Covariance.alike([0.02] * 2, 0.8),
    )
    limits = Limits(max_participation=0.1, dollar_band=1e-4)
    plan = OptimalBasket(risk_aversion=1e-3, buckets=100, limits=limits).plan(basket)
    strays = np.abs(plan.exposure("dollar"))[:-1]  # Around 0: both are of one value.
    assert strays.max() <= 80 + 275  # Half a lot of each.
    assert plan.lots[:, 0].max() == 9
    assert not any("band" in note for note in plan.notes)


def test_lines_that_trade_back_keep_caps_in_whole_lots_where_there_is_room() -> None:
    basket = Basket(
        lines=(
            line("A", 1, 300, price=500.0, daily_volume=20_500.0, lot_size=10.0),
            line("B", -1, 5_300, price=50.0, daily_volume=150_700.0, lot_size=7.0, daily_volatility=0.05),
        ),
        covariance=Covariance.alike([0.02, 0.05], 0.95),
    )
    limits = Limits(max_participation=0.3, no_reversal=False, dollar_band=Band(width=0.9, around="path"))
    plan = OptimalBasket(risk_aversion=1e-4, buckets=20, limits=limits).plan(basket)
    assert plan.lots.min() < 0
    assert plan.participation.max() <= 0.3
    assert plan.lots.sum(axis=0).tolist() == [300, 5_300]


def test_bands_that_need_parts_of_a_lot_are_planned_by_the_caps_as_they_are() -> None:
    """Of 100 lots two thirds and one third are to be traded, and a cap of 33.75 is 33 lots."""
    last = line("B", 1, 10_000, start_days=0.75)  # The dollars until then are those of A.
    basket = Basket(
        lines=(line("A", 1, 100, daily_volume=1_350.0, end_days=0.75), last),
        covariance=Covariance.alike([0.02] * 2, 0.5),
    )
    limits = Limits(max_participation=0.1, dollar_band=0.0)
    plan = OptimalBasket(risk_aversion=1e-6, buckets=2, limits=limits).plan(basket)
    assert plan.lots[:, 0].tolist() == [67, 33]


def test_a_line_without_room_in_whole_lots_takes_them_from_no_other() -> None:
    basket = Basket(
        lines=(line("A", lots=3, lot_size=100.0), line("B", lots=40, lot_size=10.0)),
        covariance=Covariance.alike([0.02] * 2, 0.5),
    )
    room = np.array([[150.0, 155.0], [149.0, 255.0]])
    np.testing.assert_allclose(caps_in_lots(basket, room), [[150, 150], [149, 250]])
    assert np.isinf(caps_in_lots(basket, np.full((2, 2), np.inf))).all()


def test_trading_more_than_the_volume_of_a_bucket_is_said() -> None:
    basket = Basket(lines=(line("A", lots=300_000),), covariance=Covariance.uncorrelated([0.02]))
    hasty = OptimalBasket(risk_aversion=1e-2, buckets=T).plan(basket)
    words = (
        f"A (1) trade more in a bucket than the volume expected in it: at most {hasty.participation.max():.3g} times"
    )
    assert any(note.startswith(words) and "until 0.125 sessions" in note for note in hasty.notes)
    assert not any("volume expected in it" in note for note in EvenBasket(buckets=T).plan(basket).notes)


def test_a_line_has_a_participation_of_its_own() -> None:
    lines = (line("A", lots=60_000, max_participation=0.1), line("B", lots=60_000), line("C", 1, 60_000))
    basket = Basket(lines=lines, covariance=Covariance.alike([0.02] * 3, 0.5))
    plan = OptimalBasket(risk_aversion=1e-3, buckets=T, limits=Limits(max_participation=0.2)).plan(basket)
    np.testing.assert_allclose(plan.participation.max(axis=0), [0.1, 0.2, 0.2], rtol=1e-4)
    free = OptimalBasket(risk_aversion=1e-3, buckets=T).plan(basket)
    assert free.participation.max(axis=0)[0] == pytest.approx(0.1, rel=1e-4)
    assert free.participation.max(axis=0)[1] > 0.2
    slow = msgspec.structs.replace(basket, lines=(line("A", lots=60_000, max_participation=0.05), *lines[1:]))
    even = EvenBasket(buckets=T).plan(slow)
    assert any(note.startswith("A (1) trade more in a bucket than the limits allow") for note in even.notes)
    with pytest.raises(BadParameter, match=r"max_participation 0\.0 of A must be above 0"):
        line("A", max_participation=0.0)


def test_small_trades_are_merged_along_the_path_and_what_it_costs_is_told() -> None:
    basket = two_sided(6)
    relaxed = OptimalBasket(risk_aversion=1e-6, buckets=26).plan(basket)
    least = 1e5
    plan = OptimalBasket(risk_aversion=1e-6, buckets=26, limits=Limits(min_child_value=least)).plan(basket)
    values = np.abs(plan.trades) * basket.worths
    whole = np.array([each.value for each in basket.lines])
    small = (values > 0) & (values < np.minimum(least, whole) - 1e-6)
    assert not small.any()
    assert ((np.abs(relaxed.trades) * basket.worths < least) & (relaxed.lots > 0)).any()
    assert 0 < plan.rounding.cost < 0.1 * plan.rounding.before
    assert plan.rounding.before == pytest.approx(relaxed.rounding.before)
    # What lots cost without a smallest trade is not what the smallest trade costs.
    assert plan.rounding.cost - plan.rounding.smallest_trade == pytest.approx(relaxed.rounding.cost, abs=1e-3)
    assert "the smallest trade +" in str(plan)
    assert "the smallest trade" not in str(relaxed)


def test_a_line_below_the_smallest_trade_is_one_trade_in_the_middle_of_its_path() -> None:
    basket = Basket(lines=(line("A", lots=100),), covariance=Covariance.uncorrelated([0.02]))
    plan = OptimalBasket(risk_aversion=0, buckets=5, limits=Limits(min_child_value=1e6)).plan(basket)
    assert plan.lots[:, 0].tolist() == [0, 0, 100, 0, 0]


LOTS = st.lists(st.integers(0, 60), min_size=1, max_size=15).filter(sum)
SIGNED = st.lists(st.integers(-60, 60), min_size=1, max_size=15)


@given(LOTS, st.integers(1, 80))
def test_with_a_minimum_no_trade_is_smaller_and_the_path_is_near(lots: list[int], least: int) -> None:
    merged = with_minimum(lots, least)
    assert sum(merged) == sum(lots)
    assert all(n == 0 or n >= min(least, sum(lots)) for n in merged)
    away = np.abs(np.cumsum(merged) - np.cumsum(lots))
    assert away.max() <= least


@given(LOTS | SIGNED, st.integers(0, 60))
def test_within_caps_keeps_the_sum_and_the_caps_where_there_is_room(lots: list[int], cap: int) -> None:
    caps = [cap + k % 3 for k in range(len(lots))]
    if sum(caps) < abs(sum(lots)):
        with pytest.raises(BadParameter, match="have room for"):
            within_caps(lots, caps)
        return
    kept = within_caps(lots, caps)
    assert sum(kept) == sum(lots)
    assert all(abs(n) <= most for n, most in zip(kept, caps, strict=True))
    if min(lots) >= 0:
        assert min(kept) >= 0
    if all(abs(n) <= most for n, most in zip(lots, caps, strict=True)):
        assert tuple(lots) == kept


@given(st.lists(st.floats(1e-6, 5) | st.just(0.0), min_size=1, max_size=8).filter(sum), st.integers(0, 60))
def test_whole_caps_have_room_and_exceed_caps_by_the_least_share(caps: list[float], lots: int) -> None:
    whole = whole_caps(caps, lots)
    assert sum(whole) >= lots
    share = max((n / cap for n, cap in zip(whole, caps, strict=True) if cap > 0), default=0.0)
    down = [math.floor(min(cap, lots) + 1e-9) for cap in caps]
    if sum(down) >= lots:
        assert whole == tuple(down)
    else:
        assert sum(math.floor(cap * share * (1 - 1e-6)) for cap in caps) < lots


def test_caps_of_nothing_hold_no_lots() -> None:
    assert whole_caps([0.0, 0.0], 0) == (0, 0)
    for nothing in (0.0, 1e-320):
        with pytest.raises(BadParameter, match="3 lots have no bucket"):
            whole_caps([nothing, 0.0], 3)


@given(LOTS, st.integers(1, 30))
def test_a_minimum_under_caps_keeps_the_caps_where_there_is_room(lots: list[int], least: int) -> None:
    caps = [max(n, 20) for n in lots]
    merged = with_minimum(lots, least, caps)
    assert sum(merged) == sum(lots)
    assert all(0 <= n <= most for n, most in zip(merged, caps, strict=True))


def test_the_smallest_trade_costs_little_more_than_the_best_choice_of_whole_lots() -> None:
    basket = Basket(lines=(line("A", lots=14, lot_size=1_000.0),), covariance=Covariance.uncorrelated([0.02]))
    for risk_aversion in (0.0, 1e-5, 1e-4):
        plan = OptimalBasket(risk_aversion=risk_aversion, buckets=6, limits=Limits(min_child_value=150_000)).plan(
            basket
        )

        def objective(lots: tuple[int, ...], plan: BasketPlan = plan, weight: float = risk_aversion) -> float:
            trades = np.array(lots, dtype=float)[:, None] * 1_000
            parts = plan.costs.parts(basket.quantities, trades)
            return sum(float(part.sum()) for part in parts.values()) + weight * plan.costs.variance(
                basket.quantities, trades
            )

        every = (lots for lots in itertools.product((0, *range(3, 15)), repeat=6) if sum(lots) == 14)
        best = min(map(objective, every))
        assert min(n for n in plan.lots[:, 0] if n) >= 3
        assert objective(tuple(plan.lots[:, 0])) <= 1.05 * best


# Time.


def test_a_bucket_without_volume_is_in_the_schedule_and_trades_nothing() -> None:
    pause = VolumeCurve(edges_ns=CURVE.edges_ns, shares=(0.5, 0.0, 0.2, 0.3))
    basket = of_orders(("A", 60_000, 0, DAY_SECONDS))
    schedule = OptimalBasket(risk_aversion=1e-6, buckets=4, curve=pause).plan(basket).schedules[0]
    assert schedule.times_ns == CURVE.edges_ns
    assert schedule.lots[1] == 0
    assert min(schedule.lots[0], *schedule.lots[2:]) > 0


def test_a_curve_is_laid_over_each_session_of_a_basket_that_spans_nights() -> None:
    basket = Basket(
        lines=(line("A", end_days=1.75), line("B", start_days=0.25, end_days=1.0)),
        covariance=Covariance.uncorrelated([0.02, 0.02]),
        offset_days=0.5,
    )
    costs = OptimalBasket(risk_aversion=0, buckets=7, curve=CURVE).costing(basket)
    shares = np.array([0.15, 0.3, 0.4, 0.15, 0.15, 0.3, 0.4])  # From noon of the first day to 10 o'clock of the third.
    np.testing.assert_allclose(costs.volume[:, 0], 1e6 * shares)
    np.testing.assert_allclose(costs.volume[:, 1], 1e6 * shares * [0, 1, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(costs.temporary[:, 0] * shares, costs.temporary[0, 0] * 0.15)


def test_a_volatility_profile_is_laid_over_each_session_too() -> None:
    basket = Basket(lines=(line("A", end_days=1.0),), covariance=Covariance.uncorrelated([0.02]), offset_days=0.5)
    costs = OptimalBasket(risk_aversion=0, buckets=4, volatility_profile=(2.0, 1.0)).costing(basket)
    np.testing.assert_allclose(costs.risk_days, [0.1, 0.1, 0.4, 0.4])


# Scale.


def test_units_of_money_and_size_change_nothing_but_themselves() -> None:
    base = two_sided(6)
    limits = Limits(max_participation=0.3, dollar_band=0.01)
    plan = OptimalBasket(risk_aversion=1e-5, buckets=T, limits=limits).plan(base)
    for money, size in ((1e-4, 1e6), (1e5, 1e-6)):
        lines = tuple(
            msgspec.structs.replace(
                each,
                lot_size=size,
                market=MarketState.given(
                    price=each.market.price * money,
                    daily_volatility=each.market.daily_volatility.value,
                    daily_volume=each.market.daily_volume * size,
                    spread_bps=each.market.spread_bps.value,
                ),
            )
            for each in base.lines
        )
        other = OptimalBasket(risk_aversion=1e-5 / (money * size), buckets=T, limits=limits).plan(
            Basket(lines=lines, covariance=base.covariance)
        )
        # An iterative solver stops within its tolerance, not at the same lot.
        np.testing.assert_allclose(plan.lots, other.lots, atol=2e-3 * plan.lots.sum(axis=0).max())
        assert other.expected_cost_bps == pytest.approx(plan.expected_cost_bps, rel=1e-5)
        assert other.risk_bps == pytest.approx(plan.risk_bps, rel=1e-4)


def test_lines_of_very_different_size_are_planned_together() -> None:
    lines = (
        line("COIN", 1, 3_000, lot_size=1e-5, price=60_000.0, daily_volume=1e4),
        line("PENNY", -1, 400_000_000, price=0.0007, daily_volume=1e10),
        line("ES", 1, 900, multiplier=50.0, price=5_000.0, daily_volume=1.5e6),
        line("BIG", -1, 2_000_000, price=90.0, daily_volume=5e7),
    )
    basket = Basket(lines=lines, covariance=Covariance.alike([0.02] * 4, 0.5))
    plan = OptimalBasket(risk_aversion=1e-8, buckets=T, limits=Limits(max_participation=0.2)).plan(basket)
    assert plan.lots.sum(axis=0).tolist() == [each.lots for each in lines]
    assert plan.certificate.value < 1e-6
    assert (plan.lots > 0).any(axis=0).all()
