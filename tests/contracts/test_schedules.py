"""The battery every schedule policy passes, ours or a third party's: add a policy to POLICIES and it is held to it."""

import subprocess
import sys

import pytest
from tests.unit.models.makers import DAY_SECONDS, SECOND, order

from nowake.domain.side import Side
from nowake.models import impact
from nowake.models.impact import Linear, SquareRoot, kernels
from nowake.models.market import MarketState
from nowake.models.volume import VolumeCurve
from nowake.schedules import (
    AlmgrenChriss,
    GatheralSchied,
    ObizhaevaWang,
    PowerLawSchedule,
    Propagator,
    SchedulePolicy,
    Twap,
    Vwap,
    adaptive,
)
from nowake.schedules.almgren_chriss import AlmgrenChrissCorrelated, AlmgrenChrissDrift, LeastValueAtRisk
from nowake.schedules.bertsimas_lo import BertsimasLo, BertsimasLoPercentage
from nowake.schedules.dynamic_schedule import DynamicProgramming
from nowake.schedules.loaded import Loaded
from nowake.schedules.pov import Pov
from nowake.schedules.target_close import TargetClose
from nowake.schedules.vwap_deviation import VwapDeviation

MARKET = MarketState.given(price=100, daily_volatility=0.02, daily_volume=2e6, spread_bps=4)
CURVE = VolumeCurve(
    edges_ns=tuple(DAY_SECONDS * SECOND * k // 5 for k in range(6)), shares=(0.3, 0.15, 0.1, 0.15, 0.3), days=1
)
LINEAR = Linear.from_market(MARKET)
BOOK = impact.ObizhaevaWang(permanent=0.3, transient=3.0, resilience=20.0)
CAPPED = impact.Transient(permanent=0.2, transient=4.0, kernel=kernels.CappedLinear(0.25))
POLICIES: list[SchedulePolicy] = [
    Twap(),
    Twap(n=7),
    Vwap(CURVE),
    Vwap(CURVE, n=7),
    AlmgrenChriss(LINEAR, 0.0),
    AlmgrenChriss(LINEAR, 1e-6),
    AlmgrenChriss(LINEAR, 1e6, n=7),
    AlmgrenChriss(SquareRoot(), 1e-6),
    AlmgrenChriss(LINEAR, 1e-6, curve=CURVE),
    AlmgrenChrissDrift(LINEAR, 1e-6, adverse_drift=-2.0),
    AlmgrenChrissDrift(SquareRoot(), 1e-6, adverse_drift=20.0, curve=CURVE),
    AlmgrenChrissCorrelated(LINEAR, 1e-6, correlation=0.3, n=30),
    LeastValueAtRisk(LINEAR),
    LeastValueAtRisk(SquareRoot(), 0.99, curve=CURVE),
    Pov(0.2, CURVE, until_done=True),
    Loaded(2.3),
    Loaded(-5.0, CURVE),
    TargetClose(LINEAR, 1e-6),
    TargetClose(SquareRoot(), 1e-5, auction_share=0.1, most_in_last=0.3),
    VwapDeviation(LINEAR, 1e-5, CURVE),
    VwapDeviation(SquareRoot(), 1e-6, CURVE),
    PowerLawSchedule(SquareRoot(), 1e-6),
    PowerLawSchedule(SquareRoot(), 1e-5, curve=CURVE),
    GatheralSchied(LINEAR, 1e-3),
    GatheralSchied(SquareRoot(), 0.1, n=7),
    ObizhaevaWang(BOOK),
    ObizhaevaWang(BOOK, 1e-6, n=7),
    Propagator(SquareRoot(), 1e-7),
    Propagator(BOOK, 1e-6, n=7),
    Propagator(CAPPED, n=9, blocks="all"),
    BertsimasLo(model=LINEAR),
    BertsimasLo(model=SquareRoot(), max_participation=0.98, curve=CURVE, n=7),
    BertsimasLoPercentage(model=LINEAR, n=7),
    DynamicProgramming(model=LINEAR, risk_aversion=1e-6, n=26),
    DynamicProgramming(model=SquareRoot(), fee=2.0, curve=CURVE, n=10),
    adaptive.CarteaJaimungal(eta=LINEAR.eta, gamma=LINEAR.gamma, running_penalty=1e-5),
    adaptive.CarteaJaimungal(eta=LINEAR.eta, running_penalty=1e3, terminal_penalty=1.0, n=7),
    adaptive.OrderFlow(eta=LINEAR.eta, gamma=LINEAR.gamma, running_penalty=1e-5, half_life_days=0.1),
    adaptive.ShortTermAlpha(eta=LINEAR.eta, running_penalty=1e-5, half_life_days=0.1),
    adaptive.TargetSpeed(eta=LINEAR.eta, share=0.1, mean_rate=2e6, half_life_days=0.1),
    adaptive.TargetVolume(eta=LINEAR.eta, share=0.05, mean_rate=2e6, half_life_days=0.1, quantity=1e5),
    adaptive.RollingHorizon(eta=LINEAR.eta, risk_aversion=1e-5, mean_rate=2e6),
    adaptive.StochasticLiquidity(
        eta=LINEAR.eta, risk_aversion=1e-5, volatility=2.0, mean_rate=2e6, half_life_days=0.1, spread=0.5
    ),
    adaptive.PostingDepth(
        fills_at_mid=2e3, decay=50, volatility=2.0, risk_aversion=1e-5, clip=1e3, most_clips=100, end_cost=0.02
    ),
]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
@pytest.mark.parametrize("lots", [1, 3, 100, 99_991])
@pytest.mark.parametrize(("start_s", "end_s"), [(0, DAY_SECONDS), (3_601, 7_202), (100, 131)])
def test_lots_sum_to_the_order_inside_its_window(policy: SchedulePolicy, lots: int, start_s: int, end_s: int) -> None:
    parent = order(lots, start_s=start_s, end_s=end_s)
    plan = policy.plan(parent, MARKET)
    assert sum(plan.lots) == lots
    assert min(plan.lots) >= 0
    assert (plan.times_ns[0], plan.times_ns[-1]) == (parent.start_ns, parent.end_ns)
    assert plan.order == parent


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_same_inputs_give_the_same_schedule(policy: SchedulePolicy) -> None:
    assert policy.plan(order(9_973), MARKET) == policy.plan(order(9_973), MARKET)


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_sale_is_planned_like_a_purchase(policy: SchedulePolicy) -> None:
    buy, sell = policy.plan(order(9_973), MARKET), policy.plan(order(9_973, side=Side.SELL), MARKET)
    assert (buy.lots, buy.times_ns, buy.expected_cost_bps) == (sell.lots, sell.times_ns, sell.expected_cost_bps)


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_schedule_says_what_made_it(policy: SchedulePolicy) -> None:
    plan = policy.plan(order(9_973), MARKET)
    assert plan.name
    assert plan.inputs["buckets"] == len(plan.lots)


def test_importing_schedules_and_models_loads_nothing_heavy() -> None:
    code = (
        "import sys, nowake.schedules, nowake.models.impact, nowake.models.estimate, nowake.tca.analysis;"
        "print([name for name in ('numba', 'pandas', 'polars', 'matplotlib') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
