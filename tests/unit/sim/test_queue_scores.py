"""The score of queue models: exact where the truth is known, on the right side where theory says so, repeatable."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.reference.streams import records

from nowake.data.generated import generate_day
from nowake.domain.errors import BadData, BadParameter
from nowake.kernels.layout import ADD, DELETE, EXECUTE, PRINT_CROSS, PRINT_HIDDEN
from nowake.sim.queue_models import ALL, PowerProbability, Proportional, RiskAverse
from nowake.sim.queue_scores import _block, _figure, _share, queue_score

SECOND = 10**9


def tape(cancels, cycles=60):
    """Each minute: ten orders of 10 lots come at 99; `cancels` of them (places in the queue) go, the rest are executed
    from the front. An ask stands at 101 all day."""
    rows, number = [(0, 1, 5, 101, ADD, -1, 0)], 2
    for cycle in range(cycles):
        start = cycle * 60 * SECOND
        queue = []
        for k in range(10):
            rows.append((start + k * SECOND, number, 10, 99, ADD, 1, 0))
            queue.append(number)
            number += 1
        for k, place in enumerate(cancels):
            rows.append((start + (20 + k) * SECOND, queue[place], 10, 99, DELETE, 1, 0))
        left = [order for place, order in enumerate(queue) if place not in cancels]
        rows += [(start + (40 + k) * SECOND, order, 10, 99, EXECUTE, 1, 0) for k, order in enumerate(left)]
    return records(rows)


def score(events, **options):
    return queue_score(events, **({"probes": 200, "deepest": 0, "horizon_s": 59.0} | options))


def test_without_cancels_every_model_knows_the_queue():
    for each in score(tape([])).models:
        assert (0, 0, 1.0) == (each.missed, each.invented, each.agreement.value)
        assert (0.0, 0.0) == (each.wait_error_s.value, each.place_error.value)


def test_cancels_from_the_back_are_what_the_risk_averse_expects_and_others_fill_too_early():
    careful, even = score(tape([9, 8, 7]), models=(RiskAverse(), Proportional())).models
    assert (1.0, 0.0) == (careful.agreement.value, careful.wait_error_s.value)
    assert even.wait_bias_s.value < 0
    assert even.place_bias.value < 0


def test_cancels_from_the_front_make_the_risk_averse_wait_too_long():
    careful, even = score(tape([0, 1, 2]), models=(RiskAverse(), Proportional())).models
    assert careful.wait_bias_s.value > even.wait_bias_s.value >= 0
    assert careful.place_bias.value > even.place_bias.value > 0


@pytest.mark.parametrize("seed", range(3))
def test_risk_averse_never_fills_what_the_truth_does_not(seed):
    """Its estimate is at least the true queue: trades move both alike, cancels at most the truth. Not so hidden
    executions at our price, which a feed of levels cannot tell from displayed ones: they are left out."""
    events = generate_day(seed, events=20_000).events
    events = events[events["kind"] != PRINT_HIDDEN]
    careful = queue_score(events, models=(RiskAverse(),), probes=200, seed=seed).models[0]
    assert 0 == careful.invented
    # A lot an earlier probe took hides one of the queue from the level book; no more than that.
    assert careful.place_bias.value == pytest.approx(careful.place_error.value, abs=1e-3)
    assert careful.place_bias.value > 0


def test_the_same_seed_gives_the_same_score_and_another_seed_other_probes():
    events = generate_day(3, events=5_000).events
    options = {"models": (Proportional(),), "probes": 100}
    assert str(queue_score(events, **options)) == str(queue_score(events, **options))
    assert queue_score(events, **options) != queue_score(events, seed=8, **options)


def test_levels_told_late_make_the_wait_longer():
    events = tape([9, 8, 7])
    at_once, late = (score(events, models=(RiskAverse(),), every_ns=every).models[0] for every in (0, 30 * SECOND))
    assert at_once.wait_bias_s.value == 0.0
    assert late.agreement.value <= at_once.agreement.value


def test_a_mean_and_its_interval_are_of_the_values_that_are_there():
    values = np.array([1.0, np.nan, 3.0, np.nan, 5.0, 3.0] * 50)
    figure = _figure(values, None, block=5, seed=1)
    assert 3.0 == figure.value
    assert figure.low <= 3.0 <= figure.high
    assert math.isnan(_figure(np.full(20, np.nan), None, block=2, seed=1).value)


def test_the_interval_of_independent_values_is_that_of_the_normal_law():
    values = np.random.default_rng(5).normal(size=4_000)
    figure = _figure(values, None, block=1, seed=1)
    assert 2 * 1.96 / math.sqrt(4_000) == pytest.approx(figure.high - figure.low, rel=0.1)


def test_blocks_outlast_two_horizons_and_leave_ten():
    assert 40 == _block(1_000, span_ns=1_000 * SECOND, horizon_ns=20 * SECOND)
    assert 10 == _block(1_000, span_ns=10**6 * SECOND, horizon_ns=SECOND)
    assert 100 == _block(1_000, span_ns=20 * SECOND, horizon_ns=SECOND)
    assert 0 == _block(1_000, span_ns=19 * SECOND, horizon_ns=SECOND)


def test_probes_that_all_agree_do_not_prove_that_all_would():
    """Wilson's interval of 40 out of 40, one probe a block: 40 / (40 + 1.96**2) and up."""
    figure = _share(np.ones(400, bool), block=10, seed=1)
    assert (1.0, 1.0) == (figure.value, figure.high)
    assert 40 / (40 + 1.959964**2) == pytest.approx(figure.low)


@pytest.mark.parametrize("share", [0.5, 0.99, 0.999, 0.9995])
def test_intervals_of_a_share_hold_it_as_often_as_they_say(share):
    luck = np.random.default_rng(5)
    figures = [_share(luck.random(2_000) < share, block=13, seed=k) for k in range(100)]
    assert sum(each.low <= share <= each.high for each in figures) >= 90


def test_a_figure_that_does_not_vary_or_a_tape_too_short_for_it_has_no_interval():
    alike = _figure(np.zeros(400), None, block=10, seed=1)
    assert (0.0, True, True) == (alike.value, math.isnan(alike.low), math.isnan(alike.high))
    short = score(tape([9, 8, 7], cycles=19), models=(RiskAverse(),))
    assert not short.has_intervals
    assert math.isnan(short.models[0].agreement.low)
    assert "No intervals: the tape is shorter than 20 horizons." in str(short)
    assert "[" not in str(short)


def test_the_table_and_the_frame_say_the_same():
    result = score(tape([9, 8, 7]), name="three cancels", models=ALL)
    assert len(ALL) == len(result.to_frame())
    assert [str(model) for model in ALL] == result.to_frame()["model"].to_list()
    head, *_, last = str(result).splitlines()
    assert head == f"three cancels: {result.probes} probes of 1 lot, 0 to 0 levels behind the touch, for 59 s; " + (
        "every level change told; seed 7"
    )
    assert last.split()[0] == "log"
    assert str(result).splitlines()[4].split()[:4] == ["risk-averse", "100.0", "[86.7,", "100.0]"]


def test_progress_names_every_step():
    told = []
    score(tape([]), models=(RiskAverse(), PowerProbability(2)), progress=lambda *step: told.append(step))
    assert [("order by order", 1, 3), ("risk-averse", 2, 3), ("power 2", 3, 3)] == told


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"models": ()}, "no queue model"),
        ({"probes": 9}, "9 probes"),
        ({"horizon_s": 0.0}, "horizon of 0.0 s"),
        ({"deepest": -1}, "deepest level -1"),
        ({"deepest": 1, "reach": 1}, "deepest level 1 must be from 0 to 0"),
        ({"lots": 0}, "0 lots a probe"),
    ],
)
def test_numbers_out_of_range_are_refused_with_their_value(options, message):
    with pytest.raises(BadParameter, match=message):
        score(tape([]), **options)


def test_a_tape_too_short_for_the_horizon_and_one_without_levels_are_refused():
    with pytest.raises(BadData, match="no room for a probe of 86400 s"):
        score(tape([]), horizon_s=86_400)
    with pytest.raises(BadData, match="no room"):
        score(tape([])[:0])
    with pytest.raises(BadData, match="none of 200 probes"):
        score(records([(0, 0, 5, 100, PRINT_CROSS, 0, 0), (10**12, 0, 5, 100, PRINT_CROSS, 0, 0)]))
