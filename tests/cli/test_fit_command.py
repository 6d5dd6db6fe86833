"""`nowake fit` as a desk meets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.test_commands import answer, nowake

from nowake.data.orders import write_orders
from nowake.models.calibration.generate import Design, generate_orders
from nowake.models.impact import SquareRoot
from nowake.verbs.parameters import load_model


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> str:
    record = generate_orders(SquareRoot(y=0.8), 1, Design(orders=500, days=30, symbols=4))
    return str(write_orders(record, tmp_path_factory.mktemp("desk") / "desk.csv"))


def test_a_fit_prints_its_parameters_and_how_it_was_made(desk: str) -> None:
    result = nowake("fit", desk)
    assert result.returncode == 0, result.stderr
    assert "square root, fitted" in result.stdout
    assert "500 orders in" in result.stdout


def test_the_interval_in_json_holds_the_truth(desk: str) -> None:
    found = answer("fit", desk, "--spread", "half")["fits"][0]
    assert found["estimates"]["y"]["low"] < 0.8 < found["estimates"]["y"]["high"]
    assert found["orders"] == 500


def test_the_share_of_the_spread_may_be_held(desk: str) -> None:
    held, half = answer("fit", desk, "--hold", "spread=0.5"), answer("fit", desk, "--spread", "half")
    assert held["fits"][0]["estimates"]["y"]["value"] == half["fits"][0]["estimates"]["y"]["value"]
    both = nowake("fit", desk, "--hold", "spread=0.5", "--spread", "half")
    assert "a spread that is held is taken off as it is" in both.stderr


def test_several_models_of_one_name_are_listed_side_by_side(desk: str, tmp_path: Path) -> None:
    store = str(tmp_path / "p.db")
    assert nowake("fit", desk, "--model", "square-root", "--model", "power-law", "--save", store).returncode == 0
    assert [row["model"] for row in answer("fit", "--list", store)["versions"]] == ["square-root", "power-law"]


def test_several_models_are_compared_and_those_that_cannot_be_fitted_are_told(desk: str) -> None:
    found = answer("fit", desk, "--model", "square-root", "--model", "linear", "--model", "power-law")
    assert {each["model"] for each in found["fits"]} | set(found["refused"]) >= {"square root", "power law"}
    assert found["statement"]


def test_what_was_fitted_is_kept_listed_and_found_as_of_a_date(desk: str, tmp_path: Path) -> None:
    store = str(tmp_path / "p.db")
    result = nowake("fit", desk, "--save", store, "--name", "us", "--as-of", "2020-06-01")
    assert result.returncode == 0, result.stderr
    assert f"kept as us in {store}" in " ".join(result.stdout.split())
    (row,) = answer("fit", "--list", store)["versions"]
    assert (row["name"], row["symbol"], row["model"], row["usable_from"]) == (
        "us",
        "(pool)",
        "square-root",
        "2020-06-01",
    )
    assert "square-root" in nowake("fit", "--list", store).stdout
    assert load_model(store, as_of="2020-06-01").values[0] == pytest.approx(0.8, abs=0.3)


def test_symbols_are_fitted_together_and_kept_each(desk: str, tmp_path: Path) -> None:
    store = str(tmp_path / "p.db")
    result = nowake("fit", desk, "--by-symbol", "--spread", "half", "--save", store)
    assert result.returncode == 0, result.stderr
    assert "square root by symbol" in result.stdout
    assert len(answer("fit", "--list", store)["versions"]) == 5


def test_a_picture_is_drawn(desk: str, tmp_path: Path) -> None:
    result = nowake("fit", desk, "--picture", str(tmp_path / "x.svg"), "--sizes")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "x.svg").read_text().startswith("<svg")
    assert "square root by size" in result.stdout
    assert "with and without outliers" in result.stdout


def test_a_desk_s_own_column_names_are_mapped_and_left_out_orders_told(desk: str, tmp_path: Path) -> None:
    lines = Path(desk).read_text().split("\n")
    lines[0] = lines[0].replace("daily_volume", "ADV")
    lines[1] = lines[1].replace("buy", "hold").replace("sell", "hold")
    path = tmp_path / "theirs.csv"
    path.write_text("\n".join(lines))
    result = nowake("fit", str(path), "--column", "ADV=daily_volume")
    assert result.returncode == 0, result.stderr
    assert "1 of 500 orders left out: 1 whose side is neither buy nor sell (first: theirs.csv row 2" in result.stderr
    refused = nowake("fit", str(path))
    assert "give --column ADV=daily_volume" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no ORDERS given"),
        (("none.csv",), "none.csv is not there"),
        (("{desk}", "--model", "cubic"), "model 'cubic' is not known"),
        (("{desk}", "--hold", "y"), "--hold 'y' is not of the form NAME=VALUE"),
        (("{desk}", "--hold", "relaxed=much"), "'much' is no number"),
        (("{desk}", "--by-symbol", "--model", "all"), "--by-symbol fits one model"),
        (("{desk}", "--by-symbol", "--sizes"), "--sizes is not for --by-symbol"),
        (("{desk}", "--model", "all", "--picture", "x.svg"), "--picture is of one model"),
        (("{desk}", "--level", "2"), "level 2.0 must be between 0 and 1"),
        (("--list", "none.db"), "none.db is not there"),
        (("{desk}", "--save", "{desk}"), "no parameter store"),
        (("{desk}", "--save", "p.db", "--as-of", "2020-01-01"), "would look ahead"),
    ],
)
def test_mistakes_are_said_in_one_line(
    desk: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = nowake("fit", *(each.format(desk=desk) for each in arguments))
    assert result.returncode == 2
    assert message in result.stderr
    lines = [line for line in result.stderr.strip().split("\n") if not line.endswith("...")]
    assert len(lines) == 1
