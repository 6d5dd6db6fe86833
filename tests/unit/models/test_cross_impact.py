"""Cross-impact: Kyle's matrix against its equation, eigen-liquidity, round trips, baskets that cannot be told."""

import numpy as np
import pytest

from nowake.domain.errors import BadParameter
from nowake.models.impact import kernels
from nowake.models.impact.cross import CrossImpact
from nowake.models.impact.cross_kyle import eigen_liquidity, kyle_matrix

PAIR = ("A", "B")
PRICES = np.array([50.0, 20.0])
SIGMA = np.array([[1.0, 0.24], [0.24, 0.16]])  # Volatilities 1 and 0.4, correlation 0.6.
OMEGA = np.array([[4e10, 1e10], [1e10, 9e10]])
EDGES = np.linspace(0, 1, 5)


def random_pair(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    prices = rng.normal(size=(count, 3 * count)) * np.geomspace(0.01, 10, count)[:, None]
    flows = rng.normal(size=(count, 3 * count)) * np.geomspace(1e6, 1e2, count)[:, None]
    return prices @ prices.T, flows @ flows.T


@pytest.mark.parametrize("count", [1, 2, 5, 40])
def test_kyles_matrix_solves_its_equation_and_is_symmetric_and_positive(count: int) -> None:
    sigma, omega = random_pair(count, seed=count)
    names = tuple(str(k) for k in range(count))
    slopes = kyle_matrix(names, np.ones(count), sigma, omega).slopes
    scale = np.sqrt(np.outer(np.diagonal(sigma), np.diagonal(sigma)))
    assert (slopes @ omega @ slopes / scale).ravel().tolist() == pytest.approx((sigma / scale).ravel().tolist())
    assert slopes.tolist() == slopes.T.tolist()
    assert np.linalg.eigvalsh(slopes)[0] > 0


@pytest.mark.parametrize(
    ("risks", "flows"),
    [
        ((5.0, 1.0, 0.001), (1e7, 1e5, 1e3)),
        ((500.0, 0.5, 0.0005), (1e6, 1e5, 1e3)),
        ((5e4, 0.5, 5e-6), (1e5, 1e5, 1e5)),
    ],
)
def test_kyles_equation_holds_for_each_pair_however_different_the_assets(
    risks: tuple[float, ...], flows: tuple[float, ...]
) -> None:
    rho = np.array([[1, 0.5, 0.3], [0.5, 1, 0.4], [0.3, 0.4, 1]])
    sigma, omega = rho * np.outer(risks, risks), rho * np.outer(flows, flows)
    slopes = kyle_matrix(("A", "B", "C"), np.ones(3), sigma, omega).slopes
    assert (slopes @ omega @ slopes / sigma).ravel() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("make", [kyle_matrix, eigen_liquidity])
@pytest.mark.parametrize("rho", [0.0, 0.5, 0.3])
def test_the_order_of_assets_changes_nothing_also_where_correlations_are_all_alike(make: object, rho: float) -> None:
    sigma = np.full((3, 3), rho) + (1 - rho) * np.eye(3)
    omega = np.array([[4.0, 1.0, 0.0], [1.0, 1.0, 0.2], [0.0, 0.2, 0.5]])
    before = make(("A", "B", "C"), np.ones(3), sigma, omega).slopes
    turn = np.array([2, 0, 1])
    after = make(("C", "A", "B"), np.ones(3), sigma, omega[np.ix_(turn, turn)]).slopes
    assert after.ravel() == pytest.approx(before[np.ix_(turn, turn)].ravel(), rel=1e-9)


def test_eigenvalues_equal_to_rounding_are_one_space_with_kyles_matrix_in_it() -> None:
    omega = np.array([[4.0, 0.5], [0.5, 1.0]])
    kyle = kyle_matrix(PAIR, np.ones(2), np.eye(2), omega).slopes
    for rho in (0.0, 1e-12):
        eigen = eigen_liquidity(PAIR, np.ones(2), np.array([[1.0, rho], [rho, 1.0]]), omega).slopes
        assert eigen.ravel() == pytest.approx(kyle.ravel(), rel=1e-9)


def test_one_asset_has_kyles_lambda() -> None:
    """Volatility over the deviation of flow; Kyle 1985 has half of sqrt(Sigma_0) / sigma_u for his two, which is it."""
    for make in (kyle_matrix, eigen_liquidity):
        model = make(("A",), np.array([50.0]), np.array([[0.25]]), np.array([[4e10]]), y=0.5)
        assert model.slopes[0, 0] == pytest.approx(0.5 * 0.5 / 2e5)


def test_in_kyles_market_flow_explains_half_of_what_the_insider_knows() -> None:
    sigma_0, sigma_u = 4.0, 3e4
    lam, beta = np.sqrt(sigma_0) / (2 * sigma_u), sigma_u / np.sqrt(sigma_0)
    flow = beta**2 * sigma_0 + sigma_u**2
    model = kyle_matrix(("A",), np.array([1.0]), np.array([[lam**2 * flow]]), np.array([[flow]]))
    assert model.slopes[0, 0] == pytest.approx(lam)


def test_uncorrelated_assets_do_not_touch_each_other() -> None:
    for make in (kyle_matrix, eigen_liquidity):
        slopes = make(PAIR, PRICES, np.diag([1.0, 0.16]), np.diag([4e10, 9e10])).slopes
        assert slopes.ravel().tolist() == pytest.approx([1 / 2e5, 0, 0, 0.4 / 3e5], abs=1e-18)


def test_eigen_liquidity_is_kyle_where_flows_are_uncorrelated_by_portfolio() -> None:
    volatility = np.array([1.0, 0.4])
    portfolios = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    risk_flow = portfolios.T @ np.diag([3.0, 5.0]) @ portfolios * 1e9
    omega = risk_flow / np.outer(volatility, volatility)
    kyle, eigen = (make(PAIR, PRICES, SIGMA, omega).slopes for make in (kyle_matrix, eigen_liquidity))
    assert eigen.ravel().tolist() == pytest.approx(kyle.ravel().tolist())


def test_a_split_of_one_stock_changes_no_cost() -> None:
    trades = np.array([[1e4, 2e4], [-5e3, 1e4], [0.0, 1e3], [2e3, 0.0]])
    price, flow = np.array([0.5, 1.0]), np.array([2.0, 1.0])
    for make in (kyle_matrix, eigen_liquidity):
        before = make(PAIR, PRICES, SIGMA, OMEGA).cost_of(trades, EDGES)
        after = make(PAIR, PRICES * price, SIGMA * np.outer(price, price), OMEGA * np.outer(flow, flow)).cost_of(
            trades * flow, EDGES
        )
        assert after.total == pytest.approx(before.total)
        assert after.total_bps == pytest.approx(before.total_bps)


def test_cost_without_decay_is_half_of_what_is_traded_times_what_it_moves() -> None:
    model = kyle_matrix(PAIR, PRICES, SIGMA, OMEGA)
    quantity = np.array([3e4, -1e4])
    cost = model.cost_of(np.tile(quantity / 4, (4, 1)), EDGES)
    assert cost.total == pytest.approx(float(quantity @ model.slopes @ quantity) / 2)
    assert cost.total_bps == pytest.approx(cost.total / (3e4 * 50 + 1e4 * 20) * 1e4)
    # Hedging with a correlated asset takes from the cost.
    assert cost.own > cost.total


def test_cost_is_what_a_thousand_small_trades_pay_one_after_the_other() -> None:
    rng = np.random.default_rng(1)
    kernel = kernels.Exponential(3.0)
    model = kyle_matrix(PAIR, PRICES, SIGMA, OMEGA, kernel=kernel)
    trades = rng.normal(size=(4, 2)) * 1e4
    fine = np.repeat(trades / 1_000, 1_000, axis=0)
    level, paid = np.zeros(2), np.zeros(2)
    for trade in fine:
        paid += trade * (level + model.slopes @ trade / 2)
        level = (level + model.slopes @ trade) * np.exp(-3.0 / 4_000)
    cost = model.cost_of(trades, EDGES)
    assert cost.by_asset.tolist() == pytest.approx(paid.tolist(), rel=2e-3)
    assert model.path(trades, EDGES, np.array([1.0]))[0].tolist() == pytest.approx(level.tolist(), rel=2e-3)


def test_prices_move_with_the_trades_and_stay_or_decay_after_them() -> None:
    stays, decays = (kyle_matrix(PAIR, PRICES, SIGMA, OMEGA, kernel=k) for k in (None, kernels.Exponential(3.0)))
    trades = np.array([[1e4, 0.0], [0.0, 0.0]])
    edges, at = np.array([0.0, 0.5, 1.0]), np.array([0.25, 0.5, 1.0])
    moved = stays.displacement(np.array([1e4, 0.0]))
    assert stays.path(trades, edges, at).ravel().tolist() == pytest.approx(
        np.outer([0.5, 1, 1], moved).ravel().tolist()
    )
    assert moved[1] > 0
    assert (stays.displacement_bps(np.array([1e4, 0.0])) * PRICES / 1e4).tolist() == pytest.approx(moved.tolist())
    left = decays.path(trades, edges, at)
    assert left[2] == pytest.approx(left[1] * np.exp(-1.5))


@pytest.mark.parametrize("kernel", [None, kernels.Exponential(3.0), kernels.PowerLaw(0.4)])
def test_no_round_trip_in_two_assets_earns(kernel: kernels.Kernel | None) -> None:
    rng = np.random.default_rng(3)
    model = kyle_matrix(PAIR, PRICES, SIGMA, OMEGA, kernel=kernel)
    for _ in range(100):
        trades = rng.normal(size=(6, 2)) * 1e4
        trades -= trades.mean(axis=0)
        cost = model.cost_of(trades, np.linspace(0, 1, 7))
        assert cost.total > -1e-15 * cost.traded


def test_asymmetric_impact_is_refused_with_the_round_trip_that_earns() -> None:
    slopes = np.array([[5e-6, 3e-6], [1e-6, 4e-6]])
    with pytest.raises(BadParameter, match="buy A, buy B, sell A, sell B earns 2e-06") as refused:
        CrossImpact(assets=PAIR, slopes=slopes, prices=PRICES)
    assert "buying B lifts A by 3e-06" in str(refused.value)
    # The same trip by hand, each share paying half of its own move.
    level, paid = np.zeros(2), 0.0
    for asset, side in ((0, 1), (1, 1), (0, -1), (1, -1)):
        paid += side * (level[asset] + side * slopes[asset, asset] / 2)
        level += side * slopes[:, asset]
    assert paid == pytest.approx(-2e-6)


def test_impact_that_pays_for_a_basket_is_refused_naming_it() -> None:
    slopes = np.array([[1e-6, 2e-8], [2e-8, 1e-10]])  # Own slopes ten thousand apart hide nothing.
    with pytest.raises(BadParameter, match=r"positive semi-definite: trading .* would earn"):
        CrossImpact(assets=PAIR, slopes=slopes, prices=PRICES)


def test_a_price_that_does_not_move_has_no_impact_and_suffers_none() -> None:
    for make in (kyle_matrix, eigen_liquidity):
        slopes = make(PAIR, PRICES, np.diag([1.0, 0.0]), OMEGA).slopes
        assert slopes.ravel().tolist() == pytest.approx([1 / 2e5, 0, 0, 0])


def test_perfectly_correlated_prices_are_moved_together() -> None:
    sigma = np.array([[1.0, 0.5], [0.5, 0.25]])
    slopes = kyle_matrix(PAIR, PRICES, sigma, OMEGA).slopes
    assert (slopes @ OMEGA @ slopes).ravel().tolist() == pytest.approx(sigma.ravel().tolist())
    # Any trade moves A twice as far as B.
    assert (slopes[0] / slopes[1]).tolist() == pytest.approx([2.0, 2.0])


def test_an_asset_that_moves_without_flow_is_refused_by_name() -> None:
    for make in (kyle_matrix, eigen_liquidity):
        with pytest.raises(BadParameter, match="B moves without any order flow"):
            make(PAIR, PRICES, SIGMA, np.diag([4e10, 0.0]))


def test_collinear_flows_are_refused_naming_the_basket() -> None:
    with pytest.raises(BadParameter, match="no flow is seen in the basket") as refused:
        kyle_matrix(PAIR, PRICES, SIGMA, np.outer([2e5, 3e5], [2e5, 3e5]))
    assert "A" in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"sigma": np.array([[1.0, 0.9], [0.24, 0.16]])}, "price_covariance must be symmetric"),
        ({"sigma": np.array([[1.0, 0.9], [0.9, 0.16]])}, "price_covariance must be positive"),
        ({"omega": np.eye(3)}, r"flow_covariance must be finite and 2 x 2, not of shape \(3, 3\)"),
        ({"omega": np.array([[1.0, np.nan], [np.nan, 1.0]])}, "flow_covariance must be finite"),
        ({"y": -1.0}, "y -1.0"),
    ],
)
def test_covariances_that_are_none_are_refused(changed: dict[str, object], words: str) -> None:
    asked = {"sigma": SIGMA, "omega": OMEGA, "y": 1.0} | changed
    with pytest.raises(BadParameter, match=words):
        kyle_matrix(PAIR, PRICES, asked["sigma"], asked["omega"], y=asked["y"])


def test_a_schedule_of_other_assets_is_refused() -> None:
    model = kyle_matrix(PAIR, PRICES, SIGMA, OMEGA)
    with pytest.raises(BadParameter, match=r"trades \(4, 3\)"):
        model.cost_of(np.ones((4, 3)), EDGES)
    with pytest.raises(BadParameter, match="not all 0"):
        model.cost_of(np.zeros((4, 2)), EDGES)


def test_the_matrix_prints_with_names_and_units() -> None:
    printed = str(CrossImpact(assets=PAIR, slopes=np.array([[5e-6, 1e-6], [1e-6, 4e-6]]), prices=PRICES))
    assert printed == (
        "currency per share, per share (given); bought: A, B\n"
        "A                  5e-06       1e-06\n"
        "B                  1e-06       4e-06"
    )
