"""What a tape tells about impact, as a table."""

from __future__ import annotations

from nowake.models.tape.calibration import TapeCalibration
from nowake.reports import formats
from nowake.reports.table import Column, Table


def tape_table(found: TapeCalibration) -> Table:
    """One row a number, with its interval; what could not be fitted stands below with the reason."""
    columns = (
        Column("finding", "finding", is_number=False),
        Column("value", "value", formats.number),
        Column("low", f"{100 * found.level:.4g}%\nfrom", formats.number),
        Column("high", "\nto", formats.number),
        Column("unit", "unit", is_number=False),
        Column("r2", "R²", formats.percent, spare=1),
        Column("n", "n", formats.count, spare=2),
    )
    rows = tuple(
        {
            "finding": each.name,
            "value": each.measured.value,
            "low": each.measured.low,
            "high": each.measured.high,
            "level": each.measured.level,
            "unit": each.unit,
            "r2": each.r2,
            "n": each.measured.n,
            "method": each.measured.method,
        }
        for each in found.findings()
    )
    session = found.instrument.session
    title = (
        f"What the tape of {found.instrument.symbol} tells, {session.date} {session.moment(found.start_ns)} to "
        f"{session.moment(found.end_ns)}"
    )
    notes = (
        f"{found.orders:,} market orders of {found.prints:,} prints; sides by {found.signed_by}. "
        f"Prints left out: {found.left_out}.",
        *(f"Not told: {reason}." for reason in found.refusals),
        *found.notes,
    )
    return Table(title, columns, rows, notes)
