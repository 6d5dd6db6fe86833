"""Verb 2: when to trade how much?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nowake.data.day import Day
from nowake.domain.order import ParentOrder
from nowake.schedules.policy import SchedulePolicy
from nowake.schedules.schedule import Schedule
from nowake.verbs.checks import check_order
from nowake.verbs.market import market_of
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    import polars as pl

    from nowake.algos.follow import Follow
    from nowake.reports.pictures.canvas import Picture


class Plan(Schedule, frozen=True):
    """A schedule one can look at and follow. Prints as a table."""

    def to_frame(self) -> pl.DataFrame:
        """One row a bucket: start, end, lots, quantity, lots done by its end."""
        import polars as pl  # noqa: PLC0415

        return pl.DataFrame(
            {
                "start_ns": list(self.times_ns[:-1]),
                "end_ns": list(self.times_ns[1:]),
                "lots": list(self.lots),
                "quantity": [self.order.instrument.quantity(lots) for lots in self.lots],
            }
        ).with_columns(done_lots=pl.col("lots").cum_sum())

    def plot(self) -> Picture:
        """What is left to trade against time."""
        from nowake.reports.pictures.holdings import holdings  # noqa: PLC0415

        return holdings([self])

    def follow(self) -> Follow:
        """The algorithm that works this plan."""
        from nowake.algos.follow import Follow  # noqa: PLC0415

        return Follow(self)

    def __str__(self) -> str:
        from nowake.reports import tables  # noqa: PLC0415

        return tables.render(tables.schedules_table([self]))

    __repr__ = __str__


def plan(order: ParentOrder, day: Day, policy: SchedulePolicy, *, look_ahead: bool = True) -> Plan:
    """When to trade how much of an order on a day.

    Parameters
    ----------
    order, day
        The parent and the market data.
    policy
        How to plan: `schedules.Twap()`, `schedules.Vwap(curve)`, `schedules.AlmgrenChriss(model, risk_aversion)`.
    look_ahead
        As for `estimate`.

    Raises
    ------
    BadParameter
        When the policy cannot serve this order, or the order is of another instrument or day.
    """
    check_order(order, day)
    return promote(policy.plan(order, market_of(order, day, look_ahead=look_ahead)), Plan)
