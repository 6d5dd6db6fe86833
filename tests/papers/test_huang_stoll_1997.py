"""Huang & Stoll 1997, "The components of the bid-ask spread: a general approach", Review of Financial Studies 10, and
Madhavan, Richardson & Roomans 1997, "Why do security prices change?", same volume.

Their tables are of TORQ's trades, which are not free, so that none is repeated here. Equations without noise are
solved exactly by hand-worked chains, their moment conditions by scipy on their own, and estimates and errors are held
beside a GMM written out anew.
"""

import numpy as np
import pytest
from scipy.optimize import root
from tests.unit.microstructure.spread_worlds import huang_stoll_market, madhavan_market, trades_of

from nowake.domain.errors import Unidentified
from nowake.domain.market import Quotes
from nowake.microstructure.toxicity.huang_stoll import huang_stoll, huang_stoll_two_way
from nowake.microstructure.toxicity.madhavan import madhavan

SIDE = np.array([1, -1, -1, 1, -1, 1, 1, -1])


def test_two_ways_by_hand() -> None:
    """Half-spread 4, lambda 1/2: each order moves the mid by 2 after it, and trades 4 from it."""
    mid = 100 + 2 * np.append(0, np.cumsum(SIDE)[:-1])
    found = huang_stoll_two_way(trades_of(mid + 4 * SIDE, SIDE), least=5)
    assert pytest.approx(found.half_spread_ticks.value) == 4
    assert pytest.approx(found.informed_share.value) == 0.5
    assert pytest.approx(found.processing_share.value) == 0.5


def test_three_ways_by_hand() -> None:
    """Sides of a chain with sum Q_t Q_{t-1} = -rho n; quotes move by alpha of the surprise and beta of the side."""
    alpha, beta = 0.25, 0.5
    side = np.tile(SIDE, 3)
    rho = float(side[1:-1] @ side[:-2]) / len(side[:-2])
    half = 100 * np.arange(1, len(side) + 1)  # So that quotes tell the orders apart, and none is bunched.
    push = half * side
    moves = np.zeros(len(side))
    moves[1:] += (alpha + beta) * push[:-1]
    moves[2:] -= alpha * rho * push[:-2]
    # In thousandths of a tick, for the mid must be whole.
    mid = np.round(1_000 * np.cumsum(moves)).astype(np.int64)
    time_ns = 1_000 * np.arange(1, len(side) + 1)
    lots = np.ones(len(side), np.int64)
    quotes = Quotes(
        time_ns=time_ns - 500,
        bid_ticks=mid - 1_000 * half,
        bid_lots=lots,
        ask_ticks=mid + 1_000 * half,
        ask_lots=lots,
    )
    found = huang_stoll(quotes, trades_of(mid, side, time_ns=time_ns), least=5, lags=0, level=0.3)
    assert (1 - rho) / 2 == pytest.approx(found.reversal.value, rel=1e-12)
    assert alpha == pytest.approx(found.adverse_share.value, rel=1e-5)
    assert beta == pytest.approx(found.inventory_share.value, rel=1e-5)
    assert found.merged == 0


def newey_west(rows: np.ndarray, lags: int) -> np.ndarray:
    total = rows.T @ rows
    for lag in range(1, lags + 1):
        product = rows[lag:].T @ rows[:-lag]
        total += (1 - lag / (lags + 1)) * (product + product.T)
    return total / len(rows)


def gmm(moments, start: np.ndarray, *, lags: int) -> tuple[np.ndarray, np.ndarray]:
    """Exactly identified GMM by root finding and differences: estimates and standard errors."""
    solved = root(lambda x: moments(x).mean(axis=0), start, tol=1e-12)
    at, rows = solved.x, moments(solved.x)
    steps = 1e-5 * np.maximum(np.abs(at), 1)
    slope = np.column_stack(
        [
            (moments(at + step * unit).mean(axis=0) - moments(at - step * unit).mean(axis=0)) / (2 * step)
            for step, unit in zip(steps, np.eye(len(at)), strict=True)
        ]
    )
    bread = np.linalg.inv(slope)
    return at, np.sqrt(np.diag(bread @ newey_west(rows, lags) @ bread.T) / len(rows))


def test_three_ways_are_the_solution_of_the_papers_moment_conditions() -> None:
    quotes, trades = huang_stoll_market(4)
    mid, half = quotes.mid_ticks, (quotes.ask_ticks - quotes.bid_ticks) / 2
    q = trades.aggressor.astype(float)
    move, first, second = np.diff(mid)[1:], (half * q)[1:-1], (half * q)[:-2]

    def moments(x: np.ndarray) -> np.ndarray:
        alpha, beta, pi = x
        sides = (q[1:-1] - (1 - 2 * pi) * q[:-2]) * q[:-2]
        error = move - (alpha + beta) * first + alpha * (1 - 2 * pi) * second
        return np.column_stack((sides, error * first / 1e3, error * second / 1e3))

    at, errors = gmm(moments, np.array([0.3, 0.2, 0.7]), lags=6)
    found = huang_stoll(quotes, trades, lags=6)
    ours = found.adverse_share, found.inventory_share, found.reversal
    np.testing.assert_allclose(at, [each.value for each in ours], rtol=1e-7)
    np.testing.assert_allclose(errors, [each.sd for each in ours], rtol=2e-3)


def test_madhavan_is_the_solution_of_the_papers_moment_conditions() -> None:
    trades = madhavan_market(4)
    x, step = trades.aggressor.astype(float), np.diff(trades.price_ticks.astype(float))

    def moments(at: np.ndarray) -> np.ndarray:
        theta, phi, rho, mean = at
        error = step - mean - (phi + theta) * x[1:] + (phi + rho * theta) * x[:-1]
        return np.column_stack(((x[1:] - rho * x[:-1]) * x[:-1] * 1e3, error, error * x[1:], error * x[:-1]))

    at, errors = gmm(moments, np.array([100.0, 100.0, 0.1, 0.0]), lags=6)
    found = madhavan(trades, lags=6)
    ours = found.theta_ticks, found.phi_ticks, found.rho
    np.testing.assert_allclose(at[:3], [each.value for each in ours], rtol=1e-6)
    np.testing.assert_allclose(errors[:3], [each.sd for each in ours], rtol=2e-3)


def test_sides_like_a_coins_toss_cannot_tell_adverse_selection_from_inventory() -> None:
    quotes, trades = huang_stoll_market(3, reversal=0.5)
    with pytest.raises(Unidentified, match=r"which may be a half: .* use huang_stoll_two_way"):
        huang_stoll(quotes, trades)
    shares = huang_stoll_two_way(huang_stoll_market(1, reversal=0.5, count=20_000)[1])
    assert shares.informed_share.low < 0.5 < shares.informed_share.high


def test_slices_of_large_orders_are_one_order_when_bunched() -> None:
    """Each order in slices against unchanged quotes: bunched it is what it was, raw it hides that sides turn round."""
    quotes, trades = huang_stoll_market(5, count=2_000)
    rng = np.random.default_rng(5)
    slices = rng.integers(1, 5, 2_000)
    time_ns = np.repeat(trades.time_ns, slices) + 1_000 * np.concatenate([np.arange(count) for count in slices])
    sliced = trades_of(np.repeat(trades.price_ticks, slices), np.repeat(trades.aggressor, slices), time_ns=time_ns)
    whole, bunched, raw = (
        huang_stoll(quotes, trades),
        huang_stoll(quotes, sliced),
        huang_stoll(quotes, sliced, bunch=False),
    )
    assert whole.adverse_share.value == bunched.adverse_share.value
    assert int(slices.sum()) - 2_000 == bunched.merged
    assert bunched.reverses
    assert not raw.reverses
    assert raw.adverse_share.value < 0.1 < bunched.adverse_share.low
