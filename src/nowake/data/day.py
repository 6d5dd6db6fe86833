"""A trading day of one instrument: its order-by-order events where the source has them, its quotes and trades."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from nowake.data.findings import NOTHING_FOUND, Findings
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.instrument import Instrument, Session
from nowake.domain.market import Bars, Quotes, Receipts, Trades, columns_of
from nowake.domain.units import NS_PER_MINUTE
from nowake.kernels.layout import EVENT, EXECUTE, LEVEL, PRINT_CROSS, PRINT_HIDDEN, RESYNC, TRADE

if TYPE_CHECKING:
    import polars as pl

Events = npt.NDArray[np.void]

_WELL_NS = 15 * NS_PER_MINUTE  # Less than this of a session may be a quiet name, more is a part that is missing.


@dataclasses.dataclass(frozen=True, slots=True)
class Resyncs:
    """How often the events had to be told what the book displayed.

    `first_sight` levels opened the day, `revealed` came back into sight changed, as a feed of limited depth must, and
    `restated` were right in total but not in who queues there. `unexplained` changed in sight without a message.
    `transitions` counts pairs of rows, `transitions_explained` those the messages account for; `examples` shows the
    first unexplained changes.
    """

    first_sight: int = 0
    revealed: int = 0
    restated: int = 0
    unexplained: int = 0
    transitions: int = 0
    transitions_explained: int = 0
    examples: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False)
class Day:
    """Market data of one instrument on one day.

    Parameters
    ----------
    instrument
        What was traded, with its session.
    source
        Where it came from: "lobster:AMZN", "generated:7", "tables".
    events
        EVENT records in the order of the feed (`nowake.kernels.layout`); empty where there are only tables.
    quotes, trades
        Best bid and ask after each change, and prints.
    depth
        Levels of the book the events keep exact at every row; 0 for all of them.
    warnings
        What a reader should know before trusting a result, one sentence each.
    resyncs
        What it took to keep events and displayed book together; None where there was no book to compare with.
    bars
        None where the source has none.
    receipts
        What was stamped by two clocks; None where the source has one.
    findings
        What the reader noticed.

    Raises
    ------
    BadData
        When events go back in time.
    """

    instrument: Instrument
    source: str
    events: Events
    quotes: Quotes
    trades: Trades
    depth: int
    warnings: tuple[str, ...] = ()
    resyncs: Resyncs | None = None
    bars: Bars | None = None
    receipts: Receipts | None = None
    findings: Findings = NOTHING_FOUND

    def __post_init__(self) -> None:
        if self.events.dtype != EVENT:
            raise BadData(f"events are {self.events.dtype}, not records of nowake.kernels.layout.EVENT")
        back = np.flatnonzero(np.diff(self.events["time_ns"]) < 0)
        if len(back):
            row = int(back[0]) + 1
            now, before = (
                self.instrument.session.clock(int(self.events["time_ns"][k]), fraction=True) for k in (row, row - 1)
            )
            raise BadData(f"event {row} at {now} is earlier than the event before it, at {before}; sort them by time")

    @property
    def tells_orders(self) -> bool:
        """Whether the events say whose order came and went, not only how much each level displayed."""
        return not np.any(self.events["kind"] >= LEVEL)

    @property
    def can_replay(self) -> bool:
        """Whether orders of ours can be simulated inside this day."""
        return len(self.events) > 0 and not self.findings.refusal

    @property
    def cannot_replay_because(self) -> str:
        """Why not, in a sentence; empty when they can."""
        if self.can_replay:
            return ""
        if self.findings.refusal:
            return self.findings.refusal
        counts = {"quotes": len(self.quotes), "trades": len(self.trades), "bars": len(self.bars or ())}
        held = " and ".join(name for name, count in counts.items() if count) or "no rows"
        return (
            f"{self.source!r} has {held} and no order-by-order events, so nothing says who queues at a price; costs "
            "can be measured on a day of quotes and trades, orders cannot be simulated in it"
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the bytes of all tables: two days with one fingerprint are the same data."""
        digest = hashlib.sha256(np.ascontiguousarray(self.events).tobytes())
        for table in (self.quotes, self.trades, self.bars, self.receipts):
            if table is None:
                continue
            for column in columns_of(table).values():
                digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()

    def to_frame(self, which: Literal["events", "quotes", "trades", "bars", "receipts"] = "quotes") -> pl.DataFrame:
        """One table as a polars frame with the columns of `nowake.data.schema`.

        Raises
        ------
        BadParameter
            When `which` is none of these, or the day has no such table.
        """
        from nowake.data import schema  # noqa: PLC0415

        if which not in schema.COLUMNS:
            raise BadParameter(f"table {which!r} is not one of {', '.join(schema.COLUMNS)}")
        table = getattr(self, which)
        if table is None:
            raise BadParameter(f"{self.source!r} has no {which}")
        return schema.frame(table, which)

    def __repr__(self) -> str:
        counts = {"events": len(self.events), "quotes": len(self.quotes), "trades": len(self.trades)}
        held = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count) or "no rows"
        return f"<Day {self.source} {self.instrument.session.date}: {held}>"

    def __str__(self) -> str:
        session = self.instrument.session
        volume = self.instrument.quantity(int(self.trades.lots.sum()))
        rows = [
            ("day", f"{self.source} {session.date} ({self.instrument.symbol} on {self.instrument.venue})"),
            ("session", f"{session.clock(session.open_ns)} to {session.clock(session.close_ns)} {session.timezone}"),
            ("tick, lot", f"{self.instrument.tick_size} {self.instrument.currency}, {self.instrument.lot_size}"),
            ("multiplier", "not known" if self.instrument.multiplier is None else f"{self.instrument.multiplier}"),
            ("events", self._events_in_words()),
            ("quotes", f"{len(self.quotes):,}"),
            ("trades", f"{len(self.trades):,} for {volume:,.10g}"),
            *([] if self.bars is None else [("bars", f"{len(self.bars):,} for {self.bars.volume.sum():,.10g}")]),
            ("depth", "full" if self.depth == 0 and self.can_replay else f"{levels_in_words(self.depth)} a side"),
            ("replay", "yes" if self.can_replay else f"no: {self.cannot_replay_because}"),
            *(("warning", warning) for warning in self.warnings),
        ]
        return "\n".join(f"{name:<10} {value}" for name, value in rows)

    def _events_in_words(self) -> str:
        """How many, and why there are more than rows in the file."""
        told = int(np.count_nonzero(self.events["kind"] == RESYNC))
        if not told:
            return f"{len(self.events):,}"
        return (
            f"{len(self.events):,}: {len(self.events) - told:,} messages and {told:,} RESYNC, each telling what the "
            "book showed when a level came back into sight"
        )


def levels_in_words(count: int) -> str:
    """ "1 level" or "5 levels"."""
    return f"{count} level" if count == 1 else f"{count} levels"


def outside_data(session: Session, time_ns: npt.NDArray[np.int64]) -> tuple[str, ...]:
    """Sentences on data that begin well after the open or end well before the close; times in any order."""
    if not len(time_ns):
        return ()
    first_ns, last_ns = int(time_ns.min()), int(time_ns.max())
    sentences = []
    if first_ns - session.open_ns > _WELL_NS:
        sentences.append(
            f"The data begin at {session.clock(first_ns)}, {_length(first_ns - session.open_ns)} after the open"
        )
    if session.close_ns - last_ns > _WELL_NS:
        sentences.append(
            f"The data end at {session.clock(last_ns)}, {_length(session.close_ns - last_ns)} before the close"
        )
    return tuple(sentences)


def _length(duration_ns: int) -> str:
    minutes = duration_ns / NS_PER_MINUTE
    return f"{minutes / 60:.1f} h" if minutes >= 60 else f"{minutes:.0f} min"


def no_events() -> Events:
    """An empty event table."""
    return np.zeros(0, EVENT)


def no_quotes() -> Quotes:
    """An empty quote table."""
    return Quotes(*(np.zeros(0, np.int64) for _ in range(5)))


def no_trades() -> Trades:
    """An empty trade table."""
    ints, flags = np.zeros(0, np.int64), np.zeros(0, np.bool_)
    return Trades(
        time_ns=ints, price_ticks=ints, lots=ints, aggressor=np.zeros(0, np.int8), hidden=flags, auction=flags
    )


def quotes_of_touch(times_ns: npt.NDArray[np.int64], touch: npt.NDArray[np.int64]) -> Quotes:
    """Quotes from the best levels after each event, one row a change.

    Parameters
    ----------
    times_ns
        int64[n].
    touch
        int64[n, 4]: bid ticks, bid lots, ask ticks, ask lots; 0 lots where a side is empty.
    """
    changed = np.ones(len(touch), np.bool_)
    changed[1:] = np.any(touch[1:] != touch[:-1], axis=1)
    columns = (np.ascontiguousarray(touch[changed, column]) for column in range(4))
    return Quotes(times_ns[changed].copy(), *columns)


def trades_of_events(events: Events) -> Trades:
    """The prints among events. The aggressor is opposite to the resting order, and unknown in an auction."""
    kind = events["kind"]
    prints = events[(kind == EXECUTE) | (kind == PRINT_HIDDEN) | (kind == PRINT_CROSS) | (kind == TRADE)]
    auction = prints["kind"] == PRINT_CROSS
    return Trades(
        time_ns=prints["time_ns"].copy(),
        price_ticks=prints["price_ticks"].astype(np.int64),
        lots=prints["lots"].copy(),
        aggressor=np.where(auction, 0, -prints["side"]).astype(np.int8),
        hidden=prints["kind"] == PRINT_HIDDEN,
        auction=auction,
    )
