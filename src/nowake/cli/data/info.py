"""nowake data info"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nowake.cli.options import json_option
from nowake.cli.screen import counted, say, show, show_json
from nowake.domain.errors import NotFound

if TYPE_CHECKING:
    from nowake.data.day import Day
    from nowake.data.load import Entry
    from nowake.reports.table import Table


@click.command("info", short_help="List the days there are, or describe one.")
@click.argument("source", default="", metavar="[SOURCE]")
@click.option("--date", metavar="YYYY-MM-DD", help="Which day, where the source has several.")
@click.option("--symbol", default="", help="Which symbol, where the source is a path with several.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@json_option
def command(source: str, date: str | None, symbol: str, root: str | None, *, as_json: bool) -> None:
    """List every day of every format in the data folder; with a SOURCE, its days, or the one day it is.

    SOURCE is FORMAT:SYMBOL, generated, parquet:FOLDER, or a path to a file or a folder.
    """
    from nowake.data import load  # noqa: PLC0415

    if root is not None and not Path(root).exists():
        raise NotFound(f"--root {root} is not there")
    is_generated = source.partition(":")[0] == "generated"
    if not (date or symbol or is_generated):
        with counted("files looked at") as seen:
            entries, left_out = load.listed(source, root=root, progress=seen)
        if not _is_one_day(entries):
            _list(entries, str(load.data_root(root)), as_json=as_json)
        for fault in left_out:
            click.echo(f"LEFT OUT {fault}", err=True)
        if not _is_one_day(entries):
            return
        source = source or entries[0].spec
    day = load.load_day(source, date, root=root, symbol=symbol)
    if as_json:
        show_json(_plain(day))
    else:
        say(f"{day}\n{'print':<10} {day.fingerprint[:16]} (SHA-256 of the data, shortened)")


def _is_one_day(entries: list[Entry]) -> bool:
    """Whether there is but one day of one symbol that is known, so that it can be read."""
    return len(entries) == 1 and entries[0].symbol != "?" and entries[0].dates == str(entries[0].first)


def _list(entries: list[Entry], root: str, *, as_json: bool) -> None:
    if as_json:
        show_json([entry._asdict() for entry in entries])
    elif entries:
        show(_table(entries))
    else:
        click.echo(f"no market data in a format that is known under {root}; `nowake data info generated` makes a day")


def _table(entries: list[Entry]) -> Table:
    """One row for each name, however many days it has."""
    from nowake.reports import formats  # noqa: PLC0415
    from nowake.reports.table import Column, Table  # noqa: PLC0415

    by_name: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        by_name.setdefault((entry.spec, entry.venue, entry.gives), []).append(entry)
    rows = []
    for (spec, venue, gives), same in by_name.items():
        dated = [entry for entry in same if entry.first is not None and entry.last is not None]
        span = (min(str(entry.first) for entry in dated), max(str(entry.last) for entry in dated)) if dated else None
        dates = "not said" if span is None else span[0] if span[0] == span[1] else f"{span[0]} to {span[1]}"
        files = {file for entry in same for file in entry.files}
        size = sum(entry.size_bytes for entry in same) / 1e6
        rows.append(
            {"spec": spec, "venue": venue, "dates": dates, "gives": gives, "files": len(files), "size_mb": size}
        )
    columns = (
        Column("spec", "source", is_number=False),
        Column("venue", "venue", is_number=False),
        Column("dates", "dates", is_number=False),
        Column("gives", "gives", is_number=False),
        Column("files", "files", formats.count, spare=1),
        Column("size_mb", "MB", formats.number),
    )
    notes = ["A source is what load_day, simulate and data check take; --date says which day of several."]
    if any(entry.symbol == "?" for entry in entries):
        notes.append("Where a source ends in dots, its files do not name their symbol: write yours instead of them.")
    if any("symbols" in entry.symbol for entry in entries):
        notes.append("Where a source has dots and very many symbols, write one of them instead.")
    return Table("Days there are", columns, tuple(rows), tuple(notes))


def _plain(day: Day) -> dict[str, object]:
    session = day.instrument.session
    return {
        "source": day.source,
        "instrument": day.instrument,
        "open_ns": session.open_ns,
        "close_ns": session.close_ns,
        "events": len(day.events),
        "quotes": len(day.quotes),
        "trades": len(day.trades),
        "bars": 0 if day.bars is None else len(day.bars),
        "depth": day.depth,
        "can_replay": day.can_replay,
        "cannot_replay_because": day.cannot_replay_because,
        "warnings": day.warnings,
        "findings": day.findings,
        "fingerprint": day.fingerprint,
    }
