"""When does it trade, and how much does it move? Volume and volatility over the day, from many days of a source."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from nowake.data.day import Day
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_MINUTE, parse_duration
from nowake.models.volatility.diurnal import Diurnal, bucket_returns, price_returns
from nowake.models.volatility.forecast import VolatilityForecast, forecast
from nowake.models.volatility.quotes import two_sided
from nowake.models.volatility.whole_day import WholeDay, whole_day
from nowake.models.volume.average import AverageVolume
from nowake.models.volume.buckets import DayVolume
from nowake.models.volume.contest import LEAST_HELD_OUT, Contest, contest
from nowake.models.volume.dynamic import LEAST_DAYS, DynamicVolume
from nowake.models.volume.special import Kind

if TYPE_CHECKING:
    import polars as pl

    from nowake.reports.pictures.canvas import Picture

_TRAIN = 20
_FINEST_NS = 5 * NS_PER_MINUTE  # Shorter returns of prints are more bounce than movement.
_LEAST_COVERED = 0.5  # Of a session, from the first to the last of its data: less is a recording of a part of it.
_CALENDARS = {"XCME": "CMES", "GLBX": "CMES"}  # Where the library calls a venue otherwise.

Floats = npt.NDArray[np.float64]
Result = TypeVar("Result")


@dataclasses.dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Curves:
    """What the days of one instrument say of its volume and volatility. Prints as a summary.

    Parameters
    ----------
    source, session
        What was asked for, and the last session used.
    days
        Days read, good and bad.
    volume
        Average curves by kind of day, total and auctions; `volume.left_out` says which days were not believed.
    dynamic, contest
        The forecast that is updated through the day, and how it did against the average on days it had not seen; None
        where the data do not carry them, with the reason among `notes`.
    diurnal, volatility, whole_day
        How volatility runs over the day, that of the next session, and what nights add; None likewise.
    notes
        What is missing and why, one sentence each.
    """

    source: str
    session: Session
    days: int
    volume: AverageVolume
    dynamic: DynamicVolume | None
    contest: Contest | None
    diurnal: Diurnal | None
    volatility: VolatilityForecast | None
    whole_day: WholeDay | None
    notes: tuple[str, ...]

    def to_frame(self) -> pl.DataFrame:
        """One row a bucket of a normal day: its local start, share of volume and volatility factor with intervals."""
        import polars as pl  # noqa: PLC0415

        curve = self.volume.curves[Kind.NORMAL].on(self.session)
        columns: dict[str, object] = {
            "start": [self.session.clock(edge)[:5] for edge in curve.edges_ns[:-1]],
            "share": curve.shares,
            "share_low": curve.low,
            "share_high": curve.high,
        }
        if self.diurnal is not None:
            columns |= {
                "volatility_factor": self.diurnal.factor,
                "factor_low": self.diurnal.low,
                "factor_high": self.diurnal.high,
            }
        return pl.DataFrame(columns)

    def plot(self) -> Picture:
        """Shares of volume and volatility factors over the day, with their intervals."""
        from nowake.reports.pictures.seasonality import seasonality  # noqa: PLC0415

        curve = self.volume.curves[Kind.NORMAL].on(self.session)
        return seasonality(curve, self.session, self.diurnal, source=self.source)

    def __str__(self) -> str:
        normal = self.volume.curves[Kind.NORMAL]
        rows = [
            f"{self.source}: {self.days} days, {normal.days} normal ones used, {len(self.volume.left_out)} left out",
            str(normal),
            f"volume of a normal day {self.volume.total}",
        ]
        auctions = (("opening", self.volume.opening_auction), ("closing", self.volume.closing_auction))
        rows += [f"{name} auction {each}" for name, each in auctions if each is not None]
        rows += [str(each) for each in (self.dynamic, self.contest, self.volatility) if each is not None]
        if self.whole_day is not None:
            rows += [f"overnight volatility {self.whole_day.overnight}", f"close to close {self.whole_day.whole}"]
        rows += [str(each) for each in self.volume.left_out]
        return "\n".join([*rows, *self.volume.notes, *self.notes])


def curves(
    spec: str,
    *,
    root: str | Path | None = None,
    bucket: str = "15m",
    until: str | dt.date | None = None,
    labels: Mapping[dt.date, str] | None = None,
    level: float = 0.95,
) -> Curves:
    """Fit volume and volatility over the day to all days of a source.

    Parameters
    ----------
    spec
        FORMAT:SYMBOL or a path, as for `load_day`.
    root
        The data folder, as for `load_day`.
    bucket
        Length of a bucket: "5m", "30m".
    until
        Only days before this date, so that what is fitted may serve it without looking ahead.
    labels
        Your own kinds of days ("earnings"), each kept apart under its name.
    level
        Confidence of the intervals.

    Raises
    ------
    NotFound, BadParameter
        As `load_day`; also where several recordings hold the same date.
    BadData
        With fewer than two normal days whose volume can be believed.
    """
    read = _read(spec, root, bucket_ns=parse_duration(bucket), until=_date(until))
    trading = _trading_dates(read.venue, read.volumes)
    volume = AverageVolume.fit(read.volumes, bad=read.bad, labels=labels, trading_dates=trading, level=level)
    place = {date: k for k, date in enumerate(trading or [each.date for each in read.volumes])}
    normal = [each for each in read.volumes if volume.kinds.get(each.date) == Kind.NORMAL]
    gaps = [1, *(max(1, place[b.date] - place[a.date]) for a, b in itertools.pairwise(normal))]
    train = min(_TRAIN, max(LEAST_DAYS, len(normal) - 2 * LEAST_HELD_OUT))
    alike = [r for each, r in zip(read.volumes, read.returns, strict=True) if each.length_ns == normal[-1].length_ns]
    steps = [0, *(place[b.date] - place[a.date] for a, b in itertools.pairwise(read.volumes))]
    nights = np.where(np.array(steps) == 1, np.array(read.nights), np.nan)
    variances = np.array(read.variances)
    notes: list[str] = []
    return Curves(
        source=spec,
        session=normal[-1].session,
        days=len(read.volumes),
        volume=volume,
        dynamic=_or_note(notes, lambda: DynamicVolume.fit(normal, gaps=gaps, level=level)),
        contest=_or_note(notes, lambda: contest(normal, gaps=gaps, train=train, level=level)),
        diurnal=_or_note(notes, lambda: Diurnal.fit(np.array(alike), level=level)),
        volatility=_or_note(notes, lambda: forecast(np.sqrt(variances[variances > 0]), level=level)),
        whole_day=_or_note(notes, lambda: whole_day(nights, variances, level=level)),
        notes=tuple(dict.fromkeys(notes)),
    )


def sources(spec: str, root: str | Path | None = None) -> tuple[str, ...]:
    """The sources of one symbol each that a name means: itself, or FOLDER:SYMBOL for every symbol of a folder.

    Raises
    ------
    NotFound, BadParameter
        As `load_day`.
    """
    from nowake.data import load  # noqa: PLC0415

    _, found, symbol = load.recordings(spec, root=root)
    symbols = {each for recording in found for each in recording.symbols}
    return (spec,) if symbol or len(symbols) < 2 else tuple(f"{spec}:{each}" for each in sorted(symbols))


class _Read(NamedTuple):
    """What is kept of each day: volume and returns by bucket, the night before it, its realised variance."""

    venue: str
    volumes: list[DayVolume]
    returns: list[Floats]
    nights: list[float]
    variances: list[float]
    bad: dict[dt.date, str]


def _read(spec: str, root: str | Path | None, *, bucket_ns: int, until: dt.date | None) -> _Read:
    read = _Read("", [], [], [], [], {})
    close = math.nan
    for day in _days(spec, root):
        session = day.instrument.session
        if until is not None and session.date >= until:
            break
        if corrupt := day.findings.counts.get("corrupt_volume"):
            read.bad[session.date] = f"{corrupt} bars have no volume although the price moved"
        fine, wide = _returns_of(day, max(_FINEST_NS, _bar_ns(day))), _returns_of(day, bucket_ns)
        first, last = _ends_of(day)
        if part := _part_of(day):
            read.bad[session.date] = part
            fine, wide, first, last = np.full_like(fine, np.nan), np.full_like(wide, np.nan), math.nan, math.nan
        read.volumes.append(_volume_of(day, bucket_ns))
        read.returns.append(wide)
        read.nights.append(math.log(first / close))
        read.variances.append(float(np.nansum(fine**2)) if np.isfinite(fine).any() else math.nan)
        close, read = last, read._replace(venue=day.instrument.venue)
    if not read.volumes:
        raise BadData(f"{spec} has no day{'' if until is None else f' before {until}'}; curves need several")
    return read


def _days(spec: str, root: str | Path | None) -> Iterator[Day]:
    """Every day a name means, in order; two recordings of one date are refused."""
    from nowake.data import assemble, load  # noqa: PLC0415
    from nowake.data.readers.contract import Wanted  # noqa: PLC0415
    from nowake.data.readers.registry import pieces  # noqa: PLC0415

    _, found, symbol = load.recordings(spec, root=root)
    symbols = {symbol} if symbol else {each for recording in found for each in recording.symbols}
    if len(symbols) > 1:
        raise BadParameter(
            f"{spec} has {len(symbols)} symbols, {', '.join(sorted(symbols))}; write one of them, as "
            f"{spec}:{min(symbols)}"
        )
    seen: dict[dt.date, Path] = {}
    for recording in sorted(found, key=lambda each: each.first or dt.date.min):
        for day in assemble.days(pieces(recording, Wanted(symbols=frozenset(symbols))), source=lambda _: spec):
            date = day.instrument.session.date
            if date in seen:
                one, other = seen[date].name, recording.files[0].name
                raise BadParameter(f"{spec} has {date} in {one} and in {other}; name one, as `nowake data info` does")
            seen[date] = recording.files[0]
            yield day


def _part_of(day: Day) -> str:
    """In words, what part of its session a day's data cover where it is little; empty where it is enough."""
    session = day.instrument.session
    ends = [(table.time_ns[0], table.time_ns[-1]) for table in (day.quotes, day.trades) if len(table)]
    if day.bars is not None and len(day.bars):
        ends.append((day.bars.time_ns[0], day.bars.end_ns[-1]))
    if not ends:
        return ""
    start = max(int(min(first for first, _ in ends)), session.open_ns)
    end = min(int(max(last for _, last in ends)), session.close_ns)
    share = (end - start) / (session.close_ns - session.open_ns)
    if share >= _LEAST_COVERED:
        return ""
    return f"its data cover {share:.1%} of the session, {session.clock(start)} to {session.clock(end)}"


def _volume_of(day: Day, bucket_ns: int) -> DayVolume:
    session = day.instrument.session
    if day.bars is not None and len(day.bars):
        return DayVolume.from_bars(day.bars, session, bucket_ns=bucket_ns)
    return DayVolume.from_trades(day.trades, session, bucket_ns=bucket_ns, lot_size=float(day.instrument.lot_size))


def _returns_of(day: Day, bucket_ns: int) -> Floats:
    session = day.instrument.session
    if day.bars is not None and len(day.bars):
        return bucket_returns(day.bars, session, bucket_ns=bucket_ns)
    return price_returns(*_prices_of(day), session, bucket_ns=bucket_ns)


def _ends_of(day: Day) -> tuple[float, float]:
    """The first and the last price of continuous trading, NaN where there is none."""
    session = day.instrument.session
    if day.bars is not None and len(day.bars):
        inside = (day.bars.time_ns >= session.open_ns) & (day.bars.end_ns <= session.close_ns)
        first, last = day.bars.open[inside], day.bars.close[inside]
    else:
        times, first = _prices_of(day)
        first = last = first[(times >= session.open_ns) & (times <= session.close_ns)]
    both = (float(first[0]), float(last[-1])) if len(first) else (math.nan, math.nan)
    return both if min(both) > 0 else (math.nan, math.nan)


def _prices_of(day: Day) -> tuple[npt.NDArray[np.int64], Floats]:
    """Mids where there are quotes, else continuous prints, in ticks."""
    times, prices = two_sided(day.quotes)
    if len(times):
        return times, prices
    continuous = ~day.trades.auction
    return day.trades.time_ns[continuous], day.trades.price_ticks[continuous].astype(np.float64)


def _bar_ns(day: Day) -> int:
    return int((day.bars.end_ns - day.bars.time_ns).max()) if day.bars is not None and len(day.bars) else 0


def _trading_dates(venue: str, days: list[DayVolume]) -> list[dt.date]:
    """The sessions of the venue about these days; nothing where no calendar of its name holds all of them."""
    from nowake.domain.calendar import sessions_between  # noqa: PLC0415

    try:
        around = sessions_between(
            _CALENDARS.get(venue, venue), days[0].date - dt.timedelta(10), days[-1].date + dt.timedelta(10)
        )
    except (NotFound, BadParameter):
        return []
    dates = [session.date for session in around]
    return dates if {day.date for day in days} <= set(dates) else []


def _date(text: str | dt.date | None) -> dt.date | None:
    from nowake.data.load import parse_date  # noqa: PLC0415

    return parse_date(text)


def _or_note(notes: list[str], make: Callable[[], Result]) -> Result | None:
    """What can be made, or nothing and a note with the reason."""
    try:
        return make()
    except (BadData, BadParameter) as error:
        notes.append(str(error))
        return None
