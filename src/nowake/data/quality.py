"""What is wrong with a day: counts of the faults that make costs and simulations lie, and one sentence on them.

The counts are taken on plain frames, so data a strict reader refuses can be counted too. A duplicate is a row equal
to the one before in every column; prints of one sweep can be equal and true, so it is a hint, not a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.data.day import Day
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.layout import ADD, HALT, PRINT_CROSS, RESUME, RESYNC

if TYPE_CHECKING:
    import polars as pl

SILENCE_NS = 60 * NS_PER_SECOND
LONG_SILENCE_NS = 1800 * NS_PER_SECOND  # Of every table: part of the session is missing.

_ROW_FAULTS = ("unreadable", "clock_reversals", "non_positive_price", "non_positive_size", "crossed", "unknown_kinds")


class TableQuality(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of one table.

    Parameters
    ----------
    rows, unreadable
        All rows, and those with a field that is missing or no number (left out of the other counts).
    first_ns, last_ns
        Times of the first and the last row, None when there is none.
    longest_silence_s
        Longest time between two rows, open and close included, inside the session, seconds.
    silences
        How many of those are longer than 60 s.
    duplicates
        Rows equal to the row before.
    clock_reversals
        Rows whose time is before that of the row above.
    out_of_session
        Rows before the open or after the close.
    non_positive_price, non_positive_size
        Rows with a price or size that must be above 0 and is not.
    crossed, locked, one_sided
        Quote rows with bid above ask, bid equal to ask, or a side missing.
    unknown_kinds, halts
        Event rows of a kind that does not exist, and of trading halts.
    """

    rows: int
    unreadable: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    longest_silence_s: float = 0.0
    silences: int = 0
    duplicates: int = 0
    clock_reversals: int = 0
    out_of_session: int = 0
    non_positive_price: int = 0
    non_positive_size: int = 0
    crossed: int = 0
    locked: int = 0
    one_sided: int = 0
    unknown_kinds: int = 0
    halts: int = 0


class QualityReport(msgspec.Struct, frozen=True, kw_only=True):
    """Faults of a day, table by table, and a verdict.

    Parameters
    ----------
    source, session
        What was looked at.
    tables
        "events", "quotes" and "trades", those that are there.
    resyncs_revealed, resyncs_unexplained, transitions, transitions_explained
        As `nowake.data.day.Resyncs`; None where there was no book to compare with.
    notes
        Other things to know, one sentence each.
    refused
        Whether the strict reader refuses the data; the first note says why.
    """

    source: str
    session: Session
    tables: dict[str, TableQuality]
    resyncs_revealed: int | None = None
    resyncs_unexplained: int | None = None
    transitions: int | None = None
    transitions_explained: int | None = None
    notes: tuple[str, ...] = ()
    refused: bool = False

    @property
    def faults(self) -> int:
        """Rows that must not be used as they are and changes of the book without a message; at least 1 if refused."""
        rows = sum(getattr(table, name) for table in self.tables.values() for name in _ROW_FAULTS)
        return max(int(rows) + (self.resyncs_unexplained or 0), int(self.refused))

    @property
    def verdict(self) -> str:
        """One sentence."""
        if not any(table.rows for table in self.tables.values()):
            return "Empty: there is nothing to use."
        if self.faults:
            worst = [
                f"{getattr(table, name):,} {name.replace('_', ' ')} in {which}"
                for which, table in self.tables.items()
                for name in _ROW_FAULTS
                if getattr(table, name)
            ]
            if self.refused:
                worst.append(self.notes[0])
            if self.resyncs_unexplained:
                worst.append(f"{self.resyncs_unexplained:,} book changes without a message")
            return f"Do not use before repair: {'; '.join(worst)}."
        silent_s = min(table.longest_silence_s for table in self.tables.values() if table.rows)
        if silent_s * NS_PER_SECOND > LONG_SILENCE_NS:
            return f"Usable with care: {silent_s:,.0f} s of the session hold nothing at all."
        if self.notes:
            return f"Usable with care: {self.notes[0]}."
        return "Clean: no fault found."

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain | {"faults": self.faults, "verdict": self.verdict}

    def __str__(self) -> str:
        names = list(self.tables)
        lines = [f"quality of {self.source} {self.session.date}", f"{'':<22}" + "".join(f"{n:>16}" for n in names)]
        for field in TableQuality.__struct_fields__:
            values = [self._cell(field, getattr(table, field)) for table in self.tables.values()]
            lines.append(f"{field.removesuffix('_ns').replace('_', ' '):<22}" + "".join(f"{v:>16}" for v in values))
        if self.transitions is not None:
            lines.append(f"{'book transitions':<22}{self.transitions_explained:,} of {self.transitions:,} explained")
            lines.append(f"{'levels revealed':<22}{self.resyncs_revealed:,}")
        lines += [f"{'note':<22}{note}" for note in self.notes]
        return "\n".join([*lines, f"{'verdict':<22}{self.verdict}"])

    def _cell(self, field: str, value: float | None) -> str:
        if value is None:
            return "-"
        if field.endswith("_ns"):
            return self.session.clock(int(value))
        return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def check(day: Day) -> QualityReport:
    """Count the faults of a day that was read."""
    frames = {which: day.to_frame(which) for which in ("events", "quotes", "trades") if len(getattr(day, which))}
    report = check_tables(frames, session=day.instrument.session, source=day.source, notes=day.warnings)
    if day.resyncs is None:
        return report
    return msgspec.structs.replace(
        report,
        resyncs_revealed=day.resyncs.revealed,
        resyncs_unexplained=day.resyncs.unexplained,
        transitions=day.resyncs.transitions,
        transitions_explained=day.resyncs.transitions_explained,
    )


def check_tables(
    tables: Mapping[str, pl.DataFrame], *, session: Session, source: str = "tables", notes: tuple[str, ...] = ()
) -> QualityReport:
    """Count the faults of raw frames, in whatever order and state they are.

    Parameters
    ----------
    tables
        "events", "quotes" and "trades" -> frame with the columns of `nowake.data.schema`; a null is unreadable.
    session
        What gaps and rows out of session are measured against.
    source, notes
        For the report.
    """
    counted = {which: _check_table(table, session) for which, table in tables.items()}
    return QualityReport(source=source, session=session, tables=counted, notes=notes)


def _check_table(table: pl.DataFrame, session: Session) -> TableQuality:
    complete = table.drop_nulls()
    columns = {name: complete[name].to_numpy() for name in complete.columns}
    counts = {"rows": table.height, "unreadable": table.height - complete.height}
    if not complete.height:
        return TableQuality(**counts)
    time = columns["time_ns"]
    longest_s, silences = _silences(time, session)
    counts |= {
        "first_ns": int(time[0]),
        "last_ns": int(time[-1]),
        "silences": silences,
        "duplicates": _duplicates(columns),
        "clock_reversals": int(np.count_nonzero(np.diff(time) < 0)),
        "out_of_session": int(np.count_nonzero((time < session.open_ns) | (time > session.close_ns))),
    }
    specific = _quote_faults(columns) if "bid_ticks" in columns else _print_faults(columns)
    return TableQuality(**counts, **specific, longest_silence_s=longest_s)


def _silences(time: npt.NDArray[np.int64], session: Session) -> tuple[float, int]:
    inside = np.sort(time[(time >= session.open_ns) & (time <= session.close_ns)])
    gaps = np.diff(np.concatenate([[session.open_ns], inside, [session.close_ns]]))
    return float(gaps.max()) / NS_PER_SECOND, int(np.count_nonzero(gaps > SILENCE_NS))


def _duplicates(columns: Mapping[str, npt.NDArray[np.int64]]) -> int:
    same = [column[1:] == column[:-1] for column in columns.values()]
    return int(np.count_nonzero(np.logical_and.reduce(same)))


def _quote_faults(columns: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, int]:
    bid, ask = columns["bid_ticks"], columns["ask_ticks"]
    has_bid, has_ask = columns["bid_lots"] > 0, columns["ask_lots"] > 0
    both = has_bid & has_ask
    return {
        "crossed": int(np.count_nonzero(both & (bid > ask))),
        "locked": int(np.count_nonzero(both & (bid == ask))),
        "one_sided": int(np.count_nonzero(has_bid != has_ask)),
        "non_positive_price": int(np.count_nonzero((has_bid & (bid <= 0)) | (has_ask & (ask <= 0)))),
        "non_positive_size": int(np.count_nonzero((columns["bid_lots"] < 0) | (columns["ask_lots"] < 0))),
    }


def _print_faults(columns: Mapping[str, npt.NDArray[np.int64]]) -> dict[str, int]:
    """Of events or trades. A RESYNC to nothing and a halt rightly have no size."""
    price, lots = columns["price_ticks"], columns["lots"]
    kind = columns.get("kind")
    if kind is None:
        return _not_positive(price, lots, np.ones(len(price), np.bool_))
    sized = (kind >= ADD) & (kind <= PRINT_CROSS)
    counts = _not_positive(price, np.where(kind == RESYNC, lots + 1, lots), sized)
    return counts | {
        "unknown_kinds": int(np.count_nonzero((kind < ADD) | (kind > RESUME))),
        "halts": int(np.count_nonzero(kind == HALT)),
    }


def _not_positive(
    price: npt.NDArray[np.int64], lots: npt.NDArray[np.int64], where: npt.NDArray[np.bool_]
) -> dict[str, int]:
    return {
        "non_positive_price": int(np.count_nonzero(where & (price <= 0))),
        "non_positive_size": int(np.count_nonzero(where & (lots <= 0))),
    }
