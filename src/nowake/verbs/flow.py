"""What is the market telling? Order flow, toxicity, spreads and regimes of one day, each number with its interval."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nowake.data.day import Day
from nowake.data.depth import depth_of_day
from nowake.domain.errors import BadData, BadParameter
from nowake.domain.market import Depth
from nowake.domain.units import NS_PER_MINUTE
from nowake.microstructure.reading.flow import FlowReading, Past, read_flow

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from nowake.reports.pictures.canvas import Picture

Moment = str | dt.datetime | int

_LEVELS = 5


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Flow(FlowReading):
    """What a day tells. Prints as tables; `html` writes one self-contained page with pictures."""

    source: str = ""
    fingerprint: str = ""
    command: str = ""

    def to_frame(self) -> pl.DataFrame:
        """One row a number: part, finding, value, interval, unit, observations and how it was made."""
        import polars as pl  # noqa: PLC0415

        from nowake.reports.flow_tables import part_table  # noqa: PLC0415
        from nowake.reports.table import to_dict  # noqa: PLC0415

        return pl.DataFrame(
            [
                {"part": part.name, **row}
                for part in self.parts
                for row in to_dict(part_table(part, level=self.options.level))
            ],
            infer_schema_length=None,
        )

    def pictures(self) -> dict[str, Picture]:
        """Every picture there is something for, by a name fit for a file."""
        from nowake.reports.flow_page import pictures  # noqa: PLC0415

        return pictures(self)

    def plot(self) -> Picture:
        """The first of them: mark-outs, where they could be measured.

        Raises
        ------
        BadData
            When there is nothing to draw.
        """
        made = self.pictures()
        if not made:
            raise BadData(f"there is nothing to draw: {'; '.join(self.refusals)}")
        return next(iter(made.values()))

    def html(self, path: str | os.PathLike[str]) -> Path:
        """Write the page as HTML that opens without network."""
        from nowake.reports import html  # noqa: PLC0415
        from nowake.reports.flow_page import build_page  # noqa: PLC0415

        page = build_page(self, source=self.source, fingerprint=self.fingerprint, command=self.command)
        return html.write(path, page)

    def __str__(self) -> str:
        from nowake.reports import tables  # noqa: PLC0415
        from nowake.reports.flow_tables import flow_tables, said_of  # noqa: PLC0415

        said = "\n".join(said_of(self))
        return "\n\n".join([*(tables.render(table) for table in flow_tables(self)), said])

    __repr__ = __str__


def flow(
    day: Day,
    *,
    history: Sequence[Day] = (),
    start: Moment | None = None,
    end: Moment | None = None,
    rule: str = "lee-ready",
    hidden: bool = False,
    bucket: float | None = None,
    window: int = 50,
    bar_ns: int = NS_PER_MINUTE,
    repeats: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Flow:
    """Read all that a day's quotes, prints and levels tell.

    Parameters
    ----------
    day
        Of any format; parts that need what it has not are listed with the reason.
    history
        Earlier days of the same instrument: VPIN's buckets, the alarm and the regimes are learned on them alone.
    start, end
        What to look at: local time of day, a datetime or nanoseconds; by default the session.
    rule
        Signs prints whose side the feed does not tell: tick, quote, lee-ready, emo or clnv.
    hidden
        Whether prints against hidden interest, or agreed away from the market, count too.
    bucket, window
        Of VPIN: shares in a bucket, by default such that twice the window fills, and buckets in a value.
    bar_ns
        Bars that regimes are told over.
    repeats, seed, level
        Of resampling and of all intervals.

    Raises
    ------
    BadParameter
        When the window is empty, a day of the history is not earlier, or a parameter is out of its range.
    BadData
        When there is nothing to read, or quotes and prints cannot be of one clock.
    """
    for each in (day, *history):
        if not isinstance(each, Day):
            raise BadParameter(f"{each!r} is no day; load one with nw.load_day, for example nw.load_day('generated')")
    session = day.instrument.session
    found = read_flow(
        day.quotes,
        day.trades,
        day.instrument,
        depth=_depth(day),
        bars=day.bars,
        history=[Past(past.quotes, past.trades, past.instrument, _depth(past), past.bars) for past in history],
        start_ns=None if start is None else session.at(start),
        end_ns=None if end is None else session.until(end),
        rule=rule,
        hidden=hidden,
        bucket_lots=None if bucket is None else day.instrument.lots(f"{bucket}"),
        window=window,
        bar_ns=bar_ns,
        repeats=repeats,
        seed=seed,
        level=level,
    )
    fields = {field.name: getattr(found, field.name) for field in dataclasses.fields(FlowReading)}
    return Flow(**fields, source=day.source, fingerprint=day.fingerprint)


def _depth(day: Day) -> Depth | None:
    """The best levels, where the feed shows more than one."""
    if not len(day.events) or day.depth == 1:
        return None
    return depth_of_day(day, min(_LEVELS, day.depth) if day.depth else _LEVELS)
