"""Shares of markets in one price: what leaves them alone, what they refuse, what they say about themselves."""

from __future__ import annotations

import numpy as np
import pytest

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.discovery import (
    Discovery,
    Grid,
    Market,
    align,
    correcting_markets,
    delayed_markets,
    discover,
)
from nowake.microstructure.discovery.shares import information_shares, modified_shares
from nowake.microstructure.discovery.sweeps import skew_sensitivity, sweep

FIELDS = ("information_low", "information_high", "information_mid", "information_mean", "component", "modified")
S = 1_000_000_000


@pytest.fixture(scope="module")
def three() -> Grid:
    alpha = [[-0.05, -0.05], [0.1, 0.0], [0.02, 0.15]]
    omega = 1e-8 * np.array([[1.0, 0.3, 0.2], [0.3, 1.5, 0.4], [0.2, 0.4, 2.0]])
    return correcting_markets(alpha, omega.tolist(), rows=3_000, seed=4, names=("a", "b", "c"))


def values(found: Discovery, order: list[int] | None = None) -> np.ndarray:
    rows = found.markets if order is None else [found.markets[j] for j in order]
    return np.array([[getattr(row, name).value for name in FIELDS] for row in rows])


def test_each_number_carries_an_interval_that_holds_it_and_stays_where_shares_live(three: Grid) -> None:
    for market in discover(three).markets:
        for name in FIELDS:
            measured = getattr(market, name)
            assert measured.low < measured.value < measured.high
            assert name == "component" or (measured.low >= 0 and measured.high <= 1)
        assert market.leadership is None
        assert market.information_low.value <= market.information_mean.value <= market.information_high.value


def test_shares_that_must_add_up_do(three: Grid) -> None:
    total = values(discover(three)).sum(axis=0)
    np.testing.assert_allclose(total[3:], 1.0, atol=1e-12)


def test_the_order_of_markets_only_orders_the_shares(three: Grid) -> None:
    turned = [2, 0, 1]
    names = tuple(three.names[j] for j in turned)
    other = Grid.of_rows(three.log_prices[:, turned], names=names)
    here, there = discover(three, lags=2), discover(other, lags=2)
    np.testing.assert_allclose(values(here, turned), values(there), rtol=1e-8)
    assert names == tuple(market.market for market in there.markets)


def test_units_and_a_constant_basis_change_nothing(three: Grid) -> None:
    """A price in yen, one in ticks and one in dollars: logs differ by constants."""
    other = Grid.of_rows(three.log_prices + np.array([5.0, -3.0, 0.7]), names=three.names)
    here, there = discover(three, lags=2), discover(other, lags=2)
    np.testing.assert_allclose(values(here), values(there), rtol=1e-7)
    assert there.walk_sd_bps.value == pytest.approx(here.walk_sd_bps.value, rel=1e-8)
    np.testing.assert_allclose(there.basis_bps[0] - here.basis_bps[0], 80_000, rtol=1e-9)


def test_prices_turned_upside_down_have_the_same_shares(three: Grid) -> None:
    other = Grid.of_rows(-three.log_prices, names=three.names)
    np.testing.assert_allclose(values(discover(three, lags=2)), values(discover(other, lags=2)), rtol=1e-8)


def test_one_seed_is_one_result_and_another_moves_only_intervals(three: Grid) -> None:
    assert discover(three, seed=1) == discover(three, seed=1)
    one, other = discover(three, seed=1), discover(three, seed=2)
    np.testing.assert_array_equal(values(one), values(other))
    assert one.markets[0].modified.low != other.markets[0].modified.low


def test_the_common_price_of_a_walk_told_without_delay_has_the_walks_variance() -> None:
    grid = delayed_markets(delays=(0, 2), noise_sd=(5e-5, 5e-5), walk_sd=1e-4, rows=40_000, seed=6)
    found = discover(grid, lags=12)
    assert found.walk_sd_bps.low < 1.0 < found.walk_sd_bps.high


@pytest.mark.parametrize("seed", range(5))
def test_prices_that_walk_apart_are_refused(seed: int) -> None:
    walks = np.cumsum(np.random.default_rng(100 + seed).normal(0, 1e-4, (4_000, 2)), axis=0)
    with pytest.raises(Unidentified, match=r"no common price to share.*leave out"):
        discover(Grid.of_rows(walks))


def test_a_basis_that_drifts_is_refused(three: Grid) -> None:
    drifting = three.log_prices.copy()
    drifting[:, 2] += np.linspace(0, 0.05, len(drifting))
    with pytest.raises(Unidentified, match="a less c"):
        discover(Grid.of_rows(drifting, names=three.names))


def test_independent_walks_pass_about_as_often_as_the_test_level_says() -> None:
    passed = 0
    for seed in range(200):
        walks = np.cumsum(np.random.default_rng(seed).normal(0, 1e-4, (500, 2)), axis=0)
        try:
            discover(Grid.of_rows(walks), lags=1, repeats=50, test_level=0.1)
        except Unidentified:
            continue
        passed += 1
    assert 8 <= passed <= 34  # 200 draws at 0.1: 20, and 4.2 deviations of 3.4 a side at most.


def test_a_constant_price_and_two_that_are_the_same_are_refused(three: Grid) -> None:
    still, same, shifted = (three.log_prices.copy() for _ in range(3))
    still[:, 1] = 4.0
    same[:, 1] = same[:, 0]
    shifted[:, 2] = shifted[:, 0] - 0.25
    with pytest.raises(BadData, match="b never moves over 3,000 rows"):
        discover(Grid.of_rows(still, names=three.names))
    for rows, pair in ((same, "a and b"), (shifted, "a and c")):
        with pytest.raises(Unidentified, match=f"{pair} differ by a constant"):
            discover(Grid.of_rows(rows, names=three.names))


def test_two_followers_that_repeat_each_other_with_rounding_are_refused(three: Grid) -> None:
    twins = three.log_prices.copy()
    twins[:, 2] = twins[:, 1] + 1e-12 * np.random.default_rng(1).normal(size=len(twins))
    with pytest.raises((BadData, Unidentified)):
        discover(Grid.of_rows(twins, names=three.names))


def test_a_grid_that_holds_nan_is_refused(three: Grid) -> None:
    rows = three.log_prices.copy()
    rows[5, 1] = np.nan
    with pytest.raises(BadData, match="a log price is no number"):
        discover(Grid(three.names, three.time_ns, rows, three.stretch, S))


def test_too_few_rows_say_how_many_are_needed(three: Grid) -> None:
    with pytest.raises(BadData, match="129 usable rows are fewer than 630 that 20 lags need"):
        discover(Grid.of_rows(three.log_prices[:150], names=three.names), lags=20)


def test_wrong_parameters_are_refused(three: Grid) -> None:
    for wrong, words in (
        ({"lags": -1}, "lags -1"),
        ({"repeats": 10}, "repeats 10"),
        ({"level": 1.0}, "level 1.0"),
        ({"test_level": 0.02}, "test level 0.02"),
        ({"criterion": "hqc"}, "criterion 'hqc'"),
    ):
        with pytest.raises(BadParameter, match=words):
            discover(three, **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadParameter, match="11 markets must be at most 10"):
        discover(Grid.of_rows(np.random.default_rng(1).normal(size=(500, 11))))


def test_a_covariance_that_cannot_tell_markets_apart_is_refused() -> None:
    for function in (information_shares, modified_shares):
        with pytest.raises(BadData, match="cannot be told apart"):
            function(np.ones(2), np.ones((2, 2)))
        with pytest.raises(BadData, match="cannot be told apart"):
            function(np.ones(2), np.array([[1.0, np.nan], [np.nan, 1.0]]))
        with pytest.raises(BadParameter, match="does not fit"):
            function(np.ones(3), np.eye(2))


def test_it_says_what_to_doubt() -> None:
    slow = correcting_markets([[-0.4], [0.4]], [[1e-8, 0.9e-8], [0.9e-8, 1e-8]], rows=3_000, seed=1)
    assert any("apart; a shorter step narrows them" in note for note in discover(slow).notes)
    alone = correcting_markets([[0.0], [0.2]], [[1e-8, 0.0], [0.0, 1e-8]], rows=3_000, seed=1)
    told = discover(alone)
    assert any("leadership share is 0/0" in note for note in told.notes)
    assert [None, None] == [market.leadership for market in told.markets]


def test_few_rows_choose_among_fewer_lags() -> None:
    grid = correcting_markets([[-0.1], [0.1]], [[1e-8, 0.0], [0.0, 1e-8]], rows=250, seed=4)
    assert discover(grid, repeats=100).lags <= 250 // 20
    late = delayed_markets(delays=(0, 4), noise_sd=(1e-5, 1e-5), walk_sd=1e-4, rows=5_000, seed=1)
    assert any("offer more" in note for note in discover(late, most_lags=3).notes)


def test_it_prints_as_a_table(three: Grid) -> None:
    shown = str(discover(three)).splitlines()
    assert [line.split()[0] for line in shown[1:4]] == ["a", "b", "c"]
    assert max(map(len, shown[:5])) <= 132
    assert any("cointegration holds" in line for line in shown)


def on_ticks(seed: int, *, lag_ns: int) -> list[Market]:
    """A walk on a millisecond clock, told by two markets at random instants, by the second a while later."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 1e-5, 1_200_000))
    markets = []
    for name, late in (("first", 0), ("second", lag_ns)):
        at = np.unique(rng.integers(2_000, len(walk), 60_000))
        price = walk[at - late // 1_000_000] + rng.normal(0, 2e-5, len(at))
        markets.append(Market(name, at.astype(np.int64) * 1_000_000, price))
    return markets


def test_bounds_open_up_as_the_step_grows_and_a_step_that_is_too_long_says_so() -> None:
    points = sweep(on_ticks(1, lag_ns=300_000_000), [100_000_000, S, 5 * S, 600 * S], most_lags=5, repeats=50)
    widths = [
        market.information_high.value - market.information_low.value
        for market in (point.discovery.markets[0] for point in points if point.discovery)
    ]
    assert widths == sorted(widths)
    assert widths[0] < 0.1 < widths[-1]
    assert [point.every_ns for point in points] == [100_000_000, S, 5 * S, 600 * S]
    assert points[-1].discovery is None
    assert "fewer than 100" in points[-1].refused


def test_a_skew_as_large_as_the_lead_turns_the_shares_over() -> None:
    """A clock that is wrong cannot be told from a lead: that is why it has to be shown."""
    points = skew_sensitivity(
        on_ticks(1, lag_ns=300_000_000),
        market="second",
        skews_ns=[-600_000_000, -300_000_000, 0, 300_000_000],
        every_ns=100_000_000,
        repeats=50,
    )
    shares = [point.discovery.markets[0].modified.value for point in points if point.discovery]
    assert shares == sorted(shares)
    assert shares[0] < 0.1
    assert shares[1] == pytest.approx(0.5, abs=0.15)
    assert shares[2] > 0.9


def test_a_skew_is_looked_at_within_sessions_as_the_shares_are() -> None:
    markets = on_ticks(1, lag_ns=300_000_000)
    start, end = int(markets[0].time_ns[0]), int(markets[0].time_ns[-1])
    third = (end - start) // 3
    sessions = [(start, start + third), (end - third, end)]
    points = skew_sensitivity(
        markets, market="second", skews_ns=[0], every_ns=100_000_000, sessions=iter(sessions), repeats=50
    )
    straight = discover(align(markets, every_ns=100_000_000, sessions=sessions), repeats=50)
    assert points[0].discovery is not None
    assert points[0].discovery.markets == straight.markets
    assert points[0].discovery.rows == straight.rows


def test_sweeps_refuse_wrong_calls() -> None:
    markets = on_ticks(1, lag_ns=0)
    with pytest.raises(BadParameter, match="intervals_ns is empty"):
        sweep(markets, [])
    with pytest.raises(BadParameter, match="'third' is none of first, second"):
        skew_sensitivity(markets, market="third", skews_ns=[0], every_ns=S)
    with pytest.raises(BadParameter, match="repeats 3"):
        sweep(markets, [S], repeats=3)
