"""Which trading date an instant of a dataset belongs to.

A trading date lasts until midnight at the venue; at CME until half past four in the afternoon in Chicago, inside the
daily break, for orders for the next session come in before it opens. A dataset whose venue has no calendar here has
UTC days of 24 hours."""

from __future__ import annotations

import datetime as dt

from nowake.data.sessions import session_on
from nowake.domain.errors import BadParameter, NotFound
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_DAY, NS_PER_SECOND, local_ns, midnight_ns

_CALENDARS = {"GLBX": "CMES", "DBEQ": "XNYS", "EQUS": "XNYS", "OPRA": "XNYS", "ARCX": "XNYS", "BATS": "XNYS"}
_CALENDARS |= dict.fromkeys(("XBOS", "XPSX", "XCHI", "XCIS", "XASE", "BATY", "EDGA", "EDGX", "IEXG", "MEMX"), "XNYS")
_CALENDARS |= dict.fromkeys(("EPRL", "LTSE", "IFUS"), "XNYS")
_EVENING = {"CMES": (16 * 3600 + 30 * 60) * NS_PER_SECOND}  # Calendar -> local time a trading date ends.
_LONGEST_BREAK = 12  # Days without a session.


class TradingDates:
    """The trading dates of a dataset ("GLBX.MDP3").

    `is_utc` says that no calendar is known, `notes` what a user should know of that, `opens_with_auction` whether
    nobody trades before the session opens; in American shares they do, from four in the morning.
    """

    def __init__(self, dataset: str) -> None:
        venue = dataset.partition(".")[0]
        self._calendar = _CALENDARS.get(venue, venue)
        self._known: dict[dt.date, Session | None] = {}
        self.is_utc = False
        self.notes: tuple[str, ...] = ()
        self.opens_with_auction = self._calendar not in {"XNYS", "XNAS"}
        try:
            session_on(self._calendar, dt.date(2023, 1, 4))
        except NotFound:
            self.is_utc, self.opens_with_auction = True, False
            self.notes = (f"No calendar is known for {venue}, so days are UTC days of 24 hours.",)
        except BadParameter:
            pass  # Closed on that day, but known.

    def session_at(self, time_ns: int) -> Session:
        """The session of the trading date that an instant belongs to; of the next one where it is of none."""
        date = dt.date(1970, 1, 1) + dt.timedelta(days=time_ns // NS_PER_DAY)
        if self.is_utc:
            opens = midnight_ns(date, "UTC")
            return Session(date=date, timezone="UTC", open_ns=opens, close_ns=opens + NS_PER_DAY)
        for days in range(-1, _LONGEST_BREAK):
            session = self._session(date + dt.timedelta(days=days))
            if session is not None and time_ns < self.end_of(session):
                return session
        raise BadParameter(f"calendar {self._calendar} has no session within {_LONGEST_BREAK} days after {date}")

    def end_of(self, session: Session) -> int:
        """The instant from which on everything belongs to a later trading date."""
        if self.is_utc:
            return session.close_ns
        evening = _EVENING.get(self._calendar)
        if evening is not None:
            return local_ns(session.date, session.timezone, evening)
        return midnight_ns(session.date + dt.timedelta(days=1), session.timezone)

    def _session(self, date: dt.date) -> Session | None:
        if date not in self._known:
            try:
                self._known[date] = session_on(self._calendar, date)
            except BadParameter:
                self._known[date] = None
        return self._known[date]
