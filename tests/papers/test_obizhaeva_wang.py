"""Obizhaeva & Wang 2013, "Optimal trading strategy and supply/demand dynamics", Journal of Financial Markets 16: the
cheapest way to trade against a book that refills at one rate, in discrete and in continuous time.

The numbers are computed from the paper's formulas, x0 = xT = X / (rho T + 2) and rate rho x0, by other means than those
formulas; its printed table was not at hand."""

import numpy as np
import pytest

from nowake.models.impact import ObizhaevaWang
from nowake.models.impact.admissible import cheapest_trades
from nowake.models.impact.kernels import Exponential
from nowake.models.terms import Terms

X, T = 100_000.0, 1.0
every_resilience = pytest.mark.parametrize("rho", [0.01, 1.0, 2.0, 20.0, 300.0])


def block_cost(trades: np.ndarray, rho: float) -> float:
    """What blocks at even instants pay together in a book of unit depth, walked one after the other."""
    left, paid = 0.0, 0.0
    for place, trade in enumerate(trades):
        left *= np.exp(-rho * T / (len(trades) - 1)) if place else 1.0
        paid += trade * (left + trade / 2)
        left += trade
    return paid


@every_resilience
def test_the_cheapest_blocks_are_the_closed_form(rho: float) -> None:
    """a = exp(-rho T / N): both ends X / (2 + (N - 1)(1 - a)), the others (1 - a) of it."""
    n = 10
    a = np.exp(-rho * T / n)
    end = X / (2 + (n - 1) * (1 - a))
    expected = [end, *[(1 - a) * end] * (n - 1), end]
    found = X * cheapest_trades(Exponential(rho), span_days=T, trades=n + 1)
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


@every_resilience
def test_no_other_blocks_cost_less(rho: float) -> None:
    rng = np.random.default_rng(2)
    best = cheapest_trades(Exponential(rho), span_days=T, trades=11)
    least = block_cost(best, rho)
    assert best @ Exponential(rho).gram(np.linspace(0, T, 11)) @ best / 2 == pytest.approx(least)
    for _ in range(100):
        moved = rng.normal(size=11) * 0.05
        assert block_cost(best + moved - moved.mean(), rho) > least


@every_resilience
def test_many_blocks_come_to_the_continuous_optimum_and_its_cost(rho: float) -> None:
    """Blocks X / (rho T + 2) at both ends, an even rate rho times that between, cost X / (rho T + 2) a share."""
    n = 20_000
    end, decay = X / (rho * T + 2), np.exp(-rho * T / n)
    blocks = X / (2 + (n - 1) * (1 - decay)) * np.array([1.0, *[1 - decay] * (n - 1), 1.0])
    assert blocks[0] == pytest.approx(end, rel=0.01)
    assert blocks[1] * n / T == pytest.approx(rho * end, rel=0.02)
    assert block_cost(blocks, rho) / X == pytest.approx(end, rel=0.01)


@every_resilience
def test_the_model_costs_the_continuous_optimum_what_the_paper_says_and_an_even_order_more(rho: float) -> None:
    """Blocks traded in a ten-millionth of the session; cost kappa X / (rho T + 2) and lambda X / 2 a share."""
    model = ObizhaevaWang(permanent=0.2, transient=1.5, resilience=rho)
    market = Terms(quantity=X, days=T, volatility=0.02, daily_volume=1e6)
    unit_bps = 0.02 / 1e6 * 1e4
    end, short = X / (rho * T + 2), 1e-7
    trades = np.array([end, rho * T * end, end])
    cost = model.response(market).cost_of(trades, np.array([0.0, short, T - short, T]))
    assert cost.temporary_bps == pytest.approx(1.5 * unit_bps * X / (rho * T + 2), rel=1e-4)
    assert cost.permanent_bps == pytest.approx(0.2 * unit_bps * X / 2)
    assert model.temporary_bps(market) > cost.temporary_bps


def test_the_optimum_keeps_the_displacement_even_between_its_blocks() -> None:
    rho = 5.0
    model = ObizhaevaWang(permanent=0.0, transient=1.0, resilience=rho)
    market = Terms(quantity=X, days=T, volatility=0.02, daily_volume=1e6)
    end = X / (rho * T + 2)
    edges = np.array([0.0, 1e-7, T - 1e-7])
    path = model.response(market).path(np.array([end, rho * T * end]), edges, np.linspace(1e-7, T - 1e-7, 9))
    assert path.tolist() == pytest.approx([0.02 / 1e6 * 1e4 * end] * 9, rel=1e-5)
