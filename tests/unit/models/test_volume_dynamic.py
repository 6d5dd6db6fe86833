import dataclasses
import math

import numpy as np
import pytest
from tests.reference import volume as dense
from tests.unit.models.volume_days import TRUTH, day_of, session_on, simulated, weekday

from nowake.domain.errors import BadData, BadParameter
from nowake.models.volume import DynamicVolume, LiveVolume
from nowake.models.volume.live import Law
from nowake.models.volume.state_space import Dynamics, Gaussian, day_sums, filtered_levels, restricted_log_likelihood

SCALE = np.array([0.5, 1.0, 2.0, 1.0, 0.8])
GAPS = np.array([1, 1, 3, 1])
AT = [0, 1, 4, 5]


@pytest.mark.parametrize("missing", [0, 6])
@pytest.mark.parametrize("law", [TRUTH, Dynamics(0.2, 1.0, 0.99, 0.1, 0.7)])
def test_likelihood_is_the_restricted_one_of_the_dense_gaussian(law: Dynamics, missing: int) -> None:
    rng = np.random.default_rng(missing)
    residual = rng.normal(0, 0.5, (4, 5))
    residual.ravel()[rng.choice(20, missing, replace=False)] = np.nan
    expected = dense.restricted_log_density(residual, AT, SCALE, law)
    assert restricted_log_likelihood(residual, SCALE, GAPS, law) == pytest.approx(expected, rel=1e-10)


def test_levels_are_those_of_the_dense_gaussian_given_all_days_so_far() -> None:
    residual = np.random.default_rng(8).normal(0, 0.5, (4, 5))
    levels = filtered_levels(day_sums(residual, SCALE, TRUTH), GAPS, TRUTH)
    C = dense.covariance(AT, 5, SCALE, TRUTH)
    with_level = np.array([TRUTH.level_sd**2 * TRUTH.level_memory ** abs(AT[p // 5] - AT[3]) for p in range(20)])
    gain = np.linalg.solve(C, with_level)
    assert levels[3].mean == pytest.approx(float(gain @ residual.ravel()))
    assert levels[3].variance == pytest.approx(TRUTH.level_sd**2 - float(gain @ with_level))


def _law(buckets: int = 5, law: Dynamics = TRUTH, days: int = 10_000) -> Law:
    return Law(
        phi=np.linspace(5, 6, buckets), phi_variance=np.zeros(buckets), noise=np.full(buckets, law.noise_sd**2),
        traded=np.ones(buckets), dynamics=law, days=days,
    )  # fmt: skip


def test_forecast_through_the_day_is_the_dense_gaussian_given_what_traded() -> None:
    law, level = _law(), Gaussian(0.3, 0.05)
    live = LiveVolume.before_open(law, session_on(weekday(0)), level)
    seen = np.array([5.2, 5.7, 5.4])
    for k, log_volume in enumerate(seen):
        live = live.update(k, math.exp(log_volume))
    C = dense.covariance([0], 5, np.ones(5), TRUTH) - TRUTH.level_sd**2 + level.variance
    known = np.array([True, True, True, False, False])
    mean, variance = dense.conditional(C, np.append(seen - law.phi[:3] - level.mean, [0, 0]), known)
    found = live.forecast()
    expected = np.exp(law.phi[3:] + level.mean + mean + np.diag(variance) / 2)
    assert found.expected == pytest.approx(expected)
    assert np.log(found.high / found.low) == pytest.approx(2 * 1.96 * np.sqrt(np.diag(variance)), rel=1e-3)
    assert live.expected() == pytest.approx(expected)
    total, spread = expected.sum(), expected @ np.expm1(variance) @ expected
    assert found.remaining.value == pytest.approx(total)
    sd = math.sqrt(math.log1p(spread / total**2))
    assert math.log(found.remaining.high / found.remaining.low) == pytest.approx(2 * 1.96 * sd, rel=1e-3)


def test_busy_first_hour_raises_what_is_to_come_and_a_quiet_one_lowers_it() -> None:
    live = LiveVolume.before_open(_law(), session_on(weekday(0)), Gaussian(0.0, 0.1))
    before = live.forecast().expected[1:].sum()
    assert live.update(0, 3 * math.exp(5)).forecast().remaining.value > 1.1 * before
    assert live.update(0, math.exp(5) / 3).forecast().remaining.value < 0.9 * before


def test_surprise_is_drawn_in_at_three_standard_deviations() -> None:
    live = LiveVolume.before_open(_law(), session_on(weekday(0)), Gaussian(0.0, 0.1))
    spread = math.sqrt(0.1 + TRUTH.swing_sd**2 + TRUTH.noise_sd**2)
    at_limit = live.update(0, math.exp(5 + 3 * spread)).forecast().remaining.value
    assert live.update(0, math.exp(5 + 9 * spread)).forecast().remaining.value == pytest.approx(at_limit)


def test_bucket_without_news_leaves_the_level_as_it_was() -> None:
    live = LiveVolume.before_open(_law(), session_on(weekday(0)), Gaussian(0.2, 0.1))
    for nothing in (0.0, math.nan):
        assert live.update(0, nothing).expected() == pytest.approx(live.expected()[1:])


def test_update_leaves_the_old_state_as_it_is_and_wants_the_next_bucket() -> None:
    live = LiveVolume.before_open(_law(), session_on(weekday(0)), Gaussian(0.0, 0.1))
    later = live.update(0, 200.0)
    assert (live.bucket, later.bucket) == (0, 1)
    with pytest.raises(BadParameter, match="bucket 0: bucket 1 comes next"):
        later.update(0, 1.0)
    with pytest.raises(BadParameter, match="volume -1"):
        live.update(0, -1.0)
    for k in range(1, 5):
        later = later.update(k, 100.0)
    with pytest.raises(BadParameter, match="the day is over"):
        later.update(5, 1.0)
    with pytest.raises(BadParameter, match="nothing is to come"):
        later.forecast()


def test_curve_of_the_day_joins_what_traded_and_what_is_expected() -> None:
    live = LiveVolume.before_open(_law(), session_on(weekday(0)), Gaussian(0.0, 0.1)).update(0, 500.0)
    curve = live.curve()
    assert math.fsum(curve.shares) == pytest.approx(1)
    assert curve.shares[0] == pytest.approx(500 / (500 + live.expected().sum()))
    assert live.next_share() == pytest.approx(live.expected()[0] / live.expected().sum())


def test_truth_is_inside_the_intervals_of_a_long_fit() -> None:
    model = DynamicVolume.fit(simulated(250, 26, seed=2))
    for name, truth in TRUTH._asdict().items():
        estimate = model.estimates[name]
        assert estimate.low <= truth <= estimate.high, name
        assert estimate.high - estimate.low < 0.5
    assert model.clipped < 26 * 250 * 0.002


@pytest.mark.study
def test_intervals_of_the_dynamics_hold_the_truth_as_often_as_they_say() -> None:
    held = {name: [] for name in Dynamics._fields}
    for seed in range(200):
        estimates = DynamicVolume.fit(simulated(60, 26, seed=seed)).estimates
        for name, truth in TRUTH._asdict().items():
            held[name].append(estimates[name].low <= truth <= estimates[name].high)
    for name, each in held.items():
        assert 0.90 <= np.mean(each) <= 0.985, (name, np.mean(each))
    assert 0.93 <= np.mean([np.mean(each) for each in held.values()]) <= 0.97


@pytest.mark.study
def test_prediction_intervals_hold_new_days_as_often_as_they_say() -> None:
    bucket, rest, total = [], [], []
    for seed in range(60):
        days = simulated(50, 26, seed=1000 + seed)
        model = DynamicVolume.fit(days[:40])
        for day in days[40:]:
            live = model.start(day.session)
            for k, traded in enumerate(day.volume.tolist()):
                if k in (0, 8, 16):
                    found = live.forecast()
                    bucket.append(found.low[0] <= traded <= found.high[0])
                    rest.append(found.remaining.low <= day.volume[k:].sum() <= found.remaining.high)
                    if k == 0:
                        total.append(found.total.low <= day.total <= found.total.high)
                live = live.update(k, traded)
            model = model.folded(day)
    assert 0.93 <= np.mean(bucket) <= 0.97
    assert 0.92 <= np.mean(rest) <= 0.97
    assert 0.91 <= np.mean(total) <= 0.98


def test_outliers_do_not_move_the_usual_curve() -> None:
    days = simulated(40, 26, seed=5)
    wild = [
        day_of(day.volume * np.where((np.arange(26) == k % 26) & (k % 4 == 0), 200, 1), day.date)
        for k, day in enumerate(days)
    ]
    clean, robust = DynamicVolume.fit(days), DynamicVolume.fit(wild)
    assert robust.clipped >= 10
    assert np.abs(robust.law.phi - clean.law.phi).max() < 0.1
    assert robust.law.dynamics.noise_sd < 1.4 * clean.law.dynamics.noise_sd


def test_pause_of_the_venue_is_closed_and_not_empty() -> None:
    days = [day_of(np.insert(day.volume, 13, 0.0), day.date) for day in simulated(30, 26, seed=6)]
    model = DynamicVolume.fit(days)
    found = model.start(session_on(weekday(30))).forecast()
    assert (found.expected[13], found.low[13], found.high[13]) == (0, 0, 0)
    assert (found.expected[12] > 0, found.expected[14] > 0) == (True, True)
    assert model.empty == 0


def test_folded_day_moves_the_level_as_a_fit_would() -> None:
    days = simulated(61, 26, seed=7)
    folded = DynamicVolume.fit(days[:60]).folded(days[60])
    law = folded.law
    residual = np.log([day.volume for day in days]) - law.phi
    sums = day_sums(residual, law.noise / law.dynamics.noise_sd**2, law.dynamics)
    levels = filtered_levels(sums, np.ones(61, np.int64), law.dynamics)
    assert folded.level.mean == pytest.approx(levels[-1].mean, abs=0.02)
    assert folded.level.variance == pytest.approx(levels[-1].variance, rel=1e-6)
    assert (folded.days, folded.last_date) == (61, days[60].date)


def test_level_fades_over_the_sessions_that_are_missing() -> None:
    model = dataclasses.replace(DynamicVolume.fit(simulated(40, 26, seed=9)), level=Gaussian(1.0, 0.01))
    near, far = (model.start(session_on(weekday(60)), sessions_ahead=k).before for k in (1, 15))
    rho = model.law.dynamics.level_memory
    assert (near.mean, far.mean) == (pytest.approx(rho), pytest.approx(rho**15))
    assert far.variance > near.variance


def test_fit_refuses_what_it_cannot_tell() -> None:
    days = simulated(30, 26)
    with pytest.raises(BadData, match="9 clean days; a dynamic forecast needs 10"):
        DynamicVolume.fit(days[:9])
    rng = np.random.default_rng(1)
    thin = [day_of(np.where(rng.random(26) < 0.3, 0, day.volume), day.date) for day in days]
    with pytest.raises(BadData, match="30% of the buckets of 15 minutes are empty; take buckets of 45 minutes or more"):
        DynamicVolume.fit(thin)
    with pytest.raises(BadParameter, match="in order of time"):
        DynamicVolume.fit(days[::-1])
    with pytest.raises(BadParameter, match="fit days of one kind"):
        DynamicVolume.fit([*days, day_of(np.ones(26), weekday(30), minutes=210)])
    with pytest.raises(BadParameter, match="0 sessions ahead"):
        DynamicVolume.fit(days, gaps=[0] * 30)


def test_forecast_of_a_day_that_is_known_or_of_another_length_is_refused() -> None:
    model = DynamicVolume.fit(simulated(30, 26))
    with pytest.raises(BadParameter, match="is not after 2026-02-13, the last day the model knows"):
        model.start(session_on(weekday(29)))
    with pytest.raises(BadParameter, match="lasts 210 minutes and the model's days 390"):
        model.start(session_on(weekday(30), minutes=210))


def test_the_same_days_give_the_same_model() -> None:
    one, other = (DynamicVolume.fit(simulated(30, 26, seed=3)) for _ in range(2))
    assert str(one) == str(other)
    assert "level memory" in str(one)
