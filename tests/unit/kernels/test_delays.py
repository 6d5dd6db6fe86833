"""Delays in compiled code against `nowake.sim.legs`."""

from __future__ import annotations

import numba
import numpy as np
from tests.unit.sim.test_legs import array

from nowake.kernels.delays import delay_ns
from nowake.kernels.legs import LEG
from nowake.kernels.memory import at
from nowake.sim.legs import Backlog, Constant, Draws, Table


@numba.njit
def compiled(address, time_ns, number):
    return delay_ns(at(address, 0, LEG), time_ns, number)


def test_compiled_delays_are_those_of_the_legs():
    rng = np.random.default_rng(5)
    times = np.sort(rng.integers(0, 1_000, 40))
    legs = [
        Constant(17),
        Draws(rng.integers(0, 10**9, 1_000), seed=2**62 + 12345),
        Draws(array(5), seed=0),
        Table(times, rng.integers(0, 500, 40)),
        Backlog(30, 20).of_ours(times, way_first=True),
    ]
    for leg in legs:
        for number in range(6):
            record = leg.record(number)
            asked = rng.integers(-10, 1_100, 200).tolist()
            expected = [leg.delay_ns(time_ns, k, number) for k, time_ns in enumerate(asked)]
            assert expected == [compiled(record.ctypes.data, time_ns, k) for k, time_ns in enumerate(asked)]
