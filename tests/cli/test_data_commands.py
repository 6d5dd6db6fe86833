"""`nowake data` as a new user meets it: list, describe, check, convert, and one line for every mistake."""

from __future__ import annotations

import gzip
import json
import os
import sys
from pathlib import Path

import pytest

from nowake.data.generated import generate_day
from nowake.data.load import load_day
from nowake.data.store import write_day

from .test_commands import answer, nowake

MESSAGES = "34200.1,1,11,100,1000000,1\n34200.2,1,12,50,1000200,-1\n34200.5,4,11,40,1000000,1\n"
BOOK = "1000300,70,1000000,100\n1000200,50,1000000,100\n1000200,50,1000000,60\n"
TICKS = "time,open,high,low,close,volume\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with two LOBSTER days of two symbols."""
    root = tmp_path / "data"
    for symbol in ("AAA", "BBB"):
        name = root / f"{symbol}_2012-06-21_34200000_57600000"
        root.mkdir(exist_ok=True)
        Path(f"{name}_message_1.csv").write_text(MESSAGES)
        Path(f"{name}_orderbook_1.csv").write_text(BOOK)
    return root


def test_info_lists_a_row_a_name_and_describes_the_one_day_there_is(folder: Path) -> None:
    listed = nowake("data", "info", "--root", str(folder)).stdout
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("lobster:")] == [
        "lobster:AAA",
        "lobster:BBB",
    ]
    rows = answer("data", "info", str(folder))
    assert [(row["symbol"], row["first"], row["gives"]) for row in rows] == [
        ("AAA", "2012-06-21", "orders"),
        ("BBB", "2012-06-21", "orders"),
    ]
    assert "tick, lot  0.01 USD, 1" in nowake("data", "info", "lobster:AAA", "--root", str(folder)).stdout
    assert answer("data", "info", str(folder), "--symbol", "BBB")["instrument"]["symbol"] == "BBB"


def test_convert_writes_days_that_every_other_command_reads(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    result = nowake("data", "convert", str(folder), "--to", str(store))
    assert result.returncode == 0, result.stderr
    assert "2 days in" in result.stdout
    again = answer("data", "convert", str(folder), "--to", str(store))
    assert [day["fate"] for outcome in again for day in outcome["days"]] == ["unchanged", "unchanged"]
    spec = f"parquet:{store}:AAA"
    assert load_day(spec).fingerprint == load_day("lobster:AAA", root=folder).fingerprint
    assert answer("data", "info", spec)["can_replay"] is True
    assert nowake("data", "check", spec).returncode == 0
    assert answer("simulate", spec, "--buy", "10", "--end", "09:30:01")["run"]["data_source"] == spec


def test_convert_takes_only_the_symbols_and_days_asked_for(folder: Path, tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    (outcome,) = answer("data", "convert", str(folder), "--to", store, "--symbol", "bbb", "--from", "2012-06-01")
    assert [day["symbol"] for day in outcome["days"]] == ["BBB"]
    for wrong in (("--symbol", "CCC"), ("--date", "2012-06-22"), ("--to-date", "2012-06-20")):
        result = nowake("data", "convert", str(folder), "--to", store, *wrong)
        assert (result.returncode, "nothing of the symbols and days asked for" in result.stderr) == (2, True)


def test_convert_leaves_out_what_is_damaged_says_so_and_exits_1(folder: Path, tmp_path: Path) -> None:
    damaged = next(folder.glob("AAA*message*"))
    damaged.write_text(MESSAGES.replace(",40,", ",4o,"))
    result = nowake("data", "convert", str(folder), "--to", str(tmp_path / "store"))
    assert result.returncode == 1
    text = " ".join(result.stdout.split())
    assert "1 day in" in text
    assert f"LEFT OUT data/{damaged.name}: row 3: size '4o' is not a number" in text
    alone = nowake("data", "convert", "lobster:AAA", "--root", str(folder), "--to", str(tmp_path / "other"))
    assert (alone.returncode, alone.stdout) == (2, "")
    assert "row 3: size '4o' is not a number" in alone.stderr


LOG = """id,timestamp,exchange.timestamp,price,volume,action,direction
1,1430438400100,1430438400000,236.50,1.00000000,created,bid
2,1430438400200,1430438400100,236.60,1.00000000,created,ask
1,1430438401200,1430438401100,236.50,1.00000000,deleted,bid
"""


def test_each_source_is_converted_for_its_own_symbol_or_named_as_left_out(folder: Path, tmp_path: Path) -> None:
    (folder / "log.csv").write_text(LOG)
    root, store = ("--root", str(folder)), str(tmp_path / "store")
    both = answer("data", "convert", "lobster:AAA", "bitstamp:btcusd", *root, "--to", store)
    assert {"AAA", "btcusd"} == {day["symbol"] for outcome in both for day in outcome["days"]}
    unsaid = nowake("data", "convert", str(folder), "--to", str(tmp_path / "all"))
    assert (unsaid.returncode, "2 days in" in unsaid.stdout) == (1, True)
    assert "LEFT OUT data/log.csv: does not name its symbol; say which" in " ".join(unsaid.stdout.split())
    named = nowake("data", "convert", "lobster:AAA", "--symbol", "ZZZ", *root, "--to", store)
    assert (named.returncode, "lobster:AAA names a symbol already; leave out --symbol ZZZ" in named.stderr) == (2, True)


def test_a_source_and_a_symbol_of_which_nothing_comes_are_left_out_and_exit_1(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for path in folder.glob("BBB*"):
        path.rename(other / path.name)
    wanted = ("--symbol", "AAA", "--symbol", "ZZZ", "--to", str(tmp_path / "store"))
    result = nowake("data", "convert", str(folder), str(other), *wanted)
    text = " ".join(result.stdout.split())
    assert (result.returncode, "1 day in" in text) == (1, True)
    assert "LEFT OUT ZZZ: it is in no day of the sources" in text
    assert "other: nothing of the symbols and days asked for is in it" in text


@pytest.mark.skipif(sys.platform != "linux", reason="file names that are no Unicode are Linux's")
def test_a_file_whose_name_is_not_unicode_is_listed_and_converted(tmp_path: Path) -> None:
    rows = [f"2024-02-20T15:{minute}:00Z,10,11,9,10,1" for minute in range(10, 40)]
    os.makedirs(tmp_path / "data")
    with open(os.fsencode(tmp_path / "data") + b"/n\xffname.csv", "w") as file:
        file.write("time,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    root = str(tmp_path / "data")
    assert answer("data", "info", root)["instrument"]["symbol"] == "N\\UDCFFNAME"
    assert answer("data", "convert", root, "--to", str(tmp_path / "store"))[0]["days"][0]["fate"] == "written"


def test_check_says_the_verdict_first_and_exits_1_on_faults(folder: Path) -> None:
    good = nowake("data", "check", "lobster:AAA", "--root", str(folder))
    assert good.returncode == 0
    assert good.stdout.splitlines()[1].split()[:3] == ["verdict", "Usable", "with"]
    next(folder.glob("BBB*message*")).write_text(MESSAGES.replace(",40,", ",0,"))
    bad = nowake("data", "check", "lobster:BBB", "--root", str(folder))
    assert bad.returncode == 1
    assert "Do not use before repair: 1 non positive size in events" in " ".join(bad.stdout.split())
    both = nowake("data", "check", str(folder))
    assert (both.returncode, "1 of 2 days are not to be used before repair" in both.stdout) == (1, True)
    assert [day["faults"] for day in answer_of_faults("data", "check", str(folder))["days"]] == [0, 1]


def test_files_that_cannot_be_read_are_named_and_the_others_used(folder: Path) -> None:
    rows = [f"2024-02-20T15:{minute}:00Z,10,11,9,10,1{'x' if minute == 20 else ''}\n" for minute in range(10, 40)]
    (folder / "AAA_1m.csv").write_text("time,open,high,low,close,volume\n" + "".join(rows))
    said = "LEFT OUT data/AAA_1m.csv: row 12: "
    checked = nowake("data", "check", str(folder))
    assert (checked.returncode, said in checked.stdout) == (1, True)
    assert "none of 2 days has a fault" in checked.stdout
    assert [len(answer_of_faults("data", "check", str(folder))[key]) for key in ("days", "left_out")] == [2, 1]
    listed = nowake("data", "info", str(folder))
    assert (listed.returncode, said in listed.stderr, listed.stdout.count("lobster:")) == (0, True, 2)
    assert nowake("data", "check", "lobster:AAA", "--root", str(folder)).returncode == 0


def answer_of_faults(*arguments: str) -> dict:  # type: ignore[type-arg]
    result = nowake(*arguments, "--json")
    assert result.returncode == 1, result.stderr
    return json.loads(result.stdout)


def test_a_day_a_replay_would_lie_about_is_refused_with_the_reason(tmp_path: Path) -> None:
    table = tmp_path / "ABC_1m.csv"
    rows = [f"2026-01-05T{14 + k // 60}:{k % 60:02}:00+00:00,10,11,9,10,100" for k in range(30, 420)]
    table.write_text(TICKS + "\n".join(rows) + "\n")
    day = nowake("simulate", str(table), "--date", "2026-01-05", "--buy", "100")
    assert day.returncode == 2
    assert "no order-by-order events" in day.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.csv is empty; copy it again"),
        (b"no such format\n", "x.csv is of no format that is known (parquet, lobster"),
        (gzip.compress(b"x" * 9_000, mtime=0)[:40], "x.csv is of no format that is known"),
    ],
)
@pytest.mark.parametrize("command", ["info", "check", "convert"])
def test_a_file_that_is_nothing_is_one_line_and_exits_2(
    command: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    result = nowake("data", command, str(path), *(("--to", str(tmp_path / "s")) if command == "convert" else ()))
    lines = [line for line in result.stderr.splitlines() if not line.endswith("...")]
    assert (result.returncode, len(lines)) == (2, 1)
    assert message in lines[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("data", "convert", "lobster:AAA", "--to", "/dev/null/x"), "cannot be used: Not a directory"),
        (("data", "convert", "generated:5", "--to", "s"), "generated:5 is made in a moment and is in no file"),
        (("data", "convert", "nonsense", "--to", "s"), "'nonsense' is not a source of days"),
        (("data", "convert", "lobster:AAA", "--to", "s", "--tick", "-1"), "tick_size -1 must be a finite number above"),
        (("data", "convert", "lobster:AAA", "--to", "s", "--lot", "x"), "lot_size 'x' is not a number"),
        (
            ("data", "convert", "lobster:AAA", "--to", "s", "--date", "2012-06-21", "--from", "2012-06-21"),
            "--date goes without --from",
        ),
        (
            ("data", "convert", "lobster:AAA", "--to", "s", "--from", "2012-06-21", "--to-date", "2012-06-20"),
            "--to-date 2012-06-20 is before --from 2012-06-21",
        ),
        (("data", "convert", "lobster:AAA"), "Missing option '--to'"),
        (("data", "info", "lobster:ZZZ"), "symbol 'ZZZ' is not in"),
        (("data", "check", "parquet:nowhere"), "nowhere is not there; write parquet:FOLDER"),
        (("simulate", "--symbol", "AAA", "--buy", "5"), "--symbol AAA needs a SOURCE"),
    ],
)
def test_a_mistake_is_one_line_with_the_value(
    folder: Path, arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    result = nowake(*arguments, "--root", str(folder))
    lines = [line for line in result.stderr.splitlines() if not line.endswith("...")]
    assert (result.returncode, len(lines)) == (2, 1)
    assert message in lines[0]
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_folder_without_data_is_listed_as_such(tmp_path: Path) -> None:
    result = nowake("data", "info", "--root", str(tmp_path))
    assert (result.returncode, "no market data in a format that is known under" in result.stdout) == (0, True)
    assert nowake("data", "info", str(tmp_path)).returncode == 2
    missing = nowake("data", "info", "--root", str(tmp_path / "gone"))
    assert (missing.returncode, f"--root {tmp_path}/gone is not there" in missing.stderr) == (2, True)


def test_a_folder_of_one_day_is_described(folder: Path) -> None:
    for path in folder.glob("BBB*"):
        path.unlink()
    assert "tick, lot  0.01 USD, 1" in nowake("data", "info", "--root", str(folder)).stdout


def test_a_store_of_several_symbols_lists_them(tmp_path: Path) -> None:
    for symbol in ("AAA", "B/B"):
        write_day(generate_day(1, symbol=symbol, events=1_000), tmp_path)
    rows = answer("data", "info", f"parquet:{tmp_path}")
    assert [row["symbol"] for row in rows] == ["AAA", "B/B"]
    assert load_day(rows[1]["spec"]).instrument.symbol == "B/B"
