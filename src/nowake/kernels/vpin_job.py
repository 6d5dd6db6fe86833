"""The context record of `nowake.kernels.vpin`: addresses and counts. No numba here."""

from __future__ import annotations

import numpy as np

VPIN = np.dtype(
    [
        ("lots", np.int64),  # int64[count], 0 or more.
        ("sides", np.int64),  # int8[count], +1, -1 or 0.
        ("count", np.int64),
        ("bucket_lots", np.int64),  # Above 0.
        ("capacity", np.int64),  # Rows of both outputs.
        ("signed", np.int64),  # int64[capacity]: lots bought less lots sold in each full bucket.
        ("filled_by", np.int64),  # int64[capacity]: the print that filled it.
        ("undecided", np.int64),  # Out: lots of prints without a side, those of the last, partial bucket too,
        ("left_over", np.int64),  # and lots of that bucket.
    ]
)
