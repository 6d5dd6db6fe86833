"""Volume poured into buckets of one size: whole tables in a compiled pass, or print by print beside a live market."""

from __future__ import annotations

import dataclasses
from collections import deque
from numbers import Integral
from typing import Any

import numpy as np
import numpy.typing as npt

from nowake.domain.errors import BadData, BadParameter
from nowake.kernels import runtime
from nowake.kernels.vpin_job import VPIN
from nowake.microstructure.classify.bulk import check_lots

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_BUCKETS = 50_000_000


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Full buckets, in time order.

    Parameters
    ----------
    signed
        int64[m] or float64[m]: lots bought less lots sold.
    filled_by
        int64[m]: the print or bar that filled it.
    undecided_lots, left_over_lots
        Volume without a side, and of the last, partial bucket, which is left out.
    """

    signed: Ints | Floats
    filled_by: Ints
    undecided_lots: int
    left_over_lots: int


def pour_prints(lots: Ints, side: npt.NDArray[np.integer], bucket_lots: int) -> Buckets:
    """Prints into buckets, split exactly where they straddle two.

    Parameters
    ----------
    lots
        int64[n], 0 or more.
    side
        (n,) of +1, -1, and 0 where nobody knows: half of each then.

    Raises
    ------
    BadParameter
        When a bucket is empty, or so small that there would be more than 50 million.
    BadData
        When lengths differ, lots or a side are none, or lots are too many to count.
    """
    if len(lots) != len(side):
        raise BadData(f"{len(lots):,} prints and {len(side):,} sides; give a side for each print")
    for name, column in (("lots", lots), ("sides", side)):
        if not np.issubdtype(column.dtype, np.integer):
            raise BadData(f"{name} are {column.dtype}; give whole numbers")
    # Before they become bytes, in which 255 is a seller.
    wrong = np.flatnonzero((lots < 0) | (side > 1) | (side < -1))
    if len(wrong):
        row = wrong[0]
        raise BadData(f"print {row}: {lots[row]} lots of side {side[row]}; lots are 0 or more, sides +1, -1 or 0")
    check_bucket(bucket_lots)
    check_lots(lots)
    rows = _capacity(lots, bucket_lots)
    arrays: dict[str, npt.NDArray[Any]] = {
        "lots": np.ascontiguousarray(lots, np.int64),
        "sides": np.ascontiguousarray(side, np.int8),
        "signed": np.empty(rows, np.int64),
        "filled_by": np.empty(rows, np.int64),
    }
    job = np.zeros(1, VPIN)
    for name, array in arrays.items():
        job[name] = array.ctypes.data
    job["count"], job["bucket_lots"], job["capacity"] = len(lots), bucket_lots, rows
    count = runtime.load("vpin:pour")(job.ctypes.data)
    assert count == rows
    return Buckets(
        arrays["signed"], arrays["filled_by"], int(job["undecided"][0]), left_over_lots=int(job["left_over"][0])
    )


def pour_bars(lots: Ints, bought: Floats, bucket_lots: int) -> Buckets:
    """Bars into buckets; `bought` is the share of a bar's volume that was, and of each part of a bar that is split.

    Raises
    ------
    BadParameter, BadData
        As `pour_prints`; a share is from 0 to 1.
    """
    if len(lots) != len(bought):
        raise BadData(f"{len(lots):,} bars and {len(bought):,} shares; give the share that was bought of each bar")
    wrong = np.flatnonzero(~((bought >= 0) & (bought <= 1)))
    if len(wrong):
        raise BadData(f"bar {wrong[0]}: a share of {bought[wrong[0]]} bought; it is from 0 to 1")
    check_bucket(bucket_lots)
    check_lots(lots, "bar")
    _capacity(lots, bucket_lots)
    filler = Filler(bucket_lots)
    signed: list[float] = []
    filled_by: list[int] = []
    for row, (volume, share) in enumerate(zip(lots.tolist(), (2 * bought - 1).tolist(), strict=True)):
        full = filler.pour(volume, share)
        signed += full
        filled_by += [row] * len(full)
    return Buckets(np.array(signed, np.float64), np.array(filled_by, np.int64), 0, left_over_lots=filler.held)


def check_bucket(bucket_lots: int) -> None:
    """Refuse a bucket that is not of whole lots, or of none."""
    if not isinstance(bucket_lots, Integral) or bucket_lots < 1:
        raise BadParameter(
            f"bucket_lots {bucket_lots} must be a whole number, 1 or more; a fiftieth of a day's volume is usual"
        )


def _capacity(lots: Ints, bucket_lots: int) -> int:
    rows = int(lots.sum()) // bucket_lots
    if rows > MOST_BUCKETS:
        raise BadParameter(
            f"bucket_lots {bucket_lots:,} cuts {int(lots.sum()):,} lots into {rows:,} buckets, more than "
            f"{MOST_BUCKETS:,}; take larger ones"
        )
    return rows


class Filler:
    """The bucket being filled, told a piece of volume at a time."""

    def __init__(self, bucket_lots: int) -> None:
        check_bucket(bucket_lots)
        self.bucket_lots = bucket_lots
        self.held = 0
        self.signed: float = 0  # Whole lots where shares are whole.
        self.filled = 0

    def pour(self, lots: int, share: float, at_most: int | None = None) -> list[float]:
        """The signed lots of each bucket that a piece fills; `share` is bought less sold, from -1 to 1.

        `at_most` bounds how many are told, where one piece fills very many that are all the same.
        """
        room = self.bucket_lots - self.held
        if lots < room:
            self.held += lots
            self.signed += share * lots
            return []
        whole, over = divmod(lots - room, self.bucket_lots)
        full = [self.signed + share * room]
        full += [share * self.bucket_lots] * (whole if at_most is None else min(whole, at_most))
        self.held, self.signed = over, share * over
        self.filled += 1 + whole
        return full


class Rolling:
    """The mean imbalance of the last buckets."""

    def __init__(self, bucket_lots: int, window: int) -> None:
        if not window >= 1 or window % 1:
            raise BadParameter(f"window {window} must be a whole number of buckets, 1 or more; 50 is usual")
        self._volume = window * bucket_lots
        self._sizes: deque[float] = deque(maxlen=window)
        self.window = window

    def add(self, signed: list[float]) -> None:
        """Buckets that were filled."""
        self._sizes.extend(abs(each) for each in signed)

    @property
    def value(self) -> float:
        """Sum of |bought - sold| over the volume of the window; NaN until that is full."""
        # A sum anew each time: a running one of floats would drift over days.
        full = len(self._sizes) == self.window
        return min(1.0, sum(self._sizes) / self._volume) if full else float("nan")
