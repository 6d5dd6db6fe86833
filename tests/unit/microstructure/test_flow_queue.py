"""Which way the mid moves next: the logistic curve against statsmodels, known truth, and what cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from tests.unit.microstructure.flow_worlds import SECOND, quotes_of

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.domain.market import Quotes
from nowake.microstructure.flow import imbalance_response, queue_imbalance
from nowake.microstructure.flow.queue import logistic, looks
from nowake.microstructure.market_orders import two_sided_touch


def told(seed: int, moves: int, slope: float, *, quiet: int = 3) -> Quotes:
    """Between two moves the queues stand still, and with them the chance of up, 1 / (1 + exp(-slope I))."""
    rng = np.random.default_rng(seed)
    bid_lots, ask_lots = rng.integers(1, 40, (2, moves))
    chance = 1 / (1 + np.exp(-slope * queue_imbalance(bid_lots, ask_lots)))
    steps = np.where(rng.random(moves) < chance, 1, -1)
    mids = 1_000 + np.append(0, np.cumsum(steps))[:-1]
    return quotes_of(np.repeat(mids, quiet), np.repeat(bid_lots, quiet), np.repeat(ask_lots, quiet))


def test_queue_imbalance_is_bids_less_asks_over_both() -> None:
    np.testing.assert_allclose([0.5, -1 / 3, 0, np.nan, np.nan], queue_imbalance([3, 1, 2, 0, 5], [1, 2, 2, 4, 0]))


def test_the_curve_is_that_of_statsmodels() -> None:
    seen = looks(two_sided_touch(told(1, 800, 2.0)))
    curve, _ = logistic(seen.imbalance, seen.up)
    theirs = sm.Logit(seen.up, sm.add_constant(seen.imbalance)).fit(disp=0)
    np.testing.assert_allclose(theirs.params, curve, rtol=1e-8)
    lags = int(4 * (len(seen.up) / 100) ** (2 / 9))
    robust = sm.Logit(seen.up, sm.add_constant(seen.imbalance)).fit(
        disp=0, cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": False}
    )
    np.testing.assert_allclose(robust.bse, logistic(seen.imbalance, seen.up)[1], rtol=1e-6)


def test_a_look_lies_between_two_moves_and_sees_the_queues_of_its_instant() -> None:
    quotes = quotes_of([10, 10, 11, 11, 10], [1, 2, 3, 4, 5], [5, 5, 5, 5, 5])
    seen = [looks(two_sided_touch(quotes), seed=seed) for seed in range(40)]
    assert {(3 - 5) / 8, (4 - 5) / 9} == {float(each.imbalance[0]) for each in seen}
    assert all(2 * SECOND <= each.time_ns[0] < 4 * SECOND and not each.up[0] for each in seen)


def held(seed: int, moves: int, slope: float) -> tuple[bool, bool]:
    found = imbalance_response(told(seed, moves, slope), seed=seed)
    return (
        found.slope.low <= slope <= found.slope.high,
        found.intercept.low <= 0 <= found.intercept.high,
    )


def test_intervals_hold_the_curve_that_made_the_moves() -> None:
    share = np.mean([held(seed, 600, 1.5) for seed in range(100)], axis=0)
    assert (share >= 0.88).all()


@pytest.mark.study
def test_intervals_hold_the_curve_at_their_level_over_a_thousand_days() -> None:
    share = np.mean([held(seed, 1_000, 1.5) for seed in range(1_000)], axis=0)
    assert (np.abs(share - 0.95) < 0.02).all()


def test_what_is_told_out_of_sample_is_calibrated_and_saves_error() -> None:
    found = imbalance_response(told(5, 6_000, 3.0))
    assert found.skill.low > 0.2
    assert found.right.low > 0.7
    inside = [each.up.low - 0.02 <= each.imbalance <= each.up.high + 0.02 for each in found.calibration]
    assert sum(inside) >= len(inside) - 1
    assert np.corrcoef([each.imbalance for each in found.bins], [each.up.value for each in found.bins])[0, 1] > 0.9
    assert found.moves == sum(each.up.n for each in found.bins)
    assert found.held_out == sum(each.up.n for each in found.calibration) == found.skill.n
    assert [0.5] == pytest.approx(found.probability(np.array([0.0])), abs=0.05)


def test_where_queues_tell_nothing_it_says_so() -> None:
    found = imbalance_response(told(6, 4_000, 0.0))
    assert found.slope.low < 0 < found.slope.high
    assert found.skill.value < 0.01
    assert found.right.low < 0.5 < found.right.high


def test_flipping_the_sides_flips_the_intercept_and_keeps_the_slope() -> None:
    quotes = told(8, 1_000, 2.0)
    flipped = Quotes(quotes.time_ns, -quotes.ask_ticks, quotes.ask_lots, -quotes.bid_ticks, quotes.bid_lots)
    ours, theirs = imbalance_response(quotes), imbalance_response(flipped)
    assert ours.slope.value == pytest.approx(theirs.slope.value, rel=1e-9)
    assert ours.intercept.value == pytest.approx(-theirs.intercept.value, abs=1e-9)
    larger = Quotes(
        quotes.time_ns, quotes.bid_ticks + 77, 5 * quotes.bid_lots, quotes.ask_ticks + 77, 5 * quotes.ask_lots
    )
    assert ours.slope == imbalance_response(larger).slope


def test_a_curve_of_queues_that_hardly_vary_is_the_same_curve_stretched() -> None:
    seen = looks(two_sided_touch(told(1, 800, 2.0)))
    curve, errors = logistic(seen.imbalance, seen.up)
    small, small_errors = logistic(1e-6 * seen.imbalance, seen.up)
    np.testing.assert_allclose(small * [1, 1e-6], curve, rtol=1e-9)
    np.testing.assert_allclose(small_errors * [1, 1e-6], errors, rtol=1e-9)


def test_error_saved_is_that_of_the_held_out_moves_each_counted_once() -> None:
    quotes = told(3, 103, 2.0)
    found, seen = imbalance_response(quotes, held_out=0.3), looks(two_sided_touch(quotes))
    cut = len(seen.up) - found.held_out
    theirs = sm.Logit(seen.up[:cut], sm.add_constant(seen.imbalance[:cut])).fit(disp=0)
    said, came = theirs.predict(sm.add_constant(seen.imbalance[cut:])), seen.up[cut:]
    saved = 1 - ((came - said) ** 2).sum() / ((came - 0.5) ** 2).sum()
    assert (30, pytest.approx(saved, rel=1e-7)) == (found.held_out, found.skill.value)


def test_one_bin_holds_all_and_one_bin_of_probability_is_from_0_to_1() -> None:
    found = imbalance_response(told(4, 300, 2.0), bins=1)
    assert [(0, 1, found.held_out)] == [(each.low, each.high, each.up.n) for each in found.calibration]
    assert [(-1, 1, found.moves)] == [(each.low, each.high, each.up.n) for each in found.bins]


@pytest.mark.parametrize("held_out", [0.001, 0.01, 0.07, 0.95])
def test_too_few_moves_to_judge_by_or_to_learn_from_are_refused(held_out: float) -> None:
    with pytest.raises(BadData, match=r"nearer to 0\.5"):
        imbalance_response(told(3, 120, 2.0), held_out=held_out)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(BadData, match="the mid moved 48 times, 100 are needed"):
        imbalance_response(told(1, 50, 1.0))
    with pytest.raises(BadData, match="the mid moved 0 times"):
        imbalance_response(quotes_of(np.full(500, 10), np.ones(500, int), np.ones(500, int)))
    up = quotes_of(np.arange(500), np.arange(1, 501), np.full(500, 7))
    with pytest.raises(Unidentified, match="share up 1"):
        imbalance_response(up)
    sure = told(1, 500, 700.0)
    with pytest.raises(Unidentified, match="without fail"):
        imbalance_response(sure)
    with pytest.raises(BadParameter, match="bins 0"):
        imbalance_response(up, bins=0)
    nothing = np.zeros(0, np.int64)
    with pytest.raises(BadData, match="the mid moved 0 times"):
        imbalance_response(Quotes(nothing, nothing, nothing, nothing, nothing))
