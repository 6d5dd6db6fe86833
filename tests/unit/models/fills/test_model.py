from __future__ import annotations

import dataclasses
import math

import msgspec
import numpy as np
import pytest
from tests.unit.models.fills.tapes import lives_of, shared_waits

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED, Lifetimes
from nowake.models.fills.model import FillModel, fit_fill_model


def rate_of(distance: np.ndarray, queue: np.ndarray, imbalance: np.ndarray) -> np.ndarray:
    """Fills a second: powers of one plus distance and queue, as the model has it, and crowded sides wait longer."""
    return 0.1 * (1 + np.maximum(distance, 0)) ** -1.0 * (1 + queue) ** -0.5 * np.exp(-0.6 * imbalance)


def posted(seed: int, count: int = 800, *, every_s: float = 10.0) -> Lifetimes:
    luck = np.random.default_rng(seed)
    distance = luck.choice([0, 1, 3], count)
    queue = luck.choice([0.0, 2.0, 8.0], count)
    imbalance = luck.uniform(-1, 1, count)
    fill, cancel = luck.exponential(1 / rate_of(distance, queue, imbalance)), luck.exponential(60.0, count)
    return lives_of(
        np.minimum(np.minimum(fill, cancel), 200.0),
        np.where(np.minimum(fill, cancel) > 200, CENSORED, np.where(fill < cancel, FILLED, CANCELLED)),
        every_s=every_s,
        distance_ticks=distance,
        queue_lots=queue,
        imbalance=imbalance,
    )


@pytest.fixture(scope="module")
def model() -> FillModel:
    return fit_fill_model(posted(1, 4_000), horizons_s=(5.0, 10.0, 30.0, 60.0))


def test_the_model_finds_the_truth(model: FillModel) -> None:
    for distance, queue, imbalance in [(0, 0.0, 0.0), (1, 2.0, 0.5), (3, 8.0, -0.5)]:
        rate = float(rate_of(np.array(distance), np.array(queue), np.array(imbalance)))
        for horizon_s in (5.0, 10.0, 30.0, 60.0):
            found = model.probability(distance, queue, horizon_s, imbalance=imbalance)
            assert 1 - math.exp(-rate * horizon_s) == pytest.approx(found.value, abs=0.03)
            assert found.low < found.value < found.high


def test_intervals_hold_the_truth_95_times_in_100() -> None:
    held, repeats = np.zeros(2), 500
    truth = [1 - math.exp(-20 * float(rate_of(np.array(d), np.array(q), np.array(i))))
             for d, q, i in ((0, 0.0, 0.0), (3, 2.0, 0.5))]  # fmt: skip
    for seed in range(repeats):
        model = fit_fill_model(posted(seed, 500), horizons_s=(20.0,))
        found = [model.probability(0, 0.0, 20.0, imbalance=0.0), model.probability(3, 2.0, 20.0, imbalance=0.5)]
        held += [each.low <= value <= each.high for each, value in zip(found, truth, strict=True)]
    assert np.all(held / repeats >= 0.925), held / repeats
    assert np.all(held / repeats <= 0.975), held / repeats


def test_intervals_of_orders_that_share_their_minute_hold_the_truth() -> None:
    """Sixty blocks of a minute with ten orders each, whose waits are alike, and one covariate."""
    held, repeats = 0, 400
    truth = 1 - math.exp(-20 * 0.05 * 2**-0.8)
    for seed in range(repeats):
        luck = np.random.default_rng(seed)
        distance = luck.choice([0, 1, 3], 600)
        fill = shared_waits(luck, 60, 10, share=0.3) / (0.05 * (1 + distance) ** -0.8)
        cancel = luck.exponential(60.0, 600)
        end = np.where(fill < cancel, FILLED, CANCELLED)
        lives = lives_of(np.minimum(fill, cancel), end, every_s=6.0, distance_ticks=distance)
        found = fit_fill_model(lives, horizons_s=(20.0,)).probability(1, 0.0, 20.0)
        held += found.low <= truth <= found.high
    assert 0.93 <= held / repeats <= 0.97


def test_between_horizons_the_log_of_the_hazard_goes_straight_in_the_log_of_time(model: FillModel) -> None:
    hazards = [-math.log(1 - model.probability(0, 2.0, horizon_s).value) for horizon_s in (10.0, 17.0, 30.0)]
    share = math.log(17 / 10) / math.log(3)
    assert (1 - share) * math.log(hazards[0]) + share * math.log(hazards[2]) == pytest.approx(math.log(hazards[1]))


def test_arrays_give_what_scalars_give(model: FillModel) -> None:
    queues = np.array([0.0, 2.0, 8.0])
    answer = model.probabilities(distance_ticks=1, queue_lots=queues, horizon_s=np.array([[7.0], [40.0]]))
    assert (2, 3) == answer.value.shape
    for row, horizon_s in enumerate((7.0, 40.0)):
        for column, queue in enumerate(queues):
            one = model.probability(1, queue, horizon_s)
            found = [answer.value[row, column], answer.low[row, column], answer.high[row, column]]
            assert pytest.approx([one.value, one.low, one.high]) == found
    assert not answer.nearest.any()


def test_longer_horizons_are_never_less_likely(model: FillModel) -> None:
    answer = model.probabilities(distance_ticks=3, queue_lots=8.0, horizon_s=np.geomspace(5, 60, 100))
    for each in answer[:3]:
        assert np.all(np.diff(each) >= 0)


def test_a_later_fit_below_an_earlier_one_is_raised_to_it(model: FillModel) -> None:
    sunk = msgspec.structs.replace(model.fits[-1], log_hazard=model.fits[-1].log_hazard - 5)
    bent = msgspec.structs.replace(model, fits=(*model.fits[:-1], sunk))
    assert bent.probability(0, 0.0, 30.0).value == pytest.approx(bent.probability(0, 0.0, 60.0).value)


def test_a_higher_level_is_a_wider_interval(model: FillModel) -> None:
    narrow, wide = (model.probability(0, 0.0, 10.0, level=level) for level in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high
    assert 0.99 == wide.level


def test_what_is_not_said_is_the_median_orders(model: FillModel) -> None:
    said = model.probability(0, 0.0, 10.0, imbalance=model.usual["imbalance"], lots=1.0)
    assert said == model.probability(0, 0.0, 10.0)


def test_the_wait_cut_at_the_longest_horizon_is_the_area_over_the_curve(model: FillModel) -> None:
    rate = float(rate_of(np.array(1), np.array(2.0), np.array(0.0)))
    expected = (1 - math.exp(-60 * rate)) / rate
    found = model.expected_time(1, 2.0, imbalance=0.0)
    assert expected == pytest.approx(found.value, rel=0.03)
    assert found.low < expected < found.high


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (
            {"distance_ticks": 9, "queue_lots": 0.0, "horizon_s": 10.0},
            "distance_ticks 9 is outside what was seen, 0 to 3",
        ),
        ({"distance_ticks": 0, "queue_lots": 99.0, "horizon_s": 10.0}, "queue_lots 99 is outside"),
        ({"distance_ticks": 0, "queue_lots": 0.0, "horizon_s": 10.0, "spread_ticks": 2}, "spread_ticks 2 is outside"),
        (
            {"distance_ticks": 0, "queue_lots": 0.0, "horizon_s": 90.0},
            "horizon of 90 s is outside the fitted 5 to 60 s",
        ),
        ({"distance_ticks": 0, "queue_lots": 0.0, "horizon_s": 1.0}, "horizon of 1 s"),
        ({"distance_ticks": 0, "queue_lots": math.nan, "horizon_s": 10.0}, "queue_lots is NaN"),
        ({"distance_ticks": 0, "queue_lots": 0.0, "horizon_s": 10.0, "mood": 1.0}, "'mood' is no part of the state"),
    ],
)
def test_what_was_never_seen_is_refused(model: FillModel, asked: dict[str, float], message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        model.probability(**asked)


def test_arrays_get_the_nearest_state_seen_and_are_told(model: FillModel) -> None:
    answer = model.probabilities(distance_ticks=np.array([3, 50]), queue_lots=0.0, horizon_s=10.0)
    assert [False, True] == answer.nearest.tolist()
    assert answer.value[0] == answer.value[1]


def test_a_model_survives_being_stored(model: FillModel) -> None:
    assert model == msgspec.json.decode(msgspec.json.encode(model), type=FillModel)


def test_constants_of_the_data_are_no_covariates(model: FillModel) -> None:
    assert ("behind", "queue", "imbalance") == model.covariates
    assert "inside, size, spread, volatility" in model.notes[-1]


def test_rows_of_unknown_queue_are_left_out_and_counted() -> None:
    lives = posted(2)
    queue = lives.queue_lots.copy()
    queue[:100] = np.nan
    model = fit_fill_model(dataclasses.replace(lives, queue_lots=queue), horizons_s=(10.0,))
    assert ({"queue not known": 100}, 700) == (model.left_out, model.orders)
    with pytest.raises(BadData, match="none of 800 orders has a known queue"):
        fit_fill_model(dataclasses.replace(lives, queue_lots=np.full(800, np.nan)))


def test_horizons_that_cannot_bear_a_fit_are_left_out_and_said() -> None:
    model = fit_fill_model(posted(3, 2_000), horizons_s=(0.01, 10.0, 100.0, 5_000.0))
    assert (10.0, 100.0) == model.horizons_s
    assert "0.01 s (" in model.notes[0]
    assert "5000 s (" in model.notes[0]


def test_no_fills_at_all_are_refused() -> None:
    lives = lives_of(np.full(500, 30.0), np.full(500, CANCELLED), every_s=10.0, queue_lots=np.arange(500) % 7 * 1.0)
    with pytest.raises(BadData, match=r"no horizon can bear a fit; .* 10 s \(0 fills"):
        fit_fill_model(lives, horizons_s=(10.0,))


@pytest.mark.parametrize("horizons_s", [(), (5.0, 5.0), (-1.0,), (math.inf,), (math.nan,)])
def test_wrong_horizons_are_refused(horizons_s: tuple[float, ...]) -> None:
    with pytest.raises(BadParameter, match="must be above 0 and increase"):
        fit_fill_model(posted(4), horizons_s=horizons_s)


def test_units_of_lots_do_not_matter() -> None:
    lives = posted(5)
    finer = dataclasses.replace(lives, lots=lives.lots * 1e8, queue_lots=lives.queue_lots * 1e8)
    one, other = fit_fill_model(lives, horizons_s=(10.0,)), fit_fill_model(finer, horizons_s=(10.0,))
    assert one.probability(0, 2.0, 10.0).value == pytest.approx(other.probability(0, 2e8, 10.0).value)
