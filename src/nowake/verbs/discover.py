"""Where is the price made? Several markets of one asset: shares in the common price, and who leads whom."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter
from nowake.microstructure.discovery import Market, on_recorder_clock
from nowake.microstructure.reading.discovery import STEPS_NS, DiscoveryReading, read_discovery

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from nowake.reports.pictures.canvas import Picture

Moment = str | dt.datetime | int
Clock = Literal["venue", "recorder"]


@dataclasses.dataclass(frozen=True, slots=True, eq=False, repr=False, kw_only=True)
class Discovered(DiscoveryReading):
    """Where the price is made. Prints as tables; `html` writes one self-contained page with pictures."""

    sources: tuple[str, ...] = ()
    dates: tuple[dt.date, ...] = ()
    clock: str = "venue"
    fingerprint: str = ""
    command: str = ""

    def to_frame(self) -> pl.DataFrame:
        """One row a market and step: every share with its interval."""
        import polars as pl  # noqa: PLC0415

        from nowake.reports.discovery_tables import sweep_table  # noqa: PLC0415
        from nowake.reports.table import to_dict  # noqa: PLC0415

        return pl.DataFrame(to_dict(sweep_table(self)), infer_schema_length=None)

    def pictures(self) -> dict[str, Picture]:
        """Every picture there is something for, by a name fit for a file."""
        from nowake.reports.discovery_page import pictures  # noqa: PLC0415

        return pictures(self)

    def plot(self) -> Picture:
        """Shares by sampling interval, else who leads whom.

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
        from nowake.reports.discovery_page import build_page  # noqa: PLC0415

        page = build_page(self, about=self.about, fingerprint=self.fingerprint, command=self.command)
        return html.write(path, page)

    @property
    def about(self) -> str:
        """Sources, dates and whose clock, in words."""
        days = f"{self.dates[0]}" if len(self.dates) == 1 else f"{self.dates[0]} to {self.dates[-1]}"
        clock = "the recorder's clock" if self.clock == "recorder" else "the venues' clocks"
        return f"{', '.join(self.sources)}, {days}, on {clock}."

    def __str__(self) -> str:
        from nowake.reports import tables  # noqa: PLC0415
        from nowake.reports.discovery_tables import discovery_tables  # noqa: PLC0415
        from nowake.reports.flow_tables import refused  # noqa: PLC0415

        said = [f"Not told: {refused(reason)}" for reason in self.refusals]
        return "\n\n".join([*(tables.render(table) for table in discovery_tables(self)), *said])

    __repr__ = __str__


def discover(
    *markets: Day | Sequence[Day],
    start: Moment | None = None,
    end: Moment | None = None,
    every_ns: int | None = None,
    steps_ns: Sequence[int] = STEPS_NS,
    longest_age_ns: int | None = None,
    clock: Clock | None = None,
    lags: int | None = None,
    repeats: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Discovered:
    """Shares of two or more markets in the one price they share, swept over steps, and who leads whom.

    Parameters
    ----------
    *markets
        A day of each market, or its days in the order of time. Mids of quotes count where there are any, else prints,
        else closes of bars.
    start, end
        Local time of each day, a datetime or nanoseconds; by default all that markets have in common.
    every_ns
        Step of the shares; by default a second, or what the slowest market needs.
    steps_ns
        Steps to sweep.
    longest_age_ns
        Age beyond which a price tells nothing; by default it may be any.
    clock
        "venue": when the venue said so. "recorder": when one recorder had it, for markets it heard together; the
        default where every day tells both, for clocks of venues need not agree.
    lags, repeats, seed, level
        Past steps in the model (chosen by default), resampling, and the level of all intervals.

    Raises
    ------
    BadParameter
        When there are fewer than two markets, two of one name, or a parameter is out of its range.
    BadData
        When a market has no price.
    """
    several = _days_of(markets)
    chosen: Clock = clock or ("recorder" if all(_told_twice(day) for days in several for day in days) else "venue")
    names = _names([days[0] for days in several])
    parts = [
        [_part(name, day, _span(day, start, end), chosen) for day in days]
        for name, days in zip(names, several, strict=True)
    ]
    found = read_discovery(
        [_joined(row) for row in parts],
        every_ns=every_ns,
        steps_ns=steps_ns,
        sessions=_common([[_ends(part) for part in row] for row in parts]),
        longest_age_ns=longest_age_ns,
        lags=lags,
        repeats=repeats,
        seed=seed,
        level=level,
    )
    fields = {field.name: getattr(found, field.name) for field in dataclasses.fields(DiscoveryReading)}
    return Discovered(
        **fields,
        sources=tuple(days[0].source for days in several),
        dates=tuple(day.instrument.session.date for day in several[0]),
        clock=chosen,
        fingerprint=" ".join(day.fingerprint[:16] for days in several for day in days),
    )


def _days_of(markets: Sequence[Day | Sequence[Day]]) -> list[tuple[Day, ...]]:
    """Days of each market, at least two markets of at least one day.

    Raises
    ------
    BadParameter
        When there are fewer, or what is given is no day.
    """
    several = [(each,) if isinstance(each, Day) else tuple(each) for each in markets]
    strange = [each for days in several for each in days if not isinstance(each, Day)]
    if strange:
        raise BadParameter(f"{strange[0]!r} is no day; load one with nw.load_day, for example nw.load_day('generated')")
    if len(several) < 2 or not all(several):
        raise BadParameter(f"price discovery needs days of two markets or more; {len(several)} given")
    return several


def _part(name: str, day: Day, span: tuple[int, int], clock: Clock) -> Market:
    """Prices of one day between two instants of the venue's clock, on the clock chosen."""
    told = _cut(_of_day(name, day), *span)
    if not len(told):
        clock_of = day.instrument.session.clock
        raise BadData(f"{day.source} has no price from {clock_of(span[0])} to {clock_of(span[1])}; give another time")
    return _heard(told, day) if clock == "recorder" else told


def _told_twice(day: Day) -> bool:
    return day.receipts is not None and len(day.receipts) > 0


def _names(days: Sequence[Day]) -> list[str]:
    """Of the markets, short where that tells them apart."""
    venues, symbols = [day.instrument.venue for day in days], [day.instrument.symbol for day in days]
    for names in (venues, symbols, [day.source for day in days]):
        if len(set(names)) == len(names):
            return names
    raise BadParameter(f"{', '.join(day.source for day in days)} are one market; name two or more")


def _span(day: Day, start: Moment | None, end: Moment | None) -> tuple[int, int]:
    session = day.instrument.session
    first = session.open_ns if start is None else session.at(start)
    last = session.close_ns if end is None else session.until(end)
    if last <= first:
        window = f"from {session.clock(first)} to {session.clock(last)}"
        raise BadParameter(f"the window {window} of {day.source} is empty; give a later end")
    return first, last


def _of_day(name: str, day: Day) -> Market:
    """Prices of one day on the venue's clock: mids, else prints, else closes."""
    if len(day.quotes):
        return Market.of_quotes(name, day.quotes)
    if len(day.trades):
        return Market.of_trades(name, day.trades)
    if day.bars is not None and len(day.bars):
        return Market.of_bars(name, day.bars)
    raise BadData(f"{day.source} of {day.instrument.session.date} has neither quotes nor trades nor bars")


def _heard(market: Market, day: Day) -> Market:
    """The same when the recorder had it, on its own clock as it was."""
    if day.receipts is None:
        raise BadParameter(f"{day.source} tells the venue's clock only; leave clock='recorder' out")
    return on_recorder_clock(market, day.receipts, skew_ns=round(day.findings.measures.get("clock_skew_ns", 0.0)))


def _joined(parts: Sequence[Market]) -> Market:
    """Days of one market in a row.

    Raises
    ------
    BadData
        When they overlap or none has a price.
    """
    return Market(
        parts[0].name,
        np.concatenate([part.time_ns for part in parts]),
        np.concatenate([part.log_price for part in parts]),
        left_out=sum(part.left_out for part in parts),
    )


def _ends(part: Market) -> tuple[int, int]:
    return int(part.time_ns[0]), int(part.time_ns[-1])


def _common(spans: Sequence[Sequence[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Stretches that every market's days have in common; between them lies a night, which is no step."""
    shared = list(spans[0])
    for others in spans[1:]:
        cut = [(max(a, c), min(b, d)) for a, b in shared for c, d in others]
        shared = [(a, b) for a, b in cut if a < b]
    return shared


def _cut(market: Market, start_ns: int, end_ns: int) -> Market:
    inside = (market.time_ns >= start_ns) & (market.time_ns <= end_ns)
    return dataclasses.replace(market, time_ns=market.time_ns[inside], log_price=market.log_price[inside])
