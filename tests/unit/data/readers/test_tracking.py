"""What waits by instrument: order is kept, the busy are handed out first, and memory is bounded."""

from __future__ import annotations

import numpy as np

from nowake.data.readers import tracking
from nowake.data.readers.contract import PIECE_EVENTS
from nowake.data.readers.tracking import Heaps
from nowake.kernels.tracking_state import TOLD


def told(owners, first=0):
    out = np.zeros(len(owners), TOLD)
    out["owner"], out["order_id"] = owners, np.arange(first, first + len(owners))
    return out


def test_each_instrument_gets_its_own_in_the_order_told():
    heaps, rng, owners = Heaps(), np.random.default_rng(3), []
    for part in range(5):
        owners.append(rng.integers(0, 300, 1_000))
        heaps.add(told(owners[-1], 1_000 * part))
    every, out = np.concatenate(owners), dict(heaps.rest())
    assert set(every.tolist()) == set(out)
    assert all(np.array_equal(np.flatnonzero(every == owner), heap["order_id"]) for owner, heap in out.items())
    assert 0 == heaps.waiting


def test_a_heap_that_makes_a_piece_is_handed_out_and_smaller_ones_wait():
    heaps = Heaps()
    heaps.add(told(np.repeat([7, 9], [PIECE_EVENTS, 10])))
    assert [(7, PIECE_EVENTS)] == [(owner, len(heap)) for owner, heap in heaps.full()]
    assert 10 == heaps.waiting


def test_when_too_much_waits_the_largest_heaps_go_until_half_is_left():
    heaps, sizes = Heaps(), [PIECE_EVENTS - 1, PIECE_EVENTS // 2, *([PIECE_EVENTS // 4] * 8)]
    heaps.add(told(np.repeat(np.arange(len(sizes)), sizes)))
    assert sum(sizes) > tracking.WAITING
    gone = [owner for owner, _ in heaps.full()]
    assert [0, 1] == gone[:2]
    assert heaps.waiting <= tracking.WAITING // 2 < heaps.waiting + sizes[gone[-1]]


def test_the_first_piece_of_an_instrument_is_no_smaller_than_what_decides_its_tick(monkeypatch):
    heaps, few = Heaps(), tracking.FIRST_EVENTS
    monkeypatch.setattr(tracking, "WAITING", few)
    heaps.add(told(np.repeat([1, 2], [few - 1, few - 2])))
    assert [] == list(heaps.full())
    heaps.add(told(np.repeat(1, 5)))
    assert [(1, few + 4)] == [(owner, len(heap)) for owner, heap in heaps.full()]
    heaps.add(told(np.repeat(1, few // 2)))
    assert [(1, few // 2)] == [(owner, len(heap)) for owner, heap in heaps.full()]
