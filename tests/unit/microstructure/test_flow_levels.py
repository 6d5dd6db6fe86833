"""What flow at each level explains: slopes against statsmodels, known truth, and what cannot be told apart."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.flow import FlowBars, level_response
from nowake.microstructure.flow.levels import first_component

SLOPES = np.array([0.05, 0.02, 0.01])


def bars_of(seed: int, *, count: int = 400, slopes: np.ndarray = SLOPES, noise: float = 2.0) -> FlowBars:
    """Flows that share a tendency, noise whose size changes and that remembers a little."""
    rng = np.random.default_rng(seed)
    flows = 30 * rng.standard_normal((count, 1)) + 30 * rng.standard_normal((count, len(slopes)))
    drawn = rng.standard_normal(count + 1)
    size = noise * (0.5 + rng.random(count))
    moves = flows @ slopes + size * (drawn[1:] + 0.3 * drawn[:-1])
    return FlowBars(np.arange(count + 1), flows, moves, np.full(count, 50.0), 0)


def test_slopes_and_what_they_explain_are_those_of_statsmodels() -> None:
    bars = bars_of(1)
    found = level_response(bars)
    theirs = sm.OLS(bars.moves_ticks, sm.add_constant(bars.flows_lots)).fit()
    np.testing.assert_allclose(theirs.params[1:], [each.value for each in found.slopes], rtol=1e-9)
    assert theirs.rsquared_adj == pytest.approx(found.fits[-1].r2, rel=1e-9)
    first = sm.OLS(bars.moves_ticks, sm.add_constant(bars.flows_lots[:, :1])).fit()
    assert first.rsquared_adj == pytest.approx(found.fits[0].r2, rel=1e-9)
    hac = theirs.get_robustcov_results("HAC", maxlags=5, use_correction=False).bse[1:]
    np.testing.assert_allclose(hac, [each.sd for each in found.slopes], rtol=0.06)  # Ours divide by 1 - leverage.


def test_out_of_sample_each_stretch_is_foretold_by_the_others() -> None:
    bars = bars_of(2, count=300)
    missed = plain = 0.0
    for rows in np.array_split(np.arange(300), 5):
        rest = np.setdiff1d(np.arange(300), rows)
        fit = sm.OLS(bars.moves_ticks[rest], sm.add_constant(bars.flows_lots[rest][:, :2])).fit()
        missed += ((bars.moves_ticks[rows] - fit.predict(sm.add_constant(bars.flows_lots[rows][:, :2]))) ** 2).sum()
        plain += ((bars.moves_ticks[rows] - bars.moves_ticks[rest].mean()) ** 2).sum()
    assert 1 - missed / plain == pytest.approx(level_response(bars).fits[1].r2_out.value, rel=1e-9)


def held(seed: int) -> list[bool]:
    found = level_response(bars_of(seed, count=300), seed=seed)
    return [each.low <= truth <= each.high for each, truth in zip(found.slopes, SLOPES, strict=True)]


def test_intervals_hold_the_slopes_that_made_the_moves() -> None:
    assert (np.mean([held(seed) for seed in range(60)], axis=0) >= 0.85).all()


@pytest.mark.study
def test_intervals_hold_the_slopes_at_their_level_over_a_thousand_days() -> None:
    share = np.mean([held(seed) for seed in range(1_000)], axis=0)
    assert (np.abs(share - 0.95) < 0.02).all()


def test_where_deeper_levels_matter_they_explain_more_and_where_they_do_not_they_do_not() -> None:
    matter = level_response(bars_of(3, count=2_000))
    assert matter.fits[2].r2_out.value > matter.fits[0].r2_out.value + 0.02
    useless = level_response(bars_of(3, count=300, slopes=np.array([0.05, 0, 0, 0, 0, 0, 0, 0])))
    assert useless.fits[-1].r2_out.value <= useless.fits[0].r2_out.value + 0.01
    assert (useless.slopes[3].low, useless.slopes[3].high) == pytest.approx((0, 0), abs=0.05)


def test_the_integrated_flow_of_an_even_book_has_the_slope_of_one_half() -> None:
    rng = np.random.default_rng(4)
    flow, depth = 60 * rng.standard_normal((900, 1)), rng.uniform(20, 80, 900)
    moves = flow[:, 0] / (2 * depth) + 0.1 * rng.standard_normal(900)
    found = level_response(FlowBars(np.arange(901), flow, moves, depth, 0))
    assert found.integrated.low < 0.5 < found.integrated.high
    assert found.weights == (1.0,)
    assert found.integrated_fit.r2 > found.fits[0].r2


def test_the_first_component_is_that_of_a_singular_value_decomposition() -> None:
    flows = bars_of(5).flows_lots
    _, sizes, rows = np.linalg.svd(flows - flows.mean(axis=0))
    weights, share = first_component(flows)
    np.testing.assert_allclose(rows[0] / rows[0].sum(), weights, rtol=1e-9)
    assert sizes[0] ** 2 / (sizes**2).sum() == pytest.approx(share)
    assert 1.0 == pytest.approx(np.abs(weights).sum())


def test_flipping_the_sides_and_another_lot_or_tick_change_what_they_must() -> None:
    bars = bars_of(6)
    found = level_response(bars)
    other = level_response(
        FlowBars(bars.edges_ns, -4 * bars.flows_lots, -10 * bars.moves_ticks, 4 * bars.depth_lots, 0)
    )
    np.testing.assert_allclose(
        [2.5 * each.value for each in found.slopes], [each.value for each in other.slopes], rtol=1e-9
    )
    assert 10 * found.integrated.value == pytest.approx(other.integrated.value)
    assert found.fits[-1].r2_out.value == pytest.approx(other.fits[-1].r2_out.value)


def test_what_cannot_be_told_is_refused() -> None:
    bars = bars_of(7, count=100)
    with pytest.raises(BadData, match="20 bars are fewer than 60"):
        level_response(bars_of(7, count=20))
    with pytest.raises(BadParameter, match="folds 1"):
        level_response(bars, folds=1)
    still = FlowBars(bars.edges_ns, bars.flows_lots, np.zeros(100), bars.depth_lots, 0)
    with pytest.raises(Unidentified, match="the mid moved by 0 ticks in every one of 100 bars"):
        level_response(still)
    dead = bars.flows_lots * [1, 0, 1]
    with pytest.raises(Unidentified, match="no flow came to level 2 of 2"):
        level_response(FlowBars(bars.edges_ns, dead, bars.moves_ticks, bars.depth_lots, 0))
    twins = bars.flows_lots[:, [0, 0, 1]]
    with pytest.raises(Unidentified, match="flows of 2 levels cannot be told apart"):
        level_response(FlowBars(bars.edges_ns, twins, bars.moves_ticks, bars.depth_lots, 0))


def test_a_book_that_stood_still_before_the_open_is_refused_with_the_window_to_give() -> None:
    bars = bars_of(3)
    still = np.zeros(2_000)
    night = FlowBars(
        edges_ns=np.arange(2_401),
        flows_lots=np.concatenate((np.zeros((2_000, bars.flows_lots.shape[1])), bars.flows_lots)),
        moves_ticks=np.append(still, bars.moves_ticks),
        depth_lots=np.append(still + 1.0, bars.depth_lots),
        passed_over=0,
    )
    with pytest.raises(Unidentified, match=r"still.*session's start_ns and end_ns"):
        level_response(night)
