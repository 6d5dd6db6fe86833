"""The random order flow: the compiled loop does what its plain twin does, and its book is a lawful one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reference import orderflow as reference

from nowake.kernels import orderflow as kernel
from nowake.kernels.layout import EVENT

WIDTH = 400


def inputs(seed, steps, step_ticks):
    rng = np.random.default_rng(seed)
    fair = 200 + np.clip(np.cumsum(rng.standard_normal(steps)) * step_ticks, -100, 100)
    return (
        np.arange(steps),
        fair,
        rng.random((steps, 3)),
        rng.integers(1, 6, steps),
        rng.integers(0, 20, steps),
    )


def run(seed, steps, step_ticks, *, crowd=30, seats=1_000, capacity=10_000, width=WIDTH):
    events, touch = np.zeros(capacity, EVENT), np.zeros((capacity, 4), np.int32)
    count = kernel.order_flow(width, 20, crowd, *inputs(seed, steps, step_ticks), seats, events, touch)
    return count, events[: max(count, 0)], touch[: max(count, 0)]


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.5]), st.sampled_from([4, 30, 120]))
def test_kernel_and_twin_write_the_same_events_and_touch(seed, step_ticks, crowd):
    columns = [column.tolist() for column in inputs(seed, 400, step_ticks)]
    expected = reference.order_flow(WIDTH, 20, crowd, *columns)
    _, events, touch = run(seed, 400, step_ticks, crowd=crowd)
    assert expected == list(zip(events.tolist(), map(tuple, touch.tolist()), strict=True))


def test_no_room_for_events_or_orders_is_reported():
    assert kernel.FULL == run(1, 400, 0.1, capacity=100)[0]
    assert kernel.FULL == run(1, 400, 0.1, seats=10)[0]


def test_a_price_outside_the_grid_is_reported():
    assert kernel.OUT_OF_GRID == run(1, 400, 0.1, width=205)[0]


@pytest.mark.parametrize("seed", range(4))
def test_a_side_is_never_emptied_once_the_book_is_open(seed):
    _, _, touch = run(seed, 3_000, 0.5, crowd=6)
    assert (touch[20:, [1, 3]] > 0).all()
