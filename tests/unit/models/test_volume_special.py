import datetime as dt

import numpy as np
import pytest
from tests.unit.models.volume_days import day_of, weekday

from nowake.models.volume import Kind, kinds_of
from nowake.models.volume.special import kind_of_date


def d(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("date", "previous", "following", "kind"),
    [
        ("2026-03-20", "2026-03-19", "2026-03-23", Kind.QUARTERLY_EXPIRY),
        ("2026-02-20", "2026-02-19", "2026-02-23", Kind.EXPIRY),
        ("2026-02-13", "2026-02-12", "2026-02-17", Kind.NORMAL),  # The second Friday.
        ("2019-04-18", "2019-04-17", "2019-04-22", Kind.EXPIRY),  # Good Friday was the third: the Thursday counts.
        ("2024-06-28", "2024-06-27", "2024-07-01", Kind.RECONSTITUTION),  # FTSE Russell's schedule of 2024.
        ("2025-11-14", "2025-11-13", "2025-11-17", Kind.NORMAL),
        ("2026-11-13", "2026-11-12", "2026-11-16", Kind.RECONSTITUTION),  # Twice a year from 2026.
        ("2026-01-30", "2026-01-29", "2026-02-02", Kind.MONTH_END),
        ("2026-01-30", "2026-01-29", None, Kind.MONTH_END),
        ("2026-02-17", "2026-02-13", "2026-02-18", Kind.AFTER_HOLIDAY),  # Presidents' Day was the 16th.
        ("2026-02-18", "2026-02-17", "2026-02-19", Kind.NORMAL),
        ("2026-02-09", "2026-02-06", "2026-02-10", Kind.NORMAL),  # A weekend is no holiday.
    ],
)
def test_rules_know_the_days_of_the_calendar(date: str, previous: str, following: str | None, kind: Kind) -> None:
    assert kind_of_date(d(date), previous=d(previous), following=None if following is None else d(following)) == kind


def test_session_of_another_length_is_kept_apart() -> None:
    days = [day_of(np.ones(6), weekday(k), minutes=210 if k == 3 else 390) for k in range(9)]
    assert [str(kind) for kind in kinds_of(days).values()].count("session of another length") == 1
    assert kinds_of(days)[weekday(3)] == Kind.OTHER_LENGTH


def test_market_that_trades_at_weekends_has_no_other_special_days() -> None:
    days = [day_of(np.ones(4), dt.date(2026, 1, 1) + dt.timedelta(k)) for k in range(31)]
    kinds = kinds_of(days)
    assert {date for date, kind in kinds.items() if kind != Kind.NORMAL} == {
        day.date for day in days if day.date.weekday() >= 5
    }
    assert set(kinds.values()) == {Kind.NORMAL, Kind.WEEKEND}


def test_label_of_the_user_stands_in_place_of_a_rule() -> None:
    days = [day_of(np.ones(4), weekday(k)) for k in range(15)]
    kinds = kinds_of(days, labels={weekday(2): "earnings", dt.date(2026, 1, 16): Kind.NORMAL})
    assert kinds[weekday(2)] == "earnings"
    assert kinds[dt.date(2026, 1, 16)] == Kind.NORMAL


def test_days_missing_from_the_data_are_no_holiday() -> None:
    days = [day_of(np.ones(4), d(date)) for date in ("2026-01-05", "2026-01-06", "2026-01-20")]
    assert kinds_of(days)[d("2026-01-20")] == Kind.NORMAL
    dates = [d("2026-01-16"), d("2026-01-20"), d("2026-01-21")]
    assert kinds_of(days, trading_dates=dates)[d("2026-01-20")] == Kind.AFTER_HOLIDAY


def test_a_market_around_the_clock_has_no_expiries_and_no_month_ends() -> None:
    days = [day_of(np.ones(24), weekday(k), minutes=1_440) for k in range(25)]
    assert set(kinds_of(days).values()) == {Kind.NORMAL}
    assert kinds_of(days, labels={weekday(3): "halving"})[weekday(3)] == "halving"
