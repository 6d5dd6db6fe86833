"""nowake report"""

from __future__ import annotations

import click

from nowake.cli.options import check_file, json_option
from nowake.cli.screen import show, show_json


@click.command("report", short_help="How did it go, and why? Costs of recorded runs.")
@click.argument("journals", nargs=-1, required=True, metavar="JOURNAL...")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--benchmark", "benchmarks", multiple=True, help="Only these benchmarks; may be given several times.")
@click.option("--html", metavar="FILE", help="Write a report with pictures.")
@json_option
def command(
    journals: tuple[str, ...], *, root: str | None, benchmarks: tuple[str, ...], html: str | None, as_json: bool
) -> None:
    """What recorded runs cost and why: their fills from the journals, the market from the data they ran on.

    Several journals of the same order are compared side by side.
    """
    from nowake.reports import tables  # noqa: PLC0415
    from nowake.reports.summary import summarise  # noqa: PLC0415
    from nowake.verbs.recorded import recorded  # noqa: PLC0415
    from nowake.verbs.report import BENCHMARKS, report  # noqa: PLC0415

    check_file(html, in_new_folder=True)
    made = report([recorded(path, root=root) for path in journals], benchmarks=benchmarks or BENCHMARKS)
    if html is not None:
        made.write(html)
    if as_json:
        show_json({"runs": [summarise(run) for run in made.runs], "costs": [run.cost for run in made.runs]})
        return
    show(tables.runs_table([summarise(run) for run in made.runs], made.cost.order.instrument))
    for run in made.runs:
        click.echo(f"{run.name}: {run.record.order}\n")
        show(tables.benchmarks_table(made.shown(run.cost)), tables.decomposition_table(run.cost))
    if html is not None:
        click.echo(f"Report     {html}")
