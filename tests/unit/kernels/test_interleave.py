"""Columns become records, and the first record that goes back in time is named."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nowake.kernels import runtime
from nowake.kernels.jobs import INTERLEAVE
from nowake.kernels.layout import EVENT


def interleave(columns):
    count = len(columns["time_ns"])
    out, job = np.zeros(count, EVENT), np.zeros(1, INTERLEAVE)
    for name, column in columns.items():
        job[name] = column.ctypes.data
    job["out"], job["count"] = out.ctypes.data, count
    return runtime.load("interleave:interleave")(job.ctypes.data), out


@given(st.integers(0, 2**32), st.integers(0, 30))
def test_every_record_is_its_columns(seed, count):
    rng = np.random.default_rng(seed)
    columns = {}
    for name in EVENT.names:
        kind = EVENT[name]
        columns[name] = rng.integers(np.iinfo(kind).min, np.iinfo(kind).max, count, dtype=kind, endpoint=True)
    disordered, out = interleave(columns)
    assert [dict(zip(EVENT.names, row, strict=True)) for row in out.tolist()] == [
        {name: columns[name][k].item() for name in EVENT.names} for k in range(count)
    ]
    times = columns["time_ns"].tolist()
    assert next((k for k in range(1, count) if times[k] < times[k - 1]), count) == disordered
