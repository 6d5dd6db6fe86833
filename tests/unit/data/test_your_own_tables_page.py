"""The page on your own tables: its code runs as it stands, on tables as it describes them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

PAGE = Path(__file__).parents[3] / "docs" / "your-own-tables.md"
OPEN_NS = 1_549_031_400_000_000_000  # 09:30 in New York on 2019-02-01.
MINUTE_NS = 60_000_000_000


@pytest.fixture
def tables(tmp_path, monkeypatch):
    """The files the page names, in the working folder."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    walk = 5000 + np.cumsum(rng.integers(-1, 2, 780))
    times = pl.Series(OPEN_NS + np.arange(780) * MINUTE_NS // 2).cast(pl.Datetime("ns", "UTC"))
    local = times.dt.convert_time_zone("America/New_York").dt.strftime("%Y-%m-%d %H:%M:%S%.f")
    price = [f"{ticks / 100:.2f}" for ticks in walk]
    pl.DataFrame({"when": local, "px": price, "size": rng.integers(1, 500, 780)}).write_csv("trades.csv")
    pl.DataFrame(
        {
            "ts": times.dt.epoch("ns") - 1,
            "b": [f"{(ticks - 1) / 100:.2f}" for ticks in walk],
            "bs": [300] * 780,
            "a": [f"{(ticks + 1) / 100:.2f}" for ticks in walk],
            "as": [200] * 780,
        }
    ).write_parquet("quotes.parquet")
    rows = "".join(f"2019-02-01 {9 + k // 60:02d}:{k % 60:02d},10,11,9,10.5,{k + 1},10.2\n" for k in range(30, 420))
    Path("bars.csv").write_text("start,open,high,low,close,volume,wap\n" + rows.replace(",10,11", ":00,10,11"))
    Path("events.csv").write_text(
        "ts,kind,id,side,price,qty\n"
        "2019-02-01 09:30:00,add,1,bid,49.99,300\n"
        "2019-02-01 09:30:01,add,2,ask,50.01,200\n"
        "2019-02-01 09:30:02,execute,2,ask,50.01,50\n"
    )


def test_the_code_of_the_page_runs(tables, capsys) -> None:
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL))
    exec(compile(code, PAGE.name, "exec"), {})
    printed = capsys.readouterr().out
    assert "True 3 1" in printed  # Can be replayed, three quotes, one trade.
    assert printed.endswith("True\n")  # Kept and read back, byte for byte.


def test_every_kind_of_event_is_on_the_page() -> None:
    from nowake.data.tables import EVENT_KINDS  # noqa: PLC0415

    told = set(re.findall(r"`([a-z]+)`", "\n".join(re.findall(r"^\| (`.*?) \|", PAGE.read_text(), re.MULTILINE))))
    assert set(EVENT_KINDS) <= told
