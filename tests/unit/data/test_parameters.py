from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import multiprocessing
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from nowake.data import parameters
from nowake.data.parameters import Version, append, as_of, versions
from nowake.domain.errors import BadData, BadParameter, NotFound

JAN = dt.date(2024, 1, 31)


def version(to: dt.date = JAN, **changes: object) -> Version:
    whole = {
        "name": "desk",
        "model": "SquareRoot",
        "model_version": "1",
        "fields": {"y": 0.1 + 0.2, "covariance": [[0.01]], "reading": "average cost of the order"},
        "fitted_from": dt.date(2023, 1, 2),
        "fitted_to": to,
        "data_hash": "abc",
        **changes,
    }
    return Version(**whole)  # type: ignore[arg-type]


def test_a_version_comes_back_to_the_last_digit(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    assert append(path, [version()]) == [1]
    assert versions(path) == [msgspec.structs.replace(version(), id=1)]
    assert as_of(path, dt.date(2024, 2, 1), name="desk").fields["y"] == 0.30000000000000004


def test_a_date_gets_the_newest_version_whose_data_ended_before_it(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    days = [dt.date(2024, month, 15) for month in (1, 3, 2)]
    append(path, [version(day) for day in days])
    assert as_of(path, dt.date(2024, 2, 15), name="desk").fitted_to == days[0]
    assert as_of(path, dt.date(2024, 2, 16), name="desk").fitted_to == days[2]
    assert as_of(path, dt.date(2024, 3, 15), name="desk").fitted_to == days[2]
    assert as_of(path, dt.date(2030, 1, 1), name="desk").fitted_to == days[1]
    with pytest.raises(NotFound, match=r"known on 2024-01-15; the first may be used from 2024-01-16 on"):
        as_of(path, days[0], name="desk")


def test_a_version_told_to_be_usable_later_is_not_used_before(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    append(path, [version(), version(dt.date(2024, 2, 15), as_of=dt.date(2024, 2, 20))])
    assert as_of(path, dt.date(2024, 2, 19), name="desk").fitted_to == JAN
    assert as_of(path, dt.date(2024, 2, 20), name="desk").fitted_to == dt.date(2024, 2, 15)
    with pytest.raises(BadParameter, match="would look ahead"):
        version(as_of=JAN)


def test_of_two_fits_to_the_same_dates_the_later_stored_is_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    append(path, [version(data_hash="one"), version(data_hash="two")])
    assert as_of(path, dt.date(2025, 1, 1), name="desk").data_hash == "two"


def test_symbols_models_and_names_are_kept_apart(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    append(path, [version(), version(symbol="IBM", orders=7), version(model="PowerLaw", orders=8), version(name="eu")])
    day = dt.date(2025, 1, 1)
    assert as_of(path, day, name="desk", symbol="IBM").orders == 7
    assert as_of(path, day, name="desk").orders == 8
    assert as_of(path, day, name="desk", model="SquareRoot").orders == 0
    assert [each.name for each in versions(path, name="eu")] == ["eu"]
    with pytest.raises(NotFound, match=r"no model of MSFT under 'desk'; it has 'desk' \(pool\) PowerLaw"):
        as_of(path, day, name="desk", symbol="MSFT")


def test_the_same_version_is_stored_once(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    append(path, [version()])
    assert append(path, [version(), version(orders=2)]) == [1, 2]
    assert len(versions(path)) == 2


def test_versions_cannot_be_changed_or_deleted(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    append(path, [version()])
    with sqlite3.connect(path) as database:
        for statement in ("UPDATE versions SET name = 'x'", "DELETE FROM versions"):
            with pytest.raises(sqlite3.IntegrityError, match="versions are never"):
                database.execute(statement)


def _append_many(path: str, worker: int) -> list[int]:
    return [append(path, [version(data_hash=f"{worker}-{number}")])[0] for number in range(20)]


def test_processes_that_make_the_file_and_store_at_once_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "p.db")
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=spawn) as pool:
        ids = [each for found in pool.map(_append_many, [path] * 3, range(3)) for each in found]
    assert sorted(ids) == list(range(1, 61))
    assert {each.data_hash for each in versions(path)} == {f"{w}-{n}" for w in range(3) for n in range(20)}


def test_threads_that_make_the_file_at_once_lose_nothing(tmp_path: Path) -> None:
    path = str(tmp_path / "p.db")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        ids = [each for found in pool.map(_append_many, [path] * 8, range(8)) for each in found]
    assert sorted(ids) == list(range(1, 161))


def test_all_versions_of_one_call_are_stored_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "p.db"
    append(path, [version()])
    unstorable = msgspec.structs.replace(version(orders=3), data_hash=None)  # type: ignore[arg-type]
    with pytest.raises(BadData):
        append(path, [version(orders=2), unstorable])
    assert len(versions(path)) == 1


def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "p.db"
    append(path, [version(data_hash=str(number)) for number in range(50)])
    whole = path.read_bytes()
    path.write_bytes(b"no database at all, but long enough to look at" * 40)
    with pytest.raises(BadData, match="damaged or no parameter store"):
        versions(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadData, match="damaged or no parameter store"):
        versions(path)
    path.write_bytes(whole.replace(b"average cost", b"average c0st"))
    with pytest.raises(BadData, match="version 1 does not match its checksum"):
        versions(path)


def test_a_newer_layout_and_the_file_of_another_program_are_refused(tmp_path: Path) -> None:
    path, other = tmp_path / "p.db", tmp_path / "other.db"
    append(path, [version()])
    with sqlite3.connect(path) as database:
        database.execute(f"PRAGMA user_version = {parameters.LAYOUT + 1}")
    with pytest.raises(BadData, match=r"layout 2 of a newer nowake, this one knows 1; update nowake"):
        append(path, [version()])
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE theirs (x)")
    for use in (lambda: append(other, [version()]), lambda: versions(other)):
        with pytest.raises(BadData, match="of something else"):
            use()


def test_what_is_not_there_or_cannot_be_stored_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="nowake fit ORDERS --save"):
        versions(tmp_path / "none.db")
    with pytest.raises(BadParameter, match="give a file in a folder that is there"):
        append(tmp_path / "no" / "p.db", [version()])
    with pytest.raises(BadParameter, match="must be finite"):
        version(fields={"y": float("nan")})
    with pytest.raises(BadParameter, match="needs a name"):
        version(name=" ")
    with pytest.raises(BadParameter, match="is before fitted_from"):
        version(to=dt.date(2020, 1, 1))


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that others than its owner may reach; pytest's own is private."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextlib.contextmanager
def as_somebody_else() -> Iterator[None]:
    """Root may do everything, so that nothing is read-only to it."""
    own = os.geteuid()
    if own == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(own)


def test_a_store_that_may_only_be_read_is_read(shared_folder: Path) -> None:
    path = shared_folder / "p.db"
    append(path, [version()])
    path.chmod(0o444)
    shared_folder.chmod(0o555)
    with as_somebody_else():
        assert [found.id for found in versions(path)] == [1]
        assert as_of(path, dt.date(2024, 2, 1), name="desk").id == 1
        with pytest.raises(OSError, match="may it be written"):
            append(path, [version(dt.date(2024, 2, 5))])
    assert sorted(each.name for each in shared_folder.iterdir()) == ["p.db"]


def test_what_is_no_store_is_called_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(BadParameter, match="is a folder"):
        versions(tmp_path)
    with pytest.raises(BadParameter, match="is no regular file"):
        append("/dev/null", [version()])
    empty = tmp_path / "empty.db"
    empty.touch()
    with pytest.raises(NotFound, match=r"empty\.db is empty"):
        versions(empty)
    robbed = tmp_path / "robbed.db"
    append(robbed, [version()])
    with sqlite3.connect(robbed) as database:
        database.execute("DROP TABLE versions")
    with pytest.raises(BadData, match="is damaged: no such table: versions"):
        versions(robbed)


def test_the_file_of_another_program_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE theirs (a)")
    database.close()
    before = path.read_bytes()
    for use in (lambda: append(path, [version()]), lambda: versions(path)):
        with pytest.raises(BadData, match="SQLite file of something else"):
            use()
    assert path.read_bytes() == before
