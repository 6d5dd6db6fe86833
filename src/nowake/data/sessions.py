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
    path, key = file or sessions_file(), f"{calendar} {date.isoformat()}"
    known = _read(path).get(key)
    if known is not None and _is_plausible(known, date):
        return known
    from nowake.domain.calendar import session_of  # noqa: PLC0415

    session = session_of(calendar, date)
    _write(path, _read(path) | {key: session})
    return session


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
