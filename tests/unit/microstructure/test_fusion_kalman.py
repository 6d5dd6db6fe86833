"""The price through time: stream, batch, a textbook filter and linear algebra agree, and errors are as told."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import kalman as reference

from nowake.domain.errors import BadData, BadParameter, Unidentified
from nowake.microstructure.fusion import (
    PriceFilter,
    PriceModel,
    Report,
    Reports,
    Source,
    filter_prices,
    innovations,
    learn_prices,
    precision_weighted,
    smooth_prices,
)

SECOND = 1_000_000_000
NAMES = ("lit", "dark", "index")
NOISE = np.array([0.3, 1.0, 2.0])
OFFSETS = np.array([0.0, 0.7, -1.2])
MODEL = PriceModel(
    sources=tuple(
        Source(name=name, noise_sd=float(noise), offset_sd=spread)
        for name, noise, spread in zip(NAMES, NOISE, (0.0, 5.0, 5.0), strict=True)
    ),
    drift_sd=0.5,
)


def market(
    seed: int, count: int, *, drift: float = 0.5
) -> tuple[Reports, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Reports of three sources at odd times, some of one stamp, and the price they speak of."""
    rng = np.random.default_rng(seed)
    time_ns = np.sort(rng.integers(0, count * SECOND // 2, count)) // 100_000_000 * 100_000_000
    source = rng.integers(0, 3, count)
    price = 1_000 + np.cumsum(drift * rng.standard_normal(count) * np.sqrt(np.diff(time_ns, prepend=time_ns[0]) / 1e9))
    value = price + OFFSETS[source] + NOISE[source] * rng.standard_normal(count)
    return Reports(names=NAMES, source=source, value=value, sd=np.full(count, np.nan), time_ns=time_ns), price


def told(reports: Reports, model: PriceModel = MODEL) -> PriceFilter:
    gauge = PriceFilter(model)
    for row in range(len(reports)):
        name = reports.names[reports.source[row]]
        gauge.on_report(int(reports.time_ns[row]), name, float(reports.value[row]), float(reports.sd[row]))
    return gauge


@given(st.integers(0, 10_000), st.booleans(), st.sampled_from([0.0, 0.5]))
def test_stream_batch_and_textbook_are_one(seed: int, states_sd: bool, drift: float) -> None:
    reports, _ = market(seed, 40)
    if states_sd:
        rng = np.random.default_rng(seed)
        reports.sd[rng.random(40) < 0.5] = 0.4
    model = PriceModel(sources=MODEL.sources, drift_sd=drift)
    states, covariances, likelihood = reference.filtered(reports, model)
    batch = filter_prices(reports, model)
    gauge = told(reports, model)
    np.testing.assert_allclose(batch.price, states[:, 0], rtol=1e-12)
    np.testing.assert_allclose(batch.sd**2, covariances[:, 0, 0], rtol=1e-9)
    assert likelihood == pytest.approx(batch.log_likelihood, rel=1e-10)
    assert batch.price[-1] == pytest.approx(gauge.value, rel=1e-12)
    assert batch.sd[-1] == pytest.approx(gauge.sd, rel=1e-12)
    for place, name in enumerate(NAMES, 1):
        assert states[-1, place] == pytest.approx(gauge.offset(name).value, rel=1e-9, abs=1e-12)
        assert batch.offsets[name].value == pytest.approx(gauge.offset(name).value, rel=1e-12, abs=1e-13)


def test_the_stream_never_looks_ahead_and_can_be_stopped_and_continued() -> None:
    reports, _ = market(1, 60)
    whole = filter_prices(reports, MODEL)
    gauge = PriceFilter(MODEL)
    for row in range(60):
        gauge.on_report(int(reports.time_ns[row]), NAMES[reports.source[row]], float(reports.value[row]))
        assert whole.price[row] == pytest.approx(gauge.value, rel=1e-12)
        if row == 30:
            gauge = pickle.loads(pickle.dumps(copy.deepcopy(gauge)))


def test_smoothing_is_least_squares_over_all_reports() -> None:
    """Walk steps, offsets and noise are normal, the start is free: the price is that of one large regression."""
    reports, _ = market(2, 25)
    count = len(reports)
    step_sd = MODEL.drift_sd * np.sqrt(np.diff(reports.time_ns) / 1e9)
    moved = step_sd > 0
    noise = NOISE[reports.source]
    width = count + 2  # The price at each report, then the offsets of all but the anchor.
    seen = np.zeros((count, width))
    seen[np.arange(count), np.arange(count)] = 1
    seen[reports.source == 1, count] = seen[reports.source == 2, count + 1] = 1
    walk = (np.eye(count, width, 1) - np.eye(count, width))[:-1][moved] / step_sd[moved, None]
    walk[:, count:] = 0
    still = (np.eye(count, width, 1) - np.eye(count, width))[:-1][~moved] * 1e6
    still[:, count:] = 0
    offsets = np.eye(width)[count:] / 5.0
    design = np.vstack([seen / noise[:, None], walk, still, offsets])
    target = np.concatenate([reports.value / noise, np.zeros(len(design) - count)])
    solution, *_ = np.linalg.lstsq(design, target, rcond=None)
    covariance = np.linalg.inv(design.T @ design)
    price, sd = smooth_prices(reports, MODEL)
    np.testing.assert_allclose(price, solution[:count], rtol=1e-7)
    np.testing.assert_allclose(sd**2, np.diag(covariance)[:count], rtol=1e-3)


def test_looking_back_ends_where_the_filter_does() -> None:
    reports, _ = market(3, 50)
    batch = filter_prices(reports, MODEL)
    price, sd = smooth_prices(reports, MODEL)
    assert batch.price[-1] == pytest.approx(price[-1], rel=1e-12)
    assert batch.sd[-1] == pytest.approx(sd[-1], rel=1e-12)
    assert (sd <= batch.sd * (1 + 1e-9)).all()


def test_errors_are_as_large_as_told() -> None:
    inside = []
    for seed in range(60):
        reports, price = market(seed, 60)
        batch = filter_prices(reports, MODEL)
        smooth, sd = smooth_prices(reports, MODEL)
        inside.append(
            [np.abs(batch.price[-1] - price[-1]) < 1.96 * batch.sd[-1], np.abs(smooth[30] - price[30]) < 1.96 * sd[30]]
        )
    assert (np.mean(inside, axis=0) > 0.85).all()


def test_time_alone_only_widens() -> None:
    gauge = told(market(4, 30)[0])
    assert gauge.time_ns is not None
    now, later = gauge.belief(), gauge.belief(gauge.time_ns + 4 * SECOND)
    assert now.price.value == later.price.value
    assert now.sd**2 + 0.25 * 4 == pytest.approx(later.sd**2)
    assert 1.0 == pytest.approx(sum(now.weights.values()))
    with pytest.raises(BadData, match="look back"):
        gauge.belief(gauge.time_ns - 1)


def test_old_reports_of_sure_offsets_are_the_mix_that_shares_their_drift() -> None:
    """Precision weights with drift and the filter are one thing, computed two ways."""
    spoken = [("a", 100.0, 0.5, 0), ("b", 101.0, 0.3, 3), ("c", 100.4, 1.0, 5)]
    reports = [Report(source=name, value=value, sd=sd, time_ns=at * SECOND) for name, value, sd, at in spoken]
    model = PriceModel(sources=tuple(Source(name=name, noise_sd=1.0) for name in "abc"), drift_sd=0.4)
    gauge = PriceFilter(model)
    for report in reports:
        gauge.on_report(report.time_ns, report.source, report.value, report.sd)
    mixed = precision_weighted(reports, at_ns=9 * SECOND, drift_sd=0.4)
    filtered = gauge.belief(9 * SECOND)
    assert mixed.price.value == pytest.approx(filtered.price.value, rel=1e-12)
    assert mixed.sd == pytest.approx(filtered.sd, rel=1e-12)
    assert mixed.weights == pytest.approx(filtered.weights)


def test_weights_are_what_the_price_takes_of_each_sources_words() -> None:
    """Moving all words of one source moves the price by its weight: the filter is linear in what was said."""
    reports, _ = market(7, 40)
    assert np.isnan(told(reports).belief().sd_if_common)
    weights = told(reports).belief().weights
    for place, name in enumerate(NAMES):
        moved = Reports(
            names=NAMES,
            source=reports.source,
            value=reports.value + 1_000.0 * (reports.source == place),
            sd=reports.sd,
            time_ns=reports.time_ns,
        )
        assert weights[name] == pytest.approx((told(moved).value - told(reports).value) / 1_000, abs=1e-9)
    assert 1.0 == pytest.approx(sum(weights.values()), abs=1e-12)


def test_without_an_anchor_the_level_is_no_surer_than_offsets_are() -> None:
    sources = tuple(Source(name=name, noise_sd=0.01, offset_sd=2.0) for name in "ab")
    gauge = PriceFilter(PriceModel(sources=sources, drift_sd=0.0))
    for row in range(2_000):
        gauge.on_report(row, "ab"[row % 2], 10.0)
    assert 2.0 / np.sqrt(2) == pytest.approx(gauge.sd, rel=1e-3)


def test_what_cannot_be_heard() -> None:
    gauge = PriceFilter(MODEL)
    assert np.isnan(gauge.value)
    with pytest.raises(BadData, match="wait for one"):
        gauge.belief()
    gauge.on_report(5, "lit", 100.0)
    before = pickle.dumps(gauge)
    with pytest.raises(BadData, match="before the last one"):
        gauge.on_report(4, "lit", 100.0)
    with pytest.raises(BadParameter, match="not one of"):
        gauge.on_report(6, "nobody", 100.0)
    with pytest.raises(BadData, match="above 0"):
        gauge.on_report(6, "lit", 100.0, 0.0)
    assert pickle.dumps(gauge) == before
    gauge.on_report(6, "lit", float("nan"))
    assert (1, 1, 5) == (gauge.passed_over, gauge.heard, gauge.time_ns)


@pytest.mark.parametrize("offset_sd", [1e2, 1e4, 1e5])
def test_a_wide_offset_costs_no_digits_that_matter(offset_sd: float) -> None:
    """Of two sources heard in turn, one of them off by nobody knows what: a large regression, in long numbers."""
    rng = np.random.default_rng(0)
    said = [(("b", "a")[row % 2], 100 + 0.5 * (row % 2 == 0) + 0.01 * rng.standard_normal()) for row in range(30)]
    sources = (Source(name="a", noise_sd=0.01), Source(name="b", noise_sd=0.01, offset_sd=offset_sd))
    gauge = PriceFilter(PriceModel(sources=sources, drift_sd=0.01))
    for row, (name, value) in enumerate(said):
        gauge.on_report(row * SECOND, name, value)
    # The same without squares of offsets: the price at each row and one offset that is as good as free, least squares.
    design = np.zeros((60, 31))
    design[:30, :30], design[:30:2, 30] = np.eye(30) / 0.01, 1 / 0.01
    design[30:59, :30] = (np.eye(29, 30, 1) - np.eye(29, 30)) / 0.01
    design[59, 30] = 1 / offset_sd
    target = np.concatenate([np.array([value for _, value in said]) / 0.01, np.zeros(30)])
    solution, *_ = np.linalg.lstsq(design, target, rcond=None)
    sd = np.sqrt(np.linalg.inv(design.T @ design)[29, 29])
    assert sd == pytest.approx(gauge.sd, rel=1e-4)
    assert abs(gauge.value - solution[29]) < 1e-3 * sd


def test_offsets_beyond_the_digits_of_a_number_are_refused() -> None:
    sources = (Source(name="a", noise_sd=0.01), Source(name="b", noise_sd=0.01, offset_sd=1e7))
    model = PriceModel(sources=sources, drift_sd=0.01)
    with pytest.raises(BadParameter, match="offsets of 1e\\+06 at most"):
        PriceFilter(model)
    reports = Reports.of([Report(source="a", value=1.0)])
    for each in (filter_prices, smooth_prices):
        with pytest.raises(BadParameter, match="beyond the digits"):
            each(reports, model)
    gauge = PriceFilter(MODEL)
    with pytest.raises(BadParameter, match="beyond the digits"):
        gauge.on_report(0, "lit", 1.0, 1e-9)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Source(name="a", noise_sd=0.0), "noise_sd 0"),
        (lambda: Source(name="a", noise_sd=1.0, offset_sd=-1.0), "offset_sd -1"),
        (lambda: PriceModel(sources=(), drift_sd=1.0), "one or more"),
        (lambda: PriceModel(sources=(Source(name="a", noise_sd=1.0),) * 2, drift_sd=1.0), "different"),
        (lambda: PriceModel(sources=(Source(name="a", noise_sd=1.0),), drift_sd=-1.0), "drift_sd -1"),
    ],
)
def test_models_that_are_none_are_refused(make: object, says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        make()  # type: ignore[operator]


def test_noise_drift_and_offsets_are_learned() -> None:
    reports, _ = market(15, 1_500)
    found = learn_prices(reports)
    for name, truth in zip(NAMES, NOISE.tolist(), strict=True):
        assert found.noise_sd[name].low < truth < found.noise_sd[name].high
    assert found.drift_sd.low < 0.5 < found.drift_sd.high
    batch = filter_prices(reports, found.model)
    for name, truth in zip(NAMES[1:], OFFSETS[1:].tolist(), strict=True):
        assert batch.offsets[name].low < truth < batch.offsets[name].high
    told_of = innovations(batch, NAMES)
    assert told_of.size.low < 1 < told_of.size.high
    assert told_of.memory_p > 0.01


def test_learning_does_not_mind_the_unit_of_the_price() -> None:
    reports, _ = market(6, 300)
    finer = Reports(
        names=NAMES, source=reports.source, value=reports.value * 1e3, sd=reports.sd, time_ns=reports.time_ns
    )
    one, other = learn_prices(reports), learn_prices(finer)
    for name in NAMES:
        assert one.noise_sd[name].value * 1e3 == pytest.approx(other.noise_sd[name].value, rel=1e-3)
    assert one.drift_sd.value * 1e3 == pytest.approx(other.drift_sd.value, rel=1e-3)


def test_a_price_that_stands_still_has_a_drift_not_told_from_none() -> None:
    rng = np.random.default_rng(8)
    reports = Reports(
        names=("a",),
        source=np.zeros(400, np.int64),
        value=100 + rng.standard_normal(400),
        sd=np.full(400, np.nan),
        time_ns=np.arange(400) * SECOND,
    )
    found = learn_prices(reports)
    assert 1.0 == pytest.approx(found.noise_sd["a"].value, rel=0.1)
    assert found.drift_sd.high < 0.2
    if found.notes:
        assert (0.0, "the drift cannot be told from 0") == (found.drift_sd.low, found.notes[0])


def with_a_feed_that_stops(after: int, *, sd: float = float("nan")) -> Reports:
    """Of two feeds of one walk the second says one value from its report `after` on."""
    rng = np.random.default_rng(0)
    walk = np.repeat(100 + np.cumsum(0.1 * rng.standard_normal(400)), 2)
    value = walk + 0.05 * rng.standard_normal(800)
    value[1::2][after:] = value[1::2][after]
    return Reports(
        names=("live", "stuck"),
        source=np.arange(800) % 2,
        value=value,
        sd=np.where(np.arange(800) % 2, sd, np.nan),
        time_ns=np.arange(800) * SECOND // 2,
    )


@pytest.mark.parametrize("anchor", ["live", "stuck"])
def test_a_feed_that_never_moves_does_not_take_the_price(anchor: str) -> None:
    with pytest.raises(BadData, match=r"stuck says .* in all 400 reports while others move"):
        learn_prices(with_a_feed_that_stops(0), anchor=anchor)


def test_a_reference_that_states_its_error_may_stand_still() -> None:
    assert {"live"} == set(learn_prices(with_a_feed_that_stops(0, sd=3.0)).noise_sd)


def test_a_feed_that_stops_half_way_is_noted_and_one_that_goes_on_is_not() -> None:
    (note,) = learn_prices(with_a_feed_that_stops(200)).notes
    assert "stuck says" in note
    assert "in 200 reports on end" in note
    assert () == learn_prices(with_a_feed_that_stops(399)).notes


def test_a_source_that_states_its_errors_keeps_them() -> None:
    reports, _ = market(9, 300)
    reports.sd[reports.source == 1] = 1.0
    found = learn_prices(reports)
    assert {"lit", "index"} == set(found.noise_sd)


def test_memory_in_the_noise_is_seen() -> None:
    """A bounce is noise with a memory: the price filter's surprises then are not white."""
    rng = np.random.default_rng(10)
    noise = np.empty(1_000)
    noise[0] = 0.0
    for row in range(1, 1_000):
        noise[row] = -0.8 * noise[row - 1] + rng.standard_normal()
    reports = Reports(
        names=("a",),
        source=np.zeros(1_000, np.int64),
        value=np.cumsum(0.3 * rng.standard_normal(1_000)) + noise,
        sd=np.full(1_000, np.nan),
        time_ns=np.arange(1_000) * SECOND,
    )
    assert innovations(filter_prices(reports, learn_prices(reports).model), ("a",)).memory_p < 1e-6


def test_who_is_surer_than_right_is_named() -> None:
    reports, _ = market(11, 2_000)
    boastful = PriceModel(
        sources=tuple(
            Source(name=source.name, noise_sd=source.noise_sd / (4 if source.name == "index" else 1), offset_sd=5.0)
            for source in MODEL.sources
        ),
        drift_sd=0.5,
    )
    found = innovations(filter_prices(reports, boastful), NAMES)
    assert max(found.by_source, key=lambda name: found.by_source[name]) == "index"
    assert found.size.low > 1
    assert found.size_p < 1e-6


def test_histories_that_tell_nothing_are_refused() -> None:
    reports, _ = market(12, 60)
    with pytest.raises(BadData, match="fewer than 30"):
        learn_prices(reports)
    with pytest.raises(BadParameter, match="anchor"):
        learn_prices(reports, anchor="nobody")
    with pytest.raises(BadParameter, match="give one for each"):
        learn_prices(reports, offset_sd={"lit": 0.0})
    flat = Reports(
        names=("a",),
        source=np.zeros(50, np.int64),
        value=np.full(50, 7.0),
        sd=np.full(50, np.nan),
        time_ns=np.arange(50),
    )
    with pytest.raises(Unidentified, match="never moves"):
        learn_prices(flat)
    silent = Reports(
        names=("lit",),
        source=np.zeros(1, np.int64),
        value=np.array([np.nan]),
        sd=np.array([1.0]),
        time_ns=np.zeros(1, np.int64),
    )
    with pytest.raises(BadData, match="says a number"):
        filter_prices(silent, MODEL)
    with pytest.raises(BadParameter, match="not of the model"):
        filter_prices(flat, MODEL)
    with pytest.raises(BadData, match="fewer than 30"):
        innovations(filter_prices(market(1, 20)[0], MODEL), NAMES)
    with pytest.raises(BadParameter, match="lags"):
        innovations(filter_prices(market(1, 200)[0], MODEL), NAMES, lags=0)


@pytest.mark.study
def test_intervals_of_noise_drift_and_price_hold_as_often_as_they_say() -> None:
    held = []
    for seed in range(200):
        reports, price = market(1_000 + seed, 400)
        found = learn_prices(reports)
        batch = filter_prices(reports, found.model)
        held.append(
            [
                *(
                    found.noise_sd[name].low < truth < found.noise_sd[name].high
                    for name, truth in zip(NAMES, NOISE, strict=True)
                ),
                found.drift_sd.low < 0.5 < found.drift_sd.high,
                *(
                    batch.offsets[name].low < truth < batch.offsets[name].high
                    for name, truth in zip(NAMES[1:], OFFSETS[1:], strict=True)
                ),
                abs(batch.price[-1] - price[-1]) < 1.96 * batch.sd[-1],
            ]
        )
    assert (np.mean(held, axis=0) > 0.90).all(), np.mean(held, axis=0)
