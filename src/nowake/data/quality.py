"""What is wrong with a day: counts of the faults that make costs and simulations lie, and one sentence on them.

The counts are taken on plain frames, so data a strict reader refuses can be counted too. A duplicate is a row equal
to the one before in every column; prints of one sweep can be equal and true, so it is a hint, not a fault. Crossed
quotes are a fault where a book made them, or where they are many: a consolidated feed shows a few in passing. In a halt
or out of session, as before an opening auction, quotes may cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt

from nowake.data.day import Day
from nowake.data.findings import KINDS, NOTHING_FOUND, Findings
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_SECOND
from nowake.kernels.layout import ADD, HALT, LEVEL, PRINT_CROSS, RESUME, RESYNC, TRADE

if TYPE_CHECKING:
    import polars as pl

    from nowake.data.schema import Table

_FOREVER = 1 << 62
SILENCE_NS = 60 * NS_PER_SECOND
LONG_SILENCE_NS = 1800 * NS_PER_SECOND  # Of every table: part of the session is missing.

STALE_TRADES = 5  # Trades in a row beyond a quote that does not change: nobody would trade there were it true.

_ROW_FAULTS = ("unreadable", "clock_reversals", "non_positive_price", "non_positive_size", "crossed", "unknown_kinds")
_PASSING = 1_000  # One crossed quote in so many is passing, where the quotes come from several venues.

Ints = npt.NDArray[np.int64]
Spans = Sequence[tuple[int, int]]


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
    auction_crossed
        Quote rows with bid at or above ask in a halt or out of session; not among `crossed` and `locked`.
    stale
        Quote rows that stood unchanged while `STALE_TRADES` or more trades in a row were made beyond them.
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
    auction_crossed: int = 0
    stale: int = 0
    unknown_kinds: int = 0
    halts: int = 0


class QualityReport(msgspec.Struct, frozen=True, kw_only=True):
    """Faults of a day, table by table, and a verdict.

    Parameters
    ----------
    source, session
        What was looked at.
    tables
        "events", "quotes", "trades" and "bars", those that are there.
    findings
        What the reader noticed while it read.
    cannot_replay_because
        Why orders cannot be simulated in the day, a sentence; empty where they can.
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
    findings: Findings = NOTHING_FOUND
    cannot_replay_because: str = ""
    resyncs_revealed: int | None = None
    resyncs_unexplained: int | None = None
    transitions: int | None = None
    transitions_explained: int | None = None
    notes: tuple[str, ...] = ()
    refused: bool = False

    @property
    def faults(self) -> int:
        """Rows that must not be used as they are, found here or by the reader; at least 1 if refused.

        Changes of the book without a message count, too.
        """
        rows = sum(count for _, _, count in self.row_faults) + self.findings.faults
        refused = self.refused or bool(self.findings.refusal)
        return max(rows + (self.resyncs_unexplained or 0), int(refused))

    @property
    def row_faults(self) -> list[tuple[str, str, int]]:
        """Table, name and count of what was counted here."""
        return [
            (which, name, int(getattr(table, name)))
            for which, table in self.tables.items()
            for name in _ROW_FAULTS
            if getattr(table, name) and not (name == "crossed" and self._is_passing(table))
        ]

    @property
    def verdict(self) -> str:
        """One sentence."""
        if not any(table.rows for table in self.tables.values()):
            why = self._worst()
            return f"Empty: there is nothing to use{f', {why}' if why else ''}."
        if self.faults:
            return f"Do not use before repair: {self._worst()}."
        silent_s = min(table.longest_silence_s for table in self.tables.values() if table.rows)
        if silent_s * NS_PER_SECOND > LONG_SILENCE_NS:
            return f"Usable with care: {silent_s:,.0f} s of the session hold nothing at all."
        if self.notes:
            return f"Usable with care: {self.notes[0].removesuffix('.')}."
        return "Clean: no fault found."

    def to_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain | {"faults": self.faults, "verdict": self.verdict}

    def __str__(self) -> str:
        from nowake.data.quality_words import in_words  # noqa: PLC0415

        return in_words(self)

    def _is_passing(self, table: TableQuality) -> bool:
        return "events" not in self.tables and table.crossed * _PASSING <= table.rows

    def _worst(self) -> str:
        """What speaks against using the day; empty where nothing does."""
        worst = [f"{count:,} {name.replace('_', ' ')} in {which}" for which, name, count in self.row_faults]
        worst += [
            f"{count:,} {name.replace('_', ' ')}"
            for name, count in self.findings.counts.items()
            if count and KINDS[name][0]
        ]
        if self.refused:
            worst.append(self.notes[0])
        if self.resyncs_unexplained:
            worst.append(f"{self.resyncs_unexplained:,} book changes without a message")
        if self.findings.refusal:
            worst.append(self.findings.refusal)
        return "; ".join(worst).removesuffix(".")


def check(day: Day) -> QualityReport:
    """Count the faults of a day that was read."""
    tables: tuple[Table, ...] = ("events", "quotes", "trades", "bars")
    frames = {which: day.to_frame(which) for which in tables if getattr(day, which) is not None}
    report = check_tables(
        {which: frame for which, frame in frames.items() if frame.height},
        session=day.instrument.session,
        source=day.source,
        notes=day.warnings,
        negative_prices=day.instrument.negative_prices,
    )
    report = msgspec.structs.replace(report, findings=day.findings, cannot_replay_because=day.cannot_replay_because)
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
    tables: Mapping[str, pl.DataFrame],
    *,
    session: Session,
    source: str = "tables",
    notes: tuple[str, ...] = (),
    negative_prices: bool = False,
) -> QualityReport:
    """Count the faults of raw frames, in whatever order and state they are.

    Parameters
    ----------
    tables
        "events", "quotes", "trades" and "bars" -> frame with the columns of `nowake.data.schema`; a null is unreadable.
    session
        What gaps and rows out of session are measured against.
    source, notes
        For the report.
    negative_prices
        Whether prices of zero and below are right.
    """
    closed = [*_halts(tables.get("events")), (-_FOREVER, session.open_ns), (session.close_ns, _FOREVER)]
    counted = {which: _check_table(table, session, closed, negative_prices) for which, table in tables.items()}
    if "quotes" in counted and "trades" in counted:
        stale = _stale(tables["quotes"].drop_nulls(), tables["trades"].drop_nulls())
        counted["quotes"] = msgspec.structs.replace(counted["quotes"], stale=stale)
    return QualityReport(source=source, session=session, tables=counted, notes=notes)


def _check_table(table: pl.DataFrame, session: Session, closed: Spans, negative_prices: bool) -> TableQuality:
    may_lack = ["vwap"] if "vwap" in table.columns else []
    complete = table.drop_nulls([name for name in table.columns if name not in may_lack])
    columns = {name: complete[name].to_numpy() for name in complete.columns}
    counts = {"rows": table.height, "unreadable": table.height - complete.height}
    if not complete.height:
        return TableQuality(**counts)
    time = columns["time_ns"]
    longest_s, silences = _silences(columns, session)
    counts |= {
        "first_ns": int(time[0]),
        "last_ns": int(time[-1]),
        "silences": silences,
        "duplicates": _duplicates(columns),
        "clock_reversals": int(np.count_nonzero(np.diff(time) < 0)),
        "out_of_session": int(np.count_nonzero((time < session.open_ns) | (time > session.close_ns))),
    }
    if "bid_ticks" in columns:
        specific = _quote_faults(columns, closed)
    elif "open" in columns:
        specific = _bar_faults(columns)
    else:
        specific = _print_faults(columns)
    if negative_prices:
        specific["non_positive_price"] = 0
    return TableQuality(**counts, **specific, longest_silence_s=longest_s)


def _halts(events: pl.DataFrame | None) -> list[tuple[int, int]]:
    """From each halt to the end of it."""
    if events is None or not events.height:
        return []
    told = events.drop_nulls().filter(events.drop_nulls()["kind"].is_in([HALT, RESUME]))
    spans: list[tuple[int, int]] = []
    begin: int | None = None
    for time, kind in zip(told["time_ns"].to_list(), told["kind"].to_list(), strict=True):
        if kind == HALT:
            begin = time if begin is None else begin
        elif begin is not None:
            spans.append((begin, time))
            begin = None
    return spans if begin is None else [*spans, (begin, _FOREVER)]


def _stale(quotes: pl.DataFrame, trades: pl.DataFrame) -> int:
    """Quotes beyond which `STALE_TRADES` trades in a row were made before they changed.

    A trade is held against the last quote strictly before it, for in one instant nobody knows which came first.
    """
    if not quotes.height or not trades.height or not quotes["time_ns"].is_sorted():
        return 0
    shown = trades.filter(~trades["auction"] & ~trades["hidden"])
    row = np.searchsorted(quotes["time_ns"].to_numpy(), shown["time_ns"].to_numpy(), side="left") - 1
    known = row >= 0
    row, price = row[known], shown["price_ticks"].to_numpy()[known]
    bid, ask = quotes["bid_ticks"].to_numpy()[row], quotes["ask_ticks"].to_numpy()[row]
    beyond = ((quotes["bid_lots"].to_numpy()[row] > 0) & (price < bid)) | (
        (quotes["ask_lots"].to_numpy()[row] > 0) & (price > ask)
    )
    new_run = np.ones(len(row), np.bool_)
    new_run[1:] = (row[1:] != row[:-1]) | (beyond[1:] != beyond[:-1])
    run = np.cumsum(new_run)[beyond]
    lengths = np.bincount(run) if len(run) else np.zeros(0, np.int64)
    first = row[np.flatnonzero(new_run)]
    return len(np.unique(first[np.flatnonzero(lengths >= STALE_TRADES) - 1]))


def _silences(columns: Mapping[str, Ints], session: Session) -> tuple[float, int]:
    """The longest time in the session without a row, and how many are long; a bar lasts to its end."""
    begin, end = columns["time_ns"], columns.get("end_ns", columns["time_ns"])
    inside = (end >= session.open_ns) & (begin <= session.close_ns)
    order = np.argsort(begin[inside], kind="stable")
    starts = np.append(begin[inside][order], session.close_ns)
    ends = np.insert(np.maximum.accumulate(end[inside][order]), 0, session.open_ns)
    gaps = np.maximum(starts - ends, 0)
    return float(gaps.max()) / NS_PER_SECOND, int(np.count_nonzero(gaps > SILENCE_NS))


def _duplicates(columns: Mapping[str, Ints]) -> int:
    same = [column[1:] == column[:-1] for column in columns.values()]
    return int(np.count_nonzero(np.logical_and.reduce(same)))


def _quote_faults(columns: Mapping[str, Ints], closed: Spans) -> dict[str, int]:
    bid, ask = columns["bid_ticks"], columns["ask_ticks"]
    has_bid, has_ask = columns["bid_lots"] > 0, columns["ask_lots"] > 0
    both = has_bid & has_ask
    auction = np.zeros(len(bid), np.bool_)
    for begin, end in closed:
        auction |= (columns["time_ns"] >= begin) & (columns["time_ns"] < end)
    return {
        "crossed": int(np.count_nonzero(both & (bid > ask) & ~auction)),
        "locked": int(np.count_nonzero(both & (bid == ask) & ~auction)),
        "auction_crossed": int(np.count_nonzero(both & (bid >= ask) & auction)),
        "one_sided": int(np.count_nonzero(has_bid != has_ask)),
        "non_positive_price": int(np.count_nonzero((has_bid & (bid <= 0)) | (has_ask & (ask <= 0)))),
        "non_positive_size": int(np.count_nonzero((columns["bid_lots"] < 0) | (columns["ask_lots"] < 0))),
    }


def _bar_faults(columns: Mapping[str, Ints]) -> dict[str, int]:
    return {
        "non_positive_price": int(np.count_nonzero(columns["low"] <= 0)),
        "non_positive_size": int(np.count_nonzero(columns["volume"] < 0)),
    }


def _print_faults(columns: Mapping[str, Ints]) -> dict[str, int]:
    """Of events or trades. A level that is gone, a halt and a new start rightly have no size."""
    price, lots = columns["price_ticks"], columns["lots"]
    kind = columns.get("kind")
    if kind is None:
        return _not_positive(price, lots, np.ones(len(price), np.bool_))
    sized = ((kind >= ADD) & (kind <= PRINT_CROSS)) | (kind == LEVEL) | (kind == TRADE)
    counts = _not_positive(price, np.where((kind == RESYNC) | (kind == LEVEL), lots + 1, lots), sized)
    return counts | {
        "unknown_kinds": int(np.count_nonzero((kind < ADD) | (kind > TRADE))),
        "halts": int(np.count_nonzero(kind == HALT)),
    }


def _not_positive(price: Ints, lots: Ints, where: npt.NDArray[np.bool_]) -> dict[str, int]:
    return {
        "non_positive_price": int(np.count_nonzero(where & (price <= 0))),
        "non_positive_size": int(np.count_nonzero(where & (lots <= 0))),
    }
