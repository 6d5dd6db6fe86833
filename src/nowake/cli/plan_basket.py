"""nowake plan --basket FILE: its options, and what becomes of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from nowake.cli.plan_given import refuse_given
from nowake.cli.plan_outputs import check_outputs, tell_written, write_list
from nowake.cli.screen import say, show, show_json, waiting
from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.models.impact.contract import Impact
    from nowake.models.volume import VolumeCurve
    from nowake.schedules.portfolio import Basket, Limits, Line, Setting
    from nowake.verbs.load_basket import BasketRead
    from nowake.verbs.plan_basket import PlannedBasket

Function = TypeVar("Function", bound=Callable[..., Any])

_BANDS = ("dollar_band", "beta_band", "sector_band", "factor_band", "cash_band")
_LIMITS = ("min_child", "max_child", *_BANDS)
_FILE = ("covariance", "returns", "factors", "correlation", "market_volatility", "calendar", "columns", "keep_going")
_ONLY = (*_LIMITS, *_FILE, "buckets", "close_auction", "exponent", "volatility_in")
_ONE_ORDER_ONLY = ("rate", "half_life", "forecast", "price", "volatility", "daily_volume", "spread_bps")
_KINDS = {"almgren-chriss": "optimal", "twap": "even"}
_ALL = "all"


def basket_options(function: Function) -> Function:
    """--basket and all that is asked of one; errors that need no work are told by `refuse_without_basket`."""
    a_file: dict[str, Any] = {"metavar": "FILE"}
    a_band: dict[str, Any] = {"type": float, "metavar": "SHARE"}
    decorators = (
        click.option(
            "--basket", **a_file, help="Plan a basket: CSV or Parquet, a row an order; demo is a made-up one."
        ),
        click.option("--covariance", **a_file, help="Of returns a session: symbols in the header and first column."),
        click.option("--returns", **a_file, help="Returns a session by date, a column a symbol, instead."),
        click.option("--factors", type=int, help="Principal factors of --returns. Default: all, shrunk."),
        click.option("--correlation", type=float, help="Of all pairs alike, instead."),
        click.option("--market-volatility", type=float, help="A session, of the market betas are to."),
        click.option("--min-child", type=float, metavar="MONEY", help="Smallest trade of a bucket."),
        click.option("--max-child", type=float, metavar="MONEY", help="Largest trade of a bucket."),
        click.option("--dollar-band", **a_band, help="Net value left, to either side of the even path: 0.02 of gross."),
        click.option("--beta-band", **a_band, help="The same of net value times beta."),
        click.option("--sector-band", **a_band, help="The same of each sector."),
        click.option("--factor-band", **a_band, help="The same of each factor of the covariance."),
        click.option("--cash-band", **a_band, help="By how much purchases may run ahead of sales."),
        click.option("--buckets", type=int, help="Even buckets to the last deadline. Default: 26 a session."),
        click.option(
            "--close-auction",
            type=float,
            metavar="SHARE",
            help="Trade in the closing auction too, expected to have this share of the day's continuous volume.",
        ),
        click.option(
            "--exponent", type=float, help="Of cost in size: 2 is linear impact, 1.5 square root. Default: 2."
        ),
        click.option("--column", "columns", multiple=True, metavar="YOURS=OURS", help="What a column of --basket is."),
        click.option("--calendar", metavar="MIC", help="Whose sessions --date and times mean. Default: XNYS."),
        click.option("--volatility-in", metavar="UNIT", help="fraction (0.02) or percent (2). Default: fraction."),
        click.option("--keep-going", is_flag=True, help="Leave out rows that cannot be planned; exits 1."),
    )
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


def refuse_without_basket() -> None:
    """Refuse options that only a basket has."""
    refuse_given(_ONLY, "is of a basket; give --basket FILE too, or leave it out")


def plan_the_basket(options: dict[str, Any], *, command: str) -> int:
    """Read, plan, show and write; 1 where rows were left out."""
    import msgspec  # noqa: PLC0415

    from nowake.reports import basket_tables, html  # noqa: PLC0415
    from nowake.reports.basket_page import build_page  # noqa: PLC0415
    from nowake.reports.trade_list import trades_of_basket  # noqa: PLC0415
    from nowake.verbs.plan_basket import plan_basket, policy_named  # noqa: PLC0415

    limits = _check(options)
    with waiting(f"reading {options['basket']}"):
        found = _read(options)
        curve, told = _curve(found.basket, options)
        model, of_model = _models(found.basket, options)
    with waiting(f"planning {len(found.basket):,} lines"):
        setting = _setting(found, curve, model, options)
        policy = policy_named(
            _kind(options), found.basket, setting, risk_aversion=options["risk_aversion"], limits=limits
        )
        made = msgspec.structs.replace(
            plan_basket(found.basket, policy, compare=_others(options)),
            source=str(options["basket"]),
            command=command,
            assumed=(*found.notes, *told, *of_model),
        )
    if options["html"] is not None:
        with waiting("drawing the page and its frontier"):
            html.write(options["html"], build_page(msgspec.structs.replace(made.document(), bad=found.bad)))
    if write_list(options, trades_of_basket(made)):
        return _told_bad(found)
    if options["frontier"]:
        _frontier(made, options)
        return _told_bad(found)
    if options["as_json"]:
        show_json(_answers(made, found))
        return int(bool(found.bad))
    left_out = [basket_tables.bad_rows_table(found.bad)] if found.bad else []
    show(*basket_tables.plan_tables(made, made.even, made.others, made.absent), *left_out)
    say("\n".join(f"- {note}" for note in made.assumed))
    tell_written(options, of=made.name if made.others else "")
    return _told_bad(found)


def _told_bad(found: BasketRead) -> int:
    """The exit code; rows that were left out are told once more."""
    if found.bad:
        click.echo(f"nowake: {len(found.bad)} of {found.rows} rows are not in this plan", err=True)
    return int(bool(found.bad))


def _frontier(made: PlannedBasket, options: dict[str, Any]) -> None:
    from nowake.reports import basket_tables, tables  # noqa: PLC0415

    with waiting("solving the frontier"):
        points = made.frontier()
    table = basket_tables.points_table(points, basket_tables.beside(made, made.even, made.others))
    if options["as_json"]:
        show_json({"basket": str(made.basket), "frontier": tables.to_dict(table)})
    else:
        show(table)
        tell_written(options)


def _check(options: dict[str, Any]) -> Limits:
    """The limits, once everything that can be wrong before the work was looked at."""
    from nowake.schedules.portfolio import Limits  # noqa: PLC0415
    from nowake.verbs.plan_basket import check_compared  # noqa: PLC0415
    from nowake.verbs.urgency_words import parse_aversion  # noqa: PLC0415

    refuse_given(["bucket"], "is asked of one order, not of a basket; its buckets are --buckets N")
    refuse_given(_ONE_ORDER_ONLY, "is asked of one order, not of a basket; leave it out")
    if not options["params"]:
        refuse_given(["as_of", "fit_name"], "chooses among fitted parameters; say where they are kept: --params FILE")
    if not options["curve"]:
        refuse_given(["root"], "is where a day is looked for, and a basket has none; leave it out")
    parse_aversion(options["risk_aversion"])
    _kind(options)
    check_compared(*_others(options))
    if options["buckets"] is not None and options["buckets"] < 1:
        raise BadParameter(f"--buckets {options['buckets']} must be 1 or more")
    check_outputs(options)
    return Limits(
        max_participation=options["max_participation"],
        min_child_value=options["min_child"],
        max_child_value=options["max_child"],
        **{name: options[name] for name in _BANDS},
    )


def _others(options: dict[str, Any]) -> list[str]:
    """What the plan is to stand beside; all is every word and every other kind."""
    from nowake.verbs.plan_basket import BASKET_KINDS  # noqa: PLC0415
    from nowake.verbs.urgency_words import URGENCY_WORDS  # noqa: PLC0415

    names = [name.strip() for text in options["others"] for name in text.split(",") if name.strip()]
    kinds = [name for name in BASKET_KINDS if name != _kind(options)]
    return [*URGENCY_WORDS, *kinds] if _ALL in names else names


def _kind(options: dict[str, Any]) -> str:
    from nowake.verbs.plan_basket import BASKET_KINDS  # noqa: PLC0415

    name: str = _KINDS.get(options["name"], options["name"])
    if name not in BASKET_KINDS:
        raise BadParameter(f"--schedule {name} is of one order; a basket's is one of {', '.join(BASKET_KINDS)}")
    return name


def _read(options: dict[str, Any]) -> BasketRead:
    """The basket; every row that cannot be planned gets a line of its own before the file is refused."""
    from nowake.cli.orders_file import pairs  # noqa: PLC0415
    from nowake.data.basket import BadRows  # noqa: PLC0415
    from nowake.data.column_names import MissingColumns  # noqa: PLC0415
    from nowake.verbs.basket_risk import RiskAsked  # noqa: PLC0415
    from nowake.verbs.load_basket import read_basket_file  # noqa: PLC0415

    asked = ("covariance", "returns", "factors", "correlation", "market_volatility")
    try:
        return read_basket_file(
            options["basket"],
            pairs("--column", options["columns"], "YOURS=OURS"),
            risk=RiskAsked(**{name: options[name] for name in asked}),
            date=options["date"],
            calendar=options["calendar"] or "XNYS",
            volatility_in=options["volatility_in"] or "fraction",
            strict=not options["keep_going"],
        )
    except MissingColumns as error:
        raise BadParameter(error.in_shell()) from None
    except BadRows as error:
        for bad in error.bad:
            click.echo(f"nowake: {bad}", err=True)
        raise BadParameter(f"{error.headline}; repair them, or plan without them: --keep-going") from None


def _curve(basket: Basket, options: dict[str, Any]) -> tuple[VolumeCurve | None, tuple[str, ...]]:
    """How volume runs, one curve for all lines, and what to know of it."""
    from nowake.verbs.volume_curve import volume_curve  # noqa: PLC0415

    if not options["curve"]:
        return None, ()
    sessions = [line.order.instrument.session for line in basket.lines if line.order is not None]
    if not sessions:
        raise BadParameter(f"--curve {options['curve']} needs the trading day; give --date YYYY-MM-DD")
    return volume_curve(options["curve"], sessions[0], root=options["root"])


def _setting(
    found: BasketRead, curve: VolumeCurve | None, model: dict[str, Impact] | None, options: dict[str, Any]
) -> Setting:
    from nowake.schedules.portfolio import Auction, Setting  # noqa: PLC0415

    exponent = 2.0 if options["exponent"] is None else options["exponent"]
    share = options["close_auction"]
    if share is not None and not any(_meets_a_close(line, found.basket.offset_days) for line in found.basket.lines):
        raise BadParameter(
            "no line's window reaches the close, so --close-auction would trade nothing: leave it out, or let lines "
            "end at the close"
        )
    drift = dict.fromkeys(found.basket.symbols, options["drift_bps"]) | found.drift_bps
    return Setting(
        buckets=options["buckets"],
        exponent=exponent,
        model=model,
        curve=curve,
        auctions=() if share is None else (Auction(name="close", at=1.0, volume_share=share),),
        drift_bps=drift if any(drift.values()) else None,
    )


def _meets_a_close(line: Line, offset_days: float) -> bool:
    """Whether a session ends in a line's window."""
    close = math.floor(line.end_days + offset_days + 1e-9)
    return close >= 1 and close > line.start_days + offset_days


def _models(basket: Basket, options: dict[str, Any]) -> tuple[dict[str, Impact] | None, tuple[str, ...]]:
    """Each line's own model by its symbol, and what to know of them; None is the rule of thumb by spread and volume."""
    from nowake.verbs.default_models import default_model  # noqa: PLC0415
    from nowake.verbs.stored import stored_models  # noqa: PLC0415

    if not options["params"]:
        if options["model"] is None:
            return None, ()
        return {line.symbol: default_model(options["model"], line.market) for line in basket.lines}, ()
    found: dict[str, Impact] = {}
    beyond: dict[str, tuple[str, ...]] = {}
    for line in basket.lines:
        models = stored_models(
            options["params"],
            [options["fit_name"]] if options["fit_name"] else (),
            symbol=line.symbol,
            as_of=options["as_of"] or options["date"],
            models=[options["model"]] if options["model"] else (),
        )
        if len(models) > 1:
            names = ", ".join(each.model.name for each in models)
            raise BadParameter(
                f"{options['params']} holds {len(models)} models ({names}); a plan needs one: give --model"
            )
        law, seen, name = models[0]
        found[line.symbol] = law
        if seen is not None:
            beyond[line.symbol] = seen.beyond(line.market.terms(line.quantity, line.days))
    names = ", ".join(dict.fromkeys(law.name for law in found.values()))
    told = [f"Impact is {names} as fitted under {name!r}, each symbol's own where {options['params']} has one."]
    outside = {symbol: reasons for symbol, reasons in beyond.items() if reasons}
    if outside:
        symbol = max(outside, key=lambda each: len(outside[each]))
        told.append(
            f"{len(outside)} of {len(basket)} lines lie outside of what their model was fitted to; {symbol}: "
            f"{outside[symbol][0]}"
        )
    return found, tuple(told)


def _answers(made: PlannedBasket, found: BasketRead) -> dict[str, object]:
    from nowake.reports import basket_tables, tables  # noqa: PLC0415
    from nowake.reports.trade_list import trades_of_basket  # noqa: PLC0415

    both, groups, lines, exposures = (
        tables.to_dict(table)
        for table in (
            basket_tables.baskets_table(basket_tables.beside(made, made.even, made.others)),
            basket_tables.groups_table(made),
            basket_tables.lines_table(made, most=len(made.basket)),
            basket_tables.exposures_table(made),
        )
    )
    return {
        "plan": {
            "lines": len(made.basket),
            "rows": found.rows,
            "currency": made.basket.currency,
            "gross": made.basket.gross,
            "expected_cost": made.expected_cost,
            "expected_cost_bps": made.expected_cost_bps,
            "cost_parts_bps": made.cost_parts_bps,
            "risk_bps": made.risk_bps,
            "risk_aversion": made.risk_aversion,
            "certificate": made.certificate,
            "rounding": made.rounding,
            "binding": made.binding,
        },
        "plans": both,
        "groups": groups,
        "rows": lines,
        "exposures": exposures,
        "trades": [trade._asdict() for trade in trades_of_basket(made)],
        "left_out": [bad._asdict() for bad in found.bad],
        "not_planned": made.absent,
        "notes": [*made.assumed, *made.notes],
    }
