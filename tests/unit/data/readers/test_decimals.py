"""Decimal text becomes whole units exactly, and their common step is found."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nowake.data.readers.decimals import Decimals, columns, from_text, step_of, steps_of
from nowake.domain.errors import BadData

NUMBERS = st.decimals(min_value=0, max_value=10**6, places=4).map(lambda number: f"{number:f}")


def values(numbers):
    """The exact numbers."""
    return [Decimal(int(unit)).scaleb(-numbers.places) for unit in numbers.units]


def test_pairs_of_a_json_list_are_dealt_out_to_two_columns():
    price, size = columns([b'[["61773.60","1001"],["61776.40","0"]]', b"[]", b'[["1000.00", "569"]]'], 2)

    assert ([6177360, 6177640, 100000], 2) == (price.units.tolist(), price.places)
    assert ([1001, 0, 569], 0) == (size.units.tolist(), size.places)


def test_no_text_gives_empty_columns():
    assert [0, 0] == [len(column.units) for column in columns([b"[]", b""], 2)]


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1))
def test_any_decimals_come_out_as_python_reads_them(pairs):
    text = b"[" + b",".join(f'["{price}","{size}"]'.encode() for price, size in pairs) + b"]"

    price, size = columns([text], 2)

    assert [Decimal(price) for price, _ in pairs] == values(price)
    assert [Decimal(size) for _, size in pairs] == values(size)


@given(st.lists(st.decimals(min_value=0, max_value=10**6, places=6), min_size=1))
def test_numbers_of_different_length_come_out_as_python_reads_them(numbers):
    shortest = [str(number.normalize()) for number in numbers]

    assert [Decimal(text) for text in shortest] == values(from_text(pl.Series(shortest)))


def test_a_number_beyond_2_to_the_31_and_one_that_is_no_float_are_exact():
    (price,) = columns([b'"9007199254740993.1"'], 1)

    assert [Decimal("9007199254740993.1")] == values(price)


@pytest.mark.parametrize("text", ["12..5", "abc", "", "-1", "NaN", "1_000", "1e40", "12345678901234567890"])
def test_what_is_no_decimal_number_is_refused(text):
    with pytest.raises(BadData, match="row 1"):
        from_text(pl.Series(["1.5", text]))


def test_a_pair_without_its_size_is_refused():
    with pytest.raises(BadData, match="one is missing"):
        columns([b'[["61773.6","1001"],["61776.4"]]'], 2)


def test_the_step_is_the_greatest_common_divisor_over_columns_of_different_places():
    columns = [Decimals(np.array([15, 45, 0]), 1), Decimals(np.array([225]), 2)]

    assert Decimal("0.75") == step_of(columns)


def test_the_step_of_round_numbers_has_no_exponent():
    assert "500" == str(step_of([Decimals(np.array([1000, 1500]), 0)]))


def test_there_is_no_step_where_all_is_zero():
    assert step_of([Decimals(np.array([0, 0]), 2)]) is None


@pytest.mark.parametrize(("step", "expected"), [("0.05", [3, 9]), ("0.001", [150, 450]), ("0.15", [1, 3])])
def test_numbers_are_counted_in_steps_finer_and_coarser_than_their_places(step, expected):
    steps, off = steps_of(Decimals(np.array([15, 45]), 2), Decimal(step))

    assert (expected, []) == (steps.tolist(), off.tolist())


def test_numbers_off_the_grid_are_named():
    steps, off = steps_of(Decimals(np.array([20, 45, 0, 1]), 2), Decimal("0.1"))

    assert ([2, 4, 0, 0], [1, 3]) == (steps.tolist(), off.tolist())


def test_no_number_but_zero_is_a_multiple_of_a_step_beyond_all():
    assert [0] == steps_of(Decimals(np.array([7, 0]), 9), Decimal("1E+15"))[1].tolist()


def test_a_number_too_large_for_so_small_a_step_is_refused():
    with pytest.raises(BadData, match=r"100000000000000000 is too large to count in steps of 0\.00001"):
        steps_of(Decimals(np.array([10**17]), 0), Decimal("0.00001"))
