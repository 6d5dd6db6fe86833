"""Verb 1 for a list of orders: parent orders with days, or a file with a row an order."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nowake.data.day import Day
from nowake.domain.errors import BadParameter, NowakeError
from nowake.domain.order import ParentOrder
from nowake.models.pretrade.fees import NO_FEES, Fees
from nowake.models.pretrade.order_list import ListCosts, ListedOrder, PerOrder, Refused, list_costs
from nowake.verbs.asked import Model, listed
from nowake.verbs.checks import check_order
from nowake.verbs.market import market_of
from nowake.verbs.order_file import read_order_file
from nowake.verbs.promote import promote

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture


class Estimates(ListCosts, frozen=True):
    """Expected cost of many orders by one model or several. Prints as a table; what was refused stands in it."""

    def to_frame(self) -> pl.DataFrame:
        """One row an order and model: the parts, the doubts, both 95 % intervals, and why where there is none."""
        import polars as pl  # noqa: PLC0415

        from nowake.reports.estimate_list_tables import list_rows  # noqa: PLC0415

        return pl.DataFrame(list_rows(self), infer_schema_length=None)

    def plot(self) -> Picture:
        """Expected cost against size, an order a mark and a model a colour, with the interval of the expectation."""
        from nowake.reports.pictures.estimate_list import estimate_list as draw  # noqa: PLC0415

        return draw(self)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the table as one HTML file that opens without network."""
        from nowake.reports import html  # noqa: PLC0415
        from nowake.reports.pretrade import build_list_page  # noqa: PLC0415

        return html.write(path, build_list_page(self))

    def __str__(self) -> str:
        from nowake.reports import tables  # noqa: PLC0415
        from nowake.reports.estimate_list_tables import SHOWN, list_table, refused_table  # noqa: PLC0415

        parts = [tables.render(list_table(self, most=SHOWN))] if self.orders else []
        parts += [tables.render(refused_table(self.refused, most=SHOWN))] if self.refused else []
        return "\n\n".join(parts)

    __repr__ = __str__


def estimate_list(
    orders: Iterable[ParentOrder],
    days: Sequence[Day],
    models: Model | PerOrder | Sequence[Model | PerOrder] | None = None,
    *,
    look_ahead: bool = True,
    fees: Fees = NO_FEES,
) -> Estimates:
    """What each of some parent orders costs by each model, on the day of its instrument.

    Raises
    ------
    BadParameter
        When there is no order, or no model.
    """
    if not days:
        raise BadParameter("orders need a day to be measured on; give one, or several for several symbols")
    found: list[ListedOrder] = []
    refused: list[Refused] = []
    for row, order in enumerate(orders, start=1):
        try:
            found.append(_listed(row, order, days, look_ahead=look_ahead))
        except NowakeError as error:
            symbol = order.instrument.symbol if isinstance(order, ParentOrder) else ""
            refused.append(Refused(row=row, symbol=symbol, reason=str(error)))
    if not (found or refused):
        raise BadParameter("the list has no order; give at least one")
    return promote(list_costs(found, listed(models), fees=fees, refused=refused), Estimates)


def estimate_orders(
    path: str | os.PathLike[str],
    models: Model | PerOrder | Sequence[Model | PerOrder] | None = None,
    *,
    days: Sequence[Day] = (),
    columns: Mapping[str, str] | None = None,
    calendar: str = "XNYS",
    look_ahead: bool = True,
    fees: Fees = NO_FEES,
) -> Estimates:
    """What the orders of a file cost by each model; a row that cannot be estimated is told, and no other is lost.

    Parameters
    ----------
    path
        CSV with a header, or Parquet, a row an order: `symbol`, `side` (buy or sell), `quantity`, and how long:
        `days` (sessions), or `participation` (0.1 is 10 % of volume), or `start` and `end`. The market is in the row
        (`price`, `volatility` as a fraction a session, `daily_volume`, `spread_bps`; and if you like `volatility_sd`,
        `daily_volume_sd`, `spread_bps_sd`, `window_volume`, `trade_size`, `shares_outstanding`, `multiplier`,
        `currency`), or measured on the day of that symbol among `days`; what the row says of it comes first.
    models
        As for `estimate`; or a `PerOrder` among them, for parameters that differ by symbol or market.
    columns
        Your name -> ours.
    calendar
        Whose sessions count the days between `start` and `end` where there is no day of the symbol.

    Raises
    ------
    NotFound, BadData
        When the file is not there, or no table.
    BadParameter
        When columns are missing, or a model is none.
    """
    by_symbol = {day.instrument.symbol: day for day in days}
    if len(by_symbol) < len(days):
        raise BadParameter("two days of one symbol; a file of orders is estimated on one day of each")
    found = read_order_file(Path(path), columns, days=by_symbol, calendar=calendar, look_ahead=look_ahead)
    made = list_costs(found.listed, listed(models), fees=fees, refused=found.refused, notes=found.notes)
    return promote(made, Estimates)


def _listed(row: int, order: ParentOrder, days: Sequence[Day], *, look_ahead: bool) -> ListedOrder:
    """A parent order in the market of its day.

    Where no day is of its instrument, the message is that of the only day, if there is one.
    """
    if not isinstance(order, ParentOrder) or len(days) == 1:
        check_order(order, days[0])
    for day in days:
        if day.instrument == order.instrument:
            return ListedOrder.of(row, order, market_of(order, day, look_ahead=look_ahead))
    raise BadParameter(
        f"no day of {order.instrument.symbol} on {order.instrument.session.date} is among the {len(days)} given"
    )
