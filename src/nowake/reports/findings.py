"""Numbers found in data as a table: value, interval, unit, and what they rest on."""

from __future__ import annotations

from collections.abc import Iterable

from nowake.reports import formats
from nowake.reports.table import Column, Table
from nowake.statistics.finding import Finding


def findings_table(title: str, found: Iterable[Finding], notes: tuple[str, ...] = (), *, level: float) -> Table:
    """One row a number, with its interval of `level`; how well fits explain where any of them says so."""
    rows = tuple(row_of(each) for each in found)
    explains = (Column("r2", "R²", formats.percent, spare=1),) if any(row["r2"] is not None for row in rows) else ()
    columns = (
        Column("finding", "finding", _in_short, is_number=False),
        Column("value", "value", formats.number),
        Column("low", f"{100 * level:.4g}%\nfrom", formats.number),
        Column("high", "\nto", formats.number),
        Column("unit", "unit", is_number=False),
        *explains,
        Column("n", "n", formats.count, spare=2),
    )
    return Table(title, columns, rows, notes)


def row_of(found: Finding) -> dict[str, object]:
    """One number; times in the largest unit of which there is one."""
    measured = found.measured
    unit, times = next(
        (each for each in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)) if measured.value * each[1] >= 1), ("s", 1.0)
    ) if found.unit == "s" else (found.unit, 1.0)  # fmt: skip
    return {
        "finding": found.name,
        "value": measured.value * times,
        "low": measured.low * times,
        "high": measured.high * times,
        "level": measured.level,
        "unit": unit,
        "r2": found.r2,
        "n": measured.n,
        "method": measured.method,
    }


def _in_short(name: object) -> str:
    """A row that repeats the one above in another unit need not repeat its bar."""
    short = str(name).replace(", slow part", ", slow").replace(" traded", " units")
    short = "  the same" if short.startswith("  the same") else short
    return short.replace("  ", "\u00a0\u00a0", 1) if short.startswith("  ") else short  # HTML drops plain blanks.
