"""Prints poured into buckets of equal volume, each print split exactly where it straddles two.

One pass, whole lots: what a bucket holds is its volume to the lot, whatever the sizes of prints. A print without a side
is half of each, so that it adds nothing to what was bought less what was sold; its volume is counted."""

# mypy: disable-error-code="no-any-return, assignment, return-value"
# Numba types these functions; to mypy a record is Any and numpy's whole numbers are not ints.

from __future__ import annotations

import numpy as np

from nowake.kernels.memory import at
from nowake.kernels.vpin_job import VPIN

_NUMBER = np.dtype([("value", np.int64)])
_SIDE = np.dtype([("value", np.int8)])

FULL = -1  # More buckets than rows to write them in.
WRONG = -2  # Less this, the number of a print whose lots or side are none: -2 is print 0, -3 print 1.


def pour(address: int) -> int:
    """Write a row for each full bucket; returns how many, or an error code. The context is a VPIN record."""
    c = at(address, 0, VPIN)
    bucket, capacity, count, lots_at, sides_at = c.bucket_lots, c.capacity, c.count, c.lots, c.sides
    held, signed, undecided, row = 0, 0, 0, 0
    for i in range(count):
        lots = at(lots_at, i, _NUMBER).value
        side = np.int64(at(sides_at, i, _SIDE).value)
        if lots < 0 or side > 1 or side < -1:
            return WRONG - i
        undecided += lots * (1 - side * side)
        held += lots
        signed += side * lots
        if held < bucket:
            continue
        held -= bucket
        signed -= side * held  # What is over belongs to the next bucket.
        while True:
            if row == capacity:
                return FULL
            at(c.signed, row, _NUMBER).value = signed
            at(c.filled_by, row, _NUMBER).value = i
            row += 1
            if held < bucket:
                break
            held -= bucket
            signed = side * bucket
        signed = side * held
    c.undecided, c.left_over = undecided, held
    return row
