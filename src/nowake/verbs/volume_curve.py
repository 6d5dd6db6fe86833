"""How volume is expected to run over a day, as somebody says it: a file of times and shares, or earlier days.

A file is CSV or Parquet with the columns `time` (of day, at which a bucket begins; the last one ends at the close) and
`share` (of the day's volume; any numbers in proportion to it will do, such as shares traded)."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import NamedTuple

from nowake.data.columns import Names, read
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Session, parse_number, without_separators
from nowake.domain.order import ParentOrder
from nowake.models.volume import VolumeCurve

_NAMES = Names(needed=("time", "share"), times=())
_MOST_OF_IT = 0.75
_ENDINGS = (".csv", ".gz", ".zst", ".parquet")


class CurveFound(NamedTuple):
    """A curve on the clock of a session, and what to know of it, one sentence each."""

    curve: VolumeCurve
    notes: tuple[str, ...]


def volume_curve(spec: str, session: Session, *, root: str | os.PathLike[str] | None = None) -> CurveFound:
    """The curve a name means: that of a file, or the average of the days of a SOURCE before the session's.

    Raises
    ------
    NotFound
        When neither a file nor a source of that name is there.
    BadData
        When the file is no curve, or there are fewer than two normal days before.
    BadParameter
        When columns are missing.
    """
    if Path(spec).is_file() or spec.endswith(_ENDINGS):
        return CurveFound(read_curve(spec, session), (f"Volume runs as {Path(spec).name} says.",))
    from nowake.verbs.curves import curves  # noqa: PLC0415

    found = curves(spec, root=None if root is None else Path(root), until=session.date)
    curve, stands_in = found.volume.curve_on(session)
    note = f"Volume runs as on {curve.days} earlier days of {spec}" + (f": {stands_in}" if stands_in else "") + "."
    return CurveFound(curve, (note,))


def gaps_note(curve: VolumeCurve, order: ParentOrder) -> str:
    """What a curve says of an order's window that it covers in part only; empty where it has volume in most of it."""
    with_volume = [
        (max(start_ns, order.start_ns), min(end_ns, order.end_ns))
        for start_ns, end_ns, share in zip(curve.edges_ns, curve.edges_ns[1:], curve.shares, strict=False)
        if share > 0 and end_ns > order.start_ns and start_ns < order.end_ns
    ]
    part = sum(end_ns - start_ns for start_ns, end_ns in with_volume) / order.duration_ns
    if part >= _MOST_OF_IT or not with_volume:
        return ""
    clock = order.instrument.session.clock
    return (
        f"The volume curve has volume in only {part:.1%} of the window, all of it between {clock(with_volume[0][0])} "
        f"and {clock(with_volume[-1][1])}, and a schedule that follows it trades there alone; look whether the data "
        "are whole, or give a curve of earlier days (--curve)."
    )


def read_curve(path: str | os.PathLike[str], session: Session) -> VolumeCurve:
    """The curve of a file on the clock of a session; errors as for `volume_curve`."""
    source = read(os.fspath(path), None, _NAMES)
    edges, shares = [], []
    for index, (time, share) in enumerate(source.frame.select("time", "share").iter_rows()):
        try:
            edges.append(session.at(str(time)))
            shares.append(_share(str(share)))
        except BadParameter as error:
            raise BadData(f"{source.row(index)}: {error}") from None
        if index and not edges[-1] > edges[-2]:
            raise BadData(f"{source.row(index)}: time {time} is not after the one before it; sort the rows by time")
    if edges[0] != session.open_ns or not edges[-1] < session.close_ns:
        raise BadData(
            f"{source.path.name} runs from {session.clock(edges[0])} to {session.clock(edges[-1])}; the first time "
            f"must be the open, {session.clock(session.open_ns)}, and the last before the close, "
            f"{session.clock(session.close_ns)}"
        )
    whole = math.fsum(shares)
    if not whole > 0:
        raise BadData(f"{source.path.name} has no volume at all; give a share above 0")
    return VolumeCurve(edges_ns=(*edges, session.close_ns), shares=tuple(share / whole for share in shares))


def _share(text: str) -> float:
    found = float(parse_number(without_separators(text, "share"), "share"))
    if not 0 <= found < math.inf:
        raise BadParameter(f"share {text} must be 0 or more and finite")
    return found
