"""nowake fit"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nowake.cli.options import check_date, check_file, json_option
from nowake.cli.orders_file import orders_file, pairs, read_file
from nowake.cli.screen import say, show, show_json, steps
from nowake.domain.errors import BadParameter, NowakeError

if TYPE_CHECKING:
    from nowake.data.orders import OrdersRead
    from nowake.domain.metaorder import Metaorders
    from nowake.models.calibration.compare import Comparison
    from nowake.models.impact.contract import Impact
    from nowake.reports.table import Table
    from nowake.verbs.fit import Fit


@click.command("fit", short_help="What did our orders cost? A model of impact fitted to them.")
@click.argument("orders", default="", metavar="[ORDERS]")
@click.option(
    "--model", "names", multiple=True, help="square-root, power-law, ... or all; several are compared.  [square-root]"
)
@click.option("--by-symbol", is_flag=True, help="Parameters of each symbol, thin ones borrowing from the others.")
@orders_file
@click.option("--spread", type=click.Choice(["paid", "half", "estimate", "none"]), help="What is taken off the cost.")
@click.option("--cluster", type=click.Choice(["day-symbol", "day", "symbol", "two-way"]), help="What errors share.")
@click.option(
    "--interval",
    type=click.Choice(["corrected", "jackknife", "sandwich", "bootstrap", "profile"]),
    help="How intervals are made.  [corrected, or profile where a parameter is hardly known]",
)
@click.option("--hold", "held", multiple=True, metavar="NAME=VALUE", help="A parameter that is not fitted.")
@click.option("--level", type=float, default=0.95, show_default=True, help="Of the intervals.")
@click.option("--sizes", is_flag=True, help="Also cost by size, and with and without outliers.")
@click.option(
    "--save", metavar="FILE", help="Keep what was fitted in a parameter store, for `nowake estimate --params`."
)
@click.option("--name", default="desk", show_default=True, help="Under which name it is kept.")
@click.option("--as-of", metavar="DATE", help="First date it may be used on. Default: the day after the last order.")
@click.option("--picture", metavar="FILE", help="Draw cost against size into an SVG file.")
@click.option("--list", "listed", metavar="FILE", help="Show what a parameter store holds, and fit nothing.")
@json_option
def command(orders: str, **options: Any) -> None:
    """A model of impact fitted to a desk's executed orders, with intervals, and refused where they cannot tell.

    ORDERS is CSV or Parquet, a row an order or a row a fill: symbol, side, start, end, quantity, arrival_price,
    average_price, volatility, daily_volume, spread_bps (docs/orders-file.md).
    """
    if options["listed"]:
        _list(options["listed"], as_json=options["as_json"])
        return
    if not orders:
        raise BadParameter("no ORDERS given; name a CSV or Parquet file, or a parameter store with --list FILE")
    _check(options)
    found = read_file(orders, options)
    if options["by_symbol"]:
        _by_symbol(found.orders, options)
    else:
        _by_model(found, options)


def _check(options: dict[str, Any]) -> None:
    """What can be seen to be wrong before any work is done."""
    from nowake.statistics.measurement import check_level  # noqa: PLC0415

    check_level(options["level"])
    check_file(options["save"])
    check_file(options["picture"])
    check_date("--as-of", options["as_of"])
    _held(options)
    if options["by_symbol"] and (len(options["names"]) > 1 or "all" in options["names"]):
        raise BadParameter("--by-symbol fits one model; give one --model")
    for name in ("interval", "cluster", "picture", "sizes"):
        if options["by_symbol"] and options[name]:
            raise BadParameter(f"--{name} is not for --by-symbol; leave one of them out")
    for name, given in (("picture", options["picture"]), ("hold", options["held"])):
        if given and len(_kinds(options["names"])) > 1:
            raise BadParameter(f"--{name} is of one model; give one --model")


def _by_model(found: OrdersRead, options: dict[str, Any]) -> None:
    from nowake.reports import fit_tables  # noqa: PLC0415
    from nowake.reports.table import to_dict  # noqa: PLC0415

    kinds, fits, refused = _kinds(options["names"]), [], {}
    with steps() as step:
        for name, kind in kinds.items():
            step(f"fitting {kind.name}")
            try:
                fits.append(_fit(kind, found.orders, options))
            except NowakeError as error:
                if len(kinds) == 1:
                    raise
                refused[name] = str(error)
        if not fits:
            raise BadParameter("; ".join(f"{name}: {why}" for name, why in refused.items()))
        compared = None
        if len(fits) > 1:
            step("comparing")
            compared = _compared(fits, found.orders, options, refused)
    tables = [fit_tables.fit_table(each) for each in fits]
    if options["sizes"]:
        tables += [make(each) for each in fits for make in (fit_tables.sizes_table, fit_tables.outliers_table)]
    if compared is not None:
        tables.append(fit_tables.comparison_table(compared))
    if refused:
        tables.append(fit_tables.refusals_table(refused))
    if options["picture"]:
        fits[0].plot().save(options["picture"])
    for each in fits if options["save"] else ():
        each.save(options["save"], name=options["name"], as_of=options["as_of"])
    _answer(
        tables,
        options,
        {
            "orders": len(found.orders),
            "left_out": [each._asdict() for each in found.left_out],
            "fits": [_plain(each) for each in fits],
            "comparison": None if compared is None else to_dict(fit_tables.comparison_table(compared)),
            "statement": None if compared is None else compared.statement,
            "refused": refused,
        },
    )


def _compared(
    fits: list[Fit], orders: Metaorders, options: dict[str, Any], refused: dict[str, str]
) -> Comparison | None:
    """The models that could be fitted held against each other; the reason among the refusals where that cannot be."""
    from nowake.models.calibration.compare import compare  # noqa: PLC0415

    named = {name: options[name] for name in ("spread", "cluster") if options[name]}
    try:
        return compare([type(each.model) for each in fits], orders, level=options["level"], **named)
    except NowakeError as error:
        refused["comparison"] = str(error)
        return None


def _by_symbol(orders: Metaorders, options: dict[str, Any]) -> None:
    from nowake.models.calibration.hierarchical import fit_by_symbol  # noqa: PLC0415
    from nowake.reports.fit_tables import symbols_table  # noqa: PLC0415
    from nowake.reports.table import to_dict  # noqa: PLC0415
    from nowake.verbs.parameters import save_hierarchy  # noqa: PLC0415

    (kind,) = _kinds(options["names"]).values()
    hold = _held(options)
    with steps() as step:
        step(f"fitting {kind.name} to {len(orders.symbols):,} symbols")
        found = fit_by_symbol(kind, orders, level=options["level"], spread=options["spread"], hold=hold)
    if options["save"]:
        save_hierarchy(options["save"], found, orders, name=options["name"], as_of=options["as_of"])
    table = symbols_table(found)
    _answer([table], options, {"orders": found.orders, "symbols": to_dict(table), "between": found.between})


def _fit(kind: type[Impact], orders: Metaorders, options: dict[str, Any]) -> Fit:
    from nowake.verbs.fit import fit  # noqa: PLC0415

    named = {name: options[name] for name in ("spread", "cluster", "interval") if options[name]}
    return fit(kind, orders, level=options["level"], hold=_held(options), **named)


def _answer(tables: list[Table], options: dict[str, Any], plain: dict[str, Any]) -> None:
    if options["as_json"]:
        show_json(plain)
        return
    show(*tables)
    if options["save"]:
        say(f"kept as {options['name']} in {options['save']}; nowake fit --list {options['save']} shows it")
    if options["picture"]:
        say(f"wrote {options['picture']}")


def _list(path: str, *, as_json: bool) -> None:
    from nowake.data.parameters import versions  # noqa: PLC0415
    from nowake.reports.fit_tables import versions_table  # noqa: PLC0415
    from nowake.reports.table import to_dict  # noqa: PLC0415
    from nowake.verbs.parameters import version_rows  # noqa: PLC0415

    rows = version_rows(versions(path))
    table = versions_table(rows, path)
    if as_json:
        show_json({"versions": to_dict(table)})
        return
    show(table)


def _kinds(names: tuple[str, ...]) -> dict[str, type[Impact]]:
    """The models asked for, by the name one writes."""
    from nowake.verbs.parameters import dashed, is_of_parameters, model_named, models  # noqa: PLC0415

    if "all" in names:
        return {dashed(name): kind for name, kind in models().items() if is_of_parameters(kind)}
    return {name: model_named(name) for name in dict.fromkeys(names or ("square-root",))}


def _held(options: dict[str, Any]) -> dict[str, float] | None:
    return dict(_numbers(pairs("--hold", options["held"], "NAME=VALUE"))) or None


def _numbers(texts: dict[str, str]) -> Iterator[tuple[str, float]]:
    for name, text in texts.items():
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise BadParameter(f"--hold {name}={text}: {text!r} is no number; write for example exponent=0.5")
        yield name, value


def _plain(fit: Fit) -> dict[str, object]:
    return {
        "model": fit.model.name,
        "estimates": fit.estimates,
        "nuisances": fit.nuisances,
        "standard_errors": fit.standard_errors,
        "covariance": fit.model.covariance,
        "orders": fit.orders,
        "clusters": fit.clusters,
        "dropped": fit.dropped,
        "r2": fit.r2,
        "cv_r2": fit.cv_r2,
        "method": fit.method,
        "data_hash": fit.data_hash,
        "notes": fit.notes,
        "buckets": fit.buckets,
    }
