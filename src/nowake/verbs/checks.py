"""Mistakes of a caller that every verb must name before an inner room stumbles over them."""

from __future__ import annotations

from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder


def check_order(order: ParentOrder, day: Day) -> None:
    """Refuse what is no order, and an order of another instrument or day."""
    if not isinstance(order, ParentOrder):
        raise BadParameter(
            f"{type(order).__name__} is not an order; make one with ParentOrder.buy(day.instrument, ...)"
        )
    if order.instrument != day.instrument:
        raise BadParameter(
            f"the order is for {order.instrument.symbol} on {order.instrument.session.date}, the day is "
            f"{day.instrument.symbol} on {day.instrument.session.date}; build the order from day.instrument"
        )
