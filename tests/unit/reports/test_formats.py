from __future__ import annotations

import math
from decimal import Decimal

import pytest
from tests.unit.reports import sample

from nowake.reports import formats


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3.24, "+3.2"), (-0.44, "-0.4"), (0.04, "0.0"), (-0.04, "0.0"), (12345.67, "+12,345.7"), (0, "0.0")],
)
def test_basis_points_have_one_decimal_and_a_sign_except_at_zero(value: float, expected: str) -> None:
    assert expected == formats.bps(value)


def test_a_risk_has_one_decimal_and_no_sign() -> None:
    assert ("3.2", "0.0", "12,345.7", "n/a") == tuple(map(formats.plain_bps, (3.24, -0.0, 12345.67, None)))


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_a_missing_number_is_never_shown_as_zero(value: object) -> None:
    shows = (formats.bps, formats.percent, formats.signed_percent, formats.count, formats.quantity, formats.number)
    assert {"n/a"} == {show(value) for show in shows}
    assert {"n/a"} == {formats.text(value), formats.currency(value), formats.price(sample.instrument())(value)}


def test_percent_is_of_a_fraction() -> None:
    assert ("8.1%", "100.0%", "0.0%", "-2.5%") == tuple(map(formats.percent, (0.0812, 1, -0.0001, -0.025)))


def test_counts_and_quantities_have_thousands_separators() -> None:
    assert "1,234,567" == formats.count(1_234_567)
    assert ("25,000", "0.00000001", "1,500.25", "0") == tuple(map(formats.quantity, (25_000.0, 1e-8, 1500.25, -0.0)))


@pytest.mark.parametrize(
    ("tick", "expected", "average"),
    [("0.01", "223.10", "223.1000"), ("0.25", "223.10", "223.1000"), ("0.0001", "223.1000", "223.100000"),
     ("5", "223", "223.10"), ("1E+1", "223", "223.10")],
)  # fmt: skip
def test_prices_have_the_decimals_of_the_tick_and_averages_two_more(tick: str, expected: str, average: str) -> None:
    instrument = sample.instrument(tick_size=Decimal(tick))
    assert expected == formats.price(instrument)(223.1)
    assert average == formats.average_price(instrument)(223.1)


def test_an_instant_is_shown_on_the_session_s_own_clock() -> None:
    assert "10:00:00" == formats.clock(sample.instrument())(sample.at("10:00"))


def test_money_has_two_decimals_and_a_sign() -> None:
    assert ("+1,234.50", "-0.40", "0.00") == tuple(map(formats.currency, (1234.5, -0.4, -0.001)))


def test_algorithms_are_called_as_desks_call_them_and_other_names_are_left_alone() -> None:
    names = ("Twap", "Vwap", "Participate 2", "Shortfall", "Iceberg", "Follow", "my Twap")
    assert ("TWAP", "VWAP", "POV 2", "Shortfall", "Iceberg", "Follow", "my Twap") == tuple(
        map(formats.algorithm, names)
    )


@pytest.mark.parametrize(
    ("nanoseconds", "expected"),
    [(200_000, "200 µs"), (1_500_000, "1.5 ms"), (999, "999 ns"), (0, "0 ns"), (60 * 10**9, "60 s"), (None, "n/a")],
)
def test_a_duration_is_in_the_largest_unit_there_is_one_of(nanoseconds: object, expected: str) -> None:
    assert expected == formats.duration(nanoseconds)


def test_nanoseconds_inside_a_sentence_become_readable() -> None:
    sentence = "Latency: market data 200,000 ns, orders 1,500,000 ns, reports 0 ns."
    assert "Latency: market data 200 µs, orders 1.5 ms, reports 0 ns." == formats.durations(sentence)


def test_a_sparkline_has_a_bar_a_value_and_its_largest_is_full() -> None:
    assert formats.sparkline([0.0, 0.5, 1.0, 0.25]) == "▁▅█▃"
    assert formats.sparkline([0.0, 0.0]) == "  "
