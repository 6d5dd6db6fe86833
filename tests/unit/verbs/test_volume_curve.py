"""Volume curves as somebody says them: a file of times and shares, or earlier days."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from nowake.data.day import Day
from nowake.data.sessions import session_on
from nowake.domain.errors import BadData, BadParameter, NotFound
from nowake.domain.instrument import Session
from nowake.verbs.volume_curve import read_curve, volume_curve

MINUTE = 60 * 10**9


@pytest.fixture
def session(generated_day: Day) -> Session:
    """From 09:30 to 16:00."""
    return generated_day.instrument.session


def write(folder: Path, text: str) -> Path:
    path = folder / "curve.csv"
    path.write_text(text)
    return path


def test_a_file_of_times_and_shares_is_a_curve_to_the_close(tmp_path: Path, session: Session) -> None:
    curve = read_curve(write(tmp_path, 'share,time\n"30,000",09:30\n1e4,10:30\n60000,15:30\n'), session)
    assert curve.shares == pytest.approx((0.3, 0.1, 0.6))
    assert [(edge - session.open_ns) // MINUTE for edge in curve.edges_ns] == [0, 60, 360, 390]
    found = volume_curve(str(tmp_path / "curve.csv"), session)
    assert found.curve == curve
    assert found.notes == ("Volume runs as curve.csv says.",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,share\n10:00,1\n", "the first time must be the open, 09:30:00"),
        ("time,share\n09:30,1\n16:00,1\n", "the last before the close, 16:00:00"),
        ("time,share\n09:30,1\n11:00,1\n10:30,2\n", "row 4: time 10:30 is not after the one before it"),
        ("time,share\n09:30,1\n11:00,-1\n", "row 3: share -1 must be 0 or more"),
        ("time,share\n09:30,nan\n", "row 2: share nan must be 0 or more"),
        ("time,share\n09:30,\n", "row 2: share"),
        ("time,share\nnoon,1\n", "row 2: time 'noon' is not a time of day"),
        ("time,share\n09:30,0\n", "has no volume at all"),
    ],
)
def test_a_file_that_is_no_curve_says_where(tmp_path: Path, session: Session, text: str, message: str) -> None:
    with pytest.raises(BadData, match=message):
        read_curve(write(tmp_path, text), session)


def test_a_curve_needs_both_columns_and_a_file(tmp_path: Path, session: Session) -> None:
    with pytest.raises(BadParameter, match="has no share"):
        read_curve(write(tmp_path, "time,volume\n09:30,1\n"), session)
    with pytest.raises(NotFound):
        volume_curve(str(tmp_path / "none.csv"), session)


def test_days_before_the_session_are_averaged_and_no_later_ones(tmp_path: Path) -> None:
    folder = tmp_path / "bars"
    folder.mkdir()
    dates = [dt.date(2026, 1, day) for day in (5, 6, 7, 8)]
    shares = [(4, 1), (2, 1), (3, 1), (1, 9)]  # The first half of the day against the second; the last day is ours.
    rng = np.random.default_rng(5)
    with (folder / "XYZ_5m.csv").open("w") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for date, (first, second) in zip(dates, shares, strict=True):
            opens = dt.datetime.combine(date, dt.time(14, 30), dt.UTC)
            for k in range(78):
                close = 100 + float(rng.normal(0, 0.1))
                volume = 1_000 * (first if k < 39 else second)
                stamp = (opens + dt.timedelta(minutes=5 * k)).isoformat()
                file.write(f"{stamp},100,{max(100, close)},{min(100, close)},{close},{volume}\n")
    session = session_on("XNYS", dates[-1])
    found = volume_curve("bars:XYZ", session, root=tmp_path)
    middle = (session.open_ns + session.close_ns) // 2
    assert found.curve.share_until(middle) == pytest.approx((4 / 5 + 2 / 3 + 3 / 4) / 3, abs=1e-9)
    assert found.notes == ("Volume runs as on 3 earlier days of bars:XYZ.",)
    with pytest.raises(BadData, match="an average needs 2"):
        volume_curve("bars:XYZ", session_on("XNYS", dates[1]), root=tmp_path)
