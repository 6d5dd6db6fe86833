import math

import pytest
from scipy.special import stdtrit

from nowake.domain.errors import BadParameter
from nowake.statistics.measurement import Measurement, t_of, wilson, z_of


def test_given_value_has_the_interval_of_its_standard_deviation() -> None:
    given = Measurement.given(10.0, sd=2.0)
    assert (given.low, given.high) == pytest.approx((10 - 1.959964 * 2, 10 + 1.959964 * 2), rel=1e-6)
    assert given.sd == pytest.approx(2.0)


def test_given_value_without_doubt_is_its_own_interval() -> None:
    assert (Measurement.given(3.0).low, Measurement.given(3.0).high, Measurement.given(3.0).sd) == (3.0, 3.0, 0.0)


@pytest.mark.parametrize(("low", "value", "high"), [(0, -1, 1), (math.nan, 0, 1), (0, math.nan, 1), (0, 1, math.inf)])
def test_interval_that_does_not_hold_its_value_is_refused(low: float, value: float, high: float) -> None:
    with pytest.raises(BadParameter):
        Measurement(value=value, low=low, high=high)


def test_level_of_95_in_percent_is_refused_with_a_hint() -> None:
    with pytest.raises(BadParameter, match=r"level 95 must be between 0 and 1, for example 0\.95"):
        z_of(95)


# Student's table, two-sided: any textbook.
@pytest.mark.parametrize(
    ("level", "degrees", "expected"),
    [
        (0.95, 1, 12.706),
        (0.95, 2, 4.303),
        (0.95, 3, 3.182),
        (0.95, 5, 2.571),
        (0.95, 10, 2.228),
        (0.95, 30, 2.042),
        (0.90, 4, 2.132),
        (0.90, 1, 6.314),
        (0.90, 2, 2.920),
    ],
)
def test_student_quantile_agrees_with_the_printed_table(level: float, degrees: int, expected: float) -> None:
    assert t_of(level, degrees) == pytest.approx(expected, rel=2e-3)


@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999])
def test_student_quantile_is_scipys_at_any_level(level: float) -> None:
    for degrees in (*range(1, 40), 60, 120, 1_000, 10**6):
        assert t_of(level, degrees) == pytest.approx(float(stdtrit(degrees, (1 + level) / 2)), rel=1e-5)


def test_wilson_interval_agrees_with_newcombe_1998() -> None:
    # Newcombe 1998, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    assert wilson(81 / 263, 263, 0.95) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(15 / 148, 148, 0.95) == pytest.approx((0.0624, 0.1605), abs=5e-5)
    assert wilson(0.0, 20, 0.95) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1 / 29, 29, 0.95) == pytest.approx((0.0061, 0.1718), abs=5e-5)


@pytest.mark.parametrize("n", [1, 7, 263, 10_000])
def test_wilson_interval_is_exact_at_the_ends(n: int) -> None:
    assert (wilson(0.0, n, 0.95)[0], wilson(1.0, n, 0.95)[1]) == (0.0, 1.0)
