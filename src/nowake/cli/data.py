"""nowake data"""

from __future__ import annotations

import click

from nowake.cli.main import unknown
from nowake.cli.options import json_option
from nowake.cli.screen import show_json


class _Two(click.Group):
    """Says which commands there are when another is asked for."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            raise unknown(f"data {args[0]}", tuple(f"data {name}" for name in self.commands))
        return super().resolve_command(ctx, args)


@click.group("data", cls=_Two, short_help="What data is there, and can it be trusted?")
def command() -> None:
    """What data is there, and can it be trusted?"""


@command.command("info", short_help="List the days there are, or describe one.")
@click.argument("source", default="", metavar="[SOURCE]")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@json_option
def info(source: str, date: str | None, root: str | None, *, as_json: bool) -> None:
    """List the days of the data folder; with a SOURCE, describe that day."""
    from nowake.data import load  # noqa: PLC0415

    if not source:
        entries = load.catalogue(root)
        if as_json:
            show_json([{**entry._asdict(), "date": entry.date.isoformat()} for entry in entries])
        elif entries:
            click.echo("\n".join(str(entry) for entry in entries))
        else:
            click.echo(f"no LOBSTER days under {load.data_root(root)}; `nowake data info generated` makes one")
        return
    if as_json:
        day = load.load_day(source, date, root=root)
        session = day.instrument.session
        show_json(
            {
                "source": day.source,
                "instrument": day.instrument,
                "open_ns": session.open_ns,
                "close_ns": session.close_ns,
                "events": len(day.events),
                "quotes": len(day.quotes),
                "trades": len(day.trades),
                "can_replay": day.can_replay,
                "warnings": day.warnings,
                "fingerprint": day.fingerprint,
            }
        )
        return
    click.echo(load.describe(source, date, root=root))


@command.command("check", short_help="Count the faults of a day or a file.")
@click.argument("source")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@json_option
def check(source: str, date: str | None, root: str | None, *, as_json: bool) -> int:
    """Count gaps, duplicates, crossed and locked quotes, clock reversals and rows out of session. Exits 1 on faults.

    SOURCE is lobster:SYMBOL, generated, or a LOBSTER message file, whose book file is found beside it.
    """
    from nowake.data import load  # noqa: PLC0415

    quality = load.check_path(source, date, root=root)
    if as_json:
        show_json(quality.to_dict())
    else:
        click.echo(str(quality))
    return 1 if quality.faults else 0
