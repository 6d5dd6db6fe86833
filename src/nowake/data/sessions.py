"""Sessions found once are kept in a file, for finding one imports pandas, which takes longer than reading a day.

The file is <user cache>/nowake/sessions-<version of exchange_calendars>.json, beside the folders of compiled code: a
newer calendar library starts a new one. Where it cannot be read or written, the calendar is asked as if it were not
there; two processes that write at once may lose an entry, never spoil one."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from nowake.domain.errors import BadParameter
from nowake.domain.instrument import Session
from nowake.domain.units import NS_PER_DAY, midnight_ns
from nowake.kernels.runtime import cache_folder

_Stored = dict[str, Session]


def session_on(calendar: str, date: dt.date, *, file: Path | None = None) -> Session:
    """The session of a calendar on a date, from the file where it is known, else from the calendar.

    Parameters
    ----------
    calendar, date
        And errors, as for `nowake.domain.calendar.session_of`.
    file
        By default `sessions_file()`.
    """
    from nowake.domain import calendar as calendars  # noqa: PLC0415

    return _kept(f"{calendar} {date.isoformat()}", date, lambda: calendars.session_of(calendar, date), file)


def pause_on(calendar: str, date: dt.date, *, file: Path | None = None) -> Session | None:
    """The lunch break of a calendar on a date, None where there is none; as `session_on`, and `pause_of` there.

    In the file a session that does not pause stands as its own pause.
    """
    from nowake.domain import calendar as calendars  # noqa: PLC0415

    def ask() -> Session:
        return calendars.pause_of(calendar, date) or session_on(calendar, date, file=file)

    pause = _kept(f"{calendar} {date.isoformat()} pause", date, ask, file)
    return None if pause == session_on(calendar, date, file=file) else pause


def _kept(key: str, date: dt.date, ask: Callable[[], Session], file: Path | None) -> Session:
    """What the file holds of a key, else what is answered, which it then holds."""
    path = file or sessions_file()
    known = _read(path).get(key)
    if known is not None and _is_plausible(known, date):
        return known
    found = ask()
    _write(path, _read(path) | {key: found})
    return found


def sessions_file(compiled: Path | None = None) -> Path:
    """Where sessions are kept: beside the folder of compiled code, or in it where that is a private temporary one."""
    folder = compiled or cache_folder()
    version = importlib.metadata.version("exchange_calendars")
    return (folder.parent if folder.parent.name == "nowake" else folder) / f"sessions-{version}.json"


def _is_plausible(session: Session, date: dt.date) -> bool:
    """Whether a session is of its date: some open the evening before, none is longer than a day."""
    try:
        since_ns = session.open_ns - midnight_ns(date, session.timezone)
    except (BadParameter, LookupError, ValueError, OSError):
        return False
    return session.date == date and abs(since_ns) <= NS_PER_DAY >= session.close_ns - session.open_ns


def _read(path: Path) -> _Stored:
    """What the file holds; nothing where it is missing or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Stored)
    except (OSError, msgspec.MsgspecError, BadParameter):
        return {}


def _write(path: Path, sessions: _Stored) -> None:
    """The whole file or nothing: a full or read-only disk costs the next process a second, not this one its day."""
    with contextlib.suppress(OSError):
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(msgspec.json.encode(sessions))
        try:
            os.replace(file.name, path)
        except OSError:
            Path(file.name).unlink()
