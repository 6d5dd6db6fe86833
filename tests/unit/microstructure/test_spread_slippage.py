"""Slippage by cell: known truths recovered, thin cells pulled in, intervals as often right as they say."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.spreads.slippage import slippage

SIZES, SPREADS = (6, 4, 3), (1.5, 1.0, 0.5)


def world(seed, *, trades=600, cell_sd=0.7, noise_sd=5.0, level_sd=SPREADS):
    """Costs, labels, and the true mean of every cell; cells hold very different numbers of trades."""
    rng = np.random.default_rng(seed)
    effects = [rng.normal(0, sd, size) for sd, size in zip(level_sd, SIZES, strict=True)]
    truth = 3 + effects[0][:, None, None] + effects[1][None, :, None] + effects[2] + rng.normal(0, cell_sd, SIZES)
    codes = [rng.choice(size, trades, p=rng.dirichlet(np.full(size, 0.8))) for size in SIZES]
    costs = truth[tuple(codes)] + rng.normal(0, noise_sd, trades)
    names = ("time", "venue", "side")
    return costs, {name: np.array([f"{c}" for c in code]) for name, code in zip(names, codes, strict=True)}, truth


def against(found, truth):
    return [(cell, truth[tuple(int(label) for label in cell.labels)]) for cell in found.cells]


def coverage(seeds, **options):
    held, cells = 0, 0
    for seed in seeds:
        costs, dimensions, truth = world(seed, **options)
        pairs = against(slippage(costs, dimensions), truth)
        held += sum(cell.shrunk.low <= true <= cell.shrunk.high for cell, true in pairs)
        cells += len(pairs)
    return held / cells


def test_intervals_hold_the_true_means_of_cells():
    assert 0.91 <= coverage(range(25))


@pytest.mark.study
@pytest.mark.parametrize(
    "options", [{}, {"cell_sd": 0.0}, {"trades": 3_000}, {"level_sd": (0.0, 0.0, 0.0), "cell_sd": 0.0}]
)
def test_intervals_hold_the_truth_as_often_as_they_say(options):
    share = coverage(range(400), **options)
    print(f"{options}: {share:.3f}")
    assert 0.93 <= share <= 0.998


def small_world(seed, sizes, *, level_sd, cell_sd, trades=600):
    """Costs of a few levels, every cell seen; and the true mean of every cell."""
    rng = np.random.default_rng(seed)
    truth = 3 + rng.normal(0, cell_sd, sizes)
    for d, size in enumerate(sizes):
        truth = truth + np.expand_dims(rng.normal(0, level_sd, size), [i for i in range(len(sizes)) if i != d])
    codes = [np.append(np.arange(trades - 60) % size, rng.integers(0, size, 60)) for size in sizes]
    codes = [codes[0], *(rng.permutation(code) for code in codes[1:])]
    costs = truth[tuple(codes)] + rng.normal(0, 5, trades)
    return costs, {f"{d}": code.astype(str) for d, code in enumerate(codes)}, truth


def few_levels_coverage(seeds, sizes, **options):
    """How often the mean, the effects of levels and the cells hold what is true of the levels seen."""
    held: list[list[bool]] = [[], [], []]
    for seed in seeds:
        costs, dimensions, truth = small_world(seed, sizes, **options)
        found = slippage(costs, dimensions)
        pairs = [
            [(found.mean, truth.mean())],
            [
                (each.effect, truth.take(int(each.level), axis=int(each.dimension)).mean() - truth.mean())
                for each in found.levels
            ],
            [(cell.shrunk, true) for cell, true in against(found, truth)],
        ]
        for kind, of_kind in zip(held, pairs, strict=True):
            kind += [measured.low <= true <= measured.high for measured, true in of_kind]
    return [float(np.mean(kind)) for kind in held]


@pytest.mark.parametrize("sizes", [(2,), (3,), (2, 2), (2, 6)])
def test_intervals_of_few_levels_hold_the_truth(sizes):
    assert min(few_levels_coverage(range(30), sizes, level_sd=1.0, cell_sd=0.5)) > 0.85


@pytest.mark.study
@pytest.mark.parametrize("spread", [(0.0, 0.0), (0.3, 0.3), (1.5, 0.7)])
@pytest.mark.parametrize("sizes", [(2,), (3,), (4,), (5,), (6,), (2, 2), (2, 3), (2, 6)])
def test_intervals_of_few_levels_hold_the_truth_as_often_as_they_say(sizes, spread):
    shares = few_levels_coverage(range(300), sizes, level_sd=spread[0], cell_sd=spread[1])
    print(f"{sizes} {spread}: mean {shares[0]:.3f}, levels {shares[1]:.3f}, cells {shares[2]:.3f}")
    assert min(shares) >= 0.91


def test_two_sides_have_the_mean_and_interval_of_least_squares():
    """Two levels tell nothing of how levels spread, so they are two means: an ordinary regression on +1 and -1."""
    rng = np.random.default_rng(1)
    costs = 3 + rng.normal(0, 8, 600)
    side = rng.choice([-1, 1], 600, p=[0.3, 0.7])
    fitted = sm.OLS(costs, np.column_stack((np.ones(600), side))).fit()
    found = slippage(costs, {"side": side})
    buys = next(each.effect for each in found.levels if each.level == "1")
    for place, measured in enumerate((found.mean, buys)):
        low, high = fitted.conf_int()[place]
        assert fitted.params[place] == pytest.approx(measured.value, abs=1e-2)
        assert high - low == pytest.approx(measured.high - measured.low, rel=1e-2)


def test_pooling_comes_nearer_to_the_truth_than_each_cell_alone():
    alone = pooled = 0.0
    for seed in range(20):
        costs, dimensions, truth = world(seed)
        for cell, true in against(slippage(costs, dimensions), truth):
            alone += (cell.plain - true) ** 2
            pooled += (cell.shrunk.value - true) ** 2
    assert pooled < alone / 4


def test_the_fewer_trades_a_cell_holds_the_more_it_is_pulled_in():
    costs, dimensions, _ = world(3)
    found = slippage(costs, dimensions)
    by_trades = sorted(found.cells, key=lambda cell: cell.trades)
    assert all(0 <= cell.own_share < 1 for cell in found.cells)
    assert by_trades[0].own_share < by_trades[-1].own_share
    assert by_trades[0].shrunk.sd > by_trades[-1].shrunk.sd


def test_with_many_trades_a_cell_is_its_own_mean():
    costs, dimensions, truth = world(5, trades=60_000, noise_sd=1.0)
    for cell, true in against(slippage(costs, dimensions), truth):
        if cell.trades > 3_000:
            assert true == pytest.approx(cell.shrunk.value, abs=0.12)
            assert cell.plain == pytest.approx(cell.shrunk.value, abs=0.02)


def test_without_differences_every_cell_is_near_the_mean_of_all():
    rng = np.random.default_rng(8)
    costs = rng.normal(2, 5, 800)
    found = slippage(costs, {"venue": rng.choice(list("ABCDEFGH"), 800), "side": rng.choice(["buy", "sell"], 800)})
    plain = np.ptp([cell.plain for cell in found.cells])
    assert np.ptp([cell.shrunk.value for cell in found.cells]) < plain / 2
    assert costs.mean() == pytest.approx(found.mean.value, abs=0.5)


def test_variances_are_those_of_a_mixed_model_package():
    """One dimension of many levels: our level and cell deviations together are its one between groups."""
    rng = np.random.default_rng(11)
    groups = np.repeat(np.arange(60), rng.integers(3, 40, 60))
    costs = rng.normal(0, 2, 60)[groups] + rng.normal(4, 3, len(groups))
    found = slippage(costs, {"venue": groups.astype(str)})
    fitted = sm.MixedLM(costs, np.ones((len(costs), 1)), groups=groups).fit(reml=True)
    between = np.hypot(found.level_sd[0], found.cell_sd)
    assert float(np.sqrt(fitted.cov_re[0, 0])) == pytest.approx(between, rel=0.06)
    assert float(np.sqrt(fitted.scale)) == pytest.approx(found.noise_sd, rel=0.01)
    for group in (0, 7, 31):
        wanted = fitted.fe_params[0] + float(fitted.random_effects[group].iloc[0])
        assert found.of(str(group)).shrunk.value == pytest.approx(wanted, abs=0.15)


def test_order_of_trades_and_names_of_labels_do_not_matter():
    costs, dimensions, _ = world(6)
    order = np.random.default_rng(1).permutation(len(costs))
    here = slippage(costs, dimensions)
    there = slippage(costs[order], {name: column[order] for name, column in dimensions.items()})
    renamed = slippage(costs, {name: np.char.add("x", column) for name, column in dimensions.items()})
    for other in (there, renamed):
        assert [cell.trades for cell in here.cells] == [cell.trades for cell in other.cells]
        np.testing.assert_allclose(
            [cell.shrunk.value for cell in here.cells],
            [cell.shrunk.value for cell in other.cells],
            rtol=1e-4,
            atol=1e-8,
        )


def test_the_unit_of_costs_does_not_matter_and_a_flip_flips():
    costs, dimensions, _ = world(7)
    here, scaled, flipped = (slippage(factor * costs, dimensions) for factor in (1.0, 1e4, -1.0))
    for cell in here.cells:
        assert 1e4 * cell.shrunk.value == pytest.approx(scaled.of(*cell.labels).shrunk.value, rel=1e-3, abs=20)
        assert -cell.shrunk.value == pytest.approx(flipped.of(*cell.labels).shrunk.value, rel=1e-3, abs=1e-3)


def test_effects_of_levels_find_the_dear_venue():
    rng = np.random.default_rng(2)
    venue, hour = rng.choice(list("PQNZ"), 2_000), rng.choice(["open", "noon", "close"], 2_000)
    costs = 2.0 + 1.5 * (venue == "Z") + rng.normal(0, 4, 2_000)
    effects = {(each.dimension, each.level): each for each in slippage(costs, {"venue": venue, "time": hour}).levels}
    assert 7 == len(effects)
    assert max(effects, key=lambda key: effects[key].effect.value) == ("venue", "Z")
    difference = effects["venue", "Z"].effect.value - effects["venue", "P"].effect.value
    assert 1.5 == pytest.approx(difference, abs=0.6)
    assert (venue == "Z").sum() == effects["venue", "Z"].trades


def test_weights_weigh_within_a_cell_and_tell_the_effective_number():
    rng = np.random.default_rng(4)
    venue = np.repeat(["P", "Q"], 40)
    costs, weights = rng.normal(3, 2, 80), rng.uniform(0.1, 5, 80)
    found = slippage(costs, {"venue": venue}, weights=weights).of("P")
    assert np.average(costs[:40], weights=weights[:40]) == pytest.approx(found.plain)
    assert weights[:40].sum() ** 2 / (weights[:40] ** 2).sum() == pytest.approx(found.effective)
    assert found.effective < 40 == found.trades


def test_unknown_costs_are_left_out_and_counted():
    costs, dimensions, _ = world(1)
    costs[:7] = np.nan
    found = slippage(costs, dimensions)
    assert (593, 7) == (found.trades, found.unknown)
    assert "593 trades (7 more of unknown cost left out)" in str(found)
    assert "left out" not in str(slippage(costs[7:], {name: column[7:] for name, column in dimensions.items()}))


def test_data_that_tell_nothing_are_refused():
    rng = np.random.default_rng(0)
    two = np.repeat(["a", "b"], 30)
    with pytest.raises(Unidentified, match="fewer than 30"):
        slippage(rng.normal(size=10), {"venue": two[:10]})
    with pytest.raises(Unidentified, match="two levels"):
        slippage(rng.normal(size=60), {"venue": np.full(60, "a")})
    with pytest.raises(Unidentified, match="hardly any share"):
        slippage(rng.normal(size=60), {"order": np.arange(60)})
    with pytest.raises(Unidentified, match="do not differ"):
        slippage(np.ones(60), {"venue": two})
    with pytest.raises(BadParameter, match="empty"):
        slippage(rng.normal(size=60), {})
    with pytest.raises(BadParameter, match="no trade"):
        slippage(rng.normal(size=60), {"venue": two}).of("c")
    with pytest.raises(BadData, match="venue"):
        slippage(rng.normal(size=60), {"venue": two[:50]})
    with pytest.raises(BadData, match="weight"):
        slippage(rng.normal(size=60), {"venue": two}, weights=np.zeros(60))
    with pytest.raises(BadData, match="infinite"):
        slippage(np.append(rng.normal(size=59), np.inf), {"venue": two})
