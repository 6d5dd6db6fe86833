"""nowake data check"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nowake.cli.options import json_option
from nowake.cli.screen import bytes_bar, say, show, show_json
from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Instrument

if TYPE_CHECKING:
    from nowake.data.quality import QualityReport
    from nowake.reports.table import Table


@click.command("check", short_help="Can it be trusted? A verdict and the counts behind it.")
@click.argument("source")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several; of a table, its session.")
@click.option("--symbol", default="", help="Which symbol, where the source is a path with several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@click.option("--table", type=click.Choice(["trades", "quotes"]), help="SOURCE is your own table of these.")
@click.option("--column", "columns", multiple=True, metavar="YOURS=OURS", help="Of a table: px=price, ts=time, ...")
@click.option("--time-unit", default="iso", show_default=True, help="Of a table: iso, ns, us, ms, s.")
@click.option("--calendar", default="XNYS", show_default=True, help="Of a table: whose session it is.")
@click.option("--tick", default="0.01", show_default=True, help="Of a table: the price step.")
@click.option("--lot", default="1", show_default=True, help="Of a table: the quantity step.")
@json_option
def command(
    source: str,
    *,
    date: str | None,
    symbol: str,
    root: str | None,
    table: str | None,
    as_json: bool,
    **about: Any,
) -> int:
    """Say whether a day can be trusted: gaps, sequence breaks, crossed, locked and stale quotes. Exits 1 on faults.

    SOURCE is FORMAT:SYMBOL, generated, parquet:FOLDER, or a path to a file or a folder. Where it has several days and
    no --date says which, each is checked, one line a day; files that cannot be read are named. With --table it is your
    own CSV or Parquet file:

    nowake data check trades.csv --table trades --date 2019-02-01 --column when=time --column px=price
    """
    from nowake.data import load  # noqa: PLC0415

    if table is not None:
        instrument = _instrument(source, date, about)
        report = load.check_tables_file(
            source,
            kind="trades" if table == "trades" else "quotes",
            columns=_mapping(about["columns"]),
            instrument=instrument,
            time_unit=about["time_unit"],
        )
        checked = load.Checked([report])
    else:
        with bytes_bar("checking") as read:
            checked = load.check_all(source, date, root=root, symbol=symbol, progress=read)
    reports, left_out = checked
    if as_json:
        show_json(_plain(reports, left_out))
    elif len(reports) == 1:
        say(str(reports[0]))
    else:
        _show_days(source, reports)
    for line in left_out:
        click.echo(f"LEFT OUT {line}", err=as_json)
    return 1 if left_out or any(report.faults for report in reports) else 0


def _plain(reports: list[QualityReport], left_out: tuple[str, ...]) -> dict[str, object]:
    """One day as it is, several as a list; and what could not be read, where there is such."""
    days = [report.to_dict() for report in reports]
    return (days[0] if len(days) == 1 else {"days": days}) | ({"left_out": left_out} if left_out else {})


def _show_days(source: str, reports: list[QualityReport]) -> None:
    bad = [report for report in reports if report.faults]
    if bad:
        verdict = f"{len(bad):,} of {len(reports):,} days are not to be used before repair"
    else:
        verdict = f"none of {len(reports):,} days has a fault"
    click.echo(f"{source}: {verdict}.\n")
    show(_days_table(reports))


def _days_table(reports: list[QualityReport]) -> Table:
    from nowake.reports import formats  # noqa: PLC0415
    from nowake.reports.table import Column, Table  # noqa: PLC0415

    rows = [
        {
            "date": report.session.date.isoformat(),
            "source": report.source,
            "rows": sum(table.rows for table in report.tables.values()),
            "faults": report.faults,
            "replay": "no" if report.cannot_replay_because else "yes",
            "verdict": report.verdict,
        }
        for report in reports
    ]
    columns = (
        Column("date", "date", is_number=False),
        Column("source", "source", is_number=False, spare=1),
        Column("rows", "rows", formats.count),
        Column("faults", "faults", formats.count),
        Column("replay", "replay", is_number=False, spare=2),
        Column("verdict", "verdict", is_number=False, is_prose=True),
    )
    return Table("Days checked", columns, tuple(rows), ("--date shows all of one day.",))


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
