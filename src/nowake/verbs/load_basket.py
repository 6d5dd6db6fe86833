"""Before a basket is planned: its orders out of a file, their windows in sessions, and how they move together."""

from __future__ import annotations

import datetime as dt
import math
import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nowake.data.basket import BadRow, BadRows, BasketRow, read_basket
from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Instrument, Session
from nowake.domain.order import ParentOrder
from nowake.domain.side import Side
from nowake.domain.units import is_date_time, parse_date_time
from nowake.models.market import MarketState
from nowake.schedules.portfolio.basket import Basket, Line
from nowake.verbs.basket_checks import check_window, limit_notes, pause_note
from nowake.verbs.basket_risk import NOTHING, RiskAsked, risk_of

if TYPE_CHECKING:
    from nowake.models.covariance import Covariance

DEMO = "demo"
SAMPLE = Path(__file__).parent.parent / "data" / "samples" / "basket.csv"
_CURRENCY = "USD"


class BasketRead(NamedTuple):
    """A basket out of a file, how many rows it had, those left out, and what was assumed, one sentence each.

    `drift_bps` are expected moves a session by symbol, which are a policy's to know and not the basket's.
    """

    basket: Basket
    rows: int
    bad: tuple[BadRow, ...]
    notes: tuple[str, ...]
    drift_bps: dict[str, float]


def load_basket(
    path: str | os.PathLike[str],
    columns: Mapping[str, str] | None = None,
    *,
    covariance: Covariance | str | os.PathLike[str] | None = None,
    returns: str | os.PathLike[str] | None = None,
    factors: int | None = None,
    correlation: float | None = None,
    market_volatility: float | None = None,
    date: dt.date | str | None = None,
    calendar: str = "XNYS",
    volatility_in: str = "fraction",
    strict: bool = True,
) -> Basket:
    """A basket out of a CSV or Parquet file, a row an order. What was assumed or left out is told in one warning.

    Parameters
    ----------
    path
        CSV with a header (its name may end in .gz or .zst) or .parquet: symbol, side, quantity, price,
        daily_volatility, daily_volume, spread_bps, and what else docs/planning.md lists. "demo" is a made-up one.
    columns
        Your name -> ours.
    covariance
        Of returns a session: a `Covariance`, or a file with symbols in its header and its first column.
    returns, factors
        A file of returns by date, a column a symbol, for the correlations; and how many principal factors to keep of
        them (None shrinks all correlations to their average).
    correlation
        Of all pairs alike; 0.3 where nothing else is known.
    market_volatility
        A session, of the market that betas are to; 1 % where the file has betas and nothing else is known.
    date, calendar
        The trading day, so that times of day are instants and plans can be followed. By default that of the earliest
        start that is a date and a time; without one, windows are counted in sessions only.
    volatility_in
        "fraction" (0.02) or "percent" (2) of the price.
    strict
        Whether a row that cannot be planned refuses the file, for a basket that lacks a leg is another basket; else
        such rows are left out.

    Raises
    ------
    NotFound
        When a file or the calendar is not there.
    BadParameter
        When columns are missing, currencies are mixed, or the covariance is none or of other symbols.
    BadData
        When it is no such file; when rows cannot be planned (`BadRows`, with each row's reason), or none can.
    """
    asked = RiskAsked(covariance, returns, factors, correlation, market_volatility)
    found = read_basket_file(
        path, columns, risk=asked, date=date, calendar=calendar, volatility_in=volatility_in, strict=strict
    )
    lost = ["drift_bps is for the policy: OptimalBasket(drift_bps=...)"] if found.drift_bps else []
    if told := (*told_of(found), *lost):
        warnings.warn(f"{Path(path).name}: {'; '.join(told)}", stacklevel=2)
    return found.basket


def told_of(found: BasketRead) -> tuple[str, ...]:
    """What somebody who asked for the basket alone should know of it."""
    return (*(f"left out: {bad}" for bad in found.bad), *found.notes)


def read_basket_file(
    path: str | os.PathLike[str],
    columns: Mapping[str, str] | None = None,
    *,
    risk: RiskAsked = NOTHING,
    date: dt.date | str | None = None,
    calendar: str = "XNYS",
    volatility_in: str = "fraction",
    strict: bool = True,
) -> BasketRead:
    """The same with everything there is to tell; parameters and errors as for `load_basket`."""
    file = read_basket(_named(path), columns, volatility_in=volatility_in)
    windows = _Windows.of(file.rows, date, calendar)
    lines: list[Line] = []
    rows: list[BasketRow] = []
    bad = list(file.bad)
    for row in file.rows:
        try:
            lines.append(windows.line(row))
            rows.append(row)
        except BadParameter as error:
            bad.append(BadRow(row.row, row.symbol, str(error)))
    if not strict:
        lines, rows = _of_one_currency(lines, rows, bad)
    count = len(file.rows) + len(file.bad)
    if bad and (strict or not lines):
        raise BadRows(file.name, tuple(sorted(bad)), count)
    found = risk_of(rows, risk)
    basket = Basket(lines=windows.from_start(lines), covariance=found.covariance, offset_days=windows.first(lines))
    pauses = pause_note(lines, windows.session, windows.pause)
    notes = [*file.notes, *filter(None, (windows.note(rows, basket), pauses)), *limit_notes(lines), found.note]
    drift = {row.symbol: row.drift_bps for row in rows if row.drift_bps}
    return BasketRead(basket, count, tuple(sorted(bad)), tuple(filter(None, notes)), drift)


def _of_one_currency(lines: list[Line], rows: list[BasketRow], bad: list[BadRow]) -> tuple[list[Line], list[BasketRow]]:
    """Those in the currency that most lines have; the others join the bad rows."""
    counts = Counter(line.currency for line in lines)
    if len(counts) < 2:
        return lines, rows
    usual = counts.most_common(1)[0][0]
    bad += [
        BadRow(
            row.row, row.symbol, f"currency {line.currency}, and the basket is in {usual}; convert it, or plan it apart"
        )
        for line, row in zip(lines, rows, strict=True)
        if line.currency != usual
    ]
    kept = [(line, row) for line, row in zip(lines, rows, strict=True) if line.currency == usual]
    return [line for line, _ in kept], [row for _, row in kept]


def _named(path: str | os.PathLike[str]) -> Path:
    """A file; "demo", where there is none of that name, is the one that comes with nowake."""
    if not isinstance(path, str | os.PathLike):
        raise BadParameter(f"{type(path).__name__} is no file of a basket; give its path, or make Basket.of(...)")
    named = Path(path)
    return SAMPLE if str(path) == DEMO and not named.exists() else named


class _Windows(NamedTuple):
    """Where rows begin and end, in sessions from the first open; times of day need the session."""

    session: Session | None
    calendar: str
    pause: Session | None

    @classmethod
    def of(cls, rows: Sequence[BasketRow], date: dt.date | str | None, calendar: str) -> _Windows:
        """The session of a date, else of the earliest start that says one."""
        from nowake.data.sessions import pause_on, session_on  # noqa: PLC0415

        if date is None:
            told = [_date(row.start[:10]) for row in rows if is_date_time(_moment(row.start))]
            wanted = min(filter(None, told), default=None)
        else:
            wanted = _date(date.isoformat()[:10] if isinstance(date, dt.date) else str(date))
            if wanted is None:
                raise BadParameter(f"date {date!r} is none; write YYYY-MM-DD")
        if wanted is None:
            return cls(None, calendar, None)
        return cls(session_on(calendar, wanted), calendar, pause_on(calendar, wanted))

    def line(self, row: BasketRow) -> Line:
        """A row as a line whose window is in sessions from the open; its order where that lies in this session."""
        start, end = self._window(row)
        market = MarketState.given(
            price=row.price,
            daily_volatility=row.daily_volatility,
            daily_volume=row.daily_volume,
            spread_bps=row.spread_bps,
        )
        return Line(
            symbol=row.symbol,
            side=Side(row.side),
            lots=row.lots,
            lot_size=float(row.lot_size),
            market=market,
            start_days=start,
            end_days=end,
            sector=row.sector,
            beta=1.0 if row.beta is None else row.beta,
            currency=row.currency or _CURRENCY,
            multiplier=float(row.multiplier),
            max_participation=row.max_participation,
            order=self._order(row, start, end),
        )

    def first(self, lines: Sequence[Line]) -> float:
        """Where in its session the basket begins; 0 where there is no session."""
        return min(line.start_days for line in lines) if self.session is not None else 0.0

    def from_start(self, lines: Sequence[Line]) -> tuple[Line, ...]:
        """The lines with windows from the basket's start instead of the open."""
        import msgspec  # noqa: PLC0415

        first = self.first(lines)
        return tuple(
            msgspec.structs.replace(line, start_days=line.start_days - first, end_days=line.end_days - first)
            for line in lines
        )

    def note(self, rows: Sequence[BasketRow], basket: Basket) -> str:
        """What a plan of this basket cannot do."""
        if self.session is None:
            limits = " limit prices are not used;" if any(row.limit for row in rows) else ""
            return f"No date was given: windows are in sessions,{limits} and the plan can be shown but not followed."
        later = sum(line.order is None for line in basket.lines)
        if later:
            go, have = ("line goes", "has") if later == 1 else ("lines go", "have")
            return f"{later:,} {go} on beyond the session of {self.session.date}, and {have} no parent order yet."
        return ""

    def _window(self, row: BasketRow) -> tuple[float, float]:
        start = self._days(row.start, ends=False) if row.start else 0.0
        if row.end and row.days is not None:
            raise BadParameter(f"end {row.end} and days {row.days:g} are given; give one of them")
        if row.days is not None:
            end = start + row.days
        else:
            # The close of the session it begins in.
            end = self._days(row.end, ends=True) if row.end else float(math.floor(start) + 1)
        if not end > start:
            raise BadParameter(f"end {row.end} is not after start {row.start or 'at the open'}; give a later end")
        check_window(start, end, self.session, self.pause)
        return start, end

    def _days(self, text: str, *, ends: bool) -> float:
        """Sessions from the open to a moment; a moment outside sessions counts as the next open, or the last close."""
        if self.session is None:
            raise BadParameter(f"time {text} needs a trading day; give date=..., --date YYYY-MM-DD, or days instead")
        session, moment = self.session, _moment(text)
        time_ns = session.until(moment) if ends else session.at(moment)
        length = session.close_ns - session.open_ns
        if time_ns < session.open_ns or (time_ns > session.close_ns and not is_date_time(moment)):
            raise BadParameter(
                f"time {text} is not in the session of {session.date}, {session.clock(session.open_ns)} to "
                f"{session.clock(session.close_ns)} {session.timezone}"
            )
        if time_ns <= session.close_ns:
            return (time_ns - session.open_ns) / length
        return self._later(parse_date_time(moment, session.timezone))

    def _later(self, time_ns: int) -> float:
        """Sessions from the open to an instant on another day, nights and holidays left out."""
        from nowake.domain.calendar import sessions_between  # noqa: PLC0415

        assert self.session is not None, "its caller has one"
        last = dt.datetime.fromtimestamp(time_ns / 1e9, dt.UTC).date() + dt.timedelta(days=1)
        sessions = sessions_between(self.calendar, self.session.date, last)
        parts = (
            min(max(time_ns - each.open_ns, 0), each.close_ns - each.open_ns) / (each.close_ns - each.open_ns)
            for each in sessions
        )
        return sum(parts)

    def _order(self, row: BasketRow, start: float, end: float) -> ParentOrder | None:
        """The parent of a row whose window lies in the session."""
        if self.session is None or end > 1 + 1e-12:
            return None
        session = self.session
        length = session.close_ns - session.open_ns
        instrument = Instrument(
            symbol=row.symbol,
            venue=self.calendar,
            session=session,
            tick_size=row.tick_size,
            lot_size=row.lot_size,
            currency=row.currency or _CURRENCY,
            multiplier=row.multiplier,
        )
        return ParentOrder(
            instrument=instrument,
            side=Side(row.side),
            lots=row.lots,
            start_ns=session.open_ns + round(start * length),
            end_ns=min(session.close_ns, session.open_ns + round(end * length)),
            limit_ticks=instrument.ticks(row.limit) if row.limit else None,
        )


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _moment(text: str) -> str:
    """A time of day, or a date and a time as `Session.at` takes it; Parquet writes a blank between the two."""
    return text.replace(" ", "T")
