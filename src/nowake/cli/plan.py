"""nowake plan"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from nowake.cli.options import check_date, day_and_order, json_option, typed
from nowake.cli.plan_basket import basket_options
from nowake.cli.plan_outputs import check_outputs, tell_written, write_list
from nowake.cli.screen import show, show_json, waiting
from nowake.domain.errors import BadParameter
from nowake.domain.units import parse_duration

if TYPE_CHECKING:
    from nowake.data.day import Day
    from nowake.domain.order import ParentOrder
    from nowake.models.market import MarketState
    from nowake.models.volume import VolumeCurve
    from nowake.verbs.asked import Model
    from nowake.verbs.plans import Plans

_GIVEN = ("price", "volatility", "daily_volume", "spread_bps")
_ALL = "all"
_DEFAULT = "almgren-chriss"
_URGENCY = "neutral"
_HALF_LIFE = "10m"


def _check(options: dict[str, Any]) -> None:
    """What can be seen to be wrong before any work is done."""
    from nowake.cli.plan_basket import refuse_without_basket  # noqa: PLC0415
    from nowake.verbs.schedule_kinds import check_named  # noqa: PLC0415
    from nowake.verbs.urgency_words import parse_aversion  # noqa: PLC0415

    refuse_without_basket()
    parse_duration(options["bucket"] or _HALF_LIFE)
    parse_duration(options["half_life"])
    parse_aversion(options["risk_aversion"])
    check_named(*(name for name in _names(options) if name != _ALL))
    check_date("--as-of", options["as_of"])
    if not options["params"] and (options["as_of"] or options["fit_name"]):
        raise BadParameter("--as-of and --fit choose among fitted parameters; say where they are kept: --params FILE")
    if not 0 < options["rate"] < 1:
        raise BadParameter(f"--rate {options['rate']:g} must be between 0 and 1; 0.1 is 10 % of all volume")
    check_outputs(options)


def _or_list(command: Callable[..., int]) -> Callable[..., int]:
    """With --schedules nothing is planned: they are listed."""

    @functools.wraps(command)
    def wrapper(**options: Any) -> int:
        if not options.pop("schedules"):
            return command(**options)
        from nowake.reports import plan_tables, tables  # noqa: PLC0415
        from nowake.verbs.plan_basket import BASKET_KINDS  # noqa: PLC0415
        from nowake.verbs.schedule_kinds import KINDS  # noqa: PLC0415

        of_one = plan_tables.kinds_table({name: kind.summary for name, kind in KINDS.items()})
        of_basket = plan_tables.kinds_table(BASKET_KINDS, title="Schedules of a basket")
        if options["as_json"]:
            show_json({"schedules": tables.to_dict(of_one), "basket_schedules": tables.to_dict(of_basket)})
        else:
            show(*([] if options["basket"] else [of_one]), of_basket)
        return 0

    return wrapper


@click.command("plan", short_help="When to trade how much? One order by any schedule, or a basket.")
@_or_list
@day_and_order(_check, unless="basket")
@click.option("--schedule", "name", metavar="NAME", default=_DEFAULT, show_default=True, help="See --schedules.")
@click.option("--schedules", is_flag=True, help="List them and exit.")
@click.option(
    "--compare",
    "others",
    metavar="NAMES",
    multiple=True,
    help="Others beside it: twap,vwap or all; of a basket also words of urgency. May be repeated.",
)
@click.option(
    "--risk-aversion",
    metavar="λ",
    default=_URGENCY,
    show_default=True,
    help="passive, neutral, aggressive, get-done, or a number per unit of currency.",
)
@click.option("--bucket", metavar="TIME", help="Length of a bucket: 30s, 5m, 1h.  [default: 15m, ten at least]")
@click.option(
    "--max-participation",
    type=float,
    metavar="SHARE",
    help="Largest trade of a bucket, of the volume expected without us: 0.1 is 10 %.",
)
@click.option("--curve", metavar="FILE|SOURCE", help="How volume runs: CSV of time,share, or earlier days of a SOURCE.")
@click.option("--rate", type=float, default=0.1, show_default=True, help="Share of all volume, of schedules with one.")
@click.option(
    "--half-life", metavar="TIME", default=_HALF_LIFE, show_default=True, help="Of impact that decays, if not fitted."
)
@click.option(
    "--drift-bps", type=float, default=0.0, show_default=True, help="Expected move a session; costs all plans."
)
@click.option("--model", metavar="NAME", help="How prices answer.  [default: linear, by spread and volume]")
@click.option("--params", metavar="FILE", help="Fitted parameters, kept by `nowake fit`, instead of a model by name.")
@click.option("--fit", "fit_name", metavar="NAME", help="Fit of --params by its stored name.")
@click.option("--as-of", metavar="DATE", help="Parameters as they were known on a date. Default: the order's day.")
@click.option("--forecast", is_flag=True, help="Use only what was seen before the start; else the whole day.")
@click.option("--price", type=float, help="Instead of what is measured, as the three that follow.")
@click.option("--volatility", type=float, help="A fraction of the price per sqrt(session): 0.02 for 2 %.")
@click.option("--daily-volume", type=float, help="Shares a session.")
@click.option("--spread-bps", type=float, help="Ask less bid. Bars do not tell it.")
@click.option("--frontier", is_flag=True, help="Show the efficient frontier, and where the plan stands on it.")
@basket_options
@click.option("--html", metavar="FILE", help="Write it all as one page: frontier, paths, trades, certificate.")
@click.option("--out", metavar="FILE", help="Write the trade list as CSV; - is standard output, and nothing else.")
@json_option
def command(day: Day | None, order: ParentOrder | None, **options: Any) -> int:
    """When to trade how much of an order, or of a basket of orders.

    SOURCE is FORMAT:SYMBOL (`nowake data info` lists what there is), a path, generated or generated:SEED; by default
    the demo's day. With --basket FILE a list of orders is planned at once, against its risk as a whole: a row an
    order, CSV or Parquet, columns symbol, side, quantity, price, daily_volatility, daily_volume, spread_bps; exits 1
    where rows were left out.
    """
    if options["basket"]:
        from nowake.cli.plan_basket import plan_the_basket  # noqa: PLC0415

        return plan_the_basket(options, command=typed())
    assert day is not None and order is not None  # noqa: PT018  # The decorator made both.
    return _one(day, order, options)


def _one(day: Day, order: ParentOrder, options: dict[str, Any]) -> int:
    from nowake.reports import plan_tables, tables  # noqa: PLC0415
    from nowake.reports.trade_list import trades_of_schedule  # noqa: PLC0415
    from nowake.verbs.market import Given, market_of  # noqa: PLC0415

    given = Given(*(options[name] for name in _GIVEN))
    market = market_of(order, day, look_ahead=not options["forecast"], given=given)
    with waiting(f"planning {order}"):
        made = _plans(day, order, market, options)
    if options["html"] is not None:
        made.html(options["html"])
    plan = made.plans[0]
    if write_list(options, trades_of_schedule(plan)):
        return 0
    if options["frontier"]:
        return _frontier(made, options)
    if options["as_json"]:
        trades = plan_tables.trades_table(plan, market, made.curve)
        answers: dict[str, object] = {"plan": plan, "rows": tables.to_dict(trades), "market": market}
        if len(made.plans) > 1 or made.absent:
            compared = plan_tables.plans_table(made.plans, made.by_rule)
            answers |= {"plans": made.plans, "compared": tables.to_dict(compared), "not_planned": made.absent}
        show_json(answers)
        return 0
    show(*made.tables)
    tell_written(options, of=plan.name if len(made.plans) > 1 else "")
    return 0


def _plans(day: Day, order: ParentOrder, market: MarketState, options: dict[str, Any]) -> Plans:
    import msgspec  # noqa: PLC0415

    from nowake.verbs.plan import day_curve  # noqa: PLC0415
    from nowake.verbs.plans import plans_in  # noqa: PLC0415
    from nowake.verbs.schedule_kinds import KINDS  # noqa: PLC0415
    from nowake.verbs.volume_curve import volume_curve  # noqa: PLC0415

    names = _names(options)
    model = _model(options, market, order)
    curve: VolumeCurve | None
    told: tuple[str, ...] = ()
    if options["curve"]:
        curve, told = volume_curve(options["curve"], day.instrument.session, root=options["root"])
    else:
        curve = day_curve(day, market, look_ahead=not options["forecast"])
    made = plans_in(
        order,
        market,
        [*names[:1], *KINDS] if _ALL in names else names,
        model=model,
        curve=curve,
        risk_aversion=options["risk_aversion"],
        bucket_ns=parse_duration(options["bucket"]) if options["bucket"] else None,
        rate=options["rate"],
        half_life_ns=parse_duration(options["half_life"]),
        drift_bps=options["drift_bps"],
        max_participation=options["max_participation"],
    )
    if options["params"]:
        told = (*told, f"Impact is {made.model.name} as fitted and kept in {options['params']}.")
    source = f"{day.source} {day.instrument.session.date}"
    return msgspec.structs.replace(
        made, source=source, fingerprint=day.fingerprint, command=typed(), cautions=(*told, *made.cautions)
    )


def _model(options: dict[str, Any], market: MarketState, order: ParentOrder) -> Model | None:
    """The model asked for; None is linear by the market."""
    from nowake.verbs.default_models import default_model  # noqa: PLC0415
    from nowake.verbs.stored import stored_models  # noqa: PLC0415

    if not options["params"]:
        return None if options["model"] is None else default_model(options["model"], market)
    instrument = order.instrument
    found = stored_models(
        options["params"],
        [options["fit_name"]] if options["fit_name"] else (),
        symbol=instrument.symbol,
        as_of=options["as_of"] or str(instrument.session.date),
        models=[options["model"]] if options["model"] else (),
    )
    if len(found) > 1:
        names = ", ".join(each.model.name for each in found)
        raise BadParameter(f"{options['params']} holds {len(found)} models ({names}); a plan needs one: give --model")
    return found[0]


def _frontier(made: Plans, options: dict[str, Any]) -> int:
    from nowake.reports import plan_tables, tables  # noqa: PLC0415
    from nowake.verbs.plans import uncapped  # noqa: PLC0415

    order = made.plans[0].order
    if not made.frontier:
        raise BadParameter(made.frontier_because)
    unit = tables.money_unit(order.instrument)
    marks = [plan_tables.Mark.of(plan) for plan in made.marks]
    table = plan_tables.marked_frontier(made.frontier, marks, most=20, currency=unit)
    told = uncapped(made.frontier, options["max_participation"])
    table = dataclasses.replace(table, notes=(*table.notes, *told))
    if options["as_json"]:
        show_json({"order": str(order), "frontier": tables.to_dict(table)})
    else:
        show(table)
        tell_written(options)
    return 0


def _names(options: dict[str, Any]) -> list[str]:
    """The schedule asked for, then those it is compared with."""
    others = [name.strip() for text in options["others"] for name in text.split(",")]
    return [options["name"], *filter(None, others)]
