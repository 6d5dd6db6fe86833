"""Fitted parameters kept in one SQLite file: append only, and asked for as of a date, so that no backtest looks ahead.

A version may be used from its `as_of` date on, which is after the last date it was fitted to: a fit to orders up to
Monday is first used on Tuesday, later still where its prices were taken later. The newest version is the one whose
data ended last, and of several of those the one stored last.

The file is in write-ahead mode (WAL): others read while one writes, and two writers take turns. Every record carries a
checksum; a layout newer than this code knows is refused. Put it on a local disk: WAL does not work over a network."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import math
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.version import VERSION

LAYOUT = 1

_APPLICATION = 0x6E776B70  # "nwkp", in the file's header.
_PATIENCE_S = 30.0
_MOST_LISTED = 12
_TABLES = """
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    symbol TEXT NOT NULL,
    model TEXT NOT NULL,
    fitted_from TEXT NOT NULL,
    fitted_to TEXT NOT NULL,
    as_of TEXT NOT NULL,
    data_hash TEXT NOT NULL,
    record TEXT NOT NULL,
    checksum TEXT NOT NULL UNIQUE
);
CREATE INDEX by_date ON versions (name, symbol, as_of, fitted_to, id);
CREATE TRIGGER no_update BEFORE UPDATE ON versions BEGIN SELECT RAISE(ABORT, 'versions are never changed'); END;
CREATE TRIGGER no_delete BEFORE DELETE ON versions BEGIN SELECT RAISE(ABORT, 'versions are never deleted'); END;
"""


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One fit as it is stored: plain values, whatever the model.

    Parameters
    ----------
    name
        What the desk calls this line of fits, for example "desk" or "desk-us".
    model, model_version
        Name of the model's class, and the version its formulas say they are.
    fields
        Every field of the model's record: parameters, settings, covariance.
    symbol
        Whose parameters; "" for those of the pool, which also stand for a symbol never seen.
    fitted_from, fitted_to
        First and last trading date of the orders fitted to.
    as_of
        First date the version may be used on, after `fitted_to`; None takes the day after.
    orders, clusters
        Rows and clusters fitted to.
    method
        How it was fitted, in words.
    data_hash
        Of the columns fitted to.
    module
        Where a model of the user's own is written; "" for those of nowake.
    seen
        The ranges of the orders fitted to, as plain values; {} where they are not known.
    package
        Version of nowake that fitted.
    id
        Place in the file; 0 before it is stored.

    Raises
    ------
    BadParameter
        When the name is empty, dates are out of order, or a number is not finite.
    """

    name: str
    model: str
    model_version: str
    fields: dict[str, Any]
    fitted_from: dt.date
    fitted_to: dt.date
    data_hash: str
    symbol: str = ""
    as_of: dt.date | None = None
    orders: int = 0
    clusters: int = 0
    method: str = ""
    module: str = ""
    seen: dict[str, Any] = {}
    package: str = VERSION
    id: int = 0

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise BadParameter("a stored version needs a name, for example 'desk'")
        if self.fitted_to < self.fitted_from:
            raise BadParameter(f"fitted_to {self.fitted_to} is before fitted_from {self.fitted_from}")
        if self.as_of is not None and self.as_of <= self.fitted_to:
            raise BadParameter(
                f"as_of {self.as_of} must be after the last date fitted to, {self.fitted_to}; used earlier it would "
                "look ahead"
            )
        if not _all_finite(self.fields):
            raise BadParameter(f"fields of {self.model} must be finite to be stored: {self.fields}")

    @property
    def usable_from(self) -> dt.date:
        """First date the version may be used on."""
        return self.as_of or self.fitted_to + dt.timedelta(days=1)


def append(path: str | Path, versions: Sequence[Version]) -> list[int]:
    """Store versions, all or none; the file is made where there is none.

    Returns the id of each. One that is there already, to the last digit, keeps its id and is not stored twice.

    Raises
    ------
    BadData
        When the file is no parameter store, damaged, or of a newer layout.
    OSError
        When it cannot be written.
    """
    with _opened(path, may_make=True) as database:
        database.execute("BEGIN IMMEDIATE")
        ids = [_append(database, version) for version in versions]
        database.execute("COMMIT")
    return ids


def as_of(path: str | Path, date: dt.date, *, name: str, symbol: str = "", model: str | None = None) -> Version:
    """The newest version that could have been known on a date, whatever its model; as for `newest`."""
    return max(newest(path, date, name=name, symbol=symbol, model=model), key=lambda each: (each.fitted_to, each.id))


def newest(path: str | Path, date: dt.date, *, name: str, symbol: str = "", model: str | None = None) -> list[Version]:
    """Of each class of model the newest version that could have been known on a date: its data ended before it.

    Parameters
    ----------
    date
        The trading date it is to be used on.
    name, symbol, model
        Which line of fits, whose ("" for the pool) and, to ask for one, of which class of model.

    Raises
    ------
    NotFound
        When the file is not there, or no version fits; the message says what there is.
    BadData
        As for `append`, and when the record's checksum is wrong.
    """
    wanted = "name = ? AND symbol = ? AND (? IS NULL OR model = ?)"
    asked = (name, symbol, model, model)
    with _opened(path, may_make=False) as database:
        rows = database.execute(
            "SELECT id, record, checksum FROM (SELECT *, row_number() OVER "
            "(PARTITION BY model ORDER BY fitted_to DESC, id DESC) AS place FROM versions "
            f"WHERE {wanted} AND as_of <= ? AND fitted_to < ?) WHERE place = 1 ORDER BY id",
            (*asked, date.isoformat(), date.isoformat()),
        ).fetchall()
        if not rows:
            first = database.execute(f"SELECT min(as_of) FROM versions WHERE {wanted}", asked).fetchone()[0]
            whose = f"{model or 'model'} of {symbol or 'the pool'} under {name!r}"
            if first is None:
                raise NotFound(f"{path} has no {whose}; it has {_what_there_is(database)}")
            raise NotFound(f"{path} has no {whose} known on {date}; the first may be used from {first} on")
    return [_decoded(Path(path), *row) for row in rows]


def versions(path: str | Path, *, name: str | None = None, symbol: str | None = None) -> list[Version]:
    """All versions of a file, in the order they were stored; errors as for `as_of`."""
    with _opened(path, may_make=False) as database:
        rows = database.execute(
            "SELECT id, record, checksum FROM versions WHERE (? IS NULL OR name = ?) AND (? IS NULL OR symbol = ?) "
            "ORDER BY id",
            (name, name, symbol, symbol),
        ).fetchall()
    return [_decoded(Path(path), *row) for row in rows]


@contextlib.contextmanager
def _opened(path: str | Path, *, may_make: bool) -> Iterator[sqlite3.Connection]:
    """The database, checked to be ours; its errors as ours."""
    path = Path(path)
    if path.exists() and not path.is_file():
        raise BadParameter(f"{path} is {'a folder' if path.is_dir() else 'no regular file'}; give the file of a store")
    if not path.exists() and not may_make:
        raise NotFound(f"{path} is not there; nowake fit ORDERS --save {path} makes it")
    if not path.parent.is_dir():
        raise BadParameter(f"{path} cannot be a parameter store: give a file in a folder that is there")
    try:
        with contextlib.closing(_connected(path, may_write=may_make)) as database:
            _check_layout(database, path, may_make=may_make)
            yield database
    except sqlite3.OperationalError as error:
        if str(error).startswith("no such"):
            raise BadData(f"{path} is damaged: {error}; take a copy of it from a backup") from None
        way_out = "is it on a local disk, and may it be written?" if may_make else "may it be read?"
        raise OSError(None, f"{error}; {way_out}", str(path)) from None
    except sqlite3.DatabaseError as error:
        raise BadData(f"{path} is damaged or no parameter store: {error}; take a copy of it from a backup") from None


def _connected(path: Path, *, may_write: bool) -> sqlite3.Connection:
    """To write, or to read only: then also where the files that readers share cannot be made beside it."""
    if may_write:
        return sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)
    uri = f"{path.absolute().as_uri()}?mode=ro"
    database = sqlite3.connect(uri, timeout=_PATIENCE_S, isolation_level=None, uri=True)
    try:
        database.execute("PRAGMA schema_version")
    except sqlite3.OperationalError:
        database.close()
        if path.with_name(f"{path.name}-wal").exists():  # Somebody writes: what is in there would be missed.
            raise
        return sqlite3.connect(f"{uri}&immutable=1", isolation_level=None, uri=True)
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database


def _check_layout(database: sqlite3.Connection, path: Path, *, may_make: bool) -> None:
    # Tables first: whoever makes the file sets the others with them.
    is_blank = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    layout = database.execute("PRAGMA user_version").fetchone()[0]
    application = database.execute("PRAGMA application_id").fetchone()[0]
    if layout == 0 and application == 0 and is_blank:
        if not may_make:
            raise NotFound(f"{path} is empty; nowake fit ORDERS --save {path} makes it a parameter store")
        _make(database, path)
        return
    if application != _APPLICATION:
        raise BadData(f"{path} is an SQLite file of something else; give the name of a parameter store")
    if layout > LAYOUT:
        raise BadData(f"{path} has layout {layout} of a newer nowake, this one knows {LAYOUT}; update nowake")


def _make(database: sqlite3.Connection, path: Path) -> None:
    """Lay the tables out, unless another process did so a moment ago."""
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("BEGIN IMMEDIATE")
    if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        for statement in _TABLES.split(";\n"):
            if statement.strip():
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {_APPLICATION}")
        database.execute(f"PRAGMA user_version = {LAYOUT}")
    database.execute("COMMIT")
    if database.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
        raise BadData(f"{path} is an SQLite file of something else; give the name of a parameter store")


def _append(database: sqlite3.Connection, version: Version) -> int:
    record = msgspec.json.encode(msgspec.structs.replace(version, id=0)).decode()
    checksum = _checksum(record)
    there = database.execute("SELECT id FROM versions WHERE checksum = ?", (checksum,)).fetchone()
    if there is not None:
        return int(there[0])
    dates = (version.fitted_from, version.fitted_to, version.usable_from)
    cursor = database.execute(
        "INSERT INTO versions (name, symbol, model, fitted_from, fitted_to, as_of, data_hash, record, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            version.name,
            version.symbol,
            version.model,
            *(date.isoformat() for date in dates),
            version.data_hash,
            record,
            checksum,
        ),
    )
    return int(cursor.lastrowid or 0)


def _decoded(path: Path, number: int, record: str, checksum: str) -> Version:
    if _checksum(record) != checksum:
        raise BadData(f"{path}: version {number} does not match its checksum; take a copy of the file from a backup")
    try:
        return msgspec.structs.replace(msgspec.json.decode(record, type=Version), id=number)
    except msgspec.MsgspecError as error:
        raise BadData(f"{path}: version {number} cannot be read: {error}; update nowake") from None


def _checksum(record: str) -> str:
    return hashlib.sha256(record.encode()).hexdigest()


def _what_there_is(database: sqlite3.Connection) -> str:
    rows = database.execute("SELECT DISTINCT name, symbol, model FROM versions ORDER BY 1, 2, 3").fetchall()
    listed = [f"{name!r} {symbol or '(pool)'} {model}" for name, symbol, model in rows[:_MOST_LISTED]]
    more = f" and {len(rows) - _MOST_LISTED} more" if len(rows) > _MOST_LISTED else ""
    return (", ".join(listed) or "nothing") + more


def _all_finite(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(map(_all_finite, value.values()))
    return all(map(_all_finite, value)) if isinstance(value, list | tuple) else True
