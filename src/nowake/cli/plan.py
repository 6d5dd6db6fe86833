"""nowake plan"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nowake.cli.options import day_and_order, json_option
from nowake.cli.screen import show, show_json
from nowake.data.day import Day
from nowake.domain.order import ParentOrder
from nowake.domain.units import parse_duration

if TYPE_CHECKING:
    from nowake.models.market import MarketState
    from nowake.schedules import SchedulePolicy


def _check(options: dict[str, Any]) -> None:
    parse_duration(options["bucket"])


@click.command("plan", short_help="When to trade how much? TWAP, VWAP, Almgren-Chriss.")
@day_and_order(_check)
@click.option(
    "--schedule",
    "name",
    type=click.Choice(["twap", "vwap", "almgren-chriss"]),
    default="almgren-chriss",
    show_default=True,
)
@click.option("--risk-aversion", default=1e-6, show_default=True, help="Of Almgren-Chriss, per unit of currency.")
@click.option("--bucket", default="15m", show_default=True, help="Length of a bucket: 30s, 5m, 1h.")
@click.option("--frontier", is_flag=True, help="Show the efficient frontier instead of one plan.")
@json_option
def command(
    day: Day, order: ParentOrder, *, name: str, risk_aversion: float, bucket: str, frontier: bool, as_json: bool
) -> None:
    """When to trade how much of an order.

    SOURCE is FORMAT:SYMBOL (`nowake data info` lists what there is), a path, generated or generated:SEED; by default
    the demo's day.
    """
    from nowake import schedules  # noqa: PLC0415
    from nowake.models.impact import Linear  # noqa: PLC0415
    from nowake.reports import tables  # noqa: PLC0415
    from nowake.verbs.market import market_of  # noqa: PLC0415
    from nowake.verbs.plan import plan  # noqa: PLC0415

    market = market_of(order, day)
    if frontier:
        points = schedules.frontier(order, market, Linear.from_market(market))
        table = tables.frontier_table(points, currency=tables.money_unit(order.instrument))
        if as_json:
            show_json({"order": str(order), "frontier": tables.to_dict(table)})
        else:
            show(table)
        return
    made = plan(order, day, _policy(day, market, name, bucket_ns=parse_duration(bucket), risk_aversion=risk_aversion))
    table = tables.schedule_table(made)
    if as_json:
        show_json({"plan": made, "rows": tables.to_dict(table)})
    else:
        show(tables.schedules_table([made]), table)


def _policy(day: Day, market: MarketState, name: str, *, bucket_ns: int, risk_aversion: float) -> SchedulePolicy:
    from nowake import schedules  # noqa: PLC0415
    from nowake.models.impact import Linear  # noqa: PLC0415
    from nowake.models.volume import VolumeCurve  # noqa: PLC0415

    if name == "twap":
        return schedules.Twap(bucket_ns=bucket_ns)
    if name == "vwap":
        return schedules.Vwap(VolumeCurve.from_trades(day.trades, day.instrument.session), bucket_ns=bucket_ns)
    return schedules.AlmgrenChriss(Linear.from_market(market), risk_aversion, bucket_ns=bucket_ns)
