"""What simulate refuses, and what it says of days that do not hold all an order needs."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import msgspec
import pytest

from nowake import algos
from nowake.data.day import Day
from nowake.domain.decider import Reason
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder
from nowake.engine.gate import Limits
from nowake.verbs.simulate import simulate


@pytest.fixture(scope="module")
def until_eleven(generated_day: Day) -> Day:
    """A day whose data end at eleven."""
    events = generated_day.events
    return dataclasses.replace(
        generated_day, events=events[events["time_ns"] <= generated_day.instrument.session.at("11:00")]
    )


def test_a_window_beyond_the_data_is_refused_with_what_there_is(until_eleven: Day) -> None:
    order = ParentOrder.buy(until_eleven.instrument, 2_000, start="11:00", end="12:00")
    with pytest.raises(
        BadParameter, match=r"nothing of the window 11:00:00 to 12:00:00 .* which go from 09:30:00 to 1"
    ):
        simulate(algos.Twap(order), until_eleven)


def test_a_window_partly_beyond_the_data_is_left_over_because_they_ended(until_eleven: Day) -> None:
    order = ParentOrder.buy(until_eleven.instrument, 2_000, start="10:50", end="12:00")
    run = simulate(algos.Twap(order), until_eleven)
    assert run.residual_lots > 0
    assert Reason.DATA_ENDED is run.residual_reason
    assert any("The data end at" in assumption for assumption in run.assumptions)
    assert "(data ended)" in str(run)


def valued(day: Day, multiplier: Decimal | None) -> tuple[Day, ParentOrder]:
    """The day as one of contracts, and an order in it."""
    instrument = msgspec.structs.replace(day.instrument, multiplier=multiplier)
    day = dataclasses.replace(day, instrument=instrument)
    return day, ParentOrder.buy(instrument, 500, start="10:00", end="10:05")


def test_without_a_multiplier_an_order_is_worked_without_a_limit_on_value_and_that_is_said(generated_day: Day) -> None:
    day, order = valued(generated_day, None)
    run = simulate(algos.Twap(order), day, seed=7)
    said = "No limit on the value of a child was held, for its value is not known."
    assert (0, True) == (run.residual_lots, said in run.assumptions)
    plain = simulate(algos.Twap(valued(generated_day, Decimal(1))[1]), generated_day, seed=7)
    assert plain.cost.shortfall_bps == run.cost.shortfall_bps
    assert said not in plain.assumptions


def test_a_limit_on_a_value_nobody_knows_is_refused(generated_day: Day) -> None:
    day, order = valued(generated_day, None)
    with pytest.raises(BadParameter, match="max_value 1,000 cannot be held"):
        simulate(algos.Twap(order), day, limits=Limits(max_value=1_000.0))
