import math

import numpy as np
import pytest
from scipy.integrate import dblquad

from nowake.domain.errors import BadParameter
from nowake.models.impact.kernel import Kernel
from nowake.models.impact.kernels import CappedLinear, Exponential, PowerLaw, ShiftedPowerLaw
from nowake.models.impact.response import Response
from nowake.models.impact.shapes import Power
from nowake.schedules.transient import TransientLiquidation
from nowake.schedules.transient.liquidation import squared_holdings

EDGES = np.array([0.1, 0.25, 0.3, 0.7, 1.0])
TRADES = np.array([300.0, 50.0, 400.0, 250.0])


def liquidation(**changes: object) -> TransientLiquidation:
    numbers = {"quantity": 1_000.0, "kernel": Exponential(4.0), "push": 1e-3, "edges_days": EDGES}
    return TransientLiquidation(**(numbers | changes))


@pytest.mark.parametrize("kernel", [Exponential(4.0), PowerLaw(0.4), ShiftedPowerLaw(0.5, 0.05)], ids=str)
def test_buckets_cost_what_the_response_of_a_model_says(kernel: Kernel) -> None:
    problem = liquidation(kernel=kernel, temporary=2e-4, permanent=3e-4)
    response = Response(
        permanent_bps_per_share=3e-4, temporary=Power(2e-4, 1.0), kernel=kernel, pressure=Power(1e-3, 1.0)
    )
    assert problem.cost(TRADES) == pytest.approx(response.cost_of(TRADES, EDGES).total_bps * 1_000)


def test_blocks_and_buckets_cost_what_ever_shorter_buckets_do() -> None:
    problem = liquidation(blocks_days=np.array([0.1, 0.3, 1.0]))
    short = 1e-7
    edges = np.array([0.1, 0.1 + short, 0.25, 0.3, 0.3 + short, 0.7, 1.0, 1.0 + short])
    trades = np.array([200.0, 100.0, 50.0, 150.0, 250.0, 150.0, 100.0])
    assert problem.starts_days.tolist() == [0.1, 0.1, 0.25, 0.3, 0.3, 0.7, 1.0]
    assert problem.lengths_days.tolist() == pytest.approx([0, 0.15, 0.05, 0, 0.4, 0.3, 0])
    assert problem.cost(trades) == pytest.approx(liquidation(edges_days=edges).cost(trades), rel=1e-5)


def test_a_block_meets_the_mean_of_the_kernel_over_a_bucket() -> None:
    mean = liquidation(edges_days=np.array([0.2, 0.6]), blocks_days=np.array([0.1, 0.6])).mean_kernel()
    kernel = Exponential(4.0)
    before = (kernel.first(0.5) - kernel.first(0.1)) / 0.4
    after = kernel.first(0.4) / 0.4
    inside = dblquad(lambda s, t: math.exp(-4 * abs(t - s)), 0.2, 0.6, 0.2, 0.6)[0] / 0.16
    expected = [[1, before, math.exp(-2)], [before, inside, after], [math.exp(-2), after, 1]]
    assert mean.tolist() == [pytest.approx(row, rel=1e-6) for row in expected]


@pytest.mark.parametrize("blocks", [np.zeros(0), np.array([0.1, 0.7])])
def test_the_variance_is_that_of_the_holdings_integrated_by_brute_force(blocks: np.ndarray) -> None:
    problem = liquidation(blocks_days=blocks, volatility=2.0)
    trades = np.linspace(3, 1, len(problem.starts_days))
    trades *= 1_000 / trades.sum()
    times = (np.arange(400_000) + 0.5) / 400_000
    left = np.full_like(times, 1_000.0)
    for trade, start, length in zip(trades, problem.starts_days, problem.lengths_days, strict=True):
        left -= trade * (np.clip((times - start) / length, 0, 1) if length else times >= start)
    assert problem.variance(trades) == pytest.approx(4.0 * (left**2).mean(), rel=1e-4)


def test_the_quadratic_is_cost_plus_risk_aversion_times_variance() -> None:
    problem = liquidation(volatility=2.0, risk_aversion=1e-4, permanent=1e-4, temporary=1e-5)
    total = problem.cost(TRADES) + 1e-4 * problem.variance(TRADES)
    assert problem.quadratic().objective(TRADES) == pytest.approx(total, rel=1e-12)


def test_waiting_between_blocks_is_counted_and_so_is_waiting_for_the_first() -> None:
    assert squared_holdings(np.array([2.0, 1.0]), np.array([0.5, 0.8]), np.zeros(2)) == pytest.approx(0.5 * 9 + 0.3 * 1)


def test_the_last_block_is_no_sooner_than_its_time_however_risk_averse() -> None:
    urgent = liquidation(
        edges_days=np.zeros(0), blocks_days=np.array([0.0, 0.5, 1.0]), volatility=2.0, risk_aversion=1e9
    ).optimum()
    assert urgent.trades.tolist() == pytest.approx([1_000.0, 0.0, 0.0], abs=1e-3)


@pytest.mark.parametrize("aversion", [1e-9, 1e-3, 1e3, 1e12])
def test_any_risk_aversion_ends_with_a_proof(aversion: float) -> None:
    for kernel in (Exponential(4.0), PowerLaw(0.5)):
        found = liquidation(
            kernel=kernel, edges_days=np.linspace(0, 1, 79), volatility=2.0, risk_aversion=aversion
        ).optimum()
        assert found.certificate.value < 1e-8
        assert found.trades.min() >= 0
        assert found.damping == 0


def test_the_more_risk_averse_the_safer_and_the_dearer() -> None:
    costs, risks = [], []
    for aversion in (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1.0):
        problem = liquidation(kernel=PowerLaw(0.5), volatility=2.0, risk_aversion=aversion)
        trades = problem.optimum().trades
        costs.append(problem.cost(trades))
        risks.append(problem.variance(trades))
    assert costs == sorted(costs)
    assert risks == sorted(risks, reverse=True)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"quantity": 0.0}, "quantity 0.0"),
        ({"quantity": math.nan}, "quantity nan"),
        ({"push": -1.0}, "push -1.0"),
        ({"volatility": math.inf}, "volatility inf"),
        ({"risk_aversion": -1e-9}, "risk_aversion"),
        ({"edges_days": np.array([0.0, 0.5, 0.5])}, "edges_days must be finite and increase"),
        ({"edges_days": np.array([0.0, math.nan])}, "edges_days must be finite"),
        ({"edges_days": np.array([-0.1, 0.5])}, "the order starts at 0"),
        ({"edges_days": np.array([0.5])}, "nothing to trade in"),
        ({"edges_days": np.zeros(0)}, "nothing to trade in"),
        ({"blocks_days": np.array([0.2])}, "inside a bucket"),
        ({"kernel": PowerLaw(0.5), "blocks_days": np.array([0.1])}, "infinitely much under t"),
        ({"temporary": 1e-4, "blocks_days": np.array([0.1])}, "where speed has a cost"),
        ({"edges_days": np.linspace(0, 1, 3_002)}, "more than 3,000 trades"),
        ({"push": 0.0}, "every schedule costs the same"),
    ],
)
def test_what_cannot_be_solved_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        liquidation(**changes).optimum()


def test_even_trading_imitates_blocks_and_blocks_at_the_ends_are_cheaper() -> None:
    edges = np.linspace(0, 1, 101)
    for kernel in (Exponential(20.0), ShiftedPowerLaw(0.5, 0.01), CappedLinear(0.3)):
        even = liquidation(kernel=kernel, edges_days=edges).optimum().certificate.objective
        ends = liquidation(kernel=kernel, edges_days=edges, blocks_days=edges[[0, -1]]).optimum().certificate.objective
        assert ends < even < 1.02 * ends
