"""nowake simulate"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nowake.algos import Algorithm
from nowake.cli.options import check_file, check_writable, day_and_order, json_option
from nowake.cli.screen import progress_bar, say, show, show_json
from nowake.data.day import Day
from nowake.domain.errors import BadParameter
from nowake.domain.order import ParentOrder

if TYPE_CHECKING:
    from nowake.tca.result import CostReport
    from nowake.verbs.simulate import Run

LOOK_AHEAD = {
    "vwap": "The volume curve was measured on this same day: it knew what was to come, as no desk does.",
    "adaptive": "Almgren-Chriss of what is left, asked again in each slice (rolling horizon); volume, volatility and "
    "spread it begins with were measured on this same day, and it knew them as no desk does.",
}
_ALGOS = ("twap", "vwap", "pov", "shortfall", "adaptive", "iceberg")
_ONLY = {
    "rate": ("pov",),
    "urgency": ("shortfall", "adaptive"),
    "slices": ("twap", "vwap", "shortfall", "adaptive"),
}


def _check(options: dict[str, Any]) -> None:
    """What is wrong whatever the day is told before it is loaded, and before a run whose result could not be kept."""
    from nowake.data.generated import MONDAY, session_without_calendar  # noqa: PLC0415
    from nowake.domain.instrument import Instrument, parse_number, without_separators  # noqa: PLC0415
    from nowake.sim.latency import Latency  # noqa: PLC0415
    from nowake.sim.queue_models import model_of  # noqa: PLC0415

    _refuse_unused(options["algo"])
    if options["display_size"] is not None:
        size = parse_number(without_separators(options["display_size"], "--display-size"), "--display-size")
        if not (size.is_finite() and size > 0):
            raise BadParameter(f"--display-size {options['display_size']} must be above 0 and finite")
    instrument = Instrument(symbol="ANY", venue="ANY", session=session_without_calendar(MONDAY))
    any_order = ParentOrder.buy(instrument, 1, start="10:00", end="11:00")
    _without_curve(any_order, options["algo"], options, _pacing(options))  # Algorithms know what they refuse.
    Latency.parse(options["latency"])
    if options["queue_model"] is not None:
        model_of(options["queue_model"])
    check_writable(options["journal"])
    check_file(options["html"], in_new_folder=True)


def _refuse_unused(algo: str) -> None:
    """A parameter of another algorithm is a mistake, not a wish to be ignored."""
    context = click.get_current_context()
    for name, algos in _ONLY.items():
        given = context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
        if given and algo not in algos:
            raise BadParameter(f"--{name} {context.params[name]} means nothing to {algo}; it is of {', '.join(algos)}")


@click.command("simulate", short_help="What would have happened? One algorithm in a replayed market.")
@day_and_order(_check)
@click.option("--algo", type=click.Choice(_ALGOS), default="twap", show_default=True)
@click.option("--rate", default=0.1, show_default=True, help="Of pov: our share of market volume, 0 to 1.")
@click.option(
    "--urgency",
    default=3.0,
    show_default=True,
    help="Of shortfall, adaptive: 0 passive, 1 neutral, 3 aggressive, 10 all.",
)
@click.option(
    "--display-size", metavar="QUANTITY", help="Most shown at once, in units as --buy. Default: half a percent of the "
    "order for iceberg, else no bound.",
)  # fmt: skip
@click.option("--slices", default=60, show_default=True, help="Parts of the window; not of pov, iceberg.")
@click.option("--min-pct-vol", default=0.0, show_default=True, help="Least share of market volume.")
@click.option(
    "--max-pct-vol", default=1.0, show_default=True, help="Most share of market volume, held after each fill."
)
@click.option("--no-take-liq", is_flag=True, help="Never take: every order is post-only.")
@click.option(
    "--latency",
    default="200us",
    show_default=True,
    help="Of every message, or of legs by name: feed=1ms,decide=50us,send=300us,ack=300us. fill is as ack and cancel "
    "as send unless named; a leg not named takes 200us, decide no time.",
)
@click.option(
    "--queue-model",
    metavar="MODEL",
    help="How a queue moves where the data tell levels only: risk-averse (default), proportional, power:2 or log.",
)
@click.option("--seed", default=7, show_default=True, help="Seed of every random draw.")
@click.option("--journal", metavar="PATH", help="Record the run in this file, or in this folder.")
@click.option("--html", metavar="FILE", help="Write a report with pictures.")
@json_option
def command(
    day: Day, order: ParentOrder, *, latency: str, queue_model: str | None, seed: int, journal: str | None,
    html: str | None, as_json: bool, **parameters: Any,
) -> None:  # fmt: skip
    """Work an order by one algorithm in a replayed day, and say what it cost.

    SOURCE is FORMAT:SYMBOL of orders or levels (`nowake data info` lists what there is), a path, generated or
    generated:SEED; by default the demo's day. History does not react to our orders; displayed size is taken once,
    queues are earned, latency is paid.
    """
    from nowake.verbs.report import report  # noqa: PLC0415
    from nowake.verbs.simulate import simulate  # noqa: PLC0415

    algorithm = _algorithm(day, order, parameters)
    with progress_bar(parameters["algo"], order.start_ns, order.end_ns) as progress:
        notes = (LOOK_AHEAD[parameters["algo"]],) if parameters["algo"] in LOOK_AHEAD else ()
        run = simulate(
            algorithm, day, seed=seed, latency=latency, queue_model=queue_model, journal=journal, notes=notes,
            progress=progress,
        )  # fmt: skip
    made = report(run)
    if as_json:
        show_json({"run": _plain(run), "cost": made.cost})
    else:
        _show(run, made.cost)
    if html is not None:
        page = made.write(html)
        click.echo(f"Report     {page}", err=as_json)


def _show(run: Run, cost: CostReport) -> None:
    from nowake.reports import tables  # noqa: PLC0415

    show(tables.run_table(run, run.schedule), tables.benchmarks_table(cost), tables.decomposition_table(cost))
    for assumption in run.assumptions:
        say(f"- {assumption}")
    if run.journal_path is not None:
        click.echo(f"Journal    {run.journal_path}")


def _plain(run: Run) -> dict[str, Any]:
    """The run without the market data it carries."""
    left_out = {"decider", "quotes", "trades"}
    return {name: getattr(run, name) for name in run.__struct_fields__ if name not in left_out}


def _algorithm(day: Day, order: ParentOrder, chosen: dict[str, Any]) -> Algorithm:
    from nowake import algos  # noqa: PLC0415
    from nowake.domain.instrument import without_separators  # noqa: PLC0415
    from nowake.models.volume import VolumeCurve  # noqa: PLC0415

    pacing = _pacing(chosen)
    if chosen["display_size"] is not None:
        try:
            pacing["display_size"] = order.instrument.lots(without_separators(chosen["display_size"], "quantity"))
        except BadParameter as error:
            raise BadParameter(f"--display-size: {error}") from None
    if chosen["algo"] == "vwap":
        return algos.Vwap(order, VolumeCurve.from_trades(day.trades, day.instrument.session), **pacing)
    if chosen["algo"] == "adaptive":
        return _adaptive(day, order, chosen["urgency"], pacing)
    return _without_curve(order, chosen["algo"], chosen, pacing)


def _adaptive(day: Day, order: ParentOrder, urgency: float, pacing: dict[str, Any]) -> Algorithm:
    """Rolling horizon in the measured market, where kappa T is the urgency while volume and volatility are as then."""
    from nowake import algos  # noqa: PLC0415
    from nowake.models.impact import Linear  # noqa: PLC0415
    from nowake.models.market import days_of  # noqa: PLC0415
    from nowake.schedules.adaptive import RollingHorizon  # noqa: PLC0415
    from nowake.verbs.market import market_of  # noqa: PLC0415

    market = market_of(order, day)
    model = Linear.from_market(market)
    kappa = urgency / days_of(order)
    aversion = kappa**2 * model.eta / market.volatility**2 / float(order.instrument.multiplier or 1)
    policy = RollingHorizon.of(order, market, model, risk_aversion=aversion)
    return algos.Adaptive.in_market(order, policy, market, **pacing)


def _without_curve(order: ParentOrder, name: str, chosen: dict[str, Any], pacing: dict[str, Any]) -> Algorithm:
    from nowake import algos  # noqa: PLC0415

    if name == "pov":
        return algos.Participate(order, rate=chosen["rate"], **pacing)
    if name in ("shortfall", "adaptive"):  # The adaptive one refuses the same; it is made once the day is known.
        return algos.Shortfall.with_urgency(order, chosen["urgency"], **pacing)
    return algos.Iceberg(order, **pacing) if name == "iceberg" else algos.Twap(order, **pacing)


def _pacing(chosen: dict[str, Any]) -> dict[str, Any]:
    """What the algorithm chosen shares with others."""
    names = ["min_pct_vol", "max_pct_vol", "no_take_liq"]
    if chosen["algo"] in _ONLY["slices"]:
        names.append("slices")
    return {name: chosen[name] for name in names}
