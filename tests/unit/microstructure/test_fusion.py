"""One belief from several reports: weights, correlation, age, outliers, track records."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.fusion import (
    Evidence,
    HitRate,
    Report,
    Reports,
    TrackRecord,
    VarianceFactor,
    best_linear,
    consensus,
    covariance_intersection,
    dempster,
    direction,
    hit_rate,
    precision_weighted,
    score_weights,
    variance_factor,
)

NAN = math.nan


def say(*values: float, sd: float | tuple[float, ...] = NAN, at: tuple[int, ...] | None = None) -> list[Report]:
    """Sources a, b, c, ... say these values."""
    sds = sd if isinstance(sd, tuple) else (sd,) * len(values)
    times = at or (0,) * len(values)
    return [
        Report(source=chr(97 + place), value=value, sd=error, time_ns=time)
        for place, (value, error, time) in enumerate(zip(values, sds, times, strict=True))
    ]


# --- Normal opinions.


def test_two_sources_by_hand() -> None:
    """1 / 1 and 1 / 4: weights 0.8 and 0.2, variance 0.8, chi-square (101 - 100)^2 / 5."""
    found = precision_weighted(say(100, 101, sd=(1.0, 2.0)))
    assert {"a": 0.8, "b": 0.2} == pytest.approx(found.weights)
    assert (100.2, 0.8) == pytest.approx((found.price.value, found.sd**2))
    assert found.consistency is not None
    assert (0.2, 1) == pytest.approx((found.consistency.chi_square, found.consistency.degrees))
    assert 0.8 * 1 + 0.2 * 2 == pytest.approx(found.sd_if_common)
    assert 1.959964 * math.sqrt(0.8) == pytest.approx(found.price.high - 100.2, rel=1e-6)


def test_a_source_that_goes_with_a_better_one_is_used_against_it() -> None:
    """Bates & Granger: w = (s2^2 - r s1 s2) / (s1^2 + s2^2 - 2 r s1 s2), here 2.2 / 1.4."""
    found = best_linear(say(100, 101, sd=(1.0, 2.0)), correlation=np.array([[1, 0.9], [0.9, 1]]))
    assert {"a": 2.2 / 1.4, "b": -0.8 / 1.4} == pytest.approx(found.weights)
    assert (1 - 0.81) * 4 / 1.4 == pytest.approx(found.sd**2)
    assert "weight below 0 for b" in found.notes[0]


@given(st.integers(0, 5_000), st.integers(2, 6))
def test_the_best_mix_has_the_least_variance_of_all_mixes(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal((count, count + 1))
    covariance = factor @ factor.T
    sds = np.sqrt(np.diag(covariance))
    reports = say(*(50 + rng.standard_normal(count)).tolist(), sd=tuple(sds.tolist()))
    found = best_linear(reports, correlation=covariance / np.outer(sds, sds))
    weights = np.array(list(found.weights.values()))
    assert 1.0 == pytest.approx(weights.sum())
    for other in rng.standard_normal((20, count)):
        mix = weights + other - other.mean()
        assert found.sd**2 <= mix @ covariance @ mix * (1 + 1e-9)
    assert found.sd <= sds.min() * (1 + 1e-9)


def test_copies_count_once() -> None:
    copies = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1.0]])
    found = best_linear(say(100, 100, 101, sd=(1.0, 1.0, 2.0)), correlation=copies)
    once = precision_weighted(say(100, 101, sd=(1.0, 2.0)))
    assert once.price.value == pytest.approx(found.price.value)
    assert once.sd == pytest.approx(found.sd)
    assert 0.4 == pytest.approx(found.weights["a"])
    assert found.weights["a"] == pytest.approx(found.weights["b"])
    assert "singular" in found.notes[0]
    assert found.consistency is not None
    assert 1 == found.consistency.degrees


def test_copies_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(BadData, match="one and the same error"):
        best_linear(say(100, 101, sd=(1.0, 1.0)), correlation=np.ones((2, 2)))


def test_a_mix_without_error_is_refused() -> None:
    with pytest.raises(Unidentified, match="no error"):
        best_linear(say(100, 101, sd=(1.0, 2.0)), correlation=np.ones((2, 2)))


@pytest.mark.parametrize(
    ("matrix", "says"),
    [
        (np.eye(3), "shape"),
        (np.array([[1, 0.5], [0.4, 1]]), "symmetric"),
        (np.array([[1, NAN], [NAN, 1]]), "finite"),
        (np.array([[1, 1.5], [1.5, 1]]), "eigenvalue"),
        (np.array([[2.0, 0], [0, 1]]), "diagonal"),
    ],
)
def test_matrices_that_are_no_correlations_are_refused(
    matrix: np.ndarray[tuple[int, int], np.dtype[np.float64]], says: str
) -> None:
    with pytest.raises(BadParameter, match=says):
        best_linear(say(100, 101, sd=1.0), correlation=matrix)


def test_whatever_the_correlation_the_intersection_is_not_too_sure() -> None:
    reports = say(100, 101, 99, sd=(1.0, 2.0, 3.0))
    found = covariance_intersection(reports)
    assert {"a": 1.0, "b": 0.0, "c": 0.0} == found.weights
    assert 1.0 == found.sd
    assert [out.source for out in found.left_out] == ["b", "c"]
    even = covariance_intersection(say(100, 102, sd=2.0))
    assert (101.0, 2.0) == (even.price.value, even.sd)


def test_sources_that_disagree_are_told_on() -> None:
    found = precision_weighted(say(100, 110, sd=1.0))
    assert found.consistency is not None
    assert found.consistency.p_value < 1e-6
    assert math.sqrt(50) == pytest.approx(found.consistency.inflation)
    assert "disagree" in found.notes[0]
    assert "p =" in str(found)


def test_intervals_hold_and_disagreement_is_found_as_often_as_it_should() -> None:
    rng = np.random.default_rng(0)
    correlation = np.array([[1, 0.6, 0.2], [0.6, 1, 0.1], [0.2, 0.1, 1]])
    sds = np.array([1.0, 2.0, 1.5])
    draws = rng.multivariate_normal(np.zeros(3), correlation * np.outer(sds, sds), 400)
    found = [best_linear(say(*row, sd=tuple(sds.tolist())), correlation=correlation) for row in draws.tolist()]
    inside = np.mean([each.price.low < 0 < each.price.high for each in found])
    disagree = np.mean([each.consistency is not None and each.consistency.p_value < 0.05 for each in found])
    assert 0.92 < inside < 0.98
    assert 0.02 < disagree < 0.08


def test_old_reports_count_less() -> None:
    reports = say(100, 101, sd=1.0, at=(0, 3_000_000_000))
    found = precision_weighted(reports, drift_sd=1.0)
    assert {"a": 0.2, "b": 0.8} == pytest.approx(found.weights)
    later = precision_weighted(reports, drift_sd=1.0, at_ns=5_000_000_000)
    assert found.weights == pytest.approx(later.weights)
    assert found.sd**2 + 2 == pytest.approx(later.sd**2)


def test_reports_of_the_future_and_clocks_that_disagree_are_refused() -> None:
    with pytest.raises(BadData, match="clocks disagree"):
        precision_weighted(say(100, sd=1.0, at=(10,)), at_ns=9)
    with pytest.raises(BadData, match="clocks disagree"):
        consensus(say(100, 100, 100, at=(0, 10, 0)), at_ns=9)
    with pytest.raises(BadParameter, match="drift_sd"):
        precision_weighted(say(100, sd=1.0), drift_sd=-1.0)


def test_what_no_belief_can_be_made_of() -> None:
    with pytest.raises(BadData, match="no source"):
        precision_weighted([])
    with pytest.raises(BadData, match="twice"):
        precision_weighted([Report(source="a", value=1.0, sd=1.0)] * 2)
    with pytest.raises(BadData, match="gives no sd"):
        precision_weighted(say(1.0, 2.0))
    with pytest.raises(BadData, match="says a number"):
        precision_weighted(say(NAN, sd=1.0))
    with pytest.raises(BadParameter, match="must be above 0"):
        Report(source="a", value=1.0, sd=0.0)


def test_who_says_nothing_is_left_out_by_name_and_one_source_is_believed() -> None:
    correlation = np.array([[1, 0.5, 0], [0.5, 1, 0.3], [0, 0.3, 1]])
    found = best_linear(say(100, NAN, 101, sd=1.0), correlation=correlation)
    assert ("b", "said no number") == (found.left_out[0].source, found.left_out[0].reason)
    assert {"a": 0.5, "c": 0.5} == pytest.approx(found.weights)
    alone = precision_weighted(say(100, sd=2.0))
    assert (100.0, 2.0, None) == (alone.price.value, alone.sd, alone.consistency)


def test_negative_prices_and_units_are_no_matter() -> None:
    one = precision_weighted(say(-37.63, -37.6, sd=(0.1, 0.2)))
    other = precision_weighted(say(-37_630.0, -37_600.0, sd=(100.0, 200.0)))
    assert one.price.value * 1e3 == pytest.approx(other.price.value)
    assert one.weights == pytest.approx(other.weights)


# --- Tables of reports.


def test_a_table_keeps_the_last_word_of_each() -> None:
    table = Reports.of(
        [
            Report(source="b", value=3.0, time_ns=30),
            Report(source="a", value=1.0, time_ns=10),
            Report(source="a", value=NAN, time_ns=25),
            Report(source="a", value=2.0, time_ns=40),
        ]
    )
    assert [("b", 3.0), ("a", 1.0)] == [(each.source, each.value) for each in table.latest(39)]
    assert ["a"] == [each.source for each in table.latest(15)]
    assert () == table.latest(5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"time_ns": np.array([2, 1])}, "sort"),
        ({"source": np.array([0, 3])}, "source 3"),
        ({"sd": np.array([1.0, 0.0])}, "sd of 0"),
        ({"value": np.array([1.0])}, "rows"),
    ],
)
def test_tables_that_are_none_are_refused(change: dict[str, object], says: str) -> None:
    columns = {"source": np.array([0, 1]), "value": np.ones(2), "sd": np.ones(2), "time_ns": np.array([1, 2])}
    with pytest.raises(BadData, match=says):
        Reports(names=("a", "b"), **{**columns, **change})  # type: ignore[arg-type]


# --- Consensus.


def test_a_wild_source_is_left_out_by_name() -> None:
    found = consensus(say(100, 100.1, 99.9, 100.05, 250), at_ns=0)
    assert ["e"] == [out.source for out in found.left_out]
    assert "from the median" in found.left_out[0].reason
    assert 99.9 < found.price.value < 100.1
    assert 2 == found.breakdown


@given(
    st.integers(0, 5_000),
    st.sampled_from(["median", "huber", "tukey"]),
    st.floats(-1e6, 1e6, allow_nan=False),
)
def test_a_minority_can_say_anything(seed: int, estimator: str, lie: float) -> None:
    """Of seven sources three lie alike: the price stays within 3.5 scales, of at most 1.4826 honest ranges, of them."""
    honest = 100 + np.random.default_rng(seed).standard_normal(4)
    found = consensus(say(*honest.tolist(), lie, lie, lie), at_ns=0, estimator=estimator)  # type: ignore[arg-type]
    slack = 0.0 if estimator == "median" else 3.5 * 1.4826022185056018 * np.ptp(honest)
    assert honest.min() - slack <= found.price.value <= honest.max() + slack
    assert 3 == found.breakdown


@pytest.mark.parametrize("estimator", ["median", "huber", "tukey"])
def test_the_consensus_does_not_mind_order_level_or_unit(estimator: str) -> None:
    values = [100.0, 101.0, 99.5, 100.4, 130.0]
    one = consensus(say(*values), at_ns=0, estimator=estimator)  # type: ignore[arg-type]
    turned = consensus(say(*values[::-1]), at_ns=0, estimator=estimator)  # type: ignore[arg-type]
    moved = consensus(say(*(10 * value - 5_000 for value in values)), at_ns=0, estimator=estimator)  # type: ignore[arg-type]
    assert one.price.value == pytest.approx(turned.price.value, rel=1e-12)
    assert 10 * one.price.value - 5_000 == pytest.approx(moved.price.value, rel=1e-10)
    assert one.price.high - one.price.low == pytest.approx((moved.price.high - moved.price.low) / 10, rel=1e-8)


def test_hubers_price_solves_hubers_equation() -> None:
    values = np.array([99.0, 99.8, 100.0, 100.3, 102.0, 103.0])
    found = consensus(say(*values.tolist()), at_ns=0, estimator="huber", cutoff=100.0)
    u = (values - found.price.value) / found.scale
    assert 0.0 == pytest.approx(np.clip(u, -1.345, 1.345).sum(), abs=1e-9)


def test_tukeys_price_solves_tukeys_equation() -> None:
    values = np.array([99.0, 99.8, 100.0, 100.3, 102.0, 103.0])
    found = consensus(say(*values.tolist()), at_ns=0, estimator="tukey", cutoff=100.0)
    u = (values - found.price.value) / found.scale
    psi = np.where(np.abs(u) < 4.685, u * (1 - (u / 4.685) ** 2) ** 2, 0.0)
    assert 0.0 == pytest.approx(psi.sum(), abs=1e-9)


def test_liars_that_state_a_wide_error_do_not_move_the_price_either() -> None:
    found = consensus(say(100, 100.2, 99.8, 1e6, 1e6, sd=(NAN, NAN, NAN, 1e9, 1e9)), at_ns=0)
    assert 99.8 <= found.price.value <= 100.2


def test_a_neighbour_on_the_next_tick_stays_and_a_lie_goes_though_most_say_one_tick() -> None:
    for values in ((100, 100, 100, 101, 99), (100.1, 100.1, 100.1, 100.2, 100.0)):
        found = consensus(say(*values), at_ns=0)
        assert () == found.left_out
        tick = max(values) - values[0]
        assert found.price.high - found.price.value > 0.475 * tick * (1 - 1e-9)
    assert ["d"] == [out.source for out in consensus(say(100, 100, 100, 103), at_ns=0).left_out]
    quarter = say(100, 100, 100, 100.25)
    assert ["d"] == [out.source for out in consensus(quarter, at_ns=0).left_out]
    assert () == consensus(quarter, at_ns=0, tick=0.25).left_out
    with pytest.raises(BadParameter, match="tick -1"):
        consensus(quarter, at_ns=0, tick=-1.0)


def test_agreement_to_the_tick_is_not_agreement_to_nothing() -> None:
    """What rounds to 100 lies within half a tick of it, nineteen of twenty times within 0.475."""
    for estimator in ("median", "huber", "tukey"):
        found = consensus(say(100, 100, 100, 100), at_ns=0, estimator=estimator)  # type: ignore[arg-type]
        assert 0.475 <= found.price.high - found.price.value < 0.8
    unsure = consensus(say(100, 100, 100, 100.5, sd=(NAN, NAN, NAN, 1.0)), at_ns=0)
    assert () == unsure.left_out


@pytest.mark.parametrize("estimator", ["median", "huber", "tukey"])
@pytest.mark.parametrize(("count", "sd", "rounded"), [(4, 1.0, False), (5, 0.1, True), (5, 0.4, True), (9, 1.5, True)])
def test_intervals_of_a_consensus_hold_for_few_sources_and_on_ticks(
    estimator: str, count: int, sd: float, rounded: bool
) -> None:
    rng = np.random.default_rng(3)
    inside = []
    for _ in range(250):
        truth = rng.uniform(99.5, 100.5)
        values = truth + sd * rng.standard_normal(count)
        found = consensus(say(*(np.rint(values) if rounded else values).tolist()), at_ns=0, estimator=estimator)  # type: ignore[arg-type]
        inside.append(found.price.low <= truth <= found.price.high)
        assert found.sd <= found.sd_if_common
    assert np.mean(inside) > 0.91


def test_the_stale_and_the_few() -> None:
    reports = say(100, 100.2, 99.8, 100.1, at=(0, 90, 95, 100))
    found = consensus(reports, at_ns=100, max_age_ns=20)
    assert "stale" in found.left_out[0].reason
    with pytest.raises(BadData, match=r"2 sources are fresh, 3 make a quorum \(a stale"):
        consensus(reports, at_ns=100, max_age_ns=9)
    with pytest.raises(BadData, match="near the others"):
        consensus(say(100, 200, 300, 400.0), at_ns=0, quorum=4, cutoff=0.5)
    with pytest.raises(BadParameter, match="quorum 1"):
        consensus(reports, at_ns=100, quorum=1)
    with pytest.raises(BadParameter, match="cutoff"):
        consensus(reports, at_ns=100, cutoff=0.0)
    with pytest.raises(BadParameter, match="mode"):
        consensus(reports, at_ns=100, estimator="mode")  # type: ignore[arg-type]


@pytest.mark.parametrize("estimator", ["median", "huber", "tukey"])
def test_intervals_of_a_consensus_hold(estimator: str) -> None:
    rng = np.random.default_rng(1)
    inside = []
    for row in rng.standard_normal((300, 9)).tolist():
        found = consensus(say(*row), at_ns=0, estimator=estimator)  # type: ignore[arg-type]
        inside.append(found.price.low < 0 < found.price.high)
    assert 0.88 < np.mean(inside) < 0.99


# --- Directions and track records.


@pytest.mark.parametrize("bodies", [40, 1_000])
def test_many_bodies_that_agree_on_little_are_joined(bodies: int) -> None:
    """Of singletons Dempster's rule is Bayes': 0.4^n against 0.3^n each, though hardly anything is agreed."""
    body = Evidence.of(("down", "flat", "up"), {"down": 0.3, "flat": 0.3, "up": 0.4})
    found = dempster(*[body] * bodies)
    assert 1 / (1 + 2 * 0.75**bodies) == pytest.approx(found.evidence.belief("up"), rel=1e-12)
    assert 1.0 == pytest.approx(found.conflict)
    assert f"10^{math.log10(0.4) * bodies:.3g}" in found.notes[0] or bodies < 1_000


def test_one_set_named_twice_has_the_sum_of_its_masses() -> None:
    found = Evidence.of(("a", "b", "c"), {("a", "b"): 0.4, ("b", "a"): 0.5})
    assert {frozenset("ab"): 0.9, frozenset("abc"): 0.1} == pytest.approx(dict(found.mass))
    with pytest.raises(BadParameter, match=r"sum to 1\.2"):
        Evidence.of(("a", "b"), {"a": 0.6, ("a",): 0.2, "b": 0.4})


def test_a_report_leans_as_its_normal_error_says() -> None:
    leans = direction(Report(source="a", value=101.0, sd=1.0), price=100.0, flat=0.5)
    assert 0.0668072 == pytest.approx(leans.belief("down"), abs=1e-6)  # P(Z < -1.5).
    assert 0.6914625 == pytest.approx(leans.belief("up"), abs=1e-6)  # P(Z < 0.5).
    half = direction(Report(source="a", value=101.0, sd=1.0), price=100.0, flat=0.5, reliability=0.5)
    assert 0.5 == pytest.approx(half.ignorance)
    with pytest.raises(BadData, match="needs both"):
        direction(Report(source="a", value=101.0), price=100.0, flat=0.5)
    with pytest.raises(BadParameter, match="flat"):
        direction(Report(source="a", value=101.0, sd=1.0), price=100.0, flat=-1.0)


def test_the_variance_factor_by_hand() -> None:
    """Prior 1 and 1, errors 2 and 4: (1 + 10) / (1 + 1) = 5.5."""
    assert 5.5 == pytest.approx(variance_factor(np.array([2.0, 4.0])).value)
    halved = variance_factor(np.array([2.0, 4.0]), halflife=1.0)
    assert (1 + 0.5 * (0.5 * 4 + 16)) / (1 + 0.75) == pytest.approx(halved.value)


def test_the_hit_rate_by_hand() -> None:
    """Beta(1 + 3, 1 + 1): mean 2 / 3; its 2.5 % point solves 5 x^4 - 4 x^5 = 0.025."""
    found = hit_rate(np.array([1.0, 1.0, 0.0, 1.0]))
    assert 2 / 3 == pytest.approx(found.value)
    assert 0.025 == pytest.approx(5 * found.low**4 - 4 * found.low**5, rel=1e-9)


def test_credible_intervals_hold_as_often_as_they_say() -> None:
    rng = np.random.default_rng(2)
    factor = [variance_factor(3 * rng.standard_normal(60)) for _ in range(400)]
    hits = [hit_rate((rng.random(60) < 0.6).astype(float)) for _ in range(400)]
    assert 0.92 < np.mean([each.low < 9 < each.high for each in factor]) < 0.98
    assert 0.92 < np.mean([each.low < 0.6 < each.high for each in hits]) < 0.98


def test_a_source_that_turned_bad_is_found_out_where_the_past_fades() -> None:
    rng = np.random.default_rng(3)
    errors = np.concatenate((rng.standard_normal(500), 5 * rng.standard_normal(60)))
    fading, all_of_it = variance_factor(errors, halflife=20.0), variance_factor(errors)
    assert fading.low > 8
    assert all_of_it.value < 6


def test_a_record_calibrates_discounts_and_weighs() -> None:
    rng = np.random.default_rng(4)
    records = {"right": TrackRecord(), "boastful": TrackRecord(), "coin": TrackRecord()}
    for _ in range(400):
        outcome = 100 + rng.standard_normal()
        seen = outcome + 0.5 * rng.standard_normal()
        records["right"].on_outcome(Report(source="right", value=seen, sd=0.5), outcome, price=100.0)
        records["boastful"].on_outcome(Report(source="boastful", value=seen, sd=0.05), outcome, price=100.0)
        guess = 100 + rng.standard_normal()
        records["coin"].on_outcome(Report(source="coin", value=guess, sd=1.4), outcome, price=100.0)
    assert 0.05 * 10 == pytest.approx(
        records["boastful"].calibrated(Report(source="boastful", value=1.0, sd=0.05)).sd, rel=0.1
    )
    assert 0.5 == pytest.approx(records["right"].calibrated(Report(source="right", value=1.0, sd=0.5)).sd, rel=0.1)
    assert records["coin"].hits.reliability < 0.15
    assert records["right"].hits.reliability > 0.5
    assert records["right"].score > records["coin"].score > records["boastful"].score
    assert score_weights(records)["right"] > 0.999
    assert 1.0 == pytest.approx(sum(score_weights(records).values()))


def test_scores_of_other_outcomes_are_not_weighed_against_each_other() -> None:
    """A source never heard would take all, and one heard half the time more or less by the unit of the price."""
    often, seldom, never = TrackRecord(), TrackRecord(), TrackRecord()
    for turn, outcome in enumerate(np.random.default_rng(1).standard_normal(40).tolist()):
        often.on_outcome(Report(source="often", value=0.0, sd=1.0), outcome)
        seldom.on_outcome(Report(source="seldom", value=0.0, sd=2.0), outcome if turn % 2 else NAN)
    with pytest.raises(BadData, match="often 40, never 0"):
        score_weights({"often": often, "never": never})
    with pytest.raises(BadData, match="often 40, seldom 20"):
        score_weights({"often": often, "seldom": seldom})
    other = TrackRecord()
    for outcome in np.random.default_rng(2).standard_normal(40).tolist():
        other.on_outcome(Report(source="other", value=0.0, sd=1.0), outcome)
    with pytest.raises(BadData, match="different outcomes"):
        score_weights({"often": often, "other": other})
    with pytest.raises(BadData, match="half-li"):
        score_weights({"a": TrackRecord(), "b": TrackRecord(halflife=9.0)})
    assert {"a": 0.5, "b": 0.5} == score_weights({"a": often, "b": often})


def test_the_score_is_the_mean_log_density() -> None:
    record = TrackRecord()
    record.on_outcome(Report(source="a", value=1.0, sd=2.0), 2.0)
    assert -0.125 - math.log(2 * math.sqrt(2 * math.pi)) == pytest.approx(record.score)
    assert 0.5 == record.hits.value
    record.on_outcome(Report(source="a", value=1.0, sd=2.0), NAN)
    assert 1 == record.factor.passed_over


def test_records_that_cannot_be_kept() -> None:
    with pytest.raises(BadData, match="gives no sd"):
        TrackRecord().on_outcome(Report(source="a", value=1.0), 2.0)
    with pytest.raises(BadData, match=r"1\.5"):
        HitRate().update(1.5)
    with pytest.raises(BadData, match="hit"):
        hit_rate(np.array([2.0]))
    with pytest.raises(BadParameter, match="halflife 0"):
        VarianceFactor(0.0)
    with pytest.raises(BadData, match="no track records"):
        score_weights({})
    assert math.isnan(TrackRecord().score)
