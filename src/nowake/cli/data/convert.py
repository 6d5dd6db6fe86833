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
_NOTHING = "nothing of the symbols and days asked for is there; see what is with `nowake data info`"


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
    from nowake.data.folder import blamed  # noqa: PLC0415

    asked = _Asked(sources, root, _wanted(filters))
    recordings = list(asked.jobs)
    with bytes_bar("converting", sum(each.size_bytes for each in recordings)) as read:
        heard = _Heard(recordings, read)
        outcomes = convert(asked.jobs.items(), to, overwrite=overwrite, hear=heard)
    failures = [blamed(each.recording.files[0], each.failure) for each in outcomes if each.failure]
    left_out = asked.left_out(outcomes)
    if not any(outcome.days for outcome in outcomes):
        raise BadData("; ".join(failures)) if failures else NotFound(_NOTHING)
    if as_json:
        show_json([*map(_plain, outcomes), *({"failure": line, "days": []} for line in left_out)])
    else:
        show(_table(outcomes, to, failures + left_out))
    return 1 if failures or left_out else 0


class _Asked:
    """What is wanted of each recording of the sources, the largest first; and what of the sources comes to nothing.

    Of two recordings that hold a day, the larger says more of it.
    """

    def __init__(self, sources: tuple[str, ...], root: str | None, wanted: Wanted) -> None:
        from nowake.data import load  # noqa: PLC0415

        self._wanted = wanted
        self._of_source: dict[str, tuple[Recording, ...]] = dict.fromkeys(sources, ())
        self._faults: dict[str, None] = {}
        symbols: dict[Recording, frozenset[str]] = {}
        with counted("files looked at") as seen:
            for source in self._of_source:
                here, found, symbol = load.recordings(source, root=root, progress=seen)
                jobs = self._jobs(found, self._symbols(source, symbol))
                for recording, these in jobs.items():
                    before = symbols.get(recording, these)
                    symbols[recording] = before | these if before and these else frozenset()
                self._of_source[source] = tuple(jobs)
                self._faults |= dict.fromkeys(str(fault) for fault in load.left_out(here, symbol))
        if not symbols:
            raise NotFound(_NOTHING)
        ordered = sorted(symbols, key=lambda each: -each.size_bytes)
        self.jobs = {each: dataclasses.replace(wanted, symbols=symbols[each]) for each in ordered}

    def left_out(self, outcomes: list[Outcome]) -> list[str]:
        """A line on each file that cannot be read, and each source and symbol of which nothing came."""
        fruitful = {outcome.recording for outcome in outcomes if outcome.days or outcome.failure}
        barren = [source for source, found in self._of_source.items() if not fruitful.intersection(found)]
        there = {day.key[0].casefold() for outcome in outcomes for day in outcome.days}
        missing = sorted(symbol for symbol in self._wanted.symbols if symbol.casefold() not in there)
        return [
            *self._faults,
            *(f"{source}: nothing of the symbols and days asked for is in it" for source in barren),
            *(f"{symbol}: it is in no day of the sources that is asked for" for symbol in missing),
        ]

    def _symbols(self, source: str, named: str) -> frozenset[str]:
        """The symbols wanted of a source: the one it names, else those of --symbol."""
        others = sorted(each for each in self._wanted.symbols if each.casefold() != named.casefold())
        if named and others:
            raise BadParameter(f"{source} names a symbol already; leave out --symbol {others[0]}")
        return frozenset({named}) if named else self._wanted.symbols

    def _jobs(self, found: Sequence[Recording], symbols: frozenset[str]) -> dict[Recording, frozenset[str]]:
        """Recordings that may hold symbols on the days wanted, each with the symbols as it spells them."""
        from nowake.data.convert import fits  # noqa: PLC0415

        jobs = {}
        for recording in found:
            spelled = {each.casefold(): each for each in recording.symbols}
            these = frozenset(spelled.get(each.casefold(), each) for each in symbols)
            if fits(recording, these, self._wanted.first, self._wanted.last):
                jobs[recording] = these
        return jobs


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


def _table(outcomes: list[Outcome], to: str, left_out: list[str]) -> Table:
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
    notes += [f"LEFT OUT {line}" for line in left_out]
    title = f"{len(days):,} {'day' if len(days) == 1 else 'days'} in {to}"
    return Table(title, columns, tuple(rows), tuple(notes))
