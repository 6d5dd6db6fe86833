"""nowake data convert"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import click

from nowake.cli.options import json_option
from nowake.cli.screen import bytes_bar, counted, show, show_json
from nowake.domain.errors import BadData, BadParameter, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nowake.data.convert import Outcome
    from nowake.data.readers.contract import Recording, Wanted
    from nowake.reports.table import Table

_MOST_SHOWN = 60


@click.command("convert", short_help="Keep days of any format as Parquet, quick to read.")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--to", required=True, metavar="FOLDER", help="The store: made if it is not there.")
@click.option("--symbol", "symbols", multiple=True, help="Only this symbol; may be given several times.")
@click.option("--date", metavar="YYYY-MM-DD", help="Only this day; of files that say no date, their day.")
@click.option("--from", "first", metavar="YYYY-MM-DD", help="Only days from this one on.")
@click.option("--to-date", "last", metavar="YYYY-MM-DD", help="Only days up to this one.")
@click.option("--tick", help="The price step, instead of what the data say.")
@click.option("--lot", help="The quantity step, instead of what the data say.")
@click.option("--multiplier", help="What one unit of quantity is worth for one unit of price: 50 for ES futures.")
@click.option("--overwrite", is_flag=True, help="Days that are there, made of something else, give way.")
@click.option("--root", metavar="DIR", help="Data folder. Default: $NOWAKE_DATA, else ../shared/data.")
@json_option
def command(
    sources: tuple[str, ...], *, to: str, root: str | None, overwrite: bool, as_json: bool, **filters: object
) -> int:
    """Write the days of SOURCEs into a folder of Parquet files, by date and symbol. Exits 1 where one was left out.

    SOURCE is FORMAT:SYMBOL, or a path to a file or a folder. A second time the same files change nothing.
    """
    from nowake.data.convert import convert  # noqa: PLC0415

    wanted = _wanted(filters)
    recordings, wanted = _recordings(sources, root, wanted)
    with bytes_bar("converting", sum(each.size_bytes for each in recordings)) as read:
        heard = _Heard(recordings, read)
        outcomes = convert(recordings, to, wanted, overwrite=overwrite, hear=heard)
    failures = [outcome for outcome in outcomes if outcome.failure]
    if len(outcomes) == len(failures) == 1:
        raise BadData(failures[0].failure)
    if not failures and not any(outcome.days for outcome in outcomes):
        raise NotFound("nothing of the symbols and days asked for is there; see what is with `nowake data info`")
    if as_json:
        show_json([_plain(outcome) for outcome in outcomes])
    else:
        show(_table(outcomes, to))
    return 1 if failures else 0


class _Heard:
    """Turns what readers say of their own progress into bytes of all files."""

    def __init__(self, recordings: Sequence[Recording], read: object) -> None:
        self._before, total = {}, 0
        for recording in recordings:
            self._before[recording.files] = total
            total += recording.size_bytes
        self._read, self._total = read, total

    def __call__(self, recording: Recording, done: int, of: int) -> None:
        share = min(1.0, done / of) if of else 1.0
        self._read(self._before[recording.files] + int(share * recording.size_bytes), self._total)  # type: ignore[operator]


def _wanted(filters: dict[str, object]) -> Wanted:
    from nowake.data.load import parse_date, parse_step  # noqa: PLC0415
    from nowake.data.readers.contract import Wanted  # noqa: PLC0415

    date, first, last = (parse_date(filters[name]) for name in ("date", "first", "last"))  # type: ignore[arg-type]
    if date is not None and (first is not None or last is not None):
        raise BadParameter("--date goes without --from and --to-date; give one day or a span of days")
    if first is not None and last is not None and last < first:
        raise BadParameter(f"--to-date {last} is before --from {first}")
    return Wanted(
        symbols=frozenset(filters["symbols"]),  # type: ignore[call-overload]
        first=date or first,
        last=date or last,
        tick_size=parse_step("tick_size", filters["tick"]),  # type: ignore[arg-type]
        lot_size=parse_step("lot_size", filters["lot"]),  # type: ignore[arg-type]
        multiplier=parse_step("multiplier", filters["multiplier"]),  # type: ignore[arg-type]
    )


def _recordings(sources: tuple[str, ...], root: str | None, wanted: Wanted) -> tuple[list[Recording], Wanted]:
    """What the sources hold of what is wanted, and the symbols as they are spelled there."""
    from nowake.data import load  # noqa: PLC0415
    from nowake.data.convert import fits  # noqa: PLC0415

    found: list[Recording] = []
    symbols: set[str] = set(wanted.symbols)
    with counted("files looked at") as seen:
        for source in sources:
            _, here, symbol = load.recordings(source, root=root, progress=seen)
            found += [recording for recording in here if recording not in found]
            symbols |= {symbol} if symbol else set()
    spelled = {each.casefold(): each for recording in found for each in recording.symbols}
    wanted = dataclasses.replace(wanted, symbols=frozenset(spelled.get(each.casefold(), each) for each in symbols))
    kept = [each for each in found if fits(each, wanted.symbols, wanted.first, wanted.last)]
    kept.sort(key=lambda each: -each.size_bytes)  # Of two that hold a day, the one that says more of it comes first.
    if not kept:
        raise NotFound("nothing of the symbols and days asked for is there; see what is with `nowake data info`")
    return kept, wanted


def _plain(outcome: Outcome) -> dict[str, object]:
    recording = outcome.recording
    return {
        "format": recording.format,
        "files": [str(path) for path in recording.files],
        "failure": outcome.failure or None,
        "days": [
            {
                "symbol": day.key[0],
                "venue": day.key[1],
                "date": day.key[2].isoformat(),
                "folder": str(day.folder),
                "rows": day.rows,
                "size_bytes": day.size_bytes,
                "fate": day.fate,
            }
            for day in outcome.days
        ],
    }


def _table(outcomes: list[Outcome], to: str) -> Table:
    from nowake.reports import formats  # noqa: PLC0415
    from nowake.reports.table import Column, Table  # noqa: PLC0415

    days = [(outcome.recording.format, day) for outcome in outcomes for day in outcome.days]
    days.sort(key=lambda pair: (pair[1].key[0], pair[1].key[2], pair[1].key[1]))
    tables = [name for name in ("events", "quotes", "trades", "bars") if any(name in day.rows for _, day in days)]
    rows = [
        {
            "date": day.key[2].isoformat(),
            "symbol": day.key[0],
            "venue": day.key[1],
            "format": name,
            **day.rows,
            "size_mb": day.size_bytes / 1e6,
            "fate": day.fate,
        }
        for name, day in days[:_MOST_SHOWN]
    ]
    columns = (
        Column("date", "date", is_number=False),
        Column("symbol", "symbol", is_number=False),
        Column("venue", "venue", is_number=False, spare=1),
        Column("format", "from", is_number=False, spare=2),
        *(Column(name, name, formats.count) for name in tables),
        Column("size_mb", "MB", formats.number),
        Column("fate", "", is_number=False),
    )
    notes = [f"and {len(days) - _MOST_SHOWN:,} days more"] if len(days) > _MOST_SHOWN else []
    notes += [
        f"LEFT OUT {'/'.join(outcome.recording.files[0].parts[-2:])}: {outcome.failure}"
        for outcome in outcomes
        if outcome.failure
    ]
    return Table(f"{len(days):,} days in {to}", columns, tuple(rows), tuple(notes))
