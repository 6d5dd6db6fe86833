"""nowake estimate"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click
import msgspec

from nowake.cli.options import check_date, check_file, day_and_order, json_option, typed
from nowake.cli.screen import say, show, show_json, waiting
from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.data.day import Day
    from nowake.domain.order import ParentOrder
    from nowake.models.market import MarketState
    from nowake.models.pretrade.fees import Fees
    from nowake.models.pretrade.order_list import PerOrder
    from nowake.verbs.asked import Model
    from nowake.verbs.estimates import Estimates

_GIVEN = ("price", "volatility", "daily_volume", "spread_bps")
_ONE_ORDER_ONLY = ("limits_bps", "risk_aversion", "variance", "curve", "ways", "book", "compare")
_COLUMNS = (*_GIVEN, "shares_outstanding")  # What a list says in columns.


def _check(options: dict[str, Any]) -> None:
    """What can be seen to be wrong before any work is done."""
    from nowake.models.pretrade.costs import check_aversion  # noqa: PLC0415
    from nowake.statistics.measurement import check_level  # noqa: PLC0415

    check_file(options["html"], in_new_folder=True)
    check_level(options["level"])
    check_date("--as-of", options["as_of"])
    _is_fitted(options)
    check_aversion(options["risk_aversion"] or 0.0)
    for limit_bps in options["limits_bps"]:
        if not 0 < limit_bps < math.inf:
            raise BadParameter(f"--capacity {limit_bps:g} must be above 0 and finite")
    if options["sources"] and not options["orders"]:
        raise BadParameter(f"--day {options['sources'][0]} is for --orders; the day of one order is its SOURCE")
    if options["variance"] and options["risk_aversion"] is None:
        raise BadParameter("--variance says what --risk-aversion is per; give --risk-aversion too")
    _fees(options["fees"])


@click.command("estimate", short_help="What will it cost? Expected cost with intervals.")
@day_and_order(_check, unless="orders")
@click.option(
    "--model",
    "names",
    multiple=True,
    help="all, or one by name, of --params too; may be repeated.  [default: those that need no fit]",
)
@click.option("--forecast", is_flag=True, help="Use only what was seen before the start; else the whole day.")
@click.option("--params", metavar="FILE", help="Fitted parameters, kept by `nowake fit`, instead of models by name.")
@click.option(
    "--fit", "fit_names", metavar="NAME", multiple=True, help="Fit of --params by its stored name; may be repeated."
)
@click.option("--as-of", metavar="DATE", help="Parameters as they were known on a date. Default: the order's day.")
@click.option("--shares-outstanding", type=float, help="Shares the company has issued, for models that ask.")
@click.option(
    "--fees", metavar="TARIFF", default="", help="per share, bps and minimum: 0.005/share, 0.5bps,min1 or several."
)
@click.option("--level", type=float, default=0.95, show_default=True, help="Of the intervals.")
@click.option("--risk-aversion", type=float, help="Best rate: bps of cost accepted to lose a bp of risk (one sd).")
@click.option("--variance", is_flag=True, help="--risk-aversion is per currency of variance, as of `nowake plan`.")
@click.option(
    "--capacity",
    "limits_bps",
    type=float,
    multiple=True,
    metavar="BPS",
    help="How much can be traded for so many bps; may be repeated.",
)
@click.option("--curve", is_flag=True, help="Cost against urgency.")
@click.option("--ways", is_flag=True, help="Ways to trade the order, each with its cost and risk.")
@click.option("--book", is_flag=True, help="Liquidity: depth, spread, imbalance, resilience, days to trade, scores.")
@click.option(
    "--compare",
    multiple=True,
    metavar="SOURCE",
    help="Days among which --book ranks this one, five or more: SOURCE, or SOURCE@DATE.",
)
@click.option("--price", type=float, help="Instead of what is measured, as the three that follow.")
@click.option("--volatility", type=float, help="A fraction of the price per sqrt(session): 0.02 for 2 %.")
@click.option("--daily-volume", type=float, help="Shares a session.")
@click.option("--spread-bps", type=float, help="Ask less bid. Bars do not tell it.")
@click.option("--orders", metavar="FILE", help="Estimate a list: CSV or Parquet, a row an order.")
@click.option("--day", "sources", multiple=True, metavar="SOURCE", help="Days to measure the market of --orders on.")
@click.option("--column", "columns", multiple=True, metavar="YOURS=OURS", help="What a column of --orders is.")
@click.option("--calendar", default="XNYS", show_default=True, help="Whose sessions count the days of --orders.")
@click.option("--html", metavar="FILE", help="Write it all as one page.")
@json_option
def command(day: Day | None, order: ParentOrder | None, **options: Any) -> int:
    """What an order is expected to cost on a day, by model, with what is sure about it and what is not.

    SOURCE is FORMAT:SYMBOL (`nowake data info` lists what there is), a path, generated or generated:SEED; by default
    the demo's day. With --orders FILE a list of orders, whose rows say the market (price, volatility, daily_volume,
    spread_bps) or are measured on the days of --day; exits 1 where a row could not be estimated.
    """
    if options["orders"]:
        return _list(options)
    assert day is not None and order is not None  # noqa: PT018  # The decorator made both.
    return _one(day, order, options)


def _one(day: Day, order: ParentOrder, options: dict[str, Any]) -> int:
    from nowake.models.pretrade.urgency import Risk  # noqa: PLC0415
    from nowake.reports import tables  # noqa: PLC0415
    from nowake.verbs.market import Given, market_of  # noqa: PLC0415
    from nowake.verbs.pretrade import pretrade  # noqa: PLC0415

    look_ahead = not options["forecast"]
    market = market_of(
        order,
        day,
        look_ahead=look_ahead,
        shares_outstanding=options["shares_outstanding"],
        given=Given(*(options[name] for name in _GIVEN)),
    )
    reference, left_out = _reference(options["compare"], options["load_source"])
    full = options["html"] is not None
    made = pretrade(
        order,
        day,
        _models(options, market, order),
        look_ahead=look_ahead,
        market=market,
        fees=_fees(options["fees"]),
        risk_aversion=options["risk_aversion"],
        risk=Risk.VARIANCE if options["variance"] else Risk.SD,
        limit_bps=options["limits_bps"],
        curves=full or options["curve"],
        ways=full or options["ways"],
        book=full or options["book"] or bool(options["compare"]),
        reference=reference,
        level=options["level"],
        command=typed(),
    )
    if full:
        made.write(options["html"])
    if options["as_json"]:
        answers = {
            "order": str(order),
            **_order_fields(order),
            "market": market,
            "estimates": tables.to_dict(made.tables[0]),
            **({"not_compared": left_out} if left_out else {}),
        }
        show_json(answers | {_key(table.title): tables.to_dict(table) for table in made.tables[1:]})
        return 0
    # Whether it looks ahead is told under the table, once.
    say(f"{order}\n\n{msgspec.structs.replace(market, look_ahead=False)}\n")
    show(*(made.tables if "all" in options["names"] else made.short_tables))
    for source, reason in left_out.items():
        click.echo(f"nowake: --compare {source} was left out: {reason}", err=True)
    if full:
        say(f"written to {options['html']}")
    return 0


def _list(options: dict[str, Any]) -> int:
    from nowake.cli.orders_file import pairs  # noqa: PLC0415
    from nowake.reports.estimate_list_tables import SHOWN, list_rows, list_table, refused_table  # noqa: PLC0415

    given = [name for name in _ONE_ORDER_ONLY if options[name] not in {None, False, ()}]
    if given:
        flag = {"limits_bps": "capacity"}.get(given[0], given[0]).replace("_", "-")
        raise BadParameter(f"--{flag} is asked of one order, not of a list; leave it out")
    for name in _COLUMNS:
        if options[name] is not None:
            raise BadParameter(f"--{name.replace('_', '-')} is of one order; write a column {name} into the list")
    _check(options)
    fees, level = _fees(options["fees"]), options["level"]
    days = [options["load_source"](source) for source in options["sources"]]
    with waiting(f"estimating {options['orders']}"):
        found = _estimated(
            options["orders"],
            _list_models(options, min((str(day.instrument.session.date) for day in days), default=None)),
            days=days,
            columns=pairs("--column", options["columns"], "YOURS=OURS"),
            calendar=options["calendar"],
            look_ahead=not options["forecast"],
            fees=fees,
        )
        if options["html"] is not None:
            _write_list(found, options)
    if options["as_json"]:
        rows = list_rows(found, level=level)
        show_json({"orders": len(found.orders), "refused": found.refused, "notes": found.notes, "estimates": rows})
        return bool(found.refused)
    show(
        *([list_table(found, level=level, most=SHOWN)] if found.orders else []),
        *([refused_table(found.refused, most=SHOWN)] if found.refused else []),
    )
    if found.refused:
        click.echo(f"nowake: {found.lost} of the orders could not be estimated", err=True)
    return int(bool(found.refused))


def _estimated(*args: Any, **options: Any) -> Estimates:
    """As `estimate_orders`; a file that lacks columns is answered with options to paste."""
    from nowake.data.column_names import MissingColumns  # noqa: PLC0415
    from nowake.verbs.estimates import estimate_orders  # noqa: PLC0415

    try:
        return estimate_orders(*args, **options)
    except MissingColumns as error:
        raise BadParameter(error.in_shell()) from None


def _write_list(found: Estimates, options: dict[str, Any]) -> None:
    from nowake.reports import html  # noqa: PLC0415
    from nowake.reports.pretrade import build_list_page  # noqa: PLC0415

    html.write(
        options["html"], build_list_page(found, source=options["orders"], command=typed(), level=options["level"])
    )


def _models(options: dict[str, Any], market: MarketState, order: ParentOrder) -> tuple[Model, ...] | None:
    """The models asked for; None is all that the market allows."""
    from nowake.verbs.default_models import default_model, headed  # noqa: PLC0415
    from nowake.verbs.stored import stored_models  # noqa: PLC0415

    instrument = order.instrument
    if _is_fitted(options):
        return stored_models(
            options["params"],
            options["fit_names"],
            symbol=instrument.symbol,
            as_of=options["as_of"] or str(instrument.session.date),
            models=options["names"],
        )
    if not options["names"] or "all" in options["names"]:
        return None
    return tuple(default_model(name, market) for name in headed(options["names"]))


def _list_models(options: dict[str, Any], date: str | None) -> Sequence[Model | PerOrder]:
    """The models asked for a list; fitted parameters are each symbol's own, or the pool's."""
    from nowake.verbs.default_models import list_models  # noqa: PLC0415
    from nowake.verbs.stored import stored_per_order  # noqa: PLC0415

    if not _is_fitted(options):
        return list_models(options["names"])
    return stored_per_order(
        options["params"], options["fit_names"], as_of=options["as_of"] or date, models=options["names"]
    )


def _is_fitted(options: dict[str, Any]) -> bool:
    """Whether parameters come from a store; options that need one are refused without it."""
    if not options["params"] and (options["as_of"] or options["fit_names"]):
        raise BadParameter("--as-of and --fit choose among fitted parameters; say where they are kept: --params FILE")
    return bool(options["params"])


def _reference(sources: tuple[str, ...], load_source: Callable[[str], Day]) -> tuple[list[MarketState], dict[str, str]]:
    """Other days as markets, each looked at whole, and which could not be: SOURCE, or SOURCE@DATE of several days."""
    from nowake.domain.errors import NowakeError  # noqa: PLC0415
    from nowake.verbs.books import market_of_day  # noqa: PLC0415

    found, left_out = [], {}
    for source in sources:
        try:
            found.append(market_of_day(_loaded(source, load_source)))
        except NowakeError as error:
            left_out[source] = str(error)
    return found, left_out


def _loaded(source: str, load_source: Callable[..., Day]) -> Day:
    """A day by SOURCE or SOURCE@DATE; a venue may stand behind an @ too, and is no date."""
    name, sign, date = source.rpartition("@")
    is_dated = bool(sign) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", date) is not None
    return load_source(name, date=date) if is_dated else load_source(source)


def _order_fields(order: ParentOrder) -> dict[str, object]:
    """What machines ask of an order."""
    session = order.instrument.session
    return {
        "symbol": order.instrument.symbol,
        "side": order.side.name.lower(),
        "quantity": order.quantity,
        "start": session.moment(order.start_ns),
        "end": session.moment(order.end_ns),
        "timezone": session.timezone,
    }


def _fees(text: str) -> Fees:
    """A tariff as it is written: "0.005/share,min1", "0.5bps"."""
    from nowake.domain.instrument import parse_number  # noqa: PLC0415
    from nowake.models.pretrade.fees import Fees  # noqa: PLC0415

    parts: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        if part.endswith("/share"):
            name, number = "per_share", part.removesuffix("/share")
        elif part.endswith("bps"):
            name, number = "bps", part.removesuffix("bps")
        elif part.startswith("min"):
            name, number = "minimum", part.removeprefix("min")
        else:
            raise BadParameter(f"fees {part!r} are not known; write for example 0.005/share,min1 or 0.5bps")
        parts[name] = float(parse_number(number.strip(), "fees"))
    return Fees(**parts)


def _key(title: str) -> str:
    """A table's title as a key of JSON."""
    return "_".join("".join(sign if sign.isalnum() else " " for sign in title.lower()).split())
