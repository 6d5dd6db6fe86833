"""nowake data"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click

from nowake.cli.main import unknown
from nowake.cli.options import json_option
from nowake.cli.screen import show_json
from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Instrument


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
            show_json([entry._asdict() for entry in entries])
        elif entries:
            click.echo("\n".join(f"{entry.spec:<32} {entry.dates}" for entry in entries))
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
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several; of a table, its session.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--table", type=click.Choice(["trades", "quotes"]), help="SOURCE is your own table of these.")
@click.option("--column", "columns", multiple=True, metavar="YOURS=OURS", help="Of a table: px=price, ts=time, ...")
@click.option("--time-unit", default="iso", show_default=True, help="Of a table: iso, ns, us, ms, s.")
@click.option("--calendar", default="XNYS", show_default=True, help="Of a table: whose session it is.")
@click.option("--tick", default="0.01", show_default=True, help="Of a table: the price step.")
@click.option("--lot", default="1", show_default=True, help="Of a table: the quantity step.")
@json_option
def check(source: str, *, date: str | None, root: str | None, table: str | None, as_json: bool, **about: Any) -> int:
    """Count gaps, duplicates, crossed and locked quotes, clock reversals and rows out of session. Exits 1 on faults.

    SOURCE is lobster:SYMBOL, generated, parquet:FOLDER, a LOBSTER message file (its book file is found beside it), or
    with --table your own CSV or Parquet file:

    nowake data check trades.csv --table trades --date 2019-02-01 --column when=time --column px=price
    """
    from nowake.data import load  # noqa: PLC0415

    if table is None:
        quality = load.check_path(source, date, root=root)
    else:
        quality = load.check_tables_file(
            source,
            kind="trades" if table == "trades" else "quotes",
            columns=_mapping(about["columns"]),
            instrument=_instrument(source, date, about),
            time_unit=about["time_unit"],
        )
    if as_json:
        show_json(quality.to_dict())
    else:
        click.echo(str(quality))
    return 1 if quality.faults or quality.refused else 0


def _mapping(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = [column.partition("=") for column in columns]
    for (yours, _, ours), given in zip(pairs, columns, strict=True):
        if not yours or not ours:
            raise BadParameter(f"--column {given} is not YOURS=OURS; write for example --column px=price")
    return {yours: ours for yours, _, ours in pairs}


def _instrument(path: str, date: str | None, about: dict[str, Any]) -> Instrument:
    from nowake.data.sessions import session_on  # noqa: PLC0415

    if date is None:
        raise BadParameter("a table needs --date, the day of its session; write for example --date 2019-02-01")
    try:
        day, tick, lot = dt.date.fromisoformat(date), Decimal(about["tick"]), Decimal(about["lot"])
    except (ValueError, InvalidOperation):
        given = f"--date {date} --tick {about['tick']} --lot {about['lot']}"
        raise BadParameter(f"{given} cannot be read; write for example --date 2019-02-01 --tick 0.01 --lot 1") from None
    session = session_on(about["calendar"], day)
    return Instrument(symbol=Path(path).stem, venue=about["calendar"], session=session, tick_size=tick, lot_size=lot)
