"""What a tape tells about impact, as a table."""

from __future__ import annotations

from nowake.models.tape.calibration import TapeCalibration
from nowake.reports.findings import findings_table
from nowake.reports.table import Table


def tape_table(found: TapeCalibration) -> Table:
    """One row a number, with its interval; what could not be fitted stands below with the reason."""
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
    return findings_table(title, found.findings(), notes, level=found.level)
