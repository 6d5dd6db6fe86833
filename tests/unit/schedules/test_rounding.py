import math
from fractions import Fraction

import pytest

from nowake.domain.errors import BadParameter
from nowake.schedules.rounding import largest_remainder, round_cumulative, round_path


def test_running_totals_are_rounded_half_up() -> None:
    assert round_cumulative([Fraction(k, 4) for k in range(1, 5)], 10) == (3, 2, 3, 2)
    assert round_cumulative([0.5, 1.0], 1) == (1, 0)


def test_more_buckets_than_lots_leave_some_empty() -> None:
    assert round_cumulative([Fraction(k, 7) for k in range(1, 8)], 2) == (0, 1, 0, 0, 0, 1, 0)


def test_last_fraction_counts_as_one_whatever_its_rounding() -> None:
    assert round_cumulative([0.3, 0.9999999999], 10) == (3, 7)
    assert round_cumulative([0.3, 1.0000000001], 10) == (3, 7)


def test_orders_beyond_double_precision_still_sum_exactly() -> None:
    lots = 10**18 + 1
    assert sum(round_cumulative([k / 9 for k in range(1, 10)], lots)) == lots
    assert sum(largest_remainder([0.1] * 7, lots)) == lots


def test_no_lots_are_no_lots_in_each_bucket() -> None:
    assert round_cumulative([0.5, 1.0], 0) == (0, 0)


@pytest.mark.parametrize("done", [[], [0.5, 0.4, 1.0], [-0.1, 1.0], [1.1, 1.2], [math.nan, 1.0]])
def test_fractions_that_are_no_path_are_refused(done: list[float]) -> None:
    with pytest.raises(BadParameter):
        round_cumulative(done, 10)


def test_negative_lots_are_refused() -> None:
    with pytest.raises(BadParameter, match="lots -1 must be 0 or more"):
        round_cumulative([1.0], -1)


def test_largest_remainders_get_the_lots_left_over() -> None:
    # Dues 9.988, 9.064, 7.182, 5.260, 3.321 and 1.185: two seats left over, for the first and the fifth.
    population = [27_744, 25_178, 19_951, 14_610, 9_225, 3_292]
    assert largest_remainder(population, 36) == (10, 9, 7, 5, 4, 1)


def test_equal_remainders_go_to_the_earlier_bucket() -> None:
    assert largest_remainder([1, 1, 1], 10) == (4, 3, 3)
    assert largest_remainder([1, 1, 1], 11) == (4, 4, 3)


def test_weight_of_nothing_gets_nothing() -> None:
    assert largest_remainder([0.0, 2.0, 0.0, 1.0], 7) == (0, 5, 0, 2)


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [-1.0, 2.0], [math.nan], [math.inf]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(BadParameter):
        largest_remainder(weights, 3)


def test_a_path_that_goes_back_is_rounded_with_its_sign_and_sums_exactly() -> None:
    assert (6, -2, 6) == round_path([0.6, 0.4, 1.0], 10)
    assert (13, -3) == round_path([1.26, 1.0], 10)
    with pytest.raises(BadParameter, match="must be finite"):
        round_path([math.nan, 1.0], 10)
