"""Random timing and size hide us, and lose nothing."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from tests.worlds.samples import parent

from nowake import algos
from nowake.algos.pacing import slice_end_ns
from nowake.algos.scheduled import due_lots, running_slice
from nowake.engine.view import View

fractions = st.floats(0.0, 1.0)


@given(st.integers(0, 2**63), st.integers(1, 200), fractions, fractions, st.integers(1, 10_000))
def test_slices_stay_in_order_and_lots_due_never_fall(
    seed: int, slices: int, randomize_time: float, randomize_size: float, lots: int
) -> None:
    algorithm = algos.Twap(parent(lots), slices=slices, randomize_time=randomize_time, randomize_size=randomize_size)
    order = algorithm.order
    ends = [slice_end_ns(algorithm, order, seed, index=k, slices=slices) for k in range(slices + 1)]
    due = [due_lots(algorithm, algorithm.grid(order), algorithm, seed, k) for k in range(slices + 1)]
    assert (ends[0], ends[-1]) == (order.start_ns, order.end_ns)
    assert (due[0], due[-1]) == (0, lots)
    assert all(earlier <= later for earlier, later in itertools.pairwise(ends))
    assert all(less <= more + 1e-9 for less, more in itertools.pairwise(due))


@given(st.integers(0, 2**63), st.integers(1, 60), fractions, fractions)
def test_the_running_slice_holds_the_present(seed: int, slices: int, randomize_time: float, share: float) -> None:
    algorithm = algos.Twap(parent(), slices=slices, randomize_time=randomize_time)
    order = algorithm.order
    now_ns = order.start_ns + int(share * (order.duration_ns - 1))
    index = running_slice(algorithm.grid(order), algorithm, View(order=order, seed=seed, now_ns=now_ns))
    start = slice_end_ns(algorithm, order, seed, index=index, slices=slices)
    end = slice_end_ns(algorithm, order, seed, index=index + 1, slices=slices)
    assert start <= now_ns < end or (start <= now_ns and index == slices - 1)
