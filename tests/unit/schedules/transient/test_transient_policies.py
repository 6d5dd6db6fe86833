from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, instrument, order

from nowake.domain.errors import BadParameter
from nowake.domain.side import Side
from nowake.models import impact
from nowake.models.impact import kernels
from nowake.models.market import MarketState
from nowake.schedules import AlmgrenChriss, ObizhaevaWang, Propagator, check_schedule, cost_of

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
CALM = MarketState.given(price=100, daily_volatility=0.0, daily_volume=2e6, spread_bps=4)
ORDER = order(60_000, end_s=DAY_SECONDS)
BOOK = impact.ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)
POWER = impact.Propagator(y=1.0, gamma=0.5, delta=1.0)
ROOT = impact.Propagator.square_root_dynamic()
TWO_RATES = impact.Transient(
    permanent=0.2, transient=4.0, kernel=kernels.MultiExponential(weights=(0.7, 0.3), rates=(200.0, 3.0))
)
CAPPED = impact.Transient(permanent=0.2, transient=4.0, kernel=kernels.CappedLinear(0.25))


class Swinging(kernels.Kernel, frozen=True):
    """exp(-t / 4) cos(6 t): positive definite, not convex; the best way to buy sells in between."""

    def __call__(self, lag_days: np.ndarray) -> np.ndarray:
        return np.exp(self._root * np.asarray(lag_days)).real

    def first(self, lag_days: np.ndarray) -> np.ndarray:
        return (np.expm1(self._root * np.asarray(lag_days)) / self._root).real

    def second(self, lag_days: np.ndarray) -> np.ndarray:
        return (np.expm1(self._root * np.asarray(lag_days)) / self._root**2 - np.asarray(lag_days) / self._root).real

    @property
    def _root(self) -> complex:
        return -0.25 + 6j

    @property
    def positive_definite(self) -> bool:
        return True


SWINGING = impact.Transient(permanent=0.0, transient=4.0, kernel=Swinging())


@pytest.mark.parametrize(
    "policy",
    [
        ObizhaevaWang(BOOK, n=7),
        ObizhaevaWang(BOOK, 1e-6, n=13),
        ObizhaevaWang(BOOK, 1e-3, n=1, block_ns=SECOND // 10),
        Propagator(POWER, n=13),
        Propagator(POWER, 1e-6, n=13),
        Propagator(ROOT, 1e-7, n=13),
        Propagator(TWO_RATES, n=13),
        Propagator(TWO_RATES, 1e-6, n=7, blocks="none"),
        Propagator(CAPPED, n=9, blocks="all"),
        Propagator(BOOK, n=1),
        Propagator(SWINGING, n=9),
    ],
    ids=lambda policy: f"{type(policy).__name__} {policy.model.name} {policy.risk_aversion} {policy.n}",
)
def test_the_battery_of_schedules_is_passed(policy: Any) -> None:
    assert "none of" in " ".join(check_schedule(policy, MARKET))


def test_a_schedule_that_may_trade_back_passes_the_battery_too() -> None:
    check_schedule(Propagator(SWINGING, n=9, both_ways=True), MARKET, reverses=True)


def test_the_plan_is_a_block_an_even_rate_and_a_block() -> None:
    plan = ObizhaevaWang(BOOK, n=100).plan(ORDER, MARKET)
    assert plan.lots[0] == plan.lots[-1] == 2_727  # 60,000 / 22.
    # In the model even trading fills the second, of 234, in which a block is worked beside it.
    assert set(plan.lots[2:-2]) <= {545, 546}
    assert plan.lots[1] == plan.lots[-2] == 548
    assert (plan.times_ns[1] - plan.times_ns[0], plan.times_ns[-1] - plan.times_ns[-2]) == (SECOND, SECOND)
    assert plan.certificate is not None
    assert plan.certificate.kind == "closed form"
    assert plan.certificate.value < 1e-9
    assert "worked evenly over 1 s" in plan.notes[0]


@pytest.mark.parametrize("aversion", [0.0, 1e-7, 1e-5])
def test_the_general_schedule_of_exponential_decay_is_obizhaeva_and_wangs(aversion: float) -> None:
    ours = Propagator(BOOK, aversion, n=30).plan(ORDER, MARKET)
    theirs = ObizhaevaWang(BOOK, aversion, n=30).plan(ORDER, MARKET)
    assert ours.times_ns == theirs.times_ns
    assert ours.lots == pytest.approx(theirs.lots, abs=1)
    assert ours.expected_cost_bps == pytest.approx(theirs.expected_cost_bps, rel=1e-4)


def test_a_plan_costs_what_its_model_says_of_its_lots() -> None:
    for policy in (ObizhaevaWang(BOOK, 1e-6, n=20), Propagator(POWER, n=20), Propagator(CAPPED, n=5, blocks="all")):
        plan = policy.plan(ORDER, MARKET)
        found = cost_of(plan, MARKET, policy.model)
        assert plan.expected_cost_bps == pytest.approx(found.expected_cost_bps)
        assert plan.cost_parts == pytest.approx(found.cost_parts)
        assert list(plan.cost_parts) == ["spread", "temporary", "permanent"]


def test_the_risk_of_even_trading_is_sigma_root_a_third_of_the_window() -> None:
    plan = Propagator(BOOK, n=1, blocks="none").plan(ORDER, MARKET)
    assert plan.lots == (60_000,)
    assert plan.cost_risk_bps == pytest.approx(200 / 3**0.5)


def test_a_schedule_is_cheaper_by_its_own_model_than_twap_and_almgren_chriss() -> None:
    for model in (BOOK, POWER, TWO_RATES):
        ours = Propagator(model, n=30).plan(ORDER, MARKET).expected_cost_bps
        even = AlmgrenChriss(model, 0.0, n=30).plan(ORDER, MARKET)
        assert ours < 0.995 * cost_of(even, MARKET, model).expected_cost_bps


def test_impact_that_is_not_linear_is_planned_by_linear_impact_of_the_same_decay_and_cost() -> None:
    plan, linear = (Propagator(model, n=20).plan(ORDER, MARKET) for model in (ROOT, POWER))
    assert plan.lots == linear.lots
    assert "not linear in the rate" in plan.notes[0]
    even = Propagator(ROOT, n=1).plan(ORDER, MARKET)
    terms = MARKET.terms(60_000.0, 1.0)
    assert even.cost_parts["temporary"] == pytest.approx(float(ROOT.temporary_bps(terms)))


def test_capped_linear_decay_is_worked_in_equal_blocks_with_waits_between() -> None:
    plan = Propagator(CAPPED, n=9, blocks="all", block_ns=5 * SECOND).plan(ORDER, MARKET)
    traded = {plan.times_ns[k] // SECOND: lots for k, lots in enumerate(plan.lots) if lots}
    assert traded == {0: 12_000, 5_850: 12_000, 11_700: 12_000, 17_550: 12_000, 23_395: 12_000}
    assert plan.times_ns[-1] == ORDER.end_ns
    # A block takes its five seconds.
    assert sum(b - a for a, b, lots in zip(plan.times_ns, plan.times_ns[1:], plan.lots, strict=False) if lots) == (
        25 * SECOND
    )


def test_a_grid_of_ones_own_is_kept_and_the_rest_of_the_window_waits() -> None:
    at = tuple(k * 3_600 * SECOND for k in (1, 2, 5))
    for blocks, trading in (("none", 2), ("ends", 4), ("all", 3)):
        plan = Propagator(BOOK, times_ns=at, blocks=blocks).plan(ORDER, MARKET)  # type: ignore[arg-type]
        assert set(at) <= set(plan.times_ns)
        assert (plan.times_ns[0], plan.times_ns[-1]) == (ORDER.start_ns, ORDER.end_ns)
        assert plan.lots[0] == plan.lots[-1] == 0
        assert sum(lots > 0 for lots in plan.lots) == trading


def test_shares_in_a_bucket_that_waits_are_outside_the_problem() -> None:
    policy = Propagator(CAPPED, n=3, blocks="all")
    trades = policy.solved(ORDER, MARKET).trades
    moved = trades.copy()
    moved[1], moved[0] = 10.0, moved[0] - 10
    assert policy.objective(ORDER, MARKET, moved) == np.inf
    assert policy.objective(ORDER, MARKET, trades) < np.inf


def test_where_the_cheapest_way_to_buy_sells_a_note_says_so() -> None:
    kept, free = (Propagator(SWINGING, n=9, both_ways=both).plan(ORDER, MARKET) for both in (False, True))
    assert min(kept.lots) >= 0
    assert free.reverses
    assert any("% of the order against it" in note and "kept from it here" in note for note in kept.notes)
    assert any("% of the order against it" in note and "These trades do" in note for note in free.notes)
    assert free.certificate.objective < kept.certificate.objective  # type: ignore[union-attr]
    # What is traded back pays the spread as well.
    assert free.cost_parts["spread"] == pytest.approx(2.0 * sum(map(abs, free.lots)) / 60_000)


def test_even_trading_where_blocks_are_cheap_says_that_it_rings() -> None:
    plan = Propagator(BOOK, n=390, blocks="none").plan(ORDER, MARKET)
    assert any("imitates blocks" in note for note in plan.notes)
    assert not any("imitates blocks" in note for note in Propagator(BOOK, n=390).plan(ORDER, MARKET).notes)


def test_a_sale_of_a_contract_is_planned_with_its_multiplier() -> None:
    future = msgspec.structs.replace(
        ORDER, side=Side.SELL, instrument=msgspec.structs.replace(instrument(), multiplier=Decimal(50))
    )
    for policy in (ObizhaevaWang(BOOK, 1e-6, n=7), Propagator(POWER, 1e-6, n=7)):
        share = policy.plan(ORDER, MARKET)
        contract = msgspec.structs.replace(policy, risk_aversion=1e-6 / 50).plan(future, MARKET)
        assert share.lots == contract.lots


def test_an_order_larger_than_the_market_is_planned_and_noted() -> None:
    huge = order(5_000_000, end_s=DAY_SECONDS)
    for policy in (ObizhaevaWang(BOOK, n=7), Propagator(POWER, n=7)):
        assert any("250% of the volume of its window" in note for note in policy.plan(huge, MARKET).notes)


def test_half_a_minute_is_planned_with_short_blocks() -> None:
    plan = ObizhaevaWang(BOOK).plan(order(100, start_s=100, end_s=131), MARKET)
    assert plan.times_ns[1] - plan.times_ns[0] == 310_000_000
    assert plan.inputs["block_seconds"] == 0.31


@pytest.mark.parametrize(
    ("policy", "market", "says"),
    [
        (ObizhaevaWang(BOOK), None, "needs the market"),
        (Propagator(BOOK), None, "needs the market"),
        (ObizhaevaWang(impact.PowerLaw()), MARKET, "nothing of the impact of power law decays; use AlmgrenChriss"),
        (Propagator(impact.PowerLaw()), MARKET, "nothing of the impact of power law decays; use AlmgrenChriss"),
        (ObizhaevaWang(TWO_RATES), MARKET, "not linear impact that decays at one rate; use Propagator"),
        (ObizhaevaWang(BOOK), CALM, "every schedule costs the same"),
        (Propagator(BOOK), CALM, "every schedule costs the same"),
        (ObizhaevaWang(BOOK, block_ns=12_000 * SECOND), MARKET, "do not fit a window of 2.34e"),
        (ObizhaevaWang(BOOK, n=4_000), MARKET, "more than 3,000 trades"),
        (Propagator(POWER, blocks="ends"), MARKET, "costs infinitely much under t"),
        (Propagator(BOOK, n=3, bucket_ns=SECOND), MARKET, "not both"),
        (Propagator(BOOK, n=0), MARKET, "0 buckets must be between 1"),
        (Propagator(BOOK, times_ns=(5, 3)), MARKET, "must increase"),
        (Propagator(BOOK, times_ns=(5,)), MARKET, "1 bucket edges are too few"),
        (Propagator(BOOK, times_ns=(), blocks="all"), MARKET, "0 instants of blocks are too few"),
        (Propagator(BOOK, times_ns=(0, SECOND // 2), blocks="all"), MARKET, "overlaps what comes before it"),
        (Propagator(BOOK, times_ns=(0, 30_000 * SECOND), blocks="none"), MARKET, "leaves the window"),
    ],
)
def test_what_cannot_be_planned_is_refused_with_the_way_out(policy: Any, market: MarketState | None, says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        policy.plan(ORDER, market)


@pytest.mark.parametrize(
    "wrong",
    [
        {"risk_aversion": -1.0},
        {"risk_aversion": float("nan")},
        {"block_ns": 0},
        {"blocks": "some"},
        {"times_ns": (0, 5), "n": 3},
        {"times_ns": (0, 5), "bucket_ns": 3},
    ],
)
def test_wrong_parameters_fail_at_construction(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadParameter, match=r"risk_aversion|block_ns|blocks 'some'|not two of them"):
        Propagator(BOOK, **wrong)
