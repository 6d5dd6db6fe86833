"""Money and shares become ticks and lots in one place, exactly or not at all."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pytest
from tests.worlds.samples import SESSION, instrument

from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Session
from nowake.domain.units import (
    LATEST_NS,
    NS_PER_SECOND,
    clock,
    epoch_ns,
    local_ns,
    midnight_ns,
    parse_duration,
    parse_time_of_day,
)


def test_prices_turn_into_ticks_exactly_and_back() -> None:
    stock = instrument()
    assert stock.ticks("223.82") == 22_382
    assert stock.ticks(0.29) == 29  # 0.29 / 0.01 is 28.999... in binary.
    assert stock.price(22_382) == 223.82
    assert stock.price(22_382.5) == 223.825


def test_coins_have_small_lots() -> None:
    coin = instrument(lot_size="0.00000001")
    assert coin.lots("0.12345678") == 12_345_678
    assert coin.quantity(12_345_678) == 0.12345678
    assert coin.value(100 * 12_345_678) == pytest.approx(0.12345678)


@pytest.mark.parametrize(
    ("quantity", "message"),
    [
        (250, "quantity 250 is not a multiple of lot size 100; use 200 or 300"),
        (50, "quantity 50 is not a multiple of lot size 100; use 100"),
        (0, "quantity 0 must be above 0"),
        (-100, "quantity -100 must be above 0"),
        ("nan", "quantity nan is not a finite number"),
        ("many", "quantity 'many' is not a number; write for example 1000 or 10.25"),
        ("1_000", "quantity '1_000' is not a number; write for example 1000 or 10.25"),
        ("٣00", "quantity '٣00' is not a number; write for example 1000 or 10.25"),
        (1e30, "quantity 1e+30 is beyond 900719925474099100, the largest there can be"),
        ("1e400", "quantity 1e400 is beyond 900719925474099100, the largest there can be"),
        ("1e99999999", "quantity 1e99999999 is beyond 900719925474099100, the largest there can be"),
        ("1e-99999999", "quantity 1e-99999999 is not a multiple of lot size 100; use 100"),
        ("9" * 50, f"quantity {'9' * 40}... is beyond 900719925474099100, the largest there can be"),
    ],
)
def test_a_quantity_that_cannot_be_traded_says_which_can(quantity: float | str, message: str) -> None:
    with pytest.raises(BadParameter) as error:
        instrument(lot_size=100).lots(quantity)
    assert str(error.value) == message


def test_the_largest_count_is_the_last_whole_number_before_floats_have_gaps() -> None:
    assert instrument().lots(2**53 - 1) == 2**53 - 1
    assert instrument().ticks("90071992547409.91") == 2**53 - 1
    for price in ("90071992547409.92", 1e30, "-1e30", "1e9999999", "92233720368547758.08"):
        with pytest.raises(BadParameter, match=r"beyond 90071992547409\.91, the largest there can be"):
            instrument().ticks(price)


def test_negative_prices_are_legal_only_where_the_instrument_says_so() -> None:
    assert instrument(negative_prices=True).ticks(-0.05) == -5
    with pytest.raises(BadParameter, match="must be above 0"):
        instrument().ticks(-0.05)


@pytest.mark.parametrize("bad", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_a_tick_size_must_be_a_positive_number(bad: Decimal) -> None:
    with pytest.raises(BadParameter, match="tick_size"):
        instrument(tick_size=bad)


def test_local_times_of_a_session_are_instants() -> None:
    assert SESSION.at("09:30") == SESSION.open_ns
    assert SESSION.at("09:30:00.000000001") == SESSION.open_ns + 1
    assert SESSION.at(dt.datetime(2026, 1, 5, 14, 30, tzinfo=dt.UTC)) == SESSION.open_ns
    assert SESSION.clock(SESSION.open_ns + 1, fraction=True) == "09:30:00.000000001"


def test_a_wall_clock_is_right_on_the_day_it_changes() -> None:
    day = dt.date(2026, 3, 8)  # New York goes from 02:00 to 03:00.
    nine = local_ns(day, "America/New_York", parse_time_of_day("09:00"))
    assert nine == epoch_ns(dt.datetime(2026, 3, 8, 13, 0, tzinfo=dt.UTC))
    assert clock(nine, "America/New_York") == "09:00:00"


@pytest.mark.parametrize("date", ["0001-01-01", "1970-01-01", "2201-01-01", "9999-12-31"])
def test_a_date_whose_nanoseconds_may_not_fit_is_refused(date: str) -> None:
    for instant in (lambda day: local_ns(day, "Asia/Tokyo", 0), lambda day: midnight_ns(day, "Asia/Tokyo")):
        with pytest.raises(BadParameter, match=f"date {date} must be from 1970-01-02 to 2200-12-31"):
            instant(dt.date.fromisoformat(date))


def test_the_latest_instant_is_the_last_nanosecond_of_the_last_date() -> None:
    assert epoch_ns(dt.datetime(2201, 1, 1, tzinfo=dt.UTC)) - 1 == LATEST_NS
    assert local_ns(dt.date(2200, 12, 31), "UTC", 86_400 * NS_PER_SECOND - 1) == LATEST_NS


@pytest.mark.parametrize("text", ["25:00", "10", "10:60", "ten", "", "10:00:61", "-1:00"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(BadParameter, match="time"):
        parse_time_of_day(text)


def test_durations_have_a_unit() -> None:
    assert parse_duration("1.5s") == 1_500_000_000
    assert parse_duration("200us") == 200_000
    assert parse_duration("2h") == 7_200 * NS_PER_SECOND
    assert [1_000] * 4 == [parse_duration(text) for text in ("1us", "1µs", "1 μs", "1US")]
    assert parse_duration("0") == 0
    assert parse_duration("1234567890123456789ns") == 1_234_567_890_123_456_789
    for text in ("5", "99999999999999s", "-1s"):
        with pytest.raises(BadParameter, match=f"'{text}'"):
            parse_duration(text)


def test_a_session_must_close_after_it_opens() -> None:
    with pytest.raises(BadParameter, match="closes"):
        Session(date=dt.date(2026, 1, 5), timezone="UTC", open_ns=5, close_ns=5)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(BadParameter, match="no time zone"):
        SESSION.at(dt.datetime(2026, 1, 5, 10, 0))


def test_a_future_of_50_a_point_is_worth_50_times_its_price() -> None:
    es = instrument(tick_size=Decimal("0.25"), multiplier=Decimal(50))
    assert es.value(2 * es.ticks("4780.25")) == 2 * 4_780.25 * 50


def test_without_a_multiplier_there_is_no_amount_of_money_and_a_sentence_says_why() -> None:
    assert instrument().no_value_because == ""
    inverse = instrument(symbol="BTCUSD_PERP", multiplier=None)
    assert math.isnan(inverse.value(100))
    assert "what one unit of BTCUSD_PERP is worth for one unit of price is not known" in inverse.no_value_because


@pytest.mark.parametrize("multiplier", [0, -50, "NaN"])
def test_a_multiplier_that_means_nothing_is_refused(multiplier: float | str) -> None:
    with pytest.raises(BadParameter, match=f"multiplier {multiplier} of TEST must be a finite number above 0"):
        instrument(multiplier=Decimal(multiplier))


CHICAGO = Session(  # 17:00 the evening before to 16:00.
    date=dt.date(2023, 12, 26),
    timezone="America/Chicago",
    open_ns=epoch_ns(dt.datetime(2023, 12, 25, 23, tzinfo=dt.UTC)),
    close_ns=epoch_ns(dt.datetime(2023, 12, 26, 22, tzinfo=dt.UTC)),
)
ALL_DAY = Session(
    date=dt.date(2024, 8, 8),
    timezone="UTC",
    open_ns=epoch_ns(dt.datetime(2024, 8, 8, tzinfo=dt.UTC)),
    close_ns=epoch_ns(dt.datetime(2024, 8, 9, tzinfo=dt.UTC)),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("17:05", dt.datetime(2023, 12, 25, 23, 5)),  # The evening before.
        ("17:00", dt.datetime(2023, 12, 25, 23, 0)),
        ("16:00", dt.datetime(2023, 12, 26, 22, 0)),
        ("09:30", dt.datetime(2023, 12, 26, 15, 30)),
        ("16:30", dt.datetime(2023, 12, 26, 22, 30)),  # Inside nothing: of the session's date.
        ("2023-12-25T17:05", dt.datetime(2023, 12, 25, 23, 5)),
        ("2023-12-25 17:05:00", dt.datetime(2023, 12, 25, 23, 5)),
        ("2023-12-25T23:05Z", dt.datetime(2023, 12, 25, 23, 5)),
        ("2023-12-25T17:05-06:00", dt.datetime(2023, 12, 25, 23, 5)),
        ("2023-12-26T00:35+0130", dt.datetime(2023, 12, 25, 23, 5)),
    ],
)
def test_a_time_of_day_is_the_instant_it_has_inside_the_session(text: str, expected: dt.datetime) -> None:
    assert epoch_ns(expected.replace(tzinfo=dt.UTC)) == CHICAGO.at(text) == CHICAGO.until(text)


def test_a_time_that_a_session_of_24_hours_has_twice_is_its_open_for_a_start_and_its_close_for_an_end() -> None:
    assert (ALL_DAY.open_ns, ALL_DAY.close_ns) == (ALL_DAY.at("00:00"), ALL_DAY.until("00:00"))


def test_a_moment_says_its_date_where_it_is_not_the_sessions() -> None:
    assert ["2023-12-25T17:00:00", "16:00:00"] == [CHICAGO.moment(CHICAGO.open_ns), CHICAGO.moment(CHICAGO.close_ns)]


def test_a_date_and_time_keeps_its_nanoseconds() -> None:
    assert ALL_DAY.open_ns + 1 == ALL_DAY.at("2024-08-08T00:00:00.000000001Z")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2024-08-08T25:00", "time '25:00' is outside"),
        ("2024-02-30T10:00", "has a date that is none"),
        ("2024-08-08T10", "time '10' is not a time of day"),
        ("1969-08-08T10:00", "date 1969-08-08 must be from"),
        ("Thursday 10:00", "is not a time of day"),
    ],
)
def test_a_moment_that_is_none_says_so(text: str, message: str) -> None:
    with pytest.raises(BadParameter, match=message):
        ALL_DAY.at(text)
