"""A model that follows the days, in Python."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from nowake.data.orders import write_orders
from nowake.domain.errors import BadParameter
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.calibration.online import Alarm
from nowake.models.impact import SquareRoot
from nowake.verbs.parameters import find_all, load_model, seen_of
from nowake.verbs.recalibrate import recalibrate

RECORD = generate_orders(SquareRoot(y=0.8), 1, Design(orders=600, days=30, symbols=4))
CUT = RECORD.first_date + dt.timedelta(days=20)
OLD = RECORD.take(RECORD.day < int(RECORD.day[0]) + 20)
NEW = RECORD.take(RECORD.day >= int(RECORD.day[0]) + 20)


def test_folding_since_a_date_is_folding_the_days_after_it(tmp_path: Path) -> None:
    at_once = recalibrate(SquareRoot, RECORD, since=CUT, spread="half")
    bit_by_bit = recalibrate("square-root", OLD, spread="half").fold(write_orders(NEW, tmp_path / "new.csv"))
    assert at_once.model.values == pytest.approx(bit_by_bit.model.values, rel=1e-9)
    assert at_once.to_frame().equals(bit_by_bit.to_frame())
    assert at_once.history[0].date == CUT


def test_days_are_a_table_with_dates_and_the_evidence_after_each() -> None:
    dear = generate_orders(SquareRoot(y=4.0), 1, Design(orders=600, days=30, symbols=4))
    later = dear.take(dear.day >= int(RECORD.day[0]) + 20)
    found = recalibrate(SquareRoot, OLD, spread="half", alarm=Alarm(alpha=0.2)).fold(later)
    frame = found.to_frame()
    assert frame["date"].to_list() == [day.date for day in found.history]
    assert frame["evidence"][-1] == found.alarm.evidence
    assert frame.filter("rings")["date"].to_list() == list(found.rang)
    assert str(found.rang[0]) in str(found)
    assert recalibrate(SquareRoot, OLD, spread="half").to_frame().height == 0


def test_what_follows_is_kept_from_the_day_after_its_last_order(tmp_path: Path) -> None:
    found = recalibrate(SquareRoot, RECORD, since=CUT, spread="estimate")
    found.save(tmp_path / "p.db", name="us")
    assert load_model(tmp_path / "p.db", "us", as_of=found.usable_from) == found.model
    (kept,) = find_all(tmp_path / "p.db")
    assert (kept.fitted_from, kept.fitted_to, kept.orders) == (RECORD.first_date, RECORD.last_date, len(RECORD))
    assert kept.method.startswith("recalibrated over 10 days")
    assert seen_of(kept) is not None


def test_a_day_before_the_last_is_refused_with_dates() -> None:
    found = recalibrate(SquareRoot, OLD, spread="half")
    with pytest.raises(BadParameter, match=f"day {OLD.first_date} is not after {OLD.last_date}"):
        found.fold(OLD)
