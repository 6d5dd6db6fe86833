"""Decimal text -> whole numbers of a power of ten, exactly, and the step all of them lie on.

Venues print prices and sizes as decimals ("61737.63000000"). A column of them becomes int64 units of 10**-places, and
the greatest common divisor of many units is the tick or lot: hundreds of prices that are all multiples of 0.05 leave
no doubt. Few of them, or a quiet day on which everybody traded round lots, give a step coarser than the venue's; it
is still exact for the data it came from. Nothing here passes through a float."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from nowake.data.text import shortened
from nowake.domain.errors import BadData

Ints = npt.NDArray[np.int64]

_MOST_DIGITS = 18  # So many always fit 64 bits.
_PLAIN = r"^[0-9]+(\.[0-9]*)?$"


class Decimals(NamedTuple):
    """`units` (int64) of 10**-`places` each."""

    units: Ints
    places: int

    def take(self, rows: slice | npt.NDArray[np.bool_] | Ints) -> Decimals:
        """Some of them, as an array is indexed."""
        return Decimals(self.units[rows], self.places)


def columns(parts: Sequence[bytes | msgspec.Raw], count: int) -> tuple[Decimals, ...]:
    """The numbers in JSON texts such as `[["61773.6","1001"],["61776.4","0"]]`, dealt out to `count` columns.

    Raises
    ------
    BadData
        When one is no plain decimal number of at most 18 digits; shows it.
    """
    text = b",".join(parts)
    if b"[]" in text or b",," in text or not (text[:1].strip(b",") and text[-1:].strip(b",")):
        text = b",".join([part for part in parts if len(part) > 2])  # Without empty lists.
    text = text.translate(None, b'[]" ')
    if not text:
        return (Decimals(np.zeros(0, np.int64), 0),) * count
    return _uniform(text, count) or _mixed(text, count)


def from_text(text: pl.Series) -> Decimals:
    """The numbers of a column of text, also such as "1e-7", with as many places as the longest needs.

    Raises
    ------
    BadData
        When one is no decimal number, is below 0, or needs more than 18 digits; shows its row (from 0) and it.
    """
    plain = text.str.contains(_PLAIN)
    if not plain.fill_null(value=False).all():
        text = _spelled_out(text, plain)
    parts = text.str.splitn(".", 2).struct.rename_fields(["whole", "fraction"]).struct.unnest()
    fraction = parts["fraction"].fill_null("").str.strip_chars_end("0")
    places = int(fraction.str.len_bytes().max() or 0)  # type: ignore[arg-type]
    long = (parts["whole"].str.len_bytes() + places > _MOST_DIGITS).arg_max()
    if long is not None and len(parts["whole"][long]) + places > _MOST_DIGITS:
        raise BadData(
            f"row {long}: number {shortened(text[long])!r} needs more than {_MOST_DIGITS} digits beside others"
        )
    units = (parts["whole"] + fraction.str.pad_end(places, "0")).cast(pl.Int64)
    return Decimals(units.to_numpy().copy(), places)


def step_of(numbers: Iterable[Decimals]) -> Decimal | None:
    """The largest number of which all are multiples; None where there is none above 0."""
    step: Decimal | None = None
    for units, places in numbers:
        divisor = int(np.gcd.reduce(units)) if len(units) else 0
        if divisor:
            found = Decimal(divisor).scaleb(-places)
            step = found if step is None else _common(step, found)
    return None if step is None else _shortest(step)


def steps_of(numbers: Decimals, step: Decimal) -> tuple[Ints, npt.NDArray[np.intp]]:
    """How many whole steps each number is, and which numbers (from 0) are more than that.

    Raises
    ------
    BadData
        When the largest has more steps than 64 bits count.
    """
    divisor, shift = int(step.scaleb(_places(step))), _places(step) - numbers.places
    units = numbers.units
    if shift > 0:
        largest = int(units.max()) if len(units) else 0
        if largest * 10**shift >= 2**63:
            value = Decimal(largest).scaleb(-numbers.places)
            raise BadData(f"{value} is too large to count in steps of {step}; give a coarser step")
        units = units * np.int64(10**shift)
    elif shift < 0:
        divisor = min(divisor * 10**-shift, 2**63 - 1)  # More than any number, so that only 0 is a multiple of it.
    steps = units // divisor
    return steps, np.flatnonzero(steps * divisor != units)


def _uniform(text: bytes, count: int) -> tuple[Decimals, ...] | None:
    """The columns when each has one number of decimals, as venues print them: a few passes over the text."""
    if text.translate(None, b"0123456789.,"):
        return None
    signs = np.frombuffer(text + b",", np.uint8)
    ends, dots = np.flatnonzero(signs == ord(",")), np.flatnonzero(signs == ord("."))
    if len(ends) % count or len(dots) % (len(ends) // count):
        return None
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.min() < 1 or lengths.max() > _MOST_DIGITS:
        return None
    places = _places_of_columns(ends.reshape(-1, count), lengths.reshape(-1, count), dots)
    if places is None:
        return None
    units = np.fromstring(text.replace(b".", b"").decode(), np.int64, sep=",").reshape(-1, count)
    return tuple(Decimals(np.ascontiguousarray(units[:, column]), places[column]) for column in range(count))


def _places_of_columns(ends: Ints, lengths: Ints, dots: Ints) -> list[int] | None:
    """Decimals of each column where the columns with points are the first or the last ones, else None."""
    rows, count = ends.shape
    with_points = len(dots) // rows
    for first in {0, count - with_points}:
        columns = slice(first, first + with_points)
        after = ends[:, columns] - dots.reshape(rows, with_points)
        if np.all((after > 1) & (after < lengths[:, columns])) and np.all(after == after[:1]):
            return [0] * first + [int(each) - 1 for each in after[0]] + [0] * (count - first - with_points)
    return None


def _mixed(text: bytes, count: int) -> tuple[Decimals, ...]:
    numbers = text.decode("utf-8", errors="replace").split(",")
    if len(numbers) % count:
        raise BadData(f"{len(numbers)} numbers in pairs of price and size: one is missing")
    return tuple(from_text(pl.Series(numbers[column::count], dtype=pl.String)) for column in range(count))


def _spelled_out(text: pl.Series, plain: pl.Series) -> pl.Series:
    """Numbers with an exponent or a sign written as plain decimals; the first that is none raises."""
    rows = text.to_list()
    for row in np.flatnonzero(~plain.fill_null(value=False).to_numpy()):
        rows[row] = _one_spelled_out(int(row), rows[row])
    return pl.Series(rows, dtype=pl.String)


def _one_spelled_out(row: int, text: str | None) -> str:
    try:
        number = Decimal((text or "").strip())
    except ArithmeticError:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS or "_" in (text or ""):
        raise BadData(f"row {row}: {shortened(text or '')!r} is not a number")
    if number < 0:
        raise BadData(f"row {row}: {shortened(text or '')!r} is below 0")
    return f"{number:f}"


def _common(one: Decimal, other: Decimal) -> Decimal:
    """The greatest common divisor of two decimals."""
    places = max(_places(one), _places(other), 0)
    divisor = math.gcd(int(one.scaleb(places)), int(other.scaleb(places)))
    return _shortest(Decimal(divisor).scaleb(-places))


def _places(number: Decimal) -> int:
    """Digits after the point, below 0 for round numbers such as 1E+2."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return -exponent


def _shortest(number: Decimal) -> Decimal:
    """Without zeros at the end and without an exponent: 0.10 -> 0.1, 1E+2 -> 100."""
    return Decimal(f"{number.normalize():f}")
