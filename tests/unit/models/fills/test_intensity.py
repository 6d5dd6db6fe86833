from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from tests.unit.models.fills.tapes import lives_of, shared_waits

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.intensity import fit_intensity
from nowake.models.fills.lifetimes import CENSORED, FILLED, Lifetimes

A, K, STAND_S = 0.3, 0.8, 10.0


def quoted(seed: int, times: int = 200, *, side: int = 1, shocks: float = 0.0, shared: int = 1) -> Lifetimes:
    """Quotes at four distances at a time, filled at A exp(-K delta), busy times busier for all of `shared` times."""
    luck = np.random.default_rng(seed)
    distance = np.tile([0, 1, 2, 3], times)
    busy = np.repeat(
        luck.gamma(1 / shocks, shocks, times // shared) if shocks else np.ones(times // shared), 4 * shared
    )
    wait_s = luck.exponential(1 / (busy * A * np.exp(-K * (distance + 0.5))))
    return lives_of(
        np.minimum(wait_s, 60.0),
        np.where(wait_s <= 60, FILLED, CENSORED),
        every_s=15.0 / shared,
        side=side,
        distance_ticks=distance,
    )


def test_the_rate_is_that_of_a_poisson_regression_with_exposure() -> None:
    lives = quoted(1)
    found = fit_intensity(lives, side=1, stand_s=STAND_S)
    stands = np.array([each.stand_s for each in found.distances])[lives.distance_ticks]
    filled = (lives.end_s < stands) & (lives.end == FILLED)
    exposure = np.minimum(lives.end_s, stands)
    x = sm.add_constant(lives.distance_ticks + 0.5)
    oracle = sm.GLM(filled.astype(float), x, family=sm.families.Poisson(), exposure=exposure).fit()
    assert math.exp(oracle.params[0]) == pytest.approx(found.rate.value, rel=1e-6)
    assert -oracle.params[1] == pytest.approx(found.decay.value, rel=1e-6)


def test_intervals_hold_the_truth_95_times_in_100() -> None:
    """Of independent fills. A quote that is filled early is exposed for less: the likelihood is that of the waits."""
    held, repeats = np.zeros(3), 500
    for seed in range(repeats):
        found = fit_intensity(quoted(seed), side=1, stand_s=STAND_S)
        pairs = ((found.rate, A), (found.decay, K), (found.at(2.5), A * math.exp(-2.5 * K)))
        held += [each.low <= truth <= each.high for each, truth in pairs]
    assert np.all(held / repeats >= 0.92), held / repeats
    assert np.all(held / repeats <= 0.98), held / repeats
    assert 0.93 <= held.mean() / repeats <= 0.97


def test_intervals_of_quotes_that_share_their_minute_hold_the_truth() -> None:
    held, repeats = np.zeros(2), 400
    for seed in range(repeats):
        distance = np.tile([0, 1, 2, 3], 100)
        wait_s = shared_waits(np.random.default_rng(seed), 100, 4, share=0.5) / (A * np.exp(-K * (distance + 0.5)))
        end = np.where(wait_s <= 60, FILLED, CENSORED)
        lives = lives_of(np.minimum(wait_s, 60.0), end, every_s=15.0, distance_ticks=distance)
        found = fit_intensity(lives, side=1, stand_s=STAND_S)
        held += [each.low <= truth <= each.high for each, truth in ((found.rate, A), (found.decay, K))]
    assert np.all(held / repeats >= 0.92), held / repeats
    assert np.all(held / repeats <= 0.98), held / repeats


def test_rate_is_the_mean_over_time_where_minutes_differ_in_pace() -> None:
    """Quotes that stood ten seconds, or until filled, told 40 % less: filled at once, they missed the busy minutes."""
    held, off = np.zeros(2), []
    repeats, distance = 60, np.tile([0, 1, 2, 4, 7], 400)
    for seed in range(repeats):
        luck = np.random.default_rng(seed)
        busy = np.exp(np.repeat(luck.normal(-0.5, 1.0, 100), 20))  # Four times a minute, five distances; mean 1.
        wait_s = luck.exponential(1 / (busy * A * np.exp(-0.5 * (distance + 0.5))))
        lives = lives_of(
            np.minimum(wait_s, 60.0), np.where(wait_s <= 60, FILLED, CENSORED), every_s=3.0, distance_ticks=distance
        )
        found = fit_intensity(lives, side=1, stand_s=STAND_S)
        off.append([found.rate.value / A, found.decay.value / 0.5])
        held += [each.low <= truth <= each.high for each, truth in ((found.rate, A), (found.decay, 0.5))]
    assert np.mean(off, axis=0) == pytest.approx([1.0, 1.0], abs=0.12)
    assert np.all(held / repeats >= 0.85), held / repeats


def test_intervals_are_wider_where_quotes_share_busy_minutes() -> None:
    calm, shaken = (fit_intensity(quoted(2, 2_000, shocks=shocks, shared=4), side=1) for shocks in (0.0, 2.0))
    width = [math.log(each.high / each.low) for each in (calm.at(2.0), shaken.at(2.0))]
    assert width[1] > 1.2 * width[0]


def test_sides_are_fitted_apart() -> None:
    both = quoted(3)
    other = fit_intensity(quoted(3, side=-1), side=-1)
    assert (1, -1) == (fit_intensity(both, side=1).side, other.side)
    with pytest.raises(BadData, match="is an ask"):
        fit_intensity(both, side=-1)


def test_rates_counted_lie_on_the_curve_where_it_is_one_and_do_not_where_it_is_none() -> None:
    straight = fit_intensity(quoted(4, 1_000), side=1)
    lives = quoted(5, 1_000)
    flat = lives_of(
        np.where(lives.distance_ticks == 3, lives.end_s / 8, lives.end_s), lives.end, every_s=15.0 / 4,
        distance_ticks=lives.distance_ticks,
    )  # fmt: skip
    assert straight.lack_of_fit < 3 < fit_intensity(flat, side=1).lack_of_fit


def test_no_fill_at_a_distance_leaves_an_upper_bound() -> None:
    lives = quoted(6)
    never = lives.distance_ticks == 3
    calm = lives_of(np.where(never, 60.0, lives.end_s), np.where(never, CENSORED, lives.end), every_s=15.0 / 4,
                    distance_ticks=lives.distance_ticks)  # fmt: skip
    furthest = fit_intensity(calm, side=1).distances[-1]
    assert (0, 0.0, 0.0) == (furthest.fills, furthest.rate.value, furthest.rate.low)
    assert furthest.rate.high > 0


def test_beyond_the_quotes_there_is_no_answer() -> None:
    found = fit_intensity(quoted(7), side=1)
    with pytest.raises(BadParameter, match=r"9 ticks from the mid is outside 0.5 to 3.5"):
        found.at(9)


def test_what_cannot_tell_a_decay_is_refused() -> None:
    lives = quoted(8)
    with pytest.raises(BadData, match="nothing tells how the rate decays"):
        fit_intensity(lives.only(lives.distance_ticks == 0), side=1)
    with pytest.raises(BadData, match="fills tell no rate"):
        fit_intensity(lives.only(np.arange(12)), side=1)
    with pytest.raises(BadData, match="3 blocks of time"):
        fit_intensity(lives.only(np.arange(24)), side=1, stand_s=60.0)


@pytest.mark.parametrize("asked", [{"side": 0}, {"side": 1, "stand_s": 0.0}, {"side": 1, "stand_s": math.nan}])
def test_wrong_sides_and_times_are_refused(asked: dict[str, float]) -> None:
    with pytest.raises(BadParameter, match=r"side .* must be"):
        fit_intensity(quoted(9), **asked)  # type: ignore[arg-type]
