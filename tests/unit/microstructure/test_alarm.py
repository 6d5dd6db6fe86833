"""The alarm for toxic flow: hand-worked sums, a rate of false alarms that is kept, and what it finds."""

import math

import numpy as np
import pytest
from tests.unit.microstructure.alarm_worlds import imbalance

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.toxicity import AlarmGauge, AlarmRule, calibrate_alarm, run_alarm
from nowake.statistics.measurement import Measurement

SPAN = 50
RULE = AlarmRule(reference=1.0, threshold=2.5, span=4, false_alarms=Measurement.given(0.05), spans=19, memory=math.nan)


def test_the_sum_grows_by_what_exceeds_the_reference_and_begins_anew_each_span() -> None:
    found = run_alarm(RULE, np.array([2.0, 0.5, 3.0, 9.0, 3.0, 0.0, 0.0, 5.0, 4.0]))
    assert [1.0, 0.5, 2.5, 10.5, 2.0, 1.0, 0.0, 4.0, 3.0] == found.value.tolist()
    assert [3, 7, 8] == found.raised.tolist()


def test_an_alarm_stands_until_its_span_ends_and_is_raised_once() -> None:
    gauge = AlarmGauge(RULE)
    stands = []
    for score in (9.0, 0.0, 9.0, math.nan, 0.0, 0.0):
        gauge.update(score)
        stands.append(gauge.is_raised)
    assert [True, True, True, True, True, False] == stands
    assert (1, 1) == (gauge.raised, gauge.passed_over)


def test_unknown_scores_are_passed_over_and_nothing_is_said_of_none() -> None:
    scores = np.array([math.nan, 2.0, math.nan, 0.5, 3.0, 9.0, 3.0])
    found = run_alarm(RULE, scores)
    assert [0.0, 1.0, 1.0, 0.5, 2.5, 10.5, 2.0] == found.value.tolist()
    assert [5] == found.raised.tolist()
    assert ([], []) == (run_alarm(RULE, np.zeros(0)).value.tolist(), run_alarm(RULE, np.zeros(0)).raised.tolist())
    assert [0.0] == run_alarm(RULE, np.array([math.nan])).value.tolist()


def test_the_threshold_is_the_rank_that_the_rate_asks_for() -> None:
    # Spans of one score, no drift: sums are what exceeds the mean of the first quarter, which is 0.
    quiet = np.concatenate((np.tile([-1.0, 1.0], 5), np.arange(1.0, 31.0)))
    rule = calibrate_alarm(quiet, span=1, false_alarms=0.1, drift=0.0)
    # Of 30 spans, 3 of 31 ranks may exceed: the third highest is the threshold.
    assert (28.0, 30, 3 / 31) == (rule.threshold, rule.spans, rule.false_alarms.value)
    assert pytest.approx(31 / 3) == rule.scores_between_false_alarms


def test_no_span_straddles_two_histories() -> None:
    rng = np.random.default_rng(1)
    days = [rng.random(95) for _ in range(30)]
    rule = calibrate_alarm(days, span=10, false_alarms=0.05)
    # 9 whole spans a day; a quarter of the 270 gives the mean.
    assert 270 - 67 == rule.spans


def false_alarms(repeats: int, *, persistence: float, rate: float, later: int = 20) -> tuple[float, float, float]:
    """Stated share of quiet spans with an alarm, the share seen in spans to come, and its standard error."""
    seen = np.empty(repeats)
    stated = math.nan
    for seed in range(repeats):
        flow = imbalance(np.random.default_rng(seed), (80 + later) * SPAN, persistence=persistence)
        rule = calibrate_alarm(flow[: 80 * SPAN], span=SPAN, false_alarms=rate)
        seen[seed] = len(run_alarm(rule, flow[80 * SPAN :]).raised) / later
        stated = rule.false_alarms.value
    return stated, float(seen.mean()), float(seen.std() / math.sqrt(repeats))


def test_false_alarms_come_as_often_as_stated_though_flow_has_memory() -> None:
    stated, seen, error = false_alarms(60, persistence=0.8, rate=0.1)
    assert abs(seen - stated) < 3.5 * error


@pytest.mark.study
@pytest.mark.parametrize("persistence", [0.5, 0.7, 0.9, 0.97])
@pytest.mark.parametrize("rate", [0.05, 0.1, 0.2])
def test_false_alarms_come_as_often_as_stated_over_hundreds_of_markets(persistence: float, rate: float) -> None:
    stated, seen, error = false_alarms(500, persistence=persistence, rate=rate)
    print(f"persistence {persistence}: stated {stated:.4f}, seen {seen:.4f} +- {error:.4f}")
    assert abs(seen - stated) < 3.5 * error


def test_the_rate_of_one_threshold_is_in_its_interval() -> None:
    held = 0
    for seed in range(40):
        flow = imbalance(np.random.default_rng(seed), 480 * SPAN, persistence=0.6)
        rule = calibrate_alarm(flow[: 80 * SPAN], span=SPAN, false_alarms=0.1)
        seen = len(run_alarm(rule, flow[80 * SPAN :]).raised) / 400
        held += rule.false_alarms.low <= seen <= rule.false_alarms.high
    assert held >= 33


def power(repeats: int, informed: float) -> tuple[float, float]:
    """Share of episodes of 20 toxic buckets that raise an alarm, and the median delay in buckets."""
    delays = []
    for seed in range(repeats):
        rng = np.random.default_rng(10_000 + seed)
        flow = imbalance(rng, 81 * SPAN, informed=informed, episode=slice(80 * SPAN + 20, 80 * SPAN + 40))
        rule = calibrate_alarm(flow[: 80 * SPAN], span=SPAN, false_alarms=0.05)
        raised = run_alarm(rule, flow[80 * SPAN :]).raised
        delays.append(raised[0] - 20 if len(raised) and raised[0] >= 20 else math.nan)
    return float(np.isfinite(delays).mean()), float(np.nanmedian(delays))


def test_half_of_prints_informed_is_found_within_a_few_buckets() -> None:
    found, delay = power(30, 0.5)
    assert found > 0.8
    assert delay <= 5


@pytest.mark.study
@pytest.mark.parametrize(("informed", "least"), [(0.1, 0.0), (0.2, 0.1), (0.3, 0.65), (0.5, 0.93), (0.8, 0.93)])
def test_what_share_of_toxic_episodes_is_found(informed: float, least: float) -> None:
    found, delay = power(300, informed)
    print(f"informed {informed}: found {found:.2f}, median delay {delay:g} buckets")
    assert found > least


def test_spans_that_remember_each_other_are_told() -> None:
    slow = np.repeat(np.random.default_rng(3).random(40), 30)
    rule = calibrate_alarm(slow, span=10, false_alarms=0.1)
    assert rule.is_doubtful
    assert "Spans remember each other: take longer ones." in str(rule)
    quiet = calibrate_alarm(np.random.default_rng(3).random(1_200), span=10, false_alarms=0.1)
    assert not quiet.is_doubtful
    assert "false in 9.9% of quiet spans" in str(quiet)


def test_what_cannot_be_promised_is_refused_with_the_way_out() -> None:
    rng = np.random.default_rng(4)
    with pytest.raises(
        BadData,
        match=r"15 spans of 50 scores, after a quarter for the mean, are fewer than the 19 that a rate of 0\.05 needs; "
        r"give a longer history, shorter spans, or a rate of 0\.0625 or more",
    ):
        calibrate_alarm(rng.random(1_000), span=50)
    assert 1 / 16 == calibrate_alarm(rng.random(1_000), span=50, false_alarms=0.0625).false_alarms.value
    with pytest.raises(BadData, match="0 spans of 50 scores"):
        calibrate_alarm(rng.random(60), span=50)
    with pytest.raises(BadData, match="longer history"):
        calibrate_alarm([], span=5)
    with pytest.raises(Unidentified, match=r"scores are 0\.1 in all of"):
        calibrate_alarm(np.full(1_000, 0.1), span=10)
    with pytest.raises(BadData, match="score 2 is inf"):
        calibrate_alarm(np.array([1.0, 2.0, math.inf]), span=1)
    with pytest.raises(BadData, match="score of inf"):
        AlarmGauge(RULE).update(math.inf)
    for wrong in ({"span": 0}, {"span": 5, "false_alarms": 0.0}, {"span": 5, "drift": -1.0}, {"span": 5, "level": 2}):
        with pytest.raises(BadParameter):
            calibrate_alarm(rng.random(100), **wrong)  # type: ignore[arg-type]
