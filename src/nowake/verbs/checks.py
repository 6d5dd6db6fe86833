"""Mistakes of a caller that every verb must name before an inner room stumbles over them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import msgspec

from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Instrument
from nowake.domain.order import ParentOrder

_MOST = 1e15  # Of any number of a market, as in a basket's file.


def check_order(order: ParentOrder, day: Day) -> None:
    """Refuse what is no order or no day, and an order of another instrument or day."""
    if not isinstance(order, ParentOrder):
        raise BadParameter(
            f"{type(order).__name__} is not an order; make one with ParentOrder.buy(day.instrument, ...)"
        )
    if not isinstance(day, Day):
        raise BadParameter(f"{type(day).__name__} is not a day of market data; load one with load_day('generated')")
    # A venue is only a name: an order out of a basket's file has that of its calendar.
    if msgspec.structs.replace(order.instrument, venue=day.instrument.venue) != day.instrument:
        raise BadParameter(
            f"the order is for {_named(order.instrument)}, the day is {_named(day.instrument)}"
            f"{_difference(order.instrument, day.instrument)}; build the order from day.instrument"
        )


def check_numbers(given: Mapping[str, float]) -> None:
    """Refuse numbers of a market, by their names, that no market shows: they would vanish or overflow in a square."""
    for name, value in given.items():
        if not math.isfinite(value):
            raise BadParameter(f"{name} {value:g} must be a finite number")
        if abs(value) > _MOST or 0 < abs(value) < 1 / _MOST:
            raise BadParameter(f"{name} {value:g} must be between {1 / _MOST:g} and {_MOST:g}; no market is like that")


def _named(instrument: Instrument) -> str:
    return f"{instrument.symbol} on {instrument.session.date}"


def _difference(one: Instrument, other: Instrument) -> str:
    """In what they differ where their names do not tell it."""
    if _named(one) != _named(other):
        return ""
    fields = [name for name in Instrument.__struct_fields__ if getattr(one, name) != getattr(other, name)]
    told = ", ".join(
        "hours" if name == "session" else f"{name.replace('_', ' ')} ({getattr(one, name)} and {getattr(other, name)})"
        for name in fields
    )
    return f", which differ in {told}"
