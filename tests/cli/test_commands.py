"""The command line as a new user meets it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest

from nowake.cli import main
from nowake.cli.screen import say, show_json
from nowake.engine import journal as journals
from nowake.reports.pictures.canvas import Picture

RUN = "from nowake.cli import main; main()"
ORDER = ("--buy", "2000", "--start", "10:00", "--end", "11:00")


class Result(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def nowake(*arguments: str) -> Result:
    """Run the command in this process, its output captured."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["nowake", *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as stop,
    ):
        main()
    return Result(stop.value.code if isinstance(stop.value.code, int) else 2, out.getvalue(), err.getvalue())


def answer(*arguments: str) -> dict:  # type: ignore[type-arg]
    result = nowake(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("command", ["demo", "estimate", "plan", "simulate", "report", "replay", "data"])
def test_every_command_explains_itself(command: str) -> None:
    result = nowake(command, "--help")
    assert result.returncode == 0
    assert f"nowake {command}" in result.stdout
    assert command in nowake("--help").stdout


def test_estimate_answers_with_parts_that_sum() -> None:
    estimates = answer("estimate", "generated", *ORDER)["estimates"]
    assert len(estimates) == 2
    for row in estimates:
        parts = row["spread_bps"] + row["temporary_bps"] + row["permanent_bps"] + row["fees_bps"]
        assert parts == pytest.approx(row["expected_bps"])


def test_an_order_of_twice_the_days_volume_is_estimated_with_a_warning() -> None:
    assert "of a day's volume; impact laws were fitted" in nowake("estimate", "generated", "--buy", "9000000").stdout


@pytest.mark.parametrize("schedule", ["twap", "vwap", "almgren-chriss"])
def test_plan_answers_with_lots_that_sum_to_the_order(schedule: str) -> None:
    plan = answer("plan", "generated", *ORDER, "--schedule", schedule, "--bucket", "7m")["plan"]
    assert sum(plan["lots"]) == 2_000


@pytest.mark.parametrize("algo", ["twap", "vwap", "pov", "shortfall", "adaptive", "iceberg"])
def test_simulate_report_and_replay_agree(algo: str, tmp_path: Path) -> None:
    journal = str(tmp_path / "a.journal")
    simulated = answer("simulate", "generated", *ORDER, "--algo", algo, "--journal", journal)
    run = simulated["run"]
    executed = sum(fill["lots"] for fill in run["fills"])
    assert executed + run["residual_lots"] == 2_000
    replayed = answer("replay", journal)
    assert (replayed["same"], replayed["replayed_hash"]) == (True, run["journal_hash"])
    reported = answer("report", journal)
    assert reported["costs"] == [simulated["cost"]]


def test_a_report_is_one_html_file_without_a_request(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = nowake("simulate", "generated", *ORDER, "--html", str(page))
    assert result.returncode == 0, result.stderr
    text = page.read_text()
    assert "<svg" in text
    assert "<script" not in text
    assert 'src="http' not in text


def test_replay_says_where_a_changed_journal_differs_and_exits_1(tmp_path: Path) -> None:
    path = tmp_path / "a.journal"
    answer("simulate", "generated", *ORDER, "--journal", str(path))
    contents = journals.read(path)
    forged = tmp_path / "b.journal"
    with journals.Journal(forged) as journal:
        journal.append(contents.header)
        for turn in contents.turns[:3] + contents.turns[4:]:
            journal.append(turn)
    result = nowake("replay", str(forged))
    assert result.returncode in {1, 2}
    assert "DIFFERS   at turn" in result.stdout or "nowake:" in result.stderr


def test_data_is_listed_described_and_checked(tmp_path: Path) -> None:
    assert "generated" in nowake("data", "info", "--root", str(tmp_path)).stdout
    assert answer("data", "info", "generated")["can_replay"] is True
    assert nowake("data", "check", "generated").returncode == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "neither --buy nor --sell given"),
        (("--buy", "many"), "quantity 'many' is not a number"),
        (("--buy", "0"), "quantity 0 must be above 0"),
        (("--buy", "5", "--limit", "cheap"), "limit 'cheap' is not a number"),
        (("--buy", "5", "--start", "noon"), "time 'noon' is not a time of day"),
        (("--buy", "5", "--latency", "fast"), "duration 'fast' is not a number with a unit"),
        (("--buy", "5", "--queue-model", "fifo"), "queue model 'fifo' is not one of"),
        (("--buy", "5", "--algo", "pov", "--rate", "1.4"), "rate 1.4 must be between 0 and 1"),
        (("--buy", "5", "--algo", "vwap", "--slices", "0"), "slices 0 must be between"),
        (("--buy", "5", "--rate", "0.2"), "--rate 0.2 means nothing to twap"),
        (("--buy", "5", "--display-size", "0"), "--display-size 0 must be above 0"),
        (("--buy", "5", "--html", "/dev/null/page.html"), "/dev/null/page.html cannot be used: Not a directory"),
        (("--buy", "5", "--journal", "/dev/null/x"), "/dev/null/x cannot be used: Not a directory"),
    ],
)
def test_what_is_wrong_whatever_the_day_is_told_before_it_is_looked_for(options: tuple[str, ...], message: str) -> None:
    result = nowake("simulate", "nowhere:X", *options)
    assert (2, 1) == (result.returncode, len(result.stderr.splitlines()))
    assert message in result.stderr


def test_a_quantity_shown_is_in_units_as_the_order_is() -> None:
    run = answer("simulate", "generated", *ORDER, "--algo", "iceberg", "--display-size", "1_000")["run"]
    assert 1000 == run["parameters"]["display_size"]
    assert 10 == answer("simulate", "generated", *ORDER, "--algo", "iceberg")["run"]["parameters"]["display_size"]
    result = nowake("simulate", "generated", *ORDER, "--display-size", "0.5")
    assert "nowake: --display-size: quantity 0.5 is not a multiple of lot size 1" in result.stderr


@pytest.mark.parametrize("command", ["simulate", "estimate", "plan"])
def test_what_is_printed_into_a_pipe_fits_the_columns_and_ends_no_line_in_blanks(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = nowake(command, "generated", *ORDER).stdout.splitlines()
    assert len(lines) > 10
    assert [] == [line for line in lines if len(line) > 80]
    assert [] == [line for line in lines if line != line.rstrip()]


def test_sentences_break_between_words_under_their_own_beginning(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    say("warning    The data end long before the close.\n- One, two, three, four, five, six.\n\nshort")
    assert [
        "warning    The data end long",
        "           before the close.",
        "- One, two, three, four, five,",
        "  six.",
        "",
        "short",
    ] == capsys.readouterr().out.splitlines()


def test_a_multiplier_is_handed_to_the_day() -> None:
    result = nowake("simulate", "generated", *ORDER, "--multiplier", "50")
    assert (2, "multiplier 50 means nothing to a generated day" in result.stderr) == (result.returncode, True)


def test_the_demo_says_once_that_it_loads_the_day(tmp_path: Path) -> None:
    result = nowake("demo", "generated", "--out", str(tmp_path))
    assert 1 == result.stderr.count("loading the day")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("frobnicate",), "command 'frobnicate' is not known"),
        (("estimate", "generated"), "neither --buy nor --sell given"),
        (("estimate", "generated", "--buy", "5", "--sell", "5"), "both --buy and --sell given"),
        (("estimate", "generated", "--buy", "many"), "quantity 'many' is not a number"),
        (("estimate", "generated", "--buy", "1.5"), "quantity 1.5 is not a multiple of lot size 1; use 1 or 2"),
        (("estimate", "generated", "--buy", "-5"), "quantity -5 must be above 0"),
        (("estimate", "generated", "--buy", "5", "--start", "15:00", "--end", "10:00"), "end 10:00:00 is not after"),
        (("estimate", "generated", "--buy", "5", "--start", "noon"), "time 'noon' is not a time of day"),
        (("simulate", "generated", "--buy", "5", "--algo", "pov", "--rate", "1.4"), "rate 1.4 must be between 0 and 1"),
        (("simulate", "generated", "--buy", "5", "--algo", "magic"), "'magic' is not one of"),
        (("simulate", "generated", "--buy", "5", "--latency", "fast"), "duration 'fast' is not a number with a unit"),
        (("simulate", "generated", "--buy", "5", "--nonsense"), "No such option"),
        (("simulate", "tape:X", "--buy", "5"), "data 'tape:X' is not a source of days"),
        (("replay", "nowhere.journal"), "journal nowhere.journal is not a file"),
        (("data", "frob"), "command 'data frob' is not known; choose from data info, data check, data convert"),
        (("demo", "--date", "2012-06-21"), "--date 2012-06-21 needs a SOURCE"),
        (("demo", "generated", "--out", "/dev/null"), "cannot be used: Not a directory"),
        (("simulate", "generated", "--buy", "5", "--journal", "/dev/null/x"), "cannot be used"),
        (("simulate", "generated", "--buy", "5", "--rate", "0.2"), "--rate 0.2 means nothing to twap; it is of pov"),
        (("simulate", "generated", "--buy", "5", "--seed", "-1"), "seed -1 must be a whole number from 0"),
        (("simulate", "generated", "--buy", "5", "--slices", "0"), "slices 0 must be between 1 and 100,000"),
        (("simulate", "generated", "--buy", "5", "--algo", "shortfall", "--urgency", "inf"), "urgency inf must be"),
        (("plan", "generated", "--buy", "5", "--risk-aversion", "-1"), "risk_aversion -1"),
    ],
)
def test_a_mistake_is_one_line_with_the_value_and_exits_2(arguments: tuple[str, ...], message: str) -> None:
    result = nowake(*arguments)
    lines = [line for line in result.stderr.splitlines() if not line.endswith("...")]
    assert result.returncode == 2
    assert len(lines) == 1
    assert message in lines[0]


def test_a_symbol_that_is_not_there_names_those_that_are(data_root: Path) -> None:
    result = nowake("estimate", "lobster:NOSUCH", "--buy", "5", "--root", str(data_root))
    assert result.returncode == 2
    assert "'NOSUCH' is not in" in result.stderr


def test_a_table_of_ones_own_is_checked_and_its_faults_counted(tmp_path: Path) -> None:
    table = tmp_path / "trades.csv"
    rows = ["2026-01-05T10:00:00,40.00,100", "2026-01-05T09:59:00,40.01,100", "2026-01-05T10:01:00,0,100"]
    table.write_text("\n".join(["when,px,size", *rows]))
    columns = [f"--column={pair}" for pair in ("when=time", "px=price", "size=quantity")]
    result = nowake("data", "check", str(table), "--table", "trades", "--date", "2026-01-05", *columns, "--json")
    found = json.loads(result.stdout)["tables"]["trades"]
    assert result.returncode == 1
    assert (found["rows"], found["clock_reversals"], found["non_positive_price"]) == (3, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "a table needs --date"),
        (("--date", "2026-01-03"), "XNYS is closed on 2026-01-03"),
        (("--date", "2026-01-05", "--column", "px"), "--column px is not YOURS=OURS"),
        (("--date", "someday"), "--date someday"),
    ],
)
def test_a_table_that_is_not_described_is_refused(arguments: tuple[str, ...], message: str, tmp_path: Path) -> None:
    table = tmp_path / "trades.csv"
    table.write_text("time,price,quantity\n2026-01-05T10:00:00,40.00,100\n")
    result = nowake("data", "check", str(table), "--table", "trades", *arguments)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize("quantity", ["1,5", "1,50,000", "1_5", "10,00", "nan", "inf", "-inf"])
def test_a_quantity_that_may_be_misread_is_refused_before_the_day_is_loaded(quantity: str) -> None:
    for command in ("estimate", "plan"):
        result = nowake(command, "no-such-day", "--buy", quantity)
        assert result.returncode == 2
        assert result.stderr.startswith(f"nowake: quantity {quantity}") or f"quantity '{quantity}'" in result.stderr


def test_separators_between_groups_of_three_are_none() -> None:
    plain, parted = (
        answer("plan", "generated", "--buy", buy, "--schedule", "twap")["plan"] for buy in ("12000", "12,000")
    )
    assert parted == plain


@pytest.mark.parametrize(
    "arguments",
    [
        ("estimate", "generated", "--buy", "1", "--params", ""),
        ("fit", "no.csv", "--save", ""),
        ("fit", "no.csv", "--save="),
        ("fills", "no-such-day", "--picture", " "),
        ("tape", ""),
    ],
)
def test_an_empty_value_is_a_mistake(arguments: tuple[str, ...]) -> None:
    result = nowake(*arguments)
    assert result.returncode == 2
    assert "has no value; give one, or leave it out" in result.stderr


def test_a_screen_that_lacks_signs_gets_plain_ones_and_json_its_own_spelling() -> None:
    def shown(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", RUN, *arguments],
            env=os.environ | {"PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.decode("latin-1")

    code, text = shown("plan", "generated", *ORDER, "--schedule", "twap")
    assert (code, "---" in text, "?" in text) == (0, True, False)


def test_an_answer_nobody_would_see_is_refused_before_the_work() -> None:
    done = subprocess.run(
        f"{sys.executable} -c '{RUN}' plan generated --buy 100 --json >&-",
        shell=True,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, b"standard output is closed" in done.stderr) == (2, True)


def test_numbers_of_numpy_are_numbers_of_json() -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        show_json({"a": np.float64("nan"), "b": np.int64(3), "c": np.array([1.5])})
    assert json.loads(out.getvalue()) == {"a": None, "b": 3, "c": [1.5]}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("tape", "no-such-day", "--seed", "-1"), "Invalid value for '--seed'"),
        (("tape", "no-such-day", "--start", "nan"), "time 'nan' is not a time of day"),
        (("tape", "no-such-day", "--level", "nan"), "level nan must be between 0 and 1"),
        (("tape", "no-such-day", "--daily-volume", "nan"), "--daily-volume nan must be above 0"),
        (("tape", "no-such-day", "--pictures", "/dev/null"), "--pictures /dev/null is no folder"),
        (("tape", "no-such-day", "--pictures", "/dev/null/x"), "cannot be used: Not a directory"),
        (
            ("fills", "no-such-day", "--horizons", "1,1e300"),
            "horizon of 1e+300 s must be above 0 and finite, 1e+08 at most",
        ),
        (("fills", "no-such-day", "--horizons", "nan"), "horizon of nan s must be above 0"),
        (("fills", "no-such-day", "--picture", "."), ". cannot be used: Is a directory"),
        (("fills", "no-such-day", "--picture", "none/x.svg"), "there is no folder none"),
        (("curves", "no-such-day", "--picture", "."), ". cannot be used: Is a directory"),
        (("curves", "no-such-day", "--until", "2026-02-30"), "'2026-02-30' is not a date"),
        (("fit", "no-such-file", "--save", "."), ". cannot be used: Is a directory"),
        (("fit", "no-such-file", "--picture", "none/x.svg"), "there is no folder none"),
        (("fit", "no-such-file", "--as-of", "2026-02-30"), "--as-of '2026-02-30' is not a date"),
        (("fit", "no-such-file", "--save", "s.db", "--name", "\t"), "has no value"),
        (("fit", "no-such-file", "--hold", "y="), "--hold 'y=' is not of the form NAME=VALUE"),
        (("fit", "no-such-file", "--hold", "y=nan"), "--hold y=nan"),
        (("simulate", "no-such-day", "--buy", "1", "--html", "."), ". cannot be used: Is a directory"),
        (("report", "no-such-run", "--html", "."), ". cannot be used: Is a directory"),
        (("recalibrate", "a", "b", "--since", "2026-02-30"), "--since '2026-02-30' is not a date"),
    ],
)
def test_a_mistake_is_told_before_the_work(arguments: tuple[str, ...], why: str) -> None:
    result = nowake(*arguments)
    assert (result.returncode, result.stdout) == (2, "")
    assert why in result.stderr


def test_a_picture_that_cannot_be_kept_names_its_file() -> None:
    with pytest.raises(OSError, match="No space left on device") as full:
        Picture("t", "a", "<svg/>").save("/dev/full")
    assert full.value.filename == "/dev/full"
