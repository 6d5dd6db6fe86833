from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from tests.unit.models.fills.tapes import lives_of

from nowake.domain.errors import BadData, BadParameter
from nowake.models.fills.curves import fill_curves, usual_distances
from nowake.models.fills.lifetimes import CANCELLED, CENSORED, FILLED, Lifetimes

TAKES, LEAVES, GIVES_UP = 1.0, 0.5, 0.3  # Rates: of lots taken from the front, of each order ahead leaving, of ours.


def queueing(seed: int, count: int = 400) -> Lifetimes:
    """Orders behind 0, 1 or 3 single lots: each ahead is taken from the front or leaves; ours may give up."""
    luck = np.random.default_rng(seed)
    queue = luck.choice([0, 1, 3], count)
    wait_s = luck.exponential(1 / TAKES, count)
    for ahead in (1, 2, 3):
        wait_s += np.where(queue >= ahead, luck.exponential(1 / (TAKES + ahead * LEAVES), count), 0.0)
    gives_up_s = luck.exponential(1 / GIVES_UP, count)
    end = np.where(wait_s < gives_up_s, FILLED, CANCELLED)
    return lives_of(np.minimum(wait_s, gives_up_s), end, every_s=10.0, queue_lots=queue.astype(float))


def filled_by(horizon_s: float, ahead: int) -> float:
    """P(a sum of exponentials of distinct rates is at most the horizon): a hypoexponential law."""
    rates = [TAKES + k * LEAVES for k in range(ahead + 1)]
    parts = [
        math.prod(other / (other - rate) for other in rates if other != rate) * math.exp(-rate * horizon_s)
        for rate in rates
    ]
    return 1 - sum(parts)


def test_curves_of_a_birth_and_death_queue_hold_the_truth_95_times_in_100() -> None:
    held = {0: 0, 1: 0, 3: 0}
    repeats = 400
    for seed in range(repeats):
        curves = fill_curves(queueing(seed), horizons_s=(2.0,), distances=(0,), queues=(1, 2))
        for ahead in held:
            rate = curves.at(0, ahead, 2.0)
            held[ahead] += rate.standing.low <= filled_by(2.0, ahead) <= rate.standing.high
    assert all(0.92 <= count / repeats <= 0.98 for count in held.values()), held
    assert 0.93 <= sum(held.values()) / (3 * repeats) <= 0.97


def test_cells_hold_every_order_once() -> None:
    lives = queueing(1)
    curves = fill_curves(lives, horizons_s=(1.0, 5.0), distances=(0,), queues=2)
    cells = {(rate.distance_ticks, rate.queue_lots): rate.orders for rate in curves.rates}
    assert {((0, None), (0, 0)), ((0, None), (1, 2)), ((0, None), (3, None))} == set(cells)
    assert len(lives) == sum(cells.values()) == curves.fills + curves.cancels + curves.censored


def test_longer_horizons_are_likelier_and_longer_queues_less_likely() -> None:
    curves = fill_curves(queueing(2), horizons_s=(1.0, 5.0), distances=(0,), queues=2)
    for queue in (0, 1, 3):
        assert curves.at(0, queue, 1.0).standing.value < curves.at(0, queue, 5.0).standing.value
    assert curves.at(0, 3, 1.0).standing.value < curves.at(0, 1, 1.0).standing.value


def test_distances_are_cut_where_they_are_said_to_be() -> None:
    distance = np.repeat([-3, 0, 1, 4, 30], 100)
    lives = lives_of(np.ones(500), np.full(500, FILLED), every_s=10.0, distance_ticks=distance)
    curves = fill_curves(lives, horizons_s=(5.0,), distances=(0, 1, 2, 10), queues=0)
    assert [(None, -1), (0, 0), (1, 1), (2, 9), (10, None)] == [rate.distance_ticks for rate in curves.rates]
    assert [100] * 5 == [rate.orders for rate in curves.rates]


def test_usual_distances_reach_where_most_orders_stand() -> None:
    assert (0, 1, 2, 5, 10, 20, 50, 100) == usual_distances(np.arange(150))
    assert (0, 1) == usual_distances(np.zeros(0, np.int64))
    assert (0, 1) == usual_distances(np.zeros(10, np.int64))


def test_thin_cells_are_left_out_and_counted() -> None:
    distance = np.repeat([0, 5], [100, 7])
    lives = lives_of(np.ones(107), np.full(107, FILLED), every_s=10.0, distance_ticks=distance)
    curves = fill_curves(lives, horizons_s=(5.0,), distances=(0, 5))
    assert {"in cells of fewer than 20": 7} == curves.left_out
    assert 1 == len(curves.rates)


def test_a_horizon_of_too_few_blocks_of_time_is_left_out_and_said() -> None:
    lives = lives_of(np.ones(400), np.full(400, FILLED))
    curves = fill_curves(lives, horizons_s=(1.0, 100.0), distances=(0,))
    assert {1.0} == {rate.horizon_s for rate in curves.rates}
    assert "100 s (2)" in curves.notes[-1]
    with pytest.raises(BadData, match=r"too few blocks of two horizons: 100 s \(2\)"):
        fill_curves(lives, horizons_s=(100.0,))


def test_no_fill_in_a_cell_is_an_upper_bound_of_what_blocks_could_hide() -> None:
    lives = lives_of(np.full(600, 50.0), np.full(600, CENSORED), every_s=1.0)
    (rate,) = fill_curves(lives, horizons_s=(5.0,), distances=(0,)).rates
    assert (0.0, 0.0) == (rate.standing.value, rate.standing.low)
    assert 0.2 < rate.standing.high < 0.4  # Ten blocks of a minute without a fill: Wilson's 0.278.


def test_the_whole_order_takes_longer_than_its_first_fill() -> None:
    lives = queueing(3)
    half = dataclasses.replace(lives, first_fill_s=lives.first_fill_s / 2)
    first, full = (fill_curves(half, horizons_s=(1.0,), distances=(0,), queues=0, fill=fill).rates[0]
                   for fill in ("first", "full"))  # fmt: skip
    assert full.posted.value < first.posted.value


def test_a_queue_that_nobody_told_is_not_cut_into_buckets() -> None:
    lives = lives_of(np.ones(100), np.full(100, FILLED), every_s=10.0, queue_lots=np.full(100, np.nan))
    (rate,) = fill_curves(lives, horizons_s=(5.0,), distances=(0,)).rates
    assert (None, None) == rate.queue_lots


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"distances": (1, 1)}, "distances .* must be finite and increase"),
        ({"distances": ()}, "distances"),
        ({"queues": (5, 3)}, "queues"),
        ({"queues": (0, 3)}, "must be above 0"),
        ({"queues": -1}, "must be 0 or more"),
        ({"horizons_s": (0.0,)}, "must be above 0 and finite"),
        ({"level": 1.0}, "between 0 and 1"),
        ({"fill": "half"}, "not one of first, full"),
    ],
)
def test_wrong_buckets_and_horizons_are_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        fill_curves(queueing(4), **asked)  # type: ignore[arg-type]


def test_an_order_in_no_cell_is_refused() -> None:
    curves = fill_curves(queueing(5), horizons_s=(1.0,), distances=(0,), queues=2)
    with pytest.raises(BadParameter, match="no cell holds an order -4 ticks"):
        curves.at(-4, 0, 1.0)
