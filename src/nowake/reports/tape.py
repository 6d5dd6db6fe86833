"""What a tape tells about impact, as a table."""

from __future__ import annotations

from nowake.models.tape.calibration import Finding, TapeCalibration
from nowake.reports import formats
from nowake.reports.table import Column, Table


def tape_table(found: TapeCalibration) -> Table:
    """One row a number, with its interval; what could not be fitted stands below with the reason."""
    columns = (
        Column("finding", "finding", _in_short, is_number=False),
        Column("value", "value", formats.number),
        Column("low", f"{100 * found.level:.4g}%\nfrom", formats.number),
        Column("high", "\nto", formats.number),
        Column("unit", "unit", is_number=False),
        Column("r2", "R²", formats.percent, spare=1),
        Column("n", "n", formats.count, spare=2),
    )
    rows = tuple(_row(each) for each in found.findings())
    session = found.instrument.session
    title = (
        f"What the tape of {found.instrument.symbol} tells, {session.date} {session.moment(found.start_ns)} to "
        f"{session.moment(found.end_ns)}"
    )
    notes = (
        "A unit is a share, contract or coin; l counts market orders.",
        f"{found.orders:,} market orders of {found.prints:,} prints; sides by {found.signed_by}. "
        f"Prints left out: {found.left_out}.",
        *(f"Not told: {reason}." for reason in found.refusals),
        *found.notes,
    )
    return Table(title, columns, rows, notes)


def _row(found: Finding) -> dict[str, object]:
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
    return "  the same" if short.startswith("  the same") else short
