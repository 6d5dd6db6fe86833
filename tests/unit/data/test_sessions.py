"""A session is looked up once: later processes read it from a file and never import pandas."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import subprocess
import sys

import pytest

from nowake.data import sessions
from nowake.data.load import load_day
from nowake.data.sessions import session_on
from nowake.domain.calendar import session_of
from nowake.domain.errors import BadParameter

THURSDAY = dt.date(2012, 6, 21)
HALF_DAY = dt.date(2025, 12, 24)

ASK = """
import sys
import datetime as dt
from nowake.data.sessions import session_on
session = session_on("XNAS", dt.date(2012, 6, 21))
print(session.open_ns, session.close_ns, "pandas" in sys.modules)
"""
LOAD = """
import sys
from nowake.data.load import load_day
load_day("lobster:TEST", root=sys.argv[1])
print("pandas" in sys.modules, "exchange_calendars" in sys.modules)
"""


def python(code, *arguments, **environment):
    """What a new process prints, as words."""
    command = [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)]
    run = subprocess.run(command, env=os.environ | environment, check=True, capture_output=True, text=True)
    return run.stdout.split()


@pytest.fixture
def file(tmp_path):
    folder = tmp_path / "nowake" / "hash-of-kernels"
    folder.mkdir(parents=True)
    return sessions.sessions_file(folder)


def test_the_first_process_asks_the_calendar_and_the_second_reads_the_file(tmp_path):
    caches = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "LOCALAPPDATA": str(tmp_path)}
    expected = session_of("XNAS", THURSDAY)
    times = [str(expected.open_ns), str(expected.close_ns)]
    assert [*times, "True"] == python(ASK, **caches)
    assert [*times, "False"] == python(ASK, **caches)


def test_a_day_loaded_again_needs_neither_pandas_nor_the_calendars(write_lobster):
    root = write_lobster()
    load_day("lobster:TEST", root=root)
    assert ["False", "False"] == python(LOAD, root)


def test_the_file_is_named_by_the_version_of_the_calendars(file, tmp_path):
    version = importlib.metadata.version("exchange_calendars")
    assert tmp_path / "nowake" / f"sessions-{version}.json" == file


def test_what_was_kept_is_what_the_calendar_says(file):
    wanted = [("XNAS", THURSDAY), ("XNYS", HALF_DAY), ("24/7", dt.date(2026, 3, 8)), ("CMES", THURSDAY)]
    expected = [session_of(*each) for each in wanted]
    for _ in range(2):
        assert expected == [session_on(*each, file=file) for each in wanted]
    assert 4 == file.read_bytes().count(b'"date"')
    assert [file] == [path for path in file.parent.iterdir() if path.is_file()], "a leftover"


def test_a_session_that_is_kept_is_not_asked_for_again(file):
    session = session_on("XNYS", HALF_DAY, file=file)
    earlier = str(session.close_ns - 1).encode()
    file.write_bytes(file.read_bytes().replace(str(session.close_ns).encode(), earlier))
    assert session.close_ns - 1 == session_on("XNYS", HALF_DAY, file=file).close_ns


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b'{"XNAS 2012-06-21": 5}',
        b'{"XNAS 2012-06-21": {"date": "2012-06-21", "timezone": "UTC", "open_ns": 9, "close_ns": 5}}',
        b'{"XNAS 2012-06-21": {"date": "2012-06-21", "timezone": "UTC", "open_ns": 5, "close_ns": 9}}',
        b'{"XNAS 2012-06-21": {"date": "2012-06-22", "timezone": "UTC", "open_ns": 5, "close_ns": 9}}',
        b'{"XNAS 2012-06-21": {"date": "2012-06-21", "timezone": "Mars/Base", "open_ns": 5, "close_ns": 9}}',
    ],
)
def test_a_file_that_cannot_be_right_is_replaced(file, content):
    file.write_bytes(content)
    assert session_of("XNAS", THURSDAY) == session_on("XNAS", THURSDAY, file=file)
    assert b"1340285400000000000" in file.read_bytes()


def test_a_file_that_cannot_be_written_is_done_without(file):
    file.mkdir()
    assert session_of("XNAS", THURSDAY) == session_on("XNAS", THURSDAY, file=file)
    assert {"hash-of-kernels", file.name} == {path.name for path in file.parent.iterdir()}


def test_a_private_temporary_cache_keeps_its_sessions_to_itself(tmp_path):
    assert tmp_path / "nowake-x7" == sessions.sessions_file(tmp_path / "nowake-x7").parent


def test_a_day_the_venue_was_closed_is_refused_and_not_kept(file):
    with pytest.raises(BadParameter, match="closed on 2012-07-04"):
        session_on("XNAS", dt.date(2012, 7, 4), file=file)
    assert not file.exists()
