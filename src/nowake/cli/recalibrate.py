"""nowake recalibrate"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nowake.cli.options import check_date, check_file, json_option
from nowake.cli.orders_file import orders_file, read_file
from nowake.cli.screen import say, show, show_json, steps
from nowake.domain.errors import BadParameter

if TYPE_CHECKING:
    from nowake.verbs.recalibrate import Recalibration


@click.command("recalibrate", short_help="Does the fit still hold? New days judged, folded in.")
@click.argument("orders", nargs=-1, metavar="ORDERS...")
@click.option("--since", metavar="DATE", help="First date folded in. Default: the first of the last of several files.")
@click.option("--model", "name", default="square-root", show_default=True, help="Which model.")
@click.option("--half-life", type=float, metavar="DAYS", help="A day this old counts half. Default: all count alike.")
@click.option("--false-alarms", type=float, default=0.05, show_default=True, help="Share of periods with one.")
@click.option("--period", type=int, default=250, show_default=True, help="Days of a period.")
@click.option("--spread", type=click.Choice(["paid", "half", "estimate", "none"]), help="What is taken off the cost.")
@click.option("--cluster", type=click.Choice(["day-symbol", "day", "symbol"]), default="day-symbol", show_default=True)
@orders_file
@click.option("--save", metavar="FILE", help="Keep the model in a parameter store, usable from the next day on.")
@click.option("--fit", "kept", default="desk", show_default=True, help="Under which name it is kept.")
@json_option
def command(orders: tuple[str, ...], **options: Any) -> None:
    """A fit that follows the days: each is forecast, judged, and only then folded in.

    ORDERS are files as for `nowake fit`: one with all days and --since, or the record so far and then the new days.
    The alarm rings when impact has become dearer or cheaper than forecast.
    """
    if not orders:
        raise BadParameter("no ORDERS given; name a file and --since DATE, or the record so far and a file of new days")
    if len(orders) == 1 and not options["since"]:
        raise BadParameter(f"from which date on is {orders[0]} to be folded in? give --since DATE, or a second file")
    check_file(options["save"])
    check_date("--since", options["since"])
    found = _found(orders, options)
    if options["save"]:
        found.save(options["save"], name=options["kept"])
    if options["as_json"]:
        show_json(_plain(found))
        return
    from nowake.reports.fit_tables import days_table  # noqa: PLC0415

    show(days_table(found.history, found.alarm))
    say(str(found))
    if options["save"]:
        say(f"kept as {options['kept']} in {options['save']}, usable from {found.usable_from}")


def _found(paths: tuple[str, ...], options: dict[str, Any]) -> Recalibration:
    from nowake.domain.metaorder import Metaorders  # noqa: PLC0415
    from nowake.models.calibration.online import Alarm  # noqa: PLC0415
    from nowake.verbs.recalibrate import recalibrate  # noqa: PLC0415

    alarm = Alarm(alpha=options["false_alarms"], period_days=options["period"])
    parts = [read_file(path, options).orders for path in paths]
    since = options["since"] or str(parts[-1].first_date)
    with steps() as step:
        step(f"following {options['name']} from {since} on")
        return recalibrate(
            options["name"],
            Metaorders.joined(parts),
            since=since,
            half_life_days=options["half_life"],
            spread=options["spread"],
            cluster=options["cluster"],
            alarm=alarm,
        )


def _plain(found: Recalibration) -> dict[str, object]:
    return {
        "model": found.model.name,
        "parameters": {each.name: getattr(found.model, each.name) for each in found.model.doubted},
        "standard_errors": {each.name: found.model.se(each.name) for each in found.model.doubted},
        "covariance": found.model.covariance,
        "orders": len(found.watch.problem),
        "usable_from": found.usable_from,
        "alarm": {
            "rings": found.alarm.rings,
            "direction": found.alarm.direction,
            "evidence": found.alarm.evidence,
            "threshold": 1 / found.alarm.alpha,
            "false_alarm_rate": found.alarm.alpha,
            "period_days": found.alarm.period_days,
            "days": found.alarm.days,
            "rang": found.rang,
        },
        "days": found.to_frame().to_dicts(),
    }
