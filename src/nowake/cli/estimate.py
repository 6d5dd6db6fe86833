"""nowake estimate"""

from __future__ import annotations

import click

from nowake.cli.options import day_and_order, json_option
from nowake.cli.screen import say, show, show_json
from nowake.data.day import Day
from nowake.domain.order import ParentOrder


@click.command("estimate", short_help="What will it cost? Expected cost with intervals.")
@day_and_order()
@click.option("--model", "name", type=click.Choice(["all", "square-root", "linear"]), default="all", show_default=True)
@click.option("--forecast", is_flag=True, help="Use only what was seen before the start; else the whole day.")
@json_option
def command(day: Day, order: ParentOrder, *, name: str, forecast: bool, as_json: bool) -> None:
    """What an order is expected to cost on a day, by model, with what is sure about it and what is not.

    SOURCE is FORMAT:SYMBOL (`nowake data info` lists what there is), a path, generated or generated:SEED; by default
    the demo's day.
    """
    from nowake.models.impact import Impact, Linear, SquareRoot  # noqa: PLC0415
    from nowake.reports import tables  # noqa: PLC0415
    from nowake.verbs.estimate import estimate, market_of  # noqa: PLC0415

    market = market_of(order, day, look_ahead=not forecast)
    models: dict[str, Impact] = {"square-root": SquareRoot(), "linear": Linear.from_market(market)}
    chosen = [model for key, model in models.items() if name in {"all", key}]
    estimates = [estimate(order, day, model, look_ahead=not forecast) for model in chosen]
    table = tables.estimates_table(estimates)
    if as_json:
        show_json({"order": str(order), "market": market, "estimates": tables.to_dict(table)})
        return
    say(f"{order}\n\n{market}\n")
    show(table)
