import math

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from tests.unit.models.volume_days import TRUTH, day_of, simulated, weekday

from nowake.domain.errors import BadData, BadParameter
from nowake.models.volume import contest
from nowake.models.volume.contest import diebold_mariano, dynamic_forecast, losses_of, static_forecast
from nowake.models.volume.dynamic import DynamicVolume


def test_losses_of_a_day_are_computed_by_hand() -> None:
    day = day_of([10, 20, 0, 10])  # Prices 100, 100.01, 100.02, 100.03.
    found = losses_of(day, np.array([20.0, 10.0, 5.0, 10.0]), np.array([0.5, 0.25, 0.05, 0.2]))
    assert found.volume_mape == pytest.approx((1 + 0.5 + 0) / 3)
    assert found.volume_rmse == pytest.approx(math.sqrt((100 + 100 + 0) / 3) / (40 / 3))
    assert found.share_error == pytest.approx((0.25 + 0.25 + 0.05) / 2)
    vwap = (10 * 100 + 20 * 100.01 + 10 * 100.03) / 40
    paid = (0.5 * 100 + 0.25 * 100.01 + 0.2 * 100.03) / 0.95
    assert found.vwap_bps == pytest.approx(abs(paid / vwap - 1) * 1e4)


def test_shares_of_a_followed_forecast_sum_to_the_order() -> None:
    days = simulated(31, 26, seed=2)
    volume, shares = dynamic_forecast(DynamicVolume.fit(days[:30]), days[30])
    assert math.fsum(shares) == pytest.approx(1)
    assert shares.min() > 0
    assert len(volume) == 26


def test_dynamic_forecast_is_better_where_volume_has_a_memory() -> None:
    found = contest(simulated(60, 26, seed=3))
    assert [each.verdict for each in found.comparisons[:3]] == ["dynamic is better"] * 3
    assert len(found.dates) == 40
    assert found.static.shape == (40, 4)


def test_where_volume_has_no_memory_no_gain_is_claimed() -> None:
    law = TRUTH._replace(level_memory=0.0, level_sd=0.01, swing_memory=0.0, swing_sd=0.01)
    verdicts = [
        each.verdict for seed in range(3) for each in contest(simulated(32, 13, seed=seed, law=law)).comparisons
    ]
    assert verdicts.count("dynamic is better") <= 2


def test_nothing_of_a_day_is_known_before_it() -> None:
    """Days from the k-th on changed out of recognition change no loss of a day before."""
    days = simulated(40, 13, seed=5)
    other = [*days[:30], *(day_of(day.volume[::-1] ** 1.5, day.date) for day in days[30:])]
    one, two = contest(days), contest(other)
    assert one.dynamic[:10].tolist() == two.dynamic[:10].tolist()
    assert one.static[:10].tolist() == two.static[:10].tolist()


def test_static_forecast_is_the_mean_of_the_days_before() -> None:
    volume, shares = static_forecast([day_of([10, 30]), day_of([60, 20], weekday(1))])
    assert volume.tolist() == [35, 25]
    assert shares.tolist() == [0.5, 0.5]


def test_diebold_mariano_is_students_test_of_the_mean_loss() -> None:
    difference = np.random.default_rng(1).normal(0.3, 1, 25)
    assert diebold_mariano(difference) == pytest.approx(ttest_1samp(difference, 0.0).pvalue)
    assert diebold_mariano(np.zeros(9)) == 1.0


def test_gain_and_verdict_never_contradict_each_other() -> None:
    for seed in range(3):
        for each in contest(simulated(30, 13, seed=seed), train=15).comparisons:
            assert (each.gain.low <= 0 <= each.gain.high) == (each.verdict == "no significant difference")


def test_too_few_days_to_hold_out_are_refused() -> None:
    with pytest.raises(BadData, match="24 days leave 4 to hold out after 20; a comparison needs 5"):
        contest(simulated(24, 13))
    with pytest.raises(BadParameter, match="train 9"):
        contest(simulated(24, 13), train=9)
