import math
from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, order
from tests.unit.schedules.portfolio.desk import Oracle, line, two_sided

from nowake.domain.errors import BadParameter, Infeasible
from nowake.models.covariance import Covariance
from nowake.models.impact import CrossImpact, Linear, SquareRoot
from nowake.models.impact.kernels import Exponential
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import AlmgrenChriss
from nowake.schedules.portfolio import (
    Auction,
    Band,
    Basket,
    EvenBasket,
    Limits,
    OptimalBasket,
    Setting,
    basket_frontier,
)
from nowake.schedules.solvers import solve

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
CURVE = VolumeCurve(edges_ns=tuple(DAY_SECONDS * SECOND * k // 4 for k in range(5)), shares=(0.4, 0.15, 0.15, 0.3))
T = 8


def reached(policy: OptimalBasket, basket: Basket) -> tuple[float, np.ndarray]:
    """Expected cost plus lambda times variance of the solved trades, by the costing, not by the programme."""
    trades = solve(policy.programme(basket)).trades
    costs = policy.costing(basket)
    parts = costs.parts(basket.quantities, trades)
    risk = policy.risk_aversion * costs.variance(basket.quantities, trades)
    return sum(float(part.sum()) for part in parts.values()) + risk, trades


def held(trades: np.ndarray, basket: Basket) -> np.ndarray:
    return basket.quantities - np.cumsum(trades, axis=0)


def even_path(basket: Basket, steps: int = T) -> np.ndarray:
    return np.outer(1 - np.arange(1, steps + 1) / steps, basket.quantities)


# One line.


@pytest.mark.parametrize("risk_aversion", [0.0, 1e-6, 1e-5, 1e2])
@pytest.mark.parametrize("side", [1, -1])
def test_one_line_is_an_almgren_chriss_schedule(risk_aversion: float, side: int) -> None:
    parent = order(60_000, end_s=DAY_SECONDS // 2)
    basket = Basket.of([parent], [MARKET], covariance=Covariance.uncorrelated([0.02]))
    found = OptimalBasket(risk_aversion=risk_aversion, buckets=13).plan(basket).schedules[0]
    alone = AlmgrenChriss(Linear.from_market(MARKET), risk_aversion, n=13).plan(parent, MARKET)
    assert (alone.lots, alone.times_ns) == (found.lots, found.times_ns)
    assert found.expected_cost_bps == pytest.approx(alone.expected_cost_bps, rel=1e-12)
    assert found.cost_risk_bps == pytest.approx(alone.cost_risk_bps, rel=1e-12)
    assert found.cost_parts == pytest.approx(alone.cost_parts)


def test_one_line_with_a_model_that_is_not_linear_is_that_schedule_too() -> None:
    parent, model = order(60_000, end_s=DAY_SECONDS // 2), SquareRoot(relaxed=0.3)
    basket = Basket.of([parent], [MARKET], covariance=Covariance.uncorrelated([0.02]))
    found = OptimalBasket(risk_aversion=1e-5, buckets=13, model=model).plan(basket).schedules[0]
    alone = AlmgrenChriss(model, 1e-5, n=13).plan(parent, MARKET)
    assert alone.lots == found.lots
    assert found.expected_cost_bps == pytest.approx(alone.expected_cost_bps, rel=1e-9)


def test_a_multiplier_counts_in_cost_and_risk() -> None:
    one = Basket(lines=(line(lots=500, multiplier=50.0),), covariance=Covariance.uncorrelated([0.02]))
    same = Basket(lines=(line(lots=500),), covariance=Covariance.uncorrelated([0.02]))
    future = OptimalBasket(risk_aversion=2e-6, buckets=T).plan(one)
    share = OptimalBasket(risk_aversion=1e-4, buckets=T).plan(same)
    np.testing.assert_array_equal(share.lots, future.lots)
    assert future.expected_cost == pytest.approx(50 * share.expected_cost)
    assert future.risk == pytest.approx(50 * share.risk)


# Against the same problem in cvxpy.


@pytest.mark.parametrize("risk_aversion", [0.0, 1e-7, 1e-5])
@pytest.mark.parametrize("reverse", [False, True])
def test_a_basket_reaches_the_least_there_is(risk_aversion: float, reverse: bool) -> None:
    basket = two_sided()
    policy = OptimalBasket(risk_aversion=risk_aversion, buckets=T, limits=Limits(no_reversal=not reverse))
    oracle = Oracle(basket, T, risk_aversion, reverse=reverse)
    assert oracle.solve() == pytest.approx(reached(policy, basket)[0], rel=1e-7)


def test_caps_and_all_bands_are_kept_at_the_least_cost() -> None:
    basket = two_sided(9)
    limits = Limits(max_participation=0.25, dollar_band=0.002, beta_band=0.01, sector_band=0.01, max_child_value=1.2e6)
    policy = OptimalBasket(risk_aversion=2e-5, buckets=T, limits=limits)
    value, trades = reached(policy, basket)
    worth, gross = basket.worths, basket.gross
    volumes = np.array([each.market.daily_volume for each in basket.lines]) / T
    caps = np.floor(np.minimum(0.25 * volumes, 1.2e6 / worth))  # In whole lots, of one.
    weights = [worth, worth * np.array([each.beta for each in basket.lines])]
    weights += [
        worth * np.array([each.sector == name for each in basket.lines]) for name in ("Banks", "Energy", "Retail")
    ]
    widths = [0.002, 0.01, 0.01, 0.01, 0.01]
    path = even_path(basket)
    rows = [(w, path @ w - width * gross, path @ w + width * gross) for w, width in zip(weights, widths, strict=True)]
    oracle = Oracle(basket, T, 2e-5, cap=caps, rows=rows)
    assert oracle.solve() == pytest.approx(value, rel=1e-6)
    assert (np.abs(trades) <= caps * (1 + 1e-9)).all()
    for w, low, high in rows:
        exposure = held(trades, basket) @ w
        assert (exposure[:-1] >= low[:-1] - 1e-6 * gross).all()
        assert (exposure[:-1] <= high[:-1] + 1e-6 * gross).all()
    assert Oracle(basket, T, 2e-5).solve() < value * (1 - 1e-6)


def test_volume_and_volatility_run_through_the_day() -> None:
    basket, profile = two_sided(), (1.5, 0.8, 0.7, 1.2)
    policy = OptimalBasket(risk_aversion=1e-6, buckets=T, curve=CURVE, volatility_profile=profile)
    tau_v = np.repeat(CURVE.shares, 2) / 2
    squares = np.repeat(np.square(profile), 2)
    oracle = Oracle(basket, T, 1e-6, tau_volume=tau_v, tau_risk=squares / squares.sum())
    assert oracle.solve() == pytest.approx(reached(policy, basket)[0], rel=1e-7)


def test_without_risk_aversion_a_basket_follows_the_volume_curve() -> None:
    # With permanent impact the discrete optimum leans off the curve by a few shares; without it is the curve.
    basket = two_sided()
    models = {each.symbol: Linear(gamma=0.0, eta=1e-6, epsilon=0.01) for each in basket.lines}
    found = OptimalBasket(risk_aversion=0, buckets=T, curve=CURVE, model=models).plan(basket)
    even = EvenBasket(buckets=T, curve=CURVE).plan(basket)
    np.testing.assert_allclose(even.lots, found.lots, atol=1)


@pytest.mark.parametrize("exponent", [1.5, 1.25])
def test_a_power_of_the_rate_is_solved_as_such(exponent: float) -> None:
    basket = two_sided(4)
    policy = OptimalBasket(risk_aversion=1e-6, buckets=T, exponent=exponent)
    oracle = Oracle(basket, T, 1e-6, exponent=exponent)
    assert oracle.solve() == pytest.approx(reached(policy, basket)[0], rel=1e-6)


def test_the_power_costs_what_the_model_says_at_the_even_rate() -> None:
    basket = two_sided(4)
    square, linear = (EvenBasket(buckets=T, exponent=each).plan(basket).cost_parts for each in (1.5, 2.0))
    assert square["temporary"] == pytest.approx(linear["temporary"], rel=1e-5)  # Whole lots.
    model = SquareRoot(relaxed=0.3)
    plan = EvenBasket(buckets=200, exponent=1.5, model=model).plan(basket)
    said = [model.total_bps(each.market.terms(each.quantity, 1.0)) / 1e4 * each.value for each in basket.lines]
    found = plan.line_costs["temporary"] + plan.line_costs["permanent"]
    np.testing.assert_allclose(said, found, rtol=1e-4)


def test_cross_impact_of_both_kinds_is_costed_and_solved() -> None:
    basket = two_sided(4)
    spread = np.array([each.market.spread for each in basket.lines])
    volume = np.array([each.market.daily_volume for each in basket.lines])
    own = np.sqrt(np.outer(spread / volume, spread / volume))
    permanent, temporary = 10 * own * (0.3 + 0.7 * np.eye(4)), 100 * own * (0.4 + 0.6 * np.eye(4))
    policy = OptimalBasket(
        risk_aversion=1e-6,
        buckets=T,
        cross_impact=CrossImpact(assets=basket.symbols, slopes=permanent, prices=basket.worths),
        cross_temporary=CrossImpact(assets=basket.symbols, slopes=temporary, prices=basket.worths),
    )
    oracle = Oracle(basket, T, 1e-6, gamma=permanent, cross=temporary - np.diag(np.diagonal(temporary)))
    assert oracle.solve() == pytest.approx(reached(policy, basket)[0], rel=1e-7)


def test_expected_moves_pull_trades_forward_or_back() -> None:
    basket = two_sided(4)
    policy = OptimalBasket(risk_aversion=1e-6, buckets=T, drift_bps={"S1": 50.0, "S2": -30.0})
    oracle = Oracle(basket, T, 1e-6, drift=np.array([0, 50, -30, 0]) / 1e4 * basket.worths)
    assert oracle.solve() == pytest.approx(reached(policy, basket)[0], rel=1e-7)
    # S1 is bought and rises, S2 is sold and falls: both are to be done sooner.
    calm = OptimalBasket(risk_aversion=1e-6, buckets=T).plan(basket).lots
    hurried = policy.plan(basket).lots
    assert (hurried[0, 1:3] > calm[0, 1:3]).all()


def test_an_auction_is_a_bucket_of_its_own() -> None:
    basket = two_sided(4)
    close = Auction(name="close", at=1.0, volume_share=0.1, impact=0.5)
    policy = OptimalBasket(risk_aversion=1e-8, buckets=T, auctions=(close,), limits=Limits(max_participation=0.2))
    value, trades = reached(policy, basket)
    daily = np.array([each.market.daily_volume for each in basket.lines])
    caps = np.floor(0.2 * np.vstack((np.tile(daily / T, (T, 1)), 0.1 * daily)))
    oracle = Oracle(
        basket,
        T + 1,
        1e-8,
        tau_volume=np.array([1 / T] * T + [0.2]),
        tau_risk=np.array([1 / T] * T + [0]),
        spread_share=np.array([1.0] * T + [0.0]),
        cap=caps,
    )
    assert oracle.solve() == pytest.approx(value, rel=1e-7)
    assert (np.abs(trades[-1]) > 1000).all()
    # The auction that takes place at the last deadline, after waiting through the last bucket.
    assert policy.costing(basket).timeline.names == ("",) * T + ("close",)


@pytest.mark.parametrize("exponent", [2.0, 1.5, 1.2])
def test_an_auction_costs_the_multiple_of_as_much_continuous_trading_whatever_the_exponent(exponent: float) -> None:
    basket = Basket(lines=(line("A", lots=50_000),), covariance=Covariance.uncorrelated([0.02]))
    close = Auction(name="close", at=1.0, volume_share=0.25, impact=0.25)
    costs = Setting(buckets=4, exponent=exponent, auctions=(close,)).costing(basket)
    continuous, auction = (
        costs.parts(basket.quantities, 50_000.0 * np.eye(5)[:, [k]])["temporary"].sum() for k in (0, 4)
    )
    assert auction == pytest.approx(0.25 * continuous)


def crossed(part: float, **changes: object) -> tuple[Basket, OptimalBasket]:
    """Two lines of eta 2e-6 whose temporary impact on each other is a part of that."""
    basket = Basket(lines=(line("A", 1, 10_000), line("B", -1, 8_000)), covariance=Covariance.alike([0.02] * 2, 0.5))
    eta = 2e-6
    cross = CrossImpact(assets=("A", "B"), slopes=eta * np.array([[1, part], [part, 1]]), prices=basket.worths)
    model = Linear(gamma=0.0, eta=eta, epsilon=0.0)
    return basket, OptimalBasket(risk_aversion=1e-6, model=model, cross_temporary=cross, **changes)


def test_temporary_cross_impact_runs_by_the_clock_of_volume() -> None:
    """Almgren & Chriss 2000, equation 29: n' H n / tau with one tau, that of the diagonal."""
    curve = VolumeCurve(edges_ns=(0, SECOND, 2 * SECOND), shares=(0.8, 0.2))
    basket, policy = crossed(0.5, buckets=2, curve=curve)
    parts = policy.costing(basket).parts(basket.quantities, np.array([[5_000.0, -4_000.0]] * 2))
    assert (parts["temporary"] + parts["cross"]).sum() == pytest.approx(262.5)
    basket, policy = crossed(0.9, buckets=2, curve=curve)
    h = 2e-6 * np.array([[1, 0.9], [0.9, 1]])
    oracle = Oracle(
        basket,
        2,
        1e-6,
        gamma=np.zeros((2, 2)),
        tau_volume=np.array([0.8, 0.2]),
        cross=h - np.diag([2e-6] * 2),
        eta=np.full(2, 2e-6),
        spread=np.zeros(2),
    )
    assert oracle.solve() == pytest.approx(reached(policy, basket)[0], rel=1e-7)


def test_temporary_cross_impact_of_lines_of_different_clocks_is_convex_and_said() -> None:
    curves = {"A": CURVE, "B": VolumeCurve(edges_ns=CURVE.edges_ns, shares=(0.1, 0.2, 0.3, 0.4))}
    basket, policy = crossed(0.95, buckets=4, curve=curves, auctions=(Auction(name="close", at=1, volume_share=0.1),))
    plan = policy.plan(basket)
    assert plan.certificate.value < 1e-6
    assert any("longest clock" in note for note in plan.notes)
    assert not any("longest clock" in note for note in crossed(0.5)[1].plan(basket).notes)


def test_lines_keep_their_own_start_and_deadline() -> None:
    lines = list(two_sided(4).lines)
    lines[0] = line("S0", -1, 50_000, end_days=0.5)
    lines[1] = line("S1", 1, 40_000, start_days=0.25, end_days=0.75)
    basket = Basket(lines=tuple(lines), covariance=two_sided(4).covariance)
    policy = OptimalBasket(risk_aversion=1e-6, buckets=T)
    value, trades = reached(policy, basket)
    open_to = np.ones((T, 4), dtype=bool)
    open_to[4:, 0] = open_to[:2, 1] = open_to[6:, 1] = False
    assert Oracle(basket, T, 1e-6, open_to=open_to).solve() == pytest.approx(value, rel=1e-7)
    assert not trades[~open_to].any()
    plan = policy.plan(basket)
    assert plan.finish_days[0] <= 0.5
    assert plan.finish_days[1] <= 0.75


def test_a_deadline_inside_a_bucket_gives_it_less_volume_and_more_cost() -> None:
    basket = Basket(
        lines=(line("A", lots=20_000, end_days=0.6), line("B", lots=20_000)),
        covariance=Covariance.uncorrelated([0.02, 0.02]),
    )
    costs = OptimalBasket(risk_aversion=0, buckets=5).costing(basket)
    np.testing.assert_allclose(costs.volume[:, 0], [2e5, 2e5, 2e5, 0, 0])
    costs = OptimalBasket(risk_aversion=0, buckets=4).costing(basket)
    np.testing.assert_allclose(costs.volume[:, 0], [2.5e5, 2.5e5, 1e5, 0], atol=1e-6)
    plan = OptimalBasket(risk_aversion=0, buckets=4).plan(basket)
    assert plan.lots[2, 0] == pytest.approx(plan.lots[0, 0] * 0.4, rel=0.02)


def test_several_days_have_nights_whose_risk_is_paid_for() -> None:
    basket = Basket(lines=(line(lots=400_000, end_days=2.0),), covariance=Covariance.uncorrelated([0.02]))
    calm = OptimalBasket(risk_aversion=1e-6, buckets=8).plan(basket)
    night = OptimalBasket(risk_aversion=1e-6, buckets=8, overnight=0.5).plan(basket)
    assert night.lots[:4].sum() > calm.lots[:4].sum()
    left = night.left[:, 0] * 50 * 0.02
    inside = (left[:-1] ** 2 + left[:-1] * left[1:] + left[1:] ** 2).sum() / 3
    assert night.risk == pytest.approx(math.sqrt(inside / 4 + 0.5 * left[4] ** 2))
    weighed = night.costs.variance(night.basket.quantities, night.trades)
    assert weighed == pytest.approx((left[1:] ** 2).sum() / 4 + 0.5 * left[4] ** 2)


# Baskets with two sides.


def neutral() -> Basket:
    """Three purchases and three sales of one value each, of different liquidity."""
    sides = two_sided(6, seed=3)
    lines = tuple(
        line(
            each.symbol,
            each.side,
            round(3e6 / each.market.price),
            price=each.market.price,
            daily_volume=each.market.daily_volume,
        )
        for each in sides.lines
    )
    return Basket(lines=lines, covariance=Covariance.alike([0.02] * 6, 0.5))


def test_a_neutral_basket_stays_neutral_on_its_way() -> None:
    basket = neutral()
    tight = Band(width=0.001, around="zero")
    free = OptimalBasket(risk_aversion=1e-5, buckets=T, limits=Limits(max_participation=0.3)).plan(basket)
    kept = OptimalBasket(risk_aversion=1e-5, buckets=T, limits=Limits(max_participation=0.3, dollar_band=tight)).plan(
        basket
    )
    assert np.abs(free.exposure("dollar")).max() > 0.002 * basket.gross
    # A lot of each line is 20 to 120 currency.
    assert np.abs(kept.exposure("dollar")).max() < 0.001 * basket.gross + 400
    assert kept.binding["band of dollar"] >= 3
    assert free.binding == {}


def test_sales_pay_for_purchases_within_the_cash_given() -> None:
    basket = neutral()
    # What is bought is liquid and would be bought first.
    model = {each.symbol: Linear(gamma=0, eta=1e-6 if each.side == 1 else 2e-5, epsilon=0.01) for each in basket.lines}
    free = OptimalBasket(risk_aversion=1e-5, buckets=T, model=model).plan(basket)
    paid = OptimalBasket(risk_aversion=1e-5, buckets=T, model=model, limits=Limits(cash_band=0.01)).plan(basket)
    assert free.exposure("cash").max() > 0.03 * basket.gross
    assert paid.exposure("cash").max() < 0.01 * basket.gross + 400
    assert paid.binding["band of cash"] >= 1


def test_a_basket_that_buys_more_than_its_cash_is_refused_with_the_cash_it_needs() -> None:
    basket = Basket(
        lines=(line("A", 1, 20_000), line("B", -1, 10_000)), covariance=Covariance.uncorrelated([0.02, 0.02])
    )
    with pytest.raises(BadParameter, match=r"buys 500,000 USD more than it sells.*exceed sales by 150,000 only"):
        OptimalBasket(risk_aversion=0, limits=Limits(cash_band=0.1)).plan(basket)
    around = Limits(cash_band=Band(width=0.0, around="path"))
    spent = OptimalBasket(risk_aversion=1e-5, buckets=T, limits=around).plan(basket).exposure("cash")
    assert (spent <= 500_000 * np.arange(T + 1) / T + 200).all()


def test_factor_bands_hold_each_factor() -> None:
    basket = two_sided(6)
    limits = Limits(factor_band=0.01)
    plan = OptimalBasket(risk_aversion=1e-5, buckets=T, limits=limits).plan(basket)
    weights = basket.covariance.loadings[:, 0] * basket.worths
    free = OptimalBasket(risk_aversion=1e-5, buckets=T).plan(basket)
    width = 0.01 * float(np.abs(weights) @ np.abs(basket.quantities))
    path = np.vstack((basket.quantities, even_path(basket))) @ weights
    assert np.abs(free.left @ weights - path).max() > 2 * width
    assert np.abs(plan.left @ weights - path).max() < width * (1 + 1e-3)


@pytest.mark.parametrize("made", [Covariance.full, Covariance.repaired])
def test_a_root_of_a_full_matrix_is_no_factor_to_band(made: Callable[[np.ndarray], Covariance]) -> None:
    base = two_sided(4)
    basket = Basket(lines=base.lines, covariance=made(base.covariance.matrix))
    with pytest.raises(BadParameter, match=r"factors; this one \(full matrix.*\) has none.*Covariance.factors"):
        OptimalBasket(risk_aversion=1e-6, limits=Limits(factor_band=0.1)).plan(basket)


# Limits that cannot hold, and what is refused.


def test_an_order_above_the_volume_its_cap_allows_is_infeasible() -> None:
    basket = Basket(
        lines=(line("BIG", lots=500_000), line("SMALL", lots=1_000)),
        covariance=Covariance.uncorrelated([0.02, 0.02]),
    )
    with pytest.raises(Infeasible, match="BIG"):
        OptimalBasket(risk_aversion=1e-6, limits=Limits(max_participation=0.1)).plan(basket)
    plan = OptimalBasket(risk_aversion=1e-6, limits=Limits(max_participation=0.51)).plan(basket)
    assert plan.participation.max() <= 0.51


def two_big() -> Basket:
    return Basket(
        lines=(line("A", -1, 10_000, price=200.0, daily_volume=1e5), line("B", 1, 90_000, price=20.0)),
        covariance=Covariance.alike([0.02] * 2, 0.5),
    )


@pytest.mark.parametrize(
    ("limits", "words", "values"),
    [
        ({"max_participation": 0.05}, "give max_participation 0.1 instead of 0.05, or A a deadline of about 2 sess", 1),
        ({"max_child_value": 1e4}, "give max_child_value 250,000 instead of 10,000$", 1),
        ({"max_participation": 0.9, "max_child_value": 1e5}, "give max_child_value 250,000 instead of 100,000$", 1),
        (
            {"max_participation": 0.05, "max_child_value": 1e5},
            "give max_participation 0.1 instead of 0.05 and max_child_value 250,000 instead of 100,000$",
            2,
        ),
    ],
)
def test_caps_that_allow_too_little_are_named_with_the_values_to_give(
    limits: dict[str, float], words: str, values: int
) -> None:
    policy = OptimalBasket(risk_aversion=1e-6, buckets=T, limits=Limits(**limits))
    with pytest.raises(Infeasible, match=f"caps allow .* of 10,000 A.*; {words}") as caught:
        policy.plan(two_big())
    found = {each.limit: each.needed for each in caught.value.relaxations}
    assert len(found) == values
    wider = msgspec.structs.replace(policy, limits=Limits(**(limits | {k: v * 1.0001 for k, v in found.items()})))
    assert wider.plan(two_big()).lots.sum(axis=0).tolist() == [10_000, 90_000]
    for name, value in found.items():
        less = limits | found | {name: value * 0.999}
        with pytest.raises(Infeasible):
            msgspec.structs.replace(policy, limits=Limits(**less)).plan(two_big())


def test_caps_of_lines_and_auctions_are_told_apart_from_the_baskets() -> None:
    base = two_big()
    lines = (msgspec.structs.replace(base.lines[0], max_participation=0.02), base.lines[1])
    basket = Basket(lines=lines, covariance=base.covariance)
    with pytest.raises(Infeasible, match=r"2,000 of 10,000 A; give max_participation of A 0.1 instead of 0.02"):
        OptimalBasket(risk_aversion=0, buckets=T, limits=Limits(max_participation=0.2)).plan(basket)
    close = Auction(name="close", at=1.0, volume_share=0.1, max_participation=0.5)
    policy = OptimalBasket(risk_aversion=0, buckets=T, limits=Limits(max_participation=0.02), auctions=(close,))
    with pytest.raises(Infeasible, match=r"7,000 of 10,000 A.*; give max_participation 0.05 instead of 0.02"):
        policy.plan(base)


def test_the_participation_to_give_is_enough_for_whole_lots() -> None:
    """200 lots of 100 in 26 buckets need 8 a bucket: 800 of the 15,385 shares that trade in one, 5.2 %, not 5 %."""
    basket = Basket(
        lines=(line("AAA", lots=200, lot_size=100, daily_volume=4e5),),
        covariance=Covariance.uncorrelated([0.02], symbols=("AAA",)),
    )
    with pytest.raises(Infeasible, match=r"give max_participation 0\.052 instead of 0\.03"):
        OptimalBasket(risk_aversion=0, limits=Limits(max_participation=0.03)).plan(basket)
    made = OptimalBasket(risk_aversion=0, limits=Limits(max_participation=0.052)).plan(basket)
    assert np.abs(made.lots).max() == 8
    assert float(made.participation.max()) <= 0.052 * (1 + 1e-9)


def test_a_deadline_is_told_as_a_time_of_day_where_the_basket_has_one() -> None:
    parent = order(60_000, end_s=DAY_SECONDS // 4)
    basket = Basket.of([parent], [MARKET], covariance=Covariance.uncorrelated([0.02]))
    limits = Limits(max_participation=0.1)
    wanted = parent.instrument.session.clock(parent.start_ns + DAY_SECONDS * SECOND * 3 // 10)
    with pytest.raises(Infeasible, match=f"a deadline of about {wanted}$"):
        OptimalBasket(risk_aversion=0, buckets=T, limits=limits).plan(basket)


@pytest.mark.parametrize("unit", ["gross", "currency"])
def test_bands_that_cannot_hold_are_told_in_the_unit_they_were_given_in(unit: str) -> None:
    basket = Basket(lines=(line("A", 1, 50_000), line("B", -1, 25_000)), covariance=Covariance.alike([0.02] * 2, 0.5))
    width = 0.01 if unit == "gross" else 0.01 * basket.gross
    limits = Limits(max_participation=0.1, dollar_band=Band(width=width, unit=unit, around="zero"))
    policy = OptimalBasket(risk_aversion=1e-6, buckets=T, limits=limits)
    with pytest.raises(Infeasible, match=r"give dollar_band [\d.,]+ instead of ") as caught:
        policy.plan(basket)
    (found,) = caught.value.relaxations
    # After one bucket of eight 12,500 of A are bought at most, and nothing of B need be: 12,500 of 50 remain open.
    least = 12_500 * 50.0
    assert found.needed == pytest.approx(least / basket.gross if unit == "gross" else least, rel=1e-6)
    wider = Limits(max_participation=0.1, dollar_band=Band(width=found.needed * 1.0001, unit=unit, around="zero"))
    assert msgspec.structs.replace(policy, limits=wider).plan(basket).lots.sum() == 75_000


def test_an_order_above_the_days_volume_is_planned_and_said_so() -> None:
    basket = Basket(lines=(line("BIG", lots=2_000_000),), covariance=Covariance.uncorrelated([0.02]))
    assert any(
        note.startswith("BIG (1) is larger than the volume expected")
        for note in OptimalBasket(risk_aversion=1e-8).plan(basket).notes
    )


def test_one_bucket_trades_all() -> None:
    plan = OptimalBasket(risk_aversion=1e-6, buckets=1).plan(two_sided())
    assert plan.lots.tolist() == [[each.lots for each in two_sided().lines]]
    assert plan.risk == pytest.approx(two_sided().covariance.risk(two_sided().values) / math.sqrt(3))
    # Fair pricing leaves no convexity over one bucket, where there is no choice.
    OptimalBasket(risk_aversion=1e-6, buckets=1, model=SquareRoot()).plan(two_sided())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"risk_aversion": -1.0}, "risk_aversion -1.0 must be finite and 0 or more"),
        ({"risk_aversion": math.nan}, "risk_aversion nan"),
        ({"buckets": 0}, "0 buckets must be between 1"),
        ({"exponent": 1.0}, "exponent 1.0 must be above 1"),
        ({"overnight": -0.1}, "overnight -0.1"),
        ({"volatility_profile": (0.0, 0.0)}, "not all 0"),
        ({"model": {"S0": Linear(gamma=0, eta=1e-6, epsilon=0)}}, "no impact model is given for S1"),
        ({"model": Linear(gamma=0, eta=0.0, epsilon=0)}, "temporary impact of S0, S1.* must be above 0"),
        ({"model": Linear(gamma=1e-3, eta=1e-5, epsilon=0)}, r"must be above 0, else cost is not convex.*0.02 days"),
        ({"curve": {"S0": CURVE}}, "no volume curve is given for S1"),
        ({"drift_bps": {"XYZ": 3.0}}, "drift_bps names XYZ"),
        ({"drift_bps": {"S0": math.inf}}, "drift_bps must be finite"),
        ({"limits": Limits(factor_band=0.1)}, "needs a covariance with factors"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_value(changes: dict[str, object], words: str) -> None:
    base = two_sided()
    basket = Basket(lines=base.lines, covariance=Covariance.uncorrelated(base.covariance.volatilities))
    with pytest.raises(BadParameter, match=words):
        OptimalBasket(**({"risk_aversion": 1e-6} | changes)).plan(basket)


def test_cross_impact_that_decays_or_lacks_a_line_is_refused() -> None:
    basket = two_sided(2)
    slopes = np.diag([1e-6, 1e-6])
    decays = CrossImpact(assets=basket.symbols, slopes=slopes, prices=basket.worths, kernel=Exponential(10.0))
    with pytest.raises(BadParameter, match="cross_impact decays by a kernel"):
        OptimalBasket(risk_aversion=0, cross_impact=decays).plan(basket)
    other = CrossImpact(assets=("S0", "XYZ"), slopes=slopes, prices=basket.worths)
    with pytest.raises(BadParameter, match=r"cross_temporary lacks S1 \(1 of 2"):
        OptimalBasket(risk_aversion=0, cross_temporary=other).plan(basket)
    with pytest.raises(BadParameter, match="must be symmetric"):
        CrossImpact(assets=basket.symbols, slopes=np.array([[1e-6, 5e-7], [0, 1e-6]]), prices=basket.worths)


# Frontier.


def test_the_frontier_falls_from_the_cheapest_plan_to_the_safest() -> None:
    basket = two_sided()
    points = basket_frontier(basket, OptimalBasket(risk_aversion=1e-6, buckets=T), n=6)
    costs, risks = [each.expected_cost_bps for each in points], [each.risk_bps for each in points]
    assert costs == sorted(costs)
    assert risks == sorted(risks, reverse=True)
    cheapest = OptimalBasket(risk_aversion=0, buckets=T).plan(basket)
    assert costs[0] == pytest.approx(cheapest.expected_cost_bps, rel=1e-6)
    # Convex: each unit of risk less costs more than the one before.
    slopes = np.diff(costs) / -np.diff(risks)
    assert (np.diff(slopes) > -1e-9).all()


def test_a_band_around_zero_that_a_one_sided_basket_cannot_enter_is_infeasible() -> None:
    basket = Basket(lines=(line("A", 1, 50_000),), covariance=Covariance.uncorrelated([0.02]))
    limits = Limits(max_participation=0.1, dollar_band=Band(width=0.01, around="zero"))
    with pytest.raises(Infeasible, match="dollar"):
        OptimalBasket(risk_aversion=1e-6, buckets=T, limits=limits).plan(basket)


def test_many_days_of_deadlines_are_one_plan() -> None:
    lines = tuple(line(f"D{k}", 1 if k % 2 else -1, 300_000, end_days=float(k + 1)) for k in range(4))
    basket = Basket(lines=lines, covariance=Covariance.alike([0.02] * 4, 0.6))
    plan = OptimalBasket(risk_aversion=1e-7, buckets=40, overnight=0.4, limits=Limits(max_participation=0.4)).plan(
        basket
    )
    assert (plan.finish_days <= [1, 2, 3, 4]).all()
    assert plan.participation.max() <= 0.4
