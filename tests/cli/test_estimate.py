"""`nowake estimate` for one order and for lists, as people and machines read it."""

from __future__ import annotations

import datetime as dt
import html
import json
import shlex
from pathlib import Path

import pytest
from tests.cli.test_commands import ORDER, answer, nowake

from nowake.data import parameters
from nowake.data.parameters import Version
from nowake.models.impact import Impact, PowerLaw, SquareRoot
from nowake.verbs.parameters import fields_of

LIST = "symbol,side,quantity,days,price,volatility,daily_volume,spread_bps\nAAA,buy,10000,0.5,50,0.02,1000000,4\n"


def test_every_model_that_can_answer_does_and_the_others_say_why() -> None:
    found = answer("estimate", "generated", *ORDER, "--shares-outstanding", "1e8")
    names = [row["model"] for row in found["estimates"]]
    assert {"square root", "linear (Almgren-Chriss)", "Almgren et al. 2005"} <= set(names)
    assert any("kyle" in row["model"] for row in found["models_that_could_not_answer"])


def test_one_model_by_name_and_a_wrong_name() -> None:
    (row,) = answer("estimate", "generated", *ORDER, "--model", "square-root")["estimates"]
    assert row["model"] == "square root"
    wrong = nowake("estimate", "generated", *ORDER, "--model", "cube-root")
    assert wrong.returncode == 2
    assert "model 'cube-root' is not known; choose from all, " in wrong.stderr


def test_questions_are_answered_in_tables_and_in_json() -> None:
    asked = (*ORDER, "--model", "linear", "--risk-aversion", "0.3", "--capacity", "20", "--curve", "--ways", "--book")
    text = nowake("estimate", "generated", *asked).stdout
    found = answer("estimate", "generated", *asked)
    for title, key in (
        ("Best rate and horizon", "best_rate_and_horizon"),
        ("Capacity", "capacity"),
        ("Ways to trade", "ways_to_trade_linear_almgren_chriss"),
        ("Cost against urgency", "cost_against_urgency_linear_almgren_chriss"),
        ("Liquidity", "liquidity"),
        ("Scores", "scores"),
    ):
        assert title in text
        assert found[key]
    assert "Withheld: a percentile needs 5 or more markets" in text
    assert found["best_rate_and_horizon"][0]["risk"] == "standard deviation"


def test_models_that_cannot_answer_take_a_line_unless_all_are_asked_for() -> None:
    short = nowake("estimate", "generated", *ORDER).stdout
    assert "Models that could not answer" not in short
    assert "other models need a fit or more data; --model all" in short
    assert "Models that could not answer" in nowake("estimate", "generated", *ORDER, "--model", "all").stdout


def test_every_capacity_asked_for_is_answered_and_machines_read_the_order_in_fields() -> None:
    found = answer("estimate", "generated", *ORDER, "--model", "linear", "--capacity", "10", "--capacity", "25")
    assert [row["limit_bps"] for row in found["capacity"]] == [10, 10, 25, 25]
    assert {"symbol": "GEN", "side": "buy", "quantity": 2000}.items() <= found.items()
    assert found["start"].endswith("10:00:00")


def test_numbers_that_are_given_replace_what_is_measured() -> None:
    given = ("--price", "50", "--volatility", "0.02", "--daily-volume", "1e6", "--spread-bps", "4")
    (row,) = answer("estimate", "generated", *ORDER, "--model", "square-root", *given)["estimates"]
    assert row["expected_bps"] == pytest.approx(2 + 200 * (2_000 / 1e6) ** 0.5)


def test_days_to_compare_with_are_named_by_date_and_one_that_is_not_there_fails_no_other() -> None:
    asked = ("--compare", "generated:2", "--compare", "nosuch", "--compare", "generated@2026-01-06")
    result = nowake("estimate", "generated", *ORDER, "--model", "linear", *asked)
    assert result.returncode == 0
    assert "needs 5 or more markets to compare with, not 2" in result.stdout
    assert result.stderr.startswith("nowake: --compare nosuch was left out: ")


def test_columns_of_a_list_are_mapped_and_a_file_without_them_is_answered_with_options(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(LIST.replace("symbol,side,quantity", "ticker,direction,qty"))
    (row,) = answer(
        "estimate", "--orders", str(path), "--model", "square-root",
        "--column", "ticker=symbol", "--column", "direction=side", "--column", "qty=quantity",
    )["estimates"]  # fmt: skip
    assert row["expected_bps"] == pytest.approx(22)
    wrong = nowake("estimate", "--orders", str(path))
    assert wrong.returncode == 2
    assert "--column ticker=symbol --column direction=side --column qty=quantity" in wrong.stderr
    path.write_text(LIST.replace(",", ";"))
    assert "separates its columns by semicolons" in nowake("estimate", "--orders", str(path)).stderr


def test_fees_are_part_of_the_cost() -> None:
    free, dear = (answer("estimate", "generated", *ORDER, *fees)["estimates"][0] for fees in ((), ("--fees", "0.5bps")))
    assert dear["fees_bps"] == pytest.approx(0.5)
    assert dear["expected_bps"] == pytest.approx(free["expected_bps"] + 0.5)


def test_a_wider_level_is_a_wider_interval_and_says_so() -> None:
    narrow, wide = (
        answer("estimate", "generated", *ORDER, "--level", level)["estimates"][0]["interval_bps"]
        for level in ("0.5", "0.99")
    )
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert "50% interval" in nowake("estimate", "generated", *ORDER, "--level", "0.5").stdout


def test_a_page_is_written(tmp_path: Path) -> None:
    result = nowake("estimate", "generated", *ORDER, "--html", str(tmp_path / "a.html"))
    assert result.returncode == 0, result.stderr
    assert "What the market offers" in (tmp_path / "a.html").read_text()


def test_a_list_is_estimated_and_exits_zero(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(LIST)
    result = nowake("estimate", "--orders", str(path), "--html", str(tmp_path / "list.html"))
    assert result.returncode == 0, result.stderr
    assert "AAA" in result.stdout
    assert "AAA" in (tmp_path / "list.html").read_text()


def test_a_row_that_cannot_be_estimated_stands_there_and_exits_one(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(LIST + "BBB,buy,10,1,,,,\nGEN,buy,2000,,,,,\n")
    shown = nowake("estimate", "--orders", str(path), "--day", "generated")
    assert shown.returncode == 1
    assert "1 of the orders could not be estimated" in shown.stderr
    for words in ("AAA", "GEN", "Not estimated", "there is no day of BBB"):
        assert words in shown.stdout
    result = nowake("estimate", "--orders", str(path), "--model", "square-root", "--json")
    assert result.returncode == 1
    found = json.loads(result.stdout)
    assert [row["row"] for row in found["estimates"]] == [1, 2, 3]
    assert [bool(row["refused"]) for row in found["estimates"]] == [False, True, True]


def test_fitted_parameters_come_from_their_file_as_of_the_day_and_by_symbol(tmp_path: Path) -> None:
    store, path = tmp_path / "params.db", tmp_path / "orders.csv"
    parameters.append(
        store,
        [
            _version(SquareRoot(y=0.5), "2024-01-31"),
            _version(SquareRoot(y=0.9), "2024-01-31", symbol="AAA"),
            _version(SquareRoot(y=9.0), "2027-01-31"),
        ],
    )
    (row,) = answer("estimate", "generated", *ORDER, "--params", str(store))["estimates"]
    (default,) = answer("estimate", "generated", *ORDER, "--model", "square-root")["estimates"]
    assert row["temporary_bps"] == pytest.approx(0.5 * default["temporary_bps"])  # Not the 9.0 of a later day.
    path.write_text(LIST + LIST.splitlines()[1].replace("AAA", "BBB") + "\n")
    rows = answer("estimate", "--orders", str(path), "--params", str(store), "--as-of", "2024-06-01")["estimates"]
    assert [each["expected_bps"] for each in rows] == pytest.approx([2 + 0.9 * 20, 2 + 0.5 * 20])
    parameters.append(tmp_path / "own.db", [_version(SquareRoot(y=0.9), "2024-01-31", symbol="AAA")])
    alone = nowake("estimate", "--orders", str(path), "--params", str(tmp_path / "own.db"))
    assert alone.returncode == 1  # BBB has no parameters, and AAA is estimated all the same.
    assert "+20.0" in alone.stdout
    early = nowake("estimate", "--orders", str(path), "--params", str(store), "--as-of", "2024-01-01")
    assert early.returncode == 2  # Said once, and not for every order.
    assert early.stdout == ""
    assert "from 2024-02-01 on" in early.stderr
    assert len(early.stderr.splitlines()) == 1


def test_models_stored_under_one_name_and_several_fits_stand_side_by_side(tmp_path: Path) -> None:
    store, path = tmp_path / "params.db", tmp_path / "orders.csv"
    laws = [(SquareRoot(y=0.5), "desk"), (PowerLaw(y=0.9, exponent=0.6), "desk"), (SquareRoot(y=0.8), "fund")]
    parameters.append(store, [_version(law, "2024-01-31", name=name) for law, name in laws])
    path.write_text(LIST)
    for asked in (("generated", *ORDER), ("--orders", str(path), "--as-of", "2024-06-01")):
        common = ("estimate", *asked, "--params", str(store))
        rows = answer(*common, "--fit", "desk")["estimates"]
        assert [row["model"] for row in rows] == ["square root", "power law"]
        (row,) = answer(*common, "--fit", "desk", "--model", "power-law")["estimates"]
        assert row["model"] == "power law"
        several = answer(*common, "--fit", "desk", "--fit", "fund", "--model", "square-root")["estimates"]
        assert [row["model"] for row in several] == ["square root, desk", "square root, fund"]
        unsaid = nowake(*common)
        assert unsaid.returncode == 2
        assert "holds fits named desk, fund; say which" in unsaid.stderr


def _version(law: Impact, to: str, symbol: str = "", name: str = "desk") -> Version:
    return Version(
        name=name, model=type(law).__name__, model_version=law.version, fields=fields_of(law), symbol=symbol,
        fitted_from=dt.date(2023, 1, 2), fitted_to=dt.date.fromisoformat(to), data_hash="abc",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--buy", "5", "--orders", "x.csv"), "--buy is for one order, and --orders has its own"),
        (("--orders", "x.csv", "--book"), "--book is asked of one order, not of a list"),
        (("--orders", "x.csv", "--price", "3"), "--price is "),
        (("--buy", "5", "--variance"), "--variance says what --risk-aversion is per"),
        (("--orders", "nosuch.csv"), "nosuch.csv is not there"),
        (("--buy", "5", "--fees", "3"), "fees '3' are not known; write for example 0.005/share,min1"),
        (("--buy", "5", "--level", "3"), "level 3.0 must be between 0 and 1"),
        (("--buy", "5", "--as-of", "2024-01-01"), "say where they are kept: --params FILE"),
        (("--buy", "5", "--risk-aversion", "-1"), "risk aversion -1.0 must be finite"),
    ],
)
def test_mistakes_name_themselves_and_exit_two(options: tuple[str, ...], message: str) -> None:
    source = () if "--orders" in options else ("generated",)
    result = nowake("estimate", *source, *options)
    assert result.returncode == 2
    assert message in result.stderr


HEAD = "symbol,side,quantity,start,end,price,volatility,daily_volume,spread_bps\n"


def refused_because(path: Path, text: str) -> str:
    path.write_text(text)
    result = nowake("estimate", "--orders", str(path), "--json")
    assert result.returncode == 1, result.stderr
    (refused,) = json.loads(result.stdout)["refused"]
    return str(refused["reason"])


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2024-02-30T10:00", "2024-03-01T11:00", "start: time '2024-02-30T10:00' has a date that is none"),
        ("03/01/2024", "2024-03-01T11:00", "start: time '03/01/2024' is not a date and a time"),
        ("1709287200", "1709290800", "start: time '1709287200' is not a date and a time"),
        ("10:00", "11:00", "or give a day of the symbol and times of day"),
        ("2024-03-01T11:00", "2024-03-01T10:00", "end 2024-03-01T10:00 is not after start 2024-03-01T11:00"),
        ("2024-03-02T10:00", "2024-03-02T11:00", "leave no time of a session between them; is it a holiday"),
        ("2024-03-10T02:30", "2024-03-11T11:00", "skipped or told twice by the clocks"),
    ],
)
def test_times_of_a_list_are_refused_for_what_is_wrong_with_them(
    tmp_path: Path, start: str, end: str, why: str
) -> None:
    reason = refused_because(tmp_path / "l.csv", f"{HEAD}AAA,buy,1000,{start},{end},50,0.02,1000000,4\n")
    assert why in reason


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("multiplier", "-5", "multiplier -5 must be above 0"),
        ("multiplier", "0", "multiplier 0 must be above 0"),
        ("multiplier", "nan", "multiplier nan must be finite"),
        ("volatility_sd", "-1", "volatility_sd -1 must be 0 or more"),
        ("spread_bps_sd", "nan", "spread_bps_sd nan must be finite"),
        ("currency", "x" * 100, "is no currency; write for example USD"),
        ("window_volume", "1e300", "window_volume 1e300 must be between 1e-15 and 1e+15"),
        ("window_volume", "1e-300", "window_volume 1e-300 must be between 1e-15 and 1e+15"),
        ("trade_size", '"1,5"', "trade_size '1,5' has a ','"),
    ],
)
def test_a_number_of_a_list_that_cannot_be_is_refused_under_its_name(
    tmp_path: Path, column: str, value: str, why: str
) -> None:
    head, row = LIST.splitlines()
    assert why in refused_because(tmp_path / "l.csv", f"{head},{column}\n{row},{value}\n")


def test_a_symbol_that_turns_the_page_around_is_refused_and_spelt_out(tmp_path: Path) -> None:
    reason = refused_because(tmp_path / "l.csv", LIST.replace("AAA", "A\u202eB"))
    assert "symbol A\\u202eB" in reason
    assert len(refused_because(tmp_path / "l.csv", LIST.replace("AAA", "A" * 2_000))) < 200


@pytest.mark.parametrize(
    ("option", "value", "why"),
    [
        ("--multiplier", "50", "write a column multiplier into the file of --orders"),
        ("--symbol", "ES", "write a column symbol into the file of --orders"),
        ("--shares-outstanding", "1e9", "write a column shares_outstanding into the list"),
        ("--volatility", "0.02", "write a column volatility into the list"),
    ],
)
def test_what_a_list_says_in_columns_is_no_option(tmp_path: Path, option: str, value: str, why: str) -> None:
    path = tmp_path / "l.csv"
    path.write_text(LIST)
    result = nowake("estimate", "--orders", str(path), option, value)
    assert (result.returncode, result.stdout) == (2, "")
    assert why in result.stderr


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (("--capacity", "nan"), "--capacity nan must be above 0"),
        (("--risk-aversion", "nan"), "risk aversion nan must be finite"),
        (("--as-of", "2024-01-02"), "say where they are kept: --params FILE"),
        (("--params", "x.db", "--as-of", "2026-02-30"), "--as-of '2026-02-30' is not a date"),
        (("--html", "."), ". cannot be used: Is a directory"),
        (("--day", "generated"), "--day generated is for --orders"),
    ],
)
def test_a_mistake_is_told_before_the_day_is_loaded(wrong: tuple[str, ...], why: str) -> None:
    result = nowake("estimate", "no-such-day", *ORDER, *wrong)
    assert result.returncode == 2
    assert why in result.stderr


def test_a_page_is_not_written_over_a_file_that_may_only_be_read(tmp_path: Path) -> None:
    kept = tmp_path / "kept.html"
    kept.write_text("kept")
    kept.chmod(0o444)
    result = nowake("estimate", "no-such-day", *ORDER, "--html", str(kept))
    assert (result.returncode, "it may only be read" in result.stderr) == (2, True)
    assert kept.read_text() == "kept"


def test_the_command_of_a_page_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    orders, page = tmp_path / "my orders.csv", tmp_path / "p.html"
    orders.write_text(LIST)
    assert nowake("estimate", "--orders", str(orders), "--html", str(page)).returncode == 0
    assert shlex.quote(str(orders)) in html.unescape(page.read_text())
