"""Robust and averaged plans and sensitivities, against the closed forms they must reduce to and against cvxpy."""

import itertools

import cvxpy as cp
import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, order

from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.models.impact import Linear
from nowake.models.market import MarketState
from nowake.schedules import AlmgrenChriss, Certificate, Solved, Twap
from nowake.schedules.buckets import even_edges
from nowake.schedules.check import check_schedule
from nowake.schedules.policy import rounded
from nowake.schedules.uncertainty import Averaged, Robust, sensitivity
from nowake.schedules.uncertainty.worlds import corners, doubted, draws

MARKET = MarketState.given(
    price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4, daily_volatility_sd=0.004, daily_volume_sd=4e5
)
SURE = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
LINEAR = Linear.from_market(SURE, relative_se=0.3)
CALM = AlmgrenChriss(LINEAR, 1e-6, n=26)
ORDER = order(50_000, end_s=DAY_SECONDS)


def test_doubt_is_that_of_the_model_and_of_the_market() -> None:
    found = {each.name: (each.low, each.high) for each in doubted(CALM, MARKET)}
    assert {"gamma", "eta", "volatility", "daily_volume"} == set(found)
    assert (1.959964 * 0.3 * LINEAR.eta) == pytest.approx(found["eta"][1] - LINEAR.eta, rel=1e-6)
    assert 0.02 + 1.959964 * 0.004 == pytest.approx(found["volatility"][1], rel=1e-6)
    assert found["daily_volume"][0] * found["daily_volume"][1] == pytest.approx(2e6**2)


def test_nothing_doubted_is_refused_with_the_way_out() -> None:
    sure = AlmgrenChriss(Linear.from_market(SURE, relative_se=0.0), 1e-6)
    with pytest.raises(BadParameter, match="neither the model nor the market has a standard deviation"):
        sensitivity(sure, ORDER, SURE)


def test_a_policy_that_minimises_nothing_cannot_be_made_robust() -> None:
    with pytest.raises(BadParameter, match="Twap minimises nothing"):
        Robust(policy=Twap())


def test_robust_almgren_chriss_is_the_one_of_the_dearest_and_wildest_market() -> None:
    ends = {each.name: each for each in doubted(CALM, MARKET)}
    hard = msgspec.structs.replace(LINEAR, eta=ends["eta"].high, gamma=ends["gamma"].high)
    wild = MarketState.given(price=100, daily_volatility=ends["volatility"].high, daily_volume=2e6, spread_bps=4)
    expected = msgspec.structs.replace(CALM, model=hard).solved(ORDER, wild)
    found = Robust(policy=CALM).solved(ORDER, MARKET)
    assert expected.trades == pytest.approx(found.trades)
    assert expected.certificate.objective == pytest.approx(found.certificate.objective)
    assert "saddle point" in found.certificate.method


def test_averaged_almgren_chriss_is_the_one_of_the_mean_numbers() -> None:
    """Its objective is linear in eta, gamma and sigma squared."""
    policy = Averaged(policy=CALM, worlds=16, seed=3)
    worlds = draws(CALM, MARKET, n=16, seed=3)
    eta, gamma = (np.mean([getattr(each.policy.model, name) for each in worlds]) for name in ("eta", "gamma"))
    variance = np.mean([each.market.daily_volatility.value**2 for each in worlds])
    mean = MarketState.given(price=100, daily_volatility=float(variance**0.5), daily_volume=2e6, spread_bps=4)
    model = msgspec.structs.replace(LINEAR, eta=float(eta), gamma=float(gamma), covariance=())
    expected = AlmgrenChriss(model, 1e-6, n=26).solved(ORDER, mean)
    found = policy.solved(ORDER, MARKET)
    assert expected.trades == pytest.approx(found.trades, rel=2e-3)
    assert expected.certificate.objective == pytest.approx(found.certificate.objective, rel=1e-6)
    assert found.certificate.value < 1e-6


def test_draws_keep_the_correlation_of_the_fit_and_the_range_of_each_number() -> None:
    joint = msgspec.structs.replace(
        LINEAR, covariance=((1e-16, -0.9e-15, 0.0), (-0.9e-15, 1e-14, 0.0), (0.0, 0.0, 0.0))
    )
    worlds = draws(AlmgrenChriss(joint, 1e-6), MARKET, n=4_000, seed=1)
    pairs = np.array([(each.policy.model.gamma, each.policy.model.eta) for each in worlds])
    assert np.corrcoef(pairs.T)[0, 1] == pytest.approx(-0.9, abs=0.02)
    assert pairs.min() >= 0
    volumes = np.array([each.market.daily_volume for each in worlds])
    assert np.log(volumes / 2e6).std() == pytest.approx(np.log1p(0.2), rel=0.05)


class Tilted(msgspec.Struct, frozen=True):
    """A policy whose worst case depends on what it does: the price drifts up or down with the doubted volatility."""

    model: Linear
    n: int = 6

    def _matrix(self, order: ParentOrder, market: MarketState) -> tuple[np.ndarray, np.ndarray]:
        drift = (market.daily_volatility.value - 0.02) * (np.arange(self.n) - (self.n - 1) / 2) * 30
        return np.eye(self.n) * self.model.eta, drift

    def objective(self, order: ParentOrder, market: MarketState, trades: np.ndarray) -> float:
        matrix, drift = self._matrix(order, market)
        return float(trades @ matrix @ trades + drift @ trades) + 1e3

    def solved(self, order: ParentOrder, market: MarketState) -> Solved:
        trades = cp.Variable(self.n)
        matrix, drift = self._matrix(order, market)
        scale = order.quantity
        target = cp.quad_form(trades, matrix * scale) + drift @ trades
        cp.Problem(cp.Minimize(target), [trades >= 0, cp.sum(trades) == 1]).solve(solver=cp.CLARABEL)
        shares = np.clip(trades.value, 0, None)
        shares *= scale / shares.sum()
        value = self.objective(order, market, shares)
        made = Certificate(method="cvxpy", kind="duality gap", value=1e-8, objective=value)
        return Solved(edges_ns=even_edges(order, self.n), trades=shares, certificate=made)

    def plan(self, order: ParentOrder, market: MarketState) -> object:
        return rounded("tilted", order, self.solved(order, market), inputs={})


def test_where_no_corner_is_always_worst_the_plan_balances_them() -> None:
    tilted = Tilted(msgspec.structs.replace(LINEAR, covariance=()))
    found = Robust(policy=tilted).solved(ORDER, MARKET)
    worlds = corners(tilted, MARKET)
    shares = cp.Variable(6)
    values = []
    for each in worlds:
        matrix, drift = each.policy._matrix(ORDER, each.market)
        values.append(ORDER.quantity**2 * cp.quad_form(shares, matrix) + ORDER.quantity * drift @ shares + 1e3)
    problem = cp.Problem(cp.Minimize(cp.max(cp.hstack(values))), [shares >= 0, cp.sum(shares) == 1])
    problem.solve(solver=cp.CLARABEL)
    assert problem.value == pytest.approx(found.certificate.objective, rel=1e-6)
    assert "sequential quadratic programming" in found.certificate.method
    # Prices that may go either way: even trading.
    assert found.trades / ORDER.quantity == pytest.approx(np.full(6, 1 / 6), abs=1e-3)


def test_caution_costs_little_where_the_estimates_are_right_and_saves_where_they_are_wrong() -> None:
    sure, robust = CALM, Robust(policy=CALM)
    plan = robust.plan(ORDER, MARKET)
    worst = plan.inputs["worst_objective"]
    assert 0 <= plan.inputs["price_of_caution"] < 0.01 * plan.inputs["objective_at_estimates"]
    assert worst < robust.objective(ORDER, MARKET, sure.solved(ORDER, MARKET).trades)
    assert plan.expected_cost_bps == pytest.approx(sum(plan.cost_parts.values()))
    # The same worst case, hand-made from all combinations.
    by_hand = max(
        each.policy.objective(ORDER, each.market, robust.solved(ORDER, MARKET).trades) for each in corners(CALM, MARKET)
    )
    assert by_hand == pytest.approx(worst)


def test_regret_is_what_the_best_plan_would_have_saved() -> None:
    found = sensitivity(CALM, ORDER, MARKET)
    eta = next(each for each in found.influences if each.name == "eta")
    dear = msgspec.structs.replace(CALM, model=msgspec.structs.replace(LINEAR, eta=eta.high.at))
    kept = dear.objective(ORDER, MARKET, CALM.solved(ORDER, MARKET).trades)
    assert kept == pytest.approx(eta.high.objective)
    assert kept - dear.solved(ORDER, MARKET).certificate.objective == pytest.approx(eta.high.regret, rel=1e-6)
    assert [each.regret for each in found.influences] == sorted((e.regret for e in found.influences), reverse=True)
    assert "regret" in str(found)


def test_regret_is_of_second_order_in_the_error() -> None:
    """The envelope theorem: a tenth of the error costs a hundredth."""
    regrets = []
    for se in (0.02, 0.2):
        model = LINEAR.known_to(eta=se * LINEAR.eta)
        found = sensitivity(AlmgrenChriss(model, 1e-5, n=26), ORDER, SURE)
        regrets.append(found.influences[0].high.regret)
    assert regrets[1] / regrets[0] == pytest.approx(100, rel=0.5)


@pytest.mark.parametrize("policy", [Robust(policy=CALM), Averaged(policy=AlmgrenChriss(LINEAR, 1e-6, n=6), worlds=4)])
def test_plans_under_doubt_pass_the_battery(policy: Robust | Averaged) -> None:
    facts = check_schedule(policy, MARKET)
    assert "none of 600 changes of the optimum is better" in facts


def test_the_battery_finds_a_plan_that_is_not_the_best() -> None:
    class Wrong(AlmgrenChriss, frozen=True):
        def objective(self, order: ParentOrder, market: MarketState, trades: np.ndarray) -> float:
            return super().objective(order, market, trades[::-1])

    with pytest.raises(AssertionError):
        check_schedule(Wrong(LINEAR, 1e-5, n=13), SURE)


def test_a_window_cut_otherwise_in_each_world_is_refused() -> None:
    class Fickle(AlmgrenChriss, frozen=True):
        def solved(self, order: ParentOrder, market: MarketState) -> Solved:
            n = 5 if self.model.eta > LINEAR.eta else 6
            return AlmgrenChriss(self.model, self.risk_aversion, n=n).solved(order, market)

    with pytest.raises(BadParameter, match="cuts the window differently"):
        Robust(policy=Fickle(LINEAR, 1e-6)).solved(ORDER, MARKET)


def test_corners_are_all_combinations() -> None:
    worlds = corners(CALM, MARKET)
    assert len(worlds) == 2 ** len(doubted(CALM, MARKET))
    seen = {(each.policy.model.eta, each.policy.model.gamma, each.market.daily_volatility.value) for each in worlds}
    assert len(seen) == 8
    assert all(len(set(values)) == 2 for values in zip(*seen, strict=True))
    assert len(list(itertools.product(range(2), repeat=3))) == len(seen)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"seed": -1}, "seed -1 must be 0 or more"),
        ({"seed": 1.5}, "seed 1.5 must be a whole number"),
        ({"worlds": 10**30}, "draws must be an even number of 2 to 10,000"),
        ({"worlds": 7}, "7 draws must be an even number"),
        ({"worlds": True}, "worlds True must be a whole number"),
    ],
)
def test_draws_that_cannot_be_made_are_refused_when_asked_for(asked: dict[str, object], why: str) -> None:
    with pytest.raises(BadParameter, match=why):
        Averaged(policy=CALM, **asked)  # type: ignore[arg-type]
